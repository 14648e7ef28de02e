"""Pages of creators."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.creators import edit_creator
from annotator.forms.videos import CreatorForm
from annotator.http import asked
from annotator.models import Creator, Role, Study

PAGE_SIZE = 100
SORTS = ("handle", "genre", "n_videos", "is_minor")


@require_safe
@study_view(Role.RESEARCHER)
def creator_list(request: StudyRequest, study: Study) -> HttpResponse:
    """All creators with how many videos each has."""
    query = asked(request, "q")
    sort = request.GET.get("sort", "handle")
    sort = sort if sort.removeprefix("-") in SORTS else "handle"
    creators = Creator.objects.filter(study=study)
    for word in query.split()[:8]:
        creators = creators.filter(
            Q(handle__icontains=word) | Q(name__icontains=word) | Q(genre__icontains=word) | Q(code=word)
        )
    if request.GET.get("minor") == "yes":
        creators = creators.filter(is_minor=True)
    creators = creators.annotate(
        n_videos=Count("videos", filter=Q(videos__withdrawn_at__isnull=True))
    ).order_by(sort, "pk")
    page = Paginator(creators, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "query": query, "sort": sort, "only_minors": request.GET.get("minor") == "yes"}
    return render(request, "annotator/creator_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def creator_edit(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Change what is known of a creator."""
    creator = get_object_or_404(Creator.objects.filter(study=study), pk=pk)
    form = CreatorForm(request.POST or None, instance=creator)
    if request.method == "POST" and form.is_valid():
        edit_creator(creator=creator, fields=form.cleaned_data, by=request.user)
        messages.success(request, _("Saved."))
        return redirect("annotator:creator_list", study.slug)
    context = {"creator": creator, "form": form, "n_videos": creator.videos.count()}
    return render(request, "annotator/creator_edit.html", context)
