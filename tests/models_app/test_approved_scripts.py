"""Runs that are limited to videos whose script is approved."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from annotator.errors import RefusedError
from annotator.models import Role
from models_app.actions.runs import start_run
from models_app.models import Run, ScriptOrigin
from tests.factories import make_member, make_study, make_video
from tests.run_factories import make_review, make_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def people(study):
    return [make_member(study, Role.RESEARCHER) for _n in range(2)]


@pytest.fixture
def scripts(study):
    return [make_script(make_video(study), model="writer") for _n in range(4)]


def approve(script, people):
    for by in people:
        make_review(script, by)
    return script


def edit_of(script, **fields):
    fields = {"origin": ScriptOrigin.EDIT, "parent": script, "model": script.model} | fields
    return make_script(script.video, "Edited", **fields)


def scope_of(run):
    return {row.video_id: row.script_id for row in run.scope_rows.all()}


def test_a_run_can_be_limited_to_approved_scripts(study, people, scripts):
    approve(scripts[0], people)
    make_review(scripts[1], people[0])
    run = start_run(study=study, pipeline="dictionary", settings={}, scripts="writer", approved=True)
    assert scope_of(run) == {scripts[0].video_id: scripts[0].pk}
    assert (run.scope["approved"], run.scope.get("n_edits"), run.scope["n_videos"]) == (True, None, 1)


def test_it_is_the_newest_version_that_must_be_approved(study, people, scripts):
    approve(scripts[0], people)
    edit_of(scripts[0])
    edit = approve(edit_of(scripts[1]), people)
    run = start_run(study=study, pipeline="dictionary", settings={}, approved=True)
    assert scope_of(run) == {edit.video_id: edit.pk}
    assert run.scope["n_edits"] == 1


def test_an_approved_script_of_another_model_does_not_count(study, people, scripts):
    approve(make_script(scripts[0].video, model="another"), people)
    approve(scripts[1], people)
    run = start_run(study=study, pipeline="dictionary", settings={}, scripts="writer", approved=True)
    assert set(scope_of(run)) == {scripts[1].video_id}


def test_without_an_approved_script_a_run_is_refused_with_the_numbers(study, people, scripts):
    make_review(scripts[0], people[0])
    make_review(scripts[1], people[0], "partly")
    make_review(scripts[1], people[1], "partly")
    with pytest.raises(RefusedError) as error:
        start_run(study=study, pipeline="dictionary", settings={}, approved=True)
    text = str(error.value)
    assert "none of the 4 newest scripts by “writer” is approved" in text
    for part in ("not reviewed 2", "one review 1", "not approved 1"):
        assert part in text
    assert not Run.objects.exists()


def test_a_run_that_is_not_limited_says_how_many_of_its_scripts_are_edits(study, scripts):
    edit_of(scripts[2])
    run = start_run(study=study, pipeline="dictionary", settings={})
    assert (run.scope.get("approved"), run.scope["n_edits"], run.scope["n_videos"]) == (None, 1, 4)


def test_a_pipeline_that_reads_no_scripts_cannot_be_limited(study, scripts):
    with pytest.raises(RefusedError, match="reads no scripts"):
        start_run(study=study, pipeline="creator-prior", settings={}, approved=True)


def test_the_command_takes_yes_and_no(study, people, scripts):
    approve(scripts[0], people)
    for word, n in (("yes", 1), ("no", 4)):
        call_command("run_pipeline", "study", "dictionary", "--set", f"approved={word}", stdout=io.StringIO())
        assert Run.objects.order_by("pk").last().scope["n_videos"] == n
    with pytest.raises(CommandError, match="write yes or no"):
        call_command("run_pipeline", "study", "dictionary", "--set", "approved=maybe")


def test_the_form_offers_it_and_the_run_s_page_says_it(study, people, scripts):
    approve(edit_of(scripts[0]), people)
    client = Client()
    client.force_login(people[0])
    create = reverse("models_app:run_create", args=["study", "dictionary"])
    given = {"videos": "all", "scripts": "writer", "approved": "on", "language": "en", "threshold": "0"}
    asked = client.post(reverse("models_app:run_estimate", args=["study", "dictionary"]), given)
    assert "1 video is in the scope" in asked.content.decode()
    page = client.post(create, given, follow=True).content.decode()
    assert "approved ones only" in page
    assert "1 of them edited by hand" in page
