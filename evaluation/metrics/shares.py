"""What a coefficient hides: agreement per category, prevalence, and means over values or labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.coefficients import coefficient_named
from evaluation.metrics.estimates import BatchAgreement, checked_counts, design_of, estimate
from evaluation.metrics.patterns import PatternDesign
from evaluation.metrics.ratings import are_numbers, check_categories, encode_ratings
from evaluation.metrics.undefined import Undefined
from evaluation.metrics.weights import FloatArray, weight_matrix


@dataclass(frozen=True, slots=True)
class MeanAgreement:
    """Unweighted mean over the values whose coefficient is defined, and the lowest of them."""

    coef: float
    lowest: float
    lowest_index: int | None  # the first, where several are lowest
    n_values: int
    n_defined: int
    undefined_because: str | None


def specific_agreement(
    patterns: npt.ArrayLike, counts: npt.ArrayLike, *, categories: Sequence[Any]
) -> FloatArray:
    """Given that one of a pair chose a category, how often the other did too.

    For two raters 2 * both / (2 * both + one), which is the F1 of either rater against the other.
    For more, over all ordered pairs: sum_i r_ik (r_ik - 1) / sum_i r_ik (r_i - 1).

    Parameters
    ----------
    patterns : array_like, shape (P, n_raters); counts : array_like, shape (V, P)

    Returns
    -------
    float array, shape (V, q), in [0, 1]; NaN where no pair has the category

    References
    ----------
    Cicchetti & Feinstein (1990), J. Clin. Epidemiol. 43, 551-558; Uebersax (1982).
    """
    design = design_of(patterns, categories=categories, weights="unweighted")
    times = checked_counts(counts, n_patterns=len(design.codes), n_dimensions=2)
    both = times @ (design.tallies * (design.tallies - 1))
    chosen = times @ (design.tallies * np.maximum(design.n_raters - 1, 0)[:, None])
    with np.errstate(invalid="ignore"):
        return np.asarray(both / chosen)


def category_shares(
    patterns: npt.ArrayLike, counts: npt.ArrayLike, *, categories: Sequence[Any]
) -> FloatArray:
    """Prevalence: each category's share of all ratings given; (V, q), rows add up to 1.

    patterns: shape (P, n_raters); counts: shape (V, P). NaN for a value that nobody rated.
    """
    design = design_of(patterns, categories=categories, weights="unweighted")
    given = checked_counts(counts, n_patterns=len(design.codes), n_dimensions=2) @ design.tallies
    with np.errstate(invalid="ignore"):
        return np.asarray(given / given.sum(axis=1, keepdims=True))


def mean_over_values(batch: BatchAgreement) -> MeanAgreement:
    """Mean coefficient over values; those undefined are left out, and n_defined tells."""
    defined = np.flatnonzero(~np.isnan(batch.coef))
    if not len(defined):
        nan = float("nan")
        return MeanAgreement(nan, nan, None, len(batch), 0, Undefined.NO_VALUES)
    lowest = int(defined[np.argmin(batch.coef[defined])])
    return MeanAgreement(
        coef=float(batch.coef[defined].mean()),
        lowest=float(batch.coef[lowest]),
        lowest_index=lowest,
        n_values=len(batch),
        n_defined=len(defined),
        undefined_because=None,
    )


def binary_label_agreement(
    patterns: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    confidence: float = 0.95,
) -> BatchAgreement:
    """Agreement on the 2V binary labels: endorsed (x >= 1) or not, confronted (x < 0) or not.

    patterns: shape (P, n_raters), numbers from `categories`; counts: shape (V, P). Each label has
    the scale (no, yes). Returns V endorsed labels, then V confronted ones; give it to
    `mean_over_values`. ValueError if categories are not numbers, and as `agreement`.
    """
    scale = check_categories(categories)
    if not are_numbers(scale):
        raise ValueError(f"endorsed and confronted need categories that are numbers, not {scale!r}")
    codes = encode_ratings(patterns, categories=scale)
    batches = [
        estimate(
            PatternDesign.of(_collapsed(codes, is_label), weight_matrix("unweighted", categories=(0, 1))),
            counts,
            coefficient=coefficient_named(coefficient),
            confidence=confidence,
            population=None,
        )
        for is_label in ([c >= 1 for c in scale], [c < 0 for c in scale])
    ]
    return _joined(batches)


def _collapsed(codes: npt.NDArray[np.integer], is_label: list[bool]) -> npt.NDArray[np.integer]:
    lookup = np.array([*(int(x) for x in is_label), -1], dtype=np.int8)  # code -1 finds the last
    return np.asarray(lookup[codes])


def _joined(batches: Sequence[BatchAgreement]) -> BatchAgreement:
    def join(name: str) -> Any:
        return np.concatenate([getattr(batch, name) for batch in batches])

    return BatchAgreement(
        coef=join("coef"),
        se=join("se"),
        ci_low=join("ci_low"),
        ci_high=join("ci_high"),
        pa=join("pa"),
        pe=join("pe"),
        n_subjects=join("n_subjects"),
        n_pairable=join("n_pairable"),
        undefined_because=tuple(code for batch in batches for code in batch.undefined_because),
    )
