"""What clients take, give and raise: plain and frozen, so that pipelines and tests need no provider.

A client makes one attempt at one request. Waiting, trying again, limits, the cache and the bill are the
engine's (models_app.engine): a client's own retries are switched off.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


class ClientName(enum.StrEnum):
    """What `--set client=` calls them."""

    GEMINI = "gemini"
    OPENAI = "openai"  # any server that speaks its protocol: OpenAI, vLLM, Ollama, llama.cpp
    TRANSFORMERS = "transformers"  # in the worker itself


TAKES_CLIPS = frozenset({ClientName.GEMINI})  # the others are sent frames and what is said


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a message."""

    text: str


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole video, with its sound: for clients that take videos."""

    path: Path
    sha256: str  # of the file
    mime_type: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame of a video as JPEG: for clients that take pictures, not videos."""

    jpeg: bytes
    seconds: float


Part = Text | Clip | Picture


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer that could not be read, and what is said to get a better one."""

    answer: str
    reply: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model."""

    model: str
    system: str  # the instruction: the same for every item of a run
    parts: tuple[Part, ...]  # the message: what is to be judged
    turns: tuple[Turn, ...] = ()  # what was said since, oldest first
    schema: Mapping[str, Any] | None = None  # JSON Schema of the answer; None: free text
    temperature: float | None = None  # None: the provider's own
    seed: int | None = None
    max_output_tokens: int = 8192


class Finish(enum.StrEnum):
    """Why the model stopped."""

    WHOLE = "whole"
    CUT = "cut"  # at max_output_tokens
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counted them; None where it did not say."""

    input: int | None = None  # of the whole request, those from a provider's own cache included
    output: int | None = None  # thoughts included: they are billed alike
    cached: int | None = None  # of the input, those that came from the provider's own cache


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said."""

    text: str
    finish: Finish = Finish.WHOLE
    usage: Usage = field(default_factory=Usage)
    model: str = ""  # as the provider names what answered; empty: not said


class ProviderError(Exception):
    """A request that got no answer. The message is for a researcher and never holds a key.

    code: what failures are grouped by. is_passing: whether the same request may succeed later.
    is_down: whether it tells of the provider as a whole (counted by the circuit breaker).
    """

    is_passing = False
    is_down = False

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class LimitedError(ProviderError):
    """Too much was asked in too short a time (429)."""

    is_passing = True

    def __init__(self, message: str, *, after: float | None = None) -> None:
        self.after = after  # seconds that the provider asks us to wait; None: it did not say
        super().__init__("rate-limited", message)


class DownError(ProviderError):
    """No answer for now: 5xx, a cut connection, a time-out, an empty answer.

    usage: what has to be paid all the same, as for thoughts that came without an answer.
    """

    is_passing = True
    is_down = True

    def __init__(self, code: str, message: str, *, usage: Usage | None = None) -> None:
        self.usage = usage or Usage()
        super().__init__(code, message)


class StaleError(ProviderError):
    """Something sent before has gone (an uploaded file that expired); asked again, it is sent anew."""

    is_passing = True


class RefusedRequestError(ProviderError):
    """The provider will never take this request (400, 404, 413): a wrong model, too long a script."""


class DeniedError(ProviderError):
    """The key is missing, wrong or may not do this, or the account has no money left: ends every request.

    The run pauses and says why.
    """


class BlockedError(ProviderError):
    """A filter of the provider refused the question or held the answer back."""

    def __init__(self, reason: str, message: str, *, usage: Usage | None = None) -> None:
        self.reason = reason  # the provider's own word: SAFETY, PROHIBITED_CONTENT, content_filter, …
        self.usage = usage or Usage()
        super().__init__("blocked", message)


class Client(Protocol):
    """One provider, as a worker holds it: safe for many threads at once, made without any request."""

    name: ClientName

    def ask(self, request: Request, *, timeout: float) -> Reply:
        """One attempt; ProviderError where no answer came within ``timeout`` seconds."""
        ...

    def close(self) -> None:
        """Let go of connections and of what was uploaded."""
        ...


class BatchState(enum.StrEnum):
    """Where a job at the provider stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"  # as a whole: also expired or cancelled


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """A job at the provider; replies by the keys that the requests were given."""

    state: BatchState
    message: str = ""  # why it failed
    replies: Mapping[str, Reply | ProviderError] = field(default_factory=dict)


@runtime_checkable
class BatchClient(Protocol):
    """A client that also takes many requests at once, answers within a day, and charges less."""

    def submit(self, requests: Mapping[str, Request], *, label: str, timeout: float) -> str:
        """Hand requests in; the job's name at the provider. ``label`` is found again by ``find``."""
        ...

    def find(self, label: str, *, timeout: float) -> str | None:
        """The job handed in under this label, if there is one: whether a killed worker got that far."""
        ...

    def look(self, name: str, *, timeout: float) -> BatchStatus:
        """How far the job is; with all its replies once it is done."""
        ...

    def cancel(self, name: str, *, timeout: float) -> None:
        """Stop a job that nobody waits for any more; no error if it has ended."""
        ...
