"""The sound of a video: samples for speech recognition, and when anything can be heard at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from annotator.media.sound import AUDIBLE_DBFS, ENOUGH_SECONDS
from models_app.pipelines.media import opened, sound_of, starts_at

RATE = 16_000  # samples a second, as speech recognition wants them
WINDOW = RATE // 10  # one measurement of loudness
PIECE = 600 * RATE  # long sound is worked on in pieces, so that it never lies in memory whole
QUIET = 10 * RATE  # a piece ends at the quietest moment within this much of its end
MAX_GAP = 600.0  # seconds of missing sound that are filled with silence
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive mono sound, in [-1, 1]."""

    seconds: float  # where it begins
    samples: Samples


@dataclass(slots=True)
class SoundTrack:
    """Reads a file's sound once, piece by piece, and remembers what was audible."""

    path: Path
    audible: list[bool] = field(default_factory=list)  # for each tenth of a second
    n_broken: int = 0  # packets that could not be decoded

    @property
    def is_audible(self) -> bool:
        """Whether more than a click can be heard, in what was read so far."""
        return sum(self.audible) * WINDOW / RATE >= ENOUGH_SECONDS

    @property
    def seconds(self) -> float:
        """How much was read."""
        return len(self.audible) * WINDOW / RATE

    def pieces(self) -> Iterator[Piece]:
        """Mono pieces in order, of at most ten minutes."""
        begun, waiting, n_waiting = 0, list[Samples](), 0
        for stereo in self._blocks():
            waiting.append(stereo)
            n_waiting += stereo.shape[1]
            if n_waiting >= PIECE:
                whole = np.concatenate(waiting, axis=1)
                cut = _quietest(whole)
                yield self._piece(whole[:, :cut], begun)
                begun += cut
                waiting, n_waiting = [whole[:, cut:]], n_waiting - cut
        if n_waiting:
            yield self._piece(np.concatenate(waiting, axis=1), begun)

    def _piece(self, stereo: Samples, begun: int) -> Piece:
        self.audible.extend((_loudness(stereo) > AUDIBLE_DBFS).tolist())
        return Piece(begun / RATE, _mixed(stereo))

    def _blocks(self) -> Iterator[Samples]:
        """Decoded stereo, shape (2, n), with silence where the track begins late or pauses."""
        n_read = 0
        with opened(self.path) as container:
            stream, zero = sound_of(container), starts_at(container)
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            for frame in self._frames(container, stream):
                gap = float(frame.time) - zero - n_read / RATE if frame.time is not None else 0.0
                if 0.25 < gap < MAX_GAP:
                    n_read += round(gap * RATE)
                    yield np.zeros((2, round(gap * RATE)), dtype=np.float32)
                for part in resampler.resample(frame):
                    n_read += part.samples
                    yield _finite(part.to_ndarray())
            for part in resampler.resample(None):
                yield _finite(part.to_ndarray())

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        try:
            for packet in container.demux(stream):
                try:
                    yield from packet.decode()
                except (av.FFmpegError, ValueError):
                    self.n_broken += 1
        except av.FFmpegError:
            self.n_broken += 1  # cut off: what came before counts


def _finite(samples: npt.NDArray[Any]) -> Samples:
    bounded = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    return np.asarray(bounded, dtype=np.float32)


def _loudness(stereo: Samples) -> npt.NDArray[np.float64]:
    """Root mean square over both channels in dBFS, one for each window; minus infinity for silence."""
    n_windows = -(-stereo.shape[1] // WINDOW)
    padded = np.zeros((2, n_windows * WINDOW), dtype=np.float64)
    padded[:, : stereo.shape[1]] = stereo
    power = np.mean(padded.reshape(2, n_windows, WINDOW) ** 2, axis=(0, 2))
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(power))


def _mixed(stereo: Samples) -> Samples:
    """One channel; the left alone where the two would cancel each other out."""
    mixed = stereo.mean(axis=0)
    if np.mean(mixed**2) < 0.05 * np.mean(stereo**2):
        mixed = stereo[0]
    return np.ascontiguousarray(mixed, dtype=np.float32)


def _quietest(stereo: Samples) -> int:
    """Where to cut a long piece: between windows, where least is heard."""
    first = (PIECE - QUIET) // WINDOW
    loudness = _loudness(stereo[:, first * WINDOW : PIECE])
    return (first + int(np.argmin(loudness))) * WINDOW
