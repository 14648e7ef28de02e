"""The seven coefficients: point estimate and linearised variance, from sums over patterns.

Each coefficient says which sums over subjects it needs (`features`), turns those into the estimate
(`point`: any leading shape, so that a whole bootstrap is one call) and gives the large-sample
variance (`variance`). Formulas and symbols are those of docs/agreement.md.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from evaluation.metrics.chance_corrected import (
    BrennanPrediger,
    Conger,
    Fleiss,
    GwetAC,
    PercentAgreement,
)
from evaluation.metrics.patterns import PatternDesign
from evaluation.metrics.points import Point, chance_of_one_distribution, point_from, symmetric
from evaluation.metrics.undefined import NUMBER, Undefined
from evaluation.metrics.weights import FloatArray


class Coefficient(Protocol):
    """What a coefficient of agreement has to provide."""

    def features(self, design: PatternDesign) -> FloatArray:
        """Contribution of one subject of each pattern to the sums; shape (P, F)."""

    def point(self, design: PatternDesign, sums: FloatArray) -> Point:
        """Estimate from sums of shape (..., F)."""

    def variance(
        self, design: PatternDesign, features: FloatArray, counts: FloatArray, sums: FloatArray, at: Point
    ) -> FloatArray:
        """Variance for counts of shape (V, P), without the finite-population factor; (V,)."""

    def n_for_se(self, at: Point) -> FloatArray:
        """How many subjects the standard error rests on; it needs two."""

    def degrees_of_freedom(self, at: Point) -> FloatArray:
        """Of the t interval; shape (V,)."""


class Krippendorff:
    """Alpha in Gwet's weighted form, over subjects with two or more ratings.

    Equals Krippendorff's alpha for nominal (unweighted) and interval (quadratic) data.
    With eps = 1 / sum r_i: p_a = (1 - eps) p'_a + eps, and the variance is that of the uncorrected
    p'_a. Source: Krippendorff (2011); Gwet (2014, 2021).
    """

    def features(self, design: PatternDesign) -> FloatArray:
        base = np.stack(
            [design.rated, design.pairable, design.pairable * design.n_raters, _per_rater(design)],
            axis=1,
        )
        return np.concatenate([base, design.pairable[:, None] * design.tallies], axis=1)

    def point(self, design: PatternDesign, sums: FloatArray) -> Point:
        pi = sums[..., 4:] / sums[..., 2:3]
        pe, reason = chance_of_one_distribution(design.weights, pi)
        correction = 1 / sums[..., 2]
        pa = (1 - correction) * sums[..., 3] / sums[..., 2] + correction
        return point_from(pa, pe, n=sums[..., 0], n_pairable=sums[..., 1], reason=reason)

    def variance(
        self, design: PatternDesign, features: FloatArray, counts: FloatArray, sums: FloatArray, at: Point
    ) -> FloatArray:
        pe, n_pairable = at.pe[:, None], at.n_pairable[:, None]
        mean_raters = sums[:, 2:3] / n_pairable
        raw_pa = sums[:, 3:4] / sums[:, 2:3]
        raw = (raw_pa - pe) / (1 - pe)
        extra = design.n_raters / mean_raters - 1
        pi = sums[:, 4:] / sums[:, 2:3]
        by_chance = (pi @ symmetric(design.weights)) @ design.tallies.T / mean_raters
        x = (_per_rater(design) / mean_raters - raw_pa * extra - pe) / (1 - pe)
        x -= 2 * (1 - raw) * (by_chance - pe * extra - pe) / (1 - pe)
        squares = (counts * (x - raw) ** 2) @ design.pairable
        return squares / (at.n_pairable * (at.n_pairable - 1))

    def n_for_se(self, at: Point) -> FloatArray:
        return at.n_pairable

    def degrees_of_freedom(self, at: Point) -> FloatArray:
        return at.n - 1


class CohenComplete:
    """Cohen's kappa of two raters over the subjects that both rated.

    Source: Cohen (1960, 1968); variance Fleiss, Cohen & Everitt (1969), divisor m, t with m - 1.
    """

    def features(self, design: PatternDesign) -> FloatArray:
        if design.codes.shape[1] != 2 and design.pairable.any():
            raise ValueError(f"cohen_complete is for two raters, not {design.codes.shape[1]}: use conger")
        base = np.stack([design.rated, design.pairable], axis=1)
        return np.concatenate([base, design.table], axis=1)

    def _shares(self, design: PatternDesign, sums: FloatArray) -> FloatArray:
        q = len(design.weights)
        return (sums[..., 2:] / sums[..., 1:2]).reshape(*sums.shape[:-1], q, q)

    def point(self, design: PatternDesign, sums: FloatArray) -> Point:
        table = self._shares(design, sums)
        pa = (table * design.weights).sum(axis=(-2, -1))
        first, second = table.sum(axis=-1), table.sum(axis=-2)
        pe = ((first @ design.weights) * second).sum(axis=-1)
        clashes = (((first > 0) @ (design.weights < 1)) & (second > 0)).any(axis=-1)
        pe = np.where(clashes, pe, 1.0)
        reason = np.where(clashes, 0, NUMBER[Undefined.CHANCE_IS_ONE]).astype(np.int8)
        return point_from(pa, pe, n=sums[..., 0], n_pairable=sums[..., 1], reason=reason)

    def variance(
        self, design: PatternDesign, features: FloatArray, counts: FloatArray, sums: FloatArray, at: Point
    ) -> FloatArray:
        table = self._shares(design, sums)
        row = table.sum(axis=-2) @ design.weights.T
        column = table.sum(axis=-1) @ design.weights
        expected = row[:, :, None] + column[:, None, :]
        remaining = (1 - at.coef)[:, None, None]
        # The paper subtracts the squared mean; taking it off first loses no digits to cancellation.
        mean = (at.pa - 2 * (1 - at.coef) * at.pe)[:, None, None]
        squares = (table * (design.weights - remaining * expected - mean) ** 2).sum(axis=(-2, -1))
        return np.asarray(squares / (at.n_pairable * (1 - at.pe) ** 2))

    def n_for_se(self, at: Point) -> FloatArray:
        return at.n_pairable

    def degrees_of_freedom(self, at: Point) -> FloatArray:
        return at.n_pairable - 1


def _per_rater(design: PatternDesign) -> FloatArray:
    """sum_k r_ik (r*_ik - 1) / (r_i - 1), 0 where r_i < 2."""
    return design.pairable * design.agreeing / np.maximum(design.n_raters - 1, 1)


COEFFICIENTS: Final[dict[str, Coefficient]] = {
    "percent_agreement": PercentAgreement(),
    "gwet_ac": GwetAC(),
    "fleiss": Fleiss(),
    "brennan_prediger": BrennanPrediger(),
    "conger": Conger(),
    "krippendorff": Krippendorff(),
    "cohen_complete": CohenComplete(),
}


def coefficient_named(name: str) -> Coefficient:
    """The coefficient of that name; ValueError listing the names otherwise."""
    try:
        return COEFFICIENTS[name]
    except (KeyError, TypeError):
        known = ", ".join(COEFFICIENTS)
        raise ValueError(f"unknown coefficient {name!r}: use one of {known}") from None
