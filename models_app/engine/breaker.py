"""The circuit breaker: a provider that is down, for all workers, pauses runs instead of failing items."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from models_app.engine.gate import Gate, locked_gate, make_gate
from models_app.engine.pausing import pause_itself
from models_app.models import Exchange, ItemState, ProviderGate, Run, RunItem

MOST_DOWN = 10  # requests in a row, of all workers
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
MOST_OPENED = 8  # times in a row, two hours in all, that nobody but the provider is blamed
UNANSWERED = "provider-"  # how the codes of items begin that failed for want of an answer


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is counted at one provider's gate."""

    gate: Gate

    def answered(self) -> None:
        """The provider is there; written only where it was thought to be away."""
        standing = self.gate.standing()
        if standing.n_down or standing.n_opened:
            ProviderGate.objects.filter(client=self.gate.client).update(n_down=0, n_opened=0)
            self.gate.forget()

    def found_down(self, run: Run, *, because: str) -> bool:
        """Count a request that found it down; True if the run was paused for it, by us or others."""
        make_gate(self.gate.client)
        ProviderGate.objects.filter(client=self.gate.client).update(n_down=F("n_down") + 1)
        self.gate.forget()
        if self.gate.standing().n_down < MOST_DOWN:
            return False
        self._open(run, because=because)
        return True

    @property
    def is_worn_out(self) -> bool:
        """Whether it has been tried for so long that it may be the items which it cannot answer.

        What is tried then fails, a few items each time that it opens: else a run of which nothing but such
        items is left would pause and go on for ever.
        """
        return self.gate.standing().n_opened > MOST_OPENED

    @transaction.atomic
    def _open(self, run: Run, *, because: str) -> None:
        """Pause the run until the provider is tried again; longer each time that it is still down."""
        now, gate = locked_gate(self.gate.client)
        if gate.closed_until is None or gate.closed_until <= now:
            pause = min(FIRST_PAUSE * 2 ** min(gate.n_opened, 10), LONGEST_PAUSE)
            gate.closed_until, gate.n_opened = now + pause, gate.n_opened + 1
            gate.save(update_fields=["closed_until", "n_opened"])
        said = _("%(client)s does not answer (%(why)s). The run goes on by itself when it is tried again.")
        values = {"client": self.gate.client, "why": because[:200].rstrip(".")}
        is_ours = pause_itself(run.pk, because=said % values, resume_at=gate.closed_until)
        if is_ours and gate.n_opened <= MOST_OPENED:
            _give_back(run, since=_last_answer(run))
        self.gate.forget()


def _last_answer(run: Run) -> datetime | None:
    answered: datetime | None = Exchange.objects.filter(run=run, source=None).aggregate(
        last=Max("answered_at")
    )["last"]
    return answered


def _give_back(run: Run, *, since: datetime | None) -> None:
    """Let those wait again that failed since the provider's last answer: it was not their fault."""
    items = RunItem.objects.filter(run=run, state=ItemState.FAILED, error_code__startswith=UNANSWERED)
    if since is not None:
        items = items.filter(ended_at__gt=since)
    items.filter(ended_at__lte=Now()).update(
        state=ItemState.WAITING,
        n_attempts=0,
        worker="",
        started_at=None,
        ended_at=None,
        error_code="",
        error="",
        error_detail="",
        progress=0,
    )
