"""The gate of a provider: how fast all workers together may ask it, and when it asked them to wait.

Nothing is written for a request unless a limit is configured (AXIAL_…_RPM, AXIAL_…_TPM): whether the gate is
closed is read at most once a second and process.
"""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from annotator.locks import locked
from models_app.models import ProviderGate

LOOK_SECONDS = 1.0
MINUTE = 60.0
LONGEST_CLOSED = 86_400.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A gate as it was last read."""

    closed_for: float = 0.0  # seconds from then
    n_down: int = 0
    n_opened: int = 0
    read_at: float = 0.0  # by this process's monotonic clock

    @property
    def wait(self) -> float:
        """Seconds that are still to be waited."""
        return max(0.0, self.closed_for - (time.monotonic() - self.read_at))


@dataclass
class Gate:
    """One provider's gate, as this process knows it; safe for many threads."""

    client: str
    _standing: Standing | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def standing(self) -> Standing:
        """The gate as it is, at most a second ago."""
        with self._lock:
            last = self._standing
            if last is None or time.monotonic() - last.read_at >= LOOK_SECONDS:
                last = self._standing = read_gate(self.client)
            return last

    def forget(self) -> None:
        """Look again before the next request: we have just changed something."""
        self._standing = None

    def turn(self, *, n_tokens: int) -> float:
        """Take a place in the queue of all workers; how many seconds it is away. 0 without a limit."""
        rpm, tpm = limits_of(self.client)
        if not rpm and not tpm:
            return 0.0
        with transaction.atomic():
            now, gate = locked_gate(self.client)
            starts = [now]
            if rpm:
                start = max(now, gate.requests_until or now)
                gate.requests_until = start + timedelta(seconds=MINUTE / rpm)
                starts.append(start)
            if tpm:
                start = max(now, gate.tokens_until or now)
                gate.tokens_until = start + timedelta(seconds=n_tokens * MINUTE / tpm)
                starts.append(start)
            gate.save(update_fields=["requests_until", "tokens_until"])
        return (max(starts) - now).total_seconds()

    def correct(self, *, n_estimated: int, n_tokens: int) -> None:
        """Count the tokens that a request took in place of those that it was expected to take."""
        _rpm, tpm = limits_of(self.client)
        if tpm and n_tokens != n_estimated:
            shift = timedelta(seconds=(n_tokens - n_estimated) * MINUTE / tpm)
            ProviderGate.objects.filter(client=self.client, tokens_until__isnull=False).update(
                tokens_until=F("tokens_until") + shift
            )

    def close(self, *, seconds: float) -> None:
        """Let nobody ask for so long: the provider said so. A day at most, whatever it said."""
        make_gate(self.client)
        until = Now() + timedelta(seconds=min(seconds, LONGEST_CLOSED))
        closed = ProviderGate.objects.filter(client=self.client)
        closed.filter(closed_until__isnull=True).update(closed_until=until)
        closed.filter(closed_until__isnull=False).update(closed_until=Greatest(F("closed_until"), until))
        self.forget()


_gates: dict[str, Gate] = {}


def gate_of(client: str) -> Gate:
    """The provider's gate: one a process."""
    return _gates.setdefault(client, Gate(client))


def limits_of(client: str) -> tuple[int, int]:
    """Requests and tokens a minute, of all workers together; 0: no limit."""
    return settings.LLM_RPM.get(client, 0), settings.LLM_TPM.get(client, 0)


def open_gates(clients: Collection[str]) -> None:
    """Let these providers be asked at once: somebody will not wait, and what was counted begins anew."""
    ProviderGate.objects.filter(client__in=clients).update(closed_until=None, n_down=0, n_opened=0)
    for client in clients:
        gate_of(client).forget()


def make_gate(client: str) -> None:
    """See that the provider's row is there."""
    if not ProviderGate.objects.filter(client=client).exists():
        ProviderGate.objects.bulk_create([ProviderGate(client=client)], ignore_conflicts=True)


def locked_gate(client: str) -> tuple[datetime, ProviderGate]:
    """What the database's clock says, and the gate, kept from others until the transaction ends."""
    make_gate(client)
    gate = locked(ProviderGate.objects.filter(client=client)).annotate(now=Now()).get()
    return gate.now, gate


def read_gate(client: str) -> Standing:
    """The gate as the database has it."""
    gate = ProviderGate.objects.filter(client=client).annotate(now=Now()).first()
    if gate is None:
        return Standing(read_at=time.monotonic())
    closed = (gate.closed_until - gate.now).total_seconds() if gate.closed_until else 0.0
    return Standing(max(0.0, closed), gate.n_down, gate.n_opened, time.monotonic())
