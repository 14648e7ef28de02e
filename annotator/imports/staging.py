"""Files that wait between the preview of an import and the import itself."""

import uuid
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from django.core import signing
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.imports.tables import SUFFIXES

FOLDER = "staged-labels"
KEPT = timedelta(days=1)
SALT = "annotator.imports.staging"


class StagedFileError(RefusedError):
    """A staged file that is not there any more, or never was this person's."""


def stage(upload: UploadedFile, *, owner: str, settings: dict[str, Any]) -> str:
    """Keep an upload for a day; a signed token that only its owner can use."""
    _sweep()
    name = PurePosixPath(upload.name or "").name[:200]
    suffix = PurePosixPath(name).suffix.lower()
    stored = default_storage.save(
        f"{FOLDER}/{uuid.uuid4().hex}{suffix if suffix in SUFFIXES else ''}", upload
    )
    return signing.dumps({"owner": owner, "stored": stored, "name": name, "settings": settings}, salt=SALT)


def staged(token: str, *, owner: str) -> tuple[BinaryIO, str, dict[str, Any]]:
    """The file opened, its own name, and the settings it was staged with."""
    told = _told(token, owner=owner)
    try:
        file = cast(BinaryIO, default_storage.open(told["stored"]))
        return file, told["name"], told["settings"]
    except OSError as error:
        raise _gone() from error


def discard(token: str, *, owner: str) -> None:
    """Delete the file."""
    default_storage.delete(_told(token, owner=owner)["stored"])


def _told(token: str, *, owner: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature as error:
        raise _gone() from error
    if told["owner"] != owner:
        raise _gone()
    return told


def _gone() -> StagedFileError:
    return StagedFileError(_("The file is no longer kept. Choose it again."))


def _sweep() -> None:
    """Delete what nobody came back for."""
    try:
        _folders, names = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    oldest = timezone.now() - KEPT
    for name in names:
        path = f"{FOLDER}/{name}"
        try:
            if default_storage.get_modified_time(path) < oldest:
                default_storage.delete(path)
        except OSError:
            continue  # somebody else has just deleted it
