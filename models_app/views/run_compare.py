"""Two runs beside each other: their stances, settings, prompts and costs."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.blindness import unblinded_videos, videos_with_models_shown
from annotator.models import Role, Seen, Study
from models_app.models import Run, RunVideo
from models_app.queries.bills import bills_of, currency_known
from models_app.queries.run_changes import changes_of, prompt_changes
from models_app.queries.run_compare import DifferenceLine, compare_runs, lines_of

PAGE_SIZE = 50


@require_safe
@study_view(Role.RESEARCHER)
def run_compare(request: StudyRequest, study: Study) -> HttpResponse:
    """Where two runs of predictions differ, on the videos that both were asked about."""
    runs = Run.objects.in_study(study).of_predictions().select_related("codebook")
    there = {str(run.pk): run for run in runs.defer("codebook__document")}
    a, b = (there.get(request.GET.get(side, "")) for side in ("a", "b"))
    unknown = [
        given for side in ("a", "b") if (given := request.GET.get(side, "")[:20]) and given not in there
    ]
    context: dict[str, Any] = {"choices": list(there.values()), "a": a, "b": b, "unknown": unknown}
    if a and b and a != b:
        context |= _compared(request, study, a, b)
    return render(request, "models_app/run_compare.html", context)


def _compared(request: StudyRequest, study: Study, a: Run, b: Run) -> dict[str, Any]:
    videos = videos_with_models_shown(request.user, study)
    unblinded = unblinded_videos(request.user, study)
    comparison = compare_runs(a, b, videos=videos, unblinded=unblinded)
    slugs = {row.value.slug for row in comparison.values}
    chosen = request.GET.get("value", "")
    chosen = chosen if chosen in slugs else ""
    keys = [key for key in comparison.differing if not chosen or key[1] == chosen]
    page = Paginator(keys, PAGE_SIZE).get_page(request.GET.get("page"))
    lines = lines_of(list(page.object_list), a, b, values=comparison.values, unblinded=unblinded)
    _record(request, lines)
    bills = bills_of((a, b))
    return {
        "comparison": comparison,
        "n_kept": _n_common(a, b) - comparison.n_common,
        "chosen": chosen,
        "page": page,
        "lines": lines,
        "changes": changes_of(a, b),
        "prompts": prompt_changes(a, b),
        "sides": [(run, bills[run.pk]) for run in (a, b)],
        "has_bill": any(not bill.is_empty for bill in bills.values()),
        "currency": currency_known(),
    }


def _n_common(a: Run, b: Run) -> int:
    """Videos in both scopes, also those that the reader may not see."""
    ours = RunVideo.objects.filter(run=a, video__withdrawn_at__isnull=True)
    return ours.filter(video__in=RunVideo.objects.filter(run=b).values("video")).count()


def _record(request: StudyRequest, lines: Iterable[DifferenceLine]) -> None:
    """Write down what this page shows."""
    lines = list(lines)
    told = {
        Seen.PREDICTIONS: {line.video.pk for line in lines},
        Seen.GOLD: {line.video.pk for line in lines if line.gold is not None},
    }
    for kind, videos in told.items():
        if videos:
            record_sight(user=request.user, videos=videos, kind=kind)
