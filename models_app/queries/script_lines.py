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


def lines_of_script(script: Script) -> list[ScriptLine]:
    """The script's lines in order; a line of several timed parts begins with the first."""
    parts: list[dict[str, Any]] = script.segments or []
    lines, at = [], 0
    for text in filter(None, (line.strip() for line in script.text.splitlines())):
        first: dict[str, Any] | None = None
        last: dict[str, Any] | None = None
        while (found := _next_in(text, parts, at)) is not None:
            first, last, at = first or parts[found], parts[found], found + 1
        if first is None or last is None:
            lines.append(ScriptLine(text))
        else:
            start, end = first.get("start_ms"), last.get("end_ms")
            lines.append(ScriptLine(text, kind=str(first.get("kind", "")), start_ms=start, end_ms=end))
    return lines


def _next_in(text: str, parts: list[dict[str, Any]], at: int) -> int | None:
    """The place of the next part that the line holds."""
    for place in range(at, min(at + AHEAD, len(parts))):
        words = str(parts[place].get("text", "")).strip()
        if words and words in text:
            return place
    return None
