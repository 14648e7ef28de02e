"""What runs asked of providers, and what it cost: the bill, read from the exchanges."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, Q, Sum

from models_app.models import Exchange, ExchangeState, Run
from models_app.prices import PriceFileError, currency

SETTLED = Q(state__in=(ExchangeState.ANSWERED, ExchangeState.BLOCKED))
# Taken over from another run's exchange, whether that one is still there or not: paid there, timed there.
REUSED = SETTLED & Q(cost=0, seconds=None, n_input=None)


@dataclass(frozen=True, slots=True)
class Bill:
    """The requests of one run."""

    n_asked: int = 0  # that the provider answered or blocked
    n_reused: int = 0  # answered from another run's exchange
    n_pending: int = 0  # part of a batch
    n_uncounted: int = 0  # asked, and the provider did not say how many tokens
    n_unpriced: int = 0  # asked, and no price is known
    n_input: int = 0  # tokens, as far as they were counted
    n_output: int = 0
    known_cost: Decimal = Decimal(0)  # of those with a price

    @property
    def cost(self) -> Decimal | None:
        """What the run cost; None where that of a request is not known."""
        return None if self.n_unpriced else self.known_cost

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked or taken over yet."""
        return not (self.n_asked or self.n_reused or self.n_pending)

    @property
    def is_known_in_part(self) -> bool:
        """Whether some requests have a price, and some have none."""
        return bool(self.n_unpriced and self.known_cost)


def bill_of(run: Run) -> Bill:
    """One run's bill: one query along an index that holds all it needs (`costs_of_a_run`)."""
    return _bill(Exchange.objects.filter(run=run).aggregate(**_sums()))


def bills_of(runs: Collection[Run | int]) -> dict[int, Bill]:
    """Bills by the runs' keys; a run that asked nothing has an empty one."""
    keys = [run if isinstance(run, int) else run.pk for run in runs]
    rows = Exchange.objects.filter(run__in=keys).order_by().values("run").annotate(**_sums())
    found = {row["run"]: _bill(cast(dict[str, Any], row)) for row in rows}
    return {key: found.get(key, Bill()) for key in keys}


def currency_known() -> str:
    """What prices are in; empty where the table of prices cannot be read: a page is shown all the same."""
    try:
        return currency()
    except PriceFileError:
        return ""


def _sums() -> dict[str, Any]:
    return {
        "n": Count("pk"),
        "n_settled": Count("pk", filter=SETTLED),
        "n_reused": Count("pk", filter=REUSED),
        "n_uncounted": Count("pk", filter=SETTLED & (Q(n_input=None) | Q(n_output=None))),
        "n_unpriced": Count("pk", filter=SETTLED & Q(cost=None)),
        "total_input": Sum("n_input"),
        "total_output": Sum("n_output"),
        "total_cost": Sum("cost"),
    }


def _bill(row: dict[str, Any]) -> Bill:
    return Bill(
        n_asked=row["n_settled"] - row["n_reused"],
        n_reused=row["n_reused"],
        n_pending=row["n"] - row["n_settled"],
        n_uncounted=row["n_uncounted"] - row["n_reused"],
        n_unpriced=row["n_unpriced"],
        n_input=row["total_input"] or 0,
        n_output=row["total_output"] or 0,
        known_cost=row["total_cost"] or Decimal(0),
    )
