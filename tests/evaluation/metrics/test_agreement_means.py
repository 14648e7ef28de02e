"""Means of AC1 over values, and how sure they are."""

import math

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    Undefined,
    agreement,
    batch_from_patterns,
    mean_ac1_interval,
    mean_over_values,
)

STANCES = [-1, 0, 1]
PAIRS = [(-1, -1), (0, 0), (1, 1), (0, 1), (-1, 0), (1, None)]
COUNTS = [[4, 60, 20, 10, 6, 5], [0, 90, 2, 8, 0, 0]]
PATTERNS = [*PAIRS, (None, None)]


def test_mean_over_values_names_the_lowest():
    batch = batch_from_patterns(PAIRS, COUNTS, categories=STANCES)
    mean = mean_over_values(batch.coef)
    assert mean.coef == pytest.approx(batch.coef.mean())
    assert (mean.lowest, mean.lowest_index) == (batch.coef[0], 0)
    assert (mean.n_values, mean.n_defined, mean.undefined_because) == (2, 2, None)


def test_mean_over_values_leaves_out_the_undefined_and_says_so():
    batch = batch_from_patterns(PAIRS, [[0] * 5 + [3], COUNTS[1]], categories=STANCES)
    mean = mean_over_values(batch.coef)
    assert (mean.coef, mean.lowest_index) == (batch.coef[1], 1)
    assert (mean.n_values, mean.n_defined) == (2, 1)


def test_mean_over_values_without_any():
    mean = mean_over_values([math.nan])
    assert math.isnan(mean.coef)
    assert (mean.lowest_index, mean.undefined_because) == (None, Undefined.NO_VALUES)


def some_units(n_subjects, n_values, *, seed=3):
    """Patterns of subjects, alike over the values of a subject, with missing ratings."""
    rng = np.random.default_rng(seed)
    hardness = rng.choice([0.05, 0.5], size=(n_subjects, 1))
    is_hard = rng.random((n_subjects, n_values)) < hardness
    return np.where(
        is_hard,
        rng.choice([3, 4, 5, 6], size=is_hard.shape, p=[0.5, 0.3, 0.1, 0.1]),
        rng.choice([0, 1, 2], size=is_hard.shape, p=[0.1, 0.7, 0.2]),
    )


def ratings_of(units):
    return [PATTERNS[unit] for unit in units]


def mean_of(units):
    return np.mean([agreement(ratings_of(column), STANCES).coef for column in units.T])


@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_interval_of_the_mean_over_one_value_is_that_of_the_value_where_nobody_skipped(confidence):
    units = np.minimum(some_units(80, 1), 4)
    single = agreement(ratings_of(units[:, 0]), STANCES, confidence=confidence)
    interval = mean_ac1_interval(PATTERNS, units, categories=STANCES, confidence=confidence)
    assert interval.se == pytest.approx(single.se, rel=1e-12)
    assert (interval.ci_low, interval.ci_high) == pytest.approx((single.ci_low, single.ci_high), rel=1e-12)


def test_interval_of_the_mean_is_no_narrower_for_saying_the_same_thing_nineteen_times():
    units = some_units(80, 1)
    once = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    often = mean_ac1_interval(PATTERNS, np.repeat(units, 19, axis=1), categories=STANCES)
    assert often.se == pytest.approx(once.se, rel=1e-12)


def test_standard_error_of_the_mean_is_near_the_jackknife():
    """Leaving out one subject at a time needs no formula, also where ratings are missing."""
    units = some_units(150, 6)
    left_out = np.array([mean_of(np.delete(units, i, axis=0)) for i in range(len(units))])
    n = len(units)
    jackknife = math.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    interval = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    assert interval.se == pytest.approx(jackknife, rel=0.03)
    one_by_one = [agreement(ratings_of(column), STANCES).se for column in units.T]
    if_unrelated = math.sqrt(sum(se**2 for se in one_by_one)) / units.shape[1]
    assert interval.se > 1.1 * if_unrelated
    assert (interval.ci_low + interval.ci_high) / 2 == pytest.approx(mean_of(units))


def test_subjects_rated_once_do_not_count_as_disagreement():
    units = np.array([[1, 1, 1]] * 16 + [[5, 5, 5]] * 2)  # all agree, two subjects rated by one person
    interval = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    assert interval.se == pytest.approx(0, abs=1e-12)
    assert agreement(ratings_of(units[:, 0]), STANCES).se > 0.05  # Gwet's, value by value


def test_interval_of_the_mean_leaves_out_values_without_a_pair():
    units = some_units(60, 3)
    with_empty = np.concatenate([units, np.full((60, 1), 5)], axis=1)  # rated once each
    alone = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    assert mean_ac1_interval(PATTERNS, with_empty, categories=STANCES) == alone


def test_interval_of_the_mean_stops_at_one():
    units = np.array([[1, 1], [1, 1], [2, 1], [2, 2], [1, 3], [0, 1], [1, 1], [1, 2]])
    interval = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    assert interval.ci_high == 1
    assert interval.ci_low < mean_of(units) < 1


@pytest.mark.parametrize("units", [np.zeros((0, 2), int), np.zeros((1, 2), int), np.full((5, 2), 5)])
def test_interval_of_the_mean_is_undefined_with_too_little(units):
    """No subject, one subject, subjects rated once."""
    interval = mean_ac1_interval(PATTERNS, units, categories=STANCES)
    assert math.isnan(interval.se)
    assert math.isnan(interval.ci_low)
    assert math.isnan(interval.ci_high)
