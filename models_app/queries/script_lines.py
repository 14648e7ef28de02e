"""A script line by line, with the time of what is timed: the whole text, whatever of it has a time."""

from dataclasses import dataclass
from typing import Any

from models_app.models import Script

AHEAD = 8  # parts that may be passed over, where a text does not hold them as they were timed


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One line as it stands in the text."""

    text: str
    kind: str = ""  # a SegmentKind; empty where nothing is known of the line
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One line of a text, and which of the timed parts it holds, by their places."""

    text: str
    parts: tuple[int, ...] = ()


def lines_of_script(script: Script) -> list[ScriptLine]:
    """The script's lines in order; a line of several timed parts begins with the first."""
    parts: list[dict[str, Any]] = script.segments or []
    lines = []
    for line in placed_lines(script.text, parts):
        if not line.parts:
            lines.append(ScriptLine(line.text))
        else:
            first, last = parts[line.parts[0]], parts[line.parts[-1]]
            start, end = first.get("start_ms"), last.get("end_ms")
            lines.append(ScriptLine(line.text, kind=str(first.get("kind", "")), start_ms=start, end_ms=end))
    return lines


def placed_lines(text: str, parts: list[dict[str, Any]]) -> list[PlacedLine]:
    """The text's lines that hold anything, and the timed parts found on each, in order."""
    lines, at = [], 0
    for line in filter(None, (line.strip() for line in text.splitlines())):
        here = []
        while (found := _next_in(line, parts, at)) is not None:
            here.append(found)
            at = found + 1
        lines.append(PlacedLine(line, tuple(here)))
    return lines


def _next_in(text: str, parts: list[dict[str, Any]], at: int) -> int | None:
    """The place of the next part that the line holds."""
    for place in range(at, min(at + AHEAD, len(parts))):
        words = str(parts[place].get("text", "")).strip()
        if words and words in text:
            return place
    return None
