"""How far the coders agree: the page, its headline, its table and its figure as files."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from annotator.access import StudyRequest, study_view
from annotator.blindness import is_bound
from annotator.models import Role, Study, Value
from evaluation.agreement_page import SORTS, axis_of, rows_of, shown, shown_mean
from evaluation.agreement_report import FEW_CLUSTERS, AgreementReport
from evaluation.forms import Filter, read_filter
from evaluation.matrices import LeftOut, Selection
from evaluation.remembered import agreement_of
from evaluation.tables import write_table

# Sums over fewer videos could tell somebody who codes how a colleague coded one of them.
FEWEST_FOR_CODERS = 30
FIGURES = {"svg": "image/svg+xml", "pdf": "application/pdf"}


@study_view(Role.RESEARCHER)
def agreement_detail(request: StudyRequest, study: Study) -> HttpResponse:
    """How far the coders agree, value by value, the most trouble first."""
    chosen = read_filter(study, request.GET)
    report, left_out = agreement_of(chosen.selection)
    sort = request.GET.get("sort", "ac1")
    if sort.removeprefix("-") not in SORTS:
        sort = "ac1"
    context = {
        "filter": chosen,
        "report": report,
        "left_out": left_out,
        "codebook": study.codebook,
        "is_bound": is_bound(request.user, study),
        "is_kept": _is_kept(request, study, report),
        "fewest": FEWEST_FOR_CODERS,
        "sort": sort,
    }
    if not report.is_empty and not context["is_kept"]:
        axis = axis_of(report)
        rows = rows_of(report, values=_values(study), sort=sort, axis=axis)
        context |= {
            "mean": shown_mean(report.mean_over_values),
            "pooled": {name: shown(figure) for name, figure in report.pooled.items()},
            "binary": shown_mean(report.mean_over_binary_labels),
            "lowest": next((row for row in rows if row.is_lowest), None),
            "axis": axis,
            "few_clusters": FEW_CLUSTERS,
            "rows": rows,
        }
    return render(request, "evaluation/agreement_detail.html", context)


@study_view(Role.RESEARCHER)
def agreement_summary(request: StudyRequest, study: Study) -> HttpResponse:
    """The headline alone, for the study's own page."""
    report, _left_out = agreement_of(Selection.of(study))
    context = {
        "report": report,
        "is_kept": _is_kept(request, study, report),
        "fewest": FEWEST_FOR_CODERS,
        "mean": shown_mean(report.mean_over_values),
        "lowest": next(
            (value for value in _values(study) if value.slug == report.mean_over_values.lowest_value), None
        ),
    }
    return render(request, "evaluation/agreement_summary.html", context)


@study_view(Role.RESEARCHER)
def agreement_table(request: StudyRequest, study: Study) -> HttpResponse:
    """The page's table as CSV, unrounded."""
    chosen, report, left_out = _report_for_file(request, study)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-agreement.csv"'
    write_table(response, report, selection=chosen.selection, left_out=left_out)
    return response


@study_view(Role.RESEARCHER)
def agreement_figure(request: StudyRequest, study: Study, ending: str) -> HttpResponse:
    """The page's plot as a figure to print."""
    if ending not in FIGURES:
        raise Http404
    chosen, report, _left_out = _report_for_file(request, study)
    from evaluation.plots import draw_intervals  # matplotlib takes a second to load

    content = draw_intervals(report, values=_values(study), title=_title(chosen), ending=ending)
    response = HttpResponse(content, content_type=FIGURES[ending])
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-agreement.{ending}"'
    return response


def _report_for_file(request: StudyRequest, study: Study) -> tuple[Filter, AgreementReport, LeftOut]:
    """What the page shows; 404 where it shows nothing."""
    chosen = read_filter(study, request.GET)
    report, left_out = agreement_of(chosen.selection, is_full=True)
    if report.is_empty or _is_kept(request, study, report):
        raise Http404
    return chosen, report, left_out


def _is_kept(request: StudyRequest, study: Study, report: AgreementReport) -> bool:
    """Whether so few videos are behind the figures that they would tell a coder others' labels."""
    return report.n_videos < FEWEST_FOR_CODERS and is_bound(request.user, study)


def _values(study: Study) -> list[Value]:
    return list(Value.objects.filter(codebook=study.codebook_id).order_by("position"))


def _title(chosen: Filter) -> str:
    study, batch = chosen.selection.study, chosen.selection.batch
    where = batch.name if batch else _("all batches")
    simulated = " · " + _("simulated data") if study.is_simulated else ""
    return f"{study.name}, {where}{simulated}"
