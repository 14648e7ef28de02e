"""Coefficients that take chance off the agreement over pairable subjects, each in its own way."""

from __future__ import annotations

import numpy as np

from evaluation.metrics.patterns import PatternDesign
from evaluation.metrics.points import (
    Point,
    ReasonArray,
    chance_of_one_distribution,
    point_from,
    symmetric,
)
from evaluation.metrics.undefined import NUMBER, Undefined
from evaluation.metrics.weights import FloatArray

_ONE_CATEGORY = NUMBER[Undefined.ONE_CATEGORY]
_CHANCE_IS_ONE = NUMBER[Undefined.CHANCE_IS_ONE]
_RATER_WITHOUT = NUMBER[Undefined.RATER_WITHOUT_RATINGS]


class ChanceCorrected:
    """(p_a - p_e) / (1 - p_e) with p_a over pairable subjects; subclasses say what chance is.

    v = 1 / (n (n - 1)) * sum_i (k*_i - k)^2,
    k*_i = (n / n') (p_a|i - p_e 1{r_i >= 2}) / (1 - p_e) - 2 (1 - k) (p_e|i - p_e) / (1 - p_e).
    Source: Gwet (2008) for AC1, Gwet (2014, 2021) and Klein (2018) for the others.
    """

    def features(self, design: PatternDesign) -> FloatArray:
        return design.pair_features

    def point(self, design: PatternDesign, sums: FloatArray) -> Point:
        n, n_pairable = sums[..., 0], sums[..., 1]
        pa = sums[..., 2] / n_pairable
        pe, reason = self.chance(design, sums)
        return point_from(pa, pe, n=n, n_pairable=n_pairable, reason=reason)

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        """p_e, and why it does not do, decided on which counts are zero and never on floats."""
        raise NotImplementedError

    def chance_slopes(self, design: PatternDesign, sums: FloatArray, at: Point) -> FloatArray:
        """p_e|i - p_e as a sum over the features after the first three; shape (V, F - 3)."""
        return np.empty((len(sums), 0))

    def variance(
        self, design: PatternDesign, features: FloatArray, counts: FloatArray, sums: FloatArray, at: Point
    ) -> FloatArray:
        deviation = self.deviations(design, features, sums, at)
        deviation *= deviation
        return np.asarray(np.vecdot(counts, deviation) / (at.n * (at.n - 1)))

    def deviations(
        self, design: PatternDesign, features: FloatArray, sums: FloatArray, at: Point
    ) -> FloatArray:
        """k*_i - k of a subject of each pattern, 0 where unrated; shape (V, P)."""
        # Linear in the features, so that one product gives it for every pattern.
        beyond = 1 / (1 - at.pe)
        scale = at.n / at.n_pairable * beyond
        slopes = np.empty_like(sums)
        slopes[:, 0] = -at.coef
        slopes[:, 1] = -scale * at.pe
        slopes[:, 2] = scale
        if sums.shape[1] > 3:
            chance_scale = (at.coef - 1) * (2 * beyond)
            np.multiply(chance_scale[:, None], self.chance_slopes(design, sums, at), out=slopes[:, 3:])
        return np.asarray(slopes @ features.T)

    def n_for_se(self, at: Point) -> FloatArray:
        return at.n

    def degrees_of_freedom(self, at: Point) -> FloatArray:
        return at.n - 1


class PercentAgreement(ChanceCorrected):
    """Weighted share of pairs that agree; in [0, 1]; nothing is taken off for chance."""

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        pe = np.zeros(sums.shape[:-1])
        return pe, np.zeros(pe.shape, dtype=np.int8)


class BrennanPrediger(ChanceCorrected):
    """Chance is T_w / q^2, every category equally likely; Brennan & Prediger (1981)."""

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        q = len(design.weights)
        if q == 1:
            return _one_category(sums)
        pe = np.full(sums.shape[:-1], design.total_weight / q**2)
        return pe, np.zeros(pe.shape, dtype=np.int8)


class GwetAC(ChanceCorrected):
    """AC1, with weights AC2: p_e = T_w / (q (q - 1)) * sum_k pi_k (1 - pi_k); Gwet (2008, 2014).

    p_e stays below 1 because weights are never all 1, so only a scale of one category is undefined.
    """

    def features(self, design: PatternDesign) -> FloatArray:
        return design.share_features

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        if len(design.weights) == 1:
            return _one_category(sums)
        n, shares = sums[..., 0], sums[..., 3:]  # pi = shares / n
        pe = _gwet_factor(design) * (1 - np.vecdot(shares, shares) / (n * n))
        return pe, np.zeros(pe.shape, dtype=np.int8)

    def chance_slopes(self, design: PatternDesign, sums: FloatArray, at: Point) -> FloatArray:
        factor = _gwet_factor(design)
        return np.asarray((factor - at.pe)[:, None] - sums[:, 3:] * (factor / at.n)[:, None])


class Fleiss(ChanceCorrected):
    """Fleiss' kappa, generalised: p_e = sum_kl w_kl pi_k pi_l; Fleiss (1971), Gwet (2014)."""

    def features(self, design: PatternDesign) -> FloatArray:
        return design.share_features

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        pi = sums[..., 3:] / sums[..., :1]
        return chance_of_one_distribution(design.weights, pi)

    def chance_slopes(self, design: PatternDesign, sums: FloatArray, at: Point) -> FloatArray:
        pi = sums[..., 3:] / sums[..., :1]
        return np.asarray(pi @ symmetric(design.weights) - at.pe[:, None])


class Conger(ChanceCorrected):
    """Conger's kappa: every rater has an own distribution; Cohen's for two complete raters.

    p_e = 1 / (r (r - 1)) sum_{g != h} sum_kl w_kl p_gk p_hl; undefined if a rater rated nothing.
    Source: Conger (1980); with missing ratings Gwet (2014).
    """

    def features(self, design: PatternDesign) -> FloatArray:
        return np.concatenate([design.pair_features, design.by_rater], axis=1)

    def _marginals(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        chosen = sums[..., 3:].reshape(*sums.shape[:-1], -1, len(design.weights))
        n_by_rater = chosen.sum(axis=-1)
        return chosen / n_by_rater[..., None], n_by_rater

    def chance(self, design: PatternDesign, sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
        p, n_by_rater = self._marginals(design, sums)
        n_pairs = p.shape[-2] * (p.shape[-2] - 1)
        pe = _between_raters(p, design.weights) / max(n_pairs, 1)
        used = (np.nan_to_num(p) > 0).astype(np.float64)
        clashes = _between_raters(used, (design.weights < 1).astype(np.float64))
        is_one = clashes == 0
        without = (n_by_rater == 0).any(axis=-1)
        pe = np.where(without, np.nan, np.where(is_one, 1.0, pe))
        reason = np.where(without, _RATER_WITHOUT, np.where(is_one, _CHANCE_IS_ONE, 0))
        return pe, reason.astype(np.int8)

    def chance_slopes(self, design: PatternDesign, sums: FloatArray, at: Point) -> FloatArray:
        p, n_by_rater = self._marginals(design, sums)
        n_raters = p.shape[-2]
        weighted = p @ symmetric(design.weights)
        by_others = weighted.sum(axis=-2, keepdims=True) - weighted
        centred = by_others - (p * by_others).sum(axis=-1, keepdims=True)
        centred = centred * (at.n[:, None] / n_by_rater)[..., None] / (n_raters * (n_raters - 1))
        return np.asarray(centred.reshape(len(sums), -1))


def _one_category(sums: FloatArray) -> tuple[FloatArray, ReasonArray]:
    shape = sums.shape[:-1]
    return np.full(shape, np.nan), np.full(shape, _ONE_CATEGORY, dtype=np.int8)


def _between_raters(p: FloatArray, weights: FloatArray) -> FloatArray:
    """sum_{g != h} sum_kl w_kl p_gk p_hl for p of shape (..., r, q), without an r x r matrix."""
    total = p.sum(axis=-2)
    of_all = ((total @ weights) * total).sum(axis=-1)
    return np.asarray(of_all - ((p @ weights) * p).sum(axis=(-2, -1)))


def _gwet_factor(design: PatternDesign) -> float:
    q = len(design.weights)
    return design.total_weight / max(q * (q - 1), 1)  # q = 1 is undefined before this matters
