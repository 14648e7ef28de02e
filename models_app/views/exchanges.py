"""One video in one run: what was asked of a provider, word for word, and asking it again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.blindness import videos_with_models_shown
from annotator.errors import RefusedError
from annotator.models import Role, Seen, Study, Video
from models_app.actions.runs import retry_failed
from models_app.models import UNANSWERED_STATES, PromptStep, Run, RunState
from models_app.queries.bills import currency_known
from models_app.queries.exchanges import ItemDetail, item_detail, shot_videos


@require_safe
@study_view(Role.RESEARCHER)
def run_item(request: StudyRequest, study: Study, pk: int, video: int) -> HttpResponse:
    """Each request and answer in order, and what was read from them."""
    run, shown = _run_and_video(request, study, pk, video)
    detail = item_detail(run=run, video=shown, user=request.user)
    if detail is None:
        raise Http404
    _record(request, run, shown, detail)
    is_unanswered = detail.item is not None and detail.item.state in UNANSWERED_STATES
    context = {
        "run": run,
        "video": shown,
        "detail": detail,
        "is_gone": shown.withdrawn_at is not None,
        "is_unanswered": is_unanswered,
        "may_ask_again": is_unanswered and run.state != RunState.CANCELLED and shown.withdrawn_at is None,
        "currency": currency_known(),
    }
    return render(request, "models_app/run_item.html", context)


@require_POST
@study_view(Role.RESEARCHER)
def run_item_retry(request: StudyRequest, study: Study, pk: int, video: int) -> HttpResponse:
    """Ask about this one video again, where nothing came of it."""
    run, shown = _run_and_video(request, study, pk, video)
    try:
        n = retry_failed(run=run, by=request.user, video=shown.pk)
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    else:
        messages.success(request, _("It is asked again.") if n else _("Nothing is left to try again."))
    return redirect("models_app:run_item", study.slug, run.pk, shown.pk)


def _run_and_video(request: StudyRequest, study: Study, pk: int, video: int) -> tuple[Run, Video]:
    """The run, and a video whose predictions the user may see; 404 for any other."""
    run = get_object_or_404(Run.objects.in_study(study).select_related("study"), pk=pk)
    shown = videos_with_models_shown(request.user, study).filter(run_rows__run=run)
    return run, get_object_or_404(shown, pk=video)


def _record(request: StudyRequest, run: Run, video: Video, detail: ItemDetail) -> None:
    """Write down what is shown now; a message with examples shows their scripts and gold, too."""
    if detail.stances or detail.lines:
        record_sight(user=request.user, videos=[video], kind=Seen.PREDICTIONS)
    asks_script = any(line.exchange.step == PromptStep.SCRIPT for line in detail.lines)
    if detail.script is not None or asks_script:
        record_sight(user=request.user, videos=[video], kind=Seen.SCRIPT)
    told = [line for line in detail.lines if line.exchange.step == PromptStep.VALUES and line.message]
    if told and (examples := shot_videos(run)):
        for kind in (Seen.SCRIPT, Seen.GOLD):
            record_sight(user=request.user, videos=examples, kind=kind)
