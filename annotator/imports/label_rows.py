"""What a file of labels says, row by row."""

import datetime
import enum
from dataclasses import dataclass, field

from annotator.imports.errors import RowError
from annotator.imports.label_header import Format
from annotator.imports.videos import VideoRow
from annotator.labels import Stance


class Use(enum.StrEnum):
    """What the labels are to become."""

    GOLD = "gold"
    CODING = "coding"


@dataclass(slots=True)
class Detail:
    """What a row says about one judgement beside its stance."""

    first_stance: Stance | None = None
    is_unsure: bool = False
    note: str = ""
    evidence: list[tuple[int, int | None]] = field(default_factory=list)  # ms


@dataclass(slots=True)
class CodingDetail:
    """What the rows of a video say about the coding as a whole."""

    submitted_at: datetime.datetime | None = None
    set_aside: str = ""
    set_aside_note: str = ""
    note: str = ""
    saw_feedback: bool = False


@dataclass(slots=True)
class LabelRow:
    """The labels that a file gives to one video."""

    video: VideoRow
    stances: dict[str, Stance | None]
    lines: dict[str, int] = field(default_factory=dict)  # long: where each value stands
    details: dict[str, Detail] = field(default_factory=dict)
    coding: CodingDetail = field(default_factory=CodingDetail)
    n_dominant_as_endorsed: int = 0  # the codebook has no “dominant”

    @property
    def line(self) -> int:
        """Where the video stands first."""
        return self.video.line or 1


@dataclass(slots=True)
class LabelFile:
    """A file of labels as read: the rows that can be taken and those that cannot."""

    name: str
    format: Format
    rows: list[LabelRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)  # columns that mean nothing here
    n_of_other_coders: int = 0  # rows left out because they are somebody else's
    has_first: bool = False  # the file tells first submissions apart from corrections
    has_submitted: bool = False  # the file tells whether a coding was submitted
