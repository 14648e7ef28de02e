"""How sure scores are: whole creators are drawn again, the same draw for every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.metrics.classification import BoolArray, Tally, figures_of
from evaluation.metrics.intervals import check_confidence, percentile_interval
from evaluation.metrics.resampling import check_n_resamples, resample_weights
from evaluation.metrics.weights import FloatArray

FEWEST_CLUSTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Resampled:
    """Figures and labels' F1 of each run in each resample; no resamples with fewer than two clusters."""

    figures: FloatArray  # (B, R, 12)
    f1: FloatArray  # (B, R, V, 2)
    n_clusters: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard errors and percentile intervals, each of the shape of what was resampled.

    NaN with fewer than two clusters, and where the figure was undefined in more than 1 - confidence of the
    resamples: its percentiles are no longer known.
    """

    se: FloatArray
    low: FloatArray
    high: FloatArray
    n_undefined: npt.NDArray[np.intp]


def cluster_sums(rows: FloatArray, clusters: npt.ArrayLike) -> FloatArray:
    """Rows (n, F) added up by cluster, shape (C, F); clusters: any numbers, shape (n,)."""
    of = np.asarray(clusters)
    if of.shape != rows.shape[:1]:
        raise ValueError(f"clusters must have the shape {rows.shape[:1]}, not {of.shape}")
    if not len(rows):
        return rows
    order = np.argsort(of, kind="stable")
    of = of[order]
    return np.add.reduceat(rows[order], np.flatnonzero(np.r_[True, of[1:] != of[:-1]]), axis=0)


def resample_scores(
    sums: Sequence[FloatArray], *, reported: BoolArray, n_resamples: int = 1000, seed: int = 0
) -> Resampled:
    """Draw C clusters with replacement, `n_resamples` times, the same draw for every run.

    sums: for each run its `cluster_sums`, shape (C, F), over the same clusters in the same order. Every
    figure is a function of sums over videos, so all resamples of all runs are one product of resample weights
    (B, C) and these sums (C, R * F).

    reported: bool, shape (V, 2), fixed beforehand on the full gold.
    The same seed gives the same result. Source: Davison & Hinkley (1997), 3.8.
    """
    check_n_resamples(n_resamples)
    n_values, n_runs = len(reported), len(sums)
    n_clusters = len(sums[0]) if sums else 0
    figures, f1 = [np.empty((0, n_runs, 12))], [np.empty((0, n_runs, n_values, 2))]
    if n_clusters >= FEWEST_CLUSTERS:
        table = np.stack(sums, axis=1)  # (C, R, F)
        flat = table.reshape(n_clusters, -1)
        blocks = resample_weights(n_clusters, n_resamples=n_resamples, seed=seed, n_sums=flat.shape[1])
        for weights in blocks:
            tally = Tally.of((weights @ flat).reshape(-1, *table.shape[1:]), n_values=n_values)
            of_labels = tally.f1
            figures.append(figures_of(tally, reported=reported, f1=of_labels))
            f1.append(of_labels)
    return Resampled(np.concatenate(figures), np.concatenate(f1), n_clusters)


def spread_of(resampled: FloatArray, *, confidence: float = 0.95) -> Spread:
    """Standard error and percentile interval over the first axis of `resampled`, shape (B, ...)."""
    confidence = check_confidence(confidence)
    n_undefined = np.isnan(resampled).sum(axis=0)
    if not len(resampled):
        nan = np.full(resampled.shape[1:], np.nan)
        return Spread(nan, nan, nan, n_undefined)
    is_known = n_undefined <= (1 - confidence) * len(resampled)
    ends = percentile_interval(resampled, confidence=confidence)
    se, low, high = (np.where(is_known, end, np.nan) for end in ends)
    return Spread(se, low, high, n_undefined)
