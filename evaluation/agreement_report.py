"""Everything that is said of the agreement in a study, computed from arrays: no database, no words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.matrices import Ratings
from evaluation.metrics.agreement import (
    Agreement,
    ClusterBootstrap,
    Clustered,
    MeanInterval,
    agreement_from_patterns,
    batch_from_patterns,
    bootstrap_by_cluster,
    category_shares,
    mean_ac1_interval,
    mean_over_values,
    specific_agreement,
)
from evaluation.rating_counts import PatternCounts, Patterns, as_binary, count_by_coder, count_patterns

WHOEVER = {"ac1": "gwet_ac", "alpha": "krippendorff", "percent": "percent_agreement"}
NAMES = ("ac1", "alpha", "kappa", "percent")
RESAMPLES = 1000
SEED = 0
FEW_CLUSTERS = 20  # with fewer, resampling clusters is known to say too little (docs/agreement.md)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made."""

    n_resamples: int = RESAMPLES
    seed: int = SEED
    confidence: float = 0.95
    only_ac1: bool = False  # intervals by creator for AC1 alone: what a page shows, in two thirds of the time

    def draw(
        self,
        counts: npt.NDArray[np.intp],
        *,
        patterns: Patterns,
        categories: Sequence[int],
        coefficient: str = "gwet_ac",
    ) -> ClusterBootstrap:
        """Resample creators; counts (C, V, P)."""
        return bootstrap_by_cluster(
            counts,
            patterns=patterns,
            categories=categories,
            coefficient=coefficient,
            confidence=self.confidence,
            n_resamples=self.n_resamples,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A coefficient with both of its uncertainties: videos taken as independent, and by creator."""

    estimate: Agreement
    clustered: Clustered | None  # None where it was not computed


@dataclass(frozen=True, slots=True)
class ValueReport:
    """One value."""

    value: str
    n_rated: int  # videos with a rating
    n_videos: int  # with two or more: what agreement rests on
    n_differing: int  # on which they are not all the same
    figures: Mapping[str, Figure]  # by NAMES
    specific: Mapping[int, float]  # stance → specific agreement
    shares: Mapping[int, float]  # stance → share of all ratings


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of AC1 over values or labels; NaN where none is defined."""

    ac1: float
    n: int
    n_defined: int
    analytic: MeanInterval  # if videos were independent
    clustered: Clustered
    lowest: float
    lowest_value: str | None


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """The whole report, values in the order of the circle."""

    scale: tuple[int, ...]
    n_rated: int
    n_videos: int
    n_coders: int
    n_clusters: int
    n_resamples: int
    seed: int
    confidence: float
    values: tuple[ValueReport, ...]
    pooled: Mapping[str, Figure]
    mean_over_values: Mean
    mean_over_binary_labels: Mean

    @property
    def is_empty(self) -> bool:
        """Whether no video has been coded twice."""
        return self.n_videos == 0

    @property
    def has_few_clusters(self) -> bool:
        """Whether intervals by creator are likely to be too narrow."""
        return self.n_clusters < FEW_CLUSTERS


def report_on(ratings: Ratings, *, resampling: Resampling | None = None) -> AgreementReport:
    """Compute the report; everything undefined is NaN with its reason."""
    how = resampling or Resampling()
    scale = ratings.scale
    counted = count_patterns(ratings.codes, clusters=ratings.clusters, scale=scale)
    # name → a figure for every value, then the pooled one
    columns: dict[str, list[Figure]] = {}
    for name, coefficient in WHOEVER.items():
        estimates = _with_pooled(counted, scale=scale, coefficient=coefficient, confidence=how.confidence)
        if how.only_ac1 and name != "ac1":
            columns[name] = [Figure(estimate, None) for estimate in estimates]
            continue
        drawn = how.draw(counted.counts, patterns=counted.patterns, categories=scale, coefficient=coefficient)
        clustered = (*drawn.values, drawn.pooled)
        columns[name] = [Figure(*both) for both in zip(estimates, clustered, strict=True)]
        if name == "ac1":
            over_values = _mean(
                [estimate.coef for estimate in estimates[:-1]],
                analytic=_analytic(counted, scale=scale, how=how),
                clustered=drawn.mean,
                names=ratings.values,
            )
    by_coder = count_by_coder(ratings.codes, coders=ratings.coders, clusters=ratings.clusters, scale=scale)
    columns["kappa"] = _kappa(by_coder, scale=scale, how=how)
    specific = specific_agreement(counted.patterns, counted.by_value, categories=scale)
    shares = category_shares(counted.patterns, counted.by_value, categories=scale)
    is_rated = ratings.codes >= 0
    n_ratings = is_rated.sum(axis=1)  # (n, V)
    lowest = np.where(is_rated, ratings.codes, len(scale)).min(axis=1, initial=len(scale))
    is_differing = ratings.codes.max(axis=1, initial=-1) > lowest
    return AgreementReport(
        scale=scale,
        n_rated=int((n_ratings >= 1).any(axis=1).sum()),
        n_videos=int((n_ratings >= 2).any(axis=1).sum()),
        n_coders=int((np.unique(ratings.coders) != -1).sum()),
        n_clusters=len(counted.counts),
        n_resamples=how.n_resamples,
        seed=how.seed,
        confidence=how.confidence,
        values=tuple(
            ValueReport(
                value=slug,
                n_rated=int((n_ratings[:, v] >= 1).sum()),
                n_videos=int((n_ratings[:, v] >= 2).sum()),
                n_differing=int(is_differing[:, v].sum()),
                figures={name: columns[name][v] for name in NAMES},
                specific=dict(zip(scale, specific[v].tolist(), strict=True)),
                shares=dict(zip(scale, shares[v].tolist(), strict=True)),
            )
            for v, slug in enumerate(ratings.values)
        ),
        pooled={name: columns[name][-1] for name in NAMES},
        mean_over_values=over_values,
        mean_over_binary_labels=_binary(counted, scale=scale, names=ratings.values, how=how),
    )


def _with_pooled(
    counted: PatternCounts, *, scale: tuple[int, ...], coefficient: str, confidence: float
) -> list[Agreement]:
    """The coefficient of every value, then that of all (video, value) units together."""
    by_value = counted.by_value
    counts = np.concatenate([by_value, by_value.sum(axis=0, keepdims=True)])
    batch = batch_from_patterns(
        counted.patterns, counts, categories=scale, coefficient=coefficient, confidence=confidence
    )
    return list(batch)


def _mean(
    coefs: npt.ArrayLike, *, analytic: MeanInterval, clustered: Clustered, names: Sequence[str]
) -> Mean:
    mean = mean_over_values(coefs)
    return Mean(
        ac1=mean.coef,
        n=mean.n_values,
        n_defined=mean.n_defined,
        analytic=analytic,
        clustered=clustered,
        lowest=mean.lowest,
        lowest_value=None if mean.lowest_index is None else names[mean.lowest_index],
    )


def _analytic(counted: PatternCounts, *, scale: Sequence[int], how: Resampling) -> MeanInterval:
    """Of the mean over values: each video's values go together, videos are taken as independent."""
    return mean_ac1_interval(counted.patterns, counted.units, categories=scale, confidence=how.confidence)


def _binary(counted: PatternCounts, *, scale: tuple[int, ...], names: Sequence[str], how: Resampling) -> Mean:
    """Mean AC1 over the endorsed and the confronted label of every value."""
    labels, yes_or_no = as_binary(counted), (0, 1)
    drawn = how.draw(labels.counts, patterns=labels.patterns, categories=yes_or_no)
    return _mean(
        [label.coef for label in drawn.values],
        analytic=_analytic(labels, scale=yes_or_no, how=how),
        clustered=drawn.mean,
        names=[f"{name}:{direction}" for direction in ("endorsed", "confronted") for name in names],
    )


def _kappa(by_coder: PatternCounts, *, scale: tuple[int, ...], how: Resampling) -> list[Figure]:
    """Conger's kappa over the people who rated the value; somebody who never did has no say in chance."""
    is_rated = np.array([[rating is not None for rating in row] for row in by_coder.patterns.tolist()])
    rated = by_coder.by_value @ is_rated.reshape(by_coder.patterns.shape).astype(np.intp) > 0  # (V, people)
    if rated.size and rated.all():
        estimates = _with_pooled(by_coder, scale=scale, coefficient="conger", confidence=how.confidence)
        if how.only_ac1 or not by_coder.is_clustered:
            return [Figure(estimate, None) for estimate in estimates]
        drawn = how.draw(by_coder.counts, patterns=by_coder.patterns, categories=scale, coefficient="conger")
        return [Figure(*both) for both in zip(estimates, (*drawn.values, drawn.pooled), strict=True)]
    pooled = by_coder.counts.sum(axis=1, keepdims=True)
    single = [by_coder.counts[:, v : v + 1] for v in range(len(rated))]
    parts = zip([*single, pooled], [*rated, rated.any(axis=0)], strict=True)
    return [_kappa_of_one(by_coder, counts, people, scale=scale, how=how) for counts, people in parts]


def _kappa_of_one(
    by_coder: PatternCounts,
    counts: npt.NDArray[np.intp],
    people: npt.NDArray[np.bool_],
    *,
    scale: tuple[int, ...],
    how: Resampling,
) -> Figure:
    """Of one value, counts (C, 1, P), over the people (a mask) who rated it."""
    patterns = by_coder.patterns[:, people] if people.any() else by_coder.patterns[:, :1]
    estimate = agreement_from_patterns(
        patterns,
        counts.sum(axis=(0, 1)),
        categories=scale,
        coefficient="conger",
        confidence=how.confidence,
    )
    if how.only_ac1 or not by_coder.is_clustered:
        return Figure(estimate, None)
    drawn = how.draw(counts, patterns=patterns, categories=scale, coefficient="conger")
    return Figure(estimate, drawn.values[0])
