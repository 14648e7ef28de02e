"""The sweep: finds what no message speaks of. Every worker does it, now and then; twice does no harm."""

import itertools
import logging
import random
from collections.abc import Collection
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from models_app.engine.batch_jobs import runs_to_look_after
from models_app.engine.claims import finish_if_done
from models_app.engine.nudges import nudge, nudge_batches, wanting_workers
from models_app.engine.pausing import resume_what_is_due
from models_app.models import Run, RunItem, RunState, WorkerBeat
from models_app.specs import Queue

log = logging.getLogger(__name__)
FORGET_AFTER = timedelta(days=1)


def sweep(*, worker: str, queues: Collection[str], n_idle: int) -> int:
    """Report the worker, resume, finish and nudge what is to be; how many were nudged.

    n_idle: slots of this worker that do nothing. A busy worker nudges nobody, so messages never pile up.
    """
    report(worker=worker, queues=queues)
    resume_what_is_due()
    for run in _with_nothing_open():
        finish_if_done(run)
    if n_idle > 0 and Queue.IO in queues and runs_to_look_after():
        nudge_batches(queue=Queue.IO)
    wanting = list(wanting_workers(queues).values_list("pk", "queue"))
    if n_idle < 1 or not wanting:
        return 0
    random.shuffle(wanting)  # so that several workers do not all begin with the same run
    chosen = itertools.islice(itertools.cycle(wanting), n_idle)
    return sum(nudge(pk, queue=queue) for pk, queue in chosen)


def report(*, worker: str, queues: Collection[str]) -> None:
    """Say that the worker is there."""
    seen = {"queues": sorted(queues), "seen_at": Now()}
    if not WorkerBeat.objects.filter(name=worker).update(**seen):
        WorkerBeat.objects.bulk_create([WorkerBeat(name=worker, **seen)], ignore_conflicts=True)
        WorkerBeat.objects.filter(seen_at__lt=Now() - FORGET_AFTER).delete()


def sign_off(*, worker: str) -> None:
    """Say that the worker goes."""
    WorkerBeat.objects.filter(name=worker).delete()


def _with_nothing_open() -> list[int]:
    """Running runs whose worker died, or could not write, between the last item and the end."""
    open_items = RunItem.objects.open().filter(run=OuterRef("pk"))
    runs = Run.objects.filter(~Exists(open_items), state=RunState.RUNNING)
    return list(runs.values_list("pk", flat=True))
