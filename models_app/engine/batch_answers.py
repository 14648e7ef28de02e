"""What becomes of a batch job: its answers stored as exchanges, its failures as those of items."""

import enum
import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from models_app.clients.base import (
    BatchClient,
    BatchState,
    BatchStatus,
    BlockedError,
    Client,
    DeniedError,
    DownError,
    ProviderError,
    Reply,
)
from models_app.engine.batches import release_answered
from models_app.engine.breaker import UNANSWERED
from models_app.engine.exchanges import answered_columns, blocked_columns
from models_app.engine.pausing import pause_itself
from models_app.engine.storing import storable
from models_app.models import (
    BatchJob,
    BatchJobState,
    Exchange,
    ExchangeState,
    ItemState,
    Run,
    RunEvent,
    RunItem,
    RunState,
)
from models_app.prices import cost_to_keep

log = logging.getLogger(__name__)
T = TypeVar("T")
MOST_TIMES = 3  # that one request is handed in
CALL_SECONDS = 300.0  # that one call may take, an upload included
LONGEST_SENT = timedelta(hours=72)  # after which a job is taken to be lost; providers promise a day


def look_at(job: BatchJob, run: Run, client: Client) -> None:
    """Store the answers of a job that is done; nothing while it is not."""
    status = asked(run, lambda: batches_of(client).look(job.name, timeout=CALL_SECONDS))
    is_old = BatchJob.objects.filter(pk=job.pk, sent_at__lt=Now() - LONGEST_SENT).exists()
    if not isinstance(status, BatchStatus) and not is_old:
        return
    if isinstance(status, BatchStatus) and status.state == BatchState.DONE:  # paid, whatever the run wants
        _store_replies(job, run, status)
    elif run.state == RunState.CANCELLED:
        asked(run, lambda: batches_of(client).cancel(job.name, timeout=CALL_SECONDS))
        pending_of(job).delete()
        end_job(job, BatchJobState.FAILED, error=_("The run was cancelled."))
    elif isinstance(status, BatchStatus) and status.state == BatchState.FAILED:
        fail_job(job, run, DownError("batch-failed", status.message or _("The provider gave the job up.")))
    elif is_old:
        fail_job(job, run, DownError("batch-lost", _("The provider has not ended the job in three days.")))


def _store_replies(job: BatchJob, run: Run, status: BatchStatus) -> None:
    lost = DownError("no-answer", _("The job came back without an answer to this request."))
    for exchange in list(pending_of(job)):
        reply = status.replies.get(str(exchange.pk), lost)
        if isinstance(reply, Reply | BlockedError):
            _store(exchange, reply)
        else:
            _note_failure(exchange, run, reply)
    end_job(job, BatchJobState.DONE, what="batch.done")
    release_answered(run)


def _store(exchange: Exchange, reply: Reply | BlockedError) -> None:
    """The answer, if it still is pending: its video may have been withdrawn, its run cancelled."""
    columns = answered_columns(reply) if isinstance(reply, Reply) else blocked_columns(reply)
    cost = cost_to_keep(exchange.client, exchange.model, reply.usage, is_batch=True)
    pending = Exchange.objects.filter(pk=exchange.pk, state=ExchangeState.PENDING)
    if not pending.filter(key__isnull=False).update(**columns, cost=cost, reserved=None, answered_at=Now()):
        # Withdrawn meanwhile: of what was paid, only the cost is kept.
        kept = columns | {"answer": ""}
        pending.update(**kept, cost=cost, reserved=None, answered_at=Now())


def _note_failure(exchange: Exchange, run: Run, error: ProviderError) -> None:
    """A request of the job that got no answer: handed in again, or its item fails."""
    if error.is_passing and exchange.n_sent < MOST_TIMES:
        Exchange.objects.filter(pk=exchange.pk, state=ExchangeState.PENDING).update(job=None, reserved=None)
        return
    with transaction.atomic():
        _fail_items(run, [exchange.video_id], error)
        Exchange.objects.filter(run=run, video=exchange.video_id, state=ExchangeState.PENDING).delete()


def fail_job(job: BatchJob, run: Run, error: ProviderError) -> None:
    """The job as a whole came to nothing: its requests go into another, or their items fail."""
    with transaction.atomic():
        again = Q(n_sent__lt=MOST_TIMES) if error.is_passing else Q(pk=None)
        pending_of(job).filter(again).update(job=None, reserved=None)
        videos = list(pending_of(job).values_list("video_id", flat=True))
        _fail_items(run, videos, error)
        Exchange.objects.filter(run=run, video__in=videos, state=ExchangeState.PENDING).delete()
        end_job(job, BatchJobState.FAILED, error=str(error), what="batch.failed")
    release_answered(run)


def _fail_items(run: Run, videos: Collection[int], error: ProviderError) -> None:
    sent = RunItem.objects.filter(run=run, key__in=videos, state=ItemState.SENT)
    code = f"{UNANSWERED}{error.code}"[:40]
    keys = list(sent.values_list("key", flat=True))
    sent.update(state=ItemState.FAILED, ended_at=Now(), error_code=code, error=storable(str(error)))
    RunEvent.objects.bulk_create(
        RunEvent(run=run, what="item.failed", detail={"kind": "video", "key": key, "code": code})
        for key in keys
    )


def pending_of(job: BatchJob) -> QuerySet[Exchange]:
    """The job's requests that have no answer yet."""
    return Exchange.objects.filter(job=job, state=ExchangeState.PENDING)


def batches_of(client: Client) -> BatchClient:
    """The client, as one that takes batches."""
    if not isinstance(client, BatchClient):
        raise DeniedError("no-batches", _("%(client)s takes no batches.") % {"client": client.name})
    return client


class NothingSaid(enum.Enum):
    """The provider could not be asked for now: the next look asks again."""

    YET = enum.auto()


def asked(run: Run, call: Callable[[], T]) -> T | NothingSaid:
    """What the provider says; where it denies it for good, the run pauses."""
    try:
        return call()
    except DeniedError as error:
        pause_itself(run.pk, because=str(error))
    except ProviderError as error:
        log.warning("The provider of run %s said nothing about its batch jobs: %s", run.pk, error)
    return NothingSaid.YET


@transaction.atomic
def end_job(job: BatchJob, state: BatchJobState, *, error: str = "", what: str = "") -> None:
    """The job is over; told once."""
    still_open = BatchJob.objects.filter(pk=job.pk, ended_at=None)
    if still_open.update(state=state, ended_at=Now(), error=storable(error)) and what:
        tell(job, what, because=error[:300]) if error else tell(job, what, items=job.n_requests)


def tell(job: BatchJob, what: str, **detail: object) -> None:
    """A line of the run's log."""
    RunEvent.objects.create(run_id=job.run_id, what=what, detail=detail)
