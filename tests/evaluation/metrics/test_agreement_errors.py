"""Bad input is named, never guessed at."""

import numpy as np
import pytest

from evaluation.metrics.agreement import (
    RatingError,
    agreement,
    agreement_from_patterns,
    batch_from_histograms,
    cluster_histograms,
    krippendorff_alpha,
    rating_histograms,
)

STANCES = [-1, 0, 1]
RATINGS = [[0, 1], [1, 1], [0, 0], [-1, -1]]


@pytest.mark.parametrize(
    ("ratings", "named"),
    [
        ([[0, 1], [1, 2]], "rating 2 in row 1, column 1"),
        (np.array([[0.0, 0.5], [1, 1]]), "rating 0.5 in row 0, column 1"),
        ([[0, 1], ["1", 1]], "rating '1' in row 1, column 0"),
        ([[0, np.inf], [1, 1]], "rating inf in row 0, column 1"),
        (np.array([["a", "b"]]), "rating 'a' in row 0, column 0"),
        ([[0, []], [1, 1]], r"rating \[\] in row 0, column 1"),
        ([["", 1]], "rating '' in row 0, column 0"),
    ],
)
def test_rating_outside_the_scale_is_named(ratings, named):
    with pytest.raises(RatingError, match=named):
        agreement(ratings, STANCES)


def test_rating_error_carries_where_it_was():
    with pytest.raises(RatingError) as caught:
        agreement([[0, 1], [None, 7]], STANCES)
    assert (caught.value.rating, caught.value.row, caught.value.column) == (7, 1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": [-1, 0, 1, 0]}, "0 is declared twice"),
        ({"categories": [-1, 0, 1, 1.0]}, "1.0 is declared twice"),
        ({"categories": []}, "empty"),
        ({"categories": "abc"}, "must be a list"),
        ({"categories": [-1, 0, 1, None]}, "None at position 3"),
        ({"categories": [-1, 0, 1, float("nan")]}, "nan at position 3"),
        ({"categories": [-1, 0, 1, [2]]}, r"\[2\] at position 3"),
        ({"coefficient": "kappa"}, "unknown coefficient 'kappa'.*gwet_ac"),
        ({"coefficient": None}, "unknown coefficient None"),
        ({"weights": "cubic"}, "unknown weights 'cubic'.*quadratic"),
        ({"weights": np.eye(2)}, "3 x 3"),
        ({"weights": [[1, 0, 0]]}, "3 x 3"),
        ({"weights": [["a"]]}, "matrix of numbers"),
        ({"weights": [[1, 0, 0], [0, 0.5, 0], [0, 0, 1]]}, "diagonal"),
        ({"weights": [[1, 2, 0], [2, 1, 0], [0, 0, 1]]}, "between 0 and 1"),
        ({"weights": [[1, np.nan, 0], [0, 1, 0], [0, 0, 1]]}, "between 0 and 1"),
        ({"weights": np.ones((3, 3))}, "nothing could count as disagreement"),
        ({"confidence": 1}, "confidence"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": 95}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
        ({"confidence": "0.95"}, "confidence"),
        ({"population": 3}, "population is 3, but 4 subjects"),
        ({"population": 0}, "population is 0"),
        ({"population": float("nan")}, "population"),
        ({"population": "45"}, "population"),
        ({"ratings": [0, 1, 1]}, "row 0 of ratings is 0"),
        ({"ratings": np.zeros(3)}, r"shape \(3,\)"),
        ({"ratings": np.zeros((2, 2, 2))}, "subjects by raters"),
        ({"ratings": [[0, 1], [0]]}, "row 1 of ratings has 1 columns"),
        ({"ratings": [[], []]}, "no columns"),
        ({"ratings": ["01", "10"]}, "not a row"),
    ],
)
def test_bad_argument_is_named(change, message):
    arguments = {"ratings": RATINGS, "categories": STANCES} | change
    with pytest.raises(ValueError, match=message):
        agreement(**arguments)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weights_by_distance_need_numbers(weights):
    with pytest.raises(ValueError, match="categories that are numbers"):
        agreement([["lo", "hi"]], ["lo", "hi"], weights=weights)


def test_cohen_needs_two_raters():
    with pytest.raises(ValueError, match="two raters, not 3: use conger"):
        agreement([[0, 0, 1], [1, 1, 1]], STANCES, "cohen_complete")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, 2], "2 patterns"),
        ([1, 2, 3], "2 patterns"),
        ([[1, 2]], "shape"),
        ([1, -2], "negative"),
        ([1.5, 2], "whole"),
        ([np.nan, 2], "missing"),
        (["1", "2"], "numbers"),
    ],
)
def test_bad_counts_are_named(counts, message):
    if counts == [1, 2]:
        counts = [1]
    with pytest.raises(ValueError, match=message):
        agreement_from_patterns([[0, 1], [1, 1]], counts, categories=STANCES)


def test_histogram_of_the_wrong_width():
    with pytest.raises(ValueError, match="16 patterns"):
        batch_from_histograms(np.ones((2, 9), dtype=int), n_raters=2, categories=STANCES)


@pytest.mark.parametrize("bad", [3, -2])
def test_code_outside_the_scale_is_named(bad):
    codes = np.zeros((2, 5, 2), dtype=np.int8)
    codes[1, 3, 0] = bad
    with pytest.raises(ValueError, match=f"code {bad} of value 1, subject 3, rater 0"):
        rating_histograms(codes, n_categories=3)
    with pytest.raises(ValueError, match=f"code {bad} of value 1"):
        cluster_histograms(codes, clusters=list("aabbc"), n_categories=3)


def test_histograms_of_the_wrong_shape_or_too_many_raters():
    with pytest.raises(ValueError, match="values, subjects, raters"):
        rating_histograms(np.zeros((4, 2), dtype=np.int8), n_categories=3)
    with pytest.raises(ValueError, match="signed integers"):
        rating_histograms(np.zeros((1, 4, 2)), n_categories=3)
    with pytest.raises(ValueError, match="count the patterns that occur"):
        rating_histograms(np.zeros((1, 4, 9), dtype=np.int8), n_categories=3)


def test_clusters_must_be_as_many_as_subjects():
    with pytest.raises(ValueError, match="2 clusters for 5 subjects"):
        cluster_histograms(np.zeros((1, 5, 2), dtype=np.int8), clusters="ab", n_categories=3)


def test_krippendorff_alpha_level_is_checked():
    with pytest.raises(ValueError, match="unknown level 'ratio'"):
        krippendorff_alpha(RATINGS, categories=STANCES, level="ratio")
    with pytest.raises(ValueError, match="numbers"):
        krippendorff_alpha([["a", "b"]], categories=["a", "b"], level="interval")
    with pytest.raises(RatingError):
        krippendorff_alpha([[0, 5]], categories=STANCES, level="nominal")
