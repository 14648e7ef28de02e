"""Which values are open: value by value, with their kinds, and counted for the queue."""

import pytest
from django.utils import timezone

from annotator.actions.comparison import compare, refresh_comparisons
from annotator.models import Coding, Comparison, Judgement, Purpose, Value
from annotator.queries.conflicts import OpenKind, counted_codings, open_kind, pattern
from tests.factories import make_batch, make_codebook, make_coding, make_study, make_user, make_video


@pytest.mark.parametrize(
    ("stances", "kind"),
    [
        ([1, -1], OpenKind.OPPOSED),
        ([2, -1], OpenKind.OPPOSED),
        ([1, 0, -1], OpenKind.OPPOSED),
        ([0, 1], OpenKind.PRESENCE),
        ([0, -1], OpenKind.PRESENCE),
        ([0, 1, 2], OpenKind.PRESENCE),
        ([1, 2], OpenKind.DEGREE),
        ([1, None], OpenKind.INCOMPLETE),
        ([None, None], OpenKind.INCOMPLETE),
        ([], OpenKind.INCOMPLETE),
        ([0, 0], None),
        ([2, 2], None),
        ([1], None),
    ],
)
def test_open_kind_of_stances(stances, kind):
    assert open_kind(stances) is kind


def test_open_kind_under_different_wordings_is_never_agreement():
    assert open_kind([1, 1], identities={"old", "new"}) is OpenKind.REWRITTEN
    assert open_kind([1, 0], identities={"old", "new"}) is OpenKind.PRESENCE


def test_pattern_ignores_who_gave_what():
    assert pattern([1, -1]) == pattern([-1, 1]) == "-1,1"
    assert pattern([None, 1]) == "1"
    assert pattern([]) == ""


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility", "tradition"], dominant=True)


def test_one_differing_value_among_opposite_others_is_found(study):
    # By a mean over values these two codings are equal: Potato's adjudication drops such videos.
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1, "humility": -1})
    make_coding(video, make_user(), {"face": -1, "humility": 1})
    comparison = compare(video=video)
    assert (comparison.n_open, comparison.n_opposed) == (2, 2)


def test_comparison_counts_each_kind(study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1, "humility": -1, "tradition": 1})
    make_coding(video, make_user(), {"face": 2, "humility": 1, "tradition": 0})
    comparison = compare(video=video)
    kinds = (comparison.n_opposed, comparison.n_presence, comparison.n_degree, comparison.n_incomplete)
    assert kinds == (1, 1, 1, 0)
    assert comparison.n_open == 3


def test_video_with_one_coding_is_not_compared(study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    make_coding(video, make_user(), {"face": 0}, submitted=False)
    assert compare(video=video) is None


def test_codings_without_slot_or_for_another_purpose_do_not_count(study):
    video = make_video(study)
    make_coding(video, make_user())
    late = make_coding(video, make_user())
    Coding.objects.filter(pk=late.pk).update(slot=None)
    assert compare(video=video) is None
    check = make_coding(video, make_user())
    Coding.objects.filter(pk=check.pk).update(purpose=Purpose.CHECK)
    assert compare(video=video) is None


def test_training_batch_counts_its_own_codings(study):
    batch = make_batch(study, purpose=Purpose.TRAINING)
    video = make_video(study, batch=batch)
    make_coding(video, make_user(), purpose=Purpose.TRAINING)
    make_coding(video, make_user(), purpose=Purpose.TRAINING)
    assert counted_codings().filter(video=video).count() == 2
    assert compare(video=video) is not None


def test_setting_aside_is_counted_apart_and_makes_no_conflicts(study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    make_coding(
        video,
        make_user(),
        rest=None,
        submitted=False,
        set_aside_at=timezone.now(),
        set_aside_because="gone",
    )
    comparison = compare(video=video)
    assert (comparison.n_codings, comparison.n_set_aside, comparison.n_open) == (2, 1, 0)


def test_versions_with_other_wording_make_open_values(study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    second = make_codebook(study, slugs=["face", "humility", "tradition"], number=2)
    Value.objects.filter(codebook=second, slug="face").update(identity="rewritten")
    study.refresh_from_db()
    video.study = study
    make_coding(video, make_user(), {"face": 1})
    comparison = compare(video=video)
    assert (comparison.n_rewritten, comparison.n_open) == (1, 1)


def test_refresh_finds_what_no_action_announced(study):
    video = make_video(study)
    for _coder in range(2):
        make_coding(video, make_user())
    assert refresh_comparisons(study=study) == 1
    assert refresh_comparisons(study=study) == 0
    assert Comparison.objects.get().n_open == 0


def test_refresh_counts_again_after_a_correction(study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    coding = make_coding(video, make_user(), {"face": 1})
    refresh_comparisons(study=study)
    Judgement.objects.filter(coding=coding, value__slug="face").update(stance=-1)
    Coding.objects.filter(pk=coding.pk).update(corrected_at=timezone.now())
    assert refresh_comparisons(study=study) == 1
    assert Comparison.objects.get().n_opposed == 1


def test_refresh_takes_the_same_queries_for_many_videos(study, django_assert_num_queries):
    coders = [make_user(), make_user()]
    for _n in range(30):
        video = make_video(study)
        for coder in coders:
            make_coding(video, coder)
    with django_assert_num_queries(6):  # stale, savepoint, codings, judgements, store, release
        assert refresh_comparisons(study=study) == 30
    with django_assert_num_queries(1):
        assert refresh_comparisons(study=study) == 0
