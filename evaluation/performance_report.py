"""Everything that is said of models against gold, computed from arrays: no database, no words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.answers import Gold, GoldLeftOut, RunAnswers, RunFacts
from evaluation.metrics.baselines import BASELINES, tally_baseline
from evaluation.metrics.classification import (
    DIRECTIONS,
    FIGURES,
    SCOPES,
    Tally,
    figures_of,
    reported_labels,
    tally_videos,
)
from evaluation.metrics.score_intervals import Resampled, cluster_sums, resample_scores, spread_of
from evaluation.metrics.unscored import Unscored
from evaluation.metrics.weights import FloatArray

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made."""

    n_resamples: int = RESAMPLES
    seed: int = SEED
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with its interval by creator; NaN where undefined, with the reason."""

    value: float
    se: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    undefined_because: str | None = None  # why the figure, or only its interval, is undefined


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One of the binary labels."""

    value: str
    direction: str
    precision: float
    recall: float
    f1: Score
    support: int
    n_predicted: float  # whole where predictions are given, expected where they are drawn at random
    is_reported: bool

    @property
    def name(self) -> str:
        """As `reported_labels` of the JSON has it."""
        return f"{self.value}:{self.direction}"


@dataclass(frozen=True, slots=True)
class Scores:
    """What something that predicts reaches on some gold videos."""

    n_videos: int
    n_creators: int
    figures: Mapping[str, Score]  # by FIGURES
    n_averaged: Mapping[str, float]  # "recall_endorsed", …: videos that the mean over videos runs over
    labels: tuple[LabelScore, ...]  # values in the order of the circle, endorsed before confronted


@dataclass(frozen=True, slots=True)
class RunScores:
    """A run: what it was asked, what it answered, what it reaches."""

    run: RunFacts
    n_scope: int  # gold videos in its scope: what it is scored on
    n_scored: int  # of which it said anything
    n_not_said: int  # answers that it did not give about those
    scores: Scores

    @property
    def n_missing(self) -> int:
        """Gold videos in scope of which it said nothing: they count as nothing predicted."""
        return self.n_scope - self.n_scored

    @property
    def coverage(self) -> float:
        """Share of the gold videos in scope of which it said anything; NaN without any."""
        return self.n_scored / self.n_scope if self.n_scope else math.nan


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """All runs and the trivial baselines."""

    values: tuple[str, ...]
    n_gold_videos: int
    n_creators: int
    reported: tuple[str, ...]  # "achievement:endorsed", …
    left_out: GoldLeftOut
    runs: tuple[RunScores, ...]
    baselines: Mapping[str, Scores]
    resampling: Resampling


def report_on(
    gold: Gold, answers: Sequence[RunAnswers], *, resampling: Resampling | None = None
) -> PerformanceReport:
    """Score every run on the gold videos of its scope, and the baselines on all gold."""
    how = resampling or Resampling()
    reported = reported_labels(gold.labels)
    prevalence = prevalence_of(gold)
    everything = np.ones(len(gold.videos), dtype=np.bool_)
    runs: dict[int, RunScores] = {}
    baselines: Mapping[str, Scores] = {}
    for scope in _scopes(everything, answers):
        part = gold.at(scope)
        own = [one for one in answers if np.array_equal(one.in_scope, scope)]
        with_baselines = bool(scope.all())
        rows = [tally_videos(part.labels, one.predicted[scope]) for one in own]
        if with_baselines:
            rows += [tally_baseline(name, part.labels, prevalence=prevalence) for name in BASELINES]
        scored, _resampled = score_rows(part, rows, reported=reported, how=how)
        runs |= {
            one.run.pk: of_run(one, scope=scope, scores=scores)
            for one, scores in zip(own, scored, strict=False)
        }
        if with_baselines:
            baselines = dict(zip(BASELINES, scored[len(own) :], strict=True))
    return PerformanceReport(
        values=gold.values,
        n_gold_videos=len(gold.videos),
        n_creators=len(np.unique(gold.clusters)),
        reported=label_names(gold.values, reported),
        left_out=gold.left_out,
        runs=tuple(runs[one.run.pk] for one in answers),
        baselines=baselines,
        resampling=how,
    )


def prevalence_of(gold: Gold) -> FloatArray:
    """Share of the gold videos that carry each label, (V, 2); 0 without gold."""
    n = max(1, len(gold.videos))
    return np.asarray(gold.labels.sum(axis=0) / n)


def label_names(values: Sequence[str], chosen: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Names of the chosen labels (V, 2), in the order of the circle."""
    return tuple(
        f"{value}:{direction}"
        for v, value in enumerate(values)
        for d, direction in enumerate(DIRECTIONS)
        if chosen[v, d]
    )


def _scopes(everything: npt.NDArray[np.bool_], answers: Sequence[RunAnswers]) -> list[npt.NDArray[np.bool_]]:
    """All gold, then every other scope once: runs of one scope share its resamples."""
    different = {one.in_scope.tobytes(): one.in_scope for one in answers}
    different.pop(everything.tobytes(), None)
    return [everything, *different.values()]


def score_rows(
    gold: Gold, rows: Sequence[FloatArray], *, reported: npt.NDArray[np.bool_], how: Resampling
) -> tuple[list[Scores], Resampled]:
    """Scores from rows per video of each, and all resamples."""
    sums = [cluster_sums(one, gold.clusters) for one in rows]
    resampled = resample_scores(sums, reported=reported, n_resamples=how.n_resamples, seed=how.seed)
    figures = spread_of(resampled.figures, confidence=how.confidence)
    labels = spread_of(resampled.f1, confidence=how.confidence)
    scored = []
    for place, one in enumerate(rows):
        tally = Tally.of(one.sum(axis=0), n_values=len(gold.values))
        at = figures_of(tally, reported=reported)
        if not len(gold.videos):
            at = np.full_like(at, np.nan)  # a mean over labels is none where nothing was scored
        because = _figure_reasons(tally, n_videos=len(gold.videos), reported=reported)
        scored.append(
            Scores(
                n_videos=len(gold.videos),
                n_creators=resampled.n_clusters,
                figures={
                    name: score_of(
                        at[i],
                        [end[place, i] for end in (figures.se, figures.low, figures.high)],
                        because=because[name],
                        n_creators=resampled.n_clusters,
                    )
                    for i, name in enumerate(FIGURES)
                },
                n_averaged=_averaged(tally),
                labels=_labels(
                    gold.values,
                    tally,
                    [end[place] for end in (labels.se, labels.low, labels.high)],
                    reported=reported,
                    n_creators=resampled.n_clusters,
                ),
            )
        )
    return scored, resampled


def score_of(at: float, ends: Sequence[float], *, because: str | None, n_creators: int) -> Score:
    """A figure with se, ci_low and ci_high, or why it or they are undefined."""
    se, low, high = (float(end) for end in ends)
    if math.isnan(at):
        return Score(math.nan, undefined_because=because)
    if not math.isnan(low):
        return Score(float(at), se, low, high)
    reason = Unscored.TOO_FEW_CREATORS if n_creators < 2 else Unscored.RESAMPLES_UNDEFINED
    return Score(float(at), undefined_because=reason)


def _figure_reasons(tally: Tally, *, n_videos: int, reported: npt.NDArray[np.bool_]) -> dict[str, str | None]:
    """Why each figure is undefined if it is."""
    if not n_videos:
        return dict.fromkeys(FIGURES, Unscored.NO_GOLD)
    is_reported = dict(zip(SCOPES, np.append(reported.any(axis=0), reported.any()).tolist(), strict=True))
    f1 = {
        scope: Unscored.NO_SUPPORT if is_reported[scope] else Unscored.NO_REPORTED_LABELS for scope in SCOPES
    }
    return {
        **{f"{kind}_{scope}": f1[scope] for kind in ("weighted", "macro") for scope in SCOPES},
        **{f"recall_{scope}": Unscored.NO_SUPPORT for scope in SCOPES},
        **{f"precision_{scope}": Unscored.NEVER_PREDICTED for scope in SCOPES},
    }


def _averaged(tally: Tally) -> dict[str, float]:
    return {
        f"{kind}_{direction}": float(count)
        for kind, counts in (("recall", tally.n_recalls), ("precision", tally.n_precisions))
        for direction, count in zip(DIRECTIONS, counts, strict=True)
    }


def _labels(
    values: Sequence[str],
    tally: Tally,
    spread: Sequence[FloatArray],
    *,
    reported: npt.NDArray[np.bool_],
    n_creators: int,
) -> tuple[LabelScore, ...]:
    precision, recall, f1 = tally.precision, tally.recall, tally.f1
    return tuple(
        LabelScore(
            value=value,
            direction=direction,
            precision=float(precision[v, d]),
            recall=float(recall[v, d]),
            f1=score_of(
                f1[v, d],
                [end[v, d] for end in spread],
                because=Unscored.NEITHER,
                n_creators=n_creators,
            ),
            support=round(float(tally.support[v, d])),
            n_predicted=float(tally.n_predicted[v, d]),
            is_reported=bool(reported[v, d]),
        )
        for v, value in enumerate(values)
        for d, direction in enumerate(DIRECTIONS)
    )


def of_run(one: RunAnswers, *, scope: npt.NDArray[np.bool_], scores: Scores) -> RunScores:
    """A run's scores with what it answered in the scope, (n,)."""
    is_answered = one.is_answered & scope
    return RunScores(
        run=one.run,
        n_scope=int(scope.sum()),
        n_scored=int(is_answered.sum()),
        n_not_said=int((one.answers[is_answered] == 0).sum()),
        scores=scores,
    )
