"""The page on which coders see afterwards where they differed from gold."""

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.models import Batch, ReasonTag, Role, Seen, Study
from annotator.queries.differences import differences_in, released_videos

PAGE_SIZE = 20


@study_view(Role.ANNOTATOR)
def difference_list(request: StudyRequest, study: Study) -> HttpResponse:
    """Mine against gold in one released batch: a summary by value, then video by video."""
    videos = released_videos(user=request.user, study=study)
    counts = dict(videos.order_by().values_list("batch").annotate(n=Count("pk")))
    batches = list(Batch.objects.filter(pk__in=counts).order_by("-released_at", "-pk"))
    wanted = request.GET.get("batch", "")
    batch = next((b for b in batches if str(b.pk) == wanted), batches[0] if batches else None)
    context: dict[str, object] = {"batches": batches, "batch": batch, "tag_labels": dict(ReasonTag.choices)}
    if batch is not None:
        found = differences_in(batch=batch, user=request.user, study=study)
        # The summary draws on all of the batch, so all of it counts as seen.
        seen = videos.filter(batch=batch).values_list("pk", flat=True)
        record_sight(user=request.user, videos=list(seen), kind=Seen.GOLD)
        context |= {
            "found": found,
            "page": Paginator(found.videos, PAGE_SIZE).get_page(request.GET.get("page")),
        }
    return render(request, "annotator/difference_list.html", context)
