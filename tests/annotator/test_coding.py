"""Storing what a coder changes: revisions, conflicts, history, the first submission, closing."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.actions.assignment import take_next_coding
from annotator.actions.coding import save_changes
from annotator.actions.coding_end import (
    UnsetError,
    park,
    questions_before_submitting,
    record_course,
    set_aside,
    submit_coding,
    take_back,
)
from annotator.actions.exposure import record_sight
from annotator.models import Change, Coding, CodingState, Comparison, GoldLabel, Role, Seen, SetAside, Slot
from annotator.outbox import ChangeRequest, ClosedError, MalformedError
from tests.factories import SCHWARTZ, make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def coder(study):
    return make_member(study, Role.ANNOTATOR)


@pytest.fixture
def coding(study, coder):
    make_video(study)
    return take_next_coding(study=study, coder=coder)


def save(coding, *changes, mutation=None, by=None):
    """Store (key, base, fields) changes, in one request."""
    return save_changes(
        coding=Coding.objects.get(pk=coding.pk),
        mutation_id=mutation or uuid.uuid4(),
        changes=[ChangeRequest(key=key, base=base, fields=fields) for key, base, fields in changes],
        by=by or coding.coder,
    )


def judgement(coding, slug):
    return coding.judgements.get(value__slug=slug)


def submit(coding, **options):
    return submit_coding(coding=Coding.objects.get(pk=coding.pk), by=coding.coder, **options)


def fill(coding, stance=0):
    """Give every value a stance."""
    answer = save(coding, *((slug, 0, {"stance": stance}) for slug in SCHWARTZ))
    assert not answer["conflicts"]


# --- saving ---------------------------------------------------------------------------------


def test_coding_starts_with_every_value_unset(coding):
    assert coding.judgements.count() == 19
    assert set(coding.judgements.values_list("stance", "revision")) == {(None, 0)}


def test_save_stores_several_judgements_and_raises_their_revisions(coding):
    answer = save(
        coding,
        ("face", 0, {"stance": -1, "unsure": True, "note": "  mocked "}),
        (
            "tradition",
            0,
            {"evidence": [{"start_ms": 7000}, {"start_ms": 900, "end_ms": 1000}]},
        ),
        ("_note", 0, {"note": "whole video"}),
    )
    assert answer["conflicts"] == []
    assert {entry["key"]: entry["revision"] for entry in answer["saved"]} == {
        "face": 1,
        "tradition": 1,
        "_note": 1,
    }
    face = judgement(coding, "face")
    assert (face.stance, face.is_unsure, face.note, face.revision) == (-1, True, "  mocked ", 1)
    seen = judgement(coding, "tradition").evidence.values_list("start_ms", "end_ms")
    assert list(seen) == [(900, 1000), (7000, None)]
    coding.refresh_from_db()
    assert coding.note == "whole video"
    assert coding.touched_at is not None


def test_save_repeated_changes_nothing_and_answers_the_same(coding):
    mutation = uuid.uuid4()
    first = save(coding, ("face", 0, {"stance": 1}), mutation=mutation)
    save(coding, ("face", 1, {"stance": 0}))
    assert save(coding, ("face", 0, {"stance": 1}), mutation=mutation) == first
    assert judgement(coding, "face").stance == 0
    assert Change.objects.filter(what="judgement.set").count() == 2


def test_save_on_an_old_revision_is_a_conflict_and_the_rest_is_stored(coding):
    save(coding, ("face", 0, {"stance": 1}))
    answer = save(coding, ("face", 0, {"stance": -1}), ("humility", 0, {"stance": 1}))
    assert [(entry["key"], entry["stance"], entry["revision"]) for entry in answer["conflicts"]] == [
        ("face", 1, 1)
    ]
    assert judgement(coding, "face").stance == 1
    assert judgement(coding, "humility").stance == 1


def test_save_on_an_old_revision_saying_the_same_is_no_conflict(coding):
    save(coding, ("face", 0, {"stance": 1}))
    answer = save(coding, ("face", 0, {"stance": 1}))
    assert answer["conflicts"] == []
    assert answer["saved"][0]["revision"] == 1


def test_general_note_on_an_old_revision_is_a_conflict(coding):
    save(coding, ("_note", 0, {"note": "one"}))
    answer = save(coding, ("_note", 0, {"note": "two"}))
    assert answer["conflicts"] == [{"key": "_note", "revision": 1, "note": "one"}]


def test_clearing_keeps_the_row_and_its_revision_goes_on(coding):
    save(coding, ("face", 0, {"stance": 1}))
    save(coding, ("face", 1, {"stance": None}))
    face = judgement(coding, "face")
    assert (face.stance, face.revision) == (None, 2)


def test_history_tells_before_and_after_of_each_label(coding):
    save(coding, ("face", 0, {"stance": 1}), ("humility", 0, {"unsure": True}))
    save(coding, ("face", 1, {"stance": -1, "unsure": False}))
    told = Change.objects.filter(what="judgement.set").order_by("pk").values_list("value", "before", "after")
    assert list(told) == [
        ("face", {"stance": None}, {"stance": 1}),
        ("humility", {"unsure": False}, {"unsure": True}),
        ("face", {"stance": 1}, {"stance": -1}),
    ]


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("no-such-value", {"stance": 1}),
        ("face", {"stance": 2}),
        ("face", {"stance": "1"}),
        ("face", {"first_stance": 1}),
        ("face", {"evidence": [{"start_ms": -1}]}),
        ("face", {"evidence": [{"start_ms": 5, "end_ms": 4}]}),
        ("face", {"evidence": ["0:07"]}),
        ("face", {"evidence": [{"start_ms": n} for n in range(31)]}),
        ("face", {"evidence": [{"start_ms": 2**31}]}),
        ("_note", {"stance": 1}),
    ],
)
def test_save_of_something_impossible_is_refused_and_stores_nothing(coding, key, fields):
    with pytest.raises(MalformedError):
        save(coding, ("humility", 0, {"stance": 1}), (key, 0, fields))
    assert judgement(coding, "humility").stance is None


def test_dominant_only_where_the_codebook_allows_it():
    study = make_study(dominant=True)
    make_video(study)
    coding = take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR))
    save(coding, ("face", 0, {"stance": 2}))
    assert judgement(coding, "face").stance == 2


def test_first_judgement_freezes_the_codebook(coding):
    assert coding.codebook.frozen_at is None
    save(coding, ("face", 0, {"stance": 1}))
    coding.codebook.refresh_from_db()
    assert coding.codebook.frozen_at is not None


def test_expired_coding_still_takes_late_saves(coding):
    Coding.objects.filter(pk=coding.pk).update(slot=None)
    save(coding, ("face", 0, {"stance": 1}))
    assert judgement(coding, "face").stance == 1


def test_closed_coding_and_withdrawn_video_take_nothing(coding):
    Coding.objects.filter(pk=coding.pk).update(closed_at=timezone.now())
    with pytest.raises(ClosedError, match="consolidator"):
        save(coding, ("face", 0, {"stance": 1}))
    Coding.objects.filter(pk=coding.pk).update(closed_at=None)
    coding.video.withdrawn_at = timezone.now()
    coding.video.save()
    with pytest.raises(ClosedError, match="withdrawn"):
        save(coding, ("face", 0, {"stance": 1}))
    assert judgement(coding, "face").stance is None


def test_request_stored_before_closing_is_still_answered(coding):
    mutation = uuid.uuid4()
    first = save(coding, ("face", 0, {"stance": 1}), mutation=mutation)
    Coding.objects.filter(pk=coding.pk).update(closed_at=timezone.now())
    assert save(coding, ("face", 0, {"stance": 1}), mutation=mutation) == first


def test_save_needs_few_queries(coding, django_assert_max_num_queries):
    save(coding, ("face", 0, {"stance": 1}))
    with django_assert_max_num_queries(10):  # one of them the helper's, two the savepoint's
        save(coding, ("face", 1, {"stance": 0}))


# --- the rest is absent ---------------------------------------------------------------------


def test_rest_becomes_absent_as_one_recorded_act(coding):
    save(coding, ("face", 0, {"stance": 1}))
    rest = [slug for slug in SCHWARTZ if slug != "face"]
    answer = submit(coding, rest=rest)
    assert len(answer["saved"]) == 18
    assert set(coding.judgements.filter(is_rest=True).values_list("stance", flat=True)) == {0}
    assert not judgement(coding, "face").is_rest
    coding.refresh_from_db()
    assert coding.rest_absent_at is not None
    assert Change.objects.get(what="coding.rest_absent").after == sorted(rest)


@pytest.mark.parametrize("shown", [SCHWARTZ[:-1], [*SCHWARTZ, "extra"], []])
def test_rest_is_refused_where_the_page_shows_something_else(coding, shown):
    with pytest.raises(UnsetError) as refused:
        submit(coding, rest=shown)
    assert len(refused.value.more["rows"]) == 19
    assert coding.judgements.filter(stance__isnull=True).count() == 19


def test_rest_changed_afterwards_is_no_longer_rest(coding):
    submit(coding, rest=SCHWARTZ)
    save(coding, ("face", 1, {"stance": 1}))
    assert not judgement(coding, "face").is_rest


# --- submitting -----------------------------------------------------------------------------


def test_submit_is_refused_while_a_value_is_unset(coding):
    fill(coding)
    save(coding, ("face", 1, {"stance": None}))
    with pytest.raises(UnsetError, match="Face") as refused:
        submit(coding)
    assert refused.value.more["keys"] == ["face"]
    coding.refresh_from_db()
    assert coding.submitted_at is None


def test_submit_keeps_the_first_stances_for_ever(coding):
    fill(coding)
    assert submit(coding)["submitted"]
    save(coding, ("face", 1, {"stance": 1}))
    submit(coding)
    face = judgement(coding, "face")
    assert (face.first_stance, face.stance) == (0, 1)
    coding.refresh_from_db()
    assert coding.corrected_at is not None
    assert coding.submitted_at < coding.corrected_at
    assert Change.objects.filter(what="judgement.corrected").count() == 1
    assert Change.objects.filter(what="coding.submitted").count() == 1


def test_submit_with_the_rest_is_one_act(coding):
    save(coding, ("face", 0, {"stance": 1}))
    submit(coding, rest=[slug for slug in SCHWARTZ if slug != "face"])
    coding.refresh_from_db()
    assert coding.submitted_at is not None
    assert coding.judgements.filter(first_stance__isnull=True).count() == 0


def test_submit_with_another_rest_changes_nothing(coding):
    with pytest.raises(UnsetError):
        submit(coding, rest=["face"])
    assert coding.judgements.filter(stance__isnull=True).count() == 19


def test_submitted_answer_cannot_be_cleared(coding):
    fill(coding)
    submit(coding)
    with pytest.raises(MalformedError, match="submitted"):
        save(coding, ("face", 1, {"stance": None}))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"played_ms": 4_900}, ["hardly_played"]),
        ({"played_ms": 10_000, "heard_ms": 100}, ["played_muted"]),
        ({"played_ms": 10_000, "heard_ms": 6_000}, []),
    ],
)
def test_submit_asks_about_a_video_hardly_played_or_heard(coding, fields, asked):
    video = coding.video
    video.media, video.duration_ms, video.has_sound = "x.mp4", 10_000, True
    video.save()
    fill(coding)
    Coding.objects.filter(pk=coding.pk).update(**fields)
    answer = submit(coding, acknowledged=[])
    assert answer.get("ask", []) == asked
    coding.refresh_from_db()
    assert (coding.submitted_at is None) == bool(asked)
    assert submit(coding, acknowledged=asked)["submitted"]


@pytest.mark.parametrize(
    "fields",
    [
        {"media": ""},
        {"duration_ms": None},
        {"has_sound": False},
        {"has_sound": None, "has_audio_stream": False},
    ],
)
def test_nothing_is_asked_about_what_cannot_be_known_or_heard(coding, fields):
    video = coding.video
    for name, value in {"media": "x.mp4", "duration_ms": 10_000, "has_sound": True, **fields}.items():
        setattr(video, name, value)
    coding.played_ms = 9_000 if video.media and video.duration_ms else 0
    assert questions_before_submitting(coding) == []


def test_submit_of_an_expired_coding_takes_its_place_back_only_if_it_is_free(coding):
    fill(coding)
    slot = coding.slot
    Coding.objects.filter(pk=coding.pk).update(slot=None)
    for free in Slot.objects.filter(video=coding.video):
        Slot.objects.filter(pk=free.pk).update(is_open=False)
    with pytest.raises(ClosedError, match="pool"):
        submit(coding)
    Slot.objects.filter(pk=slot.pk).update(is_open=True)
    submit(coding)
    coding.refresh_from_db()
    assert coding.slot == slot
    assert not Slot.objects.get(pk=slot.pk).is_open


def test_submission_after_feedback_is_marked(study, coder, coding):
    other = make_video(study)
    fill(coding)
    record_sight(user=coder, videos=[other], kind=Seen.GOLD)
    batch = coding.video.batch
    batch.released_at = timezone.now()
    batch.save()
    submit(coding)
    coding.refresh_from_db()
    assert coding.saw_feedback


def test_submission_without_feedback_is_not_marked(study, coder, coding):
    record_sight(user=coder, videos=[make_video(study)], kind=Seen.GOLD)
    fill(coding)
    submit(coding)
    coding.refresh_from_db()
    assert not coding.saw_feedback


def test_last_submission_makes_gold_by_agreement_where_the_study_says_so(study, coder, coding):
    study.auto_gold = True
    study.save()
    make_coding(coding.video, make_member(study, Role.ANNOTATOR), rest=0)
    fill(coding)
    submit(coding)
    assert GoldLabel.objects.filter(video=coding.video, stance=0).count() == 19


def test_correction_is_counted_in_what_the_codings_differ_in(study, coding):
    make_coding(coding.video, make_member(study, Role.ANNOTATOR), rest=0)
    fill(coding)
    submit(coding)
    assert Comparison.objects.get(video=coding.video).n_open == 0
    save(coding, ("face", 1, {"stance": 1}))
    assert Comparison.objects.get(video=coding.video).n_open == 1


# --- waiting and ending otherwise -------------------------------------------------------------


def test_park_and_take_up_again(coding):
    assert park(coding=coding, is_parked=True).state == CodingState.PARKED
    assert park(coding=coding, is_parked=True).parked_at is not None
    assert park(coding=coding, is_parked=False).state == CodingState.IN_WORK


def test_set_aside_is_recorded_and_can_be_taken_back(coding):
    coding = set_aside(coding=coding, because=SetAside.LANGUAGE, note="Thai?", by=coding.coder)
    assert coding.state == CodingState.SET_ASIDE
    with pytest.raises(ClosedError, match="set this video aside"):
        submit(coding)
    coding = take_back(coding=coding, by=coding.coder)
    assert (coding.state, coding.set_aside_because) == (CodingState.IN_WORK, "")
    assert list(Change.objects.order_by("pk").values_list("what", flat=True)) == [
        "coding.set_aside",
        "coding.taken_back",
    ]


def test_set_aside_cannot_be_taken_back_after_a_claim(coding):
    coding = set_aside(coding=coding, because=SetAside.GONE, note="", by=coding.coder)
    Coding.objects.filter(pk=coding.pk).update(closed_at=timezone.now())
    with pytest.raises(ClosedError):
        take_back(coding=coding, by=coding.coder)


def test_course_only_grows_and_ends_with_the_submission(coding):
    Coding.objects.filter(pk=coding.pk).update(started_at=timezone.now() - timedelta(minutes=5))
    coding.refresh_from_db()
    for played, heard, active in [(5_000, 6_000, 60_000), (3_000, 1_000, 50_000), (0, 0, 10**9)]:
        record_course(coding=coding, played_ms=played, heard_ms=heard, active_ms=active)
    coding.refresh_from_db()
    assert (coding.played_ms, coding.heard_ms) == (5_000, 5_000)
    assert 300_000 <= coding.active_ms < 310_000  # never more than has passed
    fill(coding)
    submit(coding)
    record_course(coding=coding, played_ms=9_000, heard_ms=9_000, active_ms=0)
    coding.refresh_from_db()
    assert coding.played_ms == 5_000


@pytest.mark.parametrize("state", CodingState.values)
def test_states_are_the_same_for_one_and_for_many(study, coder, state):
    now = timezone.now()
    fields = {
        "closed": {"closed_at": now, "submitted_at": now},
        "set-aside": {"set_aside_at": now, "set_aside_because": "gone", "submitted_at": now},
        "submitted": {"submitted_at": now, "slot": None},
        "parked": {"parked_at": now, "slot": None},
        "late": {"slot": None},
        "in-work": {},
    }[state]
    coding = make_coding(make_video(study), coder, submitted=False)
    Coding.objects.filter(pk=coding.pk).update(**fields)
    coding.refresh_from_db()
    assert coding.state == state
    assert [name for name in CodingState.values if Coding.objects.in_state(name).exists()] == [state]
