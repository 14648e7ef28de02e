"""What a study's dashboard shows, by role; the number of queries does not grow with the study."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from annotator.blindness import is_bound
from annotator.models import Batch, Coding, Consolidation, Role, Study, User
from annotator.queries.progress import SETTLED, people_progress, study_progress
from annotator.queries.staffing import staffing_problems
from annotator.queries.work import Work, open_questions, work_in

SHOWN = 10  # of a list that has a page of its own
STEPS = 24  # of the line of gold


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way from an empty study to coding."""

    title: str | Promise
    text: str | Promise
    url: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Growth:
    """How much gold there was at evenly spaced times: a line in a box of 100 by 100."""

    first: date
    last: date
    n: int
    points: str


def dashboard(study: Study, *, user: User) -> dict[str, Any]:
    """The context of the dashboard."""
    roles = study.roles_of(user)
    (work,) = work_in([study], user=user, roles={study.pk: roles})
    bound = is_bound(user, study)
    context: dict[str, Any] = {"work": work, "is_bound": bound}
    if work.is_annotator:
        context |= {
            "parked": _parked(study, user)[:SHOWN] if work.n_parked else [],
            "questions": _questions(study, user) if work.n_questions else [],
            "released": _released(study, user),
        }
    if work.is_consolidator:
        context["claimed"] = _claimed(study, user)[:SHOWN] if work.n_claimed else []
    if work.is_researcher:
        context |= _for_researchers(study, work, bound=bound)
    return context


def _for_researchers(study: Study, work: Work, *, bound: bool) -> dict[str, Any]:
    progress = study_progress(study)
    people = people_progress(study)
    rows = [row for row in progress.batches if row.batch]
    problems = staffing_problems(study) if progress.total.n_videos else []
    steps = _steps(study, n_videos=progress.total.n_videos, has_batch=bool(rows), n_people=_n_roles(people))
    has_begun = any(person.n_submitted or person.n_open for person in people)
    return {
        "progress": progress,
        "total_shares": progress.total.shares(blind=bound),
        "batch_rows": [{"progress": row, "shares": row.shares(blind=bound)} for row in rows],
        "people": people,
        "problems": problems,
        "steps": [] if has_begun or all(step.is_done for step in steps) else steps,
        "has_begun": has_begun,
        "growth": None if bound else gold_growth(study),
    }


def gold_growth(study: Study) -> Growth | None:
    """The line of gold over time, in two queries; None while all of it is of one day."""
    settled = Consolidation.objects.filter(video__study=study, state__in=SETTLED, finished_at__isnull=False)
    ends = settled.aggregate(first=Min("finished_at"), last=Max("finished_at"))
    if ends["first"] is None or ends["last"] - ends["first"] < timedelta(days=1):
        return None
    times = [ends["first"] + (ends["last"] - ends["first"]) * i / STEPS for i in range(STEPS + 1)]
    counts = settled.aggregate(
        **{f"n_{i}": Count("pk", filter=Q(finished_at__lte=time)) for i, time in enumerate(times)}
    )
    n = counts[f"n_{STEPS}"]
    points = " ".join(
        f"{100 * i / STEPS:.1f},{100 - 96 * counts[f'n_{i}'] / n:.1f}" for i in range(STEPS + 1)
    )
    return Growth(first=ends["first"].date(), last=ends["last"].date(), n=n, points=points)


def _steps(study: Study, *, n_videos: int, has_batch: bool, n_people: dict[Role, int]) -> list[Step]:
    has_people = n_people[Role.ANNOTATOR] >= study.coders_per_video and n_people[Role.CONSOLIDATOR] > 0
    return [
        Step(
            _("Import videos"),
            _("A table of links, a folder of clips, or files of a downloader."),
            reverse("annotator:video_import", args=[study.slug]),
            n_videos > 0,
        ),
        Step(
            _("Invite people"),
            _("At least %(n)d annotators, and a consolidator who can settle what they code differently.")
            % {"n": study.coders_per_video},
            reverse("annotator:member_list", args=[study.slug]),
            has_people,
        ),
        Step(
            _("Make a batch"),
            _("Videos are coded batch by batch, so that everybody meets everybody early."),
            reverse("annotator:batch_create", args=[study.slug]),
            has_batch,
        ),
        Step(
            _("Look through the codebook"),
            _("It freezes with the first judgement."),
            reverse("annotator:codebook_detail", args=[study.slug]),
            False,
        ),
    ]


def _n_roles(people: list[Any]) -> dict[Role, int]:
    return {role: sum(role in person.roles for person in people) for role in Role}


def _parked(study: Study, user: User) -> QuerySet[Coding]:
    return (
        Coding.objects.filter(
            study=study,
            coder=user,
            slot__isnull=False,
            submitted_at__isnull=True,
            set_aside_at__isnull=True,
            parked_at__isnull=False,
            video__withdrawn_at__isnull=True,
        )
        .select_related("video")
        .order_by("parked_at")
    )


def _questions(study: Study, user: User) -> list[Any]:
    asked = open_questions(user, [study]).select_related("consolidation__video", "value", "asked_by")
    return list(asked.order_by("asked_at")[:SHOWN])


def _released(study: Study, user: User) -> QuerySet[Batch]:
    """Released batches in which the user has codings: they may see where they differed from gold."""
    mine = Coding.objects.filter(slot__batch=OuterRef("pk"), coder=user, submitted_at__isnull=False)
    return study.batches.filter(Exists(mine), released_at__isnull=False).order_by("-released_at")


def _claimed(study: Study, user: User) -> QuerySet[Consolidation]:
    return (
        Consolidation.objects.in_study(study).in_hand_of(user).select_related("video").order_by("claimed_at")
    )
