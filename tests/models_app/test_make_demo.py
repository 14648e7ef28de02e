"""The demo that a newcomer starts with: what is in it, and what is told of it."""

import difflib
import json
from types import SimpleNamespace

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
    Purpose,
    User,
    Video,
)
from annotator.queries.work import work_of
from models_app.actions.trials import start_trial
from models_app.management.demo_runs import RECORDING, RecordedScripts, make_demo_runs
from models_app.models import Prediction, Run, RunState, Script
from models_app.pipelines.base import ItemError, VideoInput
from models_app.pipelines.local_script import LocalScript
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
    monkeypatch.setattr("models_app.management.commands.make_demo.make_demo_runs", lambda _study: None)
    monkeypatch.delenv("PORT", raising=False)
    if port:
        monkeypatch.setenv("PORT", port)
    call_command("make_demo", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["address"] == f"http://localhost:{address}/s/{SLUG}/"
    assert [login["role"] for login in told["logins"]] == ["annotator", "consolidator", "researcher"]


def test_demo_has_scripts_predictions_and_a_run_to_start():
    study = make_demo_study()
    make_demo_runs(study)
    scripts, dictionary, waiting = Run.objects.filter(study=study).order_by("pk")
    assert [run.state for run in (scripts, dictionary, waiting)] == ["finished", "finished", "paused"]
    assert Script.objects.filter(run=scripts).count() == 24
    assert Prediction.objects.filter(run=dictionary, endorsed=True).exists()
    assert (waiting.pipeline, waiting.items.count()) == ("masked-lm", 3)
    assert list(scripts.events.values_list("what", flat=True)) == ["started", "recorded", "finished"]
    assert RunState(waiting.state) == RunState.PAUSED


def test_demo_has_videos_to_try_a_prompt_on_which_nobody_is_given_to_code():
    study = make_demo_study()
    make_demo_runs(study)
    batch = study.batches.get(purpose=Purpose.DEVELOPMENT)
    assert not batch.is_open
    for pipeline in ("llm-direct", "llm-from-script"):
        trial = start_trial(study=study, among=study.videos.all(), by=None, pipeline=pipeline, settings={})
        assert trial.scope_rows.count() == batch.videos.count() == 3
        assert trial.items.count() == 3
    for work in (work_of(User.objects.get(username=name))[0] for name in ("ada", "ben")):
        assert work.can_code
        assert all(row.batch != batch for row in work.batches)


def test_recording_knows_every_clip_as_it_is_now_and_no_other(tmp_path):
    recording = RecordedScripts(RECORDING)
    study = make_demo_study()
    assert set(study.videos.values_list("sha256", flat=True)) == set(recording.lines)
    with pytest.raises(ItemError, match="not among those"):
        recording.make(VideoInput(1, tmp_path / "other.mp4"), beat=lambda _done: None)


@pytest.mark.slow
def test_recording_is_what_the_pipeline_says():
    line = next(iter(RecordedScripts(RECORDING).lines.values()))
    clip = RECORDING.parent.parent / "clips" / f"{line['video_id']}.mp4"
    maker = LocalScript(SimpleNamespace(speech_model="whisper-base", language="", frames_per_second=1.0))
    text = maker.make(VideoInput(1, clip), beat=lambda _done: None).text
    # A word may be heard otherwise on another processor: its arithmetic rounds in another order.
    assert difflib.SequenceMatcher(None, text.split(), line["text"].split()).ratio() > 0.9
