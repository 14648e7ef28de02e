"""How a coding ends, or waits: "the rest is absent", submitting, parking, setting aside; time spent."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.codebook import freeze_codebook
from annotator.actions.coding import entry, judgements_of, lock_coding, record, refuse_if_closed, touch
from annotator.actions.consolidation import consolidate_by_agreement
from annotator.labels import Stance
from annotator.locks import locked
from annotator.models import Change, Coding, Exposure, Judgement, Seen, SetAside, Slot, User, Video
from annotator.outbox import ClosedError, MalformedError, OutboxError, once

HARDLY = 0.5  # of the video, in playing and in hearing: less than this is asked about
ASKS = ("hardly_played", "played_muted")


class UnsetError(OutboxError):
    """Values are still without an answer, or not those that the coder's page shows."""

    status = 409
    error = "unset"


@transaction.atomic
def submit_coding(
    *,
    coding: Coding,
    by: User,
    mutation_id: uuid.UUID | None = None,
    rest: Collection[str] | None = None,
    acknowledged: Collection[str] = ASKS,
) -> dict[str, Any]:
    """Hand the coding in: {"submitted": true, "saved": rows of the rest}, or {"ask": […]} and nothing done.

    `rest`: the values shown as unset, if they are to become absent in the same act. `acknowledged`: what the
    coder has been asked and confirmed. The stances of the first submission are kept for agreement for ever.
    """
    coding = lock_for_ending(coding)
    if asks := [ask for ask in questions_before_submitting(coding) if ask not in acknowledged]:
        return {"ask": asks}

    def perform() -> dict[str, Any]:
        if coding.submitted_at and not coding.set_aside_at:
            return {"submitted": True, "saved": []}
        _refuse_if_ended(coding)
        saved = _set_rest(coding, shown=rest, by=by) if rest is not None else []
        _submit(coding, by=by)
        return {"submitted": True, "saved": saved}

    if mutation_id is None:
        return perform()
    return once(mutation=mutation_id, user=by, about=f"coding:{coding.pk}", perform=perform)


def lock_for_ending(coding: Coding) -> Coding:
    """The coding and its video, locked in this order."""
    locked(Video.objects.only("pk")).get(pk=coding.video_id)
    return lock_coding(coding)


def questions_before_submitting(coding: Coding) -> list[str]:
    """What to ask a coder who is about to submit: was the video hardly played, or played without sound?

    Nothing can be said about a video that the study only has a link to, or whose length is not known.
    """
    video = coding.video
    if coding.submitted_at or not video.media or not video.duration_ms:
        return []
    if coding.played_ms < HARDLY * video.duration_ms:
        return ["hardly_played"]
    audible = video.has_audio_stream if video.has_sound is None else video.has_sound
    return ["played_muted"] if audible and coding.heard_ms < HARDLY * video.duration_ms else []


@transaction.atomic
def park(*, coding: Coding, is_parked: bool) -> Coding:
    """Leave a video for later, or take it up again."""
    coding = lock_coding(coding)
    _refuse_if_ended(coding)
    if coding.submitted_at:
        raise ClosedError(_("You have submitted this video already."))
    coding.parked_at = (coding.parked_at or timezone.now()) if is_parked else None
    changed = touch(coding, at=timezone.now())  # a parked video is not taken away
    coding.save(update_fields=["parked_at", *changed])
    return coding


@transaction.atomic
def set_aside(*, coding: Coding, because: SetAside, note: str, by: User) -> Coding:
    """Say that the video cannot be coded, and why; what was coded so far is kept."""
    coding = lock_for_ending(coding)
    refuse_if_closed(coding)
    now = timezone.now()
    before = coding.set_aside_because or None
    coding.set_aside_at, coding.set_aside_because, coding.set_aside_note = now, because, note[:300]
    coding.parked_at = None
    coding.touched_at = coding.touched_at or now
    coding.save()
    _record_act(coding, by=by, what="coding.set_aside", before=before, after=str(because))
    consolidate_by_agreement(video=coding.video)
    return coding


@transaction.atomic
def take_back(*, coding: Coding, by: User) -> Coding:
    """Undo the setting aside, as long as nobody has acted upon it."""
    coding = lock_for_ending(coding)
    refuse_if_closed(coding)
    if coding.set_aside_at:
        before = coding.set_aside_because
        coding.set_aside_at, coding.set_aside_because, coding.set_aside_note = None, "", ""
        coding.save()
        _record_act(coding, by=by, what="coding.taken_back", before=before, after=None)
        consolidate_by_agreement(video=coding.video)
    return coding


@transaction.atomic
def record_course(*, coding: Coding, played_ms: int, heard_ms: int, active_ms: int) -> None:
    """Take note of how much was played, heard and worked: totals that only grow, so repeats are harmless.

    Counts until the submission. `active_ms` cannot exceed the time since the coding was begun.
    """
    elapsed = int((timezone.now() - coding.started_at).total_seconds() * 1000)
    Coding.objects.filter(pk=coding.pk, submitted_at__isnull=True).update(
        played_ms=Greatest(F("played_ms"), played_ms),
        heard_ms=Greatest(F("heard_ms"), min(heard_ms, played_ms)),
        active_ms=Greatest(F("active_ms"), min(active_ms, elapsed)),
    )


def _refuse_if_ended(coding: Coding) -> None:
    refuse_if_closed(coding)
    if coding.set_aside_at:
        raise ClosedError(_("You have set this video aside. Take that back first."))


def _set_rest(coding: Coding, *, shown: Collection[str] | None, by: User) -> list[dict[str, Any]]:
    """Make the unset judgements absent, if they are the ones shown."""
    judgements = judgements_of(coding)
    unset = {slug: judgement for slug, judgement in judgements.items() if judgement.stance is None}
    if shown is None or set(unset) != set(shown):
        raise UnsetError(
            _("This page did not show what the server has; nothing was changed. Look at the marked rows."),
            rows=[entry(judgement) for judgement in judgements.values()],
        )
    now = timezone.now()
    for judgement in unset.values():
        judgement.stance, judgement.is_rest = Stance.ABSENT, True
        judgement.revision += 1
        judgement.updated_at = now
    Judgement.objects.bulk_update(unset.values(), ("stance", "is_rest", "revision", "updated_at"))
    after: Mapping[str, Any] = {"stance": 0, "rest": True}
    record(coding, by=by, changes=[(slug, {"stance": None}, after) for slug in unset])
    _record_act(coding, by=by, what="coding.rest_absent", before=None, after=sorted(unset))
    freeze_codebook(codebook=coding.codebook, because=_("the first judgement"))
    coding.rest_absent_at = now
    coding.save(update_fields=["rest_absent_at", *touch(coding, at=now)])
    return [entry(judgement) for judgement in unset.values()]


def _submit(coding: Coding, *, by: User) -> None:
    """The first submission: complete, in a slot, kept."""
    unset = coding.judgements.filter(stance__isnull=True).order_by("value__position")
    if missing := list(unset.values_list("value__slug", "value__name")):
        names = ", ".join(name for _slug, name in missing)
        slugs = [slug for slug, _name in missing]
        raise UnsetError(_("Still without an answer: %(names)s.") % {"names": names}, keys=slugs)
    if coding.slot_id is None:
        _regain_slot(coding)
    coding.judgements.update(first_stance=F("stance"))
    now = timezone.now()
    coding.submitted_at = now
    coding.parked_at = None
    coding.touched_at = coding.touched_at or now
    coding.saw_feedback = _saw_feedback(coding)
    coding.save(update_fields=["slot", "submitted_at", "parked_at", "touched_at", "saw_feedback"])
    _record_act(coding, by=by, what="coding.submitted", before=None, after=None)
    consolidate_by_agreement(video=coding.video)


def _regain_slot(coding: Coding) -> None:
    """Submit late work all the same if its place is still free: never more coders than planned."""
    free = Slot.objects.filter(Q(reserved_for=None) | Q(reserved_for=coding.coder_id), video=coding.video)
    slot = free.filter(is_open=True).order_by("n").first()
    place = Slot.objects.filter(pk=slot.pk, is_open=True) if slot else Slot.objects.none()
    if not place.update(is_open=False, reserved_for=None):
        raise ClosedError(
            _(
                "This video went back to the pool and others are coding it now. Your answers are kept,"
                " but cannot be submitted; go on with the next video."
            )
        )
    coding.slot = slot


def _saw_feedback(coding: Coding) -> bool:
    """Whether the coder had seen codings or gold of this video, or of its batch once that was released."""
    released = Q(video__batch=coding.video.batch_id, video__batch__released_at__isnull=False)
    seen = Exposure.objects.filter(user=coding.coder_id, kind__in=(Seen.CODINGS, Seen.GOLD))
    return seen.filter(released | Q(video=coding.video_id)).exists()


def _record_act(coding: Coding, *, by: User, what: str, before: Any, after: Any) -> None:
    Change.objects.record(
        study=coding.study, by=by, what=what, video=coding.video, before=before, after=after
    )


def read_because(text: Any) -> SetAside:
    """A reason for setting aside, from the browser."""
    try:
        return SetAside(str(text))
    except ValueError:
        raise MalformedError(_("Choose a reason for setting the video aside.")) from None
