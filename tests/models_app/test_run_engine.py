"""Working on runs: each item once, whatever happens in between."""

import errno
import re
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotator.actions.videos import withdraw_video
from annotator.models import GoldLabel
from models_app import registry
from models_app.actions.runs import cancel_run, pause_run, resume_run, retry_failed, start_run
from models_app.engine import desk, outage, slices
from models_app.engine.claims import claim_next, finish_if_done, release, renew
from models_app.engine.slices import work_slice
from models_app.engine.storing import store_predictions, values_of
from models_app.models import ItemState, Prediction, Run, RunItem, RunState, Script
from models_app.pipelines.base import Interrupted, ItemError
from models_app.pipelines.base import Prediction as Answer
from tests.factories import make_study, make_video
from tests.models_app.fakes import (
    FakeJudge,
    FakeLearner,
    FakeMaker,
    giving,
    study_with_scripts,
)
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db


def start(study, **options):
    return start_run(study=study, pipeline="dictionary", settings={}, **options)


def work(run, pipeline, **options):
    return work_slice(run.pk, pipeline_of=giving(pipeline), worker="test", **options)


def let_lease_run_out(run):
    past = timezone.now() - timedelta(seconds=1)
    RunItem.objects.filter(run=run, state=ItemState.WORKING).update(lease_until=past)


def test_run_works_every_item_and_is_finished():
    run = start(study_with_scripts(3))
    done = work(run, judge := FakeJudge())
    run.refresh_from_db()
    assert (done.n_done, done.n_failed) == (3, 0)
    assert len(judge.judged) == 3
    assert Prediction.objects.filter(run=run).count() == 3 * 19
    row = Prediction.objects.filter(run=run).first()
    assert (row.endorsed, row.confronted, row.p_endorsed, row.p_confronted) == (True, False, 0.75, 0.25)
    assert run.state == RunState.FINISHED
    assert run.started_at <= run.ended_at
    assert [event.what for event in run.events.all()] == ["started", "finished"]


def test_finished_run_is_not_worked_on_again():
    run = start(study_with_scripts(1))
    work(run, FakeJudge())
    work(run, judge := FakeJudge())
    assert judge.judged == []
    assert run.events.filter(what="finished").count() == 1


def test_claimed_item_is_claimed_by_nobody_else():
    run = start(study_with_scripts(2))
    first, second = (claim_next(run_id=run.pk, worker=name) for name in "ab")
    assert first.key != second.key
    assert claim_next(run_id=run.pk, worker="c") is None
    assert not finish_if_done(run.pk)


def test_item_whose_lease_ran_out_is_claimed_anew_and_the_old_claim_stores_nothing():
    run = start(study_with_scripts(1))
    lost = claim_next(run_id=run.pk, worker="dead")
    let_lease_run_out(run)
    mine = claim_next(run_id=run.pk, worker="alive")
    assert mine.key == lost.key
    answers = [Answer(lost.key, "face", True, False)]
    values = values_of(run)
    assert not store_predictions(lost, answers, values=values, videos={lost.key})
    assert Prediction.objects.count() == 0
    assert store_predictions(mine, answers, values=values, videos={mine.key})
    assert not store_predictions(mine, answers, values=values, videos={mine.key})
    assert Prediction.objects.count() == 1


def test_renewed_lease_runs_on_and_a_lost_one_does_not():
    run = start(study_with_scripts(2))
    kept, lost = (claim_next(run_id=run.pk, worker="a") for _i in range(2))
    let_lease_run_out(run)
    RunItem.objects.filter(pk=lost.item_id).update(token=None, state=ItemState.WAITING)
    assert renew([kept.token, lost.token]) == {kept.token}
    assert RunItem.objects.get(pk=kept.item_id).lease_until > timezone.now()
    assert claim_next(run_id=run.pk, worker="b").item_id == lost.item_id


def claim_and_die(run):
    claim = claim_next(run_id=run.pk, worker="dies")
    let_lease_run_out(run)
    return claim.item_id


def test_item_that_took_three_workers_with_it_is_failed_and_the_rest_goes_on():
    run = start(study_with_scripts(2))
    first, _second, *again = [claim_and_die(run) for _i in range(4)]
    assert again == [first, first]  # after what waits, so that it holds up nothing else
    work(run, judge := FakeJudge())
    run.refresh_from_db()
    assert len(judge.judged) == 1
    item = run.items.get(state=ItemState.FAILED)
    assert (item.pk, item.error_code) == (first, "worker-died")
    assert "3 times" in item.error
    assert run.state == RunState.FINISHED


def test_released_item_counts_no_attempt():
    run = start(study_with_scripts(1))
    for _i in range(5):
        assert release(claim_next(run_id=run.pk, worker="paused"))
    assert run.items.get().n_attempts == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ItemError("no-speech", "Nobody speaks."), "no-speech", "Nobody speaks."),
        (ZeroDivisionError("division by zero"), "crashed", "ZeroDivisionError"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full", "disk was full"),
        (MemoryError(), "out-of-memory", "memory"),
    ],
)
def test_item_that_raises_is_failed_with_a_reason_and_the_rest_goes_on(error, code, said):
    run = start(study_with_scripts(3))

    def raise_on_second(script, beat):
        if script.video_id == second:
            raise error

    second = run.items.order_by("pk")[1].key
    done = work(run, FakeJudge(raise_on_second))
    assert (done.n_done, done.n_failed) == (2, 1)
    item = run.items.get(state=ItemState.FAILED)
    assert item.error_code == code
    assert said in item.error
    assert Prediction.objects.filter(run=run, video=second).count() == 0
    assert ("raise_on_second" in item.error_detail) == (code != "no-speech")
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


@pytest.mark.parametrize(
    "answer",
    [
        ("no-such-value", 0.5),
        ("face", 1.5),
        ("face", float("nan")),
    ],
)
def test_answer_that_cannot_be_stored_fails_its_item(answer):
    run = start(study_with_scripts(1))
    judge = FakeJudge()
    judge.judge = lambda script, **_: [Answer(script.video_id, answer[0], True, False, answer[1])]
    assert work(run, judge).n_failed == 1
    assert run.items.get().error_code == "crashed"
    assert Prediction.objects.count() == 0


def test_answer_given_twice_fails_its_item_and_stores_nothing():
    run = start(study_with_scripts(1))
    judge = FakeJudge()
    judge.judge = lambda script, **_: [Answer(script.video_id, "face", True, False)] * 2
    assert work(run, judge).n_failed == 1
    assert Prediction.objects.count() == 0


def test_database_that_is_full_while_storing_is_tried_again(monkeypatch):
    monkeypatch.setattr(outage, "STORE_PAUSES", (0, 0, 0))
    failures = [OperationalError("database or disk is full")] * 2

    def store(*args, **kwargs):
        if failures:
            raise failures.pop()
        return store_predictions(*args, **kwargs)

    monkeypatch.setattr(desk, "store_predictions", store)
    run = start(study_with_scripts(1))
    assert work(run, judge := FakeJudge()).n_done == 1
    assert len(judge.judged) == 1
    assert Prediction.objects.count() == 19


def test_database_that_stays_full_ends_the_slice_and_loses_nothing(monkeypatch):
    monkeypatch.setattr(outage, "STORE_PAUSES", (0,))

    def store(*args, **kwargs):
        raise OperationalError("database or disk is full")

    run = start(study_with_scripts(2))
    with monkeypatch.context() as patch:
        patch.setattr(desk, "store_predictions", store)
        for _slice in range(4):
            assert work(run, FakeJudge()).is_outage
    assert Prediction.objects.count() == 0
    assert set(run.items.values_list("state", "n_attempts")) == {(ItemState.WAITING, 0)}
    assert work(run, FakeJudge()).n_done == 2
    assert Prediction.objects.count() == 2 * 19


def test_database_that_is_away_while_claiming_ends_the_slice(monkeypatch):
    def claim(**_):
        raise OperationalError("server closed the connection unexpectedly")

    run = start(study_with_scripts(1))
    monkeypatch.setattr(slices, "claim_next", claim)
    assert work(run, FakeJudge()).is_outage


def test_pause_takes_effect_between_items():
    run = start(study_with_scripts(3))
    done = work(run, FakeJudge(lambda script, beat: pause_run(run=run, by=None)))
    assert done.n_done == 1
    assert run.items.filter(state=ItemState.WAITING).count() == 2
    resume_run(run=run, by=None)
    assert work(run, FakeJudge()).n_done == 2
    assert Prediction.objects.count() == 3 * 19


@pytest.mark.parametrize("stop", [pause_run, cancel_run])
def test_stopping_drops_a_long_item_at_its_beat(stop, monkeypatch):
    monkeypatch.setattr(desk, "LOOK_SECONDS", 0)
    run = start(study_with_scripts(1))

    def stop_and_beat(script, beat):
        stop(run=run, by=None)
        beat(0.5)

    assert work(run, FakeJudge(stop_and_beat)).n_tried == 0
    item = run.items.get()
    assert (item.state, item.n_attempts, item.token) == (ItemState.WAITING, 0, None)
    resume_run(run=run, by=None)
    assert work(run, FakeJudge()).n_done == 1


def test_cancelled_run_stores_nothing_that_was_under_way():
    run = start(study_with_scripts(2))
    work(run, FakeJudge(lambda script, beat: cancel_run(run=run, by=None)))
    assert Prediction.objects.count() == 0
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert run.ended_at is not None


def test_worker_that_is_to_stop_drops_a_long_item_and_takes_no_other():
    stopping = threading.Event()

    def stop_and_beat(script, beat):
        stopping.set()
        beat(0.1)

    run = start(study_with_scripts(2))
    work(run, judge := FakeJudge(stop_and_beat), should_stop=stopping.is_set)
    assert len(judge.judged) == 1
    assert run.items.filter(state=ItemState.WAITING, n_attempts=0).count() == 2


def test_slice_ends_after_its_time_and_leaves_the_rest():
    run = start(study_with_scripts(3))
    assert work(run, FakeJudge(), seconds=-1).n_tried == 0
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_beat_stores_how_far_the_item_is(monkeypatch):
    monkeypatch.setattr(desk, "LOOK_SECONDS", 0)
    run = start(study_with_scripts(1))
    seen = []

    def beat_and_look(script, beat):
        beat(0.25)
        seen.append(run.items.get().progress)

    work(run, FakeJudge(beat_and_look))
    assert seen == [0.25]


def test_last_item_that_fails_finishes_the_run():
    run = start(study_with_scripts(1))

    def fail(script, beat):
        raise ItemError("bad", "Bad.")

    work(run, FakeJudge(fail))
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert run.events.get(what="finished").detail == {"done": 0, "failed": 1}


def test_failed_items_are_retried_by_their_kind():
    run = start(study_with_scripts(3))
    keys = list(run.items.order_by("pk").values_list("key", flat=True))

    def fail(script, beat):
        if script.video_id in keys[:2]:
            raise ItemError("a" if script.video_id == keys[0] else "b", "Bad.")

    work(run, FakeJudge(fail))
    assert retry_failed(run=run, by=None, code="a") == 1
    run.refresh_from_db()
    assert (run.state, run.ended_at) == (RunState.RUNNING, None)
    work(run, judge := FakeJudge())
    assert judge.judged == keys[:1]
    assert retry_failed(run=run, by=None, code="a") == 0
    assert retry_failed(run=run, by=None) == 1


def test_pipeline_that_cannot_be_loaded_pauses_the_run_and_says_why():
    def cannot(name, settings):
        raise ImportError("No module named 'torch'")

    run = start(study_with_scripts(2))
    work_slice(run.pk, pipeline_of=cannot, worker="test")
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    assert "No module named 'torch'" in run.paused_because
    assert run.items.filter(state=ItemState.WAITING, n_attempts=0).count() == 2


def test_script_maker_gets_the_file_and_its_script_is_stored(settings):
    study = make_study()
    video = make_video(study, slots=False, media="ab.mp4")
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    (settings.MEDIA_ROOT / "ab.mp4").write_bytes(b"12345")
    make_video(study, slots=False)
    run = start_run(study=study, pipeline="local-script", settings={})
    assert work(run, FakeMaker()).n_done == 1
    script = Script.objects.get(run=run)
    assert (script.video, script.text, script.model) == (video, "5 bytes", run.model)
    segment = {"kind": "action", "text": "5 bytes", "start_ms": 0, "end_ms": 1000}
    assert script.segments == [segment]
    assert script.facts == {"sound": "silent"}
    assert len(script.sha256) == 64


def test_media_that_are_missing_on_disk_fail_their_item():
    study = make_study()
    make_video(study, slots=False, media="gone.mp4")
    run = start_run(study=study, pipeline="local-script", settings={})
    assert work(run, FakeMaker()).n_failed == 1
    assert run.items.get().error_code == "media"
    assert re.match(r"The media of video \S+ are missing on disk\.", run.items.get().error)


def test_video_withdrawn_since_the_run_began_fails_its_item():
    study = study_with_scripts(1)
    run = start(study)
    study.videos.update(withdrawn_at=timezone.now())
    work(run, judge := FakeJudge())
    assert judge.judged == []
    assert run.items.get().error_code == "withdrawn"


def test_video_withdrawn_while_its_script_is_made_gets_none(settings):
    study = make_study()
    video = make_video(study, slots=False, media="clip.mp4")
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    (settings.MEDIA_ROOT / "clip.mp4").write_bytes(b"12345")
    run = start_run(study=study, pipeline="local-script", settings={})

    class Slow(FakeMaker):
        def make(self, video_input, *, beat):
            withdraw_video(video=video, because="a parent asked", by=None)
            return super().make(video_input, beat=beat)

    assert work(run, Slow()).n_failed == 1
    assert not Script.objects.exists()
    assert run.items.get().error_code == "withdrawn"


def test_withdrawal_deletes_scripts_and_keeps_what_was_predicted_from_them():
    study = study_with_scripts(2)
    work(run := start(study), FakeJudge())
    gone, kept = study.videos.order_by("pk")
    withdraw_video(video=gone, because="a parent asked", by=None)
    assert [script.video for script in Script.objects.all()] == [kept]
    assert Prediction.objects.filter(run=run, video=gone).count() == 19


def give_gold(video, stance=1):
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=timezone.now())
        for value in video.study.codebook.values.all()
    )


def test_learner_gets_folds_gold_and_predicts_each_fold():
    study = make_study()
    videos = [make_video(study, slots=False, creator=f"c{i // 2}") for i in range(8)]
    for video in videos[:6]:
        give_gold(video)
    run = start_run(study=study, pipeline="creator-prior", settings={"folds": 2, "grouping": "creator"})
    learner = FakeLearner()
    assert work(run, learner).n_done == 2
    data = learner.data[0]
    assert [example.gold is None for example in data.examples] == [False] * 6 + [True] * 2
    folds = {example.creator: set() for example in data.examples}
    for example in data.examples:
        folds[example.creator].add(example.fold)
    assert [len(found) for found in folds.values()] == [1, 1, 1, 1]
    assert Prediction.objects.filter(run=run).count() == 8 * 19
    held_out = {example.video_id: example.fold for example in data.examples}
    assert dict(Prediction.objects.filter(run=run).values_list("video", "fold").distinct()) == held_out


def test_fold_that_predicts_a_video_of_another_fold_fails():
    study = make_study()
    videos = [make_video(study, slots=False) for _i in range(2)]
    for video in videos:
        give_gold(video)
    run = start_run(study=study, pipeline="creator-prior", settings={"folds": 2})
    learner = FakeLearner()
    learner.fit_predict = lambda data, **_: [Answer(v.pk, "face", True, False) for v in videos]
    assert work(run, learner).n_failed == 2
    assert Prediction.objects.count() == 0


def test_interrupted_item_waits_again():
    run = start(study_with_scripts(1))

    def interrupt(script, beat):
        raise Interrupted

    stops = iter([False, False, True, True, True])
    work(run, FakeJudge(interrupt), should_stop=lambda: next(stops, True))
    assert run.items.get().state == ItemState.WAITING


def test_keyboard_interrupt_gives_the_item_back():
    run = start(study_with_scripts(1))

    def interrupt(script, beat):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(run, FakeJudge(interrupt))
    assert run.items.get().state == ItemState.WAITING
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING


def test_outage_is_never_taken_for_a_failure_of_the_item(monkeypatch):
    def read(**_):
        raise OperationalError("server closed the connection unexpectedly")

    run = start(study_with_scripts(1))
    monkeypatch.setattr(desk, "script_input", read)
    assert work(run, FakeJudge()).is_outage
    assert run.items.get().state == ItemState.WAITING


def test_script_of_several_runs_is_the_newest_of_its_model():
    study = study_with_scripts(1)
    newest = make_script(study.videos.get(), "A newer one.", model="writer")
    run = start(study)
    texts = []
    work(run, FakeJudge(lambda script, beat: texts.append(script.text)))
    assert texts == [newest.text]


def test_machine_without_the_packages_pauses_the_run_and_says_what_to_install(monkeypatch):
    monkeypatch.setitem(registry.PACKAGES, "dictionary", ("no_such_package",))
    run = start(study_with_scripts(2))
    assert work_slice(run.pk, pipeline_of=registry.pipeline_of, worker="test").n_tried == 0
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    assert "no_such_package" in run.paused_because
    assert "make install-models" in run.paused_because
    assert set(run.items.values_list("state", flat=True)) == {ItemState.WAITING}
