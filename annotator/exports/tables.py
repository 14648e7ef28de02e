"""What a file of labels holds: its columns, its rows, and how many videos stay out of it, and why."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from django.db.models import QuerySet

from annotator.blindness import unblinded_videos
from annotator.exports.writers import Columns, Row
from annotator.models import Study, User, Video

CHUNK = 500


@dataclass(slots=True)
class ExportTable:
    """Rows are made while they are read, some videos at a time."""

    columns: Columns
    rows: Callable[[], Iterator[Row]]
    videos: list[int]  # keys of the videos in it
    left_out: dict[str, int] = field(default_factory=dict)  # why → videos


@dataclass(frozen=True, slots=True)
class Wishes:
    """For whom, and how."""

    reader: User | None = None  # None: whoever runs this server, who sees all
    pseudonyms: bool = False  # for coders and consolidators
    without_minors: bool = False
    runs: tuple[int, ...] = ()  # whose scripts or predictions; none named: all


def readable_videos(study: Study, wishes: Wishes) -> tuple[QuerySet[Video], dict[str, int]]:
    """The videos whose labels the reader may see, and how many not."""
    videos = Video.objects.active().filter(study=study)
    if wishes.reader is None:
        return videos, {}
    mine = videos.filter(pk__in=unblinded_videos(wishes.reader, study).values("pk"))
    n_kept = videos.count() - mine.count()
    return mine, ({"blind": n_kept} if n_kept else {})


def without_minors(videos: QuerySet[Video], wishes: Wishes) -> tuple[QuerySet[Video], dict[str, int]]:
    """Leave accounts of minors out, if asked to."""
    if not wishes.without_minors:
        return videos, {}
    n_minors = videos.filter(creator__is_minor=True).count()
    return videos.exclude(creator__is_minor=True), ({"minors": n_minors} if n_minors else {})


def parts(ids: Collection[int]) -> Iterator[list[int]]:
    """Keys in lists short enough for one statement."""
    listed = list(ids)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))


def pseudonyms(people: QuerySet[User], *, word: str) -> dict[int, str]:
    """A number instead of a name, by the order in which the logins were made."""
    ids = people.order_by("pk").values_list("pk", flat=True).distinct()
    return {pk: f"{word}-{number}" for number, pk in enumerate(ids, start=1)}
