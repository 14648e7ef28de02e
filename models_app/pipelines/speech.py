"""What is said in a video, and when: faster-whisper behind a voice detector, with guards against invention.

Whisper writes fluent sentences for music and noise. What keeps them out: Silero's voice detector in front,
no retries, and the model's own measures of doubt on every sentence behind.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models_app.pipelines.sound import RATE, Piece, Samples, SoundTrack

TEMPERATURE = 0.0  # no retries: they cost seconds, turn noise into sentences, and differ from run to run
MAX_COMPRESSION = 2.4  # above: the same words over and over
MIN_LOGPROB = -1.0  # mean over a sentence's tokens; below: guessed
DOUBTFUL_LOGPROB = -0.5  # below, and likely no speech: guessed
MAX_NO_SPEECH = 0.6
MIN_WORD_PROBABILITY = 0.25  # mean over a sentence's words
TOKENS_PER_SECOND = 12  # more than anybody says
LEAST_VOICE = 0.2  # seconds
PAUSE = 0.7  # seconds without a word that end a line
ENDS = (".", "!", "?", "…", "。", "！", "？", "؟")
MAX_THREADS = 4


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word; seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said in one go."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """As it is read."""
        return "".join(word.text for word in self.words).strip()

    @property
    def start(self) -> float:
        """Seconds at the first word."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """Seconds after the last word."""
        return self.words[-1].end


@dataclass(slots=True)
class Heard:
    """Everything said in a video."""

    utterances: list[Utterance]
    language: str = ""  # empty if nothing is said
    language_probability: float | None = None
    n_left_out: int = 0  # sentences that the guards kept out


class SpeechReader:
    """Keeps the model from one video to the next; it loads when the first audible one comes."""

    def __init__(self, model: str, *, language: str = "") -> None:
        self.model = model
        self.language = language
        self._loaded: Any = None

    def read(self, track: SoundTrack, *, seconds: float, progress: Callable[[float], None]) -> Heard:
        """Listen to the track; ``progress`` is told how much is done, in [0, 1], and may raise."""
        heard = Heard([])
        for piece in track.pieces():
            if not track.is_audible:
                continue
            self._read_piece(piece, heard, tell=lambda at: progress(min(1.0, at / max(seconds, 0.1))))
        if not heard.utterances:
            heard.language, heard.language_probability = "", None
        return heard

    def _read_piece(self, piece: Piece, heard: Heard, *, tell: Callable[[float], None]) -> None:
        tell(piece.seconds)
        voiced = voiced_seconds(piece.samples)
        if voiced < LEAST_VOICE:
            return  # Whisper would invent something
        language = self.language or heard.language or None
        segments, info = self._transcribe(piece.samples, voiced=voiced, language=language)
        sentences = []
        for segment in segments:
            tell(piece.seconds + segment.end)
            if is_invented(segment):
                heard.n_left_out += 1
            else:
                sentences.append(_words(segment, since=piece.seconds))
        if sentences and not heard.language:
            heard.language, heard.language_probability = info.language, float(info.language_probability)
        heard.utterances.extend(_joined(sentences))

    def _transcribe(self, samples: Samples, *, voiced: float, language: str | None) -> tuple[Any, Any]:
        if self._loaded is None:
            self._loaded = load_whisper(self.model)
        return self._loaded.transcribe(  # type: ignore[no-any-return]
            samples,
            language=language,
            beam_size=5,
            temperature=TEMPERATURE,
            condition_on_previous_text=False,  # a loop would go on for ever
            compression_ratio_threshold=MAX_COMPRESSION,
            log_prob_threshold=MIN_LOGPROB,
            no_speech_threshold=MAX_NO_SPEECH,
            word_timestamps=True,
            vad_filter=True,
            max_new_tokens=max(24, round(min(30.0, voiced) * TOKENS_PER_SECOND)),
        )


def load_whisper(model: str) -> Any:
    """The model on the processor, in small integers."""
    from faster_whisper import WhisperModel

    logging.getLogger("faster_whisper").setLevel(logging.WARNING)  # else three lines for each video
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=min(n_cores, MAX_THREADS))


def voiced_seconds(samples: Samples) -> float:
    """How long a voice is heard, by Silero's detector: milliseconds where Whisper takes seconds."""
    from faster_whisper.vad import get_speech_timestamps

    return float(sum(part["end"] - part["start"] for part in get_speech_timestamps(samples)) / RATE)


def is_invented(segment: Any) -> bool:
    """Whether a sentence is more likely Whisper's than the speaker's."""
    if not segment.words or not any(char.isalnum() for char in segment.text):
        return True
    if segment.compression_ratio > MAX_COMPRESSION or segment.avg_logprob < MIN_LOGPROB:
        return True
    if segment.no_speech_prob > MAX_NO_SPEECH and segment.avg_logprob < DOUBTFUL_LOGPROB:
        return True
    sure = sum(word.probability for word in segment.words) / len(segment.words)
    return bool(sure < MIN_WORD_PROBABILITY)


def _words(segment: Any, *, since: float) -> list[Word]:
    return [Word(word.word, since + float(word.start), since + float(word.end)) for word in segment.words]


def _joined(sentences: list[list[Word]]) -> list[Utterance]:
    """Whisper breaks lines where it likes: here they end with a pause, or with a sentence."""
    lines: list[list[Word]] = []
    for words in sentences:
        begins = True
        for word in words:
            if lines and not _is_new_line(lines[-1][-1], word, begins=begins):
                lines[-1].append(word)
            else:
                lines.append([word])
            begins = False
    return [Utterance(tuple(words)) for words in lines]


def _is_new_line(before: Word, word: Word, *, begins: bool) -> bool:
    if word.start - before.end >= PAUSE:
        return True
    return begins and (before.text.rstrip().endswith(ENDS) or word.text.strip()[:1].isupper())
