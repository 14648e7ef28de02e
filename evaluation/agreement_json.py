"""The report as data, in the shape that scripts rely on (docs/agreement.md), and as a table of text."""

from collections.abc import Mapping
from typing import Any

from evaluation.agreement_report import AgreementReport, Figure, Mean, ValueReport
from evaluation.matrices import LeftOut, Selection
from evaluation.metrics.agreement import Clustered


def as_json(report: AgreementReport, *, selection: Selection, left_out: LeftOut) -> dict[str, Any]:
    """All figures; an undefined one is NaN here, null in JSON, with a reason beside it."""
    codebook = selection.study.codebook
    return {
        "study": selection.study.slug,
        "n_videos": report.n_videos,
        "n_rated": report.n_rated,
        "scale": list(report.scale),
        "coders": selection.study.coders_per_video,
        "n_coders": report.n_coders,
        "purpose": str(selection.purpose),
        "batch": selection.batch.name if selection.batch else None,
        "basis": "first submissions",
        "codebook_version": codebook.number if codebook else None,
        "freeze": None,
        "left_out": {
            "saw_feedback": left_out.saw_feedback,
            "set_aside": left_out.set_aside,
            "withdrawn": left_out.withdrawn,
        },
        "bootstrap": {
            "by": "creator",
            "n_clusters": report.n_clusters,
            "n_resamples": report.n_resamples,
            "seed": report.seed,
        },
        "confidence": report.confidence,
        "pooled": _figures(report.pooled),
        "mean_over_values": {
            "ac1": report.mean_over_values.ac1,
            "min": report.mean_over_values.lowest,
            "min_value": report.mean_over_values.lowest_value,
            **_mean(report.mean_over_values),
        },
        "mean_over_binary_labels": {
            "ac1": report.mean_over_binary_labels.ac1,
            "min": report.mean_over_binary_labels.lowest,
            "min_label": report.mean_over_binary_labels.lowest_value,
            **_mean(report.mean_over_binary_labels),
        },
        "values": [_value(value) for value in report.values],
    }


def _value(value: ValueReport) -> dict[str, Any]:
    return {
        "value": value.value,
        "n_videos": value.n_videos,
        "n_rated": value.n_rated,
        "n_differing": value.n_differing,
        **_figures(value.figures),
        "specific": {str(stance): share for stance, share in value.specific.items()},
        "share": {str(stance): share for stance, share in value.shares.items()},
    }


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: _figure(figure) for name, figure in figures.items()}


def _figure(figure: Figure) -> dict[str, Any]:
    estimate = figure.estimate
    return {
        "coef": estimate.coef,
        "se": estimate.se,
        "ci_low": estimate.ci_low,
        "ci_high": estimate.ci_high,
        "clustered": None if figure.clustered is None else _clustered(figure.clustered),
        "undefined_because": estimate.undefined_because,
    }


def _clustered(clustered: Clustered) -> dict[str, Any]:
    return {
        "by": "creator",
        "se": clustered.se,
        "ci_low": clustered.ci_low,
        "ci_high": clustered.ci_high,
        "undefined_because": clustered.undefined_because,
    }


def _mean(mean: Mean) -> dict[str, Any]:
    return {
        "n": mean.n,
        "n_defined": mean.n_defined,
        "se": mean.analytic.se,
        "ci_low": mean.analytic.ci_low,
        "ci_high": mean.analytic.ci_high,
        "clustered": _clustered(mean.clustered),
    }
