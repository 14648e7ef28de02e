"""What the page of two runs shows: their figures side by side, and the difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotator.models import Value
from evaluation.agreement_page import DASH, short
from evaluation.metrics.classification import KINDS
from evaluation.performance_comparison import Comparison
from evaluation.performance_page import FIRST_ALL, Cell, cell_of, f1_cell, figure_titles
from evaluation.performance_report import Score
from evaluation.reasons import why_unscored


@dataclass(frozen=True, slots=True)
class Contrast:
    """One figure of two runs, and their difference."""

    title: str
    stance: int | None
    first: Cell
    second: Cell
    floor: str
    difference: Cell
    is_clear: bool  # the interval of the difference leaves 0 out


def contrasts_of(comparison: Comparison) -> list[Contrast]:
    """Two runs figure by figure."""
    first, second = (run.scores for run in comparison.runs)
    floor = comparison.baselines["all-positive"]
    titles = figure_titles()
    differences = comparison.differences or {}
    rows = []
    for name in (f"{kind}_{scope}" for kind in KINDS for scope in FIRST_ALL):
        cells = [cell_of(name, scores) for scores in (first, second)]
        rows.append(
            _contrast(
                titles[name.partition("_")[0]],
                cells,
                stance=cells[0].stance,
                floor=floor.figures[name],
                difference=differences[name],
            )
        )
    return rows


def label_contrasts(comparison: Comparison, *, values: Sequence[Value]) -> list[Contrast]:
    """Two runs' F1 on each reported label."""
    first, second = (run.scores.labels for run in comparison.runs)
    floor = comparison.baselines["all-positive"].labels
    names = {value.slug: value.name for value in values}
    differences = comparison.label_differences or {}
    return [
        _contrast(
            names[a.value],
            [f1_cell(a), f1_cell(b)],
            stance=1 if a.direction == "endorsed" else -1,
            floor=at_floor.f1,
            difference=differences[a.name],
        )
        for a, b, at_floor in zip(first, second, floor, strict=True)
        if a.is_reported
    ]


def _contrast(
    title: str, cells: Sequence[Cell], *, stance: int | None, floor: Score, difference: Score
) -> Contrast:
    low, high = difference.ci_low, difference.ci_high
    between = ""
    if not math.isnan(low):
        between = _("%(low)s to %(high)s") % {"low": signed(low), "high": signed(high)}
    return Contrast(
        title=title,
        stance=stance,
        first=cells[0],
        second=cells[1],
        floor=short(floor.value),
        difference=Cell(
            name="",
            text=signed(difference.value),
            interval=between,
            because=why_unscored(difference.undefined_because),
        ),
        is_clear=low > 0 or high < 0,
    )


def signed(x: float) -> str:
    """Three places with a sign, as differences need; 0 has none; a dash where undefined."""
    if math.isnan(x):
        return DASH
    text = f"{abs(x):.3f}"
    if text == "0.000":
        return "0"
    return ("+" if x > 0 else "−") + text.removeprefix("0")
