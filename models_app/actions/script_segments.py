"""The timed parts of a script that was edited by hand: what of them still stands in the new text."""

from collections.abc import Mapping
from typing import Any

from models_app.queries.script_lines import placed_lines
from models_app.queries.scripts_difference import aligned_lines

Part = dict[str, Any]
ALIKE = 0.9  # a line that shares less was rewritten or split, where lines came or went beside it


def carried_segments(*, before: str, segments: list[Part], after: str) -> list[Part]:
    """The parts of unchanged lines as they were, and those of corrected lines with their new words.

    A time is never guessed: of lines that were added, split or joined nothing is timed.
    """
    old = placed_lines(before, segments)
    new = [line.text for line in placed_lines(after, [])]
    kept: dict[int, Part] = {}
    for was, now in aligned_lines([line.text for line in old], new, alike=ALIKE):
        if was is None or now is None:
            continue
        parts = {place: segments[place] for place in old[was].parts}
        is_same = old[was].text == new[now]
        kept |= parts if is_same else _corrected(parts, old[was].text, new[now])
    placed = {place for line in old for place in line.parts}
    for place, part in enumerate(segments):  # a part of several lines stands on none
        words = str(part.get("text", "")).strip()
        if place not in placed and words and words in after:
            kept[place] = part
    return [kept[place] for place in sorted(kept)]


def _corrected(parts: Mapping[int, Part], old: str, new: str) -> dict[int, Part]:
    """The parts of a line that was corrected; where it held one, that one takes the new words."""
    found = {place: part for place, part in parts.items() if str(part.get("text", "")).strip() in new}
    if not found and len(parts) == 1:
        ((place, part),) = parts.items()
        if words := _new_words(str(part["text"]).strip(), old, new):
            found = {place: part | {"text": words}}
    return {place: part | _speaker(part, old, new) for place, part in found.items()}


def _new_words(words: str, old: str, new: str) -> str:
    """What stands in the new line where the words stood in the old one, if all around them is the same."""
    head, _words, tail = old.partition(words)
    if not new.startswith(head) or not new.endswith(tail) or len(new) < len(head) + len(tail):
        return ""
    return new[len(head) : len(new) - len(tail)].strip()


def _speaker(part: Mapping[str, Any], old: str, new: str) -> Part:
    """A speaker who was given another name."""
    name = part.get("speaker")
    if not name or not old.startswith(f"{name}:") or ":" not in new:
        return {}
    return {"speaker": new.partition(":")[0].strip()}
