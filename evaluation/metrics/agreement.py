"""Agreement between raters: percent, AC1/AC2, kappas and alpha, with standard errors.

The public face of the modules beside it. What the figures mean: docs/agreement.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

import krippendorff
import numpy as np
import numpy.typing as npt

from evaluation.metrics.clustered import ClusterBootstrap, Clustered, bootstrap_by_cluster
from evaluation.metrics.coefficients import COEFFICIENTS, coefficient_named
from evaluation.metrics.estimates import (
    Agreement,
    BatchAgreement,
    agreement_from_patterns,
    batch_from_histograms,
    batch_from_patterns,
    estimate,
)
from evaluation.metrics.means import MeanAgreement, MeanInterval, mean_ac1_interval, mean_over_values
from evaluation.metrics.patterns import (
    PatternDesign,
    cluster_histograms,
    dense_codes,
    histogram_patterns,
    rating_histograms,
    unique_patterns,
)
from evaluation.metrics.ratings import RatingError, are_numbers, check_categories, encode_ratings
from evaluation.metrics.shares import category_shares, specific_agreement
from evaluation.metrics.undefined import Undefined, reason_in_words
from evaluation.metrics.weights import WEIGHT_NAMES, Weights, weight_matrix

__all__ = [
    "COEFFICIENTS",
    "LEVELS",
    "WEIGHT_NAMES",
    "Agreement",
    "BatchAgreement",
    "ClusterBootstrap",
    "Clustered",
    "MeanAgreement",
    "MeanInterval",
    "RatingError",
    "Undefined",
    "agreement",
    "agreement_from_patterns",
    "batch_from_histograms",
    "batch_from_patterns",
    "bootstrap_by_cluster",
    "category_shares",
    "cluster_histograms",
    "dense_codes",
    "encode_ratings",
    "histogram_patterns",
    "krippendorff_alpha",
    "mean_ac1_interval",
    "mean_over_values",
    "rating_histograms",
    "reason_in_words",
    "specific_agreement",
]

Level = Literal["nominal", "ordinal", "interval"]
LEVELS: Final = get_args(Level)


def agreement(
    ratings: npt.ArrayLike,
    categories: Sequence[Any],
    coefficient: str = "gwet_ac",
    weights: Weights = "unweighted",
    confidence: float = 0.95,
    population: float | None = None,
) -> Agreement:
    """Agreement of any number of raters on a declared scale.

    Parameters
    ----------
    ratings : array_like, shape (n_subjects, n_raters)
        Members of `categories`; None or NaN where a rater skipped. Subjects that nobody rated are
        dropped; subjects rated once count towards prevalence and n, not towards pairs.
    categories : sequence of q distinct values
        The declared scale in any order, unused categories included: chance depends on q.
    coefficient : str
        percent_agreement, gwet_ac (AC1; AC2 with weights), fleiss, brennan_prediger, conger,
        krippendorff, or cohen_complete (two raters, subjects that both rated).
    weights : str or array_like of shape (q, q)
        unweighted, linear, quadratic, ordinal, or a matrix; see `weight_matrix`.
    confidence : float in (0, 1)
    population : number of subjects sampled from, at least n_subjects; None for infinite

    Returns
    -------
    Agreement
        coef is at most 1, and 0 is chance (percent_agreement: in [0, 1]); the interval is
        coef -/+ t(n - 1) * se, cut off at 1 above only. Everything undefined is NaN, and
        `undefined_because` says why: no ratings, no pairs, chance agreement of exactly 1 (decided
        on counts), a scale of one category, a rater without ratings (conger), too few for a
        standard error.

    Raises
    ------
    RatingError (a ValueError) for a rating outside `categories`, naming it, its row and column;
    ValueError for any other bad argument.

    References
    ----------
    Cohen 1960, 1968; Fleiss, Cohen & Everitt 1969; Fleiss 1971; Conger 1980; Brennan & Prediger
    1981; Gwet 2008 (Br. J. Math. Stat. Psychol. 61, 29-48), 2014, 2021; Krippendorff 2011;
    Klein 2018 (Stata J. 18, 871-901).
    """
    matrix = weight_matrix(weights, categories=categories)
    patterns, counts = unique_patterns(encode_ratings(ratings, categories=categories))
    return estimate(
        PatternDesign.of(patterns, matrix),
        counts[None, :],
        coefficient=coefficient_named(coefficient),
        confidence=confidence,
        population=population,
    )[0]


def krippendorff_alpha(ratings: npt.ArrayLike, *, categories: Sequence[Any], level: Level) -> float:
    """Krippendorff's alpha in his own metric, by the krippendorff library.

    Parameters
    ----------
    ratings : array_like, shape (n_subjects, n_raters), as in `agreement`
    categories : the declared scale; numbers may come in any order, other values in rank order
    level : "nominal", "ordinal" (distances depend on the data; not Gwet's ordinal weights) or
        "interval" (numbers only)

    Returns
    -------
    float
        At most 1; 0 is chance. NaN without pairs or when all pairable ratings are the same.

    Raises
    ------
    ValueError as `agreement`, or for an unknown level.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability; Hayes & Krippendorff (2007).
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}: use one of {', '.join(LEVELS)}")
    scale = check_categories(categories)
    if level == "interval" and not are_numbers(scale):
        raise ValueError(f"interval level needs categories that are numbers, not {scale!r}")
    if are_numbers(scale):
        scale = tuple(sorted(scale))
    codes = encode_ratings(ratings, categories=scale)
    tallies = np.stack([(codes == k).sum(axis=1) for k in range(len(scale))], axis=1)
    tallies = tallies[tallies.sum(axis=1) >= 2]
    if (tallies.sum(axis=0) > 0).sum() < 2:  # no pairs, or nothing differs: 0 / 0
        return float("nan")
    domain = [float(c) for c in scale] if level == "interval" else range(len(scale))
    return float(
        krippendorff.alpha(value_counts=tallies, value_domain=list(domain), level_of_measurement=level)
    )
