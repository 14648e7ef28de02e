"""When the database is away or full while a run is worked on."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connection

from annotator.outages import is_outage

log = logging.getLogger(__name__)
STORE_PAUSES = (0.2, 0.5, 1, 2, 5, 10, 10)  # between attempts at storing while the database cannot
PAID_PAUSES = (*STORE_PAUSES, *[15] * 40)  # ... what was paid for: ten minutes
T = TypeVar("T")


class OutageError(Exception):
    """What was done could not be stored: it is lost, and done again when the database is back."""


def reconnect() -> None:
    """Let a broken connection go, so that the next query makes another; never inside a transaction."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def storing(
    store: Callable[[], T],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    is_paid: bool = False,
) -> T:
    """Store, again and again while the database cannot; OutageError where it stays so."""
    for pause in (*(PAID_PAUSES if is_paid else STORE_PAUSES), None):
        try:
            return store()
        except Error as error:
            if not is_outage(error):
                raise
            if pause is None or should_stop():
                raise OutageError from error
            log.warning("Could not store; trying again: %s", error)
            reconnect()
            time.sleep(pause)
    raise AssertionError
