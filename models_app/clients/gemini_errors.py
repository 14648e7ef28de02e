"""What Gemini's answers and errors mean, in our own words; whatever is quoted passes without keys."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import google.auth.exceptions
import httpx2
import pydantic
from google.genai import errors

from models_app.clients.base import (
    BlockedError,
    DeniedError,
    DownError,
    Finish,
    LimitedError,
    ProviderError,
    RefusedRequestError,
    Reply,
    StaleError,
    Usage,
)
from models_app.clients.counts import usage_of
from models_app.clients.keys import redact
from models_app.clients.waits import bounded, told_by_header

A_DAYS_QUOTA = 3600.0  # seconds until a quota of a day is asked about again, whatever shorter time is told
LONGEST_TOLD = 500  # characters of a provider's message that are handed on

BLOCKING = frozenset(
    {
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "RECITATION",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "ESCALATION",
    }
)
FINISHES = {"STOP": Finish.WHOLE, "MAX_TOKENS": Finish.CUT, "CONTINUATION": Finish.CUT}

HTTP_OF_RPC = {  # google.rpc.Code, as in the errors within a batch
    1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500,
    14: 503, 16: 401,
}  # fmt: skip
_UNREADABLE = (  # the last three: JSON of another shape, met by the SDK
    json.JSONDecodeError,
    pydantic.ValidationError,
    errors.UnknownApiResponseError,
    KeyError,
    TypeError,
    AttributeError,
)
_DENIED = re.compile(
    r"(?i)api[ _]key (?:not valid|not found|expired|invalid)|API_KEY_INVALID|billing|location is not"
)
_USED_UP = re.compile(r"(?i)credits are depleted|limit: 0\b")  # these do not pass, though they come as 429
_GONE = re.compile(
    r"(?i)permission to access the file|entity was not found"
    r"|\bfiles?\b.*(?:not exist|not found|no longer|expired|not in an active state)"
)


@contextmanager
def told_in_our_words(*, files: bool = False) -> Iterator[None]:
    """Raise what the SDK raises as a ProviderError. ``files``: the request named files that were uploaded."""
    try:
        yield
    except errors.APIError as error:
        raise _of_api(error, files=files) from None  # the chain would carry the provider's own words along
    except google.auth.exceptions.TransportError as error:
        raise DownError("cut", f"Google's sign-in could not be reached: {_told(error)}") from None
    except google.auth.exceptions.GoogleAuthError as error:
        raise DeniedError("denied", f"Google refused the credentials of Vertex AI: {_told(error)}") from None
    except httpx2.TimeoutException as error:
        raise DownError("timeout", f"Gemini did not answer in time ({type(error).__name__}).") from None
    except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise DeniedError("bad-address", f"Gemini cannot be asked like this: {_told(error)}") from None
    except httpx2.TransportError as error:
        raise DownError("cut", f"The connection to Gemini failed: {_told(error)}") from None
    except _UNREADABLE:
        raise DownError("garbled", "Gemini's answer was cut short or is no answer of Gemini's.") from None
    except ValueError as error:  # the SDK's own checks: the name of a model, a file of a strange form
        raise RefusedRequestError("bad-request", f"Gemini cannot be asked this: {_told(error)}") from None


def reply_of(answer: Mapping[str, Any]) -> Reply:
    """The answer, as JSON came; BlockedError if a filter held it back, DownError if there is none."""
    usage = _usage(answer.get("usageMetadata") or {})
    feedback = answer.get("promptFeedback") or {}
    if reason := feedback.get("blockReason"):
        raise _blocked(reason, feedback.get("blockReasonMessage"), "the question", usage)
    if not (candidates := answer.get("candidates")):
        raise DownError("empty", "Gemini answered without any answer.", usage=usage)
    candidate = candidates[0]
    reason = candidate.get("finishReason") or ""
    if reason in BLOCKING:
        raise _blocked(reason, candidate.get("finishMessage"), "its answer", usage)
    if reason == "PUP_LIMITED_DISABLED":
        raise DeniedError("denied", "Google has limited this account for breaking its policy on use.")
    parts = (candidate.get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
    finish = FINISHES.get(reason, Finish.OTHER)
    if not text and finish is not Finish.CUT:
        told = f"Gemini's answer holds no text ({reason or 'no reason given'})."
        raise DownError("empty", told, usage=usage)
    return Reply(text, finish, usage, answer.get("modelVersion") or "")


def error_of_status(error: Mapping[str, Any]) -> ProviderError:
    """The error of one request within a batch: a google.rpc.Status."""
    code = error.get("code") or 0
    return _of_api(errors.APIError(HTTP_OF_RPC.get(code, code), {"error": dict(error)}), files=True)


def _of_api(error: errors.APIError, *, files: bool) -> ProviderError:
    code, status, details = error.code or 0, error.status or "", _details(error)
    told = short(str(error.message or status or f"HTTP {code}"))
    reasons = " ".join(str(detail.get("reason", "")) for detail in details)
    if files and code in (400, 403, 404) and _GONE.search(told):
        return StaleError("stale-file", f"A file sent to Gemini before is there no more: {told}")
    if code == 401 or code == 403 or (code == 400 and _DENIED.search(f"{told} {reasons}")):
        return DeniedError("denied", f"Gemini refused the key or the account: {told}")
    if code == 429 and _USED_UP.search(told):
        return DeniedError("used-up", f"The account may not use this model, or has no money left: {told}")
    if code == 429:
        return LimitedError(f"Gemini was asked too much: {told}", after=_after(error, details))
    if code in (408, 409, 499) or not 400 <= code < 500:
        return DownError("down", f"Gemini is out of order ({code}): {told}")
    return RefusedRequestError(f"refused-{code}", f"Gemini refused the request ({code}): {told}")


def _after(error: errors.APIError, details: list[dict[str, Any]]) -> float | None:
    """How long to wait, from the header or the details; never short where a day's quota is used up."""
    told = [seconds for seconds in (_header(error.response), *map(_delay, details)) if seconds is not None]
    violations = [v for d in details for v in d.get("violations") or () if isinstance(v, dict)]
    if any("PerDay" in str(violation.get("quotaId", "")) for violation in violations):
        told.append(A_DAYS_QUOTA)
    return max(told, default=None)


def _header(response: Any) -> float | None:
    return told_by_header(response.headers.get("Retry-After", "")) if response is not None else None


def _delay(detail: Mapping[str, Any]) -> float | None:
    """The retryDelay of a RetryInfo: "43s", "1.5s"."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(detail.get("retryDelay", "")))
    return bounded(float(found[1])) if found else None


def _details(error: errors.APIError) -> list[dict[str, Any]]:
    body = error.details
    inner = body.get("error", body) if isinstance(body, dict) else {}
    details = inner.get("details") if isinstance(inner, dict) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _usage(said: Mapping[str, Any]) -> Usage:
    return usage_of(
        asked=said.get("promptTokenCount"),
        answered=(said.get("candidatesTokenCount"), said.get("thoughtsTokenCount")),
        total=said.get("totalTokenCount"),
        cached=said.get("cachedContentTokenCount"),
    )


def _blocked(reason: str, message: str | None, what: str, usage: Usage) -> BlockedError:
    reason, more = short(reason), f": {short(message)}" if message else ""
    return BlockedError(reason, f"A filter of Gemini's held back {what} ({reason}){more}", usage=usage)


def _told(error: Exception) -> str:
    return short(str(error)) or type(error).__name__


def short(text: str) -> str:
    """On one line, of bounded length, and without any key."""
    told = " ".join(redact(text).split())
    return told if len(told) <= LONGEST_TOLD else f"{told[:LONGEST_TOLD]}…"
