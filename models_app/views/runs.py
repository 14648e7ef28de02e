"""Pages of runs: the list, watching one, and what stops or mends it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from annotator.access import StudyRequest, study_view
from annotator.errors import RefusedError
from annotator.http import posted
from annotator.models import Role, Study
from models_app.actions import runs as actions
from models_app.models import Run, RunState
from models_app.queries.bills import bill_of, currency_known
from models_app.queries.provider_waits import waits_of
from models_app.queries.run_detail import facts_of, failures_shown, keys_shown, log_shown, problems_of
from models_app.queries.run_rows import rows_of_runs
from models_app.queries.runs import may_change, progress_of

PAGE_SIZE = 30


@require_safe
@study_view(Role.RESEARCHER)
@vary_on_headers("HX-Request")
def run_list(request: StudyRequest, study: Study) -> HttpResponse:
    """All runs, the newest first."""
    runs = _runs(study).select_related("created_by")
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = rows_of_runs(list(page.object_list))
    is_live = any(row.run.state == RunState.RUNNING for row in rows)
    context = {"page": page, "rows": rows, "is_live": is_live}
    template = "models_app/run_list.html"
    return render(request, f"{template}#rows" if request.htmx else template, context)


@require_safe
@study_view(Role.RESEARCHER)
@vary_on_headers("HX-Request")
def run_detail(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One run. Asked by htmx: how far it is, and what else has changed since it was last asked."""
    run = get_object_or_404(_runs(study).select_related("created_by", "codebook"), pk=pk)
    progress = progress_of(run)
    seen = f"{run.state}-{progress.failed}-{progress.blocked}"
    context: dict[str, Any] = {
        "run": run,
        "progress": progress,
        "seen": seen,
        "is_live": may_change(run),
    }
    if run.client:
        context |= {"bill": bill_of(run), "currency": currency_known(), "waits": waits_of(run)}
    is_part = bool(request.htmx)
    before = request.GET.get("seen", "")
    context["is_news"] = is_part and before != seen
    context["is_state_news"] = is_part and not before.startswith(f"{run.state}-")
    if not is_part or context["is_news"]:
        run.study = study
        shown = keys_shown(run, request.user)
        context |= {
            "sees_all": shown is None,
            "failures": failures_shown(run, shown=shown),
            "problems": problems_of(run),
            "log": log_shown(run, shown=shown),
            "facts": facts_of(run),
        }
    template = "models_app/run_detail.html"
    return render(request, f"{template}#live" if is_part else template, context)


@require_safe
@study_view(Role.RESEARCHER)
def run_summary(request: StudyRequest, study: Study) -> HttpResponse:
    """The runs at work in one line each, for the study's own page."""
    running = list(Run.objects.in_study(study).filter(state=RunState.RUNNING)[:3])
    context = {"rows": [(run, progress_of(run)) for run in running]}
    return render(request, "models_app/run_summary.html", context)


@require_POST
@study_view(Role.RESEARCHER)
def run_pause(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Begin nothing more until it is resumed."""
    return _act(
        request, study, pk, actions.pause_run, _("Paused: what is in work comes to its end or is dropped.")
    )


@require_POST
@study_view(Role.RESEARCHER)
def run_resume(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Go on with what is left."""
    return _act(request, study, pk, actions.resume_run, _("The run goes on."))


@require_POST
@study_view(Role.RESEARCHER)
def run_cancel(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """End it; what is done stays."""
    return _act(request, study, pk, actions.cancel_run, _("Cancelled; what was done is kept."))


@require_POST
@study_view(Role.RESEARCHER)
def run_retry(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Try what failed again: all of it, or what failed for one cause."""
    run = get_object_or_404(_runs(study), pk=pk)
    try:
        n = actions.retry_failed(run=run, by=request.user, code=posted(request, "code")[:40])
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    else:
        text = ngettext("%(n)d item is tried again.", "%(n)d items are tried again.", n) % {"n": n}
        messages.success(request, text if n else _("Nothing is left to try again."))
    return redirect("models_app:run_detail", study.slug, run.pk)


def _runs(study: Study) -> Any:
    """The study's runs, without the booklet that each codebook is."""
    return Run.objects.in_study(study).defer("codebook__document")


def _act(request: StudyRequest, study: Study, pk: int, action: Callable[..., Run], said: str) -> HttpResponse:
    """Do it and say so; what cannot be done any more is said, too."""
    run = get_object_or_404(_runs(study), pk=pk)
    before = run.state
    try:
        after = action(run=run, by=request.user)
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    else:
        if after.state != before:  # pressed twice: it is so already
            messages.success(request, said)
    return redirect("models_app:run_detail", study.slug, run.pk)
