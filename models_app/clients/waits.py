"""How long a provider asks to wait: in a header or a detail, as a number or a date, not always sensible."""

import math
import time
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0  # seconds; whoever says more is asked once a day
A_MOMENT = 1e9  # seconds from here on are no wait: they count from 1970


def told_by_header(value: str) -> float | None:
    """What a Retry-After says: seconds, a date, or the moment in seconds since 1970."""
    try:
        return bounded(float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
        date = date.replace(tzinfo=date.tzinfo or UTC)
        return bounded(max(date.timestamp() - time.time(), 0.0))
    except (ValueError, OverflowError):  # the latter: a year that no calendar has
        return None


def bounded(seconds: float) -> float | None:
    """A wait that may be kept; None for what is none."""
    if not math.isfinite(seconds) or seconds < 0:
        return None
    if seconds >= A_MOMENT:
        seconds = max(seconds - time.time(), 0.0)
    return min(seconds, LONGEST)
