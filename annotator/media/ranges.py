"""The Range header of RFC 9110, for one file of known length."""

import re
from dataclasses import dataclass

CAP = 1024**2  # bytes: a longer stretch would hold a worker while others wait for their pages
MAX_RANGES = 20
ONE = re.compile(r"[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*", re.ASCII)


class UnsatisfiableError(ValueError):
    """None of the ranges lies within the file: 416."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A stretch of a file, both ends included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start + 1


def parse_range(header: str | None, *, size: int, cap: int = CAP) -> ByteRange | None:
    """The stretch to send, never longer than the cap; None if the header is to be ignored.

    Of several ranges the first that lies within the file is taken, as RFC 9110 (15.3.7) allows.
    """
    if not header:
        return None
    unit, equals, given = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    parts = [part for part in given.split(",") if part.strip()]
    matches = [ONE.fullmatch(part) for part in parts[: MAX_RANGES + 1]]
    if not matches or len(matches) > MAX_RANGES:
        return None
    pairs = [(match[1], match[2]) if match else ("", "") for match in matches]
    if any(not first and not last for first, last in pairs):
        return None
    if any(first and last and int(first) > int(last) for first, last in pairs):
        return None
    for first, last in pairs:
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start <= end and (first or int(last)):
            return ByteRange(start=start, end=min(end, start + cap - 1))
    raise UnsatisfiableError
