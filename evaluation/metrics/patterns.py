"""Rating patterns: every figure here needs only how often each pattern of ratings occurs.

A pattern is one row of codes, a column per rater: positions on the declared scale, -1 = missing.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.weights import FloatArray

MAX_BINS = 1 << 16  # above this a dense histogram is larger than the ratings that it counts


@dataclass(frozen=True, eq=False)
class PatternDesign:
    """What one subject of each pattern contributes to the sums, however often it occurs.

    P patterns, r raters, q categories. `r_i` below is the number of raters of pattern i.
    """

    codes: npt.NDArray[np.integer]  # (P, r), -1 = missing
    weights: FloatArray  # (q, q)
    tallies: FloatArray  # (P, q): raters who chose category k
    n_raters: FloatArray  # (P,): r_i
    rated: FloatArray  # (P,): 1 where r_i >= 1
    pairable: FloatArray  # (P,): 1 where r_i >= 2
    agreeing: FloatArray  # (P,): sum_k r_ik (r*_ik - 1), the weighted ordered pairs that agree
    agreed: FloatArray  # (P,): p_a|i, the share of pairs that agree; 0 where r_i < 2

    @classmethod
    def of(cls, codes: npt.NDArray[np.integer], weights: FloatArray) -> PatternDesign:
        """Tabulate patterns of shape (P, r) on a scale with weights of shape (q, q)."""
        tallies = np.stack([(codes == k).sum(axis=1) for k in range(len(weights))], axis=1)
        tallies = tallies.astype(np.float64)
        n_raters = tallies.sum(axis=1)
        agreeing = (tallies * (tallies @ weights.T - 1)).sum(axis=1)
        return cls(
            codes=codes,
            weights=weights,
            tallies=tallies,
            n_raters=n_raters,
            rated=(n_raters >= 1).astype(np.float64),
            pairable=(n_raters >= 2).astype(np.float64),
            agreeing=agreeing,
            agreed=np.where(n_raters >= 2, agreeing / np.maximum(n_raters * (n_raters - 1), 1), 0),
        )

    @cached_property
    def total_weight(self) -> float:
        """T_w, the sum of all weights."""
        return float(self.weights.sum())

    @cached_property
    def shares(self) -> FloatArray:
        """Share of a pattern's raters in each category, r_ik / r_i; (P, q), 0 where unrated."""
        return np.asarray(self.tallies / np.maximum(self.n_raters, 1)[:, None])

    @cached_property
    def pair_features(self) -> FloatArray:
        """Whether rated, whether pairable, and p_a|i; (P, 3)."""
        return np.stack([self.rated, self.pairable, self.agreed], axis=1)

    @cached_property
    def share_features(self) -> FloatArray:
        """The same with the shares after them; (P, 3 + q)."""
        return np.concatenate([self.pair_features, self.shares], axis=1)

    @cached_property
    def by_rater(self) -> FloatArray:
        """1 where rater g chose category k; (P, r * q), rater-major."""
        q = len(self.weights)
        chosen: npt.NDArray[np.bool_] = self.codes[:, :, None] == np.arange(q)
        return chosen.reshape(len(self.codes), self.codes.shape[1] * q).astype(np.float64)

    @cached_property
    def table(self) -> FloatArray:
        """1 where the first rater chose k and the second, also the last, l; (P, q * q)."""
        q = len(self.weights)
        first, second = self.by_rater[:, :q], self.by_rater[:, -q:]
        return (first[:, :, None] * second[:, None, :]).reshape(len(self.codes), q * q)


def dense_codes(*, n_categories: int, n_raters: int) -> npt.NDArray[np.int8]:
    """Every pattern there can be, in the order of a histogram's bins.

    Returns shape ((q + 1) ** r, r). Bin number = the codes plus one, read as digits in base q + 1,
    the first rater's digit leading: for two raters (a + 1) * (q + 1) + (b + 1).
    """
    _n_bins(n_categories=n_categories, n_raters=n_raters)
    digits = np.indices((n_categories + 1,) * n_raters, dtype=np.int16)
    return (digits.reshape(n_raters, -1).T - 1).astype(np.int8)


def _n_bins(*, n_categories: int, n_raters: int) -> int:
    n_bins: int = (n_categories + 1) ** n_raters
    if n_bins > MAX_BINS:
        raise ValueError(
            f"{n_raters} raters and {n_categories} categories make {n_bins} patterns: "
            "count the patterns that occur instead"
        )
    return n_bins


def histogram_patterns(*, categories: Sequence[Any], n_raters: int) -> npt.NDArray[np.object_]:
    """Ratings of each bin of a histogram, None where missing; shape ((q + 1) ** r, r)."""
    lookup = np.array([*categories, None], dtype=object)  # code -1 finds the last
    return lookup[dense_codes(n_categories=len(categories), n_raters=n_raters)]


def dense_design(weights: FloatArray, *, n_raters: int) -> PatternDesign:
    """Design of a whole histogram; the last few are remembered."""
    return _dense_design(weights.tobytes(), len(weights), n_raters)


@lru_cache(maxsize=32)
def _dense_design(weights: bytes, n_categories: int, n_raters: int) -> PatternDesign:
    matrix = np.frombuffer(weights).reshape(n_categories, n_categories)
    return PatternDesign.of(dense_codes(n_categories=n_categories, n_raters=n_raters), matrix)


def rating_histograms(codes: npt.NDArray[np.integer], *, n_categories: int) -> npt.NDArray[np.intp]:
    """Count the patterns of many values at once.

    Parameters
    ----------
    codes : int array, shape (V, n, r)
        Positions on the scale, -1 = missing; int8 is the fastest.

    Returns
    -------
    int array, shape (V, (q + 1) ** r); bins as in `dense_codes`

    Raises
    ------
    ValueError if a code is outside [-1, q - 1], naming it, or if there would be too many bins.
    """
    if codes.ndim != 3 or codes.dtype.kind != "i":
        raise ValueError(
            f"codes must be signed integers of shape (values, subjects, raters), "
            f"not {codes.dtype} of shape {codes.shape}"
        )
    n_values, n_subjects, n_raters = codes.shape
    n_bins = _n_bins(n_categories=n_categories, n_raters=n_raters)
    if codes.size and (codes.min() < -1 or codes.max() >= n_categories):
        at = np.argwhere((codes < -1) | (codes >= n_categories))[0]
        value, subject, rater = (int(i) for i in at)
        raise ValueError(
            f"code {codes[value, subject, rater]} of value {value}, subject {subject}, "
            f"rater {rater} (counted from 0) is outside -1 to {n_categories - 1}"
        )
    bins = _bin_numbers(codes, n_categories=n_categories)
    if n_subjects > 4096:  # long rows: count each while it is in the cache
        return np.stack([np.bincount(row, minlength=n_bins) for row in bins])
    small = n_values * n_bins < 1 << 15
    offsets = np.arange(n_values, dtype=np.int16 if small else np.intp)[:, None] * n_bins
    flat = np.bincount((bins + offsets).ravel(), minlength=n_values * n_bins)
    return flat.reshape(n_values, n_bins)


def _bin_numbers(codes: npt.NDArray[np.integer], *, n_categories: int) -> npt.NDArray[Any]:
    """Bin of each subject, shape codes.shape[:-1], in the smallest integers that hold it."""
    base = n_categories + 1
    n_raters = codes.shape[-1]
    dtype = np.int8 if base**n_raters <= 127 else np.int32
    numbers: npt.NDArray[Any] = codes[..., 0].astype(dtype)
    for rater in range(1, n_raters):
        numbers *= dtype(base)
        numbers += codes[..., rater].astype(dtype)  # a contiguous copy adds faster than a stride
    # Each digit is code + 1; the ones are added together, here.
    numbers += dtype(sum(base**rater for rater in range(n_raters)))
    return numbers


def cluster_histograms(
    codes: npt.NDArray[np.integer], *, clusters: Sequence[Hashable], n_categories: int
) -> npt.NDArray[np.intp]:
    """Histograms of each cluster's subjects, for `bootstrap_by_cluster`.

    codes: shape (V, n, r), as for `rating_histograms`; clusters: n labels, one per subject.
    Returns shape (C, V, (q + 1) ** r), clusters in order of first appearance.
    """
    n_values, n_subjects, n_raters = codes.shape
    if len(clusters) != n_subjects:
        raise ValueError(f"{len(clusters)} clusters for {n_subjects} subjects: one is needed each")
    number: dict[Hashable, int] = {}
    cluster_of = np.array([number.setdefault(label, len(number)) for label in clusters], dtype=int)
    n_bins = _n_bins(n_categories=n_categories, n_raters=n_raters)
    rating_histograms(codes, n_categories=n_categories)  # the check, with its message
    bins = _bin_numbers(codes, n_categories=n_categories).astype(np.intp)
    bins += (cluster_of * n_values + np.arange(n_values)[:, None]) * n_bins
    flat = np.bincount(bins.ravel(), minlength=len(number) * n_values * n_bins)
    return flat.reshape(len(number), n_values, n_bins)


def unique_patterns(
    codes: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.intp]]:
    """The distinct rows of codes of shape (n, r), shape (P, r), and how often each occurs."""
    if not len(codes):
        return codes, np.zeros(0, dtype=np.intp)
    base = int(codes.max(initial=0)) + 2
    if base ** codes.shape[1] > np.iinfo(np.int64).max:
        patterns, counts = np.unique(codes, axis=0, return_counts=True)
        return patterns, counts
    keys = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        keys = keys * base + (column + 1)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return codes[first], counts
