"""Puts what was seen and heard into the form of a script, in the order of time.

The form is that of the study which the tool comes from: a line on the sound, scene headings, action,
dialogue in quotation marks behind a speaker's name, captions in square brackets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models_app.pipelines.base import ScriptDraft, Segment, SegmentKind
from models_app.pipelines.captions import Caption
from models_app.pipelines.speech import Utterance

SPEAKER = "SPEAKER"  # voices are not told apart
LEAST_SOUND = 2.0  # seconds; shorter stretches without speech are pauses
LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
ORDER = (SegmentKind.SCENE, SegmentKind.ACTION, SegmentKind.SOUND, SegmentKind.CAPTION, SegmentKind.SPEECH)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the picture shows."""

    scenes: Sequence[float]  # seconds at which they begin, the first at 0
    captions: Sequence[Caption]
    is_still: bool = False
    is_black: bool = False


@dataclass(frozen=True, slots=True)
class SoundReport:
    """What can be heard, and when that is not speech."""

    kind: str  # speech, other, silent
    language: str = ""
    stretches: Sequence[tuple[float, float]] = ()  # seconds, audible without speech
    is_damaged: bool = False


def script_of(
    seen: Seen | None, utterances: Sequence[Utterance], sound: SoundReport, *, seconds: float
) -> ScriptDraft:
    """The script, and its timed parts as they stand in the text; facts are left to the caller."""
    parts = [*_scenes(seen, seconds=seconds), *_action(seen, seconds=seconds), *_sounds(sound)]
    if seen is not None:
        parts += [_timed(SegmentKind.CAPTION, c.text, start=c.start, end=c.end) for c in seen.captions]
    parts += [
        _timed(SegmentKind.SPEECH, u.text, start=u.start, end=u.end, speaker=SPEAKER) for u in utterances
    ]
    parts.sort(key=lambda part: (part.start_ms or 0, ORDER.index(part.kind), part.end_ms or 0))
    text = "\n\n".join([sound_line(sound), *map(written, parts)])
    return ScriptDraft(text=text, segments=tuple(parts))


def written(part: Segment) -> str:
    """A part as it stands in the text."""
    match part.kind:
        case SegmentKind.SPEECH:
            return f'{part.speaker}: "{part.text}"'
        case SegmentKind.CAPTION:
            return f"[{part.text}]"
        case SegmentKind.SOUND:
            return f"({part.text})"
        case _:
            return part.text


def sound_line(sound: SoundReport) -> str:
    """The script's first line."""
    if sound.kind == "speech":
        language = LANGUAGES.get(sound.language, sound.language)
        line = f"Sound: speech, in {language}." if language else "Sound: speech."
    elif sound.kind == "other":
        line = "Sound: music or other sound, no speech."
    else:
        line = "Sound: none."
    return f"{line} Parts of the sound are damaged." if sound.is_damaged else line


def stretches_without_speech(
    audible: Sequence[bool], utterances: Iterable[Utterance], *, window: float
) -> list[tuple[float, float]]:
    """Seconds in which something other than speech is heard; ``audible`` tells for each window."""
    heard = list(audible)
    for utterance in utterances:
        for n in range(
            max(0, int(utterance.start / window)), min(len(heard), int(utterance.end / window) + 1)
        ):
            heard[n] = False
    stretches: list[tuple[int, int]] = []
    for n in (n for n, is_heard in enumerate(heard) if is_heard):
        if stretches and n - stretches[-1][1] <= round(0.5 / window):
            stretches[-1] = (stretches[-1][0], n + 1)
        else:
            stretches.append((n, n + 1))
    return [(a * window, b * window) for a, b in stretches if (b - a) * window >= LEAST_SOUND]


def _scenes(seen: Seen | None, *, seconds: float) -> list[Segment]:
    if seen is None:
        return []
    ends = [*seen.scenes[1:], seconds]
    return [
        _timed(SegmentKind.SCENE, f"SCENE {n}", start=start, end=end)
        for n, (start, end) in enumerate(zip(seen.scenes, ends, strict=True), start=1)
    ]


def _action(seen: Seen | None, *, seconds: float) -> list[Segment]:
    """The little that is known of what happens in the picture."""
    if seen is None:
        return [_timed(SegmentKind.ACTION, "There is no picture.", start=0, end=seconds)]
    if seen.is_black:
        return [_timed(SegmentKind.ACTION, "The screen stays black.", start=0, end=seconds)]
    if seen.is_still:
        return [_timed(SegmentKind.ACTION, "A still picture.", start=0, end=seconds)]
    return []


def _sounds(sound: SoundReport) -> list[Segment]:
    said = "Music or other sound."
    return [_timed(SegmentKind.SOUND, said, start=start, end=end) for start, end in sound.stretches]


def _timed(kind: SegmentKind, text: str, *, start: float, end: float, speaker: str = "") -> Segment:
    return Segment(
        kind=kind, text=text, start_ms=round(start * 1000), end_ms=round(end * 1000), speaker=speaker
    )
