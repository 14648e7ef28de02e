"""What is wrong with a codebook, in one line for people: line, entry, field, problem."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from annotator.codebooks.document import MAX_VALUES, CodebookDoc
from annotator.codebooks.strict_yaml import Document, Path, shown

SECTION_NOUNS = {
    "values": "value",
    "groups": "group",
    "guidelines": "guideline",
    "stances": "stance",
    "sources": "source",
}

NUMBERS: dict[str | int, str] = {
    "position": f"a whole number from 1 to {MAX_VALUES}",
    "code": "1, 0, -1 or 2",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file: on which line, in which entry and field."""

    text: str
    where: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.where) if part)
        return f"{place}: {self.text}" if place else self.text


class CodebookFileError(ValueError):
    """Why a codebook cannot be read: one line for people, and every problem that was found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")


def problems_of(exc: ValidationError, document: Document) -> tuple[Problem, ...]:
    """Every problem that validation found, with the line where the document knows it."""
    # A misspelt field comes first, since it explains why another one is missing.
    errors = sorted(exc.errors(include_url=False), key=lambda error: error["type"] != "extra_forbidden")
    # pydantic also calls a list too short when its entries are there but broken
    return tuple(
        _problem(error, document)
        for error in errors
        if error["type"] != "too_short" or not _has_inner(errors, error["loc"])
    )


def _has_inner(errors: list[ErrorDetails], path: Path) -> bool:
    return any(len(error["loc"]) > len(path) and error["loc"][: len(path)] == path for error in errors)


def _problem(error: ErrorDetails, document: Document) -> Problem:
    context = error.get("ctx", {})
    path: Path = context.get("path", error["loc"])
    return Problem(
        text=_in_plain_words(error, path),
        where=_where(path, document.content),
        line=document.line_of(path),
    )


def _in_plain_words(error: ErrorDetails, path: Path) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "inconsistent":
            return str(context["problem"])
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return _unknown_field(path)
        case "string_type":
            return "must be text; put it in quotes if it looks like a number, true, false or nothing"
        case "string_too_long" | "too_long" if isinstance(error["input"], str):
            return f"is longer than {context['max_length']} characters"
        case "string_pattern_mismatch":
            return _pattern_words(error, path)
        case "literal_error":
            return f"must be one of {context['expected']}"
        case "tuple_type":
            return "must be a list (each entry starts with a dash)"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must hold fields (name: text), not a single text or list"
        case "int_type" | "greater_than_equal" | "less_than_equal":
            return f"must be {NUMBERS.get(path[-1], 'a whole number')}"
        case "bool_type":
            return "must be true or false"
        case "too_short":
            return "must have at least one entry"
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case "value_error":
            return str(context["error"])
    return error["msg"]


def _unknown_field(path: Path) -> str:
    known = _fields_at(path)
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    return f"is not a field of the format; {hint}"


def _fields_at(path: Path) -> list[str]:
    """The keys that the format knows where the path's last key stands."""
    model: type[BaseModel] = CodebookDoc
    for key in path[:-1]:
        for name, field in model.model_fields.items():
            if (field.alias or name) == key:
                parts = [part for part in get_args(field.annotation) if part is not Ellipsis]
                model = parts[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _pattern_words(error: ErrorDetails, path: Path) -> str:
    given = shown(str(error["input"]))
    match path[-1]:
        case "url":
            return f"{given} is not a web address (https://…)"
        case "language":
            return f"{given} is not a language code such as en, he or pt-BR"
        case "video":
            return f"{given} is not a video id (it has spaces or is empty)"
    return f"{given} must be lower-case letters a-z and digits, in words joined by single hyphens"


def _where(path: Path, content: Any) -> str:
    """The entry and field that a path leads to, in words: value “face”, examples 2, field why."""
    if not path:
        return ""
    words = []
    section, rest = path[0], path[1:]
    if section in SECTION_NOUNS and rest and isinstance(rest[0], int):
        words.append(f"{SECTION_NOUNS[str(section)]} {_entry_name(content, str(section), rest[0])}")
        rest = rest[1:]
    else:
        words.append(f"field {_key(section)}")
    for n, key in enumerate(rest):
        if isinstance(key, int):
            words[-1] = f"{words[-1].removeprefix('field ')} {key + 1}"
        else:
            words.append(f"field {_key(key)}" if n < len(rest) else "")
    return ", ".join(words)


def _entry_name(content: Any, section: str, index: int) -> str:
    """The entry's slug, or its number where it has none."""
    try:
        slug = content[section][index]["slug"]
    except (KeyError, IndexError, TypeError):
        slug = None
    return shown(slug) if isinstance(slug, str) and slug else str(index + 1)


def _key(key: str | int) -> str:
    text = str(key)
    return text if text.isidentifier() and len(text) <= 40 else shown(text)
