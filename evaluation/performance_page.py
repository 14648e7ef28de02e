"""What the pages of models show: scores as words, places on an axis and rows in order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from evaluation.agreement_page import DASH, interval, short
from evaluation.metrics.classification import FIGURES, KINDS
from evaluation.performance_report import LabelScore, PerformanceReport, RunScores, Score, Scores
from evaluation.reasons import why_unscored
from models_app.models import RunOrigin, RunState
from models_app.queries.run_costs import RunCost
from models_app.specs import PipelineName

BEST_FIRST = "weighted_all"
SORTS = FIGURES
FIRST_ALL = ("all", "endorsed", "confronted")  # a headline, then what it is made of
FLOORS = (PipelineName.CREATOR_PRIOR, PipelineName.DICTIONARY)  # runs that a model has to beat


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure ready to print."""

    name: str  # of FIGURES, or a label's
    text: str
    title: str = ""
    interval: str = ""
    because: str = ""  # why the figure, or only its interval, is undefined
    is_detail: bool = False  # one direction of what "all" sums up
    stance: int | None = None  # 1 endorsed, −1 confronted, None both

    @property
    def is_undefined(self) -> bool:
        """Whether there is no number."""
        return self.text == DASH


@dataclass(frozen=True, slots=True)
class Plot:
    """A point and its interval in per cent of the axis; None where undefined."""

    point: str | None
    low: str | None
    high: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From 0 to a round end above everything that is drawn."""

    end: float

    def place(self, x: float) -> str | None:
        """Per cent from its beginning, as SVG takes it; None where undefined."""
        return None if math.isnan(x) else f"{100 * min(1.0, max(0.0, x / self.end)):.2f}"

    @property
    def ticks(self) -> list[str]:
        """The scale's three labels."""
        return [short(0.0), short(self.end / 2), short(self.end)]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to know of a run before reading its figures."""

    text: str
    kind: str  # of a pill: warn, or empty
    icon: str = "info"


@dataclass(frozen=True, slots=True)
class Row:
    """A run, or a baseline, on the leaderboard."""

    name: str
    pipeline: str
    run: RunScores | None  # None of a baseline
    marks: list[Mark]
    n_scope: int
    is_narrow: bool  # scored on fewer videos than there are gold ones
    cells: list[Cell]
    plot: Plot
    is_floor: bool
    cost: RunCost | None = None  # None of a baseline

    @property
    def is_baseline(self) -> bool:
        """Whether it needs no run."""
        return self.run is None


def rows_of(report: PerformanceReport, *, sort: str, costs: Mapping[int, RunCost] | None = None) -> list[Row]:
    """The leaderboard in the order asked for, the best first; undefined figures come last."""
    axis = axis_of([*(run.scores for run in report.runs), *report.baselines.values()])
    rows = [
        (
            run.scores,
            _row_of_run(
                run, n_gold=report.n_gold_videos, axis=axis, cost=costs.get(run.run.pk) if costs else None
            ),
        )
        for run in report.runs
    ]
    rows += [(scores, _row_of_baseline(name, scores, axis=axis)) for name, scores in report.baselines.items()]
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    sign = 1 if is_reversed else -1

    def rank(pair: tuple[Scores, Row]) -> tuple[bool, float]:
        number = pair[0].figures[key].value
        return math.isnan(number), sign * (0.0 if math.isnan(number) else number)

    return [row for _scores, row in sorted(rows, key=rank)]


def axis_of(scored: Sequence[Scores]) -> Axis:
    """Up to the tenth above the highest interval of weighted F1."""
    ends = [
        end
        for scores in scored
        for end in (scores.figures[BEST_FIRST].ci_high, scores.figures[BEST_FIRST].value)
        if not math.isnan(end)
    ]
    return Axis(end=min(1.0, math.ceil(10 * max(ends, default=0.5) + 1e-9) / 10))


def cells_of(scores: Scores) -> list[Cell]:
    """The twelve figures, of each kind first that of both directions."""
    return [cell_of(f"{kind}_{scope}", scores) for kind in KINDS for scope in FIRST_ALL]


def summary_of(scores: Scores) -> list[tuple[Cell, list[Cell]]]:
    """Each kind of figure over both directions, with those of each."""
    cells = cells_of(scores)
    return [(cells[at], cells[at + 1 : at + 3]) for at in range(0, len(cells), 3)]


def figure_titles() -> dict[str, str]:
    """The kinds of figures in the reader's language."""
    return {
        "weighted": _("Weighted F1"),
        "macro": _("Macro F1"),
        "recall": _("Recall per video"),
        "precision": _("Precision per video"),
    }


def marks_of(run: RunScores) -> list[Mark]:
    """What to know of a run before reading its figures."""
    facts, marks = run.run, []
    if facts.state != RunState.FINISHED:
        state = str(RunState(facts.state).label).lower() if facts.state in RunState.values else facts.state
        marks.append(Mark(_("%(state)s: partial") % {"state": state}, "warn", "alert"))
    if facts.origin == RunOrigin.IMPORT:
        marks.append(Mark(_("imported"), "", "upload"))
    if facts.pipeline == PipelineName.CREATOR_PRIOR:
        marks.append(Mark(_("leak probe"), "", "flag"))
    elif facts.grouping == "none":
        marks.append(Mark(_("ungrouped folds"), "warn", "alert"))
    if facts.protocol == "paper":
        marks.append(Mark(_("epoch from the test fold"), "warn", "alert"))
    if facts.n_values_other:
        text = _("%(n)s values under another meaning: nothing predicted") % {"n": facts.n_values_other}
        marks.append(Mark(text, "warn", "alert"))
    return marks


def _row_of_run(run: RunScores, *, n_gold: int, axis: Axis, cost: RunCost | None) -> Row:
    name = run.run.model
    return Row(
        name=name,
        pipeline=run.run.pipeline if run.run.pipeline != name else "",
        run=run,
        marks=marks_of(run),
        n_scope=run.n_scope,
        is_narrow=run.n_scope < n_gold,
        cells=cells_of(run.scores),
        plot=_plot(name, run.scores.figures[BEST_FIRST], axis=axis),
        is_floor=run.run.pipeline in FLOORS,
        cost=cost,
    )


def _row_of_baseline(name: str, scores: Scores, *, axis: Axis) -> Row:
    return Row(
        name=name,
        pipeline="",
        run=None,
        marks=[],
        n_scope=scores.n_videos,
        is_narrow=False,
        cells=cells_of(scores),
        plot=_plot(name, scores.figures[BEST_FIRST], axis=axis),
        is_floor=True,
    )


def cell_of(name: str, scores: Scores) -> Cell:
    """One of FIGURES."""
    kind, _underscore, scope = name.partition("_")
    sign, stance = {"endorsed": (" +", 1), "confronted": (" −", -1), "all": ("", None)}[scope]
    score = scores.figures[name]
    return Cell(
        name=name,
        text=short(score.value),
        title=figure_titles()[kind] + sign,
        interval=interval(score.ci_low, score.ci_high),
        because=why_unscored(score.undefined_because),
        is_detail=scope != "all",
        stance=stance,
    )


def f1_cell(label: LabelScore) -> Cell:
    """A label's F1."""
    return Cell(
        name=label.name,
        text=short(label.f1.value),
        interval=interval(label.f1.ci_low, label.f1.ci_high),
        because=why_unscored(label.f1.undefined_because),
    )


def _plot(name: str, score: Score, *, axis: Axis) -> Plot:
    if math.isnan(score.value):
        label = _("%(name)s: weighted F1 is undefined") % {"name": name}
    else:
        label = _("%(name)s: weighted F1 %(f1)s, 95 %% interval %(interval)s") % {
            "name": name,
            "f1": short(score.value),
            "interval": interval(score.ci_low, score.ci_high) or _("undefined"),
        }
    return Plot(axis.place(score.value), axis.place(score.ci_low), axis.place(score.ci_high), label)
