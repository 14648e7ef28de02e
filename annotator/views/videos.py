"""Pages of videos: the list, one video, withdrawing it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.actions.videos import withdraw_video
from annotator.blindness import is_bound, may_see_counts, unblinded_videos, videos_with_models_shown
from annotator.errors import RefusedError
from annotator.forms.videos import VideoFilterForm, WithdrawForm
from annotator.models import Change, Coding, Role, Seen, Study, Video
from annotator.queries.history import Entry, in_words
from annotator.queries.video_labels import LabelTable, label_table
from annotator.queries.video_rows import filtered_videos, known_sort, lines_of, ordered

PAGE_SIZE = 50
N_CHANGES = 100


@require_safe
@study_view(Role.RESEARCHER)
def video_list(request: StudyRequest, study: Study) -> HttpResponse:
    """All videos, narrowed and ordered; stances are not shown here."""
    blind = is_bound(request.user, study)
    form = VideoFilterForm(request.GET, study=study, blind=blind)
    form.is_valid()  # a filter that makes no sense is left out, and said beside its field
    given = form.cleaned_data
    sort = known_sort(request.GET.get("sort"))
    videos = ordered(filtered_videos(study=study, given=given, blind=blind), sort)
    page = Paginator(
        videos.select_related("batch", "creator").defer("counts", "hashtags"), PAGE_SIZE
    ).get_page(request.GET.get("page"))
    pk = given.get("creator")
    creator = study.creators.filter(pk=pk).first() if pk else None
    context = {
        "form": form,
        "page": page,
        "lines": lines_of(list(page.object_list), blind=blind),
        "sort": sort,
        "creator": creator,
        "is_narrowed": any(given.values()),
    }
    return render(request, "annotator/video_list.html", context)


@require_safe
@study_view()
def video_detail(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """One video: to every member its picture and text, to researchers what is known of it."""
    videos = Video.objects.filter(study=study).select_related("study", "batch", "creator")
    video = get_object_or_404(videos, pk=pk)
    is_researcher = Role.RESEARCHER in request.roles
    sees_labels = is_researcher and unblinded_videos(request.user, study).filter(pk=pk).exists()
    context = {
        "video": video,
        "is_researcher": is_researcher,
        "sees_labels": sees_labels,
        "sees_models": videos_with_models_shown(request.user, study)
        .filter(pk=pk, withdrawn_at__isnull=True)
        .exists(),
        "counts": video.counts if may_see_counts(request.user, study) else {},
        "own": Coding.objects.filter(video=video, coder=request.user).order_by("pk").last(),
        "line": lines_of([video], blind=is_bound(request.user, study))[0] if is_researcher else None,
        "codings": _codings(video) if is_researcher else [],
        "labels": _labels(request, study, video) if sees_labels else None,
        "changes": _changes(video, sees_labels=sees_labels) if is_researcher else [],
    }
    return render(request, "annotator/video_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def video_withdraw(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Ask why, then withdraw."""
    video = get_object_or_404(Video.objects.filter(study=study).select_related("study", "creator"), pk=pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_video(video=video, because=form.cleaned_data["because"], by=request.user)
        except RefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Video %(id)s was withdrawn; its media are deleted.") % {"id": video})
            return redirect("annotator:video_detail", study.slug, video.pk)
    n_codings = Coding.objects.filter(video=video).count()
    context = {"video": video, "form": form, "n_codings": n_codings}
    return render(request, "annotator/video_withdraw.html", context)


def _codings(video: Video) -> QuerySet[Coding]:
    """Who codes it and how far they are; what they said is for the table of labels."""
    return Coding.objects.filter(video=video).select_related("coder").order_by("started_at")


def _labels(request: StudyRequest, study: Study, video: Video) -> LabelTable:
    table = label_table(study=study, video=video)
    if table.coders:
        record_sight(user=request.user, videos=[video], kind=Seen.CODINGS)
    if table.has_gold:
        record_sight(user=request.user, videos=[video], kind=Seen.GOLD)
    return table


def _changes(video: Video, *, sees_labels: bool) -> list[Entry]:
    """The video's history in words; without sight of its labels only what concerns the video itself."""
    changes = Change.objects.filter(video=video).select_related("by").order_by("-at", "-pk")
    if not sees_labels:
        changes = changes.filter(Q(what__startswith="video.") | Q(what__startswith="slot."))
    return in_words(changes[:N_CHANGES])
