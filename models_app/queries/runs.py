"""How far runs are, what failed in them, what happened: what pages and commands ask, again and again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import Window
from django.db.models.functions import Now, RowNumber
from django.utils import timezone

from annotator.models import Video
from models_app.models import (
    UNANSWERED_STATES,
    ItemKind,
    ItemState,
    Run,
    RunEvent,
    RunItem,
    RunState,
    RunVideo,
    WorkerBeat,
)

N_RECENT = 50  # items that the rate is told from
RECENT = timedelta(minutes=10)  # before the latest of them
ENOUGH = 3  # items between which there are gaps; with fewer, how long they took says the rate
STEADY = 10  # seconds within which they ended
N_EXAMPLES = 5
STORING = timedelta(seconds=30)  # that an answer may take to be stored once it is there


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    n_scope: int  # videos
    n_items: int
    waiting: int
    working: int
    done: int
    failed: int
    blocked: int  # by the provider's filter
    sent: int  # with the provider, in a batch
    n_problems: int  # videos of the scope of which nothing can be said
    per_minute: float | None  # items; None while too little has happened
    seconds_left: float | None
    is_worker_seen: bool  # somebody takes on work from the run's queue, or has an item of it

    @property
    def n_ended(self) -> int:
        """Items done, failed or blocked."""
        return self.done + self.failed + self.blocked

    @property
    def share_done(self) -> float:
        """Of the items, how many are done: in [0, 1]."""
        return self.done / self.n_items if self.n_items else 0.0

    @property
    def share(self) -> float:
        """Of the items, how many have ended: in [0, 1]."""
        return self.n_ended / self.n_items if self.n_items else 0.0


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Items that failed, or were blocked, for one reason."""

    code: str
    message: str  # of the first of them
    n: int
    examples: list["FailedItem"] = field(default_factory=list)
    is_blocked: bool = False  # by the provider's filter; the code is its own word
    n_messages: int = 1  # different ones


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item that failed."""

    item_id: int
    kind: str
    key: int
    name: str  # the video's id, or the fold's number from 1
    message: str
    detail: str
    at: datetime | None


def progress_of(run: Run) -> RunProgress:
    """How far the run is: three queries, whatever its size."""
    states = dict(
        RunItem.objects.filter(run=run)
        .order_by()
        .values("state")
        .annotate(n=Count("pk"))
        .values_list("state", "n")
    )
    n_scope, n_problems = _scope_counts(run)
    waiting, working = states.get(ItemState.WAITING, 0), states.get(ItemState.WORKING, 0)
    is_running = run.state == RunState.RUNNING
    rate = _per_minute(run, working=working) if is_running else None
    sent = states.get(ItemState.SENT, 0)
    n_open = waiting + working  # what is sent comes when it comes
    return RunProgress(
        n_scope=n_scope,
        n_items=sum(states.values()),
        waiting=waiting,
        working=working,
        done=states.get(ItemState.DONE, 0),
        failed=states.get(ItemState.FAILED, 0),
        blocked=states.get(ItemState.BLOCKED, 0),
        sent=sent,
        n_problems=n_problems,
        per_minute=rate,
        seconds_left=n_open / rate * 60 if rate and n_open else None,
        is_worker_seen=is_running and _is_worker_seen(run.queue),
    )


def may_change(run: Run) -> bool:
    """Whether its figures may: one that was cancelled gets what was under way, and the bill for it."""
    if not run.is_ended:
        return True
    if run.state != RunState.CANCELLED or not run.client or run.ended_at is None:
        return False
    longest = timedelta(seconds=float(run.settings.get("timeout", 0)))
    return timezone.now() < run.ended_at + longest + STORING


def failures_of(run: Run, *, n_examples: int = N_EXAMPLES) -> list[FailureGroup]:
    """What failed or was blocked, the most frequent reason first, with a few of the items of each."""
    failed = RunItem.objects.filter(run=run, state__in=UNANSWERED_STATES)
    said = Count("error", distinct=True, filter=~Q(error=""))
    counts = failed.order_by().values("error_code").annotate(n=Count("pk"), n_messages=said)
    n_of = {row["error_code"]: (row["n"], row["n_messages"]) for row in counts}
    place = Window(RowNumber(), partition_by=F("error_code"), order_by=F("pk").asc())
    first = failed.annotate(place=place).filter(place__lte=n_examples).order_by("error_code", "pk")
    groups: dict[str, list[RunItem]] = {}
    for item in first:
        groups.setdefault(item.error_code, []).append(item)
    names = _names(item for items in groups.values() for item in items)
    found = [
        FailureGroup(
            code,
            next((item.error for item in items if item.error), ""),  # a withdrawn video's is forgotten
            n_of.get(code, (len(items), 1))[0],
            [_failed(item, names) for item in items],
            items[0].state == ItemState.BLOCKED,
            n_of.get(code, (len(items), 1))[1],
        )
        for code, items in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.n, group.code))


def log_of(run: Run) -> QuerySet[RunEvent]:
    """What happened, the latest first."""
    return RunEvent.objects.filter(run=run).select_related("by").order_by("-pk")


def _scope_counts(run: Run) -> tuple[int, int]:
    """Videos in scope, and those with a problem; known from the start where the run was made here."""
    scope = run.scope
    if "n_videos" in scope and "n_problems" in scope:
        return scope["n_videos"], scope["n_problems"]
    counts = RunVideo.objects.filter(run=run).aggregate(
        n=Count("pk"), problems=Count("pk", filter=~Q(problem=""))
    )
    return counts["n"], counts["problems"]


def _per_minute(run: Run, *, working: int) -> float | None:
    """Items that end in a minute, told from the latest; a pause in between is left out."""
    ended = RunItem.objects.filter(run=run, ended_at__isnull=False, started_at__isnull=False)
    rows = list(ended.order_by("-ended_at").values_list("started_at", "ended_at")[:N_RECENT])
    spans = [(begun, end) for begun, end in rows if begun and end]
    if not spans:
        return None
    latest = spans[0][1]
    recent = [(begun, end) for begun, end in spans if latest - end <= RECENT]
    seconds = (latest - recent[-1][1]).total_seconds()
    if len(recent) >= ENOUGH and seconds >= STEADY:
        return (len(recent) - 1) / seconds * 60
    if len(recent) >= ENOUGH:  # those that began together end together: that says nothing of the next
        seconds = (latest - min(begun for begun, _end in recent)).total_seconds()
        return len(recent) / seconds * 60 if seconds > 0 else None
    mean = sum((end - begun).total_seconds() for begun, end in recent) / len(recent)
    return max(working, 1) / mean * 60 if mean > 0 else None


def _is_worker_seen(queue: str) -> bool:
    """Whether a worker that takes from the queue has reported lately."""
    lately = Now() - timedelta(seconds=3 * settings.RUN_SWEEP_SECONDS)
    queues = WorkerBeat.objects.filter(seen_at__gte=lately).values_list("queues", flat=True)
    return any(queue in names for names in queues)


def _failed(item: RunItem, names: dict[int, str]) -> FailedItem:
    name = str(item.key + 1) if item.kind == ItemKind.FOLD else names.get(item.key, "")
    return FailedItem(item.pk, item.kind, item.key, name, item.error, item.error_detail, item.ended_at)


def _names(items: Iterable[RunItem]) -> dict[int, str]:
    """The videos' ids."""
    keys = [item.key for item in items if item.kind == ItemKind.VIDEO]
    return dict(Video.objects.filter(pk__in=keys).values_list("pk", "external_id"))
