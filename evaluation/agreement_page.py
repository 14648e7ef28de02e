"""What the page of agreement shows: the report's numbers as words, widths and rows in order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotator.models import Value
from evaluation.agreement_report import AgreementReport, Figure, Mean, ValueReport
from evaluation.metrics.agreement import Clustered
from evaluation.reasons import because

SORTS = ("ac1", "circle", "alpha", "prevalence", "differing")


@dataclass(frozen=True, slots=True)
class Shown:
    """A number ready to print: text, interval, and why there is none."""

    text: str
    interval: str = ""  # by creator
    analytic: str = ""  # if videos were independent
    because: str = ""  # why the number, or only its interval, is undefined

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
    inner_low: str | None  # if videos were independent
    inner_high: str | None
    mean: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The common axis of all plots, from `start` to 1."""

    start: float

    def place(self, x: float) -> str | None:
        """Per cent from its beginning, as SVG takes it; None where undefined."""
        if math.isnan(x):
            return None
        return f"{min(100.0, max(0.0, 100 * (x - self.start) / (1 - self.start))):.2f}"

    @property
    def ticks(self) -> list[str]:
        """The scale's three labels."""
        return [short(self.start), short((self.start + 1) / 2), "1"]


@dataclass(frozen=True, slots=True)
class ShareBar:
    """Shares of the stances as rectangles, with the same in words."""

    parts: list[tuple[int, str, str]]  # stance, start and width in per cent
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the table."""

    value: Value
    hue: int
    n_videos: int
    n_differing: int
    ac1: Shown
    alpha: Shown
    kappa: Shown
    percent: Shown
    plot: Plot
    specific: list[tuple[int, Shown]]
    shares: ShareBar | None
    is_lowest: bool


DASH = "–"


def short(x: float) -> str:
    """Two places, without the zero before the point; a dash where undefined."""
    if math.isnan(x):
        return DASH
    text = f"{x:.2f}"
    if text in ("-0.00", "0.00"):
        return "0"
    return text.replace("0.", ".", 1) if abs(x) < 0.995 else text


def percent(x: float) -> str:
    """Whole per cent, or a dash."""
    return DASH if math.isnan(x) else f"{100 * x:.0f} %"


def shown(figure: Figure) -> Shown:
    """A coefficient with its intervals."""
    estimate = figure.estimate
    by_creator, reason = clustered_interval(figure.clustered)
    return Shown(
        text=short(estimate.coef),
        interval=by_creator,
        analytic=interval(estimate.ci_low, estimate.ci_high),
        because=because(estimate.undefined_because) or reason,
    )


def shown_mean(mean: Mean) -> Shown:
    """A mean with its intervals."""
    by_creator, reason = clustered_interval(mean.clustered)
    return Shown(
        text=short(mean.ac1),
        interval=by_creator,
        analytic=interval(mean.analytic.ci_low, mean.analytic.ci_high),
        because=reason,
    )


def clustered_interval(clustered: Clustered | None) -> tuple[str, str]:
    """An interval in words, and why there is none."""
    if clustered is None or math.isnan(clustered.ci_low):
        return "", because(clustered.undefined_because) if clustered else ""
    return interval(clustered.ci_low, clustered.ci_high), ""


def interval(low: float, high: float) -> str:
    """From where to where."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return _("%(low)s to %(high)s") % {"low": short(low), "high": short(high)}


def axis_of(report: AgreementReport) -> Axis:
    """From the tenth below the lowest end of an interval, at most from 0.5 on."""
    ends = [end for value in report.values if not math.isnan(end := _lower_end(value.figures["ac1"]))]
    return Axis(start=min(0.5, math.floor(10 * min(ends, default=0.5)) / 10))


def rows_of(
    report: AgreementReport, *, values: Sequence[Value], sort: str, axis: Axis | None = None
) -> list[Row]:
    """The table in the order asked for; undefined figures come last."""
    axis = axis or axis_of(report)
    of_slug = {value.slug: value for value in values}
    hues = hues_of(values)
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    numbered = [(_sort_key(value, key, place), value) for place, value in enumerate(report.values)]
    defined = [pair for pair in numbered if not math.isnan(pair[0])]
    undefined = [value for number, value in numbered if math.isnan(number)]
    defined.sort(key=lambda pair: pair[0], reverse=is_reversed)
    ordered = [value for _number, value in defined] + undefined
    lowest = report.mean_over_values.lowest_value
    mean = report.mean_over_values.ac1
    return [
        Row(
            value=of_slug[value.value],
            hue=hues[of_slug[value.value].group],
            n_videos=value.n_videos,
            n_differing=value.n_differing,
            ac1=shown(value.figures["ac1"]),
            alpha=shown(value.figures["alpha"]),
            kappa=shown(value.figures["kappa"]),
            percent=_percent(value.figures["percent"]),
            plot=_plot(value, axis=axis, mean=mean, name=of_slug[value.value].name),
            specific=[(stance, _specific(x)) for stance, x in value.specific.items()],
            shares=share_bar(value.shares),
            is_lowest=value.value == lowest,
        )
        for value in ordered
    ]


def hues_of(values: Sequence[Value]) -> dict[str, int]:
    """Each group's place in the circle, which decides its hue."""
    groups = list(dict.fromkeys(value.group for value in values))
    return {group: 1 + place % 6 for place, group in enumerate(groups)}


def share_bar(shares: Mapping[int, float]) -> ShareBar | None:
    """None where nobody gave a rating."""
    if any(math.isnan(share) for share in shares.values()):
        return None
    names = {-1: _("confronted"), 0: _("absent"), 1: _("endorsed"), 2: _("dominant")}
    parts, start = [], 0.0
    for stance, share in shares.items():
        parts.append((stance, f"{100 * start:.2f}%", f"{100 * share:.2f}%"))
        start += share
    label = ", ".join(f"{names[stance]} {percent(share)}" for stance, share in shares.items())
    text = " · ".join(f"{100 * share:.0f}" for share in shares.values())
    return ShareBar(parts=parts, label=label, text=text)


def _sort_key(value: ValueReport, key: str, place: int) -> float:
    if key == "circle":
        return float(place)
    if key == "prevalence":
        return 1 - value.shares.get(0, math.nan)
    if key == "differing":
        return float(value.n_differing)
    return value.figures["alpha" if key == "alpha" else "ac1"].estimate.coef


def _percent(figure: Figure) -> Shown:
    return Shown(percent(figure.estimate.coef), because=because(figure.estimate.undefined_because))


def _specific(x: float) -> Shown:
    return Shown(short(x), because=_("no video coded twice was given this stance") if math.isnan(x) else "")


def _lower_end(figure: Figure) -> float:
    ends = [figure.estimate.coef, figure.estimate.ci_low]
    ends += [figure.clustered.ci_low] if figure.clustered else []
    return min((end for end in ends if not math.isnan(end)), default=math.nan)


def _plot(value: ValueReport, *, axis: Axis, mean: float, name: str) -> Plot:
    figure = value.figures["ac1"]
    estimate, clustered = figure.estimate, figure.clustered
    low = clustered.ci_low if clustered else math.nan
    high = clustered.ci_high if clustered else math.nan
    said = shown(figure)
    if said.is_undefined:
        label = _("%(value)s: AC1 is undefined") % {"value": name}
    else:
        label = _("%(value)s: AC1 %(coef)s, 95 %% interval %(interval)s") % {
            "value": name,
            "coef": said.text,
            "interval": said.interval or _("undefined"),
        }
    return Plot(
        point=axis.place(estimate.coef),
        low=axis.place(low),
        high=axis.place(high),
        inner_low=axis.place(estimate.ci_low),
        inner_high=axis.place(estimate.ci_high),
        mean=axis.place(mean),
        label=label,
    )
