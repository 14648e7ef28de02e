"""A slice: working on a run's items for a short while, so that a worker can be told to stop."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import Error, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.outages import is_outage
from models_app.engine.claims import claim_next, finish_if_done
from models_app.engine.desk import Desk, PipelineOf, Tally, settings_of
from models_app.engine.failures import failure_of
from models_app.engine.outage import OutageError, reconnect
from models_app.models import Run, RunEvent, RunState
from models_app.pipelines.base import ItemError, Pipeline
from models_app.specs import PipelineSettings

log = logging.getLogger(__name__)
SLICE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Slice:
    """What came of a slice."""

    n_done: int = 0
    n_failed: int = 0
    is_outage: bool = False  # it ended because the database could not go on

    @property
    def n_tried(self) -> int:
        """Items that ended in it."""
        return self.n_done + self.n_failed


def never() -> bool:
    """For those whom nobody stops."""
    return False


def work_slice(
    run_id: int,
    *,
    pipeline_of: PipelineOf,
    worker: str,
    should_stop: Callable[[], bool] = never,
    seconds: float = SLICE_SECONDS,
    after_each: Callable[[], None] = lambda: None,
) -> Slice:
    """Work on the run's items until the time is over, it is time to stop, or none can be had.

    A run whose last item has ended is finished. Safe to run anywhere, any number of times, at once.
    """
    tally = Tally()
    until = time.monotonic() + seconds

    def is_over() -> bool:
        return should_stop() or time.monotonic() >= until

    try:
        run = Run.objects.select_related("codebook").defer("codebook__document").filter(pk=run_id).first()
        if run is None or run.state != RunState.RUNNING:
            return Slice()
        # Before the first claim: what cannot be loaded takes no item down with it.
        if not is_over() and (pipeline := _loaded(run, pipeline_of)) is not None:
            desk = Desk(run, pipeline, settings_of(run), should_stop, tally)
            while not is_over() and (claim := claim_next(run_id=run_id, worker=worker)) is not None:
                if not tally.n_tried and run.started_at is None:
                    Run.objects.filter(pk=run_id, started_at=None).update(started_at=Now())
                desk.work(claim)
                after_each()
            finish_if_done(run_id)
    except (OutageError, Error) as error:
        cause = error.__cause__ if isinstance(error, OutageError) else error
        if not is_outage(cause):
            raise
        log.warning("The database cannot go on with run %s: %s", run_id, cause)
        reconnect()
        return Slice(tally.n_done, tally.n_failed, is_outage=True)
    return Slice(tally.n_done, tally.n_failed)


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
        _pause(run, because=str(error) if is_said else _why_not_loaded(error))
        return None
    pipeline: Pipeline = _kept.pipeline
    return pipeline


def _why_not_loaded(error: Exception) -> Any:
    failure = failure_of(error)
    if failure.code != "crashed":
        return failure.message
    return _("The pipeline could not be loaded (%(why)s).") % {"why": f"{type(error).__name__}: {error}"}


@transaction.atomic
def _pause(run: Run, *, because: str) -> None:
    """Pause a run that no worker could do: its items stay as they are."""
    because = because[:300]
    if Run.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
        state=RunState.PAUSED, paused_because=because
    ):
        RunEvent.objects.create(run=run, what="paused", detail={"because": because})
