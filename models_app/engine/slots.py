"""Slots of a provider: each is leave to have one request in flight, over all runs and workers.

A thread that works on a run's items holds one of each provider that the run asks, so that neither the
provider's bound (AXIAL_…_IN_FLIGHT) nor the run's own (its setting in_flight) is exceeded. Their leases are
renewed with those of the items (engine.keeper); what a killed worker held is free when they run out.
"""

import uuid
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from annotator.locks import locked
from models_app.engine.claims import lease_end
from models_app.engine.gate import locked_gate
from models_app.models import ProviderSlot

Pass = tuple[uuid.UUID, ...]  # tokens of slots, one of each provider: what a thread needs


def take_passes(clients: Sequence[str], *, run_id: int, most: int) -> list[Pass]:
    """Slots for as many threads as there is room for, at most so many of the run in all slices."""
    tokens: dict[str, list[uuid.UUID]] = {}
    for client in sorted(clients):  # in one order everywhere, as they lock
        tokens[client] = _take(client, run_id=run_id, most=most)
        most = min(most, len(tokens[client]))
    n = min((len(held) for held in tokens.values()), default=0)
    give_back([token for held in tokens.values() for token in held[n:]])
    return list(zip(*(held[:n] for held in tokens.values()), strict=True))


@transaction.atomic
def _take(client: str, *, run_id: int, most: int) -> list[uuid.UUID]:
    if most < 1:
        return []
    locked_gate(client)  # one at a time: two slices of a run would each count before the other takes
    n_slots = settings.LLM_IN_FLIGHT.get(client, 1)
    slots = ProviderSlot.objects.filter(client=client)
    if slots.filter(number__lte=n_slots).count() < n_slots:
        made = [ProviderSlot(client=client, number=number) for number in range(1, n_slots + 1)]
        ProviderSlot.objects.bulk_create(made, ignore_conflicts=True)
    n_held = slots.filter(run=run_id, token__isnull=False, lease_until__gt=Now()).count()
    free = slots.filter(Q(token__isnull=True) | Q(lease_until__lte=Now()), number__lte=n_slots)
    keys = list(free.order_by("number").values_list("pk", flat=True)[: max(0, most - n_held)])
    tokens = []
    for pk in keys:
        tokens.append(token := uuid.uuid4())
        ProviderSlot.objects.filter(pk=pk).update(run=run_id, token=token, lease_until=lease_end())
    return tokens


def give_back(tokens: Collection[uuid.UUID]) -> None:
    """Let others have the slots."""
    if tokens:
        ProviderSlot.objects.filter(token__in=tokens).update(run=None, token=None, lease_until=None)


def renew_slots(tokens: Collection[uuid.UUID]) -> None:
    """Let the leases run on."""
    with transaction.atomic():
        keys = locked(ProviderSlot.objects.filter(token__in=tokens)).order_by("pk")
        held = list(keys.values_list("pk", flat=True))
        ProviderSlot.objects.filter(pk__in=held).update(lease_until=lease_end())
