"""Telling workers that there is work. A nudge may be lost, doubled or late: nothing hangs on it."""

import logging
from collections.abc import Collection
from functools import partial

from celery import current_app
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from kombu.exceptions import KombuError

from models_app.models import Run, RunItem, RunState

log = logging.getLogger(__name__)
AT_START = 4  # nudges for a run that begins: as many slots as may take it up at once
WORK_ON = "models_app.tasks.work_on"
EXPIRES = 120.0  # seconds: what has waited that long is out of date, and a sweep has seen to it
LOOK_AFTER = "models_app.tasks.look_after_batches"


def nudge(run_id: int, *, queue: str) -> bool:
    """Put one message on a queue; False if the broker does not take it (a sweep makes up for it)."""
    return _send(WORK_ON, run_id, queue=queue)


def nudge_batches(*, queue: str) -> bool:
    """Have a worker of the queue look after batch jobs."""
    return _send(LOOK_AFTER, queue=queue)


def _send(task: str, *args: int, queue: str) -> bool:
    try:
        current_app.send_task(task, args=args, queue=queue, retry=False, ignore_result=True, expires=EXPIRES)
    except (KombuError, OSError) as error:
        log.warning("The broker took no message (%s %s): %s", task, args, error)
        return False
    return True


def nudge_on_commit(run: Run, *, n_items: int = AT_START) -> None:
    """Nudge once the transaction is through: workers would find nothing before."""
    transaction.on_commit(partial(_nudge_several, run.pk, queue=run.queue, times=min(n_items, AT_START)))


def _nudge_several(run_id: int, *, queue: str, times: int) -> None:
    for _slot in range(times):
        if not nudge(run_id, queue=queue):
            return  # nobody waits for a broker that is away once more


def nudge_next(*, after: int, queue: str, twice: bool = False) -> None:
    """Hand a slot on: to the queue's next run in turn that has something to do, maybe the same again.

    twice: to that run as well, where another is next: which may have all the slots that it can use.
    """
    waiting = list(wanting_workers([queue]).order_by("pk").values_list("pk", flat=True))
    if not waiting:
        return
    chosen = next((pk for pk in waiting if pk > after), waiting[0])
    nudge(chosen, queue=queue)
    if twice and chosen != after and after in waiting:
        nudge(after, queue=queue)


def wanting_workers(queues: Collection[str]) -> QuerySet[Run]:
    """Running runs with an item that anybody may take."""
    items = RunItem.objects.filter(run=OuterRef("pk"))
    return Run.objects.filter(
        Exists(items.waiting()) | Exists(items.left()), state=RunState.RUNNING, queue__in=queues
    )
