"""The log of a study."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotator.access import StudyRequest, study_view
from annotator.http import asked
from annotator.models import Role, Study, User
from annotator.queries.history import KINDS, changes_for, in_words, record_sights

PAGE_SIZE = 50


@require_safe
@study_view(Role.RESEARCHER)
def history_list(request: StudyRequest, study: Study) -> HttpResponse:
    """What changed, newest first; by kind, person and video."""
    changes = changes_for(request.user, study).select_related("by", "video").order_by("-at", "-pk")
    kind, person, video = (asked(request, name) for name in ("kind", "person", "video"))
    if kind in KINDS:
        changes = changes.filter(what__startswith=f"{kind}.")
    if person:
        changes = changes.filter(by__username=person)
    if video:
        changes = changes.filter(video__external_id=video)
    page = Paginator(changes, PAGE_SIZE).get_page(request.GET.get("page"))
    entries = in_words(page.object_list)
    record_sights(entries, user=request.user)
    people = User.objects.filter(Q(memberships__study=study) | Q(codings__study=study)).distinct()
    context = {
        "page": page,
        "entries": entries,
        "kinds": KINDS,
        "kind": kind,
        "people": people.order_by("username"),
        "person": person,
        "video": video,
        "is_filtered": bool(kind or person or video),
    }
    return render(request, "annotator/history_list.html", context)
