"""Asking for one item: from the cache, else from the provider, with patience, within limits and budget.

What is asked anew, how often and when, is decided here and nowhere else: a client makes one attempt.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

from django.db import Error, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.models import Video
from models_app.clients.base import (
    BlockedError,
    Client,
    ClientName,
    DeniedError,
    DownError,
    LimitedError,
    ProviderError,
    Reply,
    Usage,
)
from models_app.clients.servers import server_of
from models_app.engine import budget
from models_app.engine.breaker import UNANSWERED, Breaker
from models_app.engine.claims import Claim
from models_app.engine.exchanges import Answered, Exchanges, key_of, reply_of
from models_app.engine.failures import AwayItemError
from models_app.engine.gate import Gate, gate_of
from models_app.engine.outage import reconnect, storing
from models_app.engine.pausing import PausedError, pause_for_want_of_usage, pause_itself
from models_app.models import Exchange, ExchangeState, Run
from models_app.pipelines.base import Ask, Interrupted, ItemError, LaterError, Question
from models_app.specs import LlmSettings

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
FIRST_WAIT = 0.5  # seconds; doubled each time
LONGEST_WAIT = 60.0
LOOK_SECONDS = 0.2  # between looks at whether to go on, while waiting
LONGEST_IDLE = 120.0  # a provider that wants a longer wait pauses the run: no thread sits through it
LONGEST_LIMITED = 3600.0  # in all, for one request
DICE = random.SystemRandom()

Look = Callable[[], None]  # Interrupted where the item is to be dropped


class PostponedError(LaterError):
    """The question is part of a batch job now, and its item in nobody's hands."""


class Postpone(Protocol):
    """What takes a question for a batch job (engine.batches)."""

    def __call__(
        self, claim: Claim, question: Question, key: str, *, exchanges: Exchanges, found: Exchange | None
    ) -> NoReturn:
        """Keep the question as a pending exchange and let go of its item, as one; PostponedError.

        found: what has the key already: pending, of this run (its item was worked once more) or another's.
        """
        ...


class Flights:
    """Questions that this process has under way: an equal one waits for the answer instead of asking too."""

    def __init__(self) -> None:
        self._ended: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def alone(self, key: str, *, look: Look) -> Iterator[None]:
        """Nobody else in this process asks this while the block runs."""
        ended = threading.Event()
        while (other := self._enter(key, ended)) is not ended:
            while not other.wait(LOOK_SECONDS):
                look()
        try:
            yield
        finally:
            with self._lock:
                del self._ended[key]
            ended.set()

    def _enter(self, key: str, ended: threading.Event) -> threading.Event:
        with self._lock:
            return self._ended.setdefault(key, ended)


FLIGHTS = Flights()


@dataclass
class Asker:
    """Asks for all items of one run's slice; safe for many threads."""

    run: Run
    settings: LlmSettings
    clients: Mapping[ClientName, Client]
    is_let_go: Callable[[], bool]  # whoever waits for an answer has stopped waiting: it is stored, no more
    postpone: Postpone
    exchanges: Exchanges = field(init=False)

    def __post_init__(self) -> None:
        self.exchanges = Exchanges(self.run)

    def asking_for(self, claim: Claim, *, look: Look) -> Ask:
        """What a pipeline asks by, while it works on this item."""

        def ask(question: Question) -> Reply:
            look()
            reply = self._answer(claim, question, look=look)
            if self.is_let_go():
                raise Interrupted
            return reply

        return ask

    def _answer(self, claim: Claim, question: Question, *, look: Look) -> Reply:
        key = key_of(self.run.study_id, question, server=server_of(question.client, question.request.model))
        with FLIGHTS.alone(key, look=look):
            found = self.exchanges.find(key)
            if found is not None and found.state != ExchangeState.PENDING:
                if found.run_id != self.run.pk:
                    storing(lambda: self.exchanges.take_over(claim, question, found))
                return reply_of(found)
            if self.settings.delivery == "batch":
                self.postpone(claim, question, key, exchanges=self.exchanges, found=found)
            attempt = Attempt(self, claim, question, look)
            answered = attempt.until_answered()
            exchange = storing(lambda: self.exchanges.store(claim, question, key, answered), is_paid=True)
            attempt.note_answer(answered)  # not before: it is paid
        attempt.look_at_bill(answered)
        return reply_of(exchange)


@dataclass
class Attempt:
    """One question on its way to the provider, for as many attempts as it takes."""

    asker: Asker
    claim: Claim
    question: Question
    look: Look
    n_failed: int = 0
    n_limited: int = 0
    limited_since: float = 0.0
    n_tokens: int = 0  # that it was taken to need, at the gate

    @property
    def run(self) -> Run:
        """The run that pays."""
        return self.asker.run

    @property
    def gate(self) -> Gate:
        """The provider's."""
        return gate_of(self.question.client)

    def until_answered(self) -> Answered:
        """The provider's answer; ItemError where none will come, PausedError where the run had to stop."""
        client = self.asker.clients[self.question.client]
        while True:
            self._wait_for_leave()
            begun = time.monotonic()
            try:
                answered = Answered(client.ask(self.question.request, timeout=self.asker.settings.timeout))
            except BlockedError as error:
                answered = Answered(None, error)
            except ProviderError as error:
                self._account_for(error, seconds=time.monotonic() - begun)
                self._go_on_after(error)
                continue
            except BaseException:
                self._free_room()
                raise
            return Answered(answered.reply, answered.blocked, time.monotonic() - begun)

    def note_answer(self, answered: Answered) -> None:
        """The provider is there, and took so many tokens; no matter if it cannot be noted."""
        usage = answered.usage
        try:
            Breaker(self.gate).answered()
            if usage.input is not None:
                self.gate.correct(n_estimated=self.n_tokens, n_tokens=usage.input + (usage.output or 0))
        except Error:
            log.warning("Could not note that %s answered", self.question.client, exc_info=True)
            reconnect()

    def look_at_bill(self, answered: Answered) -> None:
        """A budget that cannot be kept ends the run's asking, not silently."""
        if self.run.budget is not None and None in (answered.usage.input, answered.usage.output):
            pause_for_want_of_usage(self.run.pk)
            raise PausedError

    def _account_for(self, error: ProviderError, *, seconds: float) -> None:
        """Keep what has to be paid though no answer came; else free what was reserved."""
        if isinstance(error, DownError) and _is_billed(error):
            exchanges, usage = self.asker.exchanges, error.usage
            storing(
                lambda: exchanges.store_unanswered(self.claim, self.question, usage, seconds=seconds),
                is_paid=True,
            )
        else:
            self._free_room()

    # --- What is done about errors -----------------------------------------------------------

    def _go_on_after(self, error: ProviderError) -> None:
        """Wait for the next attempt; or raise what ends this."""
        if self.asker.is_let_go():
            raise Interrupted
        if isinstance(error, LimitedError):
            return self._note_limit(error)
        if isinstance(error, DeniedError):
            self._pause(str(error))
        if not error.is_passing:
            raise ItemError(f"{UNANSWERED}{error.code}", str(error)) from None
        self.n_failed += 1
        breaker = Breaker(self.gate)
        is_down = error.is_down and not _is_billed(error)  # who bills is there
        is_paused = is_down and breaker.found_down(self.run, because=str(error))
        if is_paused and not breaker.is_worn_out:
            raise PausedError
        if is_paused or self.n_failed >= MOST_ATTEMPTS:
            is_away = is_down and not breaker.is_worn_out
            kind = AwayItemError if is_away else ItemError
            raise kind(f"{UNANSWERED}{error.code}", str(error)) from None
        self._wait(backoff(self.n_failed))
        return None

    def _note_limit(self, error: LimitedError) -> None:
        """Close the gate for everybody: as long as the provider says, and longer each time."""
        now = time.monotonic()
        self.limited_since = self.limited_since or now
        self.n_limited += 1
        if now - self.limited_since > LONGEST_LIMITED:
            until = timezone.now() + timedelta(seconds=max(error.after or 0, LONGEST_IDLE))
            self._pause(_("The provider has asked to wait for an hour."), until=until)
        self.gate.close(seconds=max(error.after or 0, backoff(self.n_limited)))  # “0 s” would be no wait

    def _pause(self, because: str, *, until: datetime | None = None) -> NoReturn:
        pause_itself(self.run.pk, because=because, resume_at=until)
        raise PausedError

    # --- What is waited for ------------------------------------------------------------------

    def _wait_for_leave(self) -> None:
        """Until it is our turn, the budget has room, and the provider lets anybody ask: at the same time."""
        self._wait_for_gate()  # before the turn: nobody takes one that will not be used for long
        self._wait_for_turn()
        self._wait_for_room()
        while self.gate.standing().wait:  # others were asked to wait while we waited
            self._free_room()
            self._wait_for_gate()
            self._wait_for_room()

    def _wait_for_gate(self) -> None:
        """Until the provider lets anybody ask; all at once would be too many again, so not all at once."""
        while wait := self.gate.standing().wait:
            if wait > LONGEST_IDLE:
                until = timezone.now() + timedelta(seconds=wait)
                because = _("%(client)s asked to wait. The run goes on by itself.")
                self._pause(because % {"client": self.question.client}, until=until)
            self._wait(wait + DICE.uniform(0, min(wait / 10, 2)))

    def _wait_for_turn(self) -> None:
        """Until this is within what is asked a minute."""
        self.n_tokens = budget.about_tokens(self.question.request)
        self._wait(self.gate.turn(n_tokens=self.n_tokens))

    def _wait_for_room(self) -> None:
        """Until the budget has room for this."""
        if self.run.budget is None:
            return
        timeout, seconds = float(self.asker.settings.timeout), self._video_seconds
        while True:
            try:
                if budget.reserve(self.run, self.claim, self.question, timeout=timeout, seconds=seconds):
                    return
            except budget.SpentError as error:
                self._pause(str(error))
            self._wait(LOOK_SECONDS)

    @property
    def _video_seconds(self) -> float | None:
        videos = Video.objects.filter(pk=self.claim.key).values_list("duration_ms", flat=True)
        milliseconds = videos.first()
        return None if milliseconds is None else milliseconds / 1000

    def _free_room(self) -> None:
        if self.run.budget is not None:
            with suppress(Error), transaction.atomic():  # else it counts until its time is over
                budget.let_go(self.claim)

    def _wait(self, seconds: float) -> None:
        """Sleep, in short pieces, as long as the item is to be gone on with."""
        until = time.monotonic() + seconds
        while True:
            self.look()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, LOOK_SECONDS))


def _is_billed(error: ProviderError) -> bool:
    """Whether it has to be paid, though no answer came."""
    return isinstance(error, DownError) and error.usage != Usage()


def backoff(n: int) -> float:
    """Seconds before the next attempt after n that failed: by chance, up to twice as long each time."""
    return DICE.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**n))
