"""Moments of a video as files write them."""

import re

from django.utils.translation import gettext as _

from annotator.imports.cells import CellError
from annotator.imports.errors import shorten

MAX_EVIDENCE = 30
LONGEST_MS = 2**31 - 1


def read_evidence(text: str) -> list[tuple[int, int | None]]:
    """Moments in seconds, "3.2; 7-9.5", as milliseconds, each start once."""
    found: dict[int, int | None] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = re.fullmatch(r"(\d{1,7}(?:\.\d{1,6})?)(?:\s*[-–]\s*(\d{1,7}(?:\.\d{1,6})?))?", part, re.ASCII)
        start = round(float(match[1]) * 1000) if match else -1
        end = round(float(match[2]) * 1000) if match and match[2] else None
        last = start if end is None else end
        if match is None or not 0 <= start <= last <= LONGEST_MS:
            raise CellError(
                _("expected seconds like 3.2; 7-9.5, found “%(cell)s”.") % {"cell": shorten(text)}
            )
        found[start] = end
    if len(found) > MAX_EVIDENCE:
        raise CellError(_("more than %(n)s moments.") % {"n": MAX_EVIDENCE})
    return list(found.items())


def write_evidence(moments: list[tuple[int, int | None]]) -> str:
    """The same the other way round."""
    return "; ".join(
        _seconds(start) if end is None else f"{_seconds(start)}-{_seconds(end)}" for start, end in moments
    )


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}".rstrip("0").rstrip(".")
