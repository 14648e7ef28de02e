"""What the pages of models show: scores as words, places on an axis and rows in order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from annotator.models import Value
from evaluation.agreement_page import DASH, hues_of, interval, short
from evaluation.metrics.classification import FIGURES, KINDS
from evaluation.metrics.unscored import Unscored
from evaluation.performance_report import Comparison, LabelScore, PerformanceReport, RunScores, Score, Scores
from evaluation.reasons import why_unscored
from models_app.models import RunOrigin, RunState
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
    run_url: str  # the run's own page, where there is one
    marks: list[Mark]
    n_scope: int
    is_narrow: bool  # scored on fewer videos than there are gold ones
    cells: list[Cell]
    plot: Plot
    is_floor: bool

    @property
    def is_baseline(self) -> bool:
        """Whether it needs no run."""
        return self.run is None


@dataclass(frozen=True, slots=True)
class Half:
    """One binary label on a run's page."""

    stance: int
    f1: Cell
    floor: str
    precision: Cell
    recall: Cell
    support: int
    is_reported: bool


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One value on a run's page."""

    value: Value
    hue: int
    halves: list[Half]


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


def run_url(slug: str, pk: int) -> str:
    """The run's own page; empty as long as there is none."""
    return _address("models_app:run_detail", slug, pk)


def new_run_url(slug: str) -> str:
    """Where a run is started; empty as long as there is no such page."""
    return _address("models_app:run_create", slug)


def rows_of(report: PerformanceReport, *, slug: str, sort: str) -> list[Row]:
    """The leaderboard in the order asked for, the best first; undefined figures come last."""
    axis = axis_of([*(run.scores for run in report.runs), *report.baselines.values()])
    rows = [
        (run.scores, _row_of_run(run, n_gold=report.n_gold_videos, slug=slug, axis=axis))
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
    return [_cell(f"{kind}_{scope}", scores) for kind in KINDS for scope in FIRST_ALL]


def summary_of(scores: Scores) -> list[tuple[Cell, list[Cell]]]:
    """Each kind of figure over both directions, with those of each."""
    cells = cells_of(scores)
    return [(cells[at], cells[at + 1 : at + 3]) for at in range(0, len(cells), 3)]


def label_rows(scores: Scores, *, floor: Scores, values: Sequence[Value]) -> list[LabelRow]:
    """Value by value, beside what all-positive reaches on the same videos."""
    hues = hues_of(values)
    rows = []
    for place, value in enumerate(values):
        pair = slice(2 * place, 2 * place + 2)
        halves = [
            _half(label, at_floor)
            for label, at_floor in zip(scores.labels[pair], floor.labels[pair], strict=True)
        ]
        rows.append(LabelRow(value, hues[value.group], halves))
    return rows


def contrasts_of(comparison: Comparison) -> list[Contrast]:
    """Two runs figure by figure."""
    first, second = (run.scores for run in comparison.runs)
    floor = comparison.baselines["all-positive"]
    titles = figure_titles()
    differences = comparison.differences or {}
    rows = []
    for name in (f"{kind}_{scope}" for kind in KINDS for scope in FIRST_ALL):
        cells = [_cell(name, scores) for scores in (first, second)]
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
            [_f1_cell(a), _f1_cell(b)],
            stance=1 if a.direction == "endorsed" else -1,
            floor=at_floor.f1,
            difference=differences[a.name],
        )
        for a, b, at_floor in zip(first, second, floor, strict=True)
        if a.is_reported
    ]


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


def _address(name: str, *args: str | int) -> str:
    """An address of another part of the program that may not be there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _row_of_run(run: RunScores, *, n_gold: int, slug: str, axis: Axis) -> Row:
    name = run.run.model
    return Row(
        name=name,
        pipeline=run.run.pipeline if run.run.pipeline != name else "",
        run=run,
        run_url=run_url(slug, run.run.pk),
        marks=marks_of(run),
        n_scope=run.n_scope,
        is_narrow=run.n_scope < n_gold,
        cells=cells_of(run.scores),
        plot=_plot(name, run.scores.figures[BEST_FIRST], axis=axis),
        is_floor=run.run.pipeline in FLOORS,
    )


def _row_of_baseline(name: str, scores: Scores, *, axis: Axis) -> Row:
    return Row(
        name=name,
        pipeline="",
        run=None,
        run_url="",
        marks=[],
        n_scope=scores.n_videos,
        is_narrow=False,
        cells=cells_of(scores),
        plot=_plot(name, scores.figures[BEST_FIRST], axis=axis),
        is_floor=True,
    )


def _cell(name: str, scores: Scores) -> Cell:
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


def _f1_cell(label: LabelScore) -> Cell:
    return Cell(
        name=label.name,
        text=short(label.f1.value),
        interval=interval(label.f1.ci_low, label.f1.ci_high),
        because=why_unscored(label.f1.undefined_because),
    )


def _half(label: LabelScore, floor: LabelScore) -> Half:
    return Half(
        stance=1 if label.direction == "endorsed" else -1,
        f1=_f1_cell(label),
        floor=short(floor.f1.value),
        precision=Cell("", short(label.precision), because=why_unscored(Unscored.NEVER_PREDICTED)),
        recall=Cell("", short(label.recall), because=why_unscored(Unscored.NO_SUPPORT)),
        support=label.support,
        is_reported=label.is_reported,
    )


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
