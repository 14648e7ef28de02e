"""Runs that pause by themselves, say why, and may be taken up again by the sweep."""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.locks import locked
from models_app.clients.keys import redact
from models_app.models import Run, RunEvent, RunState


class PausedError(Exception):
    """The run has just been paused: its items in hand go back uncounted."""


@transaction.atomic
def pause_itself(run_id: int, *, because: str, resume_at: datetime | None = None) -> bool:
    """Pause a running run; with resume_at, until then. False if it was not running any more."""
    because = redact(because)[:300]
    running = Run.objects.filter(pk=run_id, state=RunState.RUNNING)
    if not running.update(state=RunState.PAUSED, paused_because=because, resume_at=resume_at):
        return False
    detail = {"because": because} | ({"until": resume_at.isoformat()} if resume_at else {})
    RunEvent.objects.create(run_id=run_id, what="paused", detail=detail)
    return True


def pause_for_want_of_usage(run_id: int) -> bool:
    """Pause a run with a budget that cannot be kept; False if it was not running any more."""
    because = _("The provider does not say what its answers use, so no budget can be kept.")
    return pause_itself(run_id, because=because)


def resume_what_is_due() -> int:
    """Take up again what paused itself until now; how many runs."""
    due = Run.objects.filter(state=RunState.PAUSED, resume_at__lte=Now())
    return sum(_resume(pk) for pk in due.values_list("pk", flat=True))


@transaction.atomic
def _resume(run_id: int) -> bool:
    due = Run.objects.filter(pk=run_id, state=RunState.PAUSED, resume_at__lte=Now())
    if locked(due).first() is None:
        return False
    Run.objects.filter(pk=run_id).update(state=RunState.RUNNING, paused_because="", resume_at=None)
    RunEvent.objects.create(run_id=run_id, what="resumed.itself")
    return True
