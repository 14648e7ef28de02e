"""What servers of OpenAI's protocol do not take, learned from how they refuse it."""

import enum
import json
import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import openai

from models_app.clients.base import Request
from models_app.clients.openai_errors import short, told_by

log = logging.getLogger(__name__)


class Form(enum.IntEnum):
    """How an answer's form is asked for; each is tried where the one before is refused."""

    STRICT = 0  # by the schema, which the server promises to keep
    SCHEMA = 1
    OBJECT = 2  # any JSON object
    FREE = 3  # only the prompt asks for it


@dataclass(frozen=True, slots=True)
class Manners:
    """How one model is asked."""

    form: Form
    refused: frozenset[str] = frozenset()  # of temperature, seed, max_tokens, and the role "system"

    def takes(self, name: str) -> bool:
        """Whether nothing is known against it."""
        return name not in self.refused


_LEARNED_STATUSES = (400, 422, 501)
_REFUSAL = re.compile(
    r"(?i)unsupported|not supported|(?:does not|doesn't|do not|don't) support|not permitted|not allowed"
    r"|unrecogni[sz]ed|unknown|unexpected|deprecated"
)
_FORMAT = re.compile(
    r"(?i)response_format|json_schema|json_object|structured.output|guided|grammar|\bschema\b"
)
_SYSTEM = re.compile(
    r"(?i)\brole\b.{0,60}\bsystem\b|\bsystem.{0,3}(?:role|message|prompt)|roles must alternate"
)
_PARAMETERS = ("max_tokens", "temperature", "seed")


class Memory:
    """What was learned of a server; safe for many threads."""

    def __init__(self, *, is_openai: bool) -> None:
        self._first = frozenset({"max_tokens"} if is_openai else ())  # its newer models want the other name
        self._refused: dict[str, frozenset[str]] = {}  # by model
        self._forms: dict[tuple[str, str], Form] = {}  # by model and schema: one may be too much, another not
        self._lock = threading.Lock()

    def of(self, request: Request) -> Manners:
        """How to ask this, as far as is known."""
        with self._lock:
            refused = self._refused.get(request.model, self._first)
            return Manners(self._form(request), refused)

    def learn(self, request: Request, manners: Manners, error: openai.APIStatusError) -> bool:
        """Whether the error told of something to leave out the next time."""
        lesson = _lesson(request, manners, error)
        if lesson is None:
            return False
        with self._lock:
            known = self._refused.get(request.model, self._first)
            self._refused[request.model] = known | lesson.refused
            if request.schema is not None:
                self._forms[_key(request)] = max(lesson.form, self._form(request))
        log.warning(
            "%s is asked without %s from now on: %s",
            request.model,
            ", ".join(sorted(lesson.refused - manners.refused)) or manners.form.name.lower(),
            short(told_by(error)),
        )
        return True

    def _form(self, request: Request) -> Form:
        if request.schema is None:
            return Form.FREE
        first = Form.STRICT if is_strict(request.schema) else Form.SCHEMA
        return self._forms.get(_key(request), first)


def _key(request: Request) -> tuple[str, str]:
    return request.model, json.dumps(request.schema, sort_keys=True)


def _lesson(request: Request, manners: Manners, error: openai.APIStatusError) -> Manners | None:
    """How to ask instead; None where it would make no difference."""
    if error.status_code not in _LEARNED_STATUSES:
        return None
    told = told_by(error)
    if _REFUSAL.search(f"{error.code} {told}"):
        # A value that is out of bounds is another matter: nobody wants another temperature without knowing.
        for name in _PARAMETERS:
            is_named = error.param == name or (not error.param and re.search(rf"\b{name}\b", told))
            if is_named and manners.takes(name):
                return replace(manners, refused=manners.refused | {name})
    if manners.form is not Form.FREE and _FORMAT.search(f"{error.param} {told}"):
        return replace(manners, form=Form(manners.form + 1))
    if request.system and manners.takes("system") and _SYSTEM.search(f"{error.param} {told}"):
        return replace(manners, refused=manners.refused | {"system"})
    return None


_TOO_MUCH = frozenset(
    {
        *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
        *("patternProperties", "propertyNames", "minProperties", "maxProperties", "prefixItems"),
        *("unevaluatedProperties", "contains", "uniqueItems"),
    }
)


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI can promise to keep it: closed objects, everything required, and few kinds of rules."""
    return schema.get("type") == "object" and _is_closed(schema)


def _is_closed(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False  # true and false are schemas, too
    if _TOO_MUCH & schema.keys():
        return False
    properties = schema.get("properties", {})
    is_object = schema.get("type") == "object" or bool(properties)
    if is_object and not (
        schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(properties)
    ):
        return False
    within = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        within.append(schema["items"])
    return all(_is_closed(part) for part in within)
