"""Reports as tables to compute on: unrounded, undefined cells empty."""

import csv
import math
from typing import Any, Protocol

from annotator.imports.guard import guard
from evaluation.agreement_report import NAMES, AgreementReport, Figure
from evaluation.matrices import LeftOut, Selection


class Writable(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> Any:
        """Take some."""


def write_table(out: Writable, report: AgreementReport, *, selection: Selection, left_out: LeftOut) -> None:
    """A row a value, then the pooled units; what the figures rest on in columns of their own."""
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


def _cells(name: str, figure: Figure) -> dict[str, float | str]:
    one, other = figure.estimate, figure.clustered
    cells = {
        name: one.coef,
        f"{name}_se": one.se,
        f"{name}_ci_low": one.ci_low,
        f"{name}_ci_high": one.ci_high,
        f"{name}_se_by_creator": other.se if other else math.nan,
        f"{name}_ci_low_by_creator": other.ci_low if other else math.nan,
        f"{name}_ci_high_by_creator": other.ci_high if other else math.nan,
    }
    return {key: _cell(x) for key, x in cells.items()}


def _cell(x: float) -> float | str:
    return "" if math.isnan(x) else x
