"""When the database is away or full while a run is worked on."""

from django.db import connection


class OutageError(Exception):
    """What was done could not be stored: it is lost, and done again when the database is back."""


def reconnect() -> None:
    """Let a broken connection go, so that the next query makes another; never inside a transaction."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
