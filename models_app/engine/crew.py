"""A crew: the threads of one slice that ask a provider, each with slots, an item and a connection.

Whoever runs the slice watches: it sees that the run was paused, that the worker is to stop or that the time
is over, while the threads wait for answers. Requests in flight have a while to come back (they are paid);
then their items are given back and the threads left alone: an answer that comes later is still stored, as
long as the process lives, and found by whoever takes the item up again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connections

from models_app.engine.claims import MOST_ATTEMPTS_AMONG_MANY, Claim, claim_next, release
from models_app.engine.desk import Desk
from models_app.engine.keeper import KEEPER
from models_app.engine.outage import reconnect
from models_app.engine.slots import Pass, give_back
from models_app.models import Run, RunState

log = logging.getLogger(__name__)
WATCH_SECONDS = 0.2
LOOK_SECONDS = 1.0  # between looks at the run's state
GRACE_SECONDS = 20.0  # for requests in flight when the run or the worker is to stop


class Crew:
    """Threads at work on a run; made, hired for, and watched by one thread."""

    def __init__(self, *, run: Run, worker: str) -> None:
        self.run = run
        self.worker = worker
        self.stop = threading.Event()  # no more requests: what waits for its turn is dropped
        self.let_go = threading.Event()  # nobody waits for what is in flight any more
        self.over = threading.Event()  # no more items; those in hand are done to the end
        self._changed = threading.Condition()
        self._n_working = 0
        self._n_ended = 0  # items, however they ended
        self._n_told = 0  # of those, that after_each was called for
        self._looked_at = time.monotonic()
        self._stopped_at: float | None = None
        self._in_hand: set[Claim] = set()
        self._errors: list[BaseException] = []

    def hire(self, desk: Desk, passes: list[Pass]) -> None:
        """Let as many more threads work as there are passes."""
        for slots in passes:
            with self._changed:
                self._n_working += 1
            name = f"run {self.run.pk}"
            threading.Thread(target=self._work, args=(desk, slots), name=name, daemon=True).start()

    def watch(
        self, *, should_stop: Callable[[], bool], is_over: Callable[[], bool], after_each: Callable[[], None]
    ) -> None:
        """Until all have gone home, or are let go; raises what was raised in a thread.

        Ctrl-C is raised when what is in flight has come back; a second one at once.
        """
        ctrl_c: KeyboardInterrupt | None = None
        try:
            while True:
                try:
                    if not self._is_at_work():
                        break
                    self._look_around(should_stop, is_over, after_each)
                except KeyboardInterrupt as raised:
                    if ctrl_c is not None:
                        raise
                    ctrl_c = raised
                    self.stop.set()
        finally:
            self._leave()
        if ctrl_c is not None:
            raise ctrl_c
        for error in self._errors[1:]:
            log.error("Also raised while run %s was worked on", self.run.pk, exc_info=error)
        if self._errors:
            raise self._errors[0]
        self._tell(after_each)

    def _is_at_work(self) -> bool:
        """Whether anybody still is, a moment later; nobody is waited for longer than the grace."""
        with self._changed:
            if not self._n_working:
                return False
            self._changed.wait(WATCH_SECONDS)
        if not self.stop.is_set():
            return True
        self._stopped_at = self._stopped_at or time.monotonic()
        return time.monotonic() - self._stopped_at <= GRACE_SECONDS

    def _look_around(
        self, should_stop: Callable[[], bool], is_over: Callable[[], bool], after_each: Callable[[], None]
    ) -> None:
        """Tell of what has ended, and see whether to go on."""
        self._tell(after_each)
        if not self.over.is_set() and is_over():
            self.over.set()
        if not self.stop.is_set() and (self._errors or should_stop() or not self._is_wanted()):
            self.stop.set()

    def _tell(self, after_each: Callable[[], None]) -> None:
        while self._n_told < self._n_ended:
            self._n_told += 1
            after_each()

    def _is_wanted(self) -> bool:
        """Whether the run still runs, and what it may cost now, as a slice may last for hours.

        Asked of the database at most once a second.
        """
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return True
        self._looked_at = time.monotonic()
        try:
            running = Run.objects.filter(pk=self.run.pk, state=RunState.RUNNING)
            found = running.values_list("budget").first()
        except Error:
            reconnect()
            return True  # what is in flight is worth more than the look
        if found is None:
            return False
        (self.run.budget,) = found
        return True

    def _leave(self) -> None:
        """Give back what is still in hand; nothing of it is stored any more but the answers."""
        with self._changed:
            in_hand = list(self._in_hand)
            if in_hand:
                self.let_go.set()
            self.over.set()
            self.stop.set()
        for claim in in_hand:
            try:
                release(claim)
            except Error:
                log.warning("Could not give back %s %s", claim.kind, claim.key, exc_info=True)

    def _work(self, desk: Desk, slots: Pass) -> None:
        try:
            with KEEPER.holding_slots(slots):
                while not self.over.is_set() and not self.stop.is_set():
                    claim = claim_next(
                        run_id=self.run.pk, worker=self.worker, most_attempts=MOST_ATTEMPTS_AMONG_MANY
                    )
                    if claim is None:
                        break
                    desk.note_start()
                    with self._holding(claim):
                        desk.work(claim)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever watches
            with self._changed:
                self._errors.append(error)
        finally:
            with suppress(Error):  # else they are free when their leases run out
                give_back(slots)
            connections.close_all()
            with self._changed:
                self._n_working -= 1
                self._changed.notify_all()

    @contextmanager
    def _holding(self, claim: Claim) -> Iterator[None]:
        with self._changed:
            self._in_hand.add(claim)
        try:
            yield
        finally:
            with self._changed:
                self._in_hand.discard(claim)
                self._n_ended += 1
                self._changed.notify_all()
