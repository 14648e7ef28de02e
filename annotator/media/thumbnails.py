"""A small picture of a video: a frame around the first second that is not black."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from django.utils.translation import gettext as _

from annotator.media.errors import MediaError

MAX_WIDTH = 360  # pixels
MAX_FRAMES = 240  # decoded on the way from a key frame to the wanted moment
DARK = 24.0  # mean of 0 to 255 below which a frame counts as black


@dataclass(frozen=True, slots=True)
class Picture:
    """The thumbnail, and the size of the whole video as it is shown."""

    webp: bytes
    width: int
    height: int


def thumbnail_of(
    container: Any, stream: Any, *, seconds: float, tick: Callable[[], None], max_pixels: int
) -> Picture:
    """Draw the thumbnail; MediaError if no frame of the video can be decoded."""
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    best, best_light = None, -1.0
    for moment in _moments(seconds):
        frame = _frame_at(container, stream, seconds=moment, tick=tick)
        if frame is None:
            continue
        light = float(np.mean(frame.reformat(width=64, height=64, format="gray").to_ndarray()))
        if light > best_light:
            best, best_light = frame, light
        if light >= DARK:
            break
    if best is None:
        raise MediaError(_("no picture of the video can be decoded: it is damaged or cut off."))
    return _draw(best, ratio=stream.sample_aspect_ratio)


def _moments(seconds: float) -> Iterator[float]:
    yield min(1.0, seconds / 2)
    yield from (moment for moment in (3.0, seconds / 4, seconds / 2, seconds * 3 / 4) if moment < seconds)
    yield 0.0


def _frame_at(container: Any, stream: Any, *, seconds: float, tick: Callable[[], None]) -> Any:
    """The first frame at or after the moment, else the last before it; None if nothing decodes."""
    found = None
    try:
        container.seek(int(seconds * av.time_base), backward=True)
        for n, frame in enumerate(container.decode(stream)):
            tick()
            found = frame
            if (frame.time is not None and frame.time >= seconds) or n >= MAX_FRAMES:
                break
    except av.FFmpegError:
        pass  # a damaged stretch: another moment may do
    return found


def _draw(frame: Any, *, ratio: Any) -> Picture:
    """Turn, square the pixels, shrink."""
    stretch = float(ratio) if ratio and 0.1 < float(ratio) < 10 else 1.0
    width, height = max(1, round(frame.width * stretch)), frame.height
    turned = frame.rotation % 180 != 0
    across = height if turned else width
    scale = min(1.0, MAX_WIDTH / across)
    image = frame.reformat(
        width=max(1, round(width * scale)), height=max(1, round(height * scale)), format="rgb24"
    ).to_image()
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    packed = io.BytesIO()
    image.save(packed, "WEBP", quality=72, method=4)
    return Picture(
        webp=packed.getvalue(),
        width=height if turned else width,
        height=width if turned else height,
    )
