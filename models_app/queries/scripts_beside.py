"""Two scripts of one video side by side: by time where both are timed, else as they come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from models_app.models import Script
from models_app.queries.script_lines import ScriptLine, lines_of_script

NEAR = 1500  # ms: what begins within this time stands in one row


@dataclass(slots=True)
class SideRow:
    """What both say of one stretch of the video."""

    at_ms: int | None
    left: list[ScriptLine] = field(default_factory=list)
    right: list[ScriptLine] = field(default_factory=list)


def are_timed(left: Script, right: Script) -> bool:
    """Whether times can say which lines belong together."""
    return all(
        any(part.get("start_ms") is not None for part in script.segments or []) for script in (left, right)
    )


def side_by_side(left: Script, right: Script) -> list[SideRow]:
    """Rows in the order of time; lines without a time follow the one before them."""
    lines = lines_of_script(left), lines_of_script(right)
    if not are_timed(left, right):
        return [
            SideRow(None, [one] if one else [], [other] if other else [])
            for one, other in zip_longest(*lines)
        ]
    placed = sorted(
        ((at, side, line) for side in (0, 1) for at, line in _timed(lines[side])), key=lambda found: found[0]
    )
    rows: list[SideRow] = []
    for at, side, line in placed:
        # What comes before the first time is no moment of the video.
        if not rows or at - _begin(rows[-1]) > NEAR or (at >= 0 and rows[-1].at_ms is None):
            rows.append(SideRow(at if at >= 0 else None))
        (rows[-1].left if side == 0 else rows[-1].right).append(line)
    return rows


def _begin(row: SideRow) -> int:
    return -1 if row.at_ms is None else row.at_ms


def _timed(lines: Iterable[ScriptLine]) -> Iterable[tuple[int, ScriptLine]]:
    """Each line with when it begins, as late as the line before it; −1 before the first time."""
    at = -1
    for line in lines:
        at = max(at, -1 if line.start_ms is None else line.start_ms)
        yield at, line
