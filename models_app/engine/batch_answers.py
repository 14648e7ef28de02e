"""What becomes of a batch job: its answers stored as exchanges, its failures as those of items."""

import enum
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.locks import locked
from annotator.models import Video
from models_app.clients.base import (
    BatchClient,
    BatchState,
    BatchStatus,
    BlockedError,
    Client,
    DeniedError,
    DownError,
    Finish,
    ProviderError,
    RefusedRequestError,
    Reply,
    Usage,
)
from models_app.engine.batches import release_answered
from models_app.engine.breaker import UNANSWERED
from models_app.engine.exchanges import answered_columns, blocked_columns
from models_app.engine.pausing import pause_for_want_of_usage, pause_itself
from models_app.engine.storing import storable
from models_app.models import (
    BatchJob,
    BatchJobState,
    Exchange,
    ExchangeState,
    ItemKind,
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
LONGEST_SILENT = timedelta(days=14)  # ... or where it cannot be asked: whoever waits for it waits no more


class NothingSaid(enum.Enum):
    """The provider could not be asked."""

    YET = enum.auto()  # for now: the next look asks again
    EVER = enum.auto()  # it refuses the question, as where it does not know the job


Looked = BatchStatus | NothingSaid


def look_at(job: BatchJob, run: Run, client: Client) -> None:
    """Store the answers of a job that has ended; stop one that nobody waits for, or that does not end."""
    status = _look(job, run, client)
    is_unwanted = run.state == RunState.CANCELLED
    if _is_pending(status) and (is_unwanted or _is_older(job, LONGEST_SENT)):
        status = _stop(job, run, client)
    if isinstance(status, BatchStatus) and status.state == BatchState.DONE:  # paid, whatever the run wants
        _store_replies(job, run, status)
    elif (error := _what_ended(job, status)) is None:
        return  # the next look sees
    elif is_unwanted:
        pending_of(job).delete()
        end_job(job, BatchJobState.FAILED, error=_("The run was cancelled."))
    else:
        fail_job(job, run, error)


def _look(job: BatchJob, run: Run, client: Client) -> Looked:
    return asked(run, lambda: batches_of(client).look(job.name, timeout=CALL_SECONDS))


def _stop(job: BatchJob, run: Run, client: Client) -> Looked:
    """Cancel the job, and look once more: it may have been done at that moment, and then it is paid."""
    told = asked(run, lambda: batches_of(client).cancel(job.name, timeout=CALL_SECONDS))
    return told if isinstance(told, NothingSaid) else _look(job, run, client)


def _what_ended(job: BatchJob, status: Looked) -> ProviderError | None:
    """Why nothing more will come of the job; None where something may.

    That a provider cannot be asked says nothing of the job: for how long, tells whether it is lost.
    """
    if isinstance(status, BatchStatus) and status.state == BatchState.FAILED:
        return DownError("batch-failed", status.message or _("The provider gave the job up."))
    if not _is_older(job, LONGEST_SILENT if status is NothingSaid.YET else LONGEST_SENT):
        return None
    if _is_pending(status):
        return DownError("batch-lost", _("The provider has not ended the job in three days."))
    return DownError("batch-lost", _("The provider does not say what became of the job."))


def _is_pending(status: Looked) -> bool:
    return isinstance(status, BatchStatus) and status.state == BatchState.PENDING


def _is_older(job: BatchJob, age: timedelta) -> bool:
    """By the database's clock."""
    return BatchJob.objects.filter(pk=job.pk, sent_at__lt=Now() - age).exists()


# --- What came back ----------------------------------------------------------------------------------------


def _store_replies(job: BatchJob, run: Run, status: BatchStatus) -> None:
    """Store all answers, then see to what got none: that ends items, and what they have paid is kept."""
    lost = DownError("no-answer", _("The job came back without an answer to this request."))
    unanswered: list[tuple[Exchange, ProviderError]] = []
    for exchange in list(pending_of(job)):
        reply = status.replies.get(str(exchange.pk), lost)
        if isinstance(reply, Reply | BlockedError):
            _store(exchange, reply)
        else:
            unanswered.append((exchange, reply))
    for exchange, error in unanswered:
        _note_failure(job, run, exchange, error)
    _look_at_bill(job, run)
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


@transaction.atomic
def _note_failure(job: BatchJob, run: Run, exchange: Exchange, error: ProviderError) -> None:
    """A request of the job that got no answer: handed in again, or its item fails."""
    _lock_videos([exchange.video_id])
    if isinstance(error, DownError) and error.usage != Usage():
        _store_unanswered(job, exchange, error.usage)
    pending = pending_of(job).filter(pk=exchange.pk)
    if error.is_passing and exchange.n_sent < MOST_TIMES:
        take_out(pending)
    else:
        _give_up(pending, run, error)


def _store_unanswered(job: BatchJob, exchange: Exchange, usage: Usage) -> None:
    """Put on the bill what was used without giving an answer: a row of its own, that no question finds."""
    row = locked(pending_of(job).filter(pk=exchange.pk)).first()
    if row is None:
        return  # noted already: another worker was quicker
    kept = ("run", "video", "step", "replicate", "turn", "client", "model", "prompt", "message", "job")
    Exchange.objects.create(
        **{name: getattr(row, name) for name in kept},
        **answered_columns(Reply("", Finish.OTHER, usage)),
        cost=cost_to_keep(row.client, row.model, usage, is_batch=True),
        answered_at=Now(),
    )


def _look_at_bill(job: BatchJob, run: Run) -> None:
    """A budget that cannot be kept pauses the run. Asked of what is stored: a worker may have been killed."""
    if run.budget is None:
        return
    answered = Exchange.objects.filter(job=job).exclude(state=ExchangeState.PENDING)
    if answered.filter(Q(n_input=None) | Q(n_output=None)).exists():
        pause_for_want_of_usage(run.pk)


@transaction.atomic
def fail_job(job: BatchJob, run: Run, error: ProviderError) -> None:
    """The job as a whole came to nothing: its requests go into another, or their items fail."""
    _lock_videos(pending_of(job).values_list("video_id", flat=True))
    if error.is_passing:
        take_out(pending_of(job).filter(n_sent__lt=MOST_TIMES))
    _give_up(pending_of(job), run, error)
    end_job(job, BatchJobState.FAILED, error=str(error), what="batch.failed")
    release_answered(run)


def _lock_videos(videos: Iterable[int]) -> None:
    """None of them is withdrawn meanwhile. First, as a withdrawal locks the video before what hangs on it."""
    list(locked(Video.objects.filter(pk__in=set(videos))).order_by("pk").values_list("pk", flat=True))


def take_out(pending: QuerySet[Exchange]) -> None:
    """Let requests go into another job; those of items that have ended are not asked any more."""
    pending.exclude(pk__in=wanted(pending)).delete()
    pending.update(job=None, reserved=None)


def wanted(pending: QuerySet[Exchange]) -> QuerySet[Exchange]:
    """Those whose items still wait for them."""
    waiting = RunItem.objects.open().filter(run=OuterRef("run"), kind=ItemKind.VIDEO, key=OuterRef("video"))
    return pending.filter(Exists(waiting))


def _give_up(pending: QuerySet[Exchange], run: Run, error: ProviderError) -> None:
    """Fail the items of these requests. What other jobs have of them stays: it is paid, answered or not."""
    videos = list(pending.values_list("video_id", flat=True))
    _fail_items(run, videos, error)
    pending.delete()
    Exchange.objects.filter(run=run, video__in=videos, state=ExchangeState.PENDING, job=None).delete()


def _fail_items(run: Run, videos: Collection[int], error: ProviderError) -> None:
    sent = RunItem.objects.filter(run=run, key__in=videos, state=ItemState.SENT)
    code = f"{UNANSWERED}{error.code}"[:40]
    rows = dict(locked(sent).order_by("pk").values_list("pk", "key"))  # in order, as others lock them
    keys = list(rows.values())
    RunItem.objects.filter(pk__in=rows).update(
        state=ItemState.FAILED, ended_at=Now(), error_code=code, error=storable(str(error))
    )
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


def asked(run: Run, call: Callable[[], T]) -> T | NothingSaid:
    """What the provider says; where it denies it for good, the run pauses."""
    try:
        return call()
    except DeniedError as error:
        pause_itself(run.pk, because=str(error))
    except ProviderError as error:
        log.warning("The provider of run %s said nothing about its batch jobs: %s", run.pk, error)
        if isinstance(error, RefusedRequestError):
            return NothingSaid.EVER
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
