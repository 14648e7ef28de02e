"""What is asked anew where an item is tried again: the answers to blame, and no more than these.

Each answer was paid. What was good, the script of two steps or the other samples, is found again.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import Q

from models_app.clients.base import Finish
from models_app.engine.breaker import UNANSWERED
from models_app.models import Exchange, ExchangeState, ItemKind, ItemState, PromptStep, Run, RunItem

# Failures that come of no answer, or of want of memory, room or a worker.
NOT_THE_ANSWERS_FAULT = (
    "worker-died",
    "disk-full",
    "out-of-memory",
    "storage",
    "media",
    "no-examples",
)
UNREADABLE = "unreadable-answer"
PART = 500  # keys in one query


def ask_anew(run: Run, failed: Q) -> None:
    """Let nobody find the answers any more that these items failed by, nor what those were taken from."""
    not_theirs = Q(error_code__startswith=UNANSWERED) | Q(error_code__in=NOT_THE_ANSWERS_FAULT)
    items = RunItem.objects.filter(failed, kind=ItemKind.VIDEO).exclude(not_theirs)
    is_told = Q(state=ItemState.BLOCKED) | Q(error_code=UNREADABLE)
    told = set(items.filter(is_told).values_list("key", flat=True))
    videos = list(items.values_list("key", flat=True))
    for part in range(0, len(videos), PART):
        to_blame: list[int] = []
        for video, exchanges in _in_use(run, videos[part : part + PART]).items():
            step = _step_that_failed(exchanges)
            to_blame += [one.pk for one in (_by_sample(step) if video in told else step)]
        asked = Exchange.objects.filter(pk__in=to_blame)
        Exchange.objects.filter(uses__in=asked).update(key=None)
        asked.update(key=None, source=None)


def _in_use(run: Run, videos: Collection[int]) -> dict[int, list[Exchange]]:
    """The exchanges, by video, that would be found again: their own, or another run's that they stand for."""
    found: dict[int, list[Exchange]] = defaultdict(list)
    rows = Exchange.objects.filter(run=run, video__in=videos)
    rows = rows.filter(Q(key__isnull=False) | Q(source__isnull=False)).order_by("pk")
    for one in rows.only("video_id", "step", "replicate", "turn", "state", "finish"):
        found[one.video_id].append(one)
    return found


def _step_that_failed(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Those of the step that was asked last; all, if that was the first, as the second hangs on it."""
    last = exchanges[-1].step
    return [one for one in exchanges if one.step == last or last == PromptStep.SCRIPT]


def _by_sample(step: Sequence[Exchange]) -> list[Exchange]:
    """Those of the samples that were blocked, cut off or asked for twice; the others could be read."""
    failed = {
        one.replicate
        for one in step
        if one.turn or one.state == ExchangeState.BLOCKED or one.finish == Finish.CUT
    }
    return [one for one in step if one.replicate in failed] or list(step)
