"""Where in a video, as models say it."""

import re
from typing import Any

CLOCK = re.compile(r"\(?(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)\)?")
SECONDS = re.compile(r"(\d{1,6}(?:\.\d+)?)\s*(?:s|sec|seconds?)?")
LONGEST_VIDEO = 24 * 3600  # seconds; what lies behind is no time


def milliseconds(said: Any, *, duration_ms: int | None = None) -> int | None:
    """Where in the video: seconds, or a time such as 0:07; None where it is neither, or behind the end."""
    seconds: float | None = None
    if isinstance(said, int | float) and not isinstance(said, bool):
        seconds = float(said)
    elif isinstance(said, str) and (clock := CLOCK.fullmatch(said.strip())):
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    elif isinstance(said, str) and (plain := SECONDS.fullmatch(said.strip().lower())):
        seconds = float(plain[1])
    if seconds is None or not 0 <= seconds <= LONGEST_VIDEO:
        return None
    result = round(seconds * 1000)
    return None if duration_ms is not None and result > duration_ms else result
