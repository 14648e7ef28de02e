"""A slice: working on a run's items for a short while, so that a worker can be told to stop.

A run that asks providers is worked by a crew of threads (engine.crew), as many as it has slots for; its
slice goes on as long as no other run of the queue wants the worker. Any other run is worked by the thread
that was given the slice, one item after the other.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import Error
from django.utils.translation import gettext as _

from annotator.outages import is_outage
from models_app.clients.base import ClientName, ProviderError
from models_app.engine.asking import Asker
from models_app.engine.batches import postpone
from models_app.engine.claims import claim_next, finish_if_done
from models_app.engine.clients import CLIENTS, ClientOf
from models_app.engine.crew import Crew
from models_app.engine.desk import Desk, PipelineOf, Tally, settings_of
from models_app.engine.failures import failure_of
from models_app.engine.nudges import wanting_workers
from models_app.engine.outage import OutageError, reconnect
from models_app.engine.pausing import pause_itself
from models_app.engine.slots import take_passes
from models_app.models import ItemState, Run, RunItem, RunState
from models_app.pipelines.base import ItemError, Pipeline
from models_app.specs import LlmSettings, PipelineSettings, spec_of

log = logging.getLogger(__name__)
SLICE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What came of a slice."""

    n_done: int = 0
    n_failed: int = 0  # or blocked
    n_sent: int = 0  # to the provider, in a batch
    is_outage: bool = False  # it ended because the database could not go on

    @property
    def n_tried(self) -> int:
        """Items that left the worker's hands in it."""
        return self.n_done + self.n_failed + self.n_sent


def never() -> bool:
    """For those whom nobody stops."""
    return False


def no_client(name: ClientName) -> Any:
    """For those who work on no run that asks a provider."""
    raise ItemError("no-client", _("Nothing was given to ask %(client)s by.") % {"client": name})


def work_slice(
    run_id: int,
    *,
    pipeline_of: PipelineOf,
    client_of: ClientOf = no_client,
    worker: str,
    should_stop: Callable[[], bool] = never,
    seconds: float = SLICE_SECONDS,
    after_each: Callable[[], None] = lambda: None,
) -> Slice:
    """Work on the run's items until the time is over, it is time to stop, or none can be had.

    A run whose last item has ended is finished. Safe to run anywhere, any number of times, at once.
    """
    tally = Tally()
    time_over = _Time(run_id, seconds)

    def is_over() -> bool:
        return should_stop() or time_over()

    try:
        run = Run.objects.select_related("codebook").defer("codebook__document").filter(pk=run_id).first()
        if run is None or run.state != RunState.RUNNING:
            return Slice()
        # Before the first claim: what cannot be loaded takes no item down with it.
        if not is_over() and (pipeline := _loaded(run, pipeline_of)) is not None:
            desk = Desk(run, pipeline, settings_of(run), should_stop, tally)
            if isinstance(desk.settings, LlmSettings):
                _work_by_crew(desk, client_of, worker, should_stop, time_over, after_each)
            else:
                _work_alone(desk, worker, is_over, after_each)
            finish_if_done(run_id)
    except (OutageError, Error) as error:
        cause = error.__cause__ if isinstance(error, OutageError) else error
        if not is_outage(cause):
            raise
        log.warning("The database cannot go on with run %s: %s", run_id, cause)
        reconnect()
        return Slice(tally.n_done, tally.n_failed, tally.n_sent, is_outage=True)
    return Slice(tally.n_done, tally.n_failed, tally.n_sent)


class _Time:
    """Whether a slice's time is over; one that may be extended goes on while nobody else wants the worker."""

    def __init__(self, run_id: int, seconds: float) -> None:
        self.when_extended: Callable[[], None] | None = None
        self._run_id, self._seconds = run_id, seconds
        self._until = time.monotonic() + seconds

    def __call__(self) -> bool:
        if time.monotonic() < self._until:
            return False
        if self.when_extended is None or self._is_wanted_elsewhere():
            return True
        self._until = time.monotonic() + self._seconds
        self.when_extended()
        return False

    def _is_wanted_elsewhere(self) -> bool:
        queues = Run.objects.filter(pk=self._run_id).values_list("queue", flat=True)
        return wanting_workers(list(queues)).exclude(pk=self._run_id).exists()


def _work_alone(desk: Desk, worker: str, is_over: Callable[[], bool], after_each: Callable[[], None]) -> None:
    while not is_over() and (claim := claim_next(run_id=desk.run.pk, worker=worker)) is not None:
        desk.note_start()
        desk.work(claim)
        after_each()


def _work_by_crew(
    desk: Desk,
    client_of: ClientOf,
    worker: str,
    should_stop: Callable[[], bool],
    time_over: "_Time",
    after_each: Callable[[], None],
) -> None:
    """Ask for many items at once, each thread with leave of every provider that it may ask."""
    run, settings = desk.run, desk.settings
    assert isinstance(settings, LlmSettings)  # noqa: S101 - whoever calls has looked
    names = spec_of(run.pipeline).clients_of(settings)
    try:
        clients = {name: CLIENTS.get(name, client_of) for name in names}
    except (ProviderError, ItemError, ValueError, ImportError) as error:
        log.warning("Run %s has nobody to ask: %s", run.pk, error)
        pause_itself(run.pk, because=str(error))
        return
    items = RunItem.objects.filter(run=run, state__in=(ItemState.WAITING, ItemState.WORKING))
    most = min(settings.in_flight, len(items.values_list("pk")[: settings.in_flight]))
    crew = Crew(run=run, worker=worker)
    desk.should_stop = crew.stop.is_set
    desk.asker = Asker(run, settings, clients, crew.let_go.is_set, postpone)
    desk.read_once()

    def hire() -> None:
        crew.hire(desk, take_passes(names, run_id=run.pk, most=most))

    time_over.when_extended = hire
    hire()
    crew.watch(should_stop=should_stop, is_over=lambda: should_stop() or time_over(), after_each=after_each)


_kept = threading.local()  # the pipeline last worked with: its weights outlive a slice


def _loaded(run: Run, pipeline_of: PipelineOf) -> Pipeline | None:
    """The run's pipeline; where it cannot be had, the run is paused and says why."""
    settings: PipelineSettings
    try:
        settings = settings_of(run)
        key = (pipeline_of, run.pipeline, json.dumps(run.settings, sort_keys=True))
        if getattr(_kept, "key", None) != key:
            _kept.key = _kept.pipeline = None  # let the old weights go before the new come
            _kept.pipeline = pipeline_of(run.pipeline, settings)
            _kept.key = key
    except Error:
        raise
    except Exception as error:
        log.exception("The pipeline of run %s cannot be loaded", run.pk)
        is_said = isinstance(error, ItemError | ValueError)
        pause_itself(run.pk, because=str(error) if is_said else str(_why_not_loaded(error)))
        return None
    pipeline: Pipeline = _kept.pipeline
    return pipeline


def _why_not_loaded(error: Exception) -> Any:
    failure = failure_of(error)
    if failure.code != "crashed":
        return failure.message
    return _("The pipeline could not be loaded (%(why)s).") % {"why": f"{type(error).__name__}: {error}"}
