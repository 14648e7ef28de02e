"""Starting, pausing, resuming, cancelling runs, and what is frozen with them."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.utils import timezone

from annotator.errors import RefusedError
from annotator.models import Change, GoldLabel, Study
from models_app.actions.runs import cancel_run, pause_run, resume_run, retry_failed, start_run
from models_app.engine.nudges import nudge, nudge_next
from models_app.engine.slices import work_slice
from models_app.engine.sweep import sign_off, sweep
from models_app.models import ItemState, Run, RunItem, RunState, RunVideo, WorkerBeat
from models_app.pipelines.base import ItemError
from models_app.queries.runs import failures_of, log_of, progress_of
from tests.factories import make_batch, make_codebook, make_member, make_study, make_user, make_video
from tests.models_app.fakes import FakeJudge, giving, study_with_scripts
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def nudged(monkeypatch):
    """What was put on queues."""
    sent = []

    def note(run_id, *, queue):
        sent.append((run_id, queue))
        return True

    monkeypatch.setattr("models_app.engine.nudges.nudge", note)
    monkeypatch.setattr("models_app.engine.sweep.nudge", note)
    return sent


def start(study, pipeline="dictionary", settings=None, **options):
    return start_run(study=study, pipeline=pipeline, settings=settings or {}, **options)


def give_gold(video, stance=1, leave_out=0):
    values = list(video.study.codebook.values.all())
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=timezone.now())
        for value in values[leave_out:]
    )


def work(run, pipeline):
    return work_slice(run.pk, pipeline_of=giving(pipeline), worker="test")


def test_started_run_freezes_scope_settings_and_codebook():
    study = study_with_scripts(2)
    silent = make_video(study, slots=False)
    empty = make_video(study, slots=False)
    make_script(empty, " \n", model="writer")
    make_video(study, slots=False, withdrawn_at=timezone.now())
    user = make_user()
    run = start(study, settings={"threshold": "0.1"}, by=user)
    study.codebook.refresh_from_db()
    assert study.codebook.frozen_by_what == "the first run"
    assert run.settings == {"threshold": 0.1, "language": "en"}
    assert (run.model, run.gives, run.queue) == ("dictionary", "predictions", "io")
    assert run.codebook_hash == study.codebook.content_hash
    assert run.scope == {"videos": "", "scripts": "writer", "n_videos": 4, "n_problems": 2}
    problems = dict(run.scope_rows.exclude(problem="").values_list("video", "problem"))
    assert problems == {silent.pk: "no-script", empty.pk: "empty-script"}
    assert run.items.count() == 2
    assert run.events.get().detail == {"items": 2, "problems": {"no-script": 1, "empty-script": 1}}
    change = Change.objects.get(what="run.started")
    assert (change.by, change.after["run"]) == (user, run.pk)


def test_run_nudges_its_queue_after_the_commit(nudged, django_capture_on_commit_callbacks):
    study = study_with_scripts(2)
    with django_capture_on_commit_callbacks(execute=True):
        run = start(study)
        assert nudged == []
    assert nudged == [(run.pk, "io")] * 2


def test_scope_is_a_batch_or_chosen_videos():
    study = make_study()
    first, second = make_batch(study, "One"), make_batch(study, "Two")
    videos = [make_video(study, batch=batch, slots=False) for batch in (first, first, second)]
    for video in videos:
        make_script(video)
    run = start(study, videos="Two")
    assert list(run.scope_rows.values_list("video", flat=True)) == [videos[2].pk]
    run = start(study, videos="ids.txt", video_ids=[videos[0].pk, videos[2].pk])
    assert set(run.scope_rows.values_list("video", flat=True)) == {videos[0].pk, videos[2].pk}
    assert run.scope["videos"] == "ids.txt"


def test_scripts_of_the_model_asked_for_are_read():
    study = study_with_scripts(1)
    other = make_script(study.videos.get(), "Another.", model="other")
    run = start(study, scripts="other")
    assert run.scope_rows.get().script == other


def test_media_that_the_study_does_not_hold_are_a_problem_not_an_item():
    study = make_study()
    make_video(study, slots=False, media="a.mp4")
    make_video(study, slots=False)
    run = start(study, "local-script")
    assert (run.items.count(), run.scope["n_problems"]) == (1, 1)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda s: Study.objects.filter(pk=s.pk).update(codebook=None), {}, "no codebook"),
        (lambda s: s.videos.update(withdrawn_at=timezone.now()), {}, "scope is empty"),
        (lambda s: make_script(s.videos.first(), model="other"), {}, "choose one of other, writer"),
        (lambda s: None, {"scripts": "nobody"}, "no scripts by “nobody”"),
        (lambda s: None, {"videos": "Nowhere"}, "no batch “Nowhere”"),
        (lambda s: None, {"video_ids": [10**9]}, "not in the study"),
        (lambda s: None, {"settings": {"threshold": "x"}}, "threshold"),
        (lambda s: None, {"settings": {"colour": "red"}}, "no setting “colour”"),
        (lambda s: None, {"pipeline": "magic"}, "no pipeline “magic”"),
        (lambda s: None, {"pipeline": "local-script"}, "none of the 2 videos can be worked on"),
        (lambda s: None, {"pipeline": "local-script", "scripts": "writer"}, "reads no scripts"),
        (lambda s: None, {"pipeline": "creator-prior"}, "at least 3 videos with complete gold; there are 0"),
    ],
)
def test_run_that_cannot_be_is_refused_and_nothing_changes(change, options, said):
    study = study_with_scripts(2)
    change(study)
    study.refresh_from_db()
    with pytest.raises(RefusedError, match=said):
        start(study, **options)
    assert not Run.objects.exists()
    assert not Change.objects.exists()


def test_study_without_scripts_is_told_how_to_get_some():
    study = make_study()
    make_video(study, slots=False)
    with pytest.raises(RefusedError, match="import_scripts"):
        start(study)


def test_gold_is_frozen_where_it_is_complete():
    study = make_study()
    videos = [make_video(study, slots=False) for _i in range(4)]
    for video in videos[:3]:
        give_gold(video, stance=-1)
    give_gold(videos[3], leave_out=1)
    run = start(study, "creator-prior")
    rows = dict(run.scope_rows.values_list("video", "gold"))
    assert set(rows[videos[0].pk].values()) == {-1}
    assert rows[videos[3].pk] is None
    assert RunVideo.objects.filter(run=run, fold=None).count() == 0
    assert set(run.items.values_list("kind", "key")) == {("fold", 0), ("fold", 1), ("fold", 2)}
    GoldLabel.objects.update(stance=0)
    assert set(run.scope_rows.get(video=videos[0]).gold.values()) == {-1}


def test_gold_of_values_that_changed_their_meaning_does_not_count():
    study = make_study()
    for _i in range(3):
        give_gold(make_video(study, slots=False))
    codebook = make_codebook(study, number=2)
    start(study, "creator-prior")
    codebook.values.filter(slug="face").update(identity="another meaning")
    with pytest.raises(RefusedError, match="there are 0"):
        start(study, "creator-prior")


def test_grouped_folds_need_as_many_creators():
    study = make_study()
    for n in range(6):
        give_gold(make_video(study, slots=False, creator=f"c{n % 2}"))
    with pytest.raises(RefusedError, match="3 folds need gold of at least 3 creators; here 6 videos of 2"):
        start(study, "creator-prior", {"grouping": "creator"})
    start(study, "creator-prior", {"grouping": "creator", "folds": 2})


def test_button_pressed_twice_starts_one_run():
    study = study_with_scripts(1)
    user = make_user()
    first = start(study, by=user)
    assert start(study, by=user) == first
    assert start(study, settings={"threshold": 0.5}, by=user) != first
    assert start(study, by=make_user()) != first


@pytest.mark.parametrize(
    ("action", "state"), [(pause_run, "paused"), (cancel_run, "cancelled"), (resume_run, "running")]
)
def test_action_done_twice_is_logged_once(action, state):
    run = start(study_with_scripts(1))
    if action is resume_run:
        pause_run(run=run, by=None)
    n_before = Change.objects.count()
    for _i in range(2):
        assert action(run=run, by=None).state == state
    assert Change.objects.count() == n_before + 1


def test_finished_run_is_neither_paused_nor_resumed_nor_cancelled():
    run = start(study_with_scripts(1))
    work(run, FakeJudge())
    for action in (pause_run, resume_run, cancel_run):
        with pytest.raises(RefusedError):
            action(run=run, by=None)
    assert Run.objects.get().state == RunState.FINISHED


def test_cancelled_run_is_not_paused_but_resumed(nudged, django_capture_on_commit_callbacks):
    run = start(study_with_scripts(1))
    cancel_run(run=run, by=None)
    with pytest.raises(RefusedError):
        pause_run(run=run, by=None)
    with pytest.raises(RefusedError, match="resume it"):
        retry_failed(run=run, by=None)
    with django_capture_on_commit_callbacks(execute=True):
        run = resume_run(run=run, by=None)
    assert (run.state, run.ended_at) == ("running", None)
    assert nudged


def test_paused_run_says_why_until_it_goes_on():
    run = start(study_with_scripts(1))
    user = make_member(run.study, "researcher")
    pause_run(run=run, by=user, because="lunch")
    run.refresh_from_db()
    assert run.paused_because == "lunch"
    assert resume_run(run=run, by=user).paused_because == ""
    assert [(event.what, event.by) for event in log_of(run)][:2] == [("resumed", user), ("paused", user)]


def test_slot_is_handed_on_to_the_next_run_in_turn_and_to_the_same_once(nudged):
    first, second = (start(study_with_scripts(1)) for _i in range(2))
    for after, twice, sent in [
        (first, False, [second]),
        (first, True, [second, first]),
        (second, True, [first, second]),
    ]:
        nudge_next(after=after.pk, queue="io", twice=twice)
        assert [pk for pk, _queue in nudged] == [run.pk for run in sent]
        nudged.clear()
    pause_run(run=second, by=None)
    nudge_next(after=first.pk, queue="io", twice=True)
    nudge_next(after=second.pk, queue="io", twice=True)
    assert [pk for pk, _queue in nudged] == [first.pk, first.pk]


def test_nudge_that_nobody_took_in_time_is_dropped(monkeypatch):
    """A busy night puts more on the queue than it takes off: what waits behind must not wait for hours."""
    monkeypatch.setattr("models_app.engine.nudges.current_app.send_task", sent := Mock())
    nudge(1, queue="io")
    assert 30 < sent.call_args.kwargs["expires"] <= 300


def test_sweep_nudges_what_has_work_as_often_as_slots_are_idle(nudged):
    runs = [start(study_with_scripts(3)) for _i in range(2)]
    pause_run(run=start(study_with_scripts(1)), by=None)
    assert sweep(worker="w", queues=["io"], n_idle=3) == 3
    assert {pk for pk, _queue in nudged} == {run.pk for run in runs}
    nudged.clear()
    assert sweep(worker="w", queues=["io"], n_idle=0) == 0
    assert sweep(worker="w", queues=["cpu"], n_idle=3) == 0
    assert nudged == []


def test_sweep_finishes_what_its_worker_could_not(nudged):
    run = start(study_with_scripts(1))
    RunItem.objects.update(state=ItemState.DONE, ended_at=timezone.now())
    for _i in range(2):
        sweep(worker="w", queues=["cpu"], n_idle=1)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    assert run.events.filter(what="finished").count() == 1


def test_progress_counts_and_tells_the_time_left(django_assert_max_num_queries):
    run = start(study_with_scripts(4))
    make_video(run.study, slots=False)
    now = timezone.now()
    for n, item in enumerate(run.items.all()[:3]):
        begun = now - timedelta(seconds=60 - 10 * n)
        item.state, item.started_at = ItemState.DONE, begun
        item.ended_at = begun + timedelta(seconds=9)
        item.save()
    with django_assert_max_num_queries(3):
        progress = progress_of(run)
    assert (progress.n_scope, progress.n_items, progress.done, progress.waiting) == (4, 4, 3, 1)
    assert progress.per_minute == pytest.approx(6)
    assert progress.seconds_left == pytest.approx(10)
    assert not progress.is_worker_seen
    sweep(worker="w", queues=["io"], n_idle=0)
    assert progress_of(run).is_worker_seen
    sign_off(worker="w")
    assert not progress_of(run).is_worker_seen


def test_rate_is_not_told_from_the_gaps_between_items_that_began_together():
    run = start(study_with_scripts(12))
    now = timezone.now()
    for n, item in enumerate(run.items.all()[:8]):
        item.state, item.started_at = ItemState.DONE, now - timedelta(seconds=4)
        item.ended_at = now + timedelta(milliseconds=n)
        item.save()
    assert progress_of(run).per_minute == pytest.approx(8 / 4 * 60, rel=0.01)


def test_progress_of_a_run_that_did_nothing_yet_tells_no_time():
    progress = progress_of(start(study_with_scripts(1)))
    assert (progress.per_minute, progress.seconds_left, progress.share) == (None, None, 0)


def test_worker_not_heard_of_is_not_seen():
    run = start(study_with_scripts(1))
    WorkerBeat.objects.create(name="gone", queues=["io"], seen_at=timezone.now() - timedelta(minutes=10))
    assert not progress_of(run).is_worker_seen


def test_failures_are_grouped_by_their_kind():
    run = start(study_with_scripts(8))
    keys = list(run.items.order_by("pk").values_list("key", flat=True))

    def fail(script, beat):
        raise ItemError("rare" if script.video_id == keys[0] else "common", f"No: {script.video_id}")

    work(run, FakeJudge(fail))
    common, rare = failures_of(run)
    assert (common.code, common.n, len(common.examples)) == ("common", 7, 5)
    assert (rare.code, rare.n, rare.message) == ("rare", 1, f"No: {keys[0]}")
    assert rare.examples[0].name == run.study.videos.get(pk=keys[0]).external_id
