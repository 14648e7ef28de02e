"""Small media files for tests, made here: nothing of them is downloaded."""

from pathlib import Path

import av
import numpy as np

RATE = 44_100
FPS = 12


def make_clip(
    path: Path,
    *,
    seconds: float = 2,
    size: tuple[int, int] = (144, 256),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    colour: tuple[int, int, int] = (40, 120, 200),
    black_seconds: float = 0,
    sound: float | None = 0.3,
    antiphase: bool = False,
    audio_codec: str = "aac",
    only_sound: bool = False,
    **options: str,
) -> Path:
    """A clip of one colour with a tone of the given amplitude (0: a silent track, None: no track)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options) as container:
        video = None
        if not only_sound:
            video = container.add_stream(codec, rate=FPS)
            video.width, video.height = size
            video.pix_fmt = pixels
        audio = None
        if sound is not None:
            audio = container.add_stream(audio_codec, rate=RATE, layout="stereo")
        if video:
            for number in range(round(seconds * FPS)):
                shown = (0, 0, 0) if number < black_seconds * FPS else colour
                picture = np.full((size[1], size[0], 3), shown, dtype=np.uint8)
                picture[: size[1] // 4, : size[0] // 4] = 255 if any(shown) else 0
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(video.encode())
        if audio:
            wave = np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE) * sound
            both = np.stack([wave, -wave if antiphase else wave]).astype(np.float32)
            for start in range(0, both.shape[1], 1024):
                part = np.ascontiguousarray(both[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
                frame.sample_rate, frame.pts = RATE, start
                container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path
