"""JSON as models write it: in fences, amid prose, with trailing commas, or as Python would write it."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

MOST_TRIES = 40  # brackets at which an object is looked for
CLOSING = {"{": "}", "[": "]"}
# A string that nobody closes runs to the end: so that each character is looked at once.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]|,(?=\s*[\]}])', re.DOTALL)


class BadJsonError(ValueError):
    """Text that is no JSON, or that says a thing twice."""


def objects_in(text: str) -> list[Any]:
    """Every outermost object or list of the text; BadJsonError where there is none."""
    found = []
    because = ""
    position = 0
    for _try in range(MOST_TRIES):
        start = _next_bracket(text, position)
        if start is None:
            break
        end = _end_of(text, start)
        if end is None:
            because = because or "it ends in the middle"
            position = start + 1
            continue
        try:
            found.append(_read(text[start:end]))
            position = end
        except BadJsonError as error:
            because = because or str(error)
            position = start + 1
    if not found:
        raise BadJsonError(f"there is no JSON object in it that can be read{because and f': {because}'}")
    return found


def _next_bracket(text: str, position: int) -> int | None:
    places = [place for bracket in CLOSING if (place := text.find(bracket, position)) >= 0]
    return min(places, default=None)


def _end_of(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at start; None if none does."""
    closing: list[str] = []
    for token in TOKEN.finditer(text, start):
        bracket = token[0]
        if bracket in CLOSING:
            closing.append(CLOSING[bracket])
        elif closing and bracket == closing[-1]:
            closing.pop()
            if not closing:
                return token.end()
        elif bracket in ("}", "]"):
            return None
    return None


def _read(piece: str) -> Any:
    try:
        return json.loads(piece, object_pairs_hook=_once)
    except BadJsonError:
        raise
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_without_trailing_commas(piece), object_pairs_hook=_once)
    except BadJsonError:
        raise
    except (ValueError, RecursionError) as error:
        try:
            return _literal(ast.parse(piece, mode="eval").body)
        except BadJsonError:
            raise
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            raise BadJsonError(str(error)) from None


def _without_trailing_commas(piece: str) -> str:
    return TOKEN.sub(lambda token: "" if token[0] == "," else token[0], piece)


def _once(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any]:
    """An object; what stands in it twice is not chosen from."""
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadJsonError(f"the key “{str(key)[:60]}” stands in it twice")
        found[key] = value
    return found


def _literal(node: ast.expr) -> Any:
    """What a Python literal says: None, True, single quotes."""
    match node:
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return _once(list(zip(_all(keys), _all(values), strict=True)))
        case ast.List(elts=items):
            return list(_all(items))
        case ast.Constant(value=str() | int() | float() | bool() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    raise ValueError("no literal")


def _all(nodes: Sequence[ast.expr | None]) -> Iterator[Any]:
    for node in nodes:
        if node is None:
            raise ValueError("no literal")
        yield _literal(node)
