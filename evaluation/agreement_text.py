"""Agreement as a table for the terminal."""

import math
from collections.abc import Mapping
from typing import Any

from evaluation.agreement_report import FEW_CLUSTERS, AgreementReport, Figure, Mean
from evaluation.matrices import LeftOut, Selection
from evaluation.metrics.agreement import Clustered, reason_in_words


def of_study(report: AgreementReport, *, selection: Selection, left_out: LeftOut) -> str:
    """The headline, the values by trouble, and what the figures rest on."""
    where = f", batch “{selection.batch}”" if selection.batch else ""
    lines = [
        f"“{selection.study}”{where}: {report.n_videos} videos coded at least twice"
        f" ({report.n_rated} at least once) by {report.n_coders} coders, first submissions."
    ]
    if report.is_empty:
        lines.append("Agreement is undefined, because nothing has been coded by two or more people.")
        return "\n".join(lines)
    level = f"{100 * report.confidence:g} %"
    mean = report.mean_over_values
    lowest = f"; lowest {mean.lowest_value} {number(mean.lowest)}" if mean.lowest_value else ""
    lines += [
        f"Mean AC1 over {mean.n_defined} of {mean.n} values: {_mean(mean, level)}{lowest}",
        f"Pooled over all units: {_both(report.pooled['ac1'], level)}",
        f"Mean over {report.mean_over_binary_labels.n_defined} binary labels:"
        f" {_mean(report.mean_over_binary_labels, level)}",
        "",
        _table(report, level),
        "",
        f"Intervals: {report.n_resamples} bootstraps of {report.n_clusters} creators, seed {report.seed}."
        f" Kappa is Conger's. Live figures.",
    ]
    if report.has_few_clusters:
        lines.append(
            f"With fewer than {FEW_CLUSTERS} creators, intervals by creator tend to be too narrow:"
            " trust the wider of the two."
        )
    if left_out.saw_feedback:
        lines.append(f"Left out: {left_out.saw_feedback} codings made after feedback (--with-feedback).")
    if left_out.set_aside:
        lines.append(f"Missing: {left_out.set_aside} codings that set the video aside.")
    if left_out.withdrawn:
        lines.append(f"Left out: {left_out.withdrawn} codings of withdrawn videos.")
    return "\n".join(lines)


def of_file(data: Mapping[str, Any]) -> str:
    """All coefficients of a file."""
    lines = [
        f"{data['file']}: {data['n_units']} units rated by {data['n_raters']} raters,"
        f" {data['n_pairable']} of them at least twice; scale"
        f" {', '.join(str(c) for c in data['scale'])}; {data['weights']}."
    ]
    for name, one in data.items():
        if not isinstance(one, Mapping) or "coef" not in one:
            continue
        reason = reason_in_words(one["undefined_because"])
        text = f"  {name:<17} {number(one['coef']):>6}"
        if not math.isnan(one["se"]):
            text += f"  [{number(one['ci_low'])}, {number(one['ci_high'])}]  se {one['se']:.4f}"
        lines.append(text + (f"  undefined, because {reason}" if reason else ""))
    return "\n".join(lines)


def number(figure: float) -> str:
    """Three places, without the zero before the point; a dash where undefined."""
    if math.isnan(figure):
        return "–"
    text = f"{figure:.3f}"
    return text.replace("0.", ".", 1) if abs(figure) < 1 and not text.endswith("1.000") else text


def _table(report: AgreementReport, level: str) -> str:
    head = f"{'value':<26}{'AC1':>6}  {level + ' by creator':<18}{'alpha':>7}{'kappa':>7}{'agree':>7}"
    specific = [f"{'s(' + sign(stance) + ')':>7}" for stance in report.scale]
    lines = [head + "".join(specific) + f"{'n':>7}"]
    order = sorted(report.values, key=lambda value: _trouble(value.figures["ac1"].estimate.coef))
    for value in order:
        ac1 = value.figures["ac1"]
        cells = "".join(
            f"{number(value.figures[name].estimate.coef):>7}" for name in ("alpha", "kappa", "percent")
        )
        own = "".join(f"{number(value.specific[stance]):>7}" for stance in report.scale)
        lines.append(
            f"{value.value:<26}{number(ac1.estimate.coef):>6}  {_interval(ac1.clustered):<18}"
            f"{cells}{own}{value.n_videos:>7}"
        )
    return "\n".join(lines)


def sign(stance: int) -> str:
    """As the screens write a stance."""
    return {-1: "−", 0: "0", 1: "+", 2: "++"}.get(stance, str(stance))


def _trouble(coef: float) -> float:
    return math.inf if math.isnan(coef) else coef


def _mean(mean: Mean, level: str) -> str:
    analytic = f"[{number(mean.analytic.ci_low)}, {number(mean.analytic.ci_high)}]"
    by_creator = f"{level} {_interval(mean.clustered)} by creator"
    return f"{number(mean.ac1)} ({by_creator}; {analytic} if videos were independent)"


def _both(figure: Figure, level: str) -> str:
    one = figure.estimate
    analytic = f"[{number(one.ci_low)}, {number(one.ci_high)}]"
    by_creator = f"{level} {_interval(figure.clustered)} by creator"
    return f"{number(one.coef)} ({by_creator}; {analytic} if all units were independent)"


def _interval(clustered: Clustered | None) -> str:
    if clustered is None or math.isnan(clustered.ci_low):
        return "–"
    return f"[{number(clustered.ci_low)}, {number(clustered.ci_high)}]"
