"""No key in a row, on a page or in a log line, whatever breaks with one in its hand."""

import logging

import pytest
from django.apps import apps
from django.core import serializers
from django.test import Client
from django.urls import reverse

from annotator.models import Role
from models_app.actions.runs import start_run
from models_app.clients.base import DeniedError, RefusedRequestError
from models_app.clients.keys import HIDDEN
from models_app.engine.slices import work_slice
from models_app.pipelines.base import ItemError
from models_app.registry import pipeline_of
from tests.factories import make_member, make_study, make_video
from tests.models_app.fakes import FakeClient, asking
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "abcd1234-no-shape-of-its-own"


@pytest.fixture
def study(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    study = make_study("study", slugs=["face"])
    make_script(make_video(study, slots=False), "A script.", model="writer")
    return study


def failing_with(study, error):
    def answer(request):
        try:
            raise OSError(f"POST https://proxy.test/?auth={KEY}")
        except OSError as cause:
            raise error from cause

    run = start_run(
        study=study, pipeline="llm-from-script", settings={"client": "openai", "model": "m"}, scripts="writer"
    )
    work_slice(run.pk, pipeline_of=pipeline_of, client_of=asking(FakeClient(answer)), worker="test")
    return run


def everything_kept():
    """All rows of the apps, as text."""
    rows = [
        row for app in ("annotator", "models_app") for model in apps.get_app_config(app).get_models()
        for row in model._default_manager.all()
    ]  # fmt: skip
    return serializers.serialize("json", rows)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"headers={{'auth': '{KEY}'}}"),  # what no client foresaw
        ItemError("odd", f"It was sent with {KEY}."),
        RefusedRequestError("odd", f"It was sent with {KEY}."),
        DeniedError("denied", f"“{KEY}” is refused."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_key_in_an_error_reaches_no_row_no_page_and_no_log(study, caplog, error):
    with caplog.at_level(logging.DEBUG):
        run = failing_with(study, error)
    kept = everything_kept()
    assert KEY not in kept
    assert HIDDEN in kept
    assert KEY not in caplog.text
    browser = Client()
    browser.force_login(make_member(study, Role.RESEARCHER))
    for name, *args in (("run_detail", run.pk), ("run_item", run.pk, study.videos.get().pk)):
        page = browser.get(reverse(f"models_app:{name}", args=["study", *args]))
        assert page.status_code == 200
        assert KEY not in page.content.decode()
