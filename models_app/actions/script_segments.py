"""The timed parts of a script that was edited by hand: what of them still stands in the new text."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from models_app.queries.script_lines import placed_lines

Part = dict[str, Any]


def carried_segments(*, before: str, segments: list[Part], after: str) -> list[Part]:
    """The parts of unchanged lines as they were, and those of corrected lines with their new words.

    A time is never guessed: of lines that were added, split or joined nothing is timed.
    """
    old = placed_lines(before, segments)
    new = [line.text for line in placed_lines(after, [])]
    kept: dict[int, Part] = {}
    matcher = SequenceMatcher(None, [line.text for line in old], new, autojunk=False)
    for what, a1, a2, b1, b2 in matcher.get_opcodes():
        if what == "equal":
            kept.update((place, segments[place]) for line in old[a1:a2] for place in line.parts)
        elif what == "replace" and a2 - a1 == b2 - b1:
            for line, text in zip(old[a1:a2], new[b1:b2], strict=True):
                kept.update(_corrected(((place, segments[place]) for place in line.parts), line.text, text))
    placed = {place for line in old for place in line.parts}
    for place, part in enumerate(segments):  # a part of several lines stands on none
        words = str(part.get("text", "")).strip()
        if place not in placed and words and words in after:
            kept[place] = part
    return [kept[place] for place in sorted(kept)]


def _corrected(parts: Iterable[tuple[int, Part]], old: str, new: str) -> dict[int, Part]:
    """The parts of a line that was corrected; where it held one, that one takes the new words."""
    listed = list(parts)
    found = {place: part for place, part in listed if str(part.get("text", "")).strip() in new}
    if not found and len(listed) == 1:
        place, part = listed[0]
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
