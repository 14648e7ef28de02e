"""Specific agreement and prevalence."""

import math

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    category_shares,
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
