"""What a coefficient hides: agreement per category, and prevalence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.estimates import checked_counts, design_of
from evaluation.metrics.weights import FloatArray


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
