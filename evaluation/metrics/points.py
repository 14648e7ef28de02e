"""Point estimates of agreement in arrays, and the pieces that several coefficients share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.undefined import NUMBER, Undefined
from evaluation.metrics.weights import FloatArray

ReasonArray = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Point:
    """Estimates of any leading shape; NaN where undefined, `reason` an index of BY_NUMBER."""

    coef: FloatArray
    pa: FloatArray
    pe: FloatArray
    n: FloatArray  # subjects with a rating
    n_pairable: FloatArray
    reason: ReasonArray


def point_from(
    pa: FloatArray, pe: FloatArray, *, n: FloatArray, n_pairable: FloatArray, reason: ReasonArray
) -> Point:
    if np.count_nonzero(n_pairable) < n_pairable.size:
        unpaired = n_pairable == 0
        pa, pe = np.where(unpaired, np.nan, pa), np.where(unpaired, np.nan, pe)
        reason = np.where(
            unpaired, np.where(n == 0, NUMBER[Undefined.NO_RATINGS], NUMBER[Undefined.NO_PAIRS]), reason
        )
        reason = reason.astype(np.int8)
    coef = (pa - pe) / (1 - pe)
    if np.count_nonzero(reason):
        coef = np.where(reason == 0, coef, np.nan)
    return Point(coef=coef, pa=pa, pe=pe, n=n, n_pairable=n_pairable, reason=reason)


def chance_of_one_distribution(weights: FloatArray, pi: FloatArray) -> tuple[FloatArray, ReasonArray]:
    """sum_kl w_kl pi_k pi_l; exactly 1 when no two categories in use count as different."""
    pe = ((pi @ weights) * pi).sum(axis=-1)
    used = pi > 0
    clashes = ((used @ (weights < 1)) & used).any(axis=-1)
    return np.where(clashes, pe, 1.0), np.where(clashes, 0, NUMBER[Undefined.CHANCE_IS_ONE]).astype(np.int8)


def symmetric(weights: FloatArray) -> FloatArray:
    return (weights + weights.T) / 2
