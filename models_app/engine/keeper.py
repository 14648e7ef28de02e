"""Keeps leases alive while items are in work: one thread a process, which ends when it is not needed."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection

from models_app.engine.claims import Claim, renew
from models_app.engine.slots import Pass, renew_slots

log = logging.getLogger(__name__)
TICKS_PER_LEASE = 3


class Keeper:
    """Renews the leases of what this process has claimed, and knows which claims were lost."""

    def __init__(self) -> None:
        self._held: set[uuid.UUID] = set()
        self._lost: set[uuid.UUID] = set()
        self._slots: set[uuid.UUID] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """Renew the claim's lease while the block runs."""
        with self._lock:
            self._held.add(claim.token)
            self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(claim.token)
                self._lost.discard(claim.token)

    @contextmanager
    def holding_slots(self, slots: Pass) -> Iterator[None]:
        """Renew the slots' leases while the block runs."""
        with self._lock:
            self._slots.update(slots)
            self._begin()
        try:
            yield
        finally:
            with self._lock:
                self._slots.difference_update(slots)

    def is_lost(self, claim: Claim) -> bool:
        """Whether somebody else has the item now, or may have: its results would not be stored."""
        return claim.token in self._lost

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
            self._thread.start()

    def _keep(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(settings.RUN_LEASE_SECONDS / TICKS_PER_LEASE)
            with self._lock:
                if not self._held and not self._slots:
                    self._thread = None
                    return
                held, slots = set(self._held), set(self._slots)
            try:
                lost = held - renew(held) if held else set()
                if slots:
                    renew_slots(slots)
            except Error:  # the database is away or full: the claims hold until somebody else takes them
                log.warning("Could not renew %d leases", len(held), exc_info=True)
            else:
                with self._lock:
                    self._lost |= lost & self._held
            finally:
                connection.close()  # rarely used: not worth keeping


KEEPER = Keeper()
