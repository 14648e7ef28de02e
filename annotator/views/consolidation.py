"""Pages of consolidators: what waits, and the one screen on which conflicts are settled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotator.access import StudyRequest, study_view
from annotator.actions.claims import claim, claim_next, has_coded, queue, renew, unclaim
from annotator.actions.comparison import refresh_comparisons
from annotator.actions.consolidation import may_reopen, reopen
from annotator.actions.exposure import record_sight
from annotator.errors import RefusedError
from annotator.models import (
    Batch,
    Comparison,
    Consolidation,
    ConsolidationState,
    Question,
    ReasonTag,
    Role,
    Seen,
    Study,
    Video,
)
from annotator.queries.conflicts import KIND_NAMES
from annotator.queries.guide import GuideEntry, guide_to
from annotator.queries.precedents import count_precedents, precedents_of
from annotator.queries.sheet import Row, Sheet, read_sheet

PAGE_SIZE = 50
RECENT = 8
SHOWN_PRECEDENTS = 30
COUNTED = ("n_opposed", "n_presence", "n_degree", "n_incomplete", "n_rewritten")


@dataclass(slots=True)
class ShownRow:
    """A row of the sheet with what else the screen shows beside it."""

    row: Row
    guide: GuideEntry | None
    n_precedents: int = 0
    questions: list[Question] = field(default_factory=list)

    @property
    def kind_name(self) -> str:
        """Why the value is open, in words."""
        return str(KIND_NAMES[self.row.kind]) if self.row.kind else ""


@study_view(Role.CONSOLIDATOR)
def consolidation_list(request: StudyRequest, study: Study) -> HttpResponse:
    """What is in hand, what waits batch by batch, what was settled last."""
    refresh_comparisons(study=study)
    waiting = queue(study=study, user=request.user)
    batches = _waiting_by_batch(study=study, request=request)
    chosen = _chosen_batch(batches, request.GET.get("batch", ""))
    rows = waiting.filter(video__batch=chosen["batch"]) if chosen else waiting.none()
    page = Paginator(rows.select_related("video__creator", "video__study"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    mine = Consolidation.objects.in_study(study).select_related("video__comparison", "video__study")
    unfinished = mine.exclude(state=ConsolidationState.DONE)
    context = {
        "in_hand": unfinished.filter(claimed_by=request.user)
        .annotate(n_decided=Count("decisions", filter=Q(decisions__stance__isnull=False)))
        .order_by("claimed_at"),
        "batches": batches,
        "chosen": chosen,
        "page": page,
        "n_waiting": sum(batch["n"] for batch in batches),
        "n_held": unfinished.filter(lease_until__gt=timezone.now())
        .exclude(claimed_by=request.user)
        .exclude(claimed_by=None)
        .count(),
        "recent": mine.filter(claimed_by=request.user, state=ConsolidationState.DONE).order_by(
            "-finished_at"
        )[:RECENT],
    }
    return render(request, "annotator/consolidation_list.html", context)


@study_view(Role.CONSOLIDATOR)
def consolidation_next(request: StudyRequest, study: Study) -> HttpResponse:
    """Go on with what is in hand, or claim the first that waits; by POST, since it closes codings."""
    if request.method != "POST":
        return redirect("annotator:consolidation_list", study.slug)
    consolidation = claim_next(study=study, by=request.user)
    if consolidation is None and refresh_comparisons(study=study):  # something nobody had announced
        consolidation = claim_next(study=study, by=request.user)
    if consolidation is None:
        messages.info(request, _("Nothing waits for you at the moment."))
        return redirect("annotator:consolidation_list", study.slug)
    return redirect("annotator:consolidation_edit", study.slug, consolidation.pk)


@require_POST
@study_view(Role.CONSOLIDATOR)
def consolidation_claim(request: StudyRequest, study: Study, video: int) -> HttpResponse:
    """Claim one video out of order."""
    chosen = get_object_or_404(Video, study=study, pk=video)
    try:
        consolidation = claim(video=chosen, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect("annotator:consolidation_list", study.slug)
    return redirect("annotator:consolidation_edit", study.slug, consolidation.pk)


@study_view(Role.CONSOLIDATOR)
def consolidation_edit(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """The screen: the video, what differs, what the codebook says; read-only once it is finished."""
    consolidation = get_object_or_404(
        Consolidation.objects.in_study(study).select_related(
            "video__creator", "video__batch", "video__study", "codebook", "claimed_by"
        ),
        pk=pk,
    )
    if not _may_look(consolidation, request=request):
        messages.info(request, _("This video is not in your hands (any more)."))
        return redirect("annotator:consolidation_list", study.slug)
    renew(consolidation=consolidation, by=request.user)
    record_sight(user=request.user, videos=[consolidation.video_id], kind=Seen.CODINGS)
    sheet = read_sheet(consolidation)
    context = {
        "consolidation": consolidation,
        "video": consolidation.video,
        "sheet": sheet,
        "is_editable": not consolidation.is_done,
        "may_reopen": consolidation.is_done and may_reopen(consolidation=consolidation, user=request.user),
        "tags": [
            {"value": tag.value, "label": tag.label, "key": n} for n, tag in enumerate(ReasonTag, start=1)
        ],
        **_shown_rows(sheet, consolidation=consolidation, request=request),
    }
    return render(request, "annotator/consolidation_edit.html", context)


@require_POST
@study_view(Role.CONSOLIDATOR)
def consolidation_unclaim(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Let a video go."""
    consolidation = get_object_or_404(Consolidation.objects.in_study(study), pk=pk)
    try:
        unclaim(consolidation=consolidation, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The video waits again for whoever comes next."))
    return redirect("annotator:consolidation_list", study.slug)


@require_POST
@study_view(Role.CONSOLIDATOR, Role.RESEARCHER)
def consolidation_reopen(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """Open a finished consolidation again."""
    consolidation = get_object_or_404(
        Consolidation.objects.in_study(study).select_related("video__study"), pk=pk
    )
    try:
        opened = reopen(consolidation=consolidation, by=request.user)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
        return redirect("annotator:study_detail", study.slug)
    if opened.claimed_by_id == request.user.pk and Role.CONSOLIDATOR in request.roles:
        return redirect("annotator:consolidation_edit", study.slug, opened.pk)
    messages.success(request, _("Opened again: it waits for a consolidator. Its gold stands until then."))
    return redirect("annotator:study_detail", study.slug)


@study_view(Role.CONSOLIDATOR)
def precedent_list(request: StudyRequest, study: Study, pk: int, value: str) -> HttpResponse:
    """Earlier decisions on this value between the same stances, as a fragment for the drawer."""
    consolidation = get_object_or_404(
        Consolidation.objects.open_to(request.user, study).select_related("video", "codebook"), pk=pk
    )
    row = next((row for row in read_sheet(consolidation).rows if row.value.slug == value), None)
    if row is None:
        raise Http404
    found = precedents_of(row, user=request.user, study=study).exclude(consolidation=consolidation)
    shares = found.order_by().values_list("stance").annotate(n=Count("pk")).order_by("-n", "stance")
    shown = list(found[:SHOWN_PRECEDENTS])
    record_sight(
        user=request.user, videos={decision.consolidation.video_id for decision in shown}, kind=Seen.GOLD
    )
    context = {
        "row": row,
        "precedents": shown,
        "shares": list(shares),
        "n": sum(n for _stance, n in shares),
        "tag_labels": dict(ReasonTag.choices),
        "may_open": {d.pk for d in shown if d.consolidation.claimed_by_id == request.user.pk},
    }
    return render(request, "annotator/precedent_list.html", context)


def _may_look(consolidation: Consolidation, *, request: StudyRequest) -> bool:
    """Whoever claimed it; what they coded themselves only where the study allows it."""
    if consolidation.claimed_by_id != request.user.pk:
        return False
    return request.study.allow_own_consolidation or not has_coded(
        user=request.user, video=consolidation.video
    )


def _waiting_by_batch(*, study: Study, request: StudyRequest) -> list[dict[str, Any]]:
    """Each batch in which something waits for the user, with its counts: two queries."""
    counts = (
        Comparison.objects.in_study(study)
        .waiting()
        .consolidable_by(request.user, study)
        .order_by()
        .values("video__batch")
        .annotate(
            n=Count("pk"),
            n_agreed=Count("pk", filter=Q(n_open=0)),
            n_values=Sum("n_open"),
            n_videos_set_aside=Count("pk", filter=Q(n_set_aside__gt=0)),
            **{name.removeprefix("n_"): Sum(name) for name in COUNTED},
        )
    )
    by_batch: Mapping[int, Mapping[str, Any]] = {row["video__batch"]: row for row in counts}
    batches = Batch.objects.filter(pk__in=by_batch).order_by("order", "pk")
    return [{"batch": batch, **by_batch[batch.pk]} for batch in batches]


def _chosen_batch(batches: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """The batch asked for, else the first in which something waits."""
    for row in batches:
        if str(row["batch"].pk) == wanted:
            return row
    return batches[0] if batches else None


def _shown_rows(
    sheet: Sheet, *, consolidation: Consolidation, request: StudyRequest
) -> dict[str, list[ShownRow] | list[Question]]:
    """The rows with the codebook's text, precedents and questions."""
    guide = guide_to(consolidation.codebook)
    precedents = count_precedents(
        sheet.open_rows, user=request.user, study=request.study, besides=consolidation
    )
    letters = {side.coding.coder_id: side.letter for side in sheet.sides}
    questions: dict[int | None, list[Question]] = {}
    for question in consolidation.questions.prefetch_related("answers__by"):
        for answer in question.answers.all():
            answer.letter = letters.get(answer.by_id, "?")  # type: ignore[attr-defined]
        questions.setdefault(question.value_id, []).append(question)

    def shown(row: Row) -> ShownRow:
        return ShownRow(
            row=row,
            guide=guide.get(row.value.slug),
            n_precedents=precedents[row.value.slug],
            questions=questions.get(row.value.pk, []),
        )

    return {
        "open_rows": [shown(row) for row in sheet.open_rows],
        "agreed_rows": [shown(row) for row in sheet.agreed_rows],
        "general_questions": questions.get(None, []),
    }
