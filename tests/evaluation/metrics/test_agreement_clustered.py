"""The cluster bootstrap against a loop that does the same slowly, and its edges."""

import math

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    Undefined,
    agreement,
    bootstrap_by_cluster,
    cluster_histograms,
    histogram_patterns,
)

STANCES = [-1, 0, 1]
PATTERNS = histogram_patterns(categories=STANCES, n_raters=2)


def codes_of(ratings):
    """Ratings of shape (V, n, 2), NaN where missing, as codes."""
    return np.where(np.isnan(ratings), -1, ratings + 1).astype(np.int8)


@pytest.fixture
def study():
    """Three values, twelve videos of five creators, a missing rating here and there."""
    rng = np.random.default_rng(11)
    ratings = rng.choice([-1.0, 0, 1], p=[0.2, 0.5, 0.3], size=(3, 12, 1)).repeat(2, axis=2)
    stray = rng.random(ratings.shape) < 0.3
    ratings[stray] = rng.choice([-1, 0, 1, np.nan], size=stray.sum())
    return ratings, list("aabbbccddeee")


def naive(ratings, creators, *, coefficient, n_resamples, seed):
    """Resample by copying videos about, with the same draws; (B, V), pooled (B,)."""
    videos = {c: [i for i, x in enumerate(creators) if x == c] for c in dict.fromkeys(creators)}
    names = list(videos)
    draws = np.random.default_rng(seed).integers(0, len(names), size=(n_resamples, len(names)))
    each, pooled = [], []
    for draw in draws:
        drawn = ratings[:, [i for c in draw for i in videos[names[c]]]]
        each.append([agreement(value, STANCES, coefficient).coef for value in drawn])
        pooled.append(agreement(drawn.reshape(-1, 2), STANCES, coefficient).coef)
    return np.array(each), np.array(pooled)


@pytest.mark.parametrize("coefficient", ["gwet_ac", "percent_agreement", "conger", "krippendorff"])
def test_bootstrap_is_the_slow_loop(study, coefficient):
    ratings, creators = study
    counts = cluster_histograms(codes_of(ratings), clusters=creators, n_categories=3)
    result = bootstrap_by_cluster(
        counts, patterns=PATTERNS, categories=STANCES, coefficient=coefficient, n_resamples=60, seed=4
    )
    each, pooled = naive(ratings, creators, coefficient=coefficient, n_resamples=60, seed=4)
    figures = [*zip(result.values, each.T, strict=True), (result.pooled, pooled), (result.mean, each.mean(1))]
    for figure, resamples in figures:
        defined = resamples[~np.isnan(resamples)]
        assert figure.n_undefined == len(resamples) - len(defined)
        assert figure.n_clusters == 5
        if figure.undefined_because is None:
            assert figure.se == pytest.approx(defined.std(ddof=1), abs=1e-9)
            ends = np.quantile(defined, [0.025, 0.975])
            assert [figure.ci_low, figure.ci_high] == pytest.approx(ends, abs=1e-9)
        else:
            assert figure.n_undefined > 0.05 * 60
    assert [v.coef for v in result.values] == [agreement(v, STANCES, coefficient).coef for v in ratings]


def test_bootstrap_repeats_itself_with_a_seed_and_not_without(study):
    ratings, creators = study
    counts = cluster_histograms(codes_of(ratings), clusters=creators, n_categories=3)
    one, same, other = (
        bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same
    assert one.pooled.se != other.pooled.se


def test_bootstrap_in_blocks_has_the_same_draws(study, monkeypatch):
    ratings, creators = study
    counts = cluster_histograms(codes_of(ratings), clusters=creators, n_categories=3)
    whole = bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES)
    monkeypatch.setattr("evaluation.metrics.resampling.MAX_NUMBERS", 35)
    assert bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES) == whole


def test_clustered_error_exceeds_the_analytic_one_when_creators_cluster():
    """Twenty creators: on ten of them the raters always agree, on ten they never do."""
    agreeing, differing = [[1.0, 1.0]] * 10, [[0.0, 1.0]] * 10
    ratings = np.array([row for i in range(20) for row in (agreeing if i % 2 else differing)])[None]
    creators = [i // 10 for i in range(200)]
    counts = cluster_histograms(codes_of(ratings), clusters=creators, n_categories=3)
    clustered = bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES).values[0]
    assert clustered.se > 2.5 * agreement(ratings[0], STANCES).se


@pytest.mark.parametrize("n_with_ratings", [0, 1])
def test_bootstrap_of_fewer_than_two_clusters(n_with_ratings):
    counts = np.zeros((3, 2, 16), dtype=int)
    counts[:n_with_ratings, :, 10] = 4  # both say absent
    counts[:, :, 0] = 7  # nobody rated: these make no cluster
    result = bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES)
    expected = Undefined.TOO_FEW_CLUSTERS if n_with_ratings else Undefined.NO_RATINGS
    assert {v.undefined_because for v in result.values} == {expected}
    assert result.pooled.undefined_because == expected
    assert result.mean.undefined_because == (expected if n_with_ratings else Undefined.NO_VALUES)
    assert result.pooled.n_clusters == n_with_ratings
    assert math.isnan(result.pooled.se)
    assert math.isnan(result.values[0].ci_low)
    assert result.values[0].coef == pytest.approx(1 if n_with_ratings else math.nan, nan_ok=True)


def test_undefined_resamples_are_counted_and_too_many_leave_no_interval():
    """The only pairs of value 1 are in one creator of four: a third of resamples miss it."""
    counts = np.zeros((4, 2, 16), dtype=int)
    counts[:, 0, 10] = [3, 4, 5, 6]
    counts[:, 0, 11] = 1
    counts[0, 1, 10] = 5
    counts[1:, 1, 8] = 5  # rated once
    result = bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES, n_resamples=2000)
    whole, torn = result.values
    assert (whole.n_undefined, whole.undefined_because) == (0, None)
    assert torn.n_undefined == pytest.approx(2000 * 0.75**4, rel=0.1)
    assert torn.coef == pytest.approx(1)
    assert torn.undefined_because == Undefined.RESAMPLES_UNDEFINED
    assert math.isnan(torn.se)
    assert result.mean.n_undefined == torn.n_undefined
    assert result.mean.undefined_because == Undefined.RESAMPLES_UNDEFINED
    assert result.pooled.undefined_because is None


def test_a_value_without_pairs_is_left_out_of_the_mean():
    counts = np.zeros((3, 2, 16), dtype=int)
    counts[:, 0, 10] = [3, 4, 5]
    counts[:, 0, 11] = [1, 0, 2]
    result = bootstrap_by_cluster(counts, patterns=PATTERNS, categories=STANCES)
    assert result.values[1].undefined_because == Undefined.NO_RATINGS
    assert result.mean.coef == result.values[0].coef
    assert result.mean.se == pytest.approx(result.values[0].se)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": np.zeros((2, 16))}, "3 dimensions"),
        ({"counts": np.zeros((2, 1, 9))}, "16 patterns"),
        ({"counts": -np.ones((2, 1, 16))}, "negative"),
        ({"n_resamples": 1}, "at least 2"),
        ({"n_resamples": 2.5}, "whole number"),
        ({"confidence": 2}, "confidence"),
        ({"coefficient": "kappa"}, "unknown coefficient"),
    ],
)
def test_bootstrap_names_bad_arguments(change, message):
    arguments = {"counts": np.ones((2, 1, 16)), "patterns": PATTERNS, "categories": STANCES} | change
    with pytest.raises(ValueError, match=message):
        bootstrap_by_cluster(arguments.pop("counts"), **arguments)
