"""Scores as tables to compute on: unrounded, undefined cells empty."""

import csv
import math
from collections.abc import Mapping
from typing import Any

from annotator.imports.guard import guard
from annotator.models import Study
from evaluation.performance_comparison import Comparison
from evaluation.performance_report import PerformanceReport, RunScores, Score, Scores
from evaluation.tables import Writable
from models_app.queries.bills import currency_known
from models_app.queries.run_costs import RunCost

ABOUT_RUN = ("run", "model", "pipeline", "origin", "state")
COUNTS = ("n_in_run", "n_scope", "n_scored", "n_missing", "n_not_said")

COSTS = ("cost", "cost_per_video", "currency")


def write_leaderboard(
    out: Writable, report: PerformanceReport, *, study: Study, costs: Mapping[int, RunCost]
) -> None:
    """A row a run, then the baselines; what the figures rest on in columns of their own."""
    basis = _basis(study, n_gold=report.n_gold_videos, n_creators=report.n_creators) | {
        "n_reported_labels": len(report.reported),
        "n_resamples": report.resampling.n_resamples,
        "seed": report.resampling.seed,
        "confidence": report.resampling.confidence,
    }
    rows = [_about(run) | _costs(costs.get(run.run.pk)) | _figures(run.scores) for run in report.runs]
    rows += [
        {"model": name, "pipeline": "baseline", "n_scope": scores.n_videos, **_figures(scores)}
        for name, scores in report.baselines.items()
    ]
    figures = list(_figures(next(iter(report.baselines.values()))))
    writer = csv.DictWriter(out, fieldnames=[*ABOUT_RUN, *COUNTS, *COSTS, *figures, *basis])
    writer.writeheader()
    writer.writerows(row | basis for row in rows)


def write_labels(out: Writable, comparison: Comparison, *, study: Study) -> None:
    """A row a binary label of one run, beside what the baselines reach on the same videos."""
    (run,) = comparison.runs
    floors = {name: scores.labels for name, scores in comparison.baselines.items()}
    basis = _about(run) | _basis(study, n_gold=None, n_creators=comparison.n_creators)
    rows = []
    for place, label in enumerate(run.scores.labels):
        row: dict[str, Any] = {
            "value": label.value,
            "direction": label.direction,
            "reported": int(label.is_reported),
            "support": label.support,
            "n_predicted": round(label.n_predicted),
            "precision": _cell(label.precision),
            "recall": _cell(label.recall),
            **_score("f1", label.f1),
        }
        row |= {f"f1_{name}": _cell(labels[place].f1.value) for name, labels in floors.items()}
        rows.append(row | basis)
    if not rows:
        return
    writer = csv.DictWriter(out, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)


def _about(run: RunScores) -> dict[str, Any]:
    return {
        "run": run.run.pk,
        "model": guard(run.run.model),
        "pipeline": guard(run.run.pipeline),
        "origin": run.run.origin,
        "state": run.run.state,
        "n_in_run": run.run.n_in_run,
        **{name: getattr(run, name) for name in COUNTS[1:]},
    }


def _costs(cost: RunCost | None) -> dict[str, Any]:
    """In money of the price table; empty where it is not known, or nothing was asked."""
    if cost is None or cost.total is None:
        return {}
    per_video = "" if cost.per_video is None else float(cost.per_video)
    return {"cost": float(cost.total), "cost_per_video": per_video, "currency": currency_known()}


def _basis(study: Study, *, n_gold: int | None, n_creators: int) -> dict[str, Any]:
    basis: dict[str, Any] = {"study": guard(study.slug)}
    if n_gold is not None:
        basis["n_gold_videos"] = n_gold
    return basis | {
        "n_creators": n_creators,
        "codebook_version": study.codebook.number if study.codebook else "",
        "freeze": "live",
    }


def _figures(scores: Scores) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for name, score in scores.figures.items():
        cells |= _score(
            f"f1_{name}" if name.startswith(("weighted", "macro")) else f"{name}_per_video", score
        )
    cells |= {f"n_{name}": n for name, n in scores.n_averaged.items()}
    return cells


def _score(name: str, score: Score) -> dict[str, Any]:
    return {
        name: _cell(score.value),
        f"{name}_se": _cell(score.se),
        f"{name}_ci_low": _cell(score.ci_low),
        f"{name}_ci_high": _cell(score.ci_high),
    }


def _cell(x: float) -> float | str:
    return "" if math.isnan(x) else x
