"""Locking rows, the one way that it is done here.

Rows are locked in one order everywhere, so that two transactions wait for each other instead of dying
together: study, person, video, coding or consolidation, slot. SQLite needs none of it: writers take turns.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def locked(rows: QuerySet[M], *, skip_busy: bool = False) -> QuerySet[M]:
    """The rows, kept from others' changes until the transaction ends; rows joined to them are not locked.

    NO KEY: others may go on writing rows that refer to these. The history refers to nearly everything, so a
    stronger lock would make a claim (video, then consolidation) and a finish (consolidation, then a line of
    history on the video) die together. skip_busy: leave out what somebody else has locked.
    """
    return rows.select_for_update(no_key=True, of=("self",), skip_locked=skip_busy)
