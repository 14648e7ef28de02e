"""Gemini by Google's own SDK: the Developer API, or Vertex AI. One attempt at one request; no retries."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from google import genai
from google.genai import types

from models_app.clients.base import (
    BatchStatus,
    ClientName,
    Clip,
    RefusedRequestError,
    Reply,
    Request,
    StaleError,
)
from models_app.clients.deadlines import PunctualClient
from models_app.clients.gemini_batch import Batches
from models_app.clients.gemini_errors import reply_of, told_in_our_words
from models_app.clients.gemini_files import Clock, Uploads
from models_app.clients.gemini_requests import (
    config_of,
    contents_of,
    http_options,
    inline,
    part_of_file,
    size_of,
    size_of_clip,
)
from models_app.clients.keys import Access, VertexAccess, gemini_access

INLINE_BYTES = 18_000_000  # of a whole request as it is sent; the API takes 20 MB


@dataclass(frozen=True)
class _Connection:
    """What a client holds from its first request on."""

    sdk: genai.Client
    http: httpx2.Client
    uploads: Uploads
    is_vertex: bool


class GeminiClient:
    """The client ``gemini``; asks nothing, and reads no key, before its first request."""

    name = ClientName.GEMINI

    def __init__(self, *, inline_bytes: int = INLINE_BYTES, poll_seconds: float = 1.0) -> None:
        self._inline_bytes = inline_bytes
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def ask(self, request: Request, *, timeout: float) -> Reply:
        """One attempt; ProviderError where no answer came within ``timeout`` seconds."""
        connection, clock = self._connected(), Clock(timeout)  # making the SDK takes a while, once
        with self._sent(connection, request, clock) as (contents, files):
            config = config_of(request, timeout=clock.left())
            try:
                with told_in_our_words(files=bool(files)):
                    response = connection.sdk.models.generate_content(
                        model=request.model, contents=list(contents), config=config
                    )
                    return reply_of(json.loads(_body(response)))
            except StaleError:
                connection.uploads.forget(files)
                raise

    def count_tokens(self, request: Request, *, timeout: float) -> int:
        """How many tokens the request's prompt and message have, as the provider counts them."""
        connection, clock = self._connected(), Clock(timeout)
        with (
            self._sent(connection, request, clock) as (contents, files),
            told_in_our_words(files=bool(files)),
        ):
            # The Developer API counts contents alone, so the instruction is counted as one of them.
            system = types.Content(role="user", parts=[types.Part(text=request.system)])
            counted = connection.sdk.models.count_tokens(
                model=request.model,
                contents=[system, *contents] if request.system else list(contents),
                config=types.CountTokensConfig(http_options=http_options(clock.left())),
            )
        return counted.total_tokens or 0

    def submit(self, requests: Mapping[str, Request], *, label: str, timeout: float) -> str:
        """Hand requests in; the job's name. ``timeout`` holds for each file that is sent, not for all."""
        return self._batches().submit(requests, label=label, timeout=timeout)

    def find(self, label: str, *, timeout: float) -> str | None:
        """The job handed in under this label, if there is one."""
        return self._batches().find(label, timeout=timeout)

    def look(self, name: str, *, timeout: float) -> BatchStatus:
        """How far the job is; with all its replies once it is done."""
        return self._batches().look(name, timeout=timeout)

    def cancel(self, name: str, *, timeout: float) -> None:
        """Stop a job that nobody waits for any more; no error if it has ended."""
        self._batches().cancel(name, timeout=timeout)

    def close(self) -> None:
        """Delete what was uploaded for single requests, and let go of connections; may be asked again."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.uploads.close()
            connection.sdk.close()
            connection.http.close()

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _connect(gemini_access(), poll_seconds=self._poll_seconds)
            return self._connection

    def _batches(self) -> Batches:
        connection = self._connected()
        if connection.is_vertex:
            raise RefusedRequestError(
                "no-batch", "Batch delivery is offered with a key of the Gemini API, not with Vertex AI."
            )
        return Batches(connection.sdk, connection.uploads)

    @contextmanager
    def _sent(
        self, connection: _Connection, request: Request, clock: Clock
    ) -> Iterator[tuple[list[types.Content], set[str]]]:
        """The request's contents and the names of the files in it: clips go along, or are uploaded."""
        clips = {part.sha256: part for part in request.parts if isinstance(part, Clip)}
        with ExitStack() as stack:
            media, files = {}, set()
            if size_of(request) <= self._inline_bytes:
                media = {sha256: inline(clip) for sha256, clip in clips.items()}
            elif connection.is_vertex:
                raise _too_large_for_vertex(clips)
            else:
                for sha256, clip in clips.items():
                    file = stack.enter_context(connection.uploads.lent(clip, clock))
                    media[sha256] = part_of_file(file, clip)
                    files.add(file.name or "")
            yield contents_of(request, media), files


def _connect(access: Access | VertexAccess, *, poll_seconds: float) -> _Connection:
    """The SDK, made without a request."""
    http = PunctualClient()
    options: dict[str, Any] = {"httpx_client": http, "retry_options": types.HttpRetryOptions(attempts=1)}
    if access.base_url:
        options["base_url"] = access.base_url
    is_vertex = isinstance(access, VertexAccess)
    with told_in_our_words():
        if isinstance(access, VertexAccess):
            sdk = genai.Client(
                vertexai=True,
                project=access.project,
                location=access.location,
                http_options=types.HttpOptions(**options),
            )
        else:
            sdk = genai.Client(vertexai=False, api_key=access.key, http_options=types.HttpOptions(**options))
    uploads = Uploads(sdk, base_url=access.base_url, poll_seconds=poll_seconds)
    return _Connection(sdk, http, uploads, is_vertex)


def _body(response: types.GenerateContentResponse) -> str:
    """What came, as it came."""
    raw = response.sdk_http_response
    return (raw.body if raw else None) or ""


def _too_large_for_vertex(clips: Mapping[str, Clip]) -> RefusedRequestError:
    megabytes = sum(size_of_clip(clip) for clip in clips.values()) / 1e6
    return RefusedRequestError(
        "too-large",
        f"The video has {megabytes:.1f} MB; Vertex AI takes up to about {INLINE_BYTES * 3 / 4e6:.0f} MB with"
        " a request. Use a key of the Gemini API, or a smaller file.",
    )
