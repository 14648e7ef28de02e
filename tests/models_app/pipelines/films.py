"""Films for tests: pictures drawn by the test, sound from files, nothing downloaded."""

from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
from faster_whisper.audio import decode_audio
from PIL import Image, ImageDraw, ImageFont

FONTS = ("NotoSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")
RATE = 16_000


def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font of the system, or Pillow's own where it is missing."""
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return ImageFont.load_default(size)


def backdrop(size: tuple[int, int], t: float) -> Image.Image:
    """Soft colours that drift, so that no two frames are the same."""
    width, height = size
    y, x = np.mgrid[0:height:8, 0:width:8].astype(np.float32)
    waves = [np.sin(x / (90 + 20 * n) + y / (140 - 20 * n) + t * (1 + n / 3)) for n in range(3)]
    colours = np.stack([110 + 60 * wave for wave in waves], axis=-1).astype(np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BILINEAR)


def write(
    picture: Image.Image, text: str, *, top: int, size: int, name: str = FONTS[0], colour: str = "white"
) -> None:
    """Text with an outline, as on short videos, in the middle of its line."""
    pen, letters = ImageDraw.Draw(picture), font(name, size)
    left = (picture.width - pen.textlength(text, font=letters)) / 2
    pen.text(
        (left, top), text, font=letters, fill=colour, stroke_width=max(1, size // 14), stroke_fill="black"
    )


def make_film(
    path: Path,
    draw: Callable[[float], Image.Image] | None,
    *,
    seconds: float,
    fps: int = 10,
    sound: np.ndarray | None = None,
    moments: Iterable[float] | None = None,
    rotation: int = 0,
    is_index_first: bool = False,
    **options: str,
) -> Path:
    """A film of the frames that ``draw(t)`` gives, at a steady rate or at the moments; mono sound, 16 kHz."""
    with av.open(str(path), "w", options={"movflags": "faststart"} if is_index_first else {}) as container:
        video = audio = None
        if draw is not None:
            first = draw(0.0)
            video = container.add_stream("libx264", rate=fps)
            video.width, video.height, video.pix_fmt = first.width, first.height, "yuv420p"
            video.options = {"preset": "veryfast", **options}
            video.time_base = video.codec_context.time_base = _milliseconds()
        if sound is not None:
            audio = container.add_stream("aac", rate=RATE, layout="mono")
        if draw is not None and video is not None:
            for t in moments or np.arange(0, seconds, 1 / fps):
                frame = av.VideoFrame.from_image(draw(float(t)))
                frame.pts, frame.time_base = round(float(t) * 1000), _milliseconds()
                container.mux(video.encode(frame))
            container.mux(video.encode())
        if sound is not None and audio is not None:
            for start in range(0, len(sound), 1024):
                part = np.ascontiguousarray(sound[None, start : start + 1024], dtype=np.float32)
                frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
                frame.sample_rate, frame.pts = RATE, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def _milliseconds() -> object:
    from fractions import Fraction

    return Fraction(1, 1000)


def speech_of(*files: Path) -> np.ndarray:
    """The files' sound one after the other, half a second apart."""
    pause = np.zeros(RATE // 2, dtype=np.float32)
    return np.concatenate([part for file in files for part in (decode_audio(str(file)), pause)])
