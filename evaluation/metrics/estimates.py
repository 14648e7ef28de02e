"""Agreement with its standard error and interval, for one value or many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.coefficients import Coefficient, coefficient_named
from evaluation.metrics.intervals import check_confidence, t_interval
from evaluation.metrics.patterns import PatternDesign, dense_design
from evaluation.metrics.points import Point
from evaluation.metrics.ratings import encode_ratings
from evaluation.metrics.undefined import BY_NUMBER, NUMBER, Undefined
from evaluation.metrics.weights import FloatArray, Weights, weight_matrix


@dataclass(frozen=True, slots=True)
class Agreement:
    """One coefficient with its uncertainty; NaN where undefined, and then why."""

    coef: float
    se: float
    ci_low: float
    ci_high: float
    pa: float  # observed agreement
    pe: float  # agreement expected by chance
    n_subjects: int  # with at least one rating
    n_pairable: int  # with at least two
    undefined_because: str | None  # a code of `Undefined`; also when only se and interval are NaN


@dataclass(frozen=True, slots=True)
class BatchAgreement:
    """The same for V values: arrays of shape (V,). Index or iterate for single results."""

    coef: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    pa: FloatArray
    pe: FloatArray
    n_subjects: npt.NDArray[np.intp]
    n_pairable: npt.NDArray[np.intp]
    undefined_because: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.coef)

    def __iter__(self) -> Iterator[Agreement]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Agreement:
        return Agreement(
            coef=float(self.coef[i]),
            se=float(self.se[i]),
            ci_low=float(self.ci_low[i]),
            ci_high=float(self.ci_high[i]),
            pa=float(self.pa[i]),
            pe=float(self.pe[i]),
            n_subjects=int(self.n_subjects[i]),
            n_pairable=int(self.n_pairable[i]),
            undefined_because=self.undefined_because[i],
        )


def agreement_from_patterns(
    patterns: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    weights: Weights = "unweighted",
    confidence: float = 0.95,
    population: float | None = None,
) -> Agreement:
    """`agreement` of ratings given as patterns and how often each occurs.

    patterns: shape (P, n_raters), ratings from `categories`, None where missing; counts: shape
    (P,), whole numbers. A pattern may come twice. Otherwise as `agreement`.
    """
    single = np.asarray(counts)
    if single.ndim != 1:
        raise ValueError(f"counts must be of shape (patterns,), not {single.shape}")
    return batch_from_patterns(
        patterns,
        single[None, :],
        categories=categories,
        coefficient=coefficient,
        weights=weights,
        confidence=confidence,
        population=population,
    )[0]


def batch_from_patterns(
    patterns: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    weights: Weights = "unweighted",
    confidence: float = 0.95,
    population: float | None = None,
) -> BatchAgreement:
    """V values at once: patterns of shape (P, n_raters) that they share, counts of shape (V, P)."""
    design = design_of(patterns, categories=categories, weights=weights)
    return estimate(
        design,
        counts,
        coefficient=coefficient_named(coefficient),
        confidence=confidence,
        population=population,
    )


def batch_from_histograms(
    histograms: npt.ArrayLike,
    *,
    n_raters: int,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    weights: Weights = "unweighted",
    confidence: float = 0.95,
    population: float | None = None,
) -> BatchAgreement:
    """V values at once, from dense histograms of shape (V, (q + 1) ** n_raters).

    Bins are those of `patterns.dense_codes`: for two raters (a + 1) * (q + 1) + (b + 1) with a and
    b the positions of their ratings in `categories`, -1 for a missing one. Otherwise as
    `agreement`, in arrays of shape (V,).
    """
    matrix = weight_matrix(weights, categories=categories)
    return estimate(
        dense_design(matrix, n_raters=n_raters),
        histograms,
        coefficient=coefficient_named(coefficient),
        confidence=confidence,
        population=population,
    )


def design_of(patterns: npt.ArrayLike, *, categories: Sequence[Any], weights: Weights) -> PatternDesign:
    """Tabulate patterns of ratings, shape (P, n_raters)."""
    matrix = weight_matrix(weights, categories=categories)
    return PatternDesign.of(encode_ratings(patterns, categories=categories), matrix)


def estimate(
    design: PatternDesign,
    counts: npt.ArrayLike,
    *,
    coefficient: Coefficient,
    confidence: float,
    population: float | None,
) -> BatchAgreement:
    """Estimates from counts of shape (V, P): the one place where they are put together."""
    confidence = check_confidence(confidence)
    times = checked_counts(counts, n_patterns=len(design.codes), n_dimensions=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        features = coefficient.features(design)
        sums = times @ features
        at = coefficient.point(design, sums)
        variance = coefficient.variance(design, features, times, sums, at)
        df = coefficient.degrees_of_freedom(at)
        if population is not None:
            variance = variance * _finite_factor(df + 1, at=at, population=population)
        se, reason = np.sqrt(variance), at.reason
        has_se = coefficient.n_for_se(at) >= 2
        if np.count_nonzero(reason) or np.count_nonzero(has_se) < has_se.size:
            se = np.where(has_se & (reason == 0), se, np.nan)
            reason = np.where(has_se | (reason != 0), reason, NUMBER[Undefined.TOO_FEW_FOR_SE])
        ci_low, ci_high = t_interval(at.coef, se, df=df, confidence=confidence)
    return BatchAgreement(
        coef=at.coef,
        se=se,
        ci_low=ci_low,
        ci_high=ci_high,
        pa=at.pa,
        pe=at.pe,
        n_subjects=at.n.astype(np.intp),
        n_pairable=at.n_pairable.astype(np.intp),
        undefined_because=tuple(BY_NUMBER[i] for i in reason.tolist()),
    )


def checked_counts(counts: npt.ArrayLike, *, n_patterns: int, n_dimensions: int) -> FloatArray:
    """Counts as floats; ValueError unless whole, not negative and one for each pattern."""
    given = np.asarray(counts)
    if given.ndim != n_dimensions or given.shape[-1] != n_patterns:
        raise ValueError(
            f"counts must have {n_dimensions} dimensions, the last of {n_patterns} patterns; "
            f"their shape is {given.shape}"
        )
    if given.dtype.kind not in "biuf":
        raise ValueError(f"counts must be numbers, not {given.dtype}")
    times = given.astype(np.float64)
    if times.size and not times.min() >= 0:
        raise ValueError("counts must not be negative or missing")
    if given.dtype.kind == "f" and not (np.isfinite(times) & (times == np.floor(times))).all():
        raise ValueError("counts must be whole numbers")
    return times


def _finite_factor(n_sampled: FloatArray, *, at: Point, population: float) -> FloatArray:
    """1 - n / N: nothing is left to sampling where the whole population was rated."""
    if isinstance(population, bool) or not isinstance(population, int | float | np.number):
        raise ValueError(f"population must be a number of subjects, not {population!r}")
    largest = int(at.n.max(initial=0))
    if not population >= max(largest, 1):
        raise ValueError(f"population is {population}, but {largest} subjects were rated")
    return 1 - n_sampled / float(population)
