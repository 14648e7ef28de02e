"""Models against gold: the leaderboard, the labels of one run, two runs side by side, and their tables."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from annotator.access import StudyRequest, study_view
from annotator.blindness import is_bound
from annotator.models import Role, Study, Value
from evaluation.agreement_report import FEW_CLUSTERS
from evaluation.performance_comparison import Comparison
from evaluation.performance_contrasts import contrasts_of, label_contrasts
from evaluation.performance_labels import label_rows
from evaluation.performance_page import (
    BEST_FIRST,
    SORTS,
    axis_of,
    marks_of,
    rows_of,
    summary_of,
)
from evaluation.performance_remembered import comparison_of, performance_of, scorable_runs
from evaluation.performance_report import PerformanceReport
from evaluation.performance_tables import write_labels, write_leaderboard
from evaluation.views.agreement import FEWEST_FOR_CODERS
from models_app.models import Run


@study_view(Role.RESEARCHER)
def leaderboard(request: StudyRequest, study: Study) -> HttpResponse:
    """What every run reaches against gold, the best first, with the trivial baselines in their place."""
    runs = scorable_runs(study)
    bound = is_bound(request.user, study)
    report = _report(study, runs, bound=bound)
    sort = request.GET.get("sort", BEST_FIRST)
    if sort.removeprefix("-") not in SORTS:
        sort = BEST_FIRST
    context: dict[str, Any] = {
        "report": report,
        "is_bound": bound,
        "fewest": FEWEST_FOR_CODERS,
        "n_runs": len(runs),
        "sort": sort,
        "few_creators": FEW_CLUSTERS,
    }
    if report is not None and report.n_gold_videos:
        axis = axis_of([*(run.scores for run in report.runs), *report.baselines.values()])
        floor = report.baselines["all-positive"].figures[BEST_FIRST].value
        rows = rows_of(report, sort=sort)
        context |= {
            "rows": rows,
            "axis": axis,
            "floor": axis.place(floor),
            "choices": [(run.run.pk, run.run.model) for run in report.runs],
            "n_endorsed": sum(name.endswith(":endorsed") for name in report.reported),
            "n_confronted": sum(name.endswith(":confronted") for name in report.reported),
            "n_kept": len(runs) - len(report.runs),
            "n_averaged": report.baselines["all-positive"].n_averaged,
            "n_labels": 2 * len(report.values),
        }
    return render(request, "evaluation/leaderboard.html", context)


@study_view(Role.RESEARCHER)
def leaderboard_table(request: StudyRequest, study: Study) -> HttpResponse:
    """The leaderboard as CSV, unrounded; 404 where the page shows none."""
    report = _report(study, scorable_runs(study), bound=is_bound(request.user, study))
    if report is None or not report.n_gold_videos:
        raise Http404
    response = _csv(f"{study.slug}-models.csv")
    write_leaderboard(response, report, study=study)
    return response


@study_view(Role.RESEARCHER)
def leaderboard_compare(request: StudyRequest, study: Study) -> HttpResponse:
    """Two runs on the videos that both were asked for."""
    runs = scorable_runs(study) if study.codebook_id else []
    there = {str(run.pk): run for run in runs}
    first, second = (there.get(request.GET.get(side, "")) for side in ("a", "b"))
    context: dict[str, Any] = {
        "choices": [(run.pk, run.model) for run in there.values()],
        "a": first,
        "b": second,
        "fewest": FEWEST_FOR_CODERS,
    }
    if first and second and first != second:
        comparison = comparison_of(study, [first, second])
        context["is_kept"] = is_kept = _is_kept(request, study, comparison)
        if not is_kept:
            values = _values(study)
            context |= {
                "comparison": comparison,
                "sides": [{"run": run, "marks": marks_of(run)} for run in comparison.runs],
                "contrasts": contrasts_of(comparison),
                "labels": label_contrasts(comparison, values=values),
            }
    return render(request, "evaluation/leaderboard_compare.html", context)


@study_view(Role.RESEARCHER)
def leaderboard_labels(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One run, label by label."""
    run, comparison = _of_run(study, pk)
    context: dict[str, Any] = {
        "run": run,
        "is_kept": _is_kept(request, study, comparison),
        "fewest": FEWEST_FOR_CODERS,
    }
    if not context["is_kept"]:
        (scored,) = comparison.runs
        context |= {
            "scored": scored,
            "comparison": comparison,
            "marks": marks_of(scored),
            "summary": summary_of(scored.scores),
            "rows": label_rows(
                scored.scores, floor=comparison.baselines["all-positive"], values=_values(study)
            ),
        }
    return render(request, "evaluation/leaderboard_labels.html", context)


@study_view(Role.RESEARCHER)
def leaderboard_labels_table(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One run label by label as CSV, unrounded; 404 where the page shows nothing."""
    _run, comparison = _of_run(study, pk)
    if not comparison.n_videos or _is_kept(request, study, comparison):
        raise Http404
    response = _csv(f"{study.slug}-run-{pk}-labels.csv")
    write_labels(response, comparison, study=study)
    return response


def _report(study: Study, runs: list[Run], *, bound: bool) -> PerformanceReport | None:
    """The report; for whoever codes without what rests on few videos, and None where everything does."""
    if study.codebook_id is None:
        return None
    report = performance_of(study, runs)
    if not bound:
        return report
    if report.n_gold_videos < FEWEST_FOR_CODERS:
        return None
    told = {run.run.pk for run in report.runs if run.n_scope >= FEWEST_FOR_CODERS}
    return performance_of(study, [run for run in runs if run.pk in told])


def _is_kept(request: StudyRequest, study: Study, comparison: Comparison) -> bool:
    """Whether so few videos are behind the figures that they would tell a coder others' labels."""
    return comparison.n_videos < FEWEST_FOR_CODERS and is_bound(request.user, study)


def _of_run(study: Study, pk: int) -> tuple[Run, Comparison]:
    """The run and its scores on its own scope; 404 unless it is the study's and predicts."""
    run = next((run for run in scorable_runs(study) if run.pk == pk), None)
    if run is None or study.codebook_id is None:
        raise Http404
    return run, comparison_of(study, [run])


def _values(study: Study) -> list[Value]:
    return list(Value.objects.filter(codebook=study.codebook_id).order_by("position"))


def _csv(name: str) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
