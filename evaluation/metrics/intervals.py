"""Intervals: Student's t around an estimate, percentiles of resamples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from evaluation.metrics.weights import FloatArray


def check_confidence(confidence: float) -> float:
    """Return the confidence level; ValueError outside the open interval (0, 1)."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float | np.number):
        raise ValueError(f"confidence must be a number between 0 and 1, not {confidence!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(confidence)


@lru_cache(maxsize=256)
def _t_quantile(df: float, confidence: float) -> float:
    return float(stdtrit(df, (1 + confidence) / 2))


def t_interval(
    coef: FloatArray, se: FloatArray, *, df: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """coef -/+ t * se; the upper end is cut off at 1, the lower is not. NaN where se is NaN."""
    first = float(df[0]) if df.size else 0.0
    is_shared = not np.count_nonzero(df != first)  # values are mostly rated equally often
    quantile = _t_quantile(first, confidence) if is_shared else stdtrit(df, (1 + confidence) / 2)
    half = quantile * se
    return coef - half, np.minimum(coef + half, 1)


def percentile_interval(
    resampled: FloatArray, *, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Standard error and both percentiles of resamples, shape (B, ...), NaN ones set aside.

    Returns three arrays of shape (...); NaN with fewer than two defined resamples. Percentiles
    interpolate linearly between order statistics, as np.quantile does.
    """
    ordered = np.sort(resampled, axis=0)  # NaN sorts to the end
    defined = ~np.isnan(ordered)
    n_defined = defined.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(defined, ordered, 0).sum(axis=0) / n_defined
        squares = (np.where(defined, ordered - mean, 0) ** 2).sum(axis=0)
        se = np.where(n_defined > 1, np.sqrt(squares / (n_defined - 1)), np.nan)
    ends = [
        _at_quantile(ordered, n_defined, (1 - confidence) / 2),
        _at_quantile(ordered, n_defined, (1 + confidence) / 2),
    ]
    low, high = (np.where(n_defined > 1, end, np.nan) for end in ends)
    return se, low, high


def _at_quantile(ordered: FloatArray, n_defined: npt.NDArray[np.intp], at: float) -> FloatArray:
    position = np.maximum(n_defined - 1, 0) * at
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(n_defined - 1, 0))
    low = np.take_along_axis(ordered, below[None, ...], axis=0)[0]
    high = np.take_along_axis(ordered, above[None, ...], axis=0)[0]
    return np.asarray(low + (high - low) * (position - below))
