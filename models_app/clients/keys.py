"""Keys and addresses of providers: read from the environment when they are used, kept out of every text.

Nothing else reads them, and nothing keeps them: no row, no setting, no message, no log.
"""

import logging
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote

from models_app.clients.base import ClientName, DeniedError

NAMES = (
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
    "HF_TOKEN",
)  # environment variables with secrets
ADDRESSES = {ClientName.GEMINI: "GEMINI_BASE_URL", ClientName.OPENAI: "OPENAI_BASE_URL"}
PROVIDERS = frozenset({"https://generativelanguage.googleapis.com", "https://api.openai.com/v1"})
HIDDEN = "[key]"
SHORTEST = 8  # shorter ones are no secrets (a local server's "none"), and would be hidden inside words

_SHAPES = (  # what looks like a key, whoever's it is
    re.compile(r"(?i)([?&](?:api[_-]?key|key|access_token|token)=)[^&\s\"'<>]+"),
    re.compile(r"(?i)\b((?:bearer|authorization:\s*basic)\s+)[a-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)\b((?:x-goog-)?api[_-]key['\"]?\s*[:=]\s*b?['\"]?)[^\s'\",;&]+"),
    re.compile(r"(?i)(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # a password within an address
    re.compile(r"()\bAIza[\w-]{30,}"),
    re.compile(r"()\bsk-[\w*-]{16,}"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """How a provider is reached; its repr tells nothing."""

    key: str = field(default="", repr=False)
    base_url: str = field(default="", repr=False)  # empty: the provider's own


@dataclass(frozen=True, slots=True)
class VertexAccess:
    """Gemini by Vertex AI: the credentials are found by Google's own library."""

    project: str
    location: str
    base_url: str = field(default="", repr=False)


def gemini_access() -> Access | VertexAccess:
    """The Developer API, or Vertex AI where GOOGLE_GENAI_USE_VERTEXAI says so; DeniedError if a key lacks."""
    base_url = _read("GEMINI_BASE_URL")
    if _read("GOOGLE_GENAI_USE_VERTEXAI").lower() in ("1", "true"):
        if not (project := _read("GOOGLE_CLOUD_PROJECT")):
            raise DeniedError(
                "no-key", "Vertex AI needs a project: set GOOGLE_CLOUD_PROJECT in the worker's environment."
            )
        return VertexAccess(project, _read("GOOGLE_CLOUD_LOCATION") or "global", base_url)
    key = _key("GEMINI_API_KEY")
    if not key:
        raise DeniedError(
            "no-key",
            "There is no key for Gemini: set GEMINI_API_KEY in the worker's environment, then resume.",
        )
    return Access(key, base_url)


def openai_access() -> Access:
    """OpenAI, or the server that OPENAI_BASE_URL names, which may need no key; DeniedError if one lacks."""
    base_url, key = _read("OPENAI_BASE_URL"), _key("OPENAI_API_KEY")
    if not key and not base_url:
        raise DeniedError(
            "no-key",
            "There is no key for OpenAI: set OPENAI_API_KEY in the worker's environment, or OPENAI_BASE_URL"
            " for a server of your own, then resume.",
        )
    return Access(key, base_url)


def own_address(client: ClientName) -> str:
    """The server that stands for the provider, without a name and password; empty for the provider itself."""
    scheme, colon, rest = _read(ADDRESSES.get(client, "")).rstrip("/").rpartition("://")
    host, slash, path = rest.partition("/")
    address = f"{scheme}{colon}{host.rpartition('@')[2]}".lower() + slash + path
    return "" if address in PROVIDERS else address


def missing(client: ClientName) -> tuple[str, ...]:
    """Environment variables of which one would do, where none of them is set here; () if there is one."""
    if client == ClientName.GEMINI:
        is_vertex = _read("GOOGLE_GENAI_USE_VERTEXAI").lower() in ("1", "true")
        needed: tuple[str, ...] = ("GOOGLE_CLOUD_PROJECT",) if is_vertex else ("GEMINI_API_KEY",)
    elif client == ClientName.OPENAI:
        needed = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
    else:
        return ()
    return () if any(_read(name) for name in needed) else needed


def redact(text: str) -> str:
    """The text without any key that is known or looks like one."""
    for name in NAMES:
        for key in {os.environ.get(name, ""), _read(name)}:
            if len(key) >= SHORTEST:
                text = text.replace(key, HIDDEN).replace(quote(key, safe=""), HIDDEN)
    for shape in _SHAPES:
        text = shape.sub(rf"\1{HIDDEN}", text)
    return text


class KeyFilter(logging.Filter):
    """For handlers: takes keys out of every record, its exception's text and its stack included."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # its arguments do not fit: the handler will say so
            message = f"{record.msg} {record.args}"
            record.msg, record.args = "%s", (message,)
        if (harmless := redact(message)) != message:
            record.msg, record.args = "%s", (harmless,)
        if record.exc_info and not record.exc_text:
            record.exc_text = _PLAIN.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


_PLAIN = logging.Formatter()


def hide_keys(logger: logging.Logger) -> None:
    """Have the logger's handlers hide keys, whoever made them."""
    for handler in logger.handlers:
        if not any(isinstance(known, KeyFilter) for known in handler.filters):
            handler.addFilter(KeyFilter())


def _read(name: str) -> str:
    return os.environ.get(name, "").strip()


def _key(name: str) -> str:
    """A key that can be sent in a header."""
    key = _read(name)
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise DeniedError("bad-key", f"{name} holds characters that no key has: copy it once more.")
    return key
