"""Cluster bootstrap of agreement: whole creators are drawn again, never single videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.coefficients import coefficient_named
from evaluation.metrics.estimates import checked_counts, design_of
from evaluation.metrics.intervals import check_confidence, percentile_interval
from evaluation.metrics.resampling import check_n_resamples, resample_weights
from evaluation.metrics.undefined import BY_NUMBER, Undefined
from evaluation.metrics.weights import FloatArray, Weights


@dataclass(frozen=True, slots=True)
class Clustered:
    """A figure's clustered standard error and percentile interval, and what they rest on."""

    coef: float  # on the data themselves
    se: float
    ci_low: float
    ci_high: float
    n_clusters: int
    n_resamples: int
    n_undefined: int  # resamples in which the figure had no value
    undefined_because: str | None


@dataclass(frozen=True, slots=True)
class ClusterBootstrap:
    """Each value's figure, the figure of all (video, value) units, and the mean over values."""

    values: tuple[Clustered, ...]
    pooled: Clustered
    mean: Clustered


def bootstrap_by_cluster(
    counts: npt.ArrayLike,
    *,
    patterns: npt.ArrayLike,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    weights: Weights = "unweighted",
    confidence: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 0,
) -> ClusterBootstrap:
    """Standard errors and percentile intervals that respect clusters.

    Draws C clusters with replacement, the same draw for every value, `n_resamples` times. A
    coefficient is a function of sums over subjects, so all resamples are one product of resample
    weights (B, C) and per-cluster sums (C, V * F).

    Parameters
    ----------
    counts : array_like, shape (C, V, P)
        How often each pattern occurs in each cluster for each value; a cluster may be empty.
    patterns : array_like, shape (P, n_raters)
        Ratings from `categories`, None where missing; for dense histograms `histogram_patterns`.
    coefficient, weights, confidence : as `agreement`
    seed : of numpy.random.default_rng; the same seed gives the same result.

    Returns
    -------
    ClusterBootstrap
        A resample in which a figure is undefined is counted in `n_undefined` and set aside; once
        more than 1 - confidence of them are, the figure's se and interval are NaN
        ("resamples_undefined"), since its percentiles are no longer known. The mean runs over the
        values that are defined on the data, and is undefined in a resample where one of these is.
        All NaN with fewer than two clusters that hold a rating, or where `coef` is undefined.

    Raises
    ------
    ValueError for bad shapes or arguments.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, 3.8.
    """
    confidence = check_confidence(confidence)
    n_resamples = check_n_resamples(n_resamples)
    design = design_of(patterns, categories=categories, weights=weights)
    chosen = coefficient_named(coefficient)
    times = checked_counts(counts, n_patterns=len(design.codes), n_dimensions=3)
    sums = times @ chosen.features(design)  # (C, V, F)
    sums = sums[(times @ design.rated).sum(axis=1) > 0]  # a cluster without ratings is none
    with np.errstate(divide="ignore", invalid="ignore"):
        at = chosen.point(design, _with_pooled(sums.sum(axis=0)))
        is_averaged = ~np.isnan(at.coef[:-1])
        resampled = np.empty((0, len(at.coef) + 1))
        if len(sums) >= 2:
            blocks = [
                _with_mean(chosen.point(design, _with_pooled(block)).coef, is_averaged)
                for block in _resampled_sums(sums, n_resamples=n_resamples, seed=seed)
            ]
            resampled = np.concatenate(blocks)
    reasons = [BY_NUMBER[i] for i in at.reason.tolist()]
    reasons.append(None if is_averaged.any() else Undefined.NO_VALUES)
    *values, pooled, mean = _summaries(
        _with_mean(at.coef, is_averaged),
        resampled,
        reasons=reasons,
        n_clusters=len(sums),
        confidence=confidence,
    )
    return ClusterBootstrap(values=tuple(values), pooled=pooled, mean=mean)


def _with_pooled(sums: FloatArray) -> FloatArray:
    """Sums of shape (..., V, F) with those of all values together after them."""
    return np.concatenate([sums, sums.sum(axis=-2, keepdims=True)], axis=-2)


def _with_mean(coefs: FloatArray, is_averaged: npt.NDArray[np.bool_]) -> FloatArray:
    """Figures (..., V values and pooled) with the mean over the averaged values after them."""
    averaged = coefs[..., :-1][..., is_averaged]
    n_averaged = averaged.shape[-1]
    mean = averaged.sum(axis=-1, keepdims=True) / n_averaged if n_averaged else np.nan
    return np.concatenate([coefs, np.broadcast_to(mean, (*coefs.shape[:-1], 1))], axis=-1)


def _resampled_sums(sums: FloatArray, *, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Sums of each resample, shape (B, V, F), in blocks that keep the weights small."""
    flat = sums.reshape(len(sums), -1)
    for weights in resample_weights(len(sums), n_resamples=n_resamples, seed=seed):
        yield (weights @ flat).reshape(len(weights), *sums.shape[1:])


def _summaries(
    coefs: FloatArray,
    resampled: FloatArray,
    *,
    reasons: Sequence[str | None],
    n_clusters: int,
    confidence: float,
) -> list[Clustered]:
    """One `Clustered` per figure; coefs: (M,), resampled: (B, M), B = 0 for too few clusters."""
    nan = np.full(len(coefs), np.nan)
    se, low, high = nan, nan, nan
    if len(resampled):
        se, low, high = percentile_interval(resampled, confidence=confidence)
    n_undefined = np.isnan(resampled).sum(axis=0)
    summaries = []
    for i, coef in enumerate(coefs.tolist()):
        reason = reasons[i]
        if reason is None and n_clusters < 2:
            reason = Undefined.TOO_FEW_CLUSTERS
        elif reason is None and n_undefined[i] > (1 - confidence) * len(resampled):
            reason = Undefined.RESAMPLES_UNDEFINED
        spread = (se, low, high) if reason is None else (nan, nan, nan)
        summaries.append(
            Clustered(
                coef=coef,
                se=float(spread[0][i]),
                ci_low=float(spread[1][i]),
                ci_high=float(spread[2][i]),
                n_clusters=n_clusters,
                n_resamples=len(resampled),
                n_undefined=int(n_undefined[i]),
                undefined_because=reason,
            )
        )
    return summaries
