"""Whether the providers that a run asks have asked everybody to wait: cheap, as pages ask again and again."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from models_app.models import ProviderGate, Run


@dataclass(frozen=True, slots=True)
class Wait:
    """A provider that is not asked before then."""

    client: str
    until: datetime


def clients_of(run: Run) -> tuple[str, ...]:
    """Whom the run asks; the first step may have a provider of its own."""
    return tuple(dict.fromkeys(name for name in (run.settings.get("script_client"), run.client) if name))


def waits_of(run: Run) -> list[Wait]:
    """Those of the run's providers that are being waited for: one query, none where it asks nobody."""
    if not (clients := clients_of(run)):
        return []
    closed = ProviderGate.objects.filter(client__in=clients, closed_until__gt=Now()).order_by("client")
    return [Wait(client, until) for client, until in closed.values_list("client", "closed_until") if until]
