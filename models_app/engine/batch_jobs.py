"""Batch jobs: pending requests handed in, jobs looked after until their answers are stored as exchanges.

Everything is kept before it is done, so that a worker may be killed at any line. A job's row comes before the
job: whoever finds it without a name asks the provider for its label before handing it in again. Answers are
stored one by one where they are still pending: looked at twice, nothing is stored twice.
"""

import logging
import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import cast

from django.conf import settings as django_settings
from django.db import Error, connection, transaction
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.locks import locked
from models_app.clients.base import (
    Client,
    DeniedError,
    DownError,
    ProviderError,
)
from models_app.engine import budget
from models_app.engine.batch_answers import (
    CALL_SECONDS,
    LONGEST_SENT,
    LONGEST_SILENT,
    NothingSaid,
    asked,
    batches_of,
    end_job,
    fail_job,
    look_at,
    pending_of,
    take_out,
    tell,
    wanted,
)
from models_app.engine.batches import Requests, drop_orphans, release_answered
from models_app.engine.claims import lease_end
from models_app.engine.clients import CLIENTS, ClientOf
from models_app.engine.desk import PipelineOf, settings_of
from models_app.engine.pausing import pause_itself
from models_app.engine.storing import storable
from models_app.models import (
    BatchJob,
    BatchJobState,
    Exchange,
    ExchangeState,
    ItemState,
    Run,
    RunItem,
    RunState,
)
from models_app.pipelines.base import ItemError
from models_app.specs import LlmSettings

log = logging.getLogger(__name__)
MOST_IN_JOB = 200  # requests; their videos are uploaded first
LONGEST_NEW = timedelta(hours=6)  # that handing in is tried again


def runs_to_look_after() -> list[int]:
    """Runs with something to hand in or to look at now."""
    due = BatchJob.objects.filter(_due(), state__in=(BatchJobState.NEW, BatchJobState.SENT))
    of_jobs = set(due.values_list("run", flat=True))
    kept = Exchange.objects.filter(state=ExchangeState.PENDING, job=None, run__state=RunState.RUNNING)
    sent = RunItem.objects.filter(state=ItemState.SENT, run__state=RunState.RUNNING)
    return sorted(of_jobs | set(kept.values_list("run", flat=True)) | set(sent.values_list("run", flat=True)))


def look_after(run_id: int, *, pipeline_of: PipelineOf, client_of: ClientOf) -> None:
    """Look at the run's jobs, let answered items wait again, hand in what is pending."""
    run = Run.objects.select_related("codebook").filter(pk=run_id).first()
    if run is None:
        return
    try:
        client = CLIENTS.get(cast(LlmSettings, settings_of(run)).client, client_of)
    except (ProviderError, ItemError) as error:
        pause_itself(run.pk, because=str(error))
        return
    for job in BatchJob.objects.filter(_due(), run=run, state__in=(BatchJobState.NEW, BatchJobState.SENT)):
        with _held(job) as is_ours:
            if is_ours:
                _go_on(job, run, client, pipeline_of)
    if run.state == RunState.RUNNING:
        drop_orphans(run)
        release_answered(run)
        while (new := _new_job(run)) is not None:
            with _held(new) as is_ours:
                if not (is_ours and _hand_in(new, run, client, pipeline_of)):
                    break


# --- Leases of jobs ----------------------------------------------------------------------------------------


def _due() -> Q:
    """In nobody's hands, and not looked at just now."""
    look = Now() - timedelta(seconds=django_settings.BATCH_LOOK_SECONDS)
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    return free & (Q(looked_at__isnull=True) | Q(looked_at__lte=look))


@contextmanager
def _held(job: BatchJob) -> Iterator[bool]:
    """Keep the job from others while the block runs, however long; False if somebody else has it."""
    token = uuid.uuid4()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    ours = BatchJob.objects.filter(pk=job.pk)
    if not ours.filter(free).update(token=token, lease_until=lease_end()):
        yield False
        return
    job.token = token
    over = threading.Event()
    keeper = threading.Thread(target=_renew, args=(token, over), name="batch lease", daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        over.set()
        keeper.join(timeout=5)
        BatchJob.objects.filter(token=token).update(token=None, lease_until=None, looked_at=Now())


def _renew(token: uuid.UUID, over: threading.Event) -> None:
    while not over.wait(django_settings.RUN_LEASE_SECONDS / 3):
        try:
            BatchJob.objects.filter(token=token).update(lease_until=lease_end())
        except Error:  # the lease runs out if it stays so
            log.warning("Could not renew the lease of a batch job", exc_info=True)
        finally:
            connection.close()


# --- Handing in --------------------------------------------------------------------------------------------


@transaction.atomic
def _new_job(run: Run) -> BatchJob | None:
    """A job for what is pending for one model; None while items still come, unless there is enough."""
    if locked(Run.objects.filter(pk=run.pk, state=RunState.RUNNING)).first() is None:
        return None
    kept = Exchange.objects.filter(run=run, state=ExchangeState.PENDING, job=None, key__isnull=False)
    coming = RunItem.objects.filter(run=run, state__in=(ItemState.WAITING, ItemState.WORKING))
    enough = MOST_IN_JOB if coming.exists() else 1
    models = kept.values("model").annotate(n=Count("pk"), oldest=Min("pk")).filter(n__gte=enough)
    model = models.order_by("oldest").values_list("model", flat=True).first()
    if model is None:
        return None
    keys = list(kept.filter(model=model).order_by("pk").values_list("pk", flat=True)[:MOST_IN_JOB])
    job = BatchJob.objects.create(run=run, label=uuid.uuid4(), n_requests=len(keys))
    Exchange.objects.filter(pk__in=keys).update(job=job)
    return job


def _go_on(job: BatchJob, run: Run, client: Client, pipeline_of: PipelineOf) -> None:
    """The next thing to be done about a job."""
    run.refresh_from_db(fields=["state"])  # what was done about the job before may have taken long
    if job.state == BatchJobState.SENT:
        look_at(job, run, client)
        return
    name = asked(run, lambda: batches_of(client).find(str(job.label), timeout=CALL_SECONDS))
    if isinstance(name, str):  # whatever has become of the run: what comes of the job has to be paid
        _note_sent(job, name)
    elif name is not None and not _is_given_up(job, name):
        return
    elif run.is_ended:  # cancelled; or finished, its items having found their answers elsewhere
        pending_of(job).delete()
        end_job(job, BatchJobState.FAILED, error=_("The run was cancelled."))
    elif run.state == RunState.PAUSED:  # maybe for ever: a run that waits for the same answers asks itself
        _undo(job)
    elif _is_worn_out(job):
        pending_of(job).update(n_sent=F("n_sent") + 1)
        fail_job(job, run, DownError("batch-not-taken", job.error))
    else:
        _hand_in(job, run, client, pipeline_of)


def _is_given_up(job: BatchJob, said: NothingSaid) -> bool:
    """Whether the provider was asked long enough for a job that it does not tell of: it has none then."""
    longest = LONGEST_SENT if said is NothingSaid.EVER else LONGEST_SILENT
    return BatchJob.objects.filter(pk=job.pk, created_at__lt=Now() - longest).exists()


def _is_worn_out(job: BatchJob) -> bool:
    """Whether handing in was tried long enough. Asked once it is known that the provider has not got it."""
    old = BatchJob.objects.filter(pk=job.pk, created_at__lt=Now() - LONGEST_NEW)
    return bool(job.error) and old.exists()


def _hand_in(job: BatchJob, run: Run, client: Client, pipeline_of: PipelineOf) -> bool:
    """Hand the job in; False where nothing more is to be handed in now."""
    by_video: dict[int, list[Exchange]] = {}
    for exchange in wanted(pending_of(job)):
        by_video.setdefault(exchange.video_id, []).append(exchange)
    with ExitStack() as stack:
        gathered = Requests(run, pipeline_of, stack)
        failed = gathered.gather(by_video)
        _drop_unfound(job, gathered, failed)
        try:
            if gathered.found and not _make_room(job, run, gathered):
                return False
        except budget.SpentError as error:
            _undo(job)
            pause_itself(run.pk, because=str(error))
            return False
        requests = gathered.requests
        if not requests:
            end_job(job, BatchJobState.DONE)
            release_answered(run)
            return True
        try:
            name = batches_of(client).submit(requests, label=str(job.label), timeout=CALL_SECONDS)
        except DeniedError as error:
            _undo(job)
            pause_itself(run.pk, because=str(error))
            return False
        except ProviderError as error:
            log.warning("Batch job %s could not be handed in: %s", job.label, error)
            if error.is_passing:  # it may have been taken all the same: it is looked for first
                BatchJob.objects.filter(pk=job.pk).update(error=storable(str(error)))
            else:
                fail_job(job, run, error)
            return False
    _note_sent(job, name)
    if not BatchJob.objects.filter(pk=job.pk, name=name[:300]).exists():
        # Our lease ran out, and somebody else has undone it or handed it in.
        asked(run, lambda: batches_of(client).cancel(name, timeout=CALL_SECONDS))
        return False
    return True


def _drop_unfound(job: BatchJob, gathered: Requests, failed: Collection[int]) -> None:
    """Forget what is not asked any more: the item is worked once more, and says itself what is wrong."""
    with transaction.atomic():
        gone = pending_of(job).exclude(pk__in=list(gathered.found))
        n_gone, _of = gone.delete()
        if n_gone:
            BatchJob.objects.filter(pk=job.pk).update(n_requests=F("n_requests") - n_gone)
    if failed:
        log.warning("Batch job %s goes without %d videos", job.label, len(failed))


def _make_room(job: BatchJob, run: Run, gathered: Requests) -> bool:
    """Reserve what the job may cost; what the budget has no room for waits for another job.

    False where there is no room at all, and nothing under way that could make some: the run has paused.
    """
    if run.budget is None:
        return True
    with transaction.atomic():
        limit = locked(Run.objects.filter(pk=run.pk)).values_list("budget", flat=True).get()
        if limit is None:
            return True
        pending_of(job).update(reserved=None)  # of an earlier attempt at handing it in
        others = budget.reserved(run)
        left = limit - budget.spent(run) - others
        lengths = dict(pending_of(job).values_list("pk", "video__duration_ms"))
        for pk, question in list(gathered.found.items()):
            length = lengths.get(pk)
            seconds = None if length is None else length / 1000
            need = budget.expected_cost(run, question, seconds=seconds, is_batch=True)
            if need > left:
                del gathered.found[pk]
                Exchange.objects.filter(pk=pk).update(job=None)
                continue
            left -= need
            Exchange.objects.filter(pk=pk).update(reserved=need)
        BatchJob.objects.filter(pk=job.pk).update(n_requests=len(gathered.found))
    if gathered.found:
        return True
    BatchJob.objects.filter(pk=job.pk).delete()
    if not others:
        pause_itself(run.pk, because=_("The budget is spent. Raise it to go on."))
    return False


@transaction.atomic
def _note_sent(job: BatchJob, name: str) -> None:
    if BatchJob.objects.filter(pk=job.pk, state=BatchJobState.NEW).update(
        state=BatchJobState.SENT, name=name[:300], sent_at=Now(), error=""
    ):
        pending_of(job).update(n_sent=F("n_sent") + 1)
        tell(job, "batch.sent", items=pending_of(job).count())


@transaction.atomic
def _undo(job: BatchJob) -> None:
    """As if the job had not been thought of."""
    take_out(pending_of(job))
    BatchJob.objects.filter(pk=job.pk).delete()
