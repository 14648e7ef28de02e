"""What must hold for any ratings: checked on ratings that Hypothesis makes up."""

import math
from fractions import Fraction
from itertools import permutations

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaluation.metrics.agreement import (
    COEFFICIENTS,
    WEIGHT_NAMES,
    agreement,
    agreement_from_patterns,
    batch_from_histograms,
    batch_from_patterns,
    encode_ratings,
    rating_histograms,
)

SCALE = [-1, 0, 1, 2]
BLIND_TO_SEATS = ["percent_agreement", "gwet_ac", "fleiss", "brennan_prediger", "krippendorff"]
FIELDS = ("coef", "se", "ci_low", "ci_high", "pa", "pe")

some = settings(deadline=None, max_examples=60)
few = settings(deadline=None, max_examples=15)  # for tests that repeat for each coefficient


@st.composite
def rating_tables(draw, *, min_raters=2, max_raters=4, missing=True):
    n_raters = draw(st.integers(min_raters, max_raters))
    stance = st.sampled_from([*SCALE, None] if missing else SCALE)
    row = st.lists(stance, min_size=n_raters, max_size=n_raters)
    return draw(st.lists(row, min_size=1, max_size=12))


def assert_same(first, second, *, fields=FIELDS):
    for field in fields:
        one, other = getattr(first, field), getattr(second, field)
        assert one == pytest.approx(other, rel=1e-7, abs=1e-9, nan_ok=True), field
    assert first.undefined_because == second.undefined_because


@few
@given(rating_tables())
@pytest.mark.parametrize(("level", "weights"), [("nominal", "unweighted"), ("interval", "quadratic")])
def test_alpha_is_that_of_the_krippendorff_library(level, weights, ratings):
    table = np.array([[np.nan if r is None else r for r in row] for row in ratings], dtype=float)
    paired = table[(~np.isnan(table)).sum(axis=1) >= 2]
    result = agreement(ratings, SCALE, "krippendorff", weights)
    if len(np.unique(paired[~np.isnan(paired)])) < 2:  # the library raises, warns or gives NaN here
        assert math.isnan(result.coef)
        return
    theirs = krippendorff.alpha(table.T, value_domain=SCALE, level_of_measurement=level)
    assert result.coef == pytest.approx(theirs, abs=1e-9)


def exact_gwet_ac(ratings, scale):
    """AC1 from its definition, pair by pair, in fractions."""
    rated = [[r for r in row if r is not None] for row in ratings if any(r is not None for r in row)]
    paired = [row for row in rated if len(row) >= 2]
    agreed = [
        Fraction(sum(a == b for a, b in permutations(row, 2)), len(row) * (len(row) - 1)) for row in paired
    ]
    shares = [sum(Fraction(row.count(k), len(row)) for row in rated) / len(rated) for k in scale]
    pe = sum(p * (1 - p) for p in shares) / (len(scale) - 1)
    return (sum(agreed) / len(paired) - pe) / (1 - pe)


@some
@given(rating_tables())
def test_gwet_ac_is_its_definition_in_fractions(ratings):
    assume(any(sum(r is not None for r in row) >= 2 for row in ratings))
    result = agreement(ratings, SCALE)
    assert result.coef == pytest.approx(float(exact_gwet_ac(ratings, SCALE)), abs=1e-12)
    assert -1 / (len(SCALE) - 1) - 1e-12 <= result.coef <= 1 + 1e-12


@few
@given(rating_tables(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("coefficient", BLIND_TO_SEATS)
def test_who_sat_in_which_column_does_not_matter(coefficient, ratings, random):
    shuffled = [random.sample(row, len(row)) for row in ratings]
    random.shuffle(shuffled)
    assert_same(agreement(ratings, SCALE, coefficient), agreement(shuffled, SCALE, coefficient))


@some
@given(rating_tables(), st.permutations(range(4)))
def test_conger_does_not_mind_the_order_of_raters(ratings, order):
    order = [i for i in order if i < len(ratings[0])]
    swapped = [[row[i] for i in order] for row in ratings]
    assert_same(agreement(ratings, SCALE, "conger"), agreement(swapped, SCALE, "conger"))


@few
@given(rating_tables(max_raters=2), st.permutations(SCALE), st.sampled_from(WEIGHT_NAMES))
@pytest.mark.parametrize("coefficient", sorted(COEFFICIENTS))
def test_declaring_the_scale_in_another_order_changes_nothing(coefficient, ratings, scale, weights):
    assert_same(
        agreement(ratings, SCALE, coefficient, weights), agreement(ratings, scale, coefficient, weights)
    )


@few
@given(rating_tables(max_raters=2))
@pytest.mark.parametrize("coefficient", sorted(COEFFICIENTS))
def test_other_names_for_the_categories_change_nothing(coefficient, ratings):
    """Words in rank order, deliberately not alphabetical, weighted by rank."""
    words = dict(zip(SCALE, ["no", "absent", "yes", "very"], strict=True)) | {None: None}
    renamed = [[words[r] for r in row] for row in ratings]
    assert_same(
        agreement(ratings, SCALE, coefficient, "ordinal"),
        agreement(renamed, ["no", "absent", "yes", "very"], coefficient, "ordinal"),
    )


@few
@given(rating_tables())
@pytest.mark.parametrize("form", ["floats", "masked", "patterns", "halves"])
@pytest.mark.parametrize("coefficient", ["gwet_ac", "conger", "krippendorff"])
def test_the_form_of_the_ratings_does_not_matter(coefficient, form, ratings):
    plain = agreement(ratings, SCALE, coefficient, "linear")
    if form == "floats":
        table = [[np.nan if r is None else float(r) for r in row] for row in ratings]
        other = agreement(np.array(table), np.array(SCALE), coefficient, "linear")
    elif form == "masked":
        filled = np.array([[0 if r is None else r for r in row] for row in ratings])
        hidden = np.array([[r is None for r in row] for row in ratings])
        other = agreement(np.ma.array(filled, mask=hidden), SCALE, coefficient, "linear")
    else:  # each row once or twice, as patterns that may repeat
        times = 1 if form == "patterns" else 2
        other = agreement_from_patterns(
            ratings, [times] * len(ratings), categories=SCALE, coefficient=coefficient, weights="linear"
        )
        plain = agreement(ratings * times, SCALE, coefficient, "linear")
    assert_same(plain, other)


@few
@given(st.lists(rating_tables(min_raters=2, max_raters=2), min_size=1, max_size=4))
@pytest.mark.parametrize("coefficient", sorted(COEFFICIENTS))
def test_a_batch_is_its_values_one_by_one(coefficient, tables):
    length = max(map(len, tables))
    padded = [table + [[None, None]] * (length - len(table)) for table in tables]
    codes = np.stack([encode_ratings(table, categories=SCALE) for table in padded]).astype(np.int8)
    histograms = rating_histograms(codes, n_categories=len(SCALE))
    assert histograms.sum() == codes.shape[0] * codes.shape[1]
    batch = batch_from_histograms(histograms, n_raters=2, categories=SCALE, coefficient=coefficient)
    patterns = list(dict.fromkeys(tuple(row) for table in tables for row in table))
    counts = [[table.count(list(pattern)) for pattern in patterns] for table in tables]
    sparse = batch_from_patterns(patterns, counts, categories=SCALE, coefficient=coefficient)
    assert len(batch) == len(sparse) == len(tables)
    for table, dense_one, sparse_one in zip(tables, batch, sparse, strict=True):
        single = agreement(table, SCALE, coefficient)
        assert_same(single, dense_one)
        assert_same(single, sparse_one)
        assert (dense_one.n_subjects, dense_one.n_pairable) == (single.n_subjects, single.n_pairable)


@few
@given(rating_tables(max_raters=2))
@pytest.mark.parametrize("coefficient", [*BLIND_TO_SEATS, "conger"])
def test_only_cohen_sees_asymmetry_in_weights(coefficient, ratings):
    lopsided = np.array([[1, 0.8, 0, 0], [0.2, 1, 0.5, 0], [0, 0.5, 1, 0], [0, 0.6, 0, 1]])
    even = (lopsided + lopsided.T) / 2
    assert_same(
        agreement(ratings, SCALE, coefficient, lopsided), agreement(ratings, SCALE, coefficient, even)
    )


@some
@given(rating_tables(max_raters=2, missing=False))
def test_cohen_and_conger_agree_on_complete_pairs(ratings):
    cohen, conger = (agreement(ratings, SCALE, c, "linear") for c in ("cohen_complete", "conger"))
    assert_same(cohen, conger, fields=("coef", "pa", "pe"))
    if cohen.undefined_because is None:  # divisors n and n - 1
        n = len(ratings)
        assert cohen.se == pytest.approx(conger.se * math.sqrt((n - 1) / n), abs=1e-7)


def test_long_histograms_are_counted_like_short_ones():
    """More than 4,096 subjects take another way through the code."""
    codes = np.random.default_rng(3).integers(-1, 3, size=(3, 5000, 2)).astype(np.int8)
    halves = [rating_histograms(codes[:, part], n_categories=3) for part in (slice(2500), slice(2500, None))]
    assert (rating_histograms(codes, n_categories=3) == halves[0] + halves[1]).all()


def test_many_raters_whose_pairs_rotate():
    """Twelve annotators, two per video: more patterns than a dense histogram could hold."""
    rng = np.random.default_rng(5)
    ratings = np.full((200, 12), np.nan)
    for row in ratings:
        row[rng.choice(12, size=2, replace=False)] = rng.choice(SCALE, p=[0.1, 0.6, 0.2, 0.1], size=2)
    everything = {c: agreement(ratings, SCALE, c) for c in COEFFICIENTS if c != "cohen_complete"}
    assert all(result.undefined_because is None for result in everything.values())
    pairs = np.array([row[~np.isnan(row)] for row in ratings])
    for coefficient in BLIND_TO_SEATS:
        assert_same(everything[coefficient], agreement(pairs, SCALE, coefficient))
