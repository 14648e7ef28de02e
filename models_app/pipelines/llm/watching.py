"""A video as parts of a message: whole where the client takes videos, else frames and what is said."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
from PIL import Image as Pictures

from models_app.clients.base import TAKES_CLIPS, ClientName, Clip, Part, Picture, Text
from models_app.pipelines.aside import Aside
from models_app.pipelines.base import Beat, ItemError, VideoInput
from models_app.pipelines.frames import Image, Sample, Sampler
from models_app.pipelines.media import Contents, contents_of
from models_app.pipelines.sound import SoundTrack
from models_app.pipelines.speech import Heard, SpeechReader
from models_app.weights import SPEECH_MODEL, speech_model

LONGEST_SIDE = 768  # pixels of a frame as it is sent; providers count larger ones as several
JPEG_QUALITY = 85
LOCAL, NONE = "local", "none"  # models_app.specs.WatchingSettings.transcript
BEAT_SECONDS = 0.5


class Watcher:
    """Shows videos to clients; safe for many threads. The speech model loads with the first voice."""

    def __init__(self, *, frames: int, transcript: str) -> None:
        self.frames = frames
        self.transcript = transcript
        self._reader: SpeechReader | None = None
        self._one_at_a_time = threading.Lock()  # the model keeps all cores busy as it is

    def parts(self, video: VideoInput, *, client: ClientName, beat: Beat) -> tuple[Part, ...]:
        """The video as this client takes it. ``beat`` is told how much of the watching is done."""
        beat(0.0)
        if client in TAKES_CLIPS:
            return (_clip(video),)
        if client is ClientName.TRANSFORMERS:
            raise ItemError(
                "no-pictures",
                "A local model reads text alone and cannot watch a video: make scripts first (local-script,"
                " or llm-script with another client), then use llm-from-script.",
            )
        contents = contents_of(video.path)
        shown = self._frames(video, contents, beat=beat) if contents.has_picture else []
        said = self._said(video, contents, beat=beat)
        beat(1.0)
        return (Text(_seconds_of(shown)), *shown, *((Text(said),) if said else ()))

    def _frames(self, video: VideoInput, contents: Contents, *, beat: Beat) -> list[Picture]:
        """Evenly spaced frames; of a video with fewer frames than asked for, each once."""
        sampler = Sampler(video.path, 1.0)
        sampler.look()
        sampler.spread(self.frames)
        share = 0.5 if self._listens(video, contents) else 1.0
        shown = []
        for number, sample in enumerate(_different(sampler.samples()), start=1):
            shown.append(Picture(_jpeg(sample.image), round(sample.seconds, 2)))
            beat(share * min(1.0, number / self.frames))
        return shown

    def _listens(self, video: VideoInput, contents: Contents) -> bool:
        return self.transcript == LOCAL and contents.has_sound_track and video.has_sound is not False

    def _said(self, video: VideoInput, contents: Contents, *, beat: Beat) -> str:
        """What is said, line by line with its times; empty where that is not asked for."""
        if self.transcript != LOCAL:
            return ""
        if not self._listens(video, contents):
            return "(no sound)"
        track = SoundTrack(video.path)
        seconds = contents.seconds or (video.duration_ms or 0) / 1000
        with self._reading(lambda: beat(0.5)) as reader:
            work = Aside(lambda progress: reader.read(track, seconds=seconds, progress=progress))
            with work as hearing:
                heard = hearing.result(beat=lambda: beat(0.5 + hearing.done / 2))
        if heard.utterances:
            return _lines_of(heard)
        return "(sound, but nothing is said)" if track.is_audible else "(no sound)"

    @contextmanager
    def _reading(self, waits: Callable[[], None]) -> Iterator[SpeechReader]:
        """The reader, for one video at a time."""
        while not self._one_at_a_time.acquire(timeout=BEAT_SECONDS):
            waits()
        try:
            if self._reader is None:
                self._reader = _new_reader()
            yield self._reader
        finally:
            self._one_at_a_time.release()


def _new_reader() -> SpeechReader:
    if find_spec("faster_whisper") is None:
        raise ItemError(
            "not-installed",
            "Writing down what is said needs faster-whisper: `make install-models` installs it. Or set"
            " transcript=none to send frames alone.",
        )
    return SpeechReader(speech_model(SPEECH_MODEL))


def _clip(video: VideoInput) -> Clip:
    sha256 = video.sha256
    if not sha256:
        try:
            with video.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ItemError("missing_file", "The video file is not there, or may not be read.") from error
    return Clip(video.path, sha256, video.mime_type or "video/mp4")


def _different(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Without a frame that is the one before over again, as in a video shorter than what is asked for."""
    before: Image | None = None
    for sample in samples:
        if before is None or not np.array_equal(before, sample.image):
            yield sample
        before = sample.image


def _jpeg(image: Image) -> bytes:
    """A frame, blue first, as JPEG of bounded size."""
    picture = Pictures.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Pictures.Resampling.LANCZOS, reducing_gap=3.0)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return written.getvalue()


def _seconds_of(shown: list[Picture]) -> str:
    if not shown:
        return "(no picture)"
    times = ", ".join(f"{picture.seconds:.1f}" for picture in shown)
    return f"Frames of the video in their order, at these seconds: {times}."


def _lines_of(heard: Heard) -> str:
    lines = [f"[{part.start:.1f}–{part.end:.1f}] {part.text}" for part in heard.utterances]
    return "\n".join(["What is said, with the seconds from when to when:", *lines])
