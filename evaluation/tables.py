"""Reports as tables to compute on: unrounded, undefined cells empty."""

import csv
import math
from typing import Any, Protocol

from annotator.imports.guard import guard
from evaluation.agreement_report import NAMES, AgreementReport, Figure
from evaluation.matrices import LeftOut, Selection
from evaluation.metrics.agreement import Agreement, Clustered, MeanInterval


class Writable(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> Any:
        """Take some."""


def write_table(out: Writable, report: AgreementReport, *, selection: Selection, left_out: LeftOut) -> None:
    """A row a value, the pooled units, the means; what the figures rest on in columns of their own."""
    columns = ["value", "n_videos", "n_rated", "n_differing"]
    for name in NAMES:
        columns += [name, f"{name}_se", f"{name}_ci_low", f"{name}_ci_high"]
        columns += [f"{name}_se_by_creator", f"{name}_ci_low_by_creator", f"{name}_ci_high_by_creator"]
    columns += [f"specific_{stance}" for stance in report.scale]
    columns += [f"share_{stance}" for stance in report.scale]
    basis = {
        "study": guard(selection.study.slug),
        "purpose": selection.purpose,
        "batch": guard(selection.batch.name) if selection.batch else "",
        "codebook_version": selection.study.codebook.number if selection.study.codebook else "",
        "n_creators": report.n_clusters,
        "n_resamples": report.n_resamples,
        "seed": report.seed,
        "n_left_out_after_feedback": left_out.saw_feedback,
        "freeze": "live",
    }
    writer = csv.DictWriter(out, fieldnames=[*columns, *basis])
    writer.writeheader()
    for value in report.values:
        row: dict[str, Any] = {
            "value": value.value,
            "n_videos": value.n_videos,
            "n_rated": value.n_rated,
            "n_differing": value.n_differing,
        }
        for name in NAMES:
            row |= _cells(name, value.figures[name])
        row |= {f"specific_{stance}": _cell(x) for stance, x in value.specific.items()}
        row |= {f"share_{stance}": _cell(x) for stance, x in value.shares.items()}
        writer.writerow(row | basis)
    pooled: dict[str, Any] = {"value": "(pooled)", "n_videos": report.n_videos, "n_rated": report.n_rated}
    for name in NAMES:
        pooled |= _cells(name, report.pooled[name])
    writer.writerow(pooled | basis)
    means = {"values": report.mean_over_values, "binary labels": report.mean_over_binary_labels}
    for over, mean in means.items():
        rests_on = {"n_videos": report.n_videos, "n_rated": report.n_rated}
        row = {
            "value": f"(mean over {over})",
            **rests_on,
            **_cells_of("ac1", mean.ac1, mean.analytic, mean.clustered),
        }
        writer.writerow(row | basis)


def _cells(name: str, figure: Figure) -> dict[str, float | str]:
    return _cells_of(name, figure.estimate.coef, figure.estimate, figure.clustered)


def _cells_of(
    name: str, coef: float, analytic: Agreement | MeanInterval, clustered: Clustered | None
) -> dict[str, float | str]:
    cells = {name: coef}
    for interval, suffix in ((analytic, ""), (clustered, "_by_creator")):
        cells |= {
            f"{name}_{end}{suffix}": getattr(interval, end) if interval else math.nan
            for end in ("se", "ci_low", "ci_high")
        }
    return {key: _cell(x) for key, x in cells.items()}


def _cell(x: float) -> float | str:
    return "" if math.isnan(x) else x
