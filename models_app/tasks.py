"""Celery shells: what a worker does for runs."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from models_app.engine.batch_jobs import look_after, runs_to_look_after
from models_app.engine.nudges import nudge_next
from models_app.engine.outage import reconnect
from models_app.engine.slices import work_slice
from models_app.models import Run
from models_app.specs import spec_of

log = logging.getLogger(__name__)


class Slots:
    """What this process is doing: read by its sweep, and by whoever works in it."""

    def __init__(self) -> None:
        self.worker = ""
        self.n_busy = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A slot is taken while the block runs."""
        with self._lock:
            self.n_busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.n_busy -= 1

    def stop(self, **_signal: Any) -> None:
        """Take nothing more on, and drop what lasts: the process is to end."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether the process is to end."""
        return self._stopping.is_set()


SLOTS = Slots()
worker_shutting_down.connect(SLOTS.stop)


@shared_task(ignore_result=True)
def work_on(run_id: int) -> None:
    """Work on a run for a slice, then hand the slot on; safe to deliver twice, or never."""
    from models_app.registry import client_of, pipeline_of  # load torch and the like, so workers only

    with SLOTS.busy():
        done = work_slice(
            run_id,
            pipeline_of=pipeline_of,
            client_of=client_of,
            worker=SLOTS.worker,
            should_stop=lambda: SLOTS.is_stopping,
        )
        if done.n_tried and not done.is_outage:
            run = Run.objects.only("queue", "pipeline").filter(pk=run_id).first()
            if run is not None:
                asks = bool(spec_of(run.pipeline).steps)
                nudge_next(after=run_id, queue=run.queue, twice=asks)


@shared_task(ignore_result=True)
def look_after_batches() -> None:
    """Look at providers' batch jobs, and hand in what is pending; safe to deliver twice, or never."""
    from models_app.registry import client_of, pipeline_of  # loads what workers load only

    with SLOTS.busy():
        for run_id in runs_to_look_after():
            if SLOTS.is_stopping:
                return
            try:
                look_after(run_id, pipeline_of=pipeline_of, client_of=client_of)
            except Exception:  # one run that cannot be looked after does not keep the others waiting
                log.exception("The batch jobs of run %s could not be looked after", run_id)
                reconnect()
