"""Frames of a video at regular moments: found by seeking, upright, with square pixels and of bounded size."""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from models_app.pipelines.base import ItemError
from models_app.pipelines.media import MAX_PIXELS, opened, picture_of, starts_at

LONG_SIDE = 1280  # pixels; smaller frames stay as they are
SMALL_SIDE = 512  # ... in which frames are compared, and lettering is looked for
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sample:
    """A frame as shown at a moment, and the same made small: shape (height, width, 3), blue first."""

    seconds: float
    image: Image
    small: Image


@dataclass(slots=True)
class Sampler:
    """Frames in the middle of each 1 / per_second of a video; what was found stands in the fields."""

    path: Path
    per_second: float
    seconds: float = 0.0  # length of the picture, as its packets tell
    keys: list[float] = field(default_factory=list)  # where decoding can begin, ascending
    n_samples: int = 0

    def look(self) -> None:
        """Find out the length and the key frames by reading the packets, without decoding any."""
        ends, keys = [0.0], []
        with opened(self.path) as container:
            stream, zero = picture_of(container), starts_at(container)
            try:
                for packet in container.demux(stream):
                    if packet.pts is None or packet.time_base is None:
                        continue
                    at = float(packet.pts * packet.time_base) - zero
                    ends.append(at + float((packet.duration or 0) * packet.time_base))
                    if packet.is_keyframe:
                        keys.append(at)
            except av.FFmpegError:
                pass  # cut off: what came before is looked at
        self.seconds, self.keys = max(ends), sorted(keys)
        self.n_samples = max(1, math.ceil(round(self.seconds * self.per_second, 6)))

    def spread(self, n: int) -> None:
        """Take n frames over the whole length, whatever it is; after ``look``."""
        self.per_second, self.n_samples = n / max(self.seconds, 1e-3), n

    def moments(self) -> list[float]:
        """Seconds, in the middle of what each sample stands for."""
        edges = [min(n / self.per_second, self.seconds) for n in range(self.n_samples + 1)]
        return [(start + end) / 2 for start, end in pairwise(edges)]

    def samples(self) -> Iterator[Sample]:
        """The frame shown at each moment; ItemError if none can be decoded."""
        n_shown = 0
        with opened(self.path) as container:
            stream = picture_of(container)
            _be_quick(stream)
            walk = _Walk(container, stream, zero=starts_at(container), keys=self.keys)
            for moment in self.moments():
                frame = walk.frame_at(moment)
                if frame is not None:
                    n_shown += 1
                    image = _upright(frame, stream.sample_aspect_ratio)
                    yield Sample(moment, image, shrunk(image))
        if not n_shown:
            raise ItemError("no_picture", "No frame of the video can be decoded: it is damaged or cut off.")


def _be_quick(stream: Any) -> None:
    context = stream.codec_context
    if context.width * context.height > MAX_PIXELS:
        raise ItemError("too_large", f"The picture is too large: {context.width} × {context.height} pixels.")
    context.options = {"max_pixels": str(MAX_PIXELS)}
    context.thread_type = "AUTO"
    context.skip_frame = "NONREF"  # frames that no other frame needs are a few hundredths of a second away


class _Walk:
    """Goes forward through a video: seeks where a key frame lies ahead, decodes on where none does."""

    def __init__(self, container: Any, stream: Any, *, zero: float, keys: list[float]) -> None:
        self.container, self.stream, self.zero, self.keys = container, stream, zero, keys
        self.shown: Any = None  # the last frame at or before the moment
        self.ahead: Any = None  # the one after it
        self.frames: Iterator[Any] | None = None
        self.is_over = False

    def frame_at(self, moment: float) -> Any:
        """What is on the screen at the moment; the nearest frame where it is not known."""
        self._seek_if_worth_it(moment)
        while not self.is_over and (self.ahead is None or self._time(self.ahead) <= moment):
            if self.ahead is not None:
                self.shown = self.ahead
            self.ahead = self._next()
        return self.shown if self.shown is not None else self.ahead

    def _seek_if_worth_it(self, moment: float) -> None:
        place = bisect_right(self.keys, moment + 1e-6) - 1
        reached = self.ahead if self.ahead is not None else self.shown
        at = self._time(reached) if reached is not None else -1.0
        if self.frames is not None and (place < 0 or self.keys[place] <= at + 1e-3):
            return
        to = self.keys[place] if place >= 0 else 0.0
        try:
            self.container.seek(round((to + self.zero + 1e-4) * av.time_base), backward=True)
        except (av.FFmpegError, OSError):
            if self.frames is not None:
                return  # not a file to seek in: decode on
        self.frames = self.container.decode(self.stream)
        self.ahead, self.is_over = None, False

    def _next(self) -> Any:
        """The next frame that has a time, or None at the end."""
        assert self.frames is not None  # noqa: S101 - sought before
        for _try in range(10):
            try:
                for frame in self.frames:
                    if frame.time is not None:
                        return frame
            except (av.FFmpegError, ValueError):
                self.frames = self.container.decode(self.stream)  # a damaged stretch: go on behind it
                continue
            break
        self.is_over = True
        return None

    def _time(self, frame: Any) -> float:
        return float(frame.time) - self.zero


def _upright(frame: Any, ratio: Any) -> Image:
    """Turned as a player turns it, with square pixels, of bounded size."""
    stretch = float(ratio) if ratio and 0.1 < float(ratio) < 10 else 1.0
    width, height = frame.width * stretch, float(frame.height)
    scale = min(1.0, LONG_SIDE / max(width, height))
    size = {"width": max(2, round(width * scale)), "height": max(2, round(height * scale))}
    image = frame.reformat(**size, format="bgr24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90))) if frame.rotation else image


def shrunk(image: Image) -> Image:
    """The frame, small."""
    import cv2

    height, width = image.shape[:2]
    scale = SMALL_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
