"""Tokens as providers count them: what they leave out, and what they count apart."""

from collections.abc import Iterable
from typing import Any

from models_app.clients.base import Usage


def usage_of(*, asked: Any, answered: Iterable[Any], total: Any, cached: Any) -> Usage:
    """The usage, from counts as they came. ``answered``: all that is billed as output.

    The total tells of what is missing: Gemini leaves out a count of zero, others count thoughts nowhere else.
    """
    n_asked, n_total = _count(asked), _count(total)
    told = [n for n in map(_count, answered) if n is not None]
    n_answered = sum(told) if told else None
    if n_asked is not None and n_total is not None and n_total >= n_asked:
        n_answered = max(n_answered or 0, n_total - n_asked)
    return Usage(n_asked, n_answered, _count(cached))


def _count(said: Any) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None
