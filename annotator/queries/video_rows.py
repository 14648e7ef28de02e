"""What the list of videos shows of each: how far it is, read for one page in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotator.models import Coding, ConsolidationState, Study, Video, VideoState

SORTS = {
    "id": ("external_id", "pk"),
    "creator": ("creator__handle", "pk"),
    "batch": ("batch__order", "position", "pk"),
    "duration": ("duration_ms", "pk"),
    "posted": ("posted_at", "pk"),
    "added": ("pk",),
}
DEFAULT_SORT = "-added"
BLIND_WORD = _("Coded")  # to whoever blindness binds, with or without gold


@dataclass(frozen=True, slots=True)
class VideoLine:
    """A video with how many of its codings are in."""

    video: Video
    state: VideoState
    n_submitted: int
    n_begun: int
    n_set_aside: int
    is_blind: bool = False

    @property
    def word(self) -> str | Promise:
        """The state for people."""
        return BLIND_WORD if self.is_blind and self.state == VideoState.WAITING else self.state.label


def filtered_videos(
    *, study: Study, given: dict[str, str | int | None], blind: bool = False
) -> QuerySet[Video]:
    """The study's videos, narrowed by the fields of ``VideoFilterForm``."""
    videos = Video.objects.filter(study=study)
    if given.get("withdrawn") != "all":
        videos = videos.filter(withdrawn_at__isnull=given.get("withdrawn") != "yes")
    if batch := given.get("batch"):
        videos = videos.filter(batch__isnull=True) if batch == "none" else videos.filter(batch=int(batch))
    if state := given.get("state"):
        videos = videos.in_state(str(state), blind=blind)
    if media := given.get("has_media"):
        videos = videos.exclude(media="") if media == "yes" else videos.filter(media="")
    if sound := given.get("sound"):
        wanted = {"audible": Q(has_sound=True), "silent": Q(has_sound=False)}
        videos = videos.filter(wanted.get(str(sound), Q(has_sound__isnull=True)))
    if creator := given.get("creator"):
        videos = videos.filter(creator=int(creator))
    if words := given.get("q"):
        videos = videos.matching(str(words))
    return videos


def ordered(videos: QuerySet[Video], sort: str) -> QuerySet[Video]:
    """In the order of a column; a minus turns it round, empty cells come last either way."""
    first, *rest = SORTS[sort.lstrip("-")]
    is_down = sort.startswith("-")
    key = F(first).desc(nulls_last=True) if is_down else F(first).asc(nulls_last=True)
    return videos.order_by(key, *(f"-{name}" if is_down else name for name in rest))


def known_sort(sort: str | None) -> str:
    """The sort asked for, or the usual one."""
    return sort if sort and sort.lstrip("-") in SORTS and sort.count("-") <= 1 else DEFAULT_SORT


def lines_of(videos: Sequence[Video], *, blind: bool = False) -> list[VideoLine]:
    """Each video with its state: three queries, whatever the number of videos.

    Blind: gold is not told from coded. Where full agreement becomes gold by itself, it would tell somebody
    who coded a video that the other gave the same stances.
    """
    counted = (
        Coding.objects.filter(video__in=videos, slot__isnull=False)
        .values("video")
        .annotate(
            n=Count("pk"),
            n_submitted=Count("pk", filter=Q(submitted_at__isnull=False)),
            n_set_aside=Count("pk", filter=Q(set_aside_at__isnull=False)),
        )
    )
    by_video = {row["video"]: row for row in counted}
    done = set(
        Video.objects.filter(
            pk__in=[video.pk for video in videos], consolidation__state=ConsolidationState.DONE
        ).values_list("pk", flat=True)
    )
    open_slots = set(
        Video.objects.filter(pk__in=[video.pk for video in videos], slots__is_open=True).values_list(
            "pk", flat=True
        )
    )
    lines = []
    for video in videos:
        row = by_video.get(video.pk, {"n": 0, "n_submitted": 0, "n_set_aside": 0})
        if video.pk in done and not blind:
            state = VideoState.GOLD
        elif not row["n"]:
            state = VideoState.FREE
        elif row["n"] > row["n_submitted"] or video.pk in open_slots:
            state = VideoState.BEGUN
        else:
            state = VideoState.WAITING
        lines.append(
            VideoLine(
                video=video,
                state=state,
                n_submitted=row["n_submitted"],
                n_begun=row["n"] - row["n_submitted"],
                n_set_aside=row["n_set_aside"],
                is_blind=blind,
            )
        )
    return lines
