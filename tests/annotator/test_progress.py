"""Counts for dashboards: right, and by a constant number of queries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.actions.claims import queue
from annotator.actions.comparison import refresh_comparisons
from annotator.models import Answer, Batch, Coding, Comparison, Consolidation, Question, Role, Slot, Video
from annotator.queries.dashboard import gold_growth
from annotator.queries.progress import (
    GOLD,
    NOT_STARTED,
    PARTLY,
    SET_ASIDE,
    SETTLING,
    WAITING,
    gold_shares,
    people_progress,
    study_progress,
)
from annotator.queries.work import open_questions, waiting_for, work_of
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study(name="Values")


@pytest.fixture
def coders(study):
    return [make_member(study, Role.ANNOTATOR) for _ in range(2)]


def set_aside(coding, because="language"):
    Coding.objects.filter(pk=coding.pk).update(set_aside_at=timezone.now(), set_aside_because=because)


def one_in_each_state(study, coders, batch):
    """Six videos, one in each state, and a withdrawn one."""
    first, second = coders
    settler = make_member(study, Role.CONSOLIDATOR)
    make_video(study, batch=batch)
    make_coding(make_video(study, batch=batch), first)
    for state in (None, "claimed", "done"):
        video = make_video(study, batch=batch)
        make_coding(video, first)
        make_coding(video, second)
        if state:
            Consolidation.objects.create(video=video, state=state, claimed_by=settler)
    gone = make_video(study, batch=batch)
    for coder in coders:
        set_aside(make_coding(gone, coder, submitted=False))
    make_video(study, batch=batch, withdrawn_at=timezone.now())
    return settler


def test_every_state_is_counted_once(study, coders):
    batch = make_batch(study)
    one_in_each_state(study, coders, batch)
    progress = study_progress(study)
    each = {GOLD: 1, SETTLING: 1, WAITING: 1, PARTLY: 1, NOT_STARTED: 1, SET_ASIDE: 1}
    assert progress.total.counts == each
    assert progress.batches[0].counts == each
    assert progress.total.n_videos == 6
    assert progress.total.percent_gold == 20  # of the five that can be coded
    assert progress.set_aside == {"In a language I do not understand": 2}


def test_one_coder_setting_aside_leaves_the_video_to_the_consolidator(study, coders):
    video = make_video(study)
    make_coding(video, coders[0])
    set_aside(make_coding(video, coders[1], submitted=False))
    assert study_progress(study).total.counts == {WAITING: 1}


def test_an_expired_coding_counts_for_nothing(study, coders):
    coding = make_coding(make_video(study), coders[0])
    Coding.objects.filter(pk=coding.pk).update(slot=None)
    assert study_progress(study).total.counts == {NOT_STARTED: 1}


def test_empty_batches_and_videos_without_a_batch_are_seen(study):
    make_batch(study, "Empty")
    Video.objects.create(study=study, external_id="1")
    progress = study_progress(study)
    assert [row.n_videos for row in progress.batches] == [0]
    assert progress.no_batch.n_videos == 1
    assert progress.batches[0].percent_gold == 0


def test_shares_fill_the_bar_and_blind_ones_hide_what_was_settled(study, coders):
    one_in_each_state(study, coders, make_batch(study))
    total = study_progress(study).total
    shares = total.shares()
    assert sum(share.width for share in shares) == pytest.approx(100, abs=0.01)
    assert [share.start for share in shares] == pytest.approx(
        [sum(share.width for share in shares[:i]) for i in range(6)], abs=0.01
    )
    blind = {share.state: share.n for share in total.shares(blind=True)}
    assert blind == {GOLD: 3, PARTLY: 1, NOT_STARTED: 1, SET_ASIDE: 1}
    assert str(next(s.label for s in total.shares(blind=True) if s.state == GOLD)) == "Coded"


def test_number_of_queries_is_the_same_for_a_larger_study(study, coders, django_assert_num_queries):
    for _ in range(4):
        one_in_each_state(study, coders, make_batch(study))
    with django_assert_num_queries(3):
        study_progress(study)
    with django_assert_num_queries(4):
        people_progress(study)
    with django_assert_num_queries(3):
        people_progress(study, with_pace=False)


def test_people_with_counts_and_median_time(study, coders):
    first, second = coders
    for ms in (10_000, 20_000, 90_000, 40_000):
        make_coding(make_video(study), first, active_ms=ms)
    for ms in (10_000, 30_000, 20_000):
        make_coding(make_video(study), second, active_ms=ms)
    make_coding(make_video(study), second, submitted=False, active_ms=999_000)
    by_user = {person.user: person for person in people_progress(study)}
    assert by_user[first].median_ms == 30_000
    assert by_user[second].median_ms == 20_000
    assert (by_user[second].n_submitted, by_user[second].n_open) == (3, 1)


def test_people_who_left_are_still_listed(study, coders):
    make_coding(make_video(study), coders[0])
    study.memberships.filter(user=coders[0]).delete()
    person = next(person for person in people_progress(study) if person.user == coders[0])
    assert (person.roles, person.n_submitted) == (frozenset(), 1)


def test_gold_shares_of_several_studies(study, coders, django_assert_num_queries):
    other = make_study()
    make_video(other)
    one_in_each_state(study, coders, make_batch(study))
    with django_assert_num_queries(1):
        shares = gold_shares([study, other])
    assert (shares[study.pk].n_gold, shares[study.pk].n_videos) == (1, 6)
    assert (shares[other.pk].n_gold, shares[other.pk].n_videos) == (0, 1)


def test_work_of_an_annotator(study, coders):
    me, colleague = coders
    first, second = make_batch(study, "One"), make_batch(study, "Two")
    make_coding(make_video(study, batch=first), me)
    begun = make_coding(make_video(study, batch=first), me, submitted=False)
    make_coding(make_video(study, batch=first), me, submitted=False, parked_at=timezone.now())
    make_video(study, batch=first)
    kept = make_video(study, batch=first)
    Slot.objects.filter(video=kept).update(reserved_for=colleague)
    make_video(study, batch=second)
    (work,) = work_of(me)
    assert [(row.batch, row.n_done, row.n_left) for row in work.batches] == [(first, 1, 1), (second, 0, 1)]
    assert (work.begun, work.next_batch.batch) == (begun, first)
    assert (work.n_parked, work.n_submitted) == (1, 1)


def test_a_closed_batch_has_nothing_left(study, coders):
    make_video(study, batch=make_batch(study, is_open=False))
    (work,) = work_of(coders[0])
    assert not work.can_code


def test_a_consolidator_waits_for_others_videos_only(study, coders):
    settler = make_member(study, Role.CONSOLIDATOR)
    mine = make_member(study, Role.CONSOLIDATOR, user=coders[0])
    video = make_video(study)
    for coder in coders:
        make_coding(video, coder, {"face": 1} if coder == mine else {})
    refresh_comparisons(study=study)
    assert Comparison.objects.count() == 1
    assert (work_of(settler)[0].n_waiting, work_of(settler)[0].n_to_decide) == (1, 1)
    assert work_of(mine)[0].n_waiting == 0
    study.allow_own_consolidation = True
    study.save()
    assert waiting_for(mine, [study]).count() == 1


def test_what_waits_is_counted_as_the_queue_has_it(study, coders):
    settler = make_member(study, Role.CONSOLIDATOR)
    video, short = make_video(study), make_video(study)
    for coder in coders:
        make_coding(video, coder)
        make_coding(short, coder)
    # A place that ran out untouched does not make the video one's own.
    Coding.objects.create(
        study=study, video=video, coder=settler, codebook=study.codebook, slot=None, touched_at=None
    )
    refresh_comparisons(study=study)
    assert waiting_for(settler, [study]).count() == 2 == queue(study=study, user=settler).count()
    Comparison.objects.filter(video=short).update(n_codings=1)
    assert waiting_for(settler, [study]).count() == 1 == queue(study=study, user=settler).count()


def test_gold_growth_is_a_line_from_the_first_to_the_last(study):
    assert gold_growth(study) is None
    now = timezone.now()
    for days in (0, 10, 10, 20):
        Consolidation.objects.create(
            video=make_video(study), state="done", finished_at=now - timedelta(days=days)
        )
    growth = gold_growth(study)
    assert (growth.n, (growth.last - growth.first).days) == (4, 20)
    points = [tuple(map(float, point.split(","))) for point in growth.points.split()]
    assert points[0] == (0.0, 76.0)  # one of four, drawn from the bottom up
    assert points[12] == (50.0, 28.0)
    assert points[-1] == (100.0, 4.0)


def test_questions_wait_until_answered(study, coders):
    settler = make_member(study, Role.CONSOLIDATOR)
    video = make_video(study)
    for coder in coders:
        make_coding(video, coder)
    consolidation = Consolidation.objects.create(video=video, claimed_by=settler)
    question = Question.objects.create(consolidation=consolidation, text="Why?", asked_by=settler)
    assert work_of(coders[0])[0].n_questions == 1
    Answer.objects.create(question=question, text="Because", by=coders[0])
    assert list(open_questions(coders[0], [study])) == []
    assert list(open_questions(coders[1], [study])) == [question]


def test_work_takes_the_same_queries_for_one_study_as_for_four(django_assert_max_num_queries):
    user = make_user()
    for _ in range(4):
        study = make_study()
        make_member(study, *Role, user=user)
        video = make_video(study)
        make_coding(video, user, submitted=False)
        make_video(study)
    assert Batch.objects.count() == 4
    with django_assert_max_num_queries(11):
        works = work_of(user)
    assert [work.next_batch.n_left for work in works] == [1, 1, 1, 1]
