"""The videos on which first submissions differ in one value."""

from collections import Counter

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from annotator.access import StudyRequest, study_view
from annotator.actions.exposure import record_sight
from annotator.blindness import unblinded_videos
from annotator.models import Coding, Role, Seen, Study, Value
from evaluation.conflict_list import find_differences, read_differences
from evaluation.forms import read_filter

PAGE_SIZE = 20


@study_view(Role.RESEARCHER)
def agreement_conflicts(request: StudyRequest, study: Study, value: str) -> HttpResponse:
    """What each side said, unnamed; only of videos whose labels this person may see."""
    chosen_value = get_object_or_404(Value, codebook=study.codebook, slug=value)
    chosen = read_filter(study, request.GET)
    found = find_differences(chosen.selection, value=chosen_value)
    open_videos = set(unblinded_videos(request.user, study).values_list("pk", flat=True))
    visible = [difference for difference in found if difference.video in open_videos]
    kinds = Counter((difference.kind, difference.stances) for difference in visible)
    wanted = request.GET.get("kind", "")
    if wanted not in {key for key, _stances in kinds}:
        wanted = ""
    listed = [difference for difference in visible if wanted in ("", difference.kind)]
    page = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    cases = read_differences(chosen.selection, value=chosen_value, videos=[d.video for d in page])
    record_sight(user=request.user, videos=[case.video for case in cases], kind=Seen.CODINGS)
    shown_gold = [case.video for case in cases if case.gold is not None]
    record_sight(user=request.user, videos=shown_gold, kind=Seen.GOLD)
    context = {
        "value": chosen_value,
        "filter": chosen,
        "page": page,
        "cases": cases,
        "kinds": [{"key": key, "stances": stances, "n": n} for (key, stances), n in kinds.items()],
        "kind": wanted,
        "n_visible": len(visible),
        # Told by who has coded, not by who differs: that even one conflict is kept would be a hint.
        "are_some_kept": Coding.objects.filter(study=study, submitted_at__isnull=False)
        .exclude(video__in=open_videos)
        .exists(),
    }
    return render(request, "evaluation/agreement_conflicts.html", context)
