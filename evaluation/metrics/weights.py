"""Agreement weights: how much two different categories still agree."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from evaluation.metrics.ratings import are_numbers, check_categories

FloatArray = npt.NDArray[np.float64]
Weights = str | npt.ArrayLike

WEIGHT_NAMES: Final = ("unweighted", "linear", "quadratic", "ordinal")


def weight_matrix(weights: Weights, *, categories: Sequence[Any]) -> FloatArray:
    """Weights between every two categories, in the order in which they are declared.

    Parameters
    ----------
    weights : one of WEIGHT_NAMES, or array_like of shape (q, q)
        "linear" 1 - |x - y| / range and "quadratic" 1 - ((x - y) / range)^2 go by the numbers that
        the categories are; "ordinal" 1 - M / M_max, M = C(|i - j| + 1, 2), goes by rank: of the
        numbers where categories are numbers, else as declared. A matrix has rows and columns in
        the declared order, 1 on the diagonal and entries in [0, 1]; it may be asymmetric, which
        only `cohen_complete`, with its two named raters, tells from its symmetric half.

    Returns
    -------
    read-only float array, shape (q, q), in [0, 1]

    Raises
    ------
    ValueError for an unknown name, categories without distances, or a matrix that is not as above.

    References
    ----------
    Cohen (1968), Psychol. Bull. 70, 213-220; Gwet (2014), Handbook of Inter-Rater Reliability.
    """
    if not isinstance(weights, str):
        return _checked(weights, len(check_categories(categories)))
    if isinstance(categories, list | tuple) and all(isinstance(c, int | float | str) for c in categories):
        return _remembered(weights, tuple(categories))
    return _named(weights, categories)


@lru_cache(maxsize=64)
def _remembered(name: str, categories: tuple[Any, ...]) -> FloatArray:
    return _named(name, categories)


def _named(name: str, categories: Sequence[Any]) -> FloatArray:
    scale = check_categories(categories)
    q = len(scale)
    if name not in WEIGHT_NAMES:
        raise ValueError(f"unknown weights {name!r}: use one of {', '.join(WEIGHT_NAMES)}")
    if name == "unweighted" or q == 1:
        matrix = np.eye(q)
    elif name == "ordinal":
        rank = np.array(_ranks(scale))
        steps = np.abs(rank[:, None] - rank)
        matrix = 1 - (steps * (steps + 1)) / ((q - 1) * q)
    elif not are_numbers(scale):
        raise ValueError(
            f"{name} weights need categories that are numbers, not {scale!r}; "
            "use ordinal weights or give a matrix"
        )
    else:
        x = np.array([float(c) for c in scale])
        distance = np.abs(x[:, None] - x) / (x.max() - x.min())
        matrix = 1 - (distance if name == "linear" else distance**2)
    return _frozen(matrix)


def _ranks(scale: tuple[Any, ...]) -> list[int]:
    if not are_numbers(scale):
        return list(range(len(scale)))
    return [sorted(scale).index(c) for c in scale]


def _checked(weights: npt.ArrayLike, q: int) -> FloatArray:
    try:
        matrix = np.array(weights, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"weights must be a name or a {q} x {q} matrix of numbers") from exc
    if matrix.shape != (q, q):
        raise ValueError(f"weights must be {q} x {q}, as many as categories, not {matrix.shape}")
    if not ((matrix >= 0) & (matrix <= 1)).all():  # written so that NaN fails too
        raise ValueError("weights must lie between 0 and 1")
    if not (np.diag(matrix) == 1).all():
        raise ValueError("weights must be 1 on the diagonal: a category agrees with itself")
    if q > 1 and (matrix == 1).all():
        raise ValueError("weights are all 1, so nothing could count as disagreement")
    return _frozen(matrix)


def _frozen(matrix: FloatArray) -> FloatArray:
    matrix.setflags(write=False)
    return matrix
