"""What the consolidation screen's script talks to: saving, finishing, staying; all of it JSON."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from annotator.access import StudyRequest
from annotator.actions.claims import claim_next, renew
from annotator.actions.consolidation import UndecidedError, finish, set_aside
from annotator.actions.decisions import save_decisions
from annotator.errors import RefusedError
from annotator.models import Consolidation, Role, Study
from annotator.outbox import ClosedError, json_view, read_json, read_parcel, refusal, reply


@json_view(Role.CONSOLIDATOR)
def consolidation_save(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Store decisions."""
    consolidation = _consolidation(study, pk)
    return reply(save_decisions(consolidation=consolidation, by=request.user, parcel=read_parcel(request)))


@json_view(Role.CONSOLIDATOR)
def consolidation_finish(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Make gold, or agree that the video cannot be coded; answers where to go on."""
    body = read_json(request)
    end = set_aside if body.get("set_aside") is True else finish
    try:
        end(consolidation=_consolidation(study, pk), by=request.user)
    except UndecidedError as exc:
        keys = [value.slug for value in exc.values]
        return refusal("undecided", str(exc), status=409, keys=keys)
    except RefusedError as exc:
        raise ClosedError(str(exc)) from exc
    following = claim_next(study=study, by=request.user) if body.get("next") is True else None
    if following is None:
        return JsonResponse({"location": reverse("annotator:consolidation_list", args=[study.slug])})
    location = reverse("annotator:consolidation_edit", args=[study.slug, following.pk])
    return JsonResponse({"location": location})


@json_view(Role.CONSOLIDATOR)
def consolidation_renew(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Keep the claim while the page is open."""
    return JsonResponse({"held": renew(consolidation=_consolidation(study, pk), by=request.user)})


def _consolidation(study: Study, pk: int) -> Consolidation:
    return get_object_or_404(Consolidation.objects.in_study(study), pk=pk)
