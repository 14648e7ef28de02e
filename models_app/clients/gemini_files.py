"""Clips too large to go with a request: uploaded once each, kept while the client lives, then deleted."""

import contextlib
import io
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from google import genai
from google.genai import types

from models_app.clients.base import Clip, DownError, ProviderError, RefusedRequestError, StaleError
from models_app.clients.deadlines import within
from models_app.clients.gemini_errors import short, told_in_our_words
from models_app.clients.gemini_requests import http_options, unreadable

MOST_KEPT = 64  # files that stay uploaded for the next question about them
SPARE = timedelta(minutes=15)  # a file that is about to expire (after 48 hours) is sent anew
SECONDS_TO_DELETE = 10.0  # a file
SECONDS_TO_CLOSE = 20.0  # all of them: a worker that is to stop does not wait for a provider that is down


class Clock:
    """What is left of a request's time, over all that it takes."""

    def __init__(self, timeout: float) -> None:
        self._end = time.monotonic() + timeout

    def left(self) -> float:
        """Seconds; DownError if there are none."""
        if (left := self._end - time.monotonic()) <= 0:
            raise DownError("timeout", "Gemini was not done with the request in time.")
        return left


@dataclass
class _Kept:
    """One clip at the provider."""

    lock: threading.Lock = field(default_factory=threading.Lock)  # of whoever uploads or waits for it
    file: types.File | None = None
    users: int = 0


class Uploads:
    """The files of one client; safe for many threads."""

    def __init__(
        self, sdk: genai.Client, *, base_url: str, poll_seconds: float, most_kept: int = MOST_KEPT
    ) -> None:
        self._sdk = sdk
        self._base_url = base_url
        self._poll_seconds = poll_seconds
        self._most_kept = most_kept
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # by hash; the one used last at the end

    @contextmanager
    def lent(self, clip: Clip, clock: Clock) -> Iterator[types.File]:
        """The clip's file, ready to be named in a request; several threads share one upload."""
        with self._lock:
            kept = self._kept.setdefault(clip.sha256, _Kept())
            self._kept.move_to_end(clip.sha256)
            kept.users += 1
        try:
            yield self._ready(kept, clip, clock)
        finally:
            with self._lock:
                kept.users -= 1
                spare = self._take_spare()
            for file in spare:
                self.delete(file)

    def forget(self, names: set[str]) -> None:
        """The provider knows these files no more: the next question sends them anew."""
        with self._lock:
            for kept in self._kept.values():
                if kept.file is not None and kept.file.name in names:
                    kept.file = None

    def upload(self, source: io.IOBase, *, mime_type: str, label: str | None, clock: Clock) -> types.File:
        """Send a file, without its name on this machine."""
        options = http_options(clock.left())
        options.base_url = self._base_url or None  # else the SDK sends the bytes past it, to Google
        with told_in_our_words(), within(clock.left()):  # the SDK gives the whole time to each chunk
            return self._sdk.files.upload(
                file=source,
                config=types.UploadFileConfig(mime_type=mime_type, display_name=label, http_options=options),
            )

    def upload_clip(self, clip: Clip, *, label: str | None, clock: Clock) -> types.File:
        """Send a clip; it may have to be waited for."""
        try:
            with clip.path.open("rb") as source:
                return self.upload(source, mime_type=clip.mime_type, label=label, clock=clock)
        except OSError as error:
            raise unreadable(error) from None

    def wait_for(self, file: types.File, clock: Clock) -> types.File:
        """The file once it may be used; RefusedRequestError if the provider cannot read it."""
        pause = self._poll_seconds
        while file.state is types.FileState.PROCESSING:
            time.sleep(min(pause, clock.left()))
            pause = min(pause * 1.5, 10 * self._poll_seconds)
            with told_in_our_words(files=True):
                file = self._sdk.files.get(
                    name=file.name or "",
                    config=types.GetFileConfig(http_options=http_options(clock.left())),
                )
        if file.state is types.FileState.FAILED:
            self.delete(file)
            why = f": {short(file.error.message)}" if file.error and file.error.message else "."
            raise RefusedRequestError("bad-file", f"Gemini could not read the video{why}")
        return file

    def delete(self, file: types.File, *, timeout: float = SECONDS_TO_DELETE) -> None:
        """Take a file away from the provider; if that fails, it expires by itself within two days."""
        with contextlib.suppress(ProviderError), told_in_our_words():
            self._sdk.files.delete(
                name=file.name or "", config=types.DeleteFileConfig(http_options=http_options(timeout))
            )

    def close(self) -> None:
        """Take all files away."""
        with self._lock:
            files = [kept.file for kept in self._kept.values() if kept.file is not None]
            self._kept.clear()
        clock = Clock(SECONDS_TO_CLOSE)
        with contextlib.suppress(DownError):
            for file in files:
                self.delete(file, timeout=min(SECONDS_TO_DELETE, clock.left()))

    def _ready(self, kept: _Kept, clip: Clip, clock: Clock) -> types.File:
        if not kept.lock.acquire(timeout=clock.left()):
            raise DownError("timeout", "The video was not uploaded to Gemini in time.")
        try:
            if kept.file is None or is_spent(kept.file):
                kept.file = self.upload_clip(clip, label=None, clock=clock)
            try:
                kept.file = self.wait_for(kept.file, clock)
            except (StaleError, RefusedRequestError):
                kept.file = None  # after any other error it is still there, and may be waited for again
                raise
            return kept.file
        finally:
            kept.lock.release()

    def _take_spare(self) -> list[types.File]:
        """Files above the bound that nobody uses, those used longest ago first; no longer kept."""
        spare: list[types.File] = []
        for sha256, kept in list(self._kept.items()):
            if len(self._kept) <= self._most_kept:
                break
            if kept.users == 0:
                del self._kept[sha256]
                if kept.file is not None:
                    spare.append(kept.file)
        return spare


def is_spent(file: types.File) -> bool:
    """Whether it has expired, or is about to."""
    return file.expiration_time is not None and file.expiration_time - SPARE <= datetime.now(UTC)
