"""Counting what the codings of ready videos differ in.

``compare`` is called when a coding is handed in or corrected; ``refresh_comparisons`` finds what was missed
(an import, a changed number of coders) by comparing times, so that a queue is never wrong for long.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils import timezone

from annotator.models import Comparison, Judgement, Study, Video
from annotator.queries.conflicts import OpenKind, count_open, counted_codings

CHUNK = 400
COUNTS = ("n_codings", "n_set_aside", *(f"n_{kind}" for kind in OpenKind), "n_open", "compared_at")


@transaction.atomic
def compare(*, video: Video) -> Comparison | None:
    """Count the open values of one video anew; None if it is not ready to be consolidated."""
    _compare([video.pk], n_coders=video.study.coders_per_video)
    return Comparison.objects.filter(video=video).first()


def refresh_comparisons(*, study: Study) -> int:
    """Count anew whatever is older than its codings; how many videos that were. One query if none."""
    stale = _stale(study)
    for chunk in _chunks(stale):
        with transaction.atomic():
            _compare(chunk, n_coders=study.coders_per_video)
    return len(stale)


def _stale(study: Study) -> list[int]:
    """Ready videos, claimed by nobody, that have no comparison or one older than a coding."""
    compared = "video__comparison__compared_at"
    handed_in = (
        counted_codings()
        .filter(study=study, closed_at__isnull=True)
        .values("video", compared, "video__comparison__n_codings")
        .annotate(
            n=Count("pk"),
            last_submitted=Max("submitted_at"),
            last_corrected=Max("corrected_at"),
            last_set_aside=Max("set_aside_at"),
        )
        .filter(n__gte=study.coders_per_video)
        .filter(
            Q(**{f"{compared}__isnull": True})
            | ~Q(n=F("video__comparison__n_codings"))
            | Q(last_submitted__gt=F(compared))
            | Q(last_corrected__gt=F(compared))
            | Q(last_set_aside__gt=F(compared))
        )
    )
    return [row["video"] for row in handed_in]


def _compare(video_ids: Collection[int], *, n_coders: int) -> None:
    """Store the comparisons of the ready ones among the videos; drop those of the others."""
    now = timezone.now()
    codings: dict[int, dict[int, bool]] = defaultdict(dict)
    handed_in = counted_codings().filter(video__in=video_ids)
    for pk, video, set_aside_at in handed_in.values_list("pk", "video", "set_aside_at"):
        codings[video][pk] = set_aside_at is not None
    ready = {video: of_video for video, of_video in codings.items() if len(of_video) >= n_coders}
    given = _stances(pk for of_video in ready.values() for pk in of_video)
    rows = []
    for video, of_video in ready.items():
        judged = [given[pk] for pk, is_set_aside in of_video.items() if not is_set_aside]
        counts = count_open(judged)
        rows.append(
            Comparison(
                video_id=video,
                n_codings=len(of_video),
                n_set_aside=len(of_video) - len(judged),
                n_open=counts.total(),
                compared_at=now,
                **{f"n_{kind}": counts[kind] for kind in OpenKind},
            )
        )
    Comparison.objects.filter(video__in=set(video_ids) - set(ready)).delete()
    Comparison.objects.bulk_create(
        rows, update_conflicts=True, update_fields=COUNTS, unique_fields=("video",)
    )


def _stances(coding_ids: Iterable[int]) -> dict[int, dict[str, tuple[int | None, str]]]:
    """Of each coding, the stance and the identity of the wording by the value's slug."""
    given: dict[int, dict[str, tuple[int | None, str]]] = defaultdict(dict)
    judgements = Judgement.objects.filter(coding__in=list(coding_ids))
    for coding, slug, identity, stance in judgements.values_list(
        "coding", "value__slug", "value__identity", "stance"
    ):
        given[coding][slug] = (stance, identity)
    return given


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """The ids in lists short enough for one statement."""
    iterator = iter(ids)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
