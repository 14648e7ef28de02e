"""What pipelines take and give: plain, frozen, free of the database, so that they can be tried by hand."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

# Called often by whoever works long, with how much of the item is done, in [0, 1]. It may raise Interrupted:
# the run was paused or cancelled, or the worker is to stop. Let that pass, and leave nothing behind.
Beat = Callable[[float], None]


class Interrupted(Exception):
    """The work is to be dropped, not failed; somebody takes it up again later."""


class ItemError(Exception):
    """An item that cannot be done; the message is for a researcher, failures are grouped by the code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class VideoInput:
    """A video to look at and listen to."""

    video_id: int
    path: Path
    duration_ms: int | None = None
    has_sound: bool | None = None


@dataclass(frozen=True, slots=True)
class ScriptInput:
    """A script to judge."""

    video_id: int
    text: str


class SegmentKind(enum.StrEnum):
    """The parts of a script."""

    SCENE = "scene"  # a heading: where a shot begins
    ACTION = "action"
    SPEECH = "speech"
    CAPTION = "caption"
    SOUND = "sound"  # music, silence


@dataclass(frozen=True, slots=True)
class Segment:
    """A timed part of a script, as it stands in the text."""

    kind: SegmentKind
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class ScriptDraft:
    """A script as a pipeline returns it: the text, its timed parts in the same order, and other findings."""

    text: str
    segments: tuple[Segment, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)  # JSON: {"sound": "speech", "language": "en", …}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer for one (video, value): what every pipeline that judges returns."""

    video_id: int
    value: str  # slug
    endorsed: bool | None  # None: not said
    confronted: bool | None
    p_endorsed: float | None = None  # in [0, 1]; None if the model gives no score
    p_confronted: float | None = None
    fold: int | None = None  # held out when this was predicted; None if nothing was trained


@dataclass(frozen=True, slots=True)
class Example:
    """A video in a data set to learn from and to predict."""

    video_id: int
    creator: int  # videos of one creator share it; a video without one has a number of its own
    fold: int
    gold: tuple[int, ...] | None  # stances in the order of the data set's values; None: predict only
    text: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything a pipeline that learns may know."""

    values: tuple[str, ...]  # slugs, in the order of the codebook's circle
    examples: tuple[Example, ...]
    n_folds: int


class ScriptMaker(Protocol):
    """Video → script."""

    def make(self, video: VideoInput, *, beat: Beat) -> ScriptDraft:
        """The script; ItemError if it cannot be made."""
        ...


class ScriptJudge(Protocol):
    """Script → predictions, one video at a time."""

    def judge(self, script: ScriptInput, *, values: Sequence[str], beat: Beat) -> list[Prediction]:
        """A prediction for each of the values; ItemError if the script cannot be judged."""
        ...


class Learner(Protocol):
    """Gold → predictions of one held-out fold."""

    def fit_predict(self, data: Dataset, *, fold: int, seed: int, beat: Beat) -> list[Prediction]:
        """Learn from the other folds' gold; predict each example of this one. ItemError if that cannot be."""
        ...


Pipeline = ScriptMaker | ScriptJudge | Learner
