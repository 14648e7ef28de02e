"""Where media lie: private, named by their SHA-256, never half written.

A file is first copied to a staging place, hashed on the way, looked into there, and only then given its
name. ``local_path`` hands a pipeline a path, whatever the storage is.
"""

import errno
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from annotator.media.errors import MediaError, StorageError
from annotator.models import Video

CHUNK = 1024**2
STAGING = "staging"


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy of a file that has no name yet."""

    path: Path
    sha256: str
    size: int  # bytes


@contextmanager
def staged(source: Path | BinaryIO) -> Iterator[Staged]:
    """Copy a file beside the media, hashing it on the way; the copy goes when the block ends."""
    path = _staging_folder() / uuid.uuid4().hex
    try:
        with explaining():
            if isinstance(source, Path):
                with source.open("rb") as file:
                    copy = _copy(file, path)
            else:
                copy = _copy(source, path)
        yield copy
    finally:
        path.unlink(missing_ok=True)


def _copy(source: BinaryIO, path: Path) -> Staged:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as target:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > settings.MAX_VIDEO_BYTES:
                raise MediaError(
                    _("the file is larger than the limit of %(n)s MB (AXIAL_MAX_VIDEO_MB).")
                    % {"n": settings.MAX_VIDEO_BYTES // 1024**2}
                )
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return Staged(path=path, sha256=digest.hexdigest(), size=size)


def name_of(sha256: str, suffix: str) -> str:
    """The name under which content is kept: ``ab/cd/abcd….mp4``."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{suffix}"


def keep(name: str, content: Path | bytes) -> bool:
    """Give content its name, all at once or not at all; False if it was there already."""
    with explaining():
        if default_storage.exists(name):
            return False
        if not _is_local():
            with content.open("rb") if isinstance(content, Path) else ContentFile(content) as file:
                default_storage.save(name, file if isinstance(file, ContentFile) else File(file))
            return True
        target = Path(default_storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            content.replace(target)
            return True
        part = _staging_folder() / uuid.uuid4().hex
        try:
            part.write_bytes(content)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return True


def discard_unused(names: Iterable[str]) -> list[str]:
    """Delete files that no video of any study refers to; which were deleted."""
    gone = []
    for name in dict.fromkeys(name for name in names if name):
        if Video.objects.filter(media=name).exists() or Video.objects.filter(thumbnail=name).exists():
            continue
        if default_storage.exists(name):
            default_storage.delete(name)
            gone.append(name)
    return gone


@contextmanager
def local_path(video: Video) -> Iterator[Path]:
    """A path at which the video's media can be read while the block runs; MediaError if there is none."""
    name = video.media.name
    if not name:
        raise MediaError(_("the study holds no copy of video %(video)s.") % {"video": video})
    if _is_local():
        path = Path(default_storage.path(name))
        if not path.is_file():
            raise MediaError(_("the media of video %(video)s are missing on disk.") % {"video": video})
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="axial-") as folder:
        path = Path(folder) / Path(name).name
        with default_storage.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, CHUNK)
        yield path


@contextmanager
def explaining() -> Iterator[None]:
    """Failures of the disk in words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(_("the disk is full; nothing of this file was kept.")) from error
        raise StorageError(
            _("the file could not be read or stored (%(why)s); nothing of it was kept.")
            % {"why": error.strerror or type(error).__name__}
        ) from error


def _is_local() -> bool:
    try:
        default_storage.path("x")
    except NotImplementedError:
        return False
    return True


def _staging_folder() -> Path:
    """On the disk of the media, so that renaming is atomic; files of a killed process go after a day."""
    with explaining():
        if not _is_local():
            return Path(tempfile.gettempdir())
        folder = Path(default_storage.path(STAGING))
        folder.mkdir(parents=True, exist_ok=True)
        return folder
