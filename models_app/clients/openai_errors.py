"""What answers and errors of OpenAI's protocol mean, in our own words, and without any key."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import openai

from models_app.clients.base import (
    BlockedError,
    DeniedError,
    DownError,
    Finish,
    LimitedError,
    Picture,
    ProviderError,
    RefusedRequestError,
    Reply,
    Request,
    Usage,
)
from models_app.clients.counts import usage_of
from models_app.clients.keys import redact
from models_app.clients.waits import bounded, told_by_header

LONGEST_TOLD = 500  # characters of a server's message that are handed on

_WHOLE = frozenset({"stop", "eos", "eos_token", "stop_sequence"})
_CUT = frozenset({"length", "max_tokens"})
_USED_UP = re.compile(
    r"(?i)insufficient.quota|exceeded your current quota|billing|credit balance|insufficient.balance"
)
_NEVER_FITS = re.compile(r"(?i)request too large")  # for a minute's limit of tokens: waiting does not help
_BLOCKING = re.compile(
    r"(?i)content_filter|content_policy_violation|ResponsibleAIPolicyViolation|\binvalid_prompt\b"
)
_FLAGGED = re.compile(r"(?i)flagged|content management policy|usage policy")
_TOO_LONG = re.compile(
    r"(?i)context_length_exceeded|exceed_context_size|maximum context length|context (?:window|size|length)"
    r"|string_above_max_length|prompt is too long|too many tokens"
)
_PICTURES = re.compile(r"(?i)\bimages?\b|image_url|multimodal|vision")


@contextmanager
def told_in_our_words(*, timeout: float) -> Iterator[None]:
    """Raise what the SDK raises as a ProviderError, but for answers with a status: those may teach."""
    try:
        yield
    except openai.APIStatusError:
        raise
    except (openai.APITimeoutError, httpx2.TimeoutException):
        raise late(timeout) from None  # the chain would carry the server's own words along
    except openai.APIConnectionError as error:
        raise _unconnected(error.__cause__ or error) from None
    except httpx2.HTTPError as error:
        raise _unconnected(error) from None
    except (openai.OpenAIError, UnicodeError) as error:
        raise RefusedRequestError("bad-request", f"The server cannot be asked this: {short(error)}") from None


def late(timeout: float) -> DownError:
    """No answer in time."""
    return DownError("timeout", f"The server did not answer within {timeout:g} seconds.")


def reply_of(answer: Any) -> Reply:
    """The answer; BlockedError if a filter held it back, DownError if there is none."""
    answer = answer if isinstance(answer, Mapping) else {}
    usage = _usage(answer.get("usage"))
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        told = _message_in(answer)
        why = f": {short(told)}" if told else "."
        raise DownError("empty", f"The server answered without any answer{why}", usage=usage)
    reason = str(choice.get("finish_reason") or "")
    if refusal := message.get("refusal"):
        raise BlockedError("refusal", f"The model refused to answer: {short(refusal)}", usage=usage)
    if reason == "content_filter":
        raise BlockedError(reason, f"A filter held back the answer ({reason}).", usage=usage)
    text = _text(message.get("content"))
    finish = Finish.WHOLE if reason in _WHOLE else Finish.CUT if reason in _CUT else Finish.OTHER
    if not text and finish is not Finish.CUT:
        told = f"The server's answer holds no text ({reason or 'no reason given'})."
        raise DownError("empty", told, usage=usage)
    return Reply(text, finish, usage, str(answer.get("model") or ""))


def error_of_status(error: openai.APIStatusError, request: Request) -> ProviderError:
    """What an answer that is no success means."""
    status, told = error.status_code, short(told_by(error))
    marks = f"{error.code} {error.type} {told_by(error)}"
    if status in (400, 403, 451) and (_BLOCKING.search(f"{marks} {error.body}") or _FLAGGED.search(marks)):
        word = _BLOCKING.search(f"{marks} {error.body}")
        reason = word[0] if word else "flagged"
        # Refused before any model saw it: there is nothing to pay.
        return BlockedError(reason, f"A filter refused the question ({reason}): {told}", usage=Usage(0, 0))
    if status in (401, 402, 403) or (status == 429 and _USED_UP.search(marks)):
        return DeniedError("denied", f"The server refused the key or the account ({status}): {told}")
    if status == 429 and _NEVER_FITS.search(marks):
        return RefusedRequestError(
            "too-long", f"The request is larger than the account may ever send: {told}"
        )
    if status == 429:
        return LimitedError(f"The server was asked too much: {told}", after=_after(error.response.headers))
    if status in (408, 409, 425, 499) or not 400 <= status < 500:
        return DownError("down", f"The server is out of order ({status}): {told}")
    return _refused(status, told, marks, request)


def told_by(error: openai.APIStatusError) -> str:
    """The server's own sentence, wherever it put it."""
    return (
        _message_in(error.body) or error.response.text.strip()[:LONGEST_TOLD] or f"HTTP {error.status_code}"
    )


def _refused(status: int, told: str, marks: str, request: Request) -> RefusedRequestError:
    if status == 413:
        return RefusedRequestError("too-large", f"The request is too large for the server ({status}): {told}")
    if _TOO_LONG.search(marks):
        limit = request.max_output_tokens
        return RefusedRequestError(
            "too-long",
            f"What is asked and the longest answer (max_output_tokens={limit}) do not fit into the model's"
            f" context together. Set a lower max_output_tokens, or take a model with more room: {told}",
        )
    if status in (404, 405):
        return RefusedRequestError(
            "not-found",
            f"There is no model “{request.model}” there, or OPENAI_BASE_URL does not lead to a server of"
            f" models (it mostly ends in /v1): {told}",
        )
    if _PICTURES.search(marks) and any(isinstance(part, Picture) for part in request.parts):
        return RefusedRequestError(
            f"refused-{status}",
            f"The server did not take the pictures; the model may read text alone ({status}): {told}",
        )
    return RefusedRequestError(f"refused-{status}", f"The server refused the request ({status}): {told}")


def _unconnected(error: BaseException) -> ProviderError:
    if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
        return DeniedError("bad-address", f"The server cannot be asked like this: {short(error)}")
    return DownError("cut", f"The connection to the server failed: {short(error)}")


def _message_in(body: Any) -> str:
    """OpenAI's form of an error, FastAPI's list of details, or plain text."""
    if isinstance(body, Mapping):
        for name in ("error", "message", "detail"):
            if told := _message_in(body.get(name)):
                return told
        return ""
    if isinstance(body, list):
        return "; ".join(told for told in map(_detail, body) if told)
    return body.strip() if isinstance(body, str) else ""


def _detail(detail: Any) -> str:
    if not isinstance(detail, Mapping):
        return str(detail)
    place = detail.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{where}: {detail.get('msg', '')}".strip(": ") or json.dumps(detail, default=str)


def _after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: OpenAI's own header says them more exactly."""
    try:
        exactly = bounded(float(headers.get("retry-after-ms", "")) / 1000)
    except ValueError:
        exactly = None
    return told_by_header(headers.get("retry-after", "")) if exactly is None else exactly


def _text(content: Any) -> str:
    """Text, or the text of a list of blocks, without the thoughts among them."""
    if isinstance(content, list):
        texts = [
            part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"
        ]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _usage(said: Any) -> Usage:
    if not isinstance(said, Mapping):
        return Usage()
    details = said.get("prompt_tokens_details")
    return usage_of(
        asked=said.get("prompt_tokens"),
        answered=(said.get("completion_tokens"),),
        total=said.get("total_tokens"),
        cached=details.get("cached_tokens") if isinstance(details, Mapping) else None,
    )


def short(told: object) -> str:
    """On one line, of bounded length, and without any key."""
    text = " ".join(redact(str(told)).split()) or type(told).__name__
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"
