"""Two versions of a text word by word: what stayed, what went, what came."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

WORDS = re.compile(r"\w+|\s+|[^\w\s]")
MOST = 2_000_000  # pairs of words compared in one stretch; beyond, it counts as written anew

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Words with one fate."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of the old text, of the new one, or of both."""

    pieces: tuple[Piece, ...]

    @property
    def before(self) -> list[Piece]:
        """As it stood."""
        return [piece for piece in self.pieces if piece.kind != "added"]

    @property
    def after(self) -> list[Piece]:
        """As it stands."""
        return [piece for piece in self.pieces if piece.kind != "removed"]

    @property
    def is_changed(self) -> bool:
        """Whether anything of it went or came."""
        return any(piece.kind != "same" for piece in self.pieces)


def difference(before: str, after: str) -> list[DiffLine]:
    """Line by line; within lines that were changed, word by word. Empty lines are left out."""
    old, new = _lines(before), _lines(after)
    found: list[DiffLine] = []
    for what, a1, a2, b1, b2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found += [DiffLine((Piece("same", line),)) for line in old[a1:a2]]
        elif a2 - a1 == b2 - b1:
            found += [DiffLine(_pieces(was, now)) for was, now in zip(old[a1:a2], new[b1:b2], strict=True)]
        else:
            found += [DiffLine((Piece("removed", line),)) for line in old[a1:a2]]
            found += [DiffLine((Piece("added", line),)) for line in new[b1:b2]]
    return found


def n_words(lines: Sequence[DiffLine], kind: Kind) -> int:
    """How many words went, or came."""
    pieces = (piece for line in lines for piece in line.pieces if piece.kind == kind)
    return sum(len(re.findall(r"\w+", piece.text)) for piece in pieces)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pieces(before: str, after: str) -> tuple[Piece, ...]:
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) * len(new) > MOST:
        return (Piece("removed", before), Piece("added", after))
    pieces: list[Piece] = []
    for what, a1, a2, b1, b2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(Piece("same", "".join(old[a1:a2])))
            continue
        if a2 > a1:
            pieces.append(Piece("removed", "".join(old[a1:a2])))
        if b2 > b1:
            pieces.append(Piece("added", "".join(new[b1:b2])))
    return tuple(pieces)
