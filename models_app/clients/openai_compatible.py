"""Any server that speaks OpenAI's chat completions: OpenAI itself, vLLM, Ollama, llama.cpp.

They differ in what they take. What a server refuses is left out and asked again within the same attempt,
and remembered for as long as the client lives.
"""

import base64
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from models_app.clients.base import (
    ClientName,
    Clip,
    DeniedError,
    DownError,
    Part,
    Picture,
    Reply,
    Request,
    Text,
)
from models_app.clients.deadlines import PunctualClient
from models_app.clients.keys import Access, openai_access
from models_app.clients.openai_errors import error_of_status, late, reply_of, told_in_our_words
from models_app.clients.openai_manners import Form, Manners, Memory

OWN_ADDRESS = "https://api.openai.com/v1"
NO_KEY = "none"  # servers on one's own machine want none, the SDK wants something
LARGEST_SEED = 2**31 - 1  # llama.cpp takes 32 bits


@dataclass(frozen=True, slots=True)
class _Connection:
    """The SDK, and what is known of who is behind it."""

    sdk: openai.OpenAI
    memory: Memory


class OpenAiCompatible:
    """The client; keys are read and the SDK is made with the first question."""

    name = ClientName.OPENAI

    def __init__(self) -> None:
        self._connection: _Connection | None = None
        self._lock = threading.Lock()

    def ask(self, request: Request, *, timeout: float) -> Reply:
        """One attempt; what the server does not know is left out meanwhile, within the same time."""
        until = time.monotonic() + timeout
        connection = self._connected()
        while True:
            manners = connection.memory.of(request)
            try:
                with told_in_our_words(timeout=timeout):
                    answer = _posted(connection.sdk, body_of(request, manners), until=until)
                return reply_of(_read(answer))
            except openai.APIStatusError as error:
                if not connection.memory.learn(request, manners, error):
                    raise error_of_status(error, request) from None
            if time.monotonic() >= until:
                raise late(timeout)

    def close(self) -> None:
        """Let go of the connections; another question would open new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.sdk.close()

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                access = openai_access()
                self._connection = _Connection(_sdk(access), Memory(is_openai=not access.base_url))
            return self._connection


def body_of(request: Request, manners: Manners) -> dict[str, Any]:
    """The question as the server takes it."""
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request, manners)}
    limit = "max_tokens" if manners.takes("max_tokens") else "max_completion_tokens"
    body[limit] = request.max_output_tokens
    if request.temperature is not None and manners.takes("temperature"):
        body["temperature"] = request.temperature
    if request.seed is not None and manners.takes("seed"):
        body["seed"] = request.seed % LARGEST_SEED
    match manners.form:
        case Form.STRICT | Form.SCHEMA if request.schema is not None:
            schema: dict[str, Any] = {"name": "answer", "schema": dict(request.schema)}
            if manners.form is Form.STRICT:
                schema["strict"] = True
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        case Form.OBJECT:
            body["response_format"] = {"type": "json_object"}
        case _:
            pass
    return body


def _messages(request: Request, manners: Manners) -> list[dict[str, Any]]:
    """The instruction, the message, and what was said since."""
    parts, messages = request.parts, list[dict[str, Any]]()
    if request.system and manners.takes("system"):
        messages.append({"role": "system", "content": request.system})
    elif request.system:
        parts = (Text(request.system), *parts)
    messages.append({"role": "user", "content": _content(parts)})
    for turn in request.turns:
        messages.append({"role": "assistant", "content": turn.answer})
        messages.append({"role": "user", "content": turn.reply})
    return messages


def _content(parts: Sequence[Part]) -> str | list[dict[str, Any]]:
    """Plain text where there is no picture: models of text alone often take nothing else."""
    if all(isinstance(part, Text) for part in parts):
        return "\n\n".join(part.text for part in parts if isinstance(part, Text))
    return [_block(part) for part in parts]


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Picture(jpeg):
            address = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
            return {"type": "image_url", "image_url": {"url": address}}
        case Clip():
            raise TypeError("a clip is never sent to such servers: its frames are")


def _posted(sdk: openai.OpenAI, body: Mapping[str, Any], *, until: float) -> bytes:
    """The answer's body, as it came: the SDK knows fewer answers than there are."""
    left = max(until - time.monotonic(), 0.001)
    return sdk.chat.completions.with_raw_response.create(**body, timeout=left).content


def _read(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        raise DownError("garbled", "The server's answer was cut short, or is no answer of a model.") from None


def _sdk(access: Access) -> openai.OpenAI:
    """The SDK, made without a request; trying again is the engine's."""
    try:
        return openai.OpenAI(
            api_key=access.key or NO_KEY,
            base_url=access.base_url or OWN_ADDRESS,
            max_retries=0,
            http_client=PunctualClient(),
        )
    except (httpx2.InvalidURL, ValueError):
        raise DeniedError(
            "bad-address", "OPENAI_BASE_URL is no address, as in http://localhost:8000/v1."
        ) from None
