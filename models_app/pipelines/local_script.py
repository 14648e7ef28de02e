"""`local-script`: a video becomes a script on this machine: what is said, written on the screen, and cut."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from models_app.pipelines.aside import Aside
from models_app.pipelines.base import Beat, ItemError, ScriptDraft, VideoInput
from models_app.pipelines.captions import Caption, CaptionTracker, without_subtitles
from models_app.pipelines.frames import Sampler
from models_app.pipelines.lettering import LetteringReader
from models_app.pipelines.media import Contents, contents_of
from models_app.pipelines.scenes import SceneCutter, scene_starts
from models_app.pipelines.script_text import Seen, SoundReport, script_of, stretches_without_speech
from models_app.pipelines.sound import RATE, WINDOW, SoundTrack
from models_app.pipelines.speech import Heard, SpeechReader
from models_app.weights import speech_model


class Settings(Protocol):
    """What the pipeline can be told: models_app.specs.LocalScriptSettings."""

    @property
    def speech_model(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def frames_per_second(self) -> float: ...


@dataclass(slots=True)
class _Watched:
    """What looking at the frames gave."""

    captions: list[Caption]
    scenes: list[float]
    seconds: float
    n_frames: int
    n_handles: int
    n_unread: int
    is_still: bool
    is_black: bool


class LocalScript:
    """Video → script. Models load when the first video needs them, and stay."""

    def __init__(self, settings: Settings) -> None:
        self.per_second = settings.frames_per_second
        self.speech = SpeechReader(speech_model(settings.speech_model), language=settings.language)
        self.lettering = LetteringReader()

    def make(self, video: VideoInput, *, beat: Beat) -> ScriptDraft:
        """The script; ItemError if nothing can be read. Speech is recognised while frames are looked at."""
        beat(0.0)
        contents = contents_of(video.path)
        track = SoundTrack(video.path)
        if not contents.has_sound_track:
            return _assembled(contents, self._watch(video.path, beat=beat), Heard([]), track)
        seconds = contents.seconds or (video.duration_ms or 0) / 1000
        with Aside(lambda progress: self.speech.read(track, seconds=seconds, progress=progress)) as hearing:
            watched: _Watched | None = None
            if contents.has_picture:
                watched = self._watch(video.path, beat=lambda done: beat((done + hearing.done) / 2))
            seen = 1.0 if watched else hearing.done
            heard = hearing.result(beat=lambda: beat((seen + hearing.done) / 2))
        beat(1.0)
        return _assembled(contents, watched, heard, track)

    def _watch(self, path: Path, *, beat: Beat) -> _Watched:
        sampler = Sampler(path, self.per_second)
        sampler.look()
        tracker, cutter = CaptionTracker(), SceneCutter()
        self.lettering.forget()
        try:
            for number, sample in enumerate(sampler.samples(), start=1):
                tracker.add(self.lettering.read(sample), seconds=sample.seconds)
                cutter.add(sample.small, seconds=sample.seconds)
                beat(min(1.0, number / sampler.n_samples))
        finally:
            self.lettering.forget()
        return _Watched(
            captions=tracker.captions(seconds=sampler.seconds),
            scenes=scene_starts(cutter.cuts, keys=sampler.keys, seconds=sampler.seconds),
            seconds=sampler.seconds,
            n_frames=cutter.n_samples,
            n_handles=tracker.n_handles,
            n_unread=tracker.n_unread,
            is_still=cutter.is_still and cutter.n_samples > 1,
            is_black=cutter.n_black == cutter.n_samples,
        )


def _assembled(contents: Contents, watched: _Watched | None, heard: Heard, track: SoundTrack) -> ScriptDraft:
    held = max(track.seconds, watched.seconds if watched else 0.0)
    _refuse_if_cut_off(contents, held)
    seconds = max(held, contents.seconds or 0.0)
    sound = _sound_report(heard, track)
    captions, n_subtitles = without_subtitles(watched.captions if watched else [], heard.utterances)
    seen = None
    if watched is not None:
        seen = Seen(watched.scenes, captions, is_still=watched.is_still, is_black=watched.is_black)
    draft = script_of(seen, heard.utterances, sound, seconds=seconds)
    return replace(draft, facts=_facts(contents, watched, heard, sound, captions, n_subtitles, seconds))


def _refuse_if_cut_off(contents: Contents, held: float) -> None:
    """A script of the beginning alone would call silent, or empty, what was never read.

    Of sound without a picture the length is often a guess, and no reason to refuse it.
    """
    said = contents.seconds
    if contents.has_picture and said and said - held > max(1.0, 0.1 * said):
        raise ItemError(
            "cut_off", f"The file is cut off: it says {said:.1f} seconds and holds {held:.1f} of them."
        )


def _sound_report(heard: Heard, track: SoundTrack) -> SoundReport:
    window = WINDOW / RATE
    kind = "speech" if heard.utterances else "other" if track.is_audible else "silent"
    stretches = stretches_without_speech(track.audible, heard.utterances, window=window)
    return SoundReport(
        kind,
        language=heard.language,
        stretches=stretches if kind == "speech" else (),  # else the first line says it
        is_damaged=track.n_broken > 2,
    )


def _facts(
    contents: Contents,
    watched: _Watched | None,
    heard: Heard,
    sound: SoundReport,
    captions: list[Caption],
    n_subtitles: int,
    seconds: float,
) -> dict[str, Any]:
    return {
        "sound": sound.kind,
        "has_sound_track": contents.has_sound_track,
        "has_picture": contents.has_picture,
        "language": heard.language or None,
        "language_probability": heard.language_probability and round(heard.language_probability, 3),
        "seconds": round(seconds, 3),
        "speech_seconds": round(sum(part.end - part.start for part in heard.utterances), 3),
        "n_utterances": len(heard.utterances),
        "n_sentences_left_out": heard.n_left_out,
        "n_frames": watched.n_frames if watched else 0,
        "n_scenes": len(watched.scenes) if watched else 0,
        "n_captions": len(captions),
        "n_subtitles_left_out": n_subtitles,
        "n_handles_left_out": watched.n_handles if watched else 0,
        "n_unread": watched.n_unread if watched else 0,
    }
