"""Scores as a table for the terminal."""

import math
from collections.abc import Sequence

from annotator.models import Study
from evaluation.agreement_text import number
from evaluation.metrics.classification import KINDS, SCOPES
from evaluation.performance_comparison import Comparison
from evaluation.performance_report import PerformanceReport, RunScores, Score, Scores
from models_app.models import RunState

SIGNS = {"endorsed": "+", "confronted": "−", "all": "all"}
HEADS = {"weighted": "F1 weighted", "macro": "F1 macro", "recall": "recall", "precision": "precision"}


def of_study(report: PerformanceReport, *, study: Study, common: Comparison | None = None) -> str:
    """What there is to score on, the table from the best down, and what the figures rest on."""
    n_endorsed = sum(name.endswith(":endorsed") for name in report.reported)
    lines = [
        f"“{study}”: {_counted(report.n_gold_videos, 'gold video')} by"
        f" {_counted(report.n_creators, 'creator')}, {_counted(len(report.reported), 'reported label')}"
        f" ({n_endorsed} endorsed,"
        f" {len(report.reported) - n_endorsed} confronted)."
    ]
    if not report.n_gold_videos:
        lines.append("Nothing can be scored: the study has no gold yet (import_labels, or consolidate).")
        return "\n".join(lines)
    lines += ["", _table(report.runs, report), ""]
    if not report.runs:
        lines.append("No run of this study predicts anything yet: run_pipeline, or import_predictions.")
    lines += [
        "F1: reported labels; recall and precision: means over videos over all labels; * a baseline.",
        f"{_level(report)} intervals: {report.resampling.n_resamples} bootstraps of creators, seed"
        f" {report.resampling.seed}. Live figures.",
    ]
    lines += _left_out(report)
    if common is not None:
        lines += ["", *_common(common)]
    return "\n".join(lines)


def _table(runs: Sequence[RunScores], report: PerformanceReport) -> str:
    head = f"{'run':>5}  {'model':<28}{'scope':>7}{'scored':>8}"
    signs = "".join(f"{SIGNS[scope]:>6}" for _kind in KINDS for scope in SCOPES)
    lines = [
        " " * len(head) + "".join(f"{HEADS[kind]:>18}" for kind in KINDS),
        f"{head}{signs}  {_level(report)} of F1 weighted, all",
    ]
    rows: list[tuple[str, Scores]] = [(_head_of(run), run.scores) for run in runs]
    rows += [
        (f"{'*':>5}  {name:<28}{scores.n_videos:>7}{'':>8}", scores)
        for name, scores in report.baselines.items()
    ]
    rows.sort(key=lambda row: _rank(row[1].figures["weighted_all"].value))
    for title, scores in rows:
        cells = "".join(f"{number(score.value):>6}" for score in scores.figures.values())
        lines.append(f"{title}{cells}  {_interval(scores.figures['weighted_all'])}")
    return "\n".join(lines)


def _head_of(run: RunScores) -> str:
    state = "" if run.run.state == RunState.FINISHED else f" ({run.run.state})"
    name = run.run.model if len(run.run.model + state) <= 27 else run.run.model[: 26 - len(state)] + "…"
    return f"{run.run.pk:>5}  {name + state:<28}{run.n_scope:>7}{run.n_scored:>8}"


def _common(common: Comparison) -> list[str]:
    names = " and ".join(f"run {run.run.pk}" for run in common.runs)
    scopes = " and ".join(str(run.run.n_in_run) for run in common.runs)
    lines = [
        f"On the {common.n_videos} gold videos that {names} were all asked for"
        f" (their scopes hold {scopes} videos), by {common.n_creators} creators:"
    ]
    for run in common.runs:
        all_of = {kind: run.scores.figures[f"{kind}_all"] for kind in KINDS}
        cells = ", ".join(
            f"{HEADS[kind]} {number(score.value)} {_interval(score)}" for kind, score in all_of.items()
        )
        lines.append(f"  run {run.run.pk} {run.run.model}: {cells}")
    if common.differences is not None:
        cells = ", ".join(
            f"{HEADS[kind]} {number(score.value)} {_interval(score)}"
            for kind in KINDS
            if (score := common.differences[f"{kind}_all"])
        )
        lines.append(f"  first minus second: {cells}")
    return lines


def _left_out(report: PerformanceReport) -> list[str]:
    left = report.left_out
    said = [
        (left.withdrawn, "withdrawn"),
        (left.development, "in development batches"),
        (left.examples, "of creators that the codebook cites"),
        (left.incomplete, "without gold on every value"),
    ]
    parts = [f"{n} {why}" for n, why in said if n]
    return [f"Left out, videos with gold: {', '.join(parts)}."] if parts else []


def _rank(value: float) -> float:
    return math.inf if math.isnan(value) else -value


def _interval(score: Score) -> str:
    return "–" if math.isnan(score.ci_low) else f"[{number(score.ci_low)}, {number(score.ci_high)}]"


def _level(report: PerformanceReport) -> str:
    return f"{100 * report.resampling.confidence:g} %"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
