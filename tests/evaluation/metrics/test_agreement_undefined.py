"""Where there is no figure there is NaN and a reason, never 1, minus infinity or an exception."""

import math

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    COEFFICIENTS,
    Undefined,
    agreement,
    krippendorff_alpha,
    reason_in_words,
)

STANCES = [-1, 0, 1]
ALL = sorted(COEFFICIENTS)
DEFINED_WITHOUT_VARIATION = {"percent_agreement", "gwet_ac", "brennan_prediger"}


@pytest.mark.parametrize("coefficient", ALL)
@pytest.mark.parametrize("ratings", [[], np.empty((0, 2)), [[None, None]], [[np.nan, None]] * 3])
def test_agreement_without_ratings(ratings, coefficient):
    result = agreement(ratings, STANCES, coefficient)
    assert math.isnan(result.coef)
    assert math.isnan(result.pa)
    assert (result.n_subjects, result.n_pairable) == (0, 0)
    assert result.undefined_because == Undefined.NO_RATINGS


@pytest.mark.parametrize("coefficient", ALL)
def test_agreement_of_one_rater(coefficient):
    result = agreement([[0], [1], [1]], STANCES, coefficient)
    assert math.isnan(result.coef)
    assert math.isnan(result.se)
    assert (result.n_subjects, result.n_pairable) == (3, 0)
    assert result.undefined_because == Undefined.NO_PAIRS


@pytest.mark.parametrize("coefficient", ALL)
@pytest.mark.parametrize("stance", STANCES)
@pytest.mark.parametrize("n", [3, 7, 49, 1000])  # sevenths and the like: floats alone would miss some
def test_agreement_when_everybody_always_says_the_same(coefficient, stance, n):
    result = agreement([[stance, stance]] * n, STANCES, coefficient)
    if coefficient in DEFINED_WITHOUT_VARIATION:
        assert result.coef == 1
        assert result.se == pytest.approx(0, abs=1e-12)
        assert result.undefined_because is None
    else:
        assert math.isnan(result.coef)
        assert math.isnan(result.se)
        assert (result.pa, result.pe) == (1, 1)
        assert result.undefined_because == Undefined.CHANCE_IS_ONE


@pytest.mark.parametrize("coefficient", ["fleiss", "conger", "krippendorff", "cohen_complete"])
def test_chance_of_one_with_weights_that_tell_only_some_categories_apart(coefficient):
    """Endorsed and dominant count as the same, and nothing else occurs."""
    weights = [[1, 0, 0], [0, 1, 1], [0, 1, 1]]
    result = agreement([[1, 2], [2, 1], [1, 1]], [0, 1, 2], coefficient, weights)
    assert result.undefined_because == Undefined.CHANCE_IS_ONE
    assert math.isnan(result.coef)


def test_conger_when_each_rater_has_one_word_of_their_own():
    """Chance is 0 and not 1: nobody repeats another, although nobody varies either."""
    result = agreement([[0, 1]] * 5, STANCES, "conger")
    assert (result.coef, result.pe) == (0, 0)


@pytest.mark.parametrize("coefficient", ["gwet_ac", "brennan_prediger"])
def test_a_scale_of_one_category(coefficient):
    result = agreement([[0, 0]] * 4, [0], coefficient)
    assert math.isnan(result.coef)
    assert result.pa == 1
    assert result.undefined_because == Undefined.ONE_CATEGORY


def test_conger_with_a_rater_who_rated_nothing():
    result = agreement([[0, None, 1], [1, None, 1], [0, None, 0]], STANCES, "conger")
    assert math.isnan(result.coef)
    assert result.pa == pytest.approx(2 / 3)
    assert result.undefined_because == Undefined.RATER_WITHOUT_RATINGS


def test_one_subject_has_a_coefficient_but_no_standard_error():
    result = agreement([[0, 0], [None, None]], STANCES)
    assert result.coef == 1
    assert math.isnan(result.se)
    assert math.isnan(result.ci_high)
    assert result.undefined_because == Undefined.TOO_FEW_FOR_SE


def test_a_wholly_rated_population_leaves_no_sampling_error():
    result = agreement([[0, 1], [1, 1], [0, 0]], STANCES, population=3)
    assert result.se == 0
    assert result.ci_low == result.coef == result.ci_high


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("ratings", [[], [[0, None], [None, 1]], [[0, 0], [0, 0], [1, None]]])
def test_krippendorff_alpha_undefined(ratings, level):
    assert math.isnan(krippendorff_alpha(ratings, categories=STANCES, level=level))


@pytest.mark.parametrize("code", list(Undefined))
def test_every_reason_has_words(code):
    assert len(reason_in_words(str(code))) > 20


def test_reason_in_words_of_no_reason_and_of_nonsense():
    assert reason_in_words(None) == ""
    with pytest.raises(ValueError, match="because"):
        reason_in_words("because")
