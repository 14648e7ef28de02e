"""How far a study is, by aggregate queries only: their number does not grow with the study."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotator.models import Batch, Coding, ConsolidationState, Membership, Role, SetAside, Study, User, Video

NOT_STARTED, PARTLY, SET_ASIDE, WAITING, SETTLING, GOLD = (
    "not-started",
    "partly",
    "set-aside",
    "waiting",
    "settling",
    "gold",
)
SETTLED = (ConsolidationState.DONE, ConsolidationState.REOPENED)  # reopened: gold stands as it was
IS_GOLD = Q(consolidation__state__in=SETTLED, consolidation__is_set_aside=False)
STATES: Mapping[str, Promise] = {
    GOLD: _("Gold"),
    SETTLING: _("In consolidation"),
    WAITING: _("Coded, waiting for consolidation"),
    PARTLY: _("Coded by some"),
    NOT_STARTED: _("Not coded yet"),
    SET_ASIDE: _("Set aside"),
}
# What somebody bound by blindness sees instead: whether coders agreed shows in none of it.
BLIND_STATES: Mapping[str, Promise] = {
    GOLD: _("Coded"),
    PARTLY: _("Coded by some"),
    NOT_STARTED: _("Not coded yet"),
    SET_ASIDE: _("Set aside"),
}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, ready to draw."""

    state: str
    label: Promise
    n: int
    start: float  # per cent of the whole
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How many videos of a batch, or of a whole study, are in which state."""

    counts: Mapping[str, int]
    batch: Batch | None = None

    @property
    def n_videos(self) -> int:
        """Videos that were not withdrawn."""
        return sum(self.counts.values())

    @property
    def n_gold(self) -> int:
        """Videos whose labels are settled."""
        return self.counts.get(GOLD, 0)

    @property
    def n_coded(self) -> int:
        """Videos with all their codings."""
        return sum(self.counts.get(state, 0) for state in (GOLD, SETTLING, WAITING))

    @property
    def percent_gold(self) -> int:
        """Whole per cent of gold, among videos that can be coded; 100 only when all are."""
        n_possible = self.n_videos - self.counts.get(SET_ASIDE, 0)
        return 100 * self.n_gold // n_possible if n_possible else 0

    def shares(self, *, blind: bool = False) -> list[Share]:
        """The states from the most finished on, with where each begins and ends."""
        counts: Mapping[str, int] = self.counts
        if blind:
            counts = {**self.counts, GOLD: self.n_coded}
        shares, start = [], 0.0
        for state, label in (BLIND_STATES if blind else STATES).items():
            n = counts.get(state, 0)
            width = 100 * n / self.n_videos if self.n_videos else 0.0
            shares.append(Share(state=state, label=label, n=n, start=round(start, 3), width=round(width, 3)))
            start += width
        return shares


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """What is known about the work on a study."""

    total: Progress
    batches: list[Progress]  # in the study's order, empty ones included
    no_batch: Progress  # videos that nobody will get until they are put in a batch
    set_aside: Mapping[str, int]  # why -> codings


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """What one person has done in a study."""

    user: User
    roles: frozenset[Role]
    n_submitted: int
    n_open: int
    n_set_aside: int
    median_ms: float | None  # time at the screen per submitted video; None if nothing was timed or asked
    n_settled: int


def in_states(videos: QuerySet[Video], *, coders: int | F) -> QuerySet[Any]:
    """The videos that were not withdrawn, with `n_handed_in`, `n_set_aside` and `state`."""
    handed_in = (
        Coding.objects.filter(video=OuterRef("pk"), slot__isnull=False)
        .filter(Q(submitted_at__isnull=False) | Q(set_aside_at__isnull=False))
        .order_by()
    )
    return (
        videos.filter(withdrawn_at__isnull=True)
        .annotate(
            n_handed_in=_how_many(handed_in, Count("pk")),
            n_set_aside=_how_many(handed_in, Count("set_aside_at")),
        )
        .annotate(
            state=Case(
                When(consolidation__is_set_aside=True, then=Value(SET_ASIDE)),  # settled, without gold
                When(consolidation__state__in=SETTLED, then=Value(GOLD)),
                When(consolidation__claimed_by__isnull=False, then=Value(SETTLING)),
                When(n_handed_in__lt=1, then=Value(NOT_STARTED)),
                When(n_handed_in__lt=coders, then=Value(PARTLY)),
                When(n_set_aside__gte=F("n_handed_in"), then=Value(SET_ASIDE)),
                default=Value(WAITING),
            )
        )
    )


def study_progress(study: Study) -> StudyProgress:
    """Counts of the study and of each of its batches, in three queries."""
    counts: dict[int | None, Counter[str]] = {}
    rows = (
        in_states(Video.objects.filter(study=study), coders=study.coders_per_video)
        .order_by()
        .values_list("batch", "state")
        .annotate(n=Count("pk"))
    )
    for batch, state, n in rows:
        counts.setdefault(batch, Counter())[state] = n
    batches = study.batches.order_by("order", "pk")
    reasons = dict(
        Coding.objects.filter(study=study, slot__isnull=False, set_aside_at__isnull=False)
        .order_by()
        .values_list("set_aside_because")
        .annotate(n=Count("pk"))
    )
    return StudyProgress(
        total=Progress(sum(counts.values(), Counter())),
        batches=[Progress(counts.get(batch.pk, Counter()), batch) for batch in batches],
        no_batch=Progress(counts.get(None, Counter())),
        set_aside={str(SetAside(why).label): n for why, n in sorted(reasons.items())},
    )


def gold_shares(studies: Iterable[Study]) -> dict[int, Progress]:
    """For each study how many of its videos are gold, in one query; the rest counts as not started."""
    rows = (
        Video.objects.filter(study__in=[study.pk for study in studies], withdrawn_at__isnull=True)
        .order_by()
        .values_list("study")
        .annotate(n=Count("pk"), n_gold=Count("pk", filter=IS_GOLD))
    )
    return {study: Progress({GOLD: n_gold, NOT_STARTED: n - n_gold}) for study, n, n_gold in rows}


def people_progress(study: Study, *, with_pace: bool = True) -> list[PersonProgress]:
    """What everybody did who has a role or ever coded, by name, in four queries; three without their pace."""
    roles: dict[int, set[Role]] = {}
    users: dict[int, User] = {}
    for membership in Membership.objects.filter(study=study).select_related("user"):
        users[membership.user_id] = membership.user
        roles.setdefault(membership.user_id, set()).add(Role(membership.role))
    live = Q(slot__isnull=False, set_aside_at__isnull=True)
    work: dict[int, Mapping[str, Any]] = {
        row["coder"]: row
        for row in Coding.objects.filter(study=study)
        .order_by()
        .values("coder")
        .annotate(
            n_submitted=Count("pk", filter=live & Q(submitted_at__isnull=False)),
            n_open=Count("pk", filter=live & Q(submitted_at__isnull=True)),
            n_set_aside=Count("pk", filter=Q(slot__isnull=False, set_aside_at__isnull=False)),
        )
    }
    settled = dict(
        Video.objects.filter(study=study, consolidation__state__in=SETTLED)
        .exclude(consolidation__claimed_by=None)
        .order_by()
        .values_list("consolidation__claimed_by")
        .annotate(n=Count("pk"))
    )
    paces = _median_ms(study) if with_pace else {}
    former = [pk for pk in {*work, *settled} if pk not in users]
    users |= User.objects.in_bulk(former) if former else {}
    people = [
        PersonProgress(
            user=user,
            roles=frozenset(roles.get(pk, ())),
            n_submitted=work.get(pk, {}).get("n_submitted", 0),
            n_open=work.get(pk, {}).get("n_open", 0),
            n_set_aside=work.get(pk, {}).get("n_set_aside", 0),
            median_ms=paces.get(pk),
            n_settled=settled.get(pk, 0),
        )
        for pk, user in users.items()
    ]
    return sorted(people, key=lambda person: str(person.user).casefold())


def _how_many(codings: QuerySet[Coding], count: Count) -> Coalesce:
    counted = codings.values("video").annotate(n=count).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _median_ms(study: Study) -> dict[int, float]:
    """Each coder's median time per submitted video: only the middle rows leave the database."""
    rank = Window(RowNumber(), partition_by="coder", order_by=("active_ms", "pk"))
    size = Window(Count("pk"), partition_by="coder")
    middle = (
        Coding.objects.filter(study=study, submitted_at__isnull=False, slot__isnull=False, active_ms__gt=0)
        .annotate(rank=rank, size=size)
        .filter(rank__gte=F("size") / 2.0, rank__lte=F("size") / 2.0 + 1)
        .order_by("coder")
        .values_list("coder", "active_ms")
    )
    medians = {}
    for coder, rows in groupby(middle, key=lambda row: row[0]):
        times = [ms for _coder, ms in rows]
        medians[coder] = sum(times) / len(times)
    return medians
