"""What the coding screen's scripts ask for, in JSON (annotator.outbox); always about one's own coding."""

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from annotator.access import StudyRequest, study_view
from annotator.actions import coding_end
from annotator.actions.assignment import peek_next_video
from annotator.actions.coding import save_changes
from annotator.models import Coding, Role, Study
from annotator.outbox import (
    MalformedError,
    is_storable,
    json_view,
    read_json,
    read_milliseconds,
    read_mutation,
    read_parcel,
    reply,
)


def _own(request: StudyRequest, study: Study, pk: int) -> Coding:
    """The coding's outline: actions read it again under a lock."""
    own = Coding.objects.own(request.user, study)
    return get_object_or_404(own.only("video", "submitted_at", "set_aside_at", "started_at"), pk=pk)


def _keys(body: dict[str, object], name: str) -> list[str] | None:
    """A list of values' slugs; None if it is not given."""
    keys = body.get(name)
    if keys is None:
        return None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise MalformedError(_("“%(name)s” must be a list of names.") % {"name": name})
    return keys


@json_view(Role.ANNOTATOR)
def coding_save(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """Store changes: the outbox's address."""
    coding, parcel = _own(request, study, pk), read_parcel(request)
    return reply(
        save_changes(coding=coding, mutation_id=parcel.mutation, changes=parcel.changes, by=request.user)
    )


@json_view(Role.ANNOTATOR)
def coding_submit(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """Hand in: {"mutation", "rest": keys or null, "acknowledged": […], and how much was played}."""
    coding, body = _own(request, study, pk), read_json(request)
    _record_course(coding, body)
    answer = coding_end.submit_coding(
        coding=coding,
        by=request.user,
        mutation_id=read_mutation(body),
        rest=_keys(body, "rest"),
        acknowledged=_keys(body, "acknowledged") or [],
    )
    if answer.get("submitted"):
        answer = {
            **answer,
            "next": f"{reverse('annotator:coding_next', args=(study.slug,))}?after={coding.pk}",
        }
    return JsonResponse(answer)


@json_view(Role.ANNOTATOR)
def coding_park(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """Leave it for later, or take it up again: {"parked": true or false}."""
    coding, body = _own(request, study, pk), read_json(request)
    if not isinstance(body.get("parked"), bool):
        raise MalformedError(_("“parked” must be true or false."))
    coding = coding_end.park(coding=coding, is_parked=body["parked"])
    return JsonResponse({"parked": coding.parked_at is not None})


@json_view(Role.ANNOTATOR)
def coding_set_aside(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """Cannot be coded: {"because", "note"}, or {"undo": true}."""
    coding, body = _own(request, study, pk), read_json(request)
    if body.get("undo") is True:
        coding_end.take_back(coding=coding, by=request.user)
        return JsonResponse({"setAside": False})
    because, note = coding_end.read_because(body.get("because")), body.get("note", "")
    if not isinstance(note, str) or len(note) > 300 or not is_storable(note):
        raise MalformedError(_("“note” must be a text of at most 300 characters."))
    coding_end.set_aside(coding=coding, because=because, note=note, by=request.user)
    return JsonResponse({"setAside": True})


@json_view(Role.ANNOTATOR)
def coding_play(request: StudyRequest, study: Study, pk: int) -> HttpResponseBase:
    """How much was played, heard and worked so far: totals in milliseconds."""
    coding = _own(request, study, pk)
    _record_course(coding, read_json(request))
    return JsonResponse({"noted": True})


@study_view(Role.ANNOTATOR)
def coding_peek(request: StudyRequest, study: Study) -> HttpResponseBase:
    """The media of the video that would come next, to be fetched ahead; takes nothing."""
    video = peek_next_video(study=study, coder=request.user)
    if video is None or not video.media:
        return JsonResponse({"media": None, "poster": None})
    args = (study.slug, video.pk)
    poster = reverse("annotator:video_thumbnail", args=args) if video.thumbnail else None
    return JsonResponse({"media": reverse("annotator:video_media", args=args), "poster": poster})


def _record_course(coding: Coding, body: dict[str, object]) -> None:
    coding_end.record_course(
        coding=coding,
        played_ms=read_milliseconds(body, "played_ms"),
        heard_ms=read_milliseconds(body, "heard_ms"),
        active_ms=read_milliseconds(body, "active_ms"),
    )
