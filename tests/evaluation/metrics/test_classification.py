"""Scores equal scikit-learn, baselines what they stand for, resamples scoring the drawn videos themselves."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from evaluation.metrics.baselines import tally_at_random, tally_baseline
from evaluation.metrics.classification import FIGURES, Tally, figures_of, reported_labels, tally_videos
from evaluation.metrics.score_intervals import cluster_sums, resample_scores, spread_of
from tests.evaluation.scored import sklearn_scores


def made_up(seed, *, n=60, n_values=5):
    """Sparse gold and predictions; some labels in neither, some videos without any."""
    rng = np.random.default_rng(seed)
    rates = rng.choice([0.0, 0.03, 0.1, 0.4], size=(n_values, 2))
    gold = rng.random((n, n_values, 2)) < rates
    predicted = np.where(rng.random(gold.shape) < 0.7, gold, rng.random(gold.shape) < 0.1)
    predicted[:, rng.integers(n_values)] = False
    return gold, predicted


def figures(gold, predicted, *, reported=None):
    tally = Tally.of(tally_videos(gold, predicted).sum(axis=0), n_values=gold.shape[1])
    reported = reported_labels(gold) if reported is None else reported
    return dict(zip(FIGURES, figures_of(tally, reported=reported), strict=True)), tally


@pytest.mark.parametrize("seed", range(12))
def test_scores_equal_scikit_learn(seed):
    gold, predicted = made_up(seed)
    reported = reported_labels(gold)
    if not reported.any(axis=0).all():
        reported = np.ones_like(reported)
    found, tally = figures(gold, predicted, reported=reported)
    want = sklearn_scores(gold, predicted, reported=reported)
    for name in FIGURES:
        assert found[name] == pytest.approx(want[name], abs=1e-12, nan_ok=True), name
    for ours, theirs in zip(
        (tally.precision, tally.recall, tally.f1, tally.support), want["labels"], strict=True
    ):
        np.testing.assert_allclose(ours.reshape(-1), theirs, atol=1e-12)


def test_reported_labels_are_exactly_those_of_five_per_cent():
    gold = np.zeros((40, 2, 2), dtype=bool)
    gold[:2, 0, 0] = True  # 2 of 40 are 5 %
    gold[:1, 1, 1] = True
    assert reported_labels(gold).tolist() == [[True, False], [False, False]]
    assert not reported_labels(gold[:0]).any()


def test_label_never_predicted_counts_zero_and_label_in_neither_too_but_only_in_the_mean():
    gold = np.zeros((10, 2, 2), dtype=bool)
    gold[:5, 0, 0] = True
    found, tally = figures(gold, np.zeros_like(gold), reported=np.array([[True, False], [True, False]]))
    assert tally.f1[0, 0] == 0
    assert np.isnan(tally.f1[1, 0])
    assert np.isnan(tally.precision[0, 0])
    assert np.isnan(tally.recall[1, 0])
    assert (found["macro_endorsed"], found["weighted_endorsed"]) == (0, 0)
    found, _tally = figures(gold, gold, reported=np.array([[True, False], [True, False]]))
    assert (found["macro_endorsed"], found["weighted_endorsed"]) == (0.5, 1)


def test_direction_without_reported_or_gold_labels_is_undefined():
    gold = np.zeros((10, 1, 2), dtype=bool)
    gold[:, 0, 0] = True
    found, _tally = figures(gold, gold)
    assert (found["macro_endorsed"], found["macro_all"]) == (1, 1)
    for name in (
        "macro_confronted",
        "weighted_confronted",
        "recall_confronted",
        "recall_all",
        "precision_all",
    ):
        assert np.isnan(found[name]), name


def test_no_videos_leave_everything_undefined():
    gold = np.zeros((0, 3, 2), dtype=bool)
    found, _tally = figures(gold, gold)
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (np.zeros((3, 2, 2)), np.zeros((3, 2, 2), dtype=bool), "gold must be boolean"),
        (np.zeros((3, 2, 2), dtype=bool), np.zeros((3, 2, 2), dtype=np.int8), "predicted must be boolean"),
        (np.zeros((3, 2), dtype=bool), np.zeros((3, 2), dtype=bool), r"shape \(videos, values, 2\)"),
        (np.zeros((3, 2, 3), dtype=bool), np.zeros((3, 2, 3), dtype=bool), r"shape \(videos, values, 2\)"),
        (np.zeros((3, 2, 2), dtype=bool), np.zeros((4, 2, 2), dtype=bool), "one shape"),
    ],
)
def test_arrays_of_another_kind_are_refused(gold, predicted, message):
    with pytest.raises(ValueError, match=message):
        tally_videos(gold, predicted)


def test_all_positive_equals_predicting_everything():
    gold, _predicted = made_up(3)
    rows = tally_baseline("all-positive", gold, prevalence=gold.mean(axis=0))
    np.testing.assert_array_equal(rows, tally_videos(gold, np.ones_like(gold)))
    with pytest.raises(ValueError, match="unknown baseline"):
        tally_baseline("all-negative", gold, prevalence=gold.mean(axis=0))


def test_at_prevalence_is_the_expectation_over_every_possible_draw():
    """Two videos, two values: all 2^8 predictions, each with its probability."""
    gold = np.array([[[1, 0], [0, 1]], [[1, 1], [0, 0]]], dtype=bool)
    rates = np.array([[0.9, 0.2], [0.35, 0.5]])
    expected = np.zeros((2, 6 * 2 + 8))
    for bits in itertools.product([False, True], repeat=8):
        predicted = np.array(bits).reshape(2, 2, 2)
        probability = np.where(predicted, rates, 1 - rates).prod()
        expected += probability * tally_videos(gold, predicted)
    np.testing.assert_allclose(tally_at_random(gold, rates=rates), expected, atol=1e-12)


def test_f1_at_prevalence_is_the_prevalence():
    gold, _predicted = made_up(4, n=200)
    tally = Tally.of(tally_at_random(gold, rates=gold.mean(axis=0)).sum(axis=0), n_values=5)
    rates = gold.mean(axis=0)
    np.testing.assert_allclose(tally.f1[rates > 0], rates[rates > 0])


@pytest.mark.parametrize("rates", [np.full((5, 2), 1.1), np.full((5, 2), np.nan), np.zeros((4, 2))])
def test_rates_outside_the_unit_interval_or_of_another_shape_are_refused(rates):
    with pytest.raises(ValueError, match="rates must"):
        tally_at_random(made_up(1)[0], rates=rates)


def test_resamples_equal_scoring_the_drawn_videos_themselves():
    gold, predicted = made_up(5)
    creators = np.random.default_rng(5).integers(0, 9, size=len(gold))
    reported = np.ones((5, 2), dtype=bool)
    sums = cluster_sums(tally_videos(gold, predicted), creators)
    drawn = resample_scores([sums], reported=reported, n_resamples=20, seed=11)
    there = np.unique(creators)
    rng = np.random.default_rng(11)
    for resample in rng.integers(0, len(there), size=(20, len(there))):
        videos = np.concatenate([np.flatnonzero(creators == there[one]) for one in resample])
        y, z = (array[videos].reshape(len(videos), -1) for array in (gold, predicted))
        got = dict(zip(FIGURES, drawn.figures[0, 0], strict=True))
        assert got["weighted_all"] == pytest.approx(f1_score(y, z, average="weighted", zero_division=0))
        assert got["macro_all"] == pytest.approx(f1_score(y, z, average="macro", zero_division=0))
        for d, name in enumerate(("endorsed", "confronted")):
            y, z = gold[videos][:, :, d], predicted[videos][:, :, d]
            recall = recall_score(y, z, average="samples", zero_division=np.nan)
            precision = precision_score(y, z, average="samples", zero_division=np.nan)
            assert got[f"recall_{name}"] == pytest.approx(recall)
            assert got[f"precision_{name}"] == pytest.approx(precision)
        drawn = type(drawn)(drawn.figures[1:], drawn.f1[1:], drawn.n_clusters)


def test_resamples_do_not_depend_on_the_size_of_a_block(monkeypatch):
    gold, predicted = made_up(6)
    sums = [cluster_sums(tally_videos(gold, one), np.arange(60) // 6) for one in (predicted, ~predicted)]
    reported = np.ones((5, 2), dtype=bool)
    whole = resample_scores(sums, reported=reported, n_resamples=50, seed=2)
    monkeypatch.setattr("evaluation.metrics.resampling.MAX_NUMBERS", 300)
    in_blocks = resample_scores(sums, reported=reported, n_resamples=50, seed=2)
    np.testing.assert_allclose(in_blocks.figures, whole.figures, rtol=1e-12)


def test_interval_is_wider_when_creators_cluster():
    """Twenty creators of ten videos; a model that fails on half of the creators, or on half of the videos."""
    gold = np.ones((200, 1, 2), dtype=bool)
    creators = np.arange(200) // 10
    widths = []
    for fails in (creators % 2 == 0, np.arange(200) % 2 == 0):
        predicted = gold & ~fails[:, None, None]
        sums = cluster_sums(tally_videos(gold, predicted), creators)
        drawn = resample_scores([sums], reported=np.ones((1, 2), dtype=bool), n_resamples=400)
        spread = spread_of(drawn.figures)
        widths.append((spread.high - spread.low)[0, 0])
    assert widths[0] > 0.2
    assert widths[1] == pytest.approx(0, abs=1e-12)


def test_interval_needs_two_creators_and_enough_defined_resamples():
    gold, predicted = made_up(7)
    one = cluster_sums(tally_videos(gold, predicted), np.zeros(60))
    drawn = resample_scores([one], reported=np.ones((5, 2), dtype=bool))
    assert (drawn.n_clusters, len(drawn.figures)) == (1, 0)
    assert np.isnan(spread_of(drawn.figures).low).all()
    column = np.r_[np.full(4, np.nan), np.arange(96.0)][:, None]
    assert not np.isnan(spread_of(column).low)
    assert np.isnan(spread_of(np.r_[column, np.full((3, 1), np.nan)]).low)
    assert spread_of(column).n_undefined == 4


def test_resampling_refuses_what_it_cannot_do():
    sums = cluster_sums(tally_videos(*made_up(8)), np.arange(60))
    with pytest.raises(ValueError, match="n_resamples"):
        resample_scores([sums], reported=np.ones((5, 2), dtype=bool), n_resamples=1)
    with pytest.raises(ValueError, match="clusters must have the shape"):
        cluster_sums(tally_videos(*made_up(8)), np.arange(3))
    with pytest.raises(ValueError, match="confidence"):
        spread_of(np.zeros((10, 3)), confidence=1)
