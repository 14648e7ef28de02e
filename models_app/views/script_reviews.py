"""What is sent from a script's page: a review, a gap, a gap taken back."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.errors import RefusedError
from annotator.models import Role, Study
from models_app.actions.script_review import mark_gap, remove_gap, review_script
from models_app.forms.scripts import GapForm, ReviewForm
from models_app.models import Script, ScriptElement, ScriptGap
from models_app.views.script_queue import queue_query
from models_app.views.scripts import script_page, shown_script, shown_videos


@require_POST
@study_view(Role.RESEARCHER)
def script_review(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Keep a review; in a queue, on to the next script."""
    script = shown_script(request, study, pk)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return script_page(request, study, script, review_form=form)
    try:
        review_script(script=script, answers=form.answers(), note=form.cleaned_data["note"], by=request.user)
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    else:
        messages.success(request, _("Your review is kept."))
    if query := queue_query(request, after=script.video_id):
        return HttpResponseRedirect(reverse("models_app:script_next", args=[study.slug]) + query)
    return _to_script(request, study, script)


@require_POST
@study_view(Role.RESEARCHER)
def script_gap_add(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Keep what the script missed or made up."""
    script = shown_script(request, study, pk)
    form = GapForm(request.POST, duration_ms=script.video.duration_ms)
    if not form.is_valid():
        return script_page(request, study, script, gap_form=form)
    given = form.cleaned_data
    try:
        mark_gap(
            script=script,
            element=ScriptElement(given["element"]),
            is_invented=given["kind"] == "invented",
            at_ms=given["at"],
            text=given["text"],
            by=request.user,
        )
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    return _to_script(request, study, script, part="#gaps")


@require_POST
@study_view(Role.RESEARCHER)
def script_gap_delete(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Take back a gap of one's own."""
    gaps = ScriptGap.objects.filter(created_by=request.user, script__video__in=shown_videos(request, study))
    gap = get_object_or_404(gaps.select_related("script"), pk=pk)
    try:
        remove_gap(gap=gap, by=request.user)
    except RefusedError as error:
        messages.error(request, capfirst(str(error)))
    return _to_script(request, study, gap.script, part="#gaps")


def _to_script(request: StudyRequest, study: Study, script: Script, *, part: str = "") -> HttpResponse:
    address = reverse("models_app:script_detail", args=[study.slug, script.pk])
    return HttpResponseRedirect(address + queue_query(request) + part)
