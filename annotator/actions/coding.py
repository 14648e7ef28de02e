"""Beginning a coding and storing what its coder changes; how it ends is in annotator.actions.coding_end.

Rows are locked in one order, video before coding (annotator.locks), so that a consolidator's claim and a
coder's correction wait for each other instead of dying together.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.codebook import freeze_codebook
from annotator.actions.consolidation import consolidate_by_agreement
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, Coding, Evidence, Judgement, Slot, User, Video
from annotator.outbox import ChangeRequest, ClosedError, MalformedError, Outcome, once

NOTE = "_note"  # the key of the coding's general note, beside the values' slugs
FIELDS = ("stance", "unsure", "note", "evidence")
MAX_EVIDENCE = 30
# Every save reads these: a coding whole, and of the rows around it what saving and ending look at.
LOCKED = (
    *(field.name for field in Coding._meta.concrete_fields),
    *(
        "codebook__allow_dominant",
        "codebook__frozen_at",
        "codebook__number",
        "codebook__study",
        "study__slug",
    ),
    *("video__withdrawn_at", "video__batch", "video__media", "video__duration_ms"),
    *("video__has_sound", "video__has_audio_stream"),
)


@transaction.atomic
def start_coding(*, slot: Slot, coder: User) -> Coding:
    """A coding in the slot, with a judgement, unset, for every value of the study's codebook."""
    study = slot.video.study
    if study.codebook is None:
        raise RefusedError(_("This study has no codebook yet."))
    coding = Coding.objects.create(
        study=study,
        video=slot.video,
        coder=coder,
        slot=slot,
        codebook=study.codebook,
        purpose=slot.batch.purpose,
    )
    values = study.codebook.values.values_list("pk", flat=True)
    Judgement.objects.bulk_create(Judgement(coding=coding, value_id=value) for value in values)
    return coding


@transaction.atomic
def save_changes(
    *, coding: Coding, mutation_id: uuid.UUID, changes: Sequence[ChangeRequest], by: User
) -> dict[str, Any]:
    """Store changes to judgements and the general note; the answer for the outbox.

    Each change names the revision it was based on. Where the row has moved on since, it is a conflict and
    comes back with what the server has, unless both say the same. The rest of the request is stored.
    """
    coding = lock_coding(coding)

    def perform() -> dict[str, Any]:
        refuse_if_closed(coding)
        return _store(coding, changes=changes, by=by).as_answer()

    return once(mutation=mutation_id, user=by, about=f"coding:{coding.pk}", perform=perform)


def lock_coding(coding: Coding) -> Coding:
    """The coding as it is now, locked; its video too, where the change may concern consolidation."""
    if coding.submitted_at or coding.set_aside_at:
        locked(Video.objects.only("pk")).get(pk=coding.video_id)
    return (
        locked(Coding.objects.all())
        .select_related("codebook", "video", "study")
        .only(*LOCKED)
        .get(pk=coding.pk)
    )


def refuse_if_closed(coding: Coding) -> None:
    """No change after a consolidator's claim, nor to a withdrawn video."""
    if coding.video.withdrawn_at:
        raise ClosedError(_("This video was withdrawn from the study. It need not be coded."))
    if coding.closed_at:
        raise ClosedError(
            _("A consolidator has begun with this video: your coding is closed and stays as it is.")
        )


def judgements_of(coding: Coding, *, slugs: Iterable[str] | None = None) -> dict[str, Judgement]:
    """The judgements by slug, in the order of the circle, with their evidence; all unless some are named."""
    rows = coding.judgements.select_related("value").prefetch_related("evidence").order_by("value__position")
    rows = rows.defer("value__content_hash", "value__identity", "first_stance")
    if slugs is not None:
        rows = rows.filter(value__slug__in=list(slugs))
    return {judgement.value.slug: judgement for judgement in rows}


def entry(judgement: Judgement) -> dict[str, Any]:
    """A judgement as the outbox knows it."""
    return {
        "key": judgement.value.slug,
        "revision": judgement.revision,
        "stance": judgement.stance,
        "unsure": judgement.is_unsure,
        "note": judgement.note,
        "evidence": [{"start_ms": seen.start_ms, "end_ms": seen.end_ms} for seen in judgement.evidence.all()],
        "rest": judgement.is_rest,
    }


def note_entry(coding: Coding) -> dict[str, Any]:
    """The general note as the outbox knows it."""
    return {"key": NOTE, "revision": coding.note_revision, "note": coding.note}


def touch(coding: Coding, *, at: datetime) -> list[str]:
    """Mark that the coder has done something; the names of the fields that it changed."""
    changed = []
    if coding.touched_at is None:
        coding.touched_at = at
        changed.append("touched_at")
    if coding.submitted_at is not None:
        coding.corrected_at = at
        changed.append("corrected_at")
    return changed


def record(
    coding: Coding, *, by: User, changes: Iterable[tuple[str, Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """Append (value, before, after) to the history, one row a judgement, in one statement."""
    what = "judgement.corrected" if coding.submitted_at else "judgement.set"
    Change.objects.bulk_create(
        Change(
            study_id=coding.study_id,
            by=by,
            video_id=coding.video_id,
            what=what,
            value=value,
            before=before,
            after=after,
        )
        for value, before, after in changes
    )


def _store(coding: Coding, *, changes: Sequence[ChangeRequest], by: User) -> Outcome:
    """Everything but the locks and the memory of requests."""
    now = timezone.now()
    judgements = judgements_of(coding, slugs=[change.key for change in changes if change.key != NOTE])
    wishes = [(change, _wish(change, coding=coding, judgements=judgements)) for change in changes]
    outcome, history, updated, fields = Outcome(), [], [], set()
    for change, wish in wishes:
        if change.key == NOTE:
            if _store_note(coding, change=change, note=wish["note"], outcome=outcome):
                fields |= {"note", "note_revision"}
            continue
        judgement = judgements[change.key]
        current = entry(judgement)
        differing = {name: wanted for name, wanted in wish.items() if current[name] != wanted}
        if differing and change.base != judgement.revision:
            outcome.conflicts.append(current)
            continue
        if differing:
            history.append((change.key, {name: current[name] for name in differing}, differing))
            _apply(judgement, differing, at=now)
            updated.append(judgement)
        now_there = {"revision": judgement.revision, "rest": judgement.is_rest}
        outcome.saved.append({**current, **differing, **now_there})
    if updated:
        names = ("stance", "is_unsure", "is_rest", "note", "revision", "updated_at")
        for judgement in updated:
            judgement.save(update_fields=names)
        record(coding, by=by, changes=history)
        freeze_codebook(codebook=coding.codebook, because=_("the first judgement"))
    if updated or fields:
        fields |= set(touch(coding, at=now))
    if fields:
        coding.save(update_fields=sorted(fields))
    if coding.submitted_at and any("stance" in after for _slug, _before, after in history):
        consolidate_by_agreement(video=coding.video)  # what the codings differ in is counted anew
    return outcome


def _wish(change: ChangeRequest, *, coding: Coding, judgements: Mapping[str, Judgement]) -> dict[str, Any]:
    """The change's fields, checked."""
    if change.key == NOTE:
        change.only("note")
        return {"note": change.text("note")}
    if change.key not in judgements:
        raise MalformedError(_("“%(key)s” is not a value of this codebook.") % {"key": change.key})
    change.only(*FIELDS)
    wish: dict[str, Any] = {}
    if "stance" in change.fields:
        wish["stance"] = change.stance("stance", scale=coding.codebook.scale)
        if wish["stance"] is None and coding.submitted_at:
            change.reject("stance", _("cannot be cleared any more: you have submitted. Choose another."))
    if "unsure" in change.fields:
        wish["unsure"] = change.flag("unsure")
    if "note" in change.fields:
        wish["note"] = change.text("note")
    if "evidence" in change.fields:
        wish["evidence"] = _evidence(change)
    return wish


def _evidence(change: ChangeRequest) -> list[dict[str, int | None]]:
    """Moments in the video, each once, in their order."""
    given = change.fields["evidence"]
    if not isinstance(given, list) or len(given) > MAX_EVIDENCE:
        change.reject("evidence", _("must be a list of at most %(n)s moments") % {"n": MAX_EVIDENCE})
    moments: dict[int, int | None] = {}
    for moment in given:
        start: Any = moment.get("start_ms") if isinstance(moment, dict) else None
        end: Any = moment.get("end_ms") if isinstance(moment, dict) else None
        if not _is_time(start) or not (end is None or (_is_time(end) and end >= start)):
            change.reject("evidence", _("must be moments with start_ms, and end_ms not before it"))
        moments[start] = end
    return [{"start_ms": start, "end_ms": moments[start]} for start in sorted(moments)]


def _is_time(ms: Any) -> TypeGuard[int]:
    return isinstance(ms, int) and not isinstance(ms, bool) and 0 <= ms <= 2**31 - 1


def _apply(judgement: Judgement, differing: Mapping[str, Any], *, at: datetime) -> None:
    """Give the judgement its new content and the next revision; evidence is replaced as a whole."""
    judgement.revision += 1
    judgement.updated_at = at
    if "stance" in differing:
        judgement.stance = differing["stance"]
        judgement.is_rest = False
    judgement.is_unsure = differing.get("unsure", judgement.is_unsure)
    judgement.note = differing.get("note", judgement.note)
    if "evidence" in differing:
        judgement.evidence.all().delete()
        Evidence.objects.bulk_create(
            Evidence(judgement=judgement, **moment) for moment in differing["evidence"]
        )


def _store_note(coding: Coding, *, change: ChangeRequest, note: str, outcome: Outcome) -> bool:
    """The general note, by the same rules; whether it changed. No history: it says nothing of a label."""
    if note != coding.note and change.base != coding.note_revision:
        outcome.conflicts.append(note_entry(coding))
        return False
    is_new = note != coding.note
    if is_new:
        coding.note = note
        coding.note_revision += 1
    outcome.saved.append(note_entry(coding))
    return is_new
