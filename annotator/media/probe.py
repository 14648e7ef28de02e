"""What is in a video file: length, size, sound, a picture of it, and whether browsers play it.

The file is hostile until shown otherwise: demuxers that open other files are off, frames and time are
bounded, and every failure becomes a ``MediaError`` with a sentence for people.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from django.utils.translation import gettext as _

from annotator.media.errors import MediaError
from annotator.media.kinds import HEAD, what_else
from annotator.media.sound import Listener
from annotator.media.thumbnails import thumbnail_of

# Playlists (hls, concat, dash) would make the library open addresses and files that they name.
DEMUXERS = "mov,matroska,webm,avi,flv,mpegts,mpeg,ogg,asf"
MAX_PIXELS = 8192 * 4608
MAX_SECONDS = 4 * 3600
LISTEN_SECONDS = 15 * 60  # longer silence than this leaves the sound unknown, not absent
PROBE_SECONDS = 90.0

# By container: suffix, content type
KINDS = {
    "mp4": ("mp4", "video/mp4"),
    "mov": ("mov", "video/quicktime"),
    "webm": ("webm", "video/webm"),
    "matroska": ("mkv", "video/x-matroska"),
    "avi": ("avi", "video/x-msvideo"),
    "flv": ("flv", "video/x-flv"),
    "mpegts": ("ts", "video/mp2t"),
    "mpeg": ("mpg", "video/mpeg"),
    "ogg": ("ogv", "video/ogg"),
    "asf": ("wmv", "video/x-ms-wmv"),
}
PLAYABLE = {
    "mp4": ({"h264", "av1", "vp9"}, {"aac", "mp3", "opus", "flac"}),
    "mov": ({"h264"}, {"aac", "mp3"}),
    "webm": ({"vp8", "vp9", "av1"}, {"vorbis", "opus"}),
}
PLAYABLE_PIXELS = {"yuv420p", "yuvj420p", "nv12"}


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a video file holds. ``has_sound`` is None where it could not be told."""

    suffix: str
    content_type: str
    duration_ms: int
    width: int  # as shown: turned and with square pixels
    height: int
    has_audio_stream: bool
    has_sound: bool | None
    video_codec: str
    audio_codec: str
    thumbnail: bytes  # WebP; empty if no frame could be drawn
    warnings: tuple[str, ...] = ()


class Clock:
    """Ends a probe that takes too long."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def check(self) -> None:
        """Raise if the time is over."""
        if time.monotonic() > self.until:
            raise MediaError(_("reading the file takes too long; it may be damaged."))


def probe(path: Path) -> MediaInfo:
    """Look into a video file, or raise MediaError."""
    with path.open("rb") as file:
        if problem := what_else(file.read(HEAD)):
            raise MediaError(problem)
    clock = Clock(PROBE_SECONDS)
    with opened(path) as container:
        video, audio = _streams(container)
        suffix, content_type = _kind(container)
        read = _read_through(container, video, audio, clock=clock)
    seconds = _duration(container=read.declared, read_to=read.end)
    with opened(path) as container:
        video, _audio = _streams(container)
        picture = thumbnail_of(container, video, seconds=seconds, tick=clock.check, max_pixels=MAX_PIXELS)
    return MediaInfo(
        suffix=suffix,
        content_type=content_type,
        duration_ms=round(seconds * 1000),
        width=picture.width,
        height=picture.height,
        has_audio_stream=audio is not None,
        has_sound=read.has_sound,
        video_codec=read.video_codec,
        audio_codec=read.audio_codec,
        thumbnail=picture.webp,
        warnings=_warnings(read, suffix=suffix),
    )


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The container, with its errors in words."""
    try:
        options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file", "max_streams": "32"}
        with av.open(str(path), metadata_errors="replace", container_options=options) as container:
            yield container
    except MediaError:
        raise
    except av.FFmpegError as error:
        raise MediaError(_explain(error)) from error
    except (ValueError, RuntimeError, OverflowError, MemoryError, OSError) as error:
        raise MediaError(_("the file cannot be read as a video; it may be damaged.")) from error


def _explain(error: Exception) -> str:
    said = str(error).lower()
    if "moov atom" in said or isinstance(error, av.error.EOFError):
        return _("the video is cut off: its table of contents is missing.")
    return _("the file cannot be read as a video; it may be damaged or cut off.")


def _streams(container: Any) -> tuple[Any, Any]:
    """The picture and the sound that a player would choose; a cover picture is no video."""
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    audio = container.streams.best("audio")
    if not videos:
        if audio is not None:
            raise MediaError(_("there is sound but no picture: this is not a video."))
        raise MediaError(_("there is no picture in this file: this is not a video."))
    video = container.streams.best("video")
    video = video if video in videos else videos[0]
    context = video.codec_context
    if context is None:
        raise MediaError(_("the picture is in a format that is not known here."))
    if context.width * context.height > MAX_PIXELS:
        raise MediaError(
            _("the picture is too large: %(width)s × %(height)s.")
            % {"width": context.width, "height": context.height}
        )
    return video, audio


def _kind(container: Any) -> tuple[str, str]:
    names = container.format.name.split(",")
    if "mov" in names:
        brand = container.metadata.get("major_brand", "")
        return KINDS["mov" if brand.startswith("qt") else "mp4"]
    if "matroska" in names:
        with Path(container.name).open("rb") as file:
            return KINDS["webm" if b"webm" in file.read(64) else "matroska"]
    return KINDS.get(names[0], ("bin", "application/octet-stream"))


@dataclass(slots=True)
class _Read:
    """What one pass over the packets told."""

    declared: float | None
    end: float
    has_sound: bool | None
    video_codec: str
    audio_codec: str
    pixels: str
    is_sound_broken: bool = False


def _read_through(container: Any, video: Any, audio: Any, *, clock: Clock) -> _Read:
    """Read every packet once; decode the sound until something is heard."""
    listener, n_broken, end = Listener(), 0, 0.0
    declared = container.duration / av.time_base if container.duration else None
    try:
        for packet in container.demux([stream for stream in (video, audio) if stream is not None]):
            clock.check()
            if packet.pts is not None and packet.time_base:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream is not audio or listener.has_heard or listener.seconds > LISTEN_SECONDS:
                continue
            try:
                for frame in packet.decode():
                    listener.listen(frame.to_ndarray(), n_samples=frame.samples, rate=frame.sample_rate)
            except (av.FFmpegError, ValueError):
                n_broken += 1
    except av.FFmpegError:
        pass  # packets end here: whether that is the end is told by the declared length
    return _Read(
        declared=declared,
        end=end,
        has_sound=_has_sound(listener, audio, is_broken=n_broken > 2),
        video_codec=video.codec_context.codec.canonical_name,
        audio_codec=audio.codec_context.codec.canonical_name if audio and audio.codec_context else "",
        pixels=video.codec_context.pix_fmt or "",
        is_sound_broken=n_broken > 2,
    )


def _has_sound(listener: Listener, audio: Any, *, is_broken: bool) -> bool | None:
    if listener.has_heard:
        return True
    if audio is None:
        return False
    if is_broken or listener.seconds > LISTEN_SECONDS or audio.codec_context is None:
        return None
    return False


def _duration(*, container: float | None, read_to: float) -> float:
    """Seconds; a file that declares more than it holds is cut off."""
    if read_to <= 0:
        raise MediaError(_("the video holds no picture: it is damaged or cut off."))
    if container and container - read_to > max(1.0, 0.1 * container):
        raise MediaError(
            _("the video is cut off: it says %(said).1f s and holds %(held).1f s.")
            % {"said": container, "held": read_to}
        )
    seconds = container or read_to
    if seconds > MAX_SECONDS:
        raise MediaError(_("the video is longer than %(n)s hours.") % {"n": MAX_SECONDS // 3600})
    return seconds


def _warnings(read: _Read, *, suffix: str) -> tuple[str, ...]:
    found = []
    videos, audios = PLAYABLE.get(suffix, (set(), set()))
    codecs = " + ".join(codec for codec in (read.video_codec, read.audio_codec) if codec)
    if (
        read.video_codec not in videos
        or (read.audio_codec and read.audio_codec not in audios)
        or read.pixels not in PLAYABLE_PIXELS
    ):
        found.append(
            _(
                "browsers may not play it (%(codecs)s, %(pixels)s, .%(suffix)s): convert it to H.264 and AAC"
                " in .mp4 (docs/importing-videos.md)"
            )
            % {"codecs": codecs, "pixels": read.pixels, "suffix": suffix}
        )
    if read.is_sound_broken:
        found.append(_("parts of the sound are damaged"))
    return tuple(found)
