"""Specific agreement, prevalence, means over values and over binary labels."""

import math

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    Undefined,
    agreement,
    batch_from_patterns,
    binary_label_agreement,
    category_shares,
    mean_over_values,
    specific_agreement,
)

STANCES = [-1, 0, 1]
PAIRS = [(-1, -1), (0, 0), (1, 1), (0, 1), (-1, 0), (1, None)]
COUNTS = [[4, 60, 20, 10, 6, 5], [0, 90, 2, 8, 0, 0]]


def test_specific_agreement_of_two_raters():
    """2 * both / (2 * both + one); a video that only one rated has no pair."""
    specific = specific_agreement(PAIRS, COUNTS, categories=STANCES)
    assert specific[0] == pytest.approx([8 / (8 + 6), 120 / (120 + 16), 40 / (40 + 10)])
    assert specific[1, 1:] == pytest.approx([180 / 188, 4 / 12])
    assert math.isnan(specific[1, 0])


def test_specific_agreement_is_the_f1_of_one_rater_against_the_other():
    first = [a for (a, b), n in zip(PAIRS[:5], COUNTS[0], strict=False) for _ in range(n)]
    second = [b for (a, b), n in zip(PAIRS[:5], COUNTS[0], strict=False) for _ in range(n)]
    for column, stance in enumerate(STANCES):
        hits = sum(a == b == stance for a, b in zip(first, second, strict=True))
        precision, recall = hits / second.count(stance), hits / first.count(stance)
        f1 = 2 * precision * recall / (precision + recall)
        specific = specific_agreement(PAIRS, COUNTS, categories=STANCES)
        assert specific[0, column] == pytest.approx(f1)


def test_specific_agreement_of_three_raters_runs_over_pairs():
    """1 1 0 and 0 0 0: of the pairs with a 0, sum r (r - 1) = 0 + 6 agree of 1 * 2 + 3 * 2."""
    specific = specific_agreement([(1, 1, 0), (0, 0, 0)], [[1, 1]], categories=[0, 1])
    assert specific[0] == pytest.approx([6 / 8, 2 / 4])


def test_shares_are_of_ratings_given_and_add_up():
    shares = category_shares(PAIRS, COUNTS, categories=STANCES)
    assert shares[0] == pytest.approx(np.array([14, 136, 55]) / 205)
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert np.isnan(category_shares(PAIRS, np.zeros((1, 6)), categories=STANCES)).all()


def test_mean_over_values_names_the_lowest():
    batch = batch_from_patterns(PAIRS, COUNTS, categories=STANCES)
    mean = mean_over_values(batch)
    assert mean.coef == pytest.approx(batch.coef.mean())
    assert (mean.lowest, mean.lowest_index) == (batch.coef[0], 0)
    assert (mean.n_values, mean.n_defined, mean.undefined_because) == (2, 2, None)


def test_mean_over_values_leaves_out_the_undefined_and_says_so():
    batch = batch_from_patterns(PAIRS, [[0] * 5 + [3], COUNTS[1]], categories=STANCES)
    mean = mean_over_values(batch)
    assert (mean.coef, mean.lowest_index) == (batch.coef[1], 1)
    assert (mean.n_values, mean.n_defined) == (2, 1)


def test_mean_over_values_without_any():
    mean = mean_over_values(batch_from_patterns(PAIRS, [[0] * 6], categories=STANCES))
    assert math.isnan(mean.coef)
    assert (mean.lowest_index, mean.undefined_because) == (None, Undefined.NO_VALUES)


def test_binary_labels_are_each_value_twice_on_a_scale_of_two():
    """Dominant counts as endorsed."""
    scale = [-1, 0, 1, 2]
    pairs = [(-1, -1), (0, 0), (1, 2), (2, 0), (-1, None), (1, -1)]
    counts = [[3, 20, 6, 2, 1, 2], [0, 30, 1, 0, 0, 1]]
    labels = binary_label_agreement(pairs, counts, categories=scale)
    assert len(labels) == 4
    for value in range(2):
        rows = [pair for pair, n in zip(pairs, counts[value], strict=True) for _ in range(n)]
        for place, is_label in ((value, lambda x: x >= 1), (2 + value, lambda x: x == -1)):
            yes_or_no = [[None if x is None else int(is_label(x)) for x in row] for row in rows]
            single = agreement(yes_or_no, [0, 1])
            assert labels[place].coef == pytest.approx(single.coef)
            assert labels[place].se == pytest.approx(single.se)
            assert labels[place].n_pairable == single.n_pairable


def test_binary_labels_need_numbers():
    with pytest.raises(ValueError, match="numbers"):
        binary_label_agreement([("a", "b")], [[1]], categories=["a", "b"])
