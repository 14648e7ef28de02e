"""Rows from JSON Lines and JSON, each with its line number."""

import json
import re
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports.errors import ImportFileError, RowError, shorten

MAX_DEPTH = 20
HALF = re.compile("[\ud800-\udfff]")
MAX_TEXT = 131_072  # characters: as long as a cell of a CSV file may be

NumberedRows = list[tuple[int, dict[str, Any]]]


class BadValueError(ValueError):
    """JSON that parses, or nearly, and still cannot be taken."""

    def __init__(self, message: str, *, column: str | None = None) -> None:
        self.column = column
        super().__init__(message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadValueError(_("the field “%(key)s” stands twice.") % {"key": shorten(twice)})
    return found


def _constant(name: str) -> Any:
    raise BadValueError(_("%(name)s is not a JSON value.") % {"name": name})


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def read_json_lines(text: str, *, name: str) -> tuple[NumberedRows, list[RowError]]:
    """One object a line; a line that is not one is an error of that line."""
    rows: NumberedRows = []
    errors: list[RowError] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append((number, as_row(parse(line))))
        except ValueError as error:
            errors.append(_row_error(error, name=name, line=number))
    return rows, errors


def read_json(text: str, *, name: str) -> tuple[NumberedRows, list[RowError]]:
    """An array of objects, or a single one; read element by element, for the line numbers."""
    at = _skip_space(text, 0)
    if text[at] != "[":
        try:
            return [(1, as_row(parse(text)))], []
        except ValueError as error:
            raise ImportFileError(str(error), name=name, line=text.count("\n", 0, at) + 1) from None
    rows: NumberedRows = []
    errors: list[RowError] = []
    line, counted = 1, 0
    at = _skip_space(text, at + 1)
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise ImportFileError(explain(error, text), name=name, line=line) from None
        try:
            rows.append((line, as_row(value)))
        except ValueError as error:
            errors.append(_row_error(error, name=name, line=line))
        at = _skip_space(text, end)
        if text[at : at + 1] == ",":
            at = _skip_space(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ImportFileError(_cut_off_or_comma(text, at), name=name, line=line)
    if _skip_space(text, at + 1) < len(text):
        raise ImportFileError(
            _("after the end of the list comes more text."),
            name=name,
            line=line + text.count("\n", counted, at),
        )
    return rows, errors


def parse(text: str) -> Any:
    """One JSON value, or ValueError with a message for people."""
    try:
        return DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        raise BadValueError(explain(error, text)) from None


def as_row(value: Any) -> dict[str, Any]:
    """The value as a row, or ValueError."""
    if not isinstance(value, dict):
        raise BadValueError(
            _("expected an object like {“video_id”: …}, found %(value)s.")
            % {"value": shorten(json.dumps(value))}
        )
    if problem := unstorable_in(value):
        column, message = problem
        raise BadValueError(message, column=column)
    return value


def _row_error(error: ValueError, *, name: str, line: int) -> RowError:
    column = error.column if isinstance(error, BadValueError) else None
    return RowError(name=name, line=line, message=str(error), column=column)


def unstorable_in(row: dict[str, Any]) -> tuple[str, str] | None:
    """The first field of a row that cannot be stored, and why; None if all can."""
    for key, value in row.items():
        if problem := unstorable(key) or unstorable(value):
            return shorten(key.encode("utf-8", "replace").decode(), length=80), problem
    return None


def explain(error: Exception, text: str) -> str:
    """What is wrong with JSON that did not parse."""
    if isinstance(error, RecursionError):
        return _("the JSON is nested too deeply.")
    if isinstance(error, json.JSONDecodeError):
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return _("the JSON is cut off.")
        return _("this is not JSON (%(why)s at character %(column)s).") % {
            "why": error.msg,
            "column": error.colno,
        }
    if isinstance(error, BadValueError):
        return str(error)
    return _("this JSON cannot be read (%(why)s).") % {"why": shorten(error, length=80)}


def unstorable(value: Any, *, depth: int = 0) -> str | None:
    """Why a value cannot be stored: half characters, NULs, or lists in lists in lists; None if it can."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return _("a text holds more than %(n)s characters.") % {"n": MAX_TEXT}
        if "\x00" in value:
            return _("a text holds a NUL character.")
        if HALF.search(value):
            return _("a text holds half a character (a lone surrogate).")
        return None
    if isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            return _("the value is nested too deeply.")
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        return next((found for item in inner if (found := unstorable(item, depth=depth + 1))), None)
    return None


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _cut_off_or_comma(text: str, at: int) -> str:
    if at >= len(text):
        return _("the JSON is cut off: the list is never closed.")
    return _("expected a comma or the end of the list, found %(found)s.") % {
        "found": shorten(text[at : at + 20])
    }
