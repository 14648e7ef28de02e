"""One coder's codings that were made elsewhere: planned against the places that are free, then stored."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.assignment import open_slots
from annotator.actions.codebook import freeze_codebook
from annotator.actions.comparison import refresh_comparisons
from annotator.actions.consolidation import consolidate_by_agreement
from annotator.actions.label_plan import (
    Mode,
    NewLabels,
    PlannedRow,
    by_video,
    chunks,
    count_videos,
    plan_videos,
    put_videos,
)
from annotator.actions.videos import batch_for
from annotator.errors import RefusedError
from annotator.imports.label_rows import Detail, LabelFile
from annotator.labels import Stance
from annotator.locks import locked
from annotator.models import (
    Change,
    Codebook,
    Coding,
    Consolidation,
    Evidence,
    Judgement,
    SetAside,
    Slot,
    Study,
    User,
    Value,
    Video,
)

BATCH_SIZE = 1000


def plan(*, study: Study, coder: User, file: LabelFile, mode: Mode) -> NewLabels:
    """Which rows become codings; errors where the coder has one already or no place is left."""
    plan = plan_videos(study=study, file=file)
    known = by_video(plan.rows)
    obstacles = _obstacles(known, coder=coder)
    taken: list[PlannedRow] = []
    counts: Counter[str] = Counter()
    for planned in plan.rows:
        if planned.video and (obstacle := obstacles.get(planned.video.pk)):
            plan.refuse(planned.row, obstacle)
            continue
        because = planned.row.coding.set_aside
        if because and because not in SetAside.values:
            message = _("“%(because)s” is no reason for setting a video aside; there are: %(known)s.")
            known_reasons = ", ".join(SetAside.values)
            plan.refuse(
                planned.row, message % {"because": because, "known": known_reasons}, column="set_aside"
            )
            continue
        planned.is_submitted = _is_submitted(planned, file=file)
        counts["n_codings"] += 1
        counts["n_submitted"] += planned.is_submitted
        counts["n_unsubmitted"] += not planned.is_submitted
        counts["n_new"] += sum(stance is not None for stance in planned.row.stances.values())
        counts["n_unset"] += sum(stance is None for stance in planned.row.stances.values())
        taken.append(planned)
    plan.rows = taken
    names = ("n_codings", "n_submitted", "n_unsubmitted", "n_new", "n_unset")
    plan.counts = count_videos(plan) | {name: counts[name] for name in names}
    return plan


def store(*, study: Study, coder: User, plan: NewLabels, mode: Mode, by: User | None) -> None:
    """Make unknown videos, take a place on each, write codings, judgements, evidence and history."""
    if not plan.rows:
        return
    codebook = study.codebook
    if codebook is None:
        raise RefusedError(_("This study has no codebook yet."))
    loose = [planned.video for planned in plan.rows if planned.video and planned.video.batch_id is None]
    if loose or any(planned.video is None for planned in plan.rows):
        batch = batch_for(study=study, name=mode.batch)
        put_videos(study=study, plan=plan, batch=batch, by=by)
        for videos in chunks(loose):
            open_slots(videos=videos, batch=batch)
    rows = by_video(plan.rows)
    slots = _free_slots(rows, coder=coder)
    closed = _closed(rows)
    now = timezone.now()
    codings = []
    for pk, planned in rows.items():
        if pk not in slots:
            raise RefusedError(_("Video %(id)s has no free place any more.") % {"id": planned.key[1]})
        codings.append(_coding(study, coder, planned, slot=slots[pk], is_closed=pk in closed, now=now))
    for part in chunks(list(slots.values())):
        Slot.objects.filter(pk__in=[slot.pk for slot in part]).update(is_open=False, reserved_for=None)
    Coding.objects.bulk_create(codings, batch_size=BATCH_SIZE)
    _store_judgements(codings, rows, codebook=codebook, has_first=plan.file.has_first, now=now)
    Change.objects.bulk_create(
        (
            Change(
                study=study,
                by=by,
                what="coding.imported",
                video_id=coding.video_id,
                after=_recorded(rows[coding.video_id], coder=coder),
            )
            for coding in codings
        ),
        batch_size=BATCH_SIZE,
    )
    freeze_codebook(codebook=codebook, because=_("imported codings"))


def take_note(*, study: Study, plan: NewLabels) -> None:
    """Put videos that are complete now into the consolidators' queue, or make them gold by agreement."""
    if study.auto_gold:
        for planned in plan.rows:
            if planned.video is not None:
                consolidate_by_agreement(video=planned.video)
    else:
        refresh_comparisons(study=study)


def _is_submitted(planned: PlannedRow, *, file: LabelFile) -> bool:
    """Whether the coding was handed in: as the file says, else if no value is unset."""
    row = planned.row
    if None in row.stances.values():
        return False
    if row.coding.submitted_at is not None:
        return True  # also if it was set aside later: what was first submitted counts
    return not (row.coding.set_aside or file.has_submitted)


def _obstacles(known: Mapping[int, PlannedRow], *, coder: User) -> dict[int, str]:
    """Why the coder cannot have a coding of a video, by the video's key."""
    obstacles: dict[int, str] = {}
    for part in chunks(list(known)):
        videos = Video.objects.filter(pk__in=part)
        in_batch = set(videos.filter(batch__isnull=False).values_list("pk", flat=True))
        free = Slot.objects.filter(Q(reserved_for=None) | Q(reserved_for=coder), video__in=part, is_open=True)
        with_place = set(free.values_list("video", flat=True))
        full = _("all places of this video are taken.")
        obstacles |= dict.fromkeys(in_batch - with_place, full)
        coded = Coding.objects.filter(video__in=part, coder=coder).values_list("video", flat=True)
        already = _("%(coder)s has coded this video already.") % {"coder": coder.username}
        obstacles |= dict.fromkeys(coded, already)
        settled = Consolidation.objects.filter(video__in=part, claimed_by=coder)
        own = _("%(coder)s consolidated this video, and nobody does both.") % {"coder": coder.username}
        obstacles |= dict.fromkeys(settled.values_list("video", flat=True), own)
    return obstacles


def _free_slots(rows: Mapping[int, PlannedRow], *, coder: User) -> dict[int, Slot]:
    """The place to take on each video: one kept for the coder, else the lowest."""
    free: dict[int, Slot] = {}
    for part in chunks(list(rows)):
        slots = locked(Slot.objects.select_related("batch"))
        slots = slots.filter(Q(reserved_for=None) | Q(reserved_for=coder), video__in=part, is_open=True)
        for slot in slots.order_by("video", F("reserved_for").asc(nulls_last=True), "n"):
            free.setdefault(slot.video_id, slot)
    return free


def _closed(rows: Mapping[int, PlannedRow]) -> set[int]:
    """Videos that somebody has begun to consolidate, or that are gold."""
    closed: set[int] = set()
    for part in chunks(list(rows)):
        closed.update(Consolidation.objects.filter(video__in=part).values_list("video", flat=True))
    return closed


def _coding(
    study: Study, coder: User, planned: PlannedRow, *, slot: Slot, is_closed: bool, now: datetime
) -> Coding:
    told = planned.row.coding
    return Coding(
        study=study,
        video_id=slot.video_id,
        coder=coder,
        slot=slot,
        codebook=study.codebook,
        purpose=slot.batch.purpose,
        note=told.note,
        touched_at=now,
        submitted_at=min(told.submitted_at or now, now) if planned.is_submitted else None,
        closed_at=now if is_closed else None,
        set_aside_at=now if told.set_aside else None,
        set_aside_because=told.set_aside,
        set_aside_note=told.set_aside_note,
        saw_feedback=told.saw_feedback,
    )


def _store_judgements(
    codings: list[Coding],
    rows: Mapping[int, PlannedRow],
    *,
    codebook: Codebook,
    has_first: bool,
    now: datetime,
) -> None:
    """A judgement for every value of every coding, unset ones included, and their evidence."""
    values = {value.slug: value for value in Value.objects.filter(codebook=codebook)}
    judgements, moments = [], []
    for coding in codings:
        planned = rows[coding.video_id]
        for slug, value in values.items():
            stance = planned.row.stances[slug]
            detail = planned.row.details.get(slug) or Detail()
            first = detail.first_stance if has_first and detail.first_stance is not None else stance
            judgement = Judgement(
                coding=coding,
                value=value,
                stance=stance,
                first_stance=first if planned.is_submitted else None,
                is_unsure=detail.is_unsure,
                note=detail.note,
                revision=0 if stance is None else 1,
                updated_at=None if stance is None else now,
            )
            judgements.append(judgement)
            moments += [Evidence(judgement=judgement, start_ms=a, end_ms=b) for a, b in detail.evidence]
    Judgement.objects.bulk_create(judgements, batch_size=BATCH_SIZE)
    Evidence.objects.bulk_create(moments, batch_size=BATCH_SIZE)


def _recorded(planned: PlannedRow, *, coder: User) -> dict[str, Any]:
    """What the history keeps of an imported coding."""
    stances: dict[str, Stance | None] = planned.row.stances
    given = {slug: int(stance) for slug, stance in stances.items() if stance is not None}
    return {"coder": coder.username, "submitted": planned.is_submitted, "stances": given}
