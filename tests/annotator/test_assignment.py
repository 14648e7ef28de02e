"""Slots, the next video and reservations."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from annotator.actions.assignment import (
    AssignmentError,
    expire_slots,
    is_last_consolidator,
    open_slots,
    peek_next_video,
    reassign_slot,
    reserve_slot,
    take_next_coding,
)
from annotator.actions.batches import share_out
from annotator.models import Change, Coding, Exposure, Role, Seen, Slot
from tests.factories import make_batch, make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db


def submit(coding):
    """End a coding as the assignment sees it."""
    Coding.objects.filter(pk=coding.pk).update(submitted_at=timezone.now(), touched_at=timezone.now())


def all_videos_of(study, coder):
    """The ids of the videos the coder gets until nothing is left, in order."""
    got = []
    while coding := take_next_coding(study=study, coder=coder):
        got.append(coding.video_id)
        submit(coding)
    return got


@pytest.fixture
def study():
    return make_study()


def test_open_slots_gives_every_video_its_places(study):
    batch = make_batch(study)
    videos = [make_video(study, batch=batch, slots=False) for _ in range(3)]
    assert open_slots(videos=videos, batch=batch) == 6
    assert open_slots(videos=videos, batch=batch) == 0
    assert Counter(Slot.objects.values_list("video", flat=True)) == {video.pk: 2 for video in videos}


def test_take_next_coding_gives_each_coder_every_video_once(study):
    videos = {make_video(study).pk for _ in range(6)}
    first, second = make_member(study, Role.ANNOTATOR), make_member(study, Role.ANNOTATOR)
    orders = [all_videos_of(study, coder) for coder in (first, second)]
    assert [set(order) for order in orders] == [videos, videos]
    assert all(len(order) == 6 for order in orders)


def test_take_next_coding_orders_differ_between_coders(study):
    for _ in range(30):
        make_video(study)
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    assert len({tuple(all_videos_of(study, coder)) for coder in coders}) == 2


def test_take_next_coding_never_exceeds_the_coders_per_video(study):
    for _ in range(5):
        make_video(study)
    for _ in range(4):
        all_videos_of(study, make_member(study, Role.ANNOTATOR))
    assert set(Counter(Coding.objects.values_list("video", flat=True)).values()) == {2}


def test_take_next_coding_returns_the_coding_in_work(study):
    make_video(study), make_video(study)
    coder = make_member(study, Role.ANNOTATOR)
    assert take_next_coding(study=study, coder=coder) == take_next_coding(study=study, coder=coder)
    assert Coding.objects.count() == 1


def test_take_next_coding_leaves_a_parked_video_for_later(study):
    make_video(study), make_video(study)
    coder = make_member(study, Role.ANNOTATOR)
    parked = take_next_coding(study=study, coder=coder)
    Coding.objects.filter(pk=parked.pk).update(parked_at=timezone.now(), touched_at=timezone.now())
    assert take_next_coding(study=study, coder=coder) != parked


def test_take_next_coding_finishes_a_batch_before_the_next(study):
    early, late = make_batch(study, "early"), make_batch(study, "late")
    for _ in range(3):
        make_video(study, batch=late)
    firsts = {make_video(study, batch=early).pk for _ in range(3)}
    order = all_videos_of(study, make_member(study, Role.ANNOTATOR))
    assert set(order[:3]) == firsts


def test_take_next_coding_skips_closed_batches_and_withdrawn_videos(study):
    make_video(study, batch=make_batch(study, is_open=False))
    make_video(study, batch=make_batch(study), withdrawn_at=timezone.now())
    assert take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR)) is None


def test_take_next_coding_passes_a_fair_share_over_while_there_is_other_work(study):
    early, late = make_batch(study), make_batch(study)
    for _ in range(4):
        make_video(study, batch=early), make_video(study, batch=late)
    coder, *_ = [make_member(study, Role.ANNOTATOR) for _ in range(4)]
    batches = [Coding.objects.get(video=pk, coder=coder).slot.batch for pk in all_videos_of(study, coder)]
    assert batches == [early, early, late, late, early, early, late, late]


def test_take_next_coding_leaves_alone_what_is_kept_for_the_other_consolidator(study):
    """Else the place would stay kept for somebody who may not take it, and the video would stand still."""
    video = make_video(study)
    one, two = [make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR) for _ in range(2)]
    reserve_slot(video=video, coder=one, by=make_member(study, Role.RESEARCHER))
    assert take_next_coding(study=study, coder=two) is None
    assert take_next_coding(study=study, coder=one).video == video
    assert take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR)).video == video


def test_share_out_leaves_a_consolidator_for_every_video(study):
    batch = make_batch(study)
    videos = [make_video(study, batch=batch) for _ in range(4)]
    both = [make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR) for _ in range(2)]
    make_member(study, Role.ANNOTATOR)
    share_out(batch=batch, by=make_member(study, Role.RESEARCHER))
    for video in videos:
        kept = set(video.slots.exclude(reserved_for=None).values_list("reserved_for", flat=True))
        assert len(kept) == 2
        assert not kept >= {person.pk for person in both}


def test_take_next_coding_leaves_a_consolidator_for_every_video(study):
    make_video(study)
    both = [make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR) for _ in range(2)]
    assert take_next_coding(study=study, coder=both[0]) is not None
    assert take_next_coding(study=study, coder=both[1]) is None
    assert take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR)) is not None


@pytest.mark.parametrize(("lifted", "given"), [(False, False), (True, True)])
def test_take_next_coding_of_a_video_whose_labels_were_seen(study, lifted, given):
    study.lift_blindness = lifted
    study.save()
    coder = make_member(study, Role.ANNOTATOR)
    Exposure.objects.create(user=coder, video=make_video(study), kind=Seen.CODINGS)
    assert (take_next_coding(study=study, coder=coder) is not None) == given


def test_take_next_coding_lets_a_small_team_consolidate_its_own(study):
    study.allow_own_consolidation = True
    study.save()
    make_video(study)
    only = make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR)
    assert take_next_coding(study=study, coder=only) is not None
    assert not is_last_consolidator(study=study, coder=only)


def test_is_last_consolidator_of_the_only_one(study):
    make_video(study)
    only = make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR)
    assert is_last_consolidator(study=study, coder=only)
    assert take_next_coding(study=study, coder=only) is None


def test_expire_slots_returns_an_untouched_video_and_keeps_the_coding(study):
    video = make_video(study)
    coder = make_member(study, Role.ANNOTATOR)
    coding = take_next_coding(study=study, coder=coder)
    Coding.objects.filter(pk=coding.pk).update(started_at=timezone.now() - timedelta(hours=25))
    assert expire_slots(study=study) == 1
    coding.refresh_from_db()
    assert coding.slot is None
    assert video.slots.filter(is_open=True).count() == 2
    assert Change.objects.filter(what="slot.expired", video=video).exists()
    again = take_next_coding(study=study, coder=coder)
    assert (again.pk, again.slot.video) == (coding.pk, video)


def test_expire_slots_never_takes_a_video_with_a_judgement_in_it(study):
    make_video(study)
    coding = take_next_coding(study=study, coder=make_member(study, Role.ANNOTATOR))
    long_ago = timezone.now() - timedelta(days=400)
    Coding.objects.filter(pk=coding.pk).update(started_at=long_ago, touched_at=long_ago)
    assert expire_slots(study=study) == 0


def test_reserve_slot_comes_before_everything_else(study):
    for _ in range(5):
        make_video(study)
    wanted = make_video(study, batch=make_batch(study))
    coder, researcher = make_member(study, Role.ANNOTATOR), make_member(study, Role.RESEARCHER)
    reserve_slot(video=wanted, coder=coder, by=researcher)
    assert peek_next_video(study=study, coder=coder) == wanted
    assert take_next_coding(study=study, coder=coder).video == wanted


def test_reserve_slot_keeps_the_place_from_others(study):
    video = make_video(study)
    kept_for = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    researcher = make_member(study, Role.RESEARCHER)
    for person in kept_for:
        reserve_slot(video=video, coder=person, by=researcher)
    other = make_member(study, Role.ANNOTATOR)
    assert take_next_coding(study=study, coder=other) is None
    with pytest.raises(AssignmentError, match="no free place"):
        reserve_slot(video=video, coder=other, by=researcher)


@pytest.mark.parametrize("problem", ["not an annotator", "already has", "left to consolidate"])
def test_reserve_slot_refuses(study, problem):
    video, by = make_video(study), make_member(study, Role.RESEARCHER)
    if problem == "not an annotator":
        coder = make_member(study, Role.CONSOLIDATOR)
    elif problem == "already has":
        make_coding(video, coder := make_member(study, Role.ANNOTATOR))
    else:
        coder = make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR)
    with pytest.raises(AssignmentError, match=problem):
        reserve_slot(video=video, coder=coder, by=by)


def test_reassign_slot_keeps_the_first_coders_work_out_of_the_counts(study):
    video, by = make_video(study), make_member(study, Role.RESEARCHER)
    first, second = make_member(study, Role.ANNOTATOR), make_member(study, Role.ANNOTATOR)
    coding = make_coding(video, first, {"achievement": 1}, submitted=False)
    reassign_slot(slot=coding.slot, to=second, by=by)
    coding.refresh_from_db()
    assert coding.slot is None
    assert coding.judgements.get(value__slug="achievement").stance == 1
    assert take_next_coding(study=study, coder=second).video == video


def test_reassign_slot_refuses_a_submitted_coding(study):
    coding = make_coding(make_video(study), make_member(study, Role.ANNOTATOR))
    with pytest.raises(AssignmentError, match="already submitted"):
        reassign_slot(slot=coding.slot, to=None, by=make_member(study, Role.RESEARCHER))


def test_share_out_gives_equal_loads_and_mixes_pairs(study):
    batch = make_batch(study)
    for _ in range(30):
        make_video(study, batch=batch)
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(4)]
    assert share_out(batch=batch, by=make_member(study, Role.RESEARCHER)) == 60
    loads = Counter(Slot.objects.values_list("reserved_for", flat=True))
    assert set(loads.values()) == {15}
    pairs = {}
    for video, coder in Slot.objects.order_by("reserved_for").values_list("video", "reserved_for"):
        pairs[video] = (*pairs.get(video, ()), coder)
    assert len(set(pairs.values())) >= len(coders)


@pytest.mark.django_db(transaction=True)
def test_take_next_coding_by_eight_clients_at_once_never_exceeds_the_slots():
    study = make_study()
    for _ in range(6):
        make_video(study)
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(8)]
    errors = []
    start = threading.Barrier(8)

    def work(coder):
        try:
            start.wait()
            all_videos_of(study, coder)
        except Exception as exc:  # noqa: BLE001  (shown by the assertion below)
            errors.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(coder,)) for coder in coders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Counter(Coding.objects.values_list("video", flat=True)) == Counter(
        {video.pk: 2 for video in study.videos.all()}
    )
    assert not Slot.objects.filter(is_open=True).exists()
