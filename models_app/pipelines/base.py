"""What pipelines take and give: plain, frozen, free of the database, so that they can be tried by hand."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from models_app.clients.base import ClientName, Reply, Request

# Called often by whoever works long, with how much of the item is done, in [0, 1]. It may raise Interrupted:
# the run was paused or cancelled, or the worker is to stop. Let that pass, and leave nothing behind.
Beat = Callable[[float], None]


class Interrupted(Exception):
    """The work is to be dropped, not failed; somebody takes it up again later."""


class LaterError(Exception):
    """The answer comes later, and the item is worked once more then. Let it pass.

    Whoever has more to ask that does not hang on this answer asks that first: all come back together.
    """


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
    sha256: str = ""  # of the file
    mime_type: str = ""


@dataclass(frozen=True, slots=True)
class ScriptInput:
    """A script to judge."""

    video_id: int
    text: str
    segments: tuple["Segment", ...] = ()  # its timed parts; empty where it came as text alone


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
    reason: str = ""  # the model's own, short
    evidence_ms: int | None = None  # where in the video the model saw it


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


class Step(enum.StrEnum):
    """What a model is asked for; each has a prompt of its own, frozen with the run."""

    SCRIPT = "script"  # the script of a video
    VALUES = "values"  # the stances of a video or a script


@dataclass(frozen=True, slots=True)
class Shot:
    """A gold video shown as an example: its script, its stances by slug, and the text of its post."""

    text: str
    stances: tuple[tuple[str, int], ...]
    post: str = ""


@dataclass(frozen=True, slots=True)
class LlmInput:
    """What a model is given of one video: the media, a script, or both."""

    video_id: int
    video: VideoInput | None = None
    script: ScriptInput | None = None
    shots: tuple[Shot, ...] = ()  # never of the video's own creator
    post: str = ""  # the text of the post, caption and hashtags; coders judge it with the video


@dataclass(frozen=True, slots=True)
class Question:
    """A request, with what it is kept and found under."""

    step: Step
    client: ClientName
    request: Request
    subject: str  # hash of what is judged: the media's, or the script's
    replicate: int = 0  # equal questions of different numbers are answered anew


# Given by the engine: the answer, from the cache or from the provider, paid once and kept before it is read.
# Raises ItemError (no answer will come), Interrupted, and what the engine itself handles.
Ask = Callable[[Question], Reply]


@dataclass(frozen=True, slots=True)
class LlmAnswer:
    """What came of one video; stored whole or not at all."""

    script: ScriptDraft | None = None
    predictions: tuple[Prediction, ...] | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # JSON: {"has_sound": true, "n_votes": 3, …}


@dataclass(frozen=True, slots=True)
class Briefing:
    """What holds for every item of a run that asks a language model; frozen with the run."""

    system: Mapping[Step, str]  # the prompt of each step, rendered from the codebook
    values: tuple[str, ...]  # slugs, in the order of the codebook's circle
    names: tuple[str, ...] = ()  # of the values, in the same order: answers may use them for the slugs
    allow_dominant: bool = False
    allow_both: bool = False  # the codebook lets a value be endorsed and confronted at once
    seed: int = 0


class LlmJudge(Protocol):
    """Video or script → script, predictions or both, by asking a language model."""

    def work(self, item: LlmInput, *, briefing: Briefing, ask: Ask, beat: Beat) -> LlmAnswer:
        """Ask, read, ask again once where the answer cannot be read; ItemError if none can be had."""
        ...


Pipeline = ScriptMaker | ScriptJudge | Learner | LlmJudge
