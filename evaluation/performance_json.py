"""Scores as data, in the shape that scripts rely on (docs/evaluation.md)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from annotator.models import Study
from evaluation.metrics.classification import SCOPES
from evaluation.performance_comparison import Comparison
from evaluation.performance_report import LabelScore, PerformanceReport, Resampling, RunScores, Score, Scores
from models_app.queries.bills import currency_known
from models_app.queries.run_costs import RunCost


def as_json(
    report: PerformanceReport,
    *,
    study: Study,
    common: Comparison | None = None,
    costs: Mapping[int, RunCost] | None = None,
) -> dict[str, Any]:
    """All figures; an undefined one is NaN here, null in JSON."""
    data: dict[str, Any] = {
        "study": study.slug,
        "n_gold_videos": report.n_gold_videos,
        "n_creators": report.n_creators,
        "reported_labels": list(report.reported),
        "codebook_version": study.codebook.number if study.codebook else None,
        "freeze": None,
        "left_out": asdict(report.left_out),
        "bootstrap": _bootstrap(report.resampling, n_clusters=report.n_creators),
        "confidence": report.resampling.confidence,
        "currency": currency_known() or None,
        "runs": [_run(run) | _cost((costs or {}).get(run.run.pk)) for run in report.runs],
        "baselines": [_baseline(name, scores) for name, scores in report.baselines.items()],
    }
    if common is not None:
        data["common"] = _common(common)
    return data


def _common(common: Comparison) -> dict[str, Any]:
    return {
        "n_videos": common.n_videos,
        "bootstrap": _bootstrap(common.resampling, n_clusters=common.n_creators),
        "runs": [_run(run) for run in common.runs],
        "baselines": [_baseline(name, scores) for name, scores in common.baselines.items()],
        "difference": None
        if common.differences is None
        else {
            "of": [run.run.pk for run in common.runs],  # the first minus the second
            "figures": {name: _interval(score) for name, score in common.differences.items()},
            "labels": {name: _interval(score) for name, score in (common.label_differences or {}).items()},
        },
    }


def _run(run: RunScores) -> dict[str, Any]:
    return {
        "run": run.run.pk,
        "model": run.run.model,
        "pipeline": run.run.pipeline,
        "origin": run.run.origin,
        "state": run.run.state,
        "codebook_version": run.run.codebook_number,
        "n_values_under_other_meaning": run.run.n_values_other,
        "n_in_run": run.run.n_in_run,
        "n_scope": run.n_scope,
        "n_scored": run.n_scored,
        "n_missing": run.n_missing,
        "n_not_said": run.n_not_said,
        "coverage": run.coverage,
        **_scores(run.scores),
    }


def _cost(cost: RunCost | None) -> dict[str, Any]:
    """What its providers took, in the currency; None where it is not known, or nothing was asked."""
    total, per_video = (cost.total, cost.per_video) if cost else (None, None)
    return {
        "cost": None if total is None else float(total),
        "cost_per_video": None if per_video is None else float(per_video),
    }


def _baseline(name: str, scores: Scores) -> dict[str, Any]:
    return {"model": name, "n_scope": scores.n_videos, **_scores(scores)}


def _scores(scores: Scores) -> dict[str, Any]:
    figures = scores.figures
    return {
        "f1": {
            scope: {kind: figures[f"{kind}_{scope}"].value for kind in ("weighted", "macro")}
            for scope in SCOPES
        },
        "recall_per_video": _per_video("recall", scores),
        "precision_per_video": _per_video("precision", scores),
        "intervals": {name: _interval(score) for name, score in figures.items()},
        "labels": [_label(label) for label in scores.labels],
    }


def _per_video(kind: str, scores: Scores) -> dict[str, Any]:
    of_scopes: dict[str, Any] = {scope: scores.figures[f"{kind}_{scope}"].value for scope in SCOPES}
    n = {name.removeprefix(f"{kind}_"): n for name, n in scores.n_averaged.items() if name.startswith(kind)}
    return {**of_scopes, "n_videos": n}


def _interval(score: Score) -> Mapping[str, Any]:
    return {
        "value": score.value,
        "se": score.se,
        "ci_low": score.ci_low,
        "ci_high": score.ci_high,
        "undefined_because": score.undefined_because,
    }


def _label(label: LabelScore) -> dict[str, Any]:
    return {
        "value": label.value,
        "direction": label.direction,
        "precision": label.precision,
        "recall": label.recall,
        "f1": label.f1.value,
        "support": label.support,
        "n_predicted": label.n_predicted,
        "reported": label.is_reported,
        "f1_interval": {"se": label.f1.se, "ci_low": label.f1.ci_low, "ci_high": label.f1.ci_high},
    }


def _bootstrap(how: Resampling, *, n_clusters: int) -> dict[str, Any]:
    return {"by": "creator", "n_clusters": n_clusters, "n_resamples": how.n_resamples, "seed": how.seed}
