"""Storing a consolidator's decisions as they come out of the browser's outbox."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.claims import LEASE, held
from annotator.errors import RefusedError
from annotator.models import Change, Consolidation, Decision, Exposure, ReasonTag, User
from annotator.outbox import (
    ChangeRequest,
    ClosedError,
    MalformedError,
    Outcome,
    Parcel,
    once,
)
from annotator.queries.sheet import Row, read_sheet

FIELDS = ("stance", "reason_tags", "reason", "is_codebook_problem")


@transaction.atomic
def save_decisions(*, consolidation: Consolidation, by: User, parcel: Parcel) -> dict[str, Any]:
    """Store a parcel of decisions; those that somebody changed meanwhile come back as conflicts."""
    try:
        locked = held(consolidation, by=by)
    except RefusedError as exc:
        raise ClosedError(str(exc)) from exc
    return once(
        mutation=parcel.mutation,
        user=by,
        about=f"consolidation:{locked.pk}",
        perform=lambda: _store(locked, by=by, parcel=parcel).as_answer(),
    )


def as_answer(decision: Decision, *, key: str) -> dict[str, Any]:
    """A decision as the browser knows it."""
    return {"key": key, "revision": decision.revision, **{name: getattr(decision, name) for name in FIELDS}}


def _store(consolidation: Consolidation, *, by: User, parcel: Parcel) -> Outcome:
    rows = {row.value.slug: row for row in read_sheet(consolidation).rows}
    scale = tuple(consolidation.codebook.scale) if consolidation.codebook else ()
    seen = Exposure.objects.of_predictions(user=by, video=consolidation.video).exists()
    outcome = Outcome()
    for change in parcel.changes:
        row = rows.get(change.key)
        if row is None:
            raise MalformedError(_("“%(key)s” is not a value of this codebook.") % {"key": change.key})
        decision = row.decision or Decision(consolidation=consolidation, value=row.value)
        wanted = _read(change, scale=scale)
        if change.base != decision.revision and _differing(decision, wanted):
            outcome.conflicts.append(as_answer(decision, key=change.key))
            continue
        _change(decision, row=row, wanted=wanted, predictions_seen=seen, by=by)
        outcome.saved.append(as_answer(decision, key=change.key))
    consolidation.lease_until = timezone.now() + LEASE
    consolidation.save(update_fields=["lease_until"])
    return outcome


def _read(change: ChangeRequest, *, scale: tuple[int, ...]) -> dict[str, Any]:
    """The fields of a change, checked."""
    change.only(*FIELDS)
    wanted: dict[str, Any] = {}
    if "stance" in change.fields:
        wanted["stance"] = change.stance("stance", scale=scale)
    if "reason" in change.fields:
        wanted["reason"] = change.text("reason")
    if "is_codebook_problem" in change.fields:
        wanted["is_codebook_problem"] = change.flag("is_codebook_problem")
    if "reason_tags" in change.fields:
        tags = change.fields["reason_tags"]
        if not isinstance(tags, list) or any(tag not in ReasonTag.values for tag in tags):
            change.reject("reason_tags", _("must be a list of known reasons"))
        wanted["reason_tags"] = [tag for tag in ReasonTag.values if tag in tags]
    return wanted


def _differing(decision: Decision, wanted: dict[str, Any]) -> list[str]:
    """The fields that would change; a conflict in which both say the same is none."""
    return [name for name in wanted if getattr(decision, name) != wanted[name]]


def _change(
    decision: Decision, *, row: Row, wanted: dict[str, Any], predictions_seen: bool, by: User
) -> None:
    """Store what differs, one revision on, with what it was."""
    before = {name: getattr(decision, name) for name in _differing(decision, wanted)}
    if not before:
        return
    if "stance" in before:
        decision.predictions_seen = decision.predictions_seen or predictions_seen
    for name in before:
        setattr(decision, name, wanted[name])
    decision.pattern, decision.was_conflict = row.pattern, row.is_conflict
    decision.revision += 1
    decision.save()
    video = decision.consolidation.video
    Change.objects.record(
        study=video.study,
        by=by,
        what="decision.set",
        video=video,
        value=row.value.slug,
        before=before,
        after={name: wanted[name] for name in before},
    )
