"""Runs on the gold videos that all of them were asked for, computed from arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.answers import Gold, RunAnswers
from evaluation.metrics.baselines import BASELINES, tally_baseline
from evaluation.metrics.classification import FIGURES, reported_labels, tally_videos
from evaluation.metrics.score_intervals import Resampled, spread_of
from evaluation.performance_report import (
    Resampling,
    RunScores,
    Score,
    Scores,
    of_run,
    prevalence_of,
    score_of,
    score_rows,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs on the gold videos that all of them were asked for."""

    n_videos: int
    n_creators: int
    runs: tuple[RunScores, ...]
    baselines: Mapping[str, Scores]
    differences: Mapping[str, Score] | None  # first minus second; None unless there are two runs
    label_differences: Mapping[str, Score] | None  # of F1
    resampling: Resampling


def compare(gold: Gold, answers: Sequence[RunAnswers], *, resampling: Resampling | None = None) -> Comparison:
    """Score the runs on the videos that all of them were asked for; labels reported as on all gold."""
    how = resampling or Resampling()
    reported = reported_labels(gold.labels)
    common = np.logical_and.reduce([one.in_scope for one in answers])
    part = gold.at(common)
    rows = [tally_videos(part.labels, one.predicted[common]) for one in answers]
    rows += [tally_baseline(name, part.labels, prevalence=prevalence_of(gold)) for name in BASELINES]
    scored, resampled = score_rows(part, rows, reported=reported, how=how)
    runs = [of_run(one, scope=common, scores=scores) for one, scores in zip(answers, scored, strict=False)]
    differences = label_differences = None
    if len(runs) == 2:
        differences, label_differences = _differences(runs, resampled, how=how)
    return Comparison(
        n_videos=len(part.videos),
        n_creators=resampled.n_clusters,
        runs=tuple(runs),
        baselines=dict(zip(BASELINES, scored[len(runs) :], strict=True)),
        differences=differences,
        label_differences=label_differences,
        resampling=how,
    )


def _differences(
    runs: Sequence[RunScores], resampled: Resampled, *, how: Resampling
) -> tuple[dict[str, Score], dict[str, Score]]:
    """First minus second, of every figure and of every label's F1, both drawn on the same creators."""
    first, second = runs
    figures = spread_of(resampled.figures[:, 0] - resampled.figures[:, 1], confidence=how.confidence)
    labels = spread_of(resampled.f1[:, 0] - resampled.f1[:, 1], confidence=how.confidence)
    of_figures = {}
    for i, name in enumerate(FIGURES):
        a, b = first.scores.figures[name], second.scores.figures[name]
        ends = [end[i] for end in (figures.se, figures.low, figures.high)]
        of_figures[name] = _difference(a, b, ends, n_creators=resampled.n_clusters)
    of_labels = {}
    ends_of_labels = [end.reshape(-1) for end in (labels.se, labels.low, labels.high)]
    for i, (one, other) in enumerate(zip(first.scores.labels, second.scores.labels, strict=True)):
        ends = [end[i] for end in ends_of_labels]
        of_labels[one.name] = _difference(one.f1, other.f1, ends, n_creators=resampled.n_clusters)
    return of_figures, of_labels


def _difference(a: Score, b: Score, ends: Sequence[float], *, n_creators: int) -> Score:
    because = a.undefined_because or b.undefined_because
    return score_of(a.value - b.value, ends, because=because, n_creators=n_creators)
