"""Two versions of a text word by word: what stayed, what went, what came."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

WORDS = re.compile(r"\w+|\s+|[^\w\s]")
MOST_LINES = 2_500  # pairs of lines looked at in one stretch; beyond, all of it counts as written anew
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
    for was, now in aligned_lines(old, new, alike=0.5):
        if was is None and now is not None:
            found.append(DiffLine((Piece("added", new[now]),)))
        elif was is not None and now is None:
            found.append(DiffLine((Piece("removed", old[was]),)))
        elif was is not None and now is not None:
            found.append(DiffLine(_pieces(old[was], new[now])))
    return found


def aligned_lines(
    old: Sequence[str], new: Sequence[str], *, alike: float
) -> list[tuple[int | None, int | None]]:
    """Which line became which, by their places: None where one went, or came.

    alike: in [0, 1], how much two lines must share where their number has changed too.
    """
    pairs: list[tuple[int | None, int | None]] = []
    for what, a1, a2, b1, b2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal" or a2 - a1 == b2 - b1:
            pairs += zip(range(a1, a2), range(b1, b2), strict=True)
            continue
        at = b1
        for was in range(a1, a2):
            now = _like(old[was], new, range(at, b2), alike) if (a2 - a1) * (b2 - b1) <= MOST_LINES else None
            if now is None:
                pairs.append((was, None))
            else:
                pairs += [*((None, place) for place in range(at, now)), (was, now)]
                at = now + 1
        pairs += [(None, place) for place in range(at, b2)]
    return pairs


def n_words(lines: Sequence[DiffLine], kind: Kind) -> int:
    """How many words went, or came."""
    pieces = (piece for line in lines for piece in line.pieces if piece.kind == kind)
    return sum(len(re.findall(r"\w+", piece.text)) for piece in pieces)


def _like(line: str, others: Sequence[str], places: Iterable[int], alike: float) -> int | None:
    """The first of the places whose line shares enough with this one."""
    matcher = SequenceMatcher(None, b=line, autojunk=False)
    for place in places:
        matcher.set_seq1(others[place])
        if matcher.quick_ratio() >= alike and matcher.ratio() >= alike:
            return place
    return None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pieces(before: str, after: str) -> tuple[Piece, ...]:
    if before == after:
        return (Piece("same", before),)
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
