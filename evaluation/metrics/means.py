"""Means of AC1 over values or labels, with a standard error that knows that a video has all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.chance_corrected import GwetAC
from evaluation.metrics.estimates import design_of
from evaluation.metrics.intervals import check_confidence, t_interval
from evaluation.metrics.undefined import Undefined


@dataclass(frozen=True, slots=True)
class MeanAgreement:
    """Unweighted mean over the values whose coefficient is defined, and the lowest of them."""

    coef: float
    lowest: float
    lowest_index: int | None  # the first, where several are lowest
    n_values: int
    n_defined: int
    undefined_because: str | None


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """How sure a mean of AC1 is if subjects are independent of each other."""

    se: float
    ci_low: float
    ci_high: float


def mean_over_values(coefs: npt.ArrayLike) -> MeanAgreement:
    """Mean of coefficients (V,); those undefined are left out, and n_defined tells."""
    given = np.asarray(coefs, dtype=np.float64)
    defined = np.flatnonzero(~np.isnan(given))
    if not len(defined):
        nan = float("nan")
        return MeanAgreement(nan, nan, None, len(given), 0, Undefined.NO_VALUES)
    lowest = int(defined[np.argmin(given[defined])])
    return MeanAgreement(
        coef=float(given[defined].mean()),
        lowest=float(given[lowest]),
        lowest_index=lowest,
        n_values=len(given),
        n_defined=len(defined),
        undefined_because=None,
    )


def mean_ac1_interval(
    patterns: npt.ArrayLike,
    units: npt.NDArray[np.integer],
    *,
    categories: Sequence[Any],
    confidence: float = 0.95,
) -> MeanInterval:
    """Analytic standard error and t interval of the mean of AC1 over values.

    A subject's deviations d_iv are averaged over the values before they are squared, so that what the
    values of one subject have in common counts: v = 1 / (n (n - 1)) sum_i (mean_v (n / n_v) d_iv)^2.
    d_iv is k*_iv - k_v of `agreement`, with k_v (n / n') 1{r_i >= 2} for k_v: Gwet's variance takes n'
    as fixed, so that a subject rated once deviates by all of k. That errs a little for one value, but
    for all values of the subject alike, and would never average out. The two are the same where
    nobody skipped; with one value this is then the variance of Gwet (2008).

    Parameters
    ----------
    patterns : array_like, shape (P, n_raters), ratings from `categories`, None where missing
    units : int array, shape (n_subjects, V): the pattern of each subject for each value

    Returns
    -------
    MeanInterval
        The interval is mean -/+ t(n - 1) * se with n the subjects with a rating, cut off at 1 above.
        Values without an AC1 are left out. All NaN without a defined value, or with n < 2.
    """
    confidence = check_confidence(confidence)
    design, coefficient = design_of(patterns, categories=categories, weights="unweighted"), GwetAC()
    n_patterns, n_values = len(design.codes), units.shape[1]
    cells = (np.arange(n_values) * n_patterns + units).ravel()
    counts = np.bincount(cells, minlength=n_values * n_patterns).reshape(n_values, n_patterns)
    features = coefficient.features(design)
    sums = counts.astype(np.float64) @ features
    with np.errstate(divide="ignore", invalid="ignore"):
        at = coefficient.point(design, sums)
        per_pair = (at.n / at.n_pairable)[:, None] * design.pairable
        deviations = coefficient.deviations(design, features, sums, at)
        deviations += at.coef[:, None] * (design.rated - per_pair)
        deviations /= at.n[:, None]
    defined = np.flatnonzero(at.reason == 0)
    n = int((design.rated[units[:, defined]] > 0).any(axis=1).sum())
    if not len(defined) or n < 2:
        return MeanInterval(*[float("nan")] * 3)
    by_subject = sum(deviations[value, units[:, value]] for value in defined) / len(defined)
    se = np.sqrt((by_subject**2).sum() * n / (n - 1))
    mean = np.array([at.coef[defined].mean()])
    low, high = t_interval(mean, se, df=np.array([n - 1.0]), confidence=confidence)
    return MeanInterval(float(se), float(low[0]), float(high[0]))
