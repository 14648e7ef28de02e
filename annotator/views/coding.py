"""Pages of coding: the next video, the screen itself, what I gave before. Saving is in coding_api."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control

from annotator.access import StudyRequest, study_view
from annotator.actions.assignment import is_last_consolidator, take_next_coding
from annotator.actions.codebook import document_of
from annotator.actions.questions import n_unanswered
from annotator.errors import RefusedError
from annotator.forms.coding import CodingFilter
from annotator.models import Coding, CodingState, Role, SetAside, Study
from annotator.queries.coding_page import read_sheet, script_data, state_notice


@study_view(Role.ANNOTATOR)
def coding_next(request: StudyRequest, study: Study) -> HttpResponse:
    """Lead the coder to the video to go on with, or say that nothing is left and what else there is to do."""
    refused = ""
    try:
        coding = take_next_coding(study=study, coder=request.user)
    except RefusedError as exc:
        coding, refused = None, str(exc)
    if coding is not None:
        address = reverse("annotator:coding_edit", args=(study.slug, coding.pk))
        after = request.GET.get("after", "")
        return redirect(f"{address}?after={after}" if after.isascii() and after.isdigit() else address)
    own = Coding.objects.own(request.user, study)
    context = {
        "refused": refused,
        "n_submitted": own.filter(submitted_at__isnull=False).count(),
        "n_parked": own.in_state(CodingState.PARKED).count(),
        "n_unsure": own.in_state(CodingState.SUBMITTED).filter(judgements__is_unsure=True).distinct().count(),
        "n_questions": n_unanswered(user=request.user, study=study),
        "is_last_consolidator": is_last_consolidator(study=study, coder=request.user),
        "may_consolidate": Role.CONSOLIDATOR in request.roles,
        "after": _own_submitted(request, study),
    }
    return render(request, "annotator/coding_next.html", context)


@study_view(Role.ANNOTATOR)
def coding_edit(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """The coding screen."""
    coding = get_object_or_404(
        Coding.objects.own(request.user, study)
        .select_related("video__creator", "codebook")
        .defer("codebook__document", "video__counts"),
        pk=pk,
    )
    coding.study = coding.video.study = study
    if coding.video.withdrawn_at:
        return render(request, "annotator/coding_withdrawn.html", {"coding": coding}, status=410)
    sheet = read_sheet(coding)
    context = {
        "coding": coding,
        "video": coding.video,
        "sheet": sheet,
        "n_values": len(sheet.entries),
        "data": script_data(study=study, coding=coding, sheet=sheet, user=request.user),
        "notice": state_notice(coding),
        "reasons": SetAside.choices,
        "after": _own_submitted(request, study),
    }
    return render(request, "annotator/coding_edit.html", context)


@study_view()
def coding_guide(request: StudyRequest, study: Study, number: int) -> HttpResponse:
    """What a codebook version says on each value, for the panel beside the rows; fetched once and cached."""
    codebook = get_object_or_404(study.codebooks, number=number)
    doc = document_of(codebook) if codebook.document else None
    response = render(request, "annotator/coding_guide.html", {"codebook": codebook, "doc": doc})
    if "v" in request.GET:  # the address names the content: versions never change
        patch_cache_control(response, private=True, max_age=7 * 24 * 3600, immutable=True)
    return response


@study_view(Role.ANNOTATOR)
def coding_list(request: StudyRequest, study: Study) -> HttpResponse:
    """My codings: what did I give to a value before?"""
    form = CodingFilter(request.GET, study=study)
    page = form.page(request.user)
    context = {"form": form, "page": page, "is_filtered": form.is_filtered, "slug": form.slug}
    return render(request, "annotator/coding_list.html", context)


def _own_submitted(request: StudyRequest, study: Study) -> Coding | None:
    """The coding named by `after`, which the coder has just submitted or parked, for the way back."""
    after = request.GET.get("after", "")
    if not (after.isascii() and after.isdigit() and len(after) < 18):
        return None
    own = Coding.objects.own(request.user, study).select_related("video")
    return own.defer("video__counts").filter(pk=int(after)).first()
