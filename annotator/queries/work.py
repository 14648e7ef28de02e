"""What a person should do next in each of their studies; the number of queries does not grow with them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum, When

from annotator.blindness import binds
from annotator.models import (
    Answer,
    Batch,
    Coding,
    Comparison,
    Consolidation,
    ConsolidationState,
    Membership,
    Question,
    Role,
    Slot,
    Study,
    User,
)
from annotator.queries.progress import Progress, gold_shares


@dataclass(frozen=True, slots=True)
class BatchWork:
    """How far one person is in one batch."""

    batch: Batch
    n_done: int
    n_left: int  # videos that this person could still be given; colleagues may take some

    @property
    def n_videos(self) -> int:
        """Done and left together."""
        return self.n_done + self.n_left


@dataclass(slots=True)
class Work:
    """One person's work in one study."""

    study: Study
    roles: frozenset[Role]
    begun: Coding | None = None  # the coding to go on with
    batches: list[BatchWork] = field(default_factory=list)  # in the study's order
    n_parked: int = 0
    has_coded: bool = False
    n_submitted: int = 0
    n_questions: int = 0  # asked by consolidators, not answered yet
    n_waiting: int = 0  # videos this person could consolidate
    n_to_decide: int = 0  # values that are open in them
    n_claimed: int = 0
    total: Progress = field(default_factory=lambda: Progress({}))

    @property
    def is_annotator(self) -> bool:
        """Whether the person codes here."""
        return Role.ANNOTATOR in self.roles

    @property
    def is_consolidator(self) -> bool:
        """Whether the person settles conflicts here."""
        return Role.CONSOLIDATOR in self.roles

    @property
    def is_researcher(self) -> bool:
        """Whether the person leads here."""
        return Role.RESEARCHER in self.roles

    @property
    def is_bound(self) -> bool:
        """Whether blindness binds the person."""
        return binds(self.study, roles=self.roles, has_coded=self.has_coded)

    @property
    def next_batch(self) -> BatchWork | None:
        """Where the next video comes from."""
        return next((row for row in self.batches if row.n_left), None)

    @property
    def can_code(self) -> bool:
        """Whether a video is at hand, begun or new."""
        return self.begun is not None or self.next_batch is not None


def work_of(user: User) -> list[Work]:
    """The user's work in all their studies, by name."""
    roles: dict[int, set[Role]] = {}
    for study, role in Membership.objects.filter(user=user).values_list("study", "role"):
        roles.setdefault(study, set()).add(Role(role))
    studies = Study.objects.filter(pk__in=roles).order_by("name", "pk")
    return work_in(studies, user=user, roles=roles)


def work_in(
    studies: Collection[Study] | QuerySet[Study], *, user: User, roles: Mapping[int, Collection[Role]]
) -> list[Work]:
    """The user's work in the studies, given the roles held in each (by its key)."""
    works = {study.pk: Work(study=study, roles=frozenset(roles[study.pk])) for study in studies}
    coded = [work for work in works.values() if work.is_annotator]
    _add_codings(works, user=user)
    if coded:
        _add_batches(works, user=user, studies=[work.study for work in coded])
        _add_questions(works, user=user)
    consolidated = [work.study for work in works.values() if work.is_consolidator]
    if consolidated:
        _add_consolidations(works, user=user, studies=consolidated)
    for study, total in gold_shares([work.study for work in works.values()]).items():
        works[study].total = total
    return list(works.values())


def waiting_for(user: User, studies: Collection[Study]) -> QuerySet[Comparison]:
    """Videos with all their codings that the user may consolidate and nobody is at work on: the queue."""
    touched = Q(slot__isnull=False) | Q(touched_at__isnull=False)  # a slot may run out untouched
    own = Coding.objects.filter(touched, video=OuterRef("video"), coder=user)
    return Comparison.objects.waiting().filter(
        Q(video__study__allow_own_consolidation=True) | ~Exists(own),
        video__study__in=[study.pk for study in studies],
        n_codings__gte=F("video__study__coders_per_video"),
        video__withdrawn_at__isnull=True,
    )


def open_questions(user: User, studies: Collection[Study]) -> QuerySet[Question]:
    """Questions on videos that the user coded, which they have not answered and which still matter."""
    # EXISTS, so that the few questions are gone through and not the many codings; the study and the video
    # are asked about in there too, lest a planner begins with the many videos.
    coded = Coding.objects.filter(
        video=OuterRef("consolidation__video"),
        coder=user,
        submitted_at__isnull=False,
        study__in=[study.pk for study in studies],
        video__withdrawn_at__isnull=True,
    )
    answered = Answer.objects.filter(question=OuterRef("pk"), by=user)
    return Question.objects.filter(
        ~Q(consolidation__state=ConsolidationState.DONE),
        Exists(coded),
        ~Exists(answered),
    ).exclude(asked_by=user)


def _add_codings(works: Mapping[int, Work], *, user: User) -> None:
    live = Q(slot__isnull=False, set_aside_at__isnull=True)
    unsubmitted = live & Q(
        submitted_at__isnull=True, closed_at__isnull=True, video__withdrawn_at__isnull=True
    )
    rows = (
        Coding.objects.filter(coder=user, study__in=list(works))
        .order_by()
        .values("study")
        .annotate(
            n_submitted=Count("pk", filter=live & Q(submitted_at__isnull=False)),
            n_parked=Count("pk", filter=unsubmitted & Q(parked_at__isnull=False)),
            begun=Min(Case(When(unsubmitted & Q(parked_at__isnull=True), then=F("pk")))),
        )
    )
    begun: dict[int, int] = {}
    for row in rows:
        work = works[row["study"]]
        work.n_submitted, work.n_parked, work.has_coded = row["n_submitted"], row["n_parked"], True
        if row["begun"] and work.is_annotator:
            begun[row["begun"]] = row["study"]
    for coding in Coding.objects.filter(pk__in=begun).select_related("video", "slot__batch"):
        works[begun[coding.pk]].begun = coding


def _add_batches(works: Mapping[int, Work], *, user: User, studies: Collection[Study]) -> None:
    """The batches that the user has coded in or could, and how far they are."""
    mine = Coding.objects.filter(video=OuterRef("video"), coder=user, slot__isnull=False)
    settled_by_me = Consolidation.objects.filter(video=OuterRef("video"), claimed_by=user)
    n_left = dict(
        Slot.objects.filter(
            Q(reserved_for=None) | Q(reserved_for=user),
            ~Exists(mine),
            ~Exists(settled_by_me),
            is_open=True,
            batch__is_open=True,
            batch__study__in=[study.pk for study in studies],
            video__withdrawn_at__isnull=True,
        )
        .order_by()
        .values_list("batch")
        .annotate(n=Count("video", distinct=True))
    )
    handed_in = Q(submitted_at__isnull=False) | Q(set_aside_at__isnull=False)
    n_done = dict(
        Coding.objects.filter(coder=user, study__in=[study.pk for study in studies], slot__isnull=False)
        .order_by()
        .values_list("slot__batch")
        .annotate(n=Count("pk", filter=handed_in))
    )
    for batch in Batch.objects.filter(pk__in={*n_left, *n_done}).order_by("order", "pk"):
        row = BatchWork(batch, n_done=n_done.get(batch.pk, 0), n_left=n_left.get(batch.pk, 0))
        works[batch.study_id].batches.append(row)


def _add_questions(works: Mapping[int, Work], *, user: User) -> None:
    asked = open_questions(user, [work.study for work in works.values()])
    by_study = asked.order_by().values_list("consolidation__video__study")
    for study, n in by_study.annotate(n=Count("pk")):
        works[study].n_questions = n


def _add_consolidations(works: Mapping[int, Work], *, user: User, studies: Collection[Study]) -> None:
    waiting = waiting_for(user, studies).order_by().values_list("video__study")
    for study, n, n_to_decide in waiting.annotate(n=Count("pk"), n_to_decide=Sum("n_open")):
        works[study].n_waiting, works[study].n_to_decide = n, n_to_decide
    claimed = Consolidation.objects.filter(
        video__study__in=[study.pk for study in studies],
        claimed_by=user,
        state__in=(ConsolidationState.CLAIMED, ConsolidationState.REOPENED),
    )
    for study, n in claimed.order_by().values_list("video__study").annotate(n=Count("pk")):
        works[study].n_claimed = n
