"""Opening media files that nobody vouches for: what they hold, and what is wrong with them in words.

Playlists would make the library open files and addresses that they name, so only plain containers are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from models_app.pipelines.base import ItemError

DEMUXERS = "mov,matroska,webm,avi,flv,mpegts,mpeg,ogg,asf,wav,mp3,flac,aac"
MAX_PIXELS = 8192 * 4608


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says that it holds; ``seconds`` is None where it does not say."""

    has_picture: bool
    has_sound_track: bool
    seconds: float | None


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The container; ItemError if the file cannot be read. Closed again whatever happens."""
    try:
        if path.stat().st_size == 0:
            raise ItemError("empty_file", "The video file is empty.")
    except OSError as error:
        raise ItemError("missing_file", "The video file is not there, or may not be read.") from error
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file", "max_streams": "32"}
    try:
        container = av.open(str(path), metadata_errors="replace", container_options=options)
    except (av.FFmpegError, ValueError, RuntimeError, OverflowError, MemoryError, OSError) as error:
        said = "is cut off or damaged" if _begins_well(path) else "is damaged or not a video"
        raise ItemError("unreadable", f"The file cannot be read: it {said}.") from error
    with container:
        yield container


def _begins_well(path: Path) -> bool:
    """Whether it begins as MP4 files do, whose table of contents is often at the end."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def contents_of(path: Path) -> Contents:
    """What there is to see and to hear; ItemError if there is neither."""
    with opened(path) as container:
        picture, sound = picture_of(container), sound_of(container)
        if picture is None and sound is None:
            raise ItemError(
                "nothing_in_it", "The file holds neither a picture nor sound that can be decoded."
            )
        seconds = container.duration / av.time_base if container.duration else None
        return Contents(has_picture=picture is not None, has_sound_track=sound is not None, seconds=seconds)


def picture_of(container: Any) -> Any:
    """The stream of pictures that a player would show, or None; a cover picture is no video."""
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None
    ]
    best = container.streams.best("video")
    return best if best in videos else next(iter(videos), None)


def sound_of(container: Any) -> Any:
    """The sound track that a player would play, or None."""
    stream = container.streams.best("audio")
    return stream if stream is not None and stream.codec_context is not None else None


def starts_at(container: Any) -> float:
    """The time at which a player begins, in seconds of the file's own clock."""
    return container.start_time / av.time_base if container.start_time is not None else 0.0
