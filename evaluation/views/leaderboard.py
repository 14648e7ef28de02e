"""Models against gold: the leaderboard, the labels of one run, two runs side by side, and their tables."""

from collections.abc import Collection
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from annotator.access import StudyRequest, study_view
from annotator.blindness import is_bound, sees_every_model, videos_with_models_shown
from annotator.models import Role, Study, Value, Video
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
from models_app.models import Run, RunVideo
from models_app.queries.bills import currency_known
from models_app.queries.run_costs import costs_of


@study_view(Role.RESEARCHER)
def leaderboard(request: StudyRequest, study: Study) -> HttpResponse:
    """What every run reaches against gold, the best first, with the trivial baselines in their place."""
    runs = scorable_runs(study)
    bound = is_bound(request.user, study)
    report = _report(request, study, runs, bound=bound)
    sort = request.GET.get("sort", BEST_FIRST)
    if sort.removeprefix("-") not in SORTS:
        sort = BEST_FIRST
    context: dict[str, Any] = {
        "report": report,
        "is_bound": bound,
        "fewest": FEWEST_FOR_CODERS,
        "few_creators": FEW_CLUSTERS,
        "n_runs": len(runs),
        "sort": sort,
    }
    if report is not None and report.n_gold_videos:
        axis = axis_of([*(run.scores for run in report.runs), *report.baselines.values()])
        floor = report.baselines["all-positive"].figures[BEST_FIRST].value
        rows = rows_of(report, sort=sort, costs=costs_of(runs))
        context |= {
            "rows": rows,
            "axis": axis,
            "currency": currency_known(),
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
    runs = scorable_runs(study)
    report = _report(request, study, runs, bound=is_bound(request.user, study))
    if report is None or not report.n_gold_videos:
        raise Http404
    response = _csv(f"{study.slug}-models.csv")
    write_leaderboard(response, report, study=study, costs=costs_of(runs))
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
        "is_bound": is_bound(request.user, study),
        "fewest": FEWEST_FOR_CODERS,
        "few_creators": FEW_CLUSTERS,
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
        "is_bound": is_bound(request.user, study),
        "fewest": FEWEST_FOR_CODERS,
        "few_creators": FEW_CLUSTERS,
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


def _report(request: StudyRequest, study: Study, runs: list[Run], *, bound: bool) -> PerformanceReport | None:
    """The report without what is kept from the user, as it rests on few videos; None where everything is."""
    if study.codebook_id is None:
        return None
    report = performance_of(study, runs)
    if bound and report.n_gold_videos < FEWEST_FOR_CODERS:
        return None
    kept = {run.run.pk for run in report.runs if run.n_scope < FEWEST_FOR_CODERS}
    if kept and not bound:
        kept = _holding_undecided(request, study, kept)
    return performance_of(study, [run for run in runs if run.pk not in kept]) if kept else report


def _is_kept(request: StudyRequest, study: Study, comparison: Comparison) -> bool:
    """Whether so few videos are behind the figures that they would tell what is kept from the user.

    A coder others' labels, a consolidator what a model says of a video that they may yet decide on.
    """
    if comparison.n_videos >= FEWEST_FOR_CODERS:
        return False
    runs = {run.run.pk for run in comparison.runs}
    return is_bound(request.user, study) or bool(_holding_undecided(request, study, runs))


def _holding_undecided(request: StudyRequest, study: Study, runs: Collection[int]) -> set[int]:
    """The runs of whose gold videos there is one whose predictions the user may not see."""
    if sees_every_model(request.user, study):
        return set()
    shown = videos_with_models_shown(request.user, study).values("pk")
    gold = Video.objects.filter(study=study, gold__isnull=False).exclude(pk__in=shown).values("pk")
    rows = RunVideo.objects.filter(run__in=runs, video__in=gold)
    return set(rows.order_by().values_list("run", flat=True).distinct())


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
