"""What an import of labels is about to do: which video each row means, new ones included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.utils.translation import gettext as _

from annotator.actions.video_rows import Plan, plan_rows, put_rows
from annotator.imports.errors import RowError, shorten
from annotator.imports.label_rows import LabelFile, LabelRow
from annotator.models import Batch, Study, User, Video

CHUNK = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mode:
    """How to import."""

    batch: str | None = None  # where unknown videos go
    skip_bad_rows: bool = False
    replace: bool = False  # gold that was imported before, or made by full agreement
    replace_decided: bool = False  # and gold that a consolidator decided
    coder_in_file: str = ""  # whose rows of a file with several coders
    reader: User | None = None  # who is told what happens; None: whoever runs this server


@dataclass(slots=True)
class PlannedRow:
    """A row that can be taken, and its video if the study knows it."""

    row: LabelRow
    key: tuple[str, str]  # platform, id
    video: Video | None
    is_submitted: bool = False  # of a coding: complete, and not said to be in work


@dataclass(slots=True)
class NewLabels:
    """Everything that an import will write."""

    file: LabelFile
    videos: Plan
    rows: list[PlannedRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def refuse(self, row: LabelRow, message: str, *, column: str | None = None, line: int = 0) -> None:
        """This row cannot be taken."""
        self.errors.append(RowError(row.video.source, line or row.line, message, column=column))


def plan_videos(*, study: Study, file: LabelFile) -> NewLabels:
    """Settle which video each row means; a withdrawn one stays as it is."""
    videos = plan_rows(study=study, rows=[row.video for row in file.rows])
    plan = NewLabels(file=file, videos=videos, errors=list(videos.errors))
    of_video = {id(row.video): row for row in file.rows}
    for described, platform in videos.rows:
        row = of_video[id(described)]
        key = (platform, described.external_id)
        video = videos.known.get(key)
        if video and video.withdrawn_at:
            message = _("video %(id)s was withdrawn and gets no labels.")
            plan.refuse(row, message % {"id": shorten(described.external_id)})
        else:
            plan.rows.append(PlannedRow(row, key, video))
    return plan


def count_videos(plan: NewLabels) -> dict[str, int]:
    """How many videos and creators the planned rows bring with them."""
    new = [planned for planned in plan.rows if planned.video is None]
    handles = {(planned.key[0], planned.row.video.handle.casefold()) for planned in new}
    creators = {(platform, handle) for platform, handle in handles if handle} - plan.videos.creators.keys()
    return {
        "n_videos": len(plan.rows),
        "n_new_videos": len(new),
        "n_new_creators": len(creators),
        "n_dominant_stored_as_endorsed": sum(planned.row.n_dominant_as_endorsed for planned in plan.rows),
    }


def put_videos(*, study: Study, plan: NewLabels, batch: Batch, by: User | None) -> None:
    """Make the unknown videos and their creators; afterwards every planned row has its video."""
    new = {id(planned.row.video) for planned in plan.rows if planned.video is None}
    plan.videos.rows = [(row, platform) for row, platform in plan.videos.rows if id(row) in new]
    put_rows(study=study, plan=plan.videos, batch=batch, by=by)
    heard = []
    for planned in plan.rows:
        planned.video = plan.videos.known[planned.key]
        has_sound = planned.row.video.fields.get("has_sound")
        if has_sound is not None and planned.video.has_sound is None:
            planned.video.has_sound = has_sound
            heard.append(planned.video)
    Video.objects.bulk_update(heard, ["has_sound"], batch_size=200)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts short enough for one statement."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def by_video(rows: Sequence[PlannedRow]) -> dict[int, PlannedRow]:
    """The rows whose video is known, by its key."""
    return {planned.video.pk: planned for planned in rows if planned.video is not None}
