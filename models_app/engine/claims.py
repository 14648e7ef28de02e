"""Taking items on and giving them back: under a token, while a lease runs by the database's clock."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from annotator.locks import locked
from models_app.models import ItemState, Run, RunEvent, RunItem, RunState

MOST_ATTEMPTS = 3  # an item whose worker died that often is taken to be what kills them
MOST_ATTEMPTS_AMONG_MANY = 10  # ... where others were in the same worker's hands, and it may be one of those
WORKER_DIED = "worker-died"


@dataclass(frozen=True, slots=True)
class Claim:
    """An item that is ours until the token is somebody else's."""

    item_id: int
    run_id: int
    kind: str
    key: int
    token: uuid.UUID

    def rows(self) -> Any:
        """The item, if it still is ours; whatever is written goes through this."""
        return RunItem.objects.filter(pk=self.item_id, token=self.token, state=ItemState.WORKING)


@transaction.atomic
def claim_next(*, run_id: int, worker: str, most_attempts: int = MOST_ATTEMPTS) -> Claim | None:
    """Take the run's next item on; None if there is none to be had, or the run is not running.

    most_attempts: an item that was left so often by workers that died is failed, not taken.
    """
    _need_not_outlast_a_power_cut()
    while item := _first_of(run_id):
        if item.state == ItemState.WORKING and item.n_attempts >= most_attempts:
            _give_up(item)
            continue
        token = uuid.uuid4()
        RunItem.objects.filter(pk=item.pk).update(
            state=ItemState.WORKING,
            token=token,
            worker=worker[:200],
            lease_until=lease_end(),
            n_attempts=item.n_attempts + 1,
            progress=0,
            started_at=Now(),
        )
        return Claim(item.pk, item.run_id, item.kind, item.key, token)
    return None


def _need_not_outlast_a_power_cut() -> None:
    """Let the transaction's commit not wait for PostgreSQL's disk: half of what an item cost.

    A server that crashes may forget the claim: the item waits again, and whoever had it stores nothing. What
    is stored later makes the claim before it last, too. SQLite does not wait (synchronous=NORMAL).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def _first_of(run_id: int) -> RunItem | None:
    """What is to be taken next: what waits, then what a dead worker left, so that it holds up nothing else.

    Two questions instead of one with an OR, and by key, not pk: each is a step along the index of a run's
    items by state, however many have ended. (By pk, PostgreSQL walks along the primary key.)
    """
    columns = ("pk", "run_id", "kind", "key", "state", "n_attempts")
    items = RunItem.objects.filter(run=run_id, run__state=RunState.RUNNING).only(*columns).order_by("key")
    return locked(items.waiting(), skip_busy=True).first() or locked(items.left(), skip_busy=True).first()


def _give_up(item: RunItem) -> None:
    """Fail an item that took its worker with it every time, so that it takes no more."""
    RunItem.objects.filter(pk=item.pk).update(
        state=ItemState.FAILED,
        token=None,
        lease_until=None,
        ended_at=Now(),
        error_code=WORKER_DIED,
        error=_(
            "The worker died over this item %(n)s times. It may need more memory than there is, or the"
            " worker was stopped each time; “retry” tries again."
        )
        % {"n": item.n_attempts},
        error_detail="",
    )
    log_failure(run_id=item.run_id, kind=item.kind, key=item.key, code=WORKER_DIED)


def lease_end() -> Any:
    """When a lease given now runs out, by the database's clock."""
    return Now() + timedelta(seconds=settings.RUN_LEASE_SECONDS)


def renew(tokens: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Let the leases run on; the tokens that still hold."""
    with transaction.atomic():
        ours = RunItem.objects.filter(token__in=tokens, state=ItemState.WORKING)
        # Locked in the order of their keys, as claims are: two keepers never wait for each other crosswise.
        held = dict(locked(ours).order_by("pk").values_list("token", "pk"))
        RunItem.objects.filter(pk__in=held.values()).update(lease_until=lease_end())
    return {token for token in held if token is not None}


def release(claim: Claim) -> bool:
    """Give an item back as if it had not been touched; False if it was not ours any more."""
    return bool(
        claim.rows().update(
            state=ItemState.WAITING,
            token=None,
            worker="",
            lease_until=None,
            progress=0,
            started_at=None,
            n_attempts=Greatest(F("n_attempts") - 1, 0),  # it was not the item that ended the attempt
        )
    )


def log_failure(*, run_id: int, kind: str, key: int, code: str, what: str = "item.failed") -> None:
    """A line of the run's log on a failed or blocked item."""
    RunEvent.objects.create(run_id=run_id, what=what, detail={"kind": kind, "key": key, "code": code})


@transaction.atomic
def finish_if_done(run_id: int) -> bool:
    """End a running run none of whose items is open; True for the one caller who did."""
    run = locked(Run.objects.filter(pk=run_id, state=RunState.RUNNING)).only("pk").first()
    if run is None or RunItem.objects.open().filter(run=run_id).exists():
        return False
    Run.objects.filter(pk=run_id).update(state=RunState.FINISHED, ended_at=Now())
    ended = RunItem.objects.filter(run=run_id)
    n_failed = ended.filter(state=ItemState.FAILED).count()
    n_blocked = ended.filter(state=ItemState.BLOCKED).count()
    n_done = ended.filter(state=ItemState.DONE).count()
    detail = {"done": n_done, "failed": n_failed} | ({"blocked": n_blocked} if n_blocked else {})
    RunEvent.objects.create(run_id=run_id, what="finished", detail=detail)
    return True
