"""Gold is written in one place, with its origin and its history."""

import pytest

from annotator.actions.gold import NewGold, import_gold, set_gold, withdraw_gold
from annotator.labels import Stance
from annotator.models import Change, Codebook, Consolidation, ConsolidationState, GoldLabel, Origin
from tests.factories import make_study, make_user, make_video


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility"])


@pytest.fixture
def values(study):
    return {value.slug: value for value in study.codebook.values.all()}


def test_set_gold_stores_origin_person_and_conflict(study, values):
    video, person = make_video(study), make_user()
    stances = {values["face"]: Stance.ENDORSED, values["humility"]: Stance.ABSENT}
    n = set_gold(
        video=video,
        stances=stances,
        origin=Origin.PERSON,
        by=person,
        conflicts=[values["face"]],
        predictions_seen=[values["humility"]],
    )
    assert n == 2
    face = GoldLabel.objects.get(video=video, value=values["face"])
    assert (face.stance, face.origin, face.was_conflict, face.predictions_seen) == (1, "person", True, False)
    assert face.decided_by == person
    humility = GoldLabel.objects.get(video=video, value=values["humility"])
    assert (humility.was_conflict, humility.predictions_seen) == (False, True)


def test_set_gold_freezes_the_codebook(study, values):
    set_gold(video=make_video(study), stances={values["face"]: 1}, origin=Origin.PERSON, by=None)
    assert Codebook.objects.get().frozen_at is not None


def test_replacing_gold_keeps_what_it_was(study, values):
    video, person = make_video(study), make_user()
    set_gold(video=video, stances={values["face"]: 1, values["humility"]: 0}, origin=Origin.PERSON, by=person)
    n = set_gold(
        video=video, stances={values["face"]: -1, values["humility"]: 0}, origin=Origin.PERSON, by=person
    )
    assert n == 1
    change = Change.objects.get(what="gold.replaced")
    assert (change.before, change.after, change.by, change.video) == (
        {"face": 1},
        {"face": -1},
        person,
        video,
    )


def test_setting_the_same_gold_again_changes_nothing(study, values):
    video = make_video(study)
    set_gold(video=video, stances={values["face"]: 1}, origin=Origin.PERSON, by=None)
    at = GoldLabel.objects.get().decided_at
    assert set_gold(video=video, stances={values["face"]: 1}, origin=Origin.PERSON, by=None) == 0
    assert GoldLabel.objects.get().decided_at == at
    assert Change.objects.filter(what__startswith="gold.").count() == 1


def test_a_stance_outside_the_vocabulary_is_refused(study, values):
    with pytest.raises(ValueError):
        set_gold(video=make_video(study), stances={values["face"]: 3}, origin=Origin.PERSON, by=None)
    assert not GoldLabel.objects.exists()


def test_import_gold_makes_finished_consolidations_in_few_queries(
    study, values, django_assert_max_num_queries
):
    videos = [make_video(study) for _n in range(40)]
    gold = [NewGold(video, {values["face"]: 1, values["humility"]: 0}) for video in videos]
    with django_assert_max_num_queries(12):
        assert import_gold(study=study, gold=gold, by=None) == 80
    assert Consolidation.objects.filter(state=ConsolidationState.DONE, origin=Origin.IMPORT).count() == 40


def test_import_over_a_consolidation_keeps_it(study, values):
    video, person = make_video(study), make_user()
    Consolidation.objects.create(video=video, state=ConsolidationState.DONE, claimed_by=person)
    import_gold(study=study, gold=[NewGold(video, {values["face"]: 1})], by=None)
    assert Consolidation.objects.get().claimed_by == person
    assert GoldLabel.objects.get().origin == Origin.IMPORT


def test_withdrawn_gold_stays_in_the_history(study, values):
    video = make_video(study)
    set_gold(video=video, stances={values["face"]: 1}, origin=Origin.AUTOMATIC, by=None)
    assert withdraw_gold(video=video, by=None, because="test") == 1
    assert not GoldLabel.objects.exists()
    assert Change.objects.get(what="gold.withdrawn").before == {"face": 1}
