"""Claiming, deciding, finishing, opening again, gold by agreement."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotator.actions.claims import LEASE, NotClaimableError, claim_next, queue, renew
from annotator.actions.comparison import compare
from annotator.actions.consolidation import (
    UndecidedError,
    claim,
    consolidate_by_agreement,
    finish,
    gold_where_agreed,
    reopen,
    set_aside,
    unclaim,
)
from annotator.actions.exposure import record_sight
from annotator.errors import RefusedError
from annotator.models import (
    Change,
    Coding,
    Comparison,
    Consolidation,
    ConsolidationOrder,
    ConsolidationState,
    Decision,
    GoldLabel,
    Judgement,
    Origin,
    Role,
    Seen,
)
from annotator.queries.sheet import read_sheet
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility", "tradition"])


@pytest.fixture
def consolidator(study):
    return make_member(study, Role.CONSOLIDATOR)


@pytest.fixture
def ready(study):
    """Makes videos coded by two; the stances on "face" differ."""

    def make(first=None, second=None, **fields):
        video = make_video(study, **fields)
        make_coding(video, make_user(), {"face": 1} if first is None else first)
        make_coding(video, make_user(), {"face": -1} if second is None else second)
        compare(video=video)
        return video

    return make


def decide(consolidation, **stances):
    for slug, stance in stances.items():
        value = consolidation.codebook.values.get(slug=slug)
        Decision.objects.update_or_create(
            consolidation=consolidation, value=value, defaults={"stance": stance}
        )


def lapse(consolidation):
    Consolidation.objects.filter(pk=consolidation.pk).update(
        lease_until=timezone.now() - timedelta(minutes=1)
    )


def gold_of(video):
    return dict(GoldLabel.objects.filter(video=video).values_list("value__slug", "stance"))


# --- claiming -----------------------------------------------------------------------------


def test_claim_closes_all_codings_of_the_video(ready, consolidator):
    video = ready()
    consolidation = claim(video=video, by=consolidator)
    assert consolidation.claimed_by == consolidator
    assert not Coding.objects.filter(video=video, closed_at=None).exists()
    assert Change.objects.get(what="consolidation.claimed").by == consolidator


def test_claim_by_a_second_person_is_refused_with_the_name(study, ready, consolidator):
    video = ready()
    claim(video=video, by=consolidator)
    with pytest.raises(NotClaimableError, match=consolidator.username):
        claim(video=video, by=make_member(study, Role.CONSOLIDATOR))


def test_claim_again_by_the_same_person_prolongs(ready, consolidator):
    video = ready()
    first = claim(video=video, by=consolidator)
    lapse(first)
    second = claim(video=video, by=consolidator)
    assert second.pk == first.pk
    assert second.lease_until > timezone.now() + LEASE / 2


def test_lapsed_claim_is_taken_over_with_its_decisions(study, ready, consolidator):
    video = ready()
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, face=0)
    lapse(consolidation)
    other = make_member(study, Role.CONSOLIDATOR)
    taken = claim(video=video, by=other)
    assert taken.claimed_by == other
    assert taken.decisions.get().stance == 0
    change = Change.objects.get(what="consolidation.taken_over")
    assert (change.before, change.after) == (consolidator.username, other.username)


def test_nobody_claims_what_they_coded(study, consolidator):
    video = make_video(study)
    make_coding(video, consolidator)
    make_coding(video, make_user())
    compare(video=video)
    with pytest.raises(NotClaimableError, match="coded this video yourself"):
        claim(video=video, by=consolidator)
    assert not queue(study=study, user=consolidator).exists()
    assert not Consolidation.objects.exists()


def test_own_video_is_marked_where_the_study_allows_it(study, consolidator):
    study.allow_own_consolidation = True
    study.save()
    video = make_video(study)
    make_coding(video, consolidator)
    make_coding(video, make_user())
    compare(video=video)
    assert queue(study=study, user=consolidator).exists()
    assert claim(video=video, by=consolidator).was_own is True


def test_slot_that_ran_out_untouched_does_not_bar_a_consolidator(study, ready, consolidator):
    video = ready()
    Coding.objects.create(
        study=study, video=video, coder=consolidator, codebook=study.codebook, touched_at=None
    )
    assert queue(study=study, user=consolidator).exists()
    assert claim(video=video, by=consolidator).was_own is False


def test_video_that_is_not_ready_cannot_be_claimed(study, consolidator):
    video = make_video(study)
    make_coding(video, make_user())
    make_coding(video, make_user(), submitted=False)
    with pytest.raises(NotClaimableError, match="Not all coders"):
        claim(video=video, by=consolidator)
    assert Coding.objects.filter(closed_at=None).count() == 2


def test_withdrawn_and_finished_videos_cannot_be_claimed(study, ready, consolidator):
    video = ready(withdrawn_at=timezone.now())
    with pytest.raises(NotClaimableError, match="withdrawn"):
        claim(video=video, by=consolidator)
    assert not queue(study=study, user=consolidator).exists()
    done = ready({"face": 1}, {"face": 1})
    finish(consolidation=claim(video=done, by=consolidator), by=consolidator)
    with pytest.raises(NotClaimableError, match="already"):
        claim(video=done, by=consolidator)


def test_renewing_keeps_others_out_but_only_for_the_holder(study, ready, consolidator):
    consolidation = claim(video=ready(), by=consolidator)
    lapse(consolidation)
    assert renew(consolidation=consolidation, by=make_user()) is False
    assert renew(consolidation=consolidation, by=consolidator) is True
    assert not queue(study=study, user=make_member(study, Role.CONSOLIDATOR)).exists()


# --- the queue ----------------------------------------------------------------------------


def test_queue_goes_batch_by_batch_in_neutral_order(study, ready, consolidator):
    first, second = make_batch(study, order=1), make_batch(study, order=2)
    late = ready(batch=second, position=1)
    b = ready(batch=first, position=20)
    a = ready({"face": 1}, {"face": 0}, batch=first, position=10)
    assert [row.video for row in queue(study=study, user=consolidator)] == [a, b, late]


def test_queue_with_most_conflicts_first_is_an_option(study, ready, consolidator):
    study.consolidation_order = ConsolidationOrder.CONFLICTS_FIRST
    study.save()
    presence = ready({"face": 1}, {"face": 0}, position=1)
    opposed = ready({"face": 1}, {"face": -1}, position=2)
    assert [row.video for row in queue(study=study, user=consolidator)] == [opposed, presence]


def test_agreed_video_waits_for_one_look(study, ready, consolidator):
    video = ready({"face": 1}, {"face": 1})
    assert queue(study=study, user=consolidator).get().n_open == 0
    finish(consolidation=claim(video=video, by=consolidator), by=consolidator)
    assert gold_of(video) == {"face": 1, "humility": 0, "tradition": 0}


def test_queue_leaves_out_what_every_coder_set_aside(study, consolidator):
    video = make_video(study)
    for _n in range(2):
        make_coding(video, make_user(), rest=None, set_aside_at=timezone.now(), set_aside_because="gone")
    assert compare(video=video).n_set_aside == 2
    assert not queue(study=study, user=consolidator).exists()
    with pytest.raises(NotClaimableError):
        claim(video=video, by=consolidator)


def test_claim_next_goes_on_with_what_is_in_hand(study, ready, consolidator):
    held = claim(video=ready(position=5), by=consolidator)
    ready(position=1)
    assert claim_next(study=study, by=consolidator).pk == held.pk


def test_claim_next_skips_what_others_hold(study, ready, consolidator):
    first, second = ready(position=1), ready(position=2)
    claim(video=first, by=make_member(study, Role.CONSOLIDATOR))
    assert claim_next(study=study, by=consolidator).video == second
    assert claim_next(study=study, by=make_member(study, Role.CONSOLIDATOR)) is None


# --- letting go ---------------------------------------------------------------------------


def test_unclaim_before_any_decision_opens_the_codings_again(study, ready, consolidator):
    video = ready()
    unclaim(consolidation=claim(video=video, by=consolidator), by=consolidator)
    assert not Consolidation.objects.exists()
    assert not Coding.objects.filter(video=video).exclude(closed_at=None).exists()
    assert Change.objects.filter(what="consolidation.released").exists()


def test_unclaim_after_a_decision_keeps_it_and_leaves_the_codings_closed(study, ready, consolidator):
    video = ready()
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, face=1)
    unclaim(consolidation=consolidation, by=consolidator)
    assert not Coding.objects.filter(video=video, closed_at=None).exists()
    assert queue(study=study, user=consolidator).exists()
    other = make_member(study, Role.CONSOLIDATOR)
    assert claim(video=video, by=other).decisions.get().stance == 1


def test_unclaim_by_somebody_else_is_refused(study, ready, consolidator):
    consolidation = claim(video=ready(), by=consolidator)
    with pytest.raises(RefusedError):
        unclaim(consolidation=consolidation, by=make_user())


# --- finishing ----------------------------------------------------------------------------


def test_finish_with_an_undecided_conflict_names_it_and_changes_nothing(ready, consolidator):
    video = ready({"face": 1, "humility": 1}, {"face": -1})
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, humility=1)
    with pytest.raises(UndecidedError, match="Face"):
        finish(consolidation=consolidation, by=consolidator)
    consolidation.refresh_from_db()
    assert consolidation.state == ConsolidationState.CLAIMED
    assert not GoldLabel.objects.exists()


def test_finish_makes_gold_of_decisions_over_agreement(ready, consolidator):
    video = ready({"face": 1, "humility": 1}, {"face": -1, "humility": 1})
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, face=0)
    finish(consolidation=consolidation, by=consolidator)
    assert gold_of(video) == {"face": 0, "humility": 1, "tradition": 0}
    conflicts = dict(GoldLabel.objects.values_list("value__slug", "was_conflict"))
    assert conflicts == {"face": True, "humility": False, "tradition": False}


def test_agreed_value_can_be_changed_deliberately(ready, consolidator):
    video = ready({"face": 1}, {"face": 1})
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, humility=-1)
    finish(consolidation=consolidation, by=consolidator)
    assert gold_of(video)["humility"] == -1
    assert GoldLabel.objects.get(value__slug="humility").was_conflict is False


def test_finishing_leaves_every_judgement_as_it_was(ready, consolidator):
    video = ready()
    told = ("pk", "stance", "first_stance", "revision")
    before = list(Judgement.objects.values_list(*told))
    consolidation = claim(video=video, by=consolidator)
    decide(consolidation, face=0, humility=1)
    finish(consolidation=consolidation, by=consolidator)
    assert list(Judgement.objects.values_list(*told)) == before


def test_gold_records_that_predictions_had_been_seen(ready, consolidator):
    blind, seen = ready(), ready()
    record_sight(user=consolidator, videos=[seen], kind=Seen.PREDICTIONS)
    for video in (blind, seen):
        consolidation = claim(video=video, by=consolidator)
        decide(consolidation, face=1)
        Decision.objects.filter(consolidation=consolidation).update(predictions_seen=video == seen)
        finish(consolidation=consolidation, by=consolidator)
    assert not GoldLabel.objects.filter(video=blind, predictions_seen=True).exists()
    assert not GoldLabel.objects.filter(video=seen, predictions_seen=False).exists()


def test_set_aside_by_one_coder_leaves_the_other_ones_stances(study, consolidator):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    make_coding(video, make_user(), rest=None, set_aside_at=timezone.now(), set_aside_because="no-sound")
    compare(video=video)
    row = queue(study=study, user=consolidator).get()
    assert (row.n_set_aside, row.n_open) == (1, 0)
    finish(consolidation=claim(video=video, by=consolidator), by=consolidator)
    assert gold_of(video)["face"] == 1


def test_consolidator_may_agree_that_a_video_cannot_be_coded(study, consolidator):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    make_coding(video, make_user(), rest=None, set_aside_at=timezone.now(), set_aside_because="gone")
    done = set_aside(consolidation=claim(video=video, by=consolidator), by=consolidator)
    assert (done.is_done, done.is_set_aside) == (True, True)
    assert not GoldLabel.objects.exists()


def test_nobody_sets_aside_what_all_coders_could_code(ready, consolidator):
    consolidation = claim(video=ready(), by=consolidator)
    with pytest.raises(RefusedError):
        set_aside(consolidation=consolidation, by=consolidator)


def test_sides_are_shuffled_by_video_and_stay(study, ready, consolidator):
    coders = [make_user(), make_user()]
    firsts = set()
    for _n in range(12):
        video = make_video(study)
        for coder in coders:
            make_coding(video, coder)
        consolidation = claim(video=video, by=consolidator)
        sides = [side.coding.coder for side in read_sheet(consolidation).sides]
        assert sides == [side.coding.coder for side in read_sheet(consolidation).sides]
        firsts.add(sides[0])
        unclaim(consolidation=consolidation, by=consolidator)
    assert firsts == set(coders)


# --- opening again ------------------------------------------------------------------------


def finished(video, by, **stances):
    consolidation = claim(video=video, by=by)
    decide(consolidation, **stances)
    return finish(consolidation=consolidation, by=by)


def test_reopened_gold_stands_until_finished_again(ready, consolidator):
    video = ready()
    consolidation = reopen(consolidation=finished(video, consolidator, face=1), by=consolidator)
    assert consolidation.state == ConsolidationState.REOPENED
    assert gold_of(video)["face"] == 1
    decide(consolidation, face=-1)
    finish(consolidation=consolidation, by=consolidator)
    assert gold_of(video)["face"] == -1
    change = Change.objects.get(what="gold.replaced")
    assert (change.before, change.after) == ({"face": 1}, {"face": -1})


def test_reopening_by_a_researcher_sends_it_back_to_the_queue(study, ready, consolidator):
    consolidation = finished(ready(), consolidator, face=1)
    reopened = reopen(consolidation=consolidation, by=make_member(study, Role.RESEARCHER))
    assert reopened.claimed_by == consolidator
    assert queue(study=study, user=make_member(study, Role.CONSOLIDATOR)).exists()


def test_reopening_by_another_consolidator_is_refused(study, ready, consolidator):
    consolidation = finished(ready(), consolidator, face=1)
    with pytest.raises(RefusedError):
        reopen(consolidation=consolidation, by=make_member(study, Role.CONSOLIDATOR))


def test_deciding_on_finished_work_is_refused(ready, consolidator):
    consolidation = finished(ready(), consolidator, face=1)
    with pytest.raises(RefusedError, match="finished"):
        finish(consolidation=consolidation, by=consolidator)


# --- gold by itself -----------------------------------------------------------------------


@pytest.fixture
def automatic(study):
    study.auto_gold = True
    study.save()
    return study


def test_full_agreement_becomes_gold_where_the_study_allows_it(automatic, ready):
    video = ready({"face": 1}, {"face": 1})
    consolidation = consolidate_by_agreement(video=video)
    assert (consolidation.origin, consolidation.state) == (Origin.AUTOMATIC, ConsolidationState.DONE)
    assert set(GoldLabel.objects.values_list("origin", "decided_by")) == {(Origin.AUTOMATIC, None)}
    assert gold_of(video) == {"face": 1, "humility": 0, "tradition": 0}


def test_agreement_alone_makes_no_gold_by_default(study, ready):
    assert consolidate_by_agreement(video=ready({"face": 1}, {"face": 1})) is None
    assert not GoldLabel.objects.exists()


def test_one_differing_value_prevents_gold_by_itself(automatic, ready, consolidator):
    assert consolidate_by_agreement(video=ready()) is None
    assert not GoldLabel.objects.exists()
    assert queue(study=automatic, user=consolidator).exists()


def test_correction_that_makes_a_conflict_takes_automatic_gold_back(automatic, ready, consolidator):
    video = ready({"face": 1}, {"face": 1})
    consolidate_by_agreement(video=video)
    Judgement.objects.filter(coding=video.codings.first(), value__slug="face").update(stance=-1)
    consolidate_by_agreement(video=video)
    assert not GoldLabel.objects.exists()
    assert Change.objects.get(what="gold.withdrawn").before["face"] == 1
    assert queue(study=automatic, user=consolidator).get().n_opposed == 1


def test_correction_that_keeps_agreement_moves_automatic_gold(automatic, ready):
    video = ready({"face": 1}, {"face": 1})
    consolidate_by_agreement(video=video)
    Judgement.objects.filter(coding__video=video, value__slug="face").update(stance=-1)
    consolidate_by_agreement(video=video)
    assert gold_of(video)["face"] == -1
    assert Consolidation.objects.get().origin == Origin.AUTOMATIC


def test_switching_agreement_on_makes_gold_of_what_already_agrees(study, ready, consolidator):
    agreed, differing = ready({"face": 1}, {"face": 1}), ready()
    half = ready({"face": 1}, {"face": 1})
    half.codings.update(set_aside_at=timezone.now(), set_aside_because="sound")
    compare(video=half)
    begun = ready({"face": -1}, {"face": -1})
    claim(video=begun, by=consolidator)
    assert gold_where_agreed(study) == 0  # as long as the study does not allow it
    study.auto_gold = True
    study.save()
    assert gold_where_agreed(study) == 1
    assert set(GoldLabel.objects.values_list("video", "origin")) == {(agreed.pk, Origin.AUTOMATIC)}
    assert Consolidation.objects.get(video=begun).claimed_by == consolidator
    assert not Consolidation.objects.filter(video=differing).exists()
    assert gold_where_agreed(study) == 0


def test_automatic_gold_leaves_a_persons_consolidation_alone(automatic, ready, consolidator):
    video = ready()
    finished(video, consolidator, face=0)
    assert consolidate_by_agreement(video=video) is None
    assert gold_of(video)["face"] == 0


def test_queue_and_claim_next_take_the_same_queries_for_many_videos(
    study, ready, consolidator, django_assert_max_num_queries
):
    for position in range(25):
        ready(position=position)
    with django_assert_max_num_queries(1):
        assert len(list(queue(study=study, user=consolidator))) == 25
    with django_assert_max_num_queries(22):
        claim_next(study=study, by=consolidator)
    assert Comparison.objects.count() == 25
