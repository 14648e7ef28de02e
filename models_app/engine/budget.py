"""A run's budget: before a request there must be room for it, beside what was spent and what is in flight.

What is in flight is written on its item, with an end: it counts until the answer is stored, or until no
answer can come any more, also where the worker was killed. Looked at and written under a lock on the run, so
that no two workers take the same room.
"""

from datetime import timedelta
from decimal import ROUND_UP, Decimal

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.locks import locked
from models_app.clients.base import Clip, Picture, Request, Text, Usage
from models_app.engine.claims import Claim
from models_app.models import Exchange, ExchangeState, Run, RunItem
from models_app.pipelines.base import Question
from models_app.prices import currency, need_prices, price_of, said_amount

BYTES_PER_TOKEN = 4  # in UTF-8: letters beyond Latin take more tokens, too
TOKENS_PER_PICTURE = 1100
TOKENS_PER_VIDEO_SECOND = 300
LONGEST_VIDEO = 180.0  # seconds, where a video's length is not known
MARGIN_SECONDS = 30.0  # for storing, beside the time that the provider has


class SpentError(Exception):
    """There is no room for the request, or nobody can say: and nothing in flight that could change it.

    The message is for a researcher.
    """


@transaction.atomic
def reserve(run: Run, claim: Claim, question: Question, *, timeout: float, seconds: float | None) -> bool:
    """Take room for a request; False if it has to wait for what is in flight, SpentError if that is no use.

    seconds: of the video, if it is known.
    """
    budget = locked(Run.objects.filter(pk=run.pk)).values_list("budget", flat=True).get()
    if budget is None:
        return True
    need = expected_cost(run, question, seconds=seconds)
    # In this order: an answer that is stored between the two looks is counted twice then, not overlooked.
    in_flight = reserved(run, but=claim)
    so_far = spent(run)
    if so_far + in_flight + need > budget:
        if in_flight:
            return False
        raise SpentError(_no_room(budget, so_far, need))
    until = Now() + timedelta(seconds=timeout + MARGIN_SECONDS)
    RunItem.objects.filter(pk=claim.item_id).update(reserved=need, reserved_until=until)
    return True


def _no_room(budget: Decimal, so_far: Decimal, need: Decimal) -> str:
    """Why there is no room: what is spent, or that not even one request would fit."""
    if need > budget:
        message = _(
            "One request may cost up to %(need)s %(currency)s, which is more than the whole budget of"
            " %(budget)s; spent so far: %(spent)s. Raise it to go on."
        )
    else:
        message = _(
            "The budget is spent: %(spent)s of %(budget)s %(currency)s, and one more request may cost"
            " %(need)s. Raise it to go on."
        )
    return message % {
        "spent": said_amount(so_far),
        "budget": f"{budget.normalize():f}",
        "need": said_amount(need, rounding=ROUND_UP),
        "currency": currency(),
    }


def let_go(claim: Claim) -> None:
    """Free what was reserved: the request came to nothing."""
    RunItem.objects.filter(pk=claim.item_id).update(reserved=None, reserved_until=None)


def spent(run: Run) -> Decimal:
    """What the run's exchanges cost, so far as prices are known."""
    total: Decimal | None = Exchange.objects.filter(run=run).aggregate(total=Sum("cost"))["total"]
    return total or Decimal(0)


def reserved(run: Run, *, but: Claim | None = None) -> Decimal:
    """What is in flight, at what it may cost."""
    items = RunItem.objects.filter(run=run, reserved__isnull=False, reserved_until__gt=Now())
    if but is not None:
        items = items.exclude(pk=but.item_id)
    total: Decimal | None = items.aggregate(total=Sum("reserved"))["total"]
    pending = Exchange.objects.filter(run=run, state=ExchangeState.PENDING)  # in batch jobs
    by_batch: Decimal | None = pending.aggregate(total=Sum("reserved"))["total"]
    return (total or Decimal(0)) + (by_batch or Decimal(0))


def expected_cost(
    run: Run, question: Question, *, seconds: float | None = None, is_batch: bool = False
) -> Decimal:
    """What a request may cost: as the dearest of its kind so far, or, if that is more, what it sends.

    Before the first answer of its kind, the longest that is allowed is taken to come. SpentError without a
    price.
    """
    request = question.request
    try:
        need_prices([(question.client, request.model)])
    except RefusedError as error:  # it was there when the run was made
        raise SpentError(str(error)) from None
    price = price_of(question.client, request.model)
    assert price is not None  # noqa: S101 - needed just now
    dearest = _dearest(run, question)
    rate = price.tokens_per_video_second or TOKENS_PER_VIDEO_SECOND
    n_input = about_tokens(request, video_tokens=rate * (seconds or LONGEST_VIDEO))
    n_output = 0 if dearest else request.max_output_tokens
    return max(dearest or Decimal(0), price.of(Usage(n_input, n_output), is_batch=is_batch) or Decimal(0))


def _dearest(run: Run, question: Question) -> Decimal | None:
    """What the dearest answer cost that the run was given by this model in this step.

    A walk down the index of costs that ends at the first of the kind: nearly always at once.
    """
    answered = Exchange.objects.filter(run=run, cost__isnull=False, state=ExchangeState.ANSWERED)
    kind = answered.filter(step=question.step, client=question.client, model=question.request.model)
    dearest: Decimal | None = kind.order_by("-cost").values_list("cost", flat=True).first()
    return dearest


def about_tokens(request: Request, *, video_tokens: float = TOKENS_PER_VIDEO_SECOND * LONGEST_VIDEO) -> int:
    """About how many tokens a request sends."""
    texts = [request.system, *(part.text for part in request.parts if isinstance(part, Text))]
    texts += [text for turn in request.turns for text in (turn.answer, turn.reply)]
    n_bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    n_pictures = sum(isinstance(part, Picture) for part in request.parts)
    n_clips = sum(isinstance(part, Clip) for part in request.parts)
    media = n_pictures * TOKENS_PER_PICTURE + n_clips * video_tokens
    return round(n_bytes / BYTES_PER_TOKEN + media)
