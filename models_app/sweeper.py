"""A worker's sweep: a thread of its own, so that neither a long item nor a broker that is away stops it."""

import logging
import threading
from typing import Any

from celery import bootsteps
from django.conf import settings

log = logging.getLogger(__name__)


class Sweeper(bootsteps.StartStopStep):  # type: ignore[misc]
    """Sweeps when the worker starts and every AXIAL_SWEEP_SECONDS from then on."""

    # After the process of the scheduler has been forked: threads do not survive that.
    requires = ("celery.worker.components:Pool", "celery.worker.components:Beat")

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        """Begin to sweep."""
        from models_app.tasks import SLOTS

        SLOTS.worker = str(parent.hostname)
        queues = sorted(parent.app.amqp.queues.consume_from)
        n_slots = int(parent.concurrency)
        self._thread = threading.Thread(
            target=self._run, args=(str(parent.hostname), queues, n_slots), name="sweep", daemon=True
        )
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Sweep no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    terminate = stop

    def _run(self, worker: str, queues: list[str], n_slots: int) -> None:
        from django.db import connection

        from models_app.engine.sweep import sign_off, sweep
        from models_app.tasks import SLOTS

        while not self._over.is_set():
            try:
                n_idle = 0 if SLOTS.is_stopping else n_slots - SLOTS.n_busy
                sweep(worker=worker, queues=queues, n_idle=n_idle)
            except Exception:  # whatever it is, the next sweep tries again
                log.exception("The sweep failed")
            finally:
                connection.close()
            self._over.wait(settings.RUN_SWEEP_SECONDS)
        try:
            sign_off(worker=worker)
        except Exception:
            log.warning("Could not sign off", exc_info=True)
        finally:
            connection.close()
