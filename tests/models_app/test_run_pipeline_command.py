"""The command run_pipeline."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from models_app import registry
from models_app.clients.base import BlockedError, DownError
from models_app.engine import gate
from models_app.models import Prediction, ProviderGate, Run, RunState
from models_app.pipelines.base import ItemError
from tests.factories import make_batch, make_study, make_video
from tests.models_app.fakes import (
    MODEL,
    FakeClient,
    FakeJudge,
    FakeLlm,
    asking,
    giving,
    study_with_scripts,
)
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def judge(monkeypatch):
    judge = FakeJudge()
    monkeypatch.setattr(registry, "pipeline_of", giving(judge))
    return judge


def call(*args):
    out, err = io.StringIO(), io.StringIO()
    call_command("run_pipeline", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_run_is_queued():
    study = study_with_scripts(2)
    out, _err = call(study.slug, "dictionary", "--set", "threshold=0.2", "--json")
    data = json.loads(out)
    run = Run.objects.get()
    assert data["run"] == run.pk
    assert (data["state"], data["n_items"], data["n_done"]) == ("running", 2, 0)
    assert run.settings == {"threshold": 0.2, "language": "en"}


def test_waiting_does_the_work_and_returns_the_result(judge):
    study = study_with_scripts(3)
    make_video(study, slots=False)
    out, err = call(study.slug, "dictionary", "--wait", "--json")
    data = json.loads(out)
    assert (data["state"], data["n_scope"], data["n_done"], data["n_problems"]) == ("finished", 4, 3, 1)
    assert "3 of 3" in err
    assert Prediction.objects.count() == 3 * 19


def test_interrupting_leaves_a_run_that_can_be_resumed(judge):
    study = study_with_scripts(3)

    def interrupt(script, beat):
        if len(judge.judged) == 2:
            raise KeyboardInterrupt

    judge.first = interrupt
    with pytest.raises(CommandError, match="--resume") as error:
        call(study.slug, "dictionary", "--wait")
    run = Run.objects.get()
    assert run.state == RunState.PAUSED
    assert f"run_pipeline {study.slug} dictionary --resume {run.pk} --wait" in str(error.value)
    out, _err = call(study.slug, "dictionary", "--resume", str(run.pk), "--wait", "--json")
    assert json.loads(out)["n_done"] == 3
    assert Run.objects.count() == 1


def test_failures_are_told_and_are_no_error_unless_nothing_worked(judge):
    study = study_with_scripts(2)
    bad = study.videos.last().pk

    def fail(script, beat):
        if script.video_id >= bad:
            raise ItemError("bad", "This is bad.")

    judge.first = fail
    out, _err = call(study.slug, "dictionary", "--wait", "--json")
    assert json.loads(out)["failures"] == [{"code": "bad", "message": "This is bad.", "n": 1}]
    bad = 0
    with pytest.raises(CommandError, match="every item failed: This is bad"):
        call(study.slug, "dictionary", "--wait")


def test_pipeline_that_cannot_be_loaded_is_an_error(monkeypatch):
    def cannot(name, settings):
        raise ImportError("no torch")

    monkeypatch.setattr(registry, "pipeline_of", cannot)
    with pytest.raises(CommandError, match=r"is paused: .*no torch"):
        call(study_with_scripts(1).slug, "dictionary", "--wait")


def test_videos_are_a_batch_or_a_file_of_ids_and_links(tmp_path):
    study = make_study()
    videos = [make_video(study, slots=False, batch=make_batch(study, name)) for name in ("One", "Two")]
    for video in videos:
        make_script(video, model="writer")
    out, _err = call(study.slug, "dictionary", "--set", "videos=Two", "--json")
    assert json.loads(out)["n_scope"] == 1
    file = tmp_path / "ids.csv"
    link = f"https://www.tiktok.com/@a/video/{videos[1].external_id}"
    file.write_text(f"video_id,x\n{videos[0].external_id},1\n{link},2\n")
    out, _err = call(study.slug, "dictionary", "--set", f"videos={file}", "scripts=writer", "--json")
    assert json.loads(out)["n_scope"] == 2
    assert Run.objects.first().scope["videos"] == "ids.csv"


def test_unknown_ids_are_named_with_their_line(tmp_path):
    file = tmp_path / "ids.txt"
    study = study_with_scripts(1)
    file.write_text(f"{study.videos.get().external_id}\nnobody\n")
    with pytest.raises(CommandError, match=r"line 2 \(nobody\)"):
        call(study.slug, "dictionary", "--set", f"videos={file}")
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("nothing",), "no pipeline “nothing”"),
        (("dictionary", "--set", "threshold"), "write key=value"),
        (("dictionary", "--set", "threshold=much"), "threshold"),
        (("dictionary", "--set", "videos=Nowhere"), "neither a batch"),
        (("dictionary", "--resume", "99"), "has no run 99"),
        (("dictionary", "--resume", "1", "--set", "threshold=1"), "budget= alone"),
        (("dictionary", "--set", "budget=5"), "takes no budget"),
        (("llm-from-script", "--set", "client=openai", "model=gpt-4o", "budget=much"), "no sum of money"),
        (("llm-from-script", "--set", "client=openai", "model=none", "budget=5"), r"prices\.yaml has none"),
    ],
)
def test_bad_input_is_one_line_and_starts_nothing(args, said):
    with pytest.raises(CommandError, match=said):
        call(study_with_scripts(1).slug, *args)
    assert not Run.objects.exists()


@pytest.fixture
def provider(monkeypatch):
    """A provider that answers at once, and the pipeline that asks it."""
    client = FakeClient()
    monkeypatch.setattr(registry, "pipeline_of", giving(FakeLlm(max_output_tokens=256)))
    monkeypatch.setattr(registry, "client_of", asking(client))
    monkeypatch.setattr(gate, "_gates", {})
    return client


ASKING = (
    "llm-from-script",
    "--set",
    "client=openai",
    f"model={MODEL}",
    "in_flight=2",
    "max_output_tokens=256",
)


@pytest.mark.django_db(transaction=True)
def test_budget_pauses_the_run_and_a_higher_one_lets_it_go_on(provider):
    study = study_with_scripts(6, text="Script %d.")
    with pytest.raises(CommandError, match="The budget is spent"):
        call(study.slug, *ASKING, "budget=0.001", "--wait")
    run = Run.objects.get()
    assert len(provider.asked) == 4  # of 0.00021 each
    again = ("llm-from-script", "--resume", str(run.pk), "--set", "budget=0.1", "--wait", "--json")
    out, _err = call(study.slug, *again)
    data = json.loads(out)
    assert (data["state"], data["n_done"], len(provider.asked)) == ("finished", 6, 6)


@pytest.mark.django_db(transaction=True)
def test_blocked_items_are_counted_beside_failed_ones(provider):
    def answer(request):
        raise BlockedError("SAFETY", "Held back.")

    provider.answer = answer
    study = study_with_scripts(1)
    with pytest.raises(CommandError, match=r"every item failed: .*SAFETY"):
        call(study.slug, *ASKING, "--wait")
    run = Run.objects.get()
    out, _err = call(study.slug, *ASKING, "--json")
    assert json.loads(out)["n_blocked"] == 0
    assert run.items.get().state == "blocked"


@pytest.mark.django_db(transaction=True)
def test_waiting_goes_on_by_itself_when_a_provider_is_back(provider, monkeypatch):
    monkeypatch.setattr("models_app.engine.asking.FIRST_WAIT", 0.001)
    monkeypatch.setattr("models_app.engine.gate.LOOK_SECONDS", 0)
    left = [DownError("unavailable", "503")] * 10
    fine = provider.answer

    def answer(request):
        if not left:
            return fine(request)
        if len(left) == 1:  # the next one opens the breaker: let its pause be over soon
            monkeypatch.setattr("models_app.engine.breaker.FIRST_PAUSE", timedelta(seconds=0.5))
        raise left.pop()

    provider.answer = answer
    out, err = call(study_with_scripts(4, text="Script %d.").slug, *ASKING, "--wait", "--json")
    assert json.loads(out)["n_done"] == 4
    assert "503" in err
    assert ProviderGate.objects.get().n_down == 0
