"""What runs cost beside each other: in total, and for each video, whoever paid."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import models
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _

from models_app.models import Exchange, Run, RunOrigin
from models_app.queries.bills import REUSED, SETTLED, Bill, bills_of


class WhyNoCost(models.TextChoices):
    """Why there is no figure."""

    ASKED_NOBODY = "asked-nobody", _("it asked no provider")
    MADE_ELSEWHERE = "made-elsewhere", _("it was made elsewhere")
    NOT_YET = "not-yet", _("it has asked nothing yet")
    NO_PRICE = "no-price", _("no price is known for a model that it asked")
    BILL_GONE = "bill-gone", _("it took answers from a run whose bill is gone")


@dataclass(frozen=True, slots=True)
class RunCost:
    """What one run cost."""

    total: Decimal | None  # paid for by the run itself
    per_video: Decimal | None  # what the answers cost, those that an earlier run had paid for included
    n_videos: int = 0  # asked about
    earlier: Decimal = Decimal(0)  # of that, what earlier runs had paid
    why_no_total: WhyNoCost | None = None
    why_no_per_video: WhyNoCost | None = None


def costs_of(runs: Collection[Run]) -> dict[int, RunCost]:
    """By the runs' keys: two queries, whatever their number."""
    bills = bills_of(runs)
    rows = (
        Exchange.objects.filter(SETTLED, run__in=[run.pk for run in runs])
        .order_by()
        .values("run")
        .annotate(
            n_videos=Count("video", distinct=True),
            earlier=Sum("source__cost", filter=REUSED),
            n_gone=Count("pk", filter=REUSED & (Q(source=None) | Q(source__cost=None))),
        )
    )
    more = {row["run"]: (row["n_videos"], row["earlier"] or Decimal(0), row["n_gone"]) for row in rows}
    return {run.pk: _cost(run, bills[run.pk], *more.get(run.pk, (0, Decimal(0), 0))) for run in runs}


def _cost(run: Run, bill: Bill, n_videos: int, earlier: Decimal, n_gone: int) -> RunCost:
    if not (bill.n_asked or bill.n_reused):  # what is in a batch has no price yet
        why = _why_nothing(run)
        return RunCost(None, None, why_no_total=why, why_no_per_video=why)
    why_no_total = None if bill.cost is not None else WhyNoCost.NO_PRICE
    why_no_per_video = why_no_total or (WhyNoCost.BILL_GONE if n_gone else None)
    per_video = None if why_no_per_video else (bill.known_cost + earlier) / n_videos
    return RunCost(bill.cost, per_video, n_videos, earlier, why_no_total, why_no_per_video)


def _why_nothing(run: Run) -> WhyNoCost:
    if run.origin == RunOrigin.IMPORT:
        return WhyNoCost.MADE_ELSEWHERE
    return WhyNoCost.NOT_YET if run.client else WhyNoCost.ASKED_NOBODY
