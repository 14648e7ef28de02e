"""Figures to print. They compute nothing, and matplotlib is loaded with this module, so import it late."""

import io
import math
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from matplotlib.figure import Figure as Canvas

from annotator.models import Value
from evaluation.agreement_page import hues_of, short
from evaluation.agreement_report import AgreementReport

HUES = ("#3f6fb5", "#b5652f", "#3c8c6a", "#8a5fa8", "#7a7a3a", "#a8486b")
INK, SOFT = "#1f2328", "#9aa1a9"
# Text stays text in SVG, and files do not tell when they were made: the same figures give the same file.
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "axial", "pdf.fonttype": 42}


def draw_intervals(report: AgreementReport, *, values: Sequence[Value], title: str, ending: str) -> bytes:
    """AC1 of each value with its interval by creator, the lowest at the top, as svg or pdf."""
    from matplotlib import rc_context

    names = {value.slug: value for value in values}
    hues = hues_of(values)
    rows = [value for value in report.values if not math.isnan(value.figures["ac1"].estimate.coef)]
    rows.sort(key=lambda value: value.figures["ac1"].estimate.coef, reverse=True)
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7, 1.6 + 0.27 * max(len(rows), 1)), layout="constrained")
        axes = canvas.subplots()
        for height, value in enumerate(rows):
            figure = value.figures["ac1"]
            point, clustered = figure.estimate.coef, figure.clustered
            if clustered is not None and not math.isnan(clustered.ci_low):
                axes.plot(
                    [clustered.ci_low, clustered.ci_high], [height, height], color=SOFT, lw=1.6, zorder=1
                )
            color = HUES[hues[names[value.value].group] - 1]
            axes.plot([point], [height], "o", color=color, ms=5, zorder=2)
            axes.annotate(short(point), (1.005, height), xycoords=("axes fraction", "data"), va="center",
                          fontsize=8, color=INK)  # fmt: skip
        axes.axvline(report.mean_over_values.ac1, color=INK, lw=0.8, ls=(0, (4, 3)), zorder=0)
        axes.set_yticks(range(len(rows)), [names[value.value].name for value in rows], fontsize=8.5)
        axes.set_xlim(right=1)
        axes.set_xlabel(
            _("AC1 with 95 %% interval by creator (%(n)s bootstraps); dashed: mean over values, %(mean)s")
            % {"n": report.n_resamples, "mean": short(report.mean_over_values.ac1)},
            fontsize=8.5,
        )
        axes.set_title(f"{title} · n = {report.n_videos}", fontsize=10, loc="left")
        axes.tick_params(length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.grid(axis="x", color="#e6e8eb", lw=0.6)
        axes.set_axisbelow(True)
        out = io.BytesIO()
        dates = {"Date": None} if ending == "svg" else {"CreationDate": None, "ModDate": None}
        canvas.savefig(out, format=ending, metadata={"Creator": "Axial", **dates})
    return out.getvalue()
