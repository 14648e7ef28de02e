"""Pages of batches: their progress, their videos, who codes what."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.actions import assignment
from annotator.actions import batches as actions
from annotator.blindness import is_bound
from annotator.forms.batches import BatchForm, CoderForm, NewBatchForm
from annotator.http import asked
from annotator.models import Batch, Role, Slot, Study, Video

PAGE_SIZE = 50


@study_view(Role.RESEARCHER)
def batch_list(request: StudyRequest, study: Study) -> HttpResponse:
    """All batches with how far each is."""
    submitted = Q(slots__coding__submitted_at__isnull=False)
    batches = study.batches.annotate(
        n_slots=Count("slots", distinct=True), n_submitted=Count("slots", filter=submitted, distinct=True)
    ).order_by("order", "pk")
    n_videos = dict(
        Video.objects.filter(study=study, withdrawn_at=None).values_list("batch").annotate(n=Count("pk"))
    )
    rows = [{"batch": batch, "n_videos": n_videos.get(batch.pk, 0)} for batch in batches]
    return render(request, "annotator/batch_list.html", {"rows": rows, "n_loose": n_videos.get(None, 0)})


@study_view(Role.RESEARCHER)
def batch_create(request: StudyRequest, study: Study) -> HttpResponse:
    """Make one batch, or deal the videos that are in none into several."""
    form = NewBatchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if given["size"]:
                made = actions.split_into_batches(
                    study=study,
                    size=given["size"],
                    prefix=given["name"],
                    purpose=given["purpose"],
                    by=request.user,
                )
                if not made:
                    raise actions.BatchError(_("Every video is in a batch already."))
                messages.success(
                    request,
                    ngettext("%(n)d batch made.", "%(n)d batches made.", len(made)) % {"n": len(made)},
                )
                return redirect("annotator:batch_list", study.slug)
            batch = actions.create_batch(
                study=study, name=given["name"], purpose=given["purpose"], by=request.user
            )
        except actions.BatchError as error:
            form.add_error(None, str(error))
        else:
            return redirect("annotator:batch_detail", study.slug, batch.pk)
    n_loose = Video.objects.filter(study=study, batch=None, withdrawn_at=None).count()
    return render(request, "annotator/batch_create.html", {"form": form, "n_loose": n_loose})


@study_view(Role.RESEARCHER)
def batch_detail(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """A batch's videos, and who holds each of their places; stances are not shown here."""
    batch = get_object_or_404(study.batches, pk=pk)
    slots = Slot.objects.select_related("coding__coder", "reserved_for").order_by("n")
    videos = (
        batch.videos.select_related("creator", "consolidation")
        .prefetch_related(Prefetch("slots", queryset=slots))
        .order_by("position")
    )
    query = asked(request, "q")
    if query:
        videos = videos.filter(Q(external_id__icontains=query) | Q(creator__handle__icontains=query))
    page = Paginator(videos, PAGE_SIZE).get_page(request.GET.get("page"))
    coders = CoderForm(study=study).coders
    context = {"batch": batch, "page": page, "query": query, "coders": coders}
    return render(request, "annotator/batch_detail.html", context)


@study_view(Role.RESEARCHER)
def batch_edit(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Change a batch's name, place, purpose or whether it is open."""
    batch = get_object_or_404(study.batches, pk=pk)
    form = BatchForm(request.POST or None, instance=batch)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_batch(batch=Batch.objects.get(pk=pk), by=request.user, **form.cleaned_data)
        except actions.BatchError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("annotator:batch_detail", study.slug, batch.pk)
    return render(request, "annotator/batch_edit.html", {"batch": batch, "form": form})


@require_POST
@study_view(Role.RESEARCHER)
def batch_share_out(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Keep every free place of a batch for somebody, loads equal."""
    batch = get_object_or_404(study.batches, pk=pk)
    try:
        n_kept = actions.share_out(batch=batch, by=request.user)
    except actions.BatchError as error:
        messages.error(request, str(error))
    else:
        text = ngettext("%(n)d place given out.", "%(n)d places given out.", n_kept)
        messages.success(request, text % {"n": n_kept})
    return redirect("annotator:batch_detail", study.slug, batch.pk)


@study_view(Role.RESEARCHER)
def batch_release(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Ask, then let the coders see gold and where they differed."""
    batch = get_object_or_404(study.batches, pk=pk)
    if request.method == "POST":
        actions.release_batch(batch=batch, by=request.user)
        messages.success(request, _("Released: coders can now see where they differed from gold."))
        return redirect("annotator:batch_detail", study.slug, batch.pk)
    n_videos = batch.videos.filter(withdrawn_at=None).count()
    context: dict[str, object] = {"batch": batch, "n_videos": n_videos}
    if not is_bound(request.user, study):  # where agreement becomes gold by itself, the number would tell
        n_gold = batch.videos.filter(consolidation__finished_at__isnull=False, withdrawn_at=None).count()
        context |= {"n_gold": n_gold, "n_without": n_videos - n_gold}
    return render(request, "annotator/batch_release.html", context)


@require_POST
@study_view(Role.RESEARCHER)
def slot_assign(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Keep a free place on a video for an annotator."""
    video = get_object_or_404(Video.objects.select_related("study"), study=study, pk=pk)
    form = CoderForm(request.POST, study=study, required=True)
    if not form.is_valid():
        messages.error(request, _("Choose an annotator."))
    else:
        coder = form.cleaned_data["coder"]
        try:
            assignment.reserve_slot(video=video, coder=coder, by=request.user)
        except assignment.AssignmentError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("Video %(video)s is kept for %(coder)s.") % {"video": video, "coder": coder}
            )
    return _back_to_batch(request, study, video)


@require_POST
@study_view(Role.RESEARCHER)
def slot_reassign(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Take a place from whoever holds it, for somebody else or the pool."""
    slot = get_object_or_404(Slot.objects.select_related("video"), video__study=study, pk=pk)
    form = CoderForm(request.POST, study=study)
    if not form.is_valid():
        messages.error(request, _("Choose an annotator of this study."))
    else:
        try:
            assignment.reassign_slot(slot=slot, to=form.cleaned_data["coder"], by=request.user)
        except assignment.AssignmentError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("The place on video %(video)s is free again.") % {"video": slot.video}
                if form.cleaned_data["coder"] is None
                else _("The place on video %(video)s is now kept for %(coder)s.")
                % {"video": slot.video, "coder": form.cleaned_data["coder"]},
            )
    return _back_to_batch(request, study, slot.video)


def _back_to_batch(request: StudyRequest, study: Study, video: Video) -> HttpResponse:
    """The batch's page that the form was on."""
    response = redirect("annotator:batch_detail", study.slug, video.batch_id)
    page = request.POST.get("page", "")
    if page.isdigit():
        response["Location"] += f"?page={page}"
    response["Location"] += f"#video-{video.pk}"
    return response
