"""Reviewing scripts: the next one, a review, gaps marked and taken back."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.blindness import videos_with_models_shown
from annotator.http import asked
from annotator.models import Role, Study
from models_app.forms.runs import is_key
from models_app.queries.scripts_reviews import Queue, queue_of, waiting

QUEUE_KEYS = ("queue", "batch")  # of an address: whose scripts somebody goes through


@require_safe
@study_view(Role.RESEARCHER)
def script_next(request: StudyRequest, study: Study) -> HttpResponse:
    """To the next script of a model that waits for this person's review, or back to the list."""
    queue = asked_queue(request, study)
    if queue is None:
        return redirect("models_app:script_list", study.slug)
    videos = videos_with_models_shown(request.user, study)
    found = waiting(study, videos, reader=request.user, model=queue.model, batch=queue.batch)
    after = request.GET.get("after", "")
    later = found.filter(video__gt=int(after)) if is_key(after) else found
    script = later.only("pk").first() or found.only("pk").first()
    if script is None:
        text = ngettext(
            "Nothing is left for you to review: you have reviewed %(n)d script by %(model)s.",
            "Nothing is left for you to review: you have reviewed %(n)d scripts by %(model)s.",
            queue.n_own,
        )
        messages.success(request, text % {"n": queue.n_own, "model": queue.model})
        return redirect("models_app:script_list", study.slug)
    return _led(study, script.pk, request)


def asked_queue(request: StudyRequest, study: Study) -> Queue | None:
    """Whose scripts the address says that somebody goes through."""
    model, key = asked(request, "queue"), request.GET.get("batch", "")
    if not model:
        return None
    batch = study.batches.filter(pk=int(key)).first() if is_key(key) else None
    videos = videos_with_models_shown(request.user, study)
    return queue_of(study, videos, reader=request.user, model=model, batch=batch)


def queue_query(request: HttpRequest, **more: object) -> str:
    """The part of an address that keeps somebody in the queue that they go through."""
    kept = {key: request.GET[key] for key in QUEUE_KEYS if request.GET.get(key)}
    pairs = {**kept, **more} if "queue" in kept else {}
    return f"?{urlencode(pairs)}" if pairs else ""


def _led(study: Study, pk: int, request: HttpRequest) -> HttpResponseRedirect:
    address = reverse("models_app:script_detail", args=[study.slug, pk])
    return HttpResponseRedirect(address + queue_query(request))
