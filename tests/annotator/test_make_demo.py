"""The demo that a newcomer starts with: what is in it, and what is told of it."""

import json

import pytest
from django.core.management import call_command

from annotator.management.demo_study import SIMULATED, SLUG, make_demo_study, make_simulated_study
from annotator.models import (
    Coding,
    Comparison,
    Consolidation,
    ConsolidationState,
    Creator,
    GoldLabel,
    User,
    Video,
)
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def test_demo_leaves_something_to_do_for_everybody():
    study = make_demo_study()
    videos = Video.objects.filter(study=study)
    assert videos.count() == 24
    assert all(video.media and video.thumbnail for video in videos)
    assert Creator.objects.filter(study=study).count() >= 6
    states = Consolidation.objects.filter(video__study=study).values_list("state", flat=True)
    assert {ConsolidationState.CLAIMED, ConsolidationState.DONE} == set(states)
    assert Comparison.objects.waiting().filter(video__study=study, n_presence__gt=0).exists()
    ada = User.objects.get(username="ada")
    submitted = Coding.objects.filter(coder=ada, submitted_at__isnull=False)
    assert 0 < submitted.count() < 24
    assert GoldLabel.objects.filter(video__study=study).count() == 8 * 19
    assert ada.check_password("watch-and-code")


def test_simulated_study_has_the_size_of_the_papers_and_says_what_it_is():
    study = make_simulated_study()
    assert study.is_simulated
    assert "Simulated" in study.name
    assert Coding.objects.filter(video__study=study, submitted_at__isnull=False).count() == 2 * 885


@pytest.mark.parametrize(("port", "address"), [(None, "8000"), ("8123", "8123")])
def test_demo_tells_the_address_at_which_it_will_be_served(monkeypatch, capsys, port, address):
    make_study(SLUG)
    make_study(SIMULATED)
    monkeypatch.delenv("PORT", raising=False)
    if port:
        monkeypatch.setenv("PORT", port)
    call_command("make_demo", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["address"] == f"http://localhost:{address}/s/{SLUG}/"
    assert [login["role"] for login in told["logins"]] == ["annotator", "consolidator", "researcher"]
