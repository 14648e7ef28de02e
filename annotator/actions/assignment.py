"""Who codes what: slots, the next video, reservations.

A slot is a row, so that the database holds the limit of coders per video. Every coder walks through a
batch from a place of their own (a cursor), so that orders differ and the next video is one index look-up.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.coding import start_coding
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import (
    Batch,
    Change,
    Coding,
    Consolidation,
    Exposure,
    QueueCursor,
    Role,
    Seen,
    Slot,
    Study,
    User,
    Video,
)

POSITIONS = 2**31
GOLDEN_STEP = round(POSITIONS * (5**0.5 - 1) / 2)
TRIES = 20
FEW = 8  # batches to look at first


class AssignmentError(RefusedError):
    """An assignment that would break a rule of the study; the message is for the page."""


def open_slots(*, videos: Iterable[Video], batch: Batch) -> int:
    """Put videos into the batch and give each its slots; how many slots were made."""
    videos = list(videos)
    Video.objects.filter(pk__in=[video.pk for video in videos]).update(batch=batch)
    before = Slot.objects.filter(video__in=videos).count()
    Slot.objects.filter(video__in=videos).update(batch=batch)
    Slot.objects.bulk_create(
        (
            Slot(video=video, n=n, batch=batch, position=video.position)
            for video in videos
            for n in range(1, batch.study.coders_per_video + 1)
        ),
        ignore_conflicts=True,
        batch_size=500,
    )
    return Slot.objects.filter(video__in=videos).count() - before


def take_next_coding(*, study: Study, coder: User) -> Coding | None:
    """The coding to go on with: one begun, else one on the next video with a place for this coder."""
    expire_slots(study=study)
    with transaction.atomic():
        # One request of a coder at a time, so that a double click takes one video.
        locked(User.objects.only("pk")).get(pk=coder.pk)
        if begun := _begun(study=study, coder=coder):
            return begun
        for _try in range(TRIES):
            slot = _choose(study=study, coder=coder, lock=True)
            if slot is None:
                return None
            if Slot.objects.filter(pk=slot.pk, is_open=True).update(is_open=False, reserved_for=None):
                slot.batch.study = slot.video.study = study  # with its codebook, as the caller has it
                _move_cursor(slot=slot, coder=coder)
                return _coding_in(slot=slot, coder=coder)
    return None


def peek_next_video(*, study: Study, coder: User, after: Coding | None = None) -> Video | None:
    """The video that would come next, for preloading; takes nothing."""
    slot = _choose(study=study, coder=coder, lock=False)
    return slot.video if slot else None


def expire_slots(*, study: Study) -> int:
    """Return untouched slots to the pool; one with a single change in it never goes back by itself."""
    cutoff = timezone.now() - timedelta(hours=study.slot_hours)
    stale = Coding.objects.filter(
        study=study,
        slot__isnull=False,
        touched_at__isnull=True,
        submitted_at__isnull=True,
        started_at__lt=cutoff,
    )
    if not stale.exists():
        return 0
    with transaction.atomic():
        # Whoever is saving in one just now has not left it untouched.
        codings = list(locked(stale, skip_busy=True).select_related("slot"))
        for coding in codings:
            _give_back(coding, what="slot.expired", by=None)
    return len(codings)


@transaction.atomic
def reassign_slot(*, slot: Slot, to: User | None, by: User) -> None:
    """Take a slot from its coder (their work is kept, and no longer counts) for somebody else or the pool."""
    # The video first: a coder who is submitting holds it, and what they submit must be seen here.
    video = locked(Video.objects.select_related("study")).get(pk=slot.video_id)
    coding = locked(Coding.objects.filter(slot=slot)).select_related("slot", "coder").first()
    if coding:
        if coding.submitted_at or coding.closed_at:
            raise AssignmentError(_("%(coder)s has already submitted this video.") % {"coder": coding.coder})
        _give_back(coding, what="slot.reassigned", by=by)
    Slot.objects.filter(pk=slot.pk).update(reserved_for=None)
    if to is not None:
        reserve_slot(video=video, coder=to, by=by)


@transaction.atomic
def reserve_slot(*, video: Video, coder: User, by: User) -> Slot:
    """Keep a free place on the video for one coder, who gets it before anything else."""
    study = video.study
    locked(Video.objects.only("pk")).get(pk=video.pk)  # two researchers may keep places on it at once
    if Role.ANNOTATOR not in study.roles_of(coder):
        raise AssignmentError(_("%(coder)s is not an annotator of this study.") % {"coder": coder})
    if video.withdrawn_at:
        raise AssignmentError(_("Video %(video)s was withdrawn.") % {"video": video})
    if Coding.objects.filter(video=video, coder=coder, slot__isnull=False).exists():
        raise AssignmentError(_("%(coder)s already has this video.") % {"coder": coder})
    if video.slots.filter(is_open=True, reserved_for=coder).exists():
        raise AssignmentError(_("This video is already kept for %(coder)s.") % {"coder": coder})
    if not _with_a_consolidator_left(Slot.objects.filter(video=video), study=study, coder=coder).exists():
        raise AssignmentError(
            _("Nobody would be left to consolidate video %(video)s if %(coder)s coded it.")
            % {"video": video, "coder": coder}
        )
    slot = locked(video.slots.filter(is_open=True, reserved_for=None)).order_by("n").first()
    if slot is None:
        raise AssignmentError(_("Video %(video)s has no free place.") % {"video": video})
    Slot.objects.filter(pk=slot.pk).update(reserved_for=coder)
    Change.objects.record(
        study=study, by=by, what="slot.reserved", video=video, after={"n": slot.n, "coder": coder.username}
    )
    return slot


def is_last_consolidator(*, study: Study, coder: User) -> bool:
    """Whether the coder gets no video because nobody else could consolidate it."""
    if study.allow_own_consolidation:
        return False
    consolidators = study.memberships.filter(role=Role.CONSOLIDATOR)
    return consolidators.filter(user=coder).exists() and consolidators.count() == 1


def _begun(*, study: Study, coder: User) -> Coding | None:
    """The coder's open coding, if there is one that is neither parked nor set aside."""
    return (
        Coding.objects.filter(
            study=study,
            coder=coder,
            slot__isnull=False,
            submitted_at__isnull=True,
            closed_at__isnull=True,
            parked_at__isnull=True,
            set_aside_at__isnull=True,
            video__withdrawn_at__isnull=True,
        )
        .order_by("pk")
        .first()
    )


def _choose(*, study: Study, coder: User, lock: bool) -> Slot | None:
    """The slot that comes next: one kept for the coder, else in the lowest open batch.

    A coder who has had a fair share of a batch moves on to the next, and comes back to what is left of it
    only when nothing else is: loads stay balanced, and no queue dries up behind a slow colleague.
    The number of queries does not grow with the batches that are finished or passed over.
    """
    free = _free_slots(study=study, coder=coder, lock=lock)
    if Slot.objects.filter(reserved_for=coder, is_open=True).exists():
        kept = free.filter(reserved_for=coder).order_by("batch__order", "position").first()
        if kept:
            return kept
    free = free.filter(reserved_for=None)
    passed_over: dict[int, int] = {}
    for ahead in _batches_ahead(study=study, coder=coder):
        shares = _fair_shares(study, batches=[batch for batch, _at, taken in ahead if taken])
        for batch, at, taken in ahead:
            if taken and taken >= shares[batch]:
                passed_over[batch] = at
            elif slot := _from(free.filter(batch=batch), at):
                return slot
    left = free.filter(batch__in=passed_over).order_by("batch__order", "batch")
    lowest = left.values_list("batch", flat=True).first() if passed_over else None
    return _from(free.filter(batch=lowest), passed_over[lowest]) if lowest else None


def _batches_ahead(*, study: Study, coder: User) -> Iterator[list[tuple[int, int, int]]]:
    """Open batches with free places, in order: (batch, where the coder stands in it, how many they took).

    First a few, which is nearly always enough, then the others.
    """
    cursor = QueueCursor.objects.filter(batch=OuterRef("pk"), user=coder)
    free = Slot.objects.filter(batch=OuterRef("pk"), is_open=True, reserved_for=None)
    ahead = (
        study.batches.filter(Exists(free), is_open=True)
        .annotate(at=Subquery(cursor.values("position")), taken=Subquery(cursor.values("taken")))
        .order_by("order", "pk")
        .values_list("pk", "at", "taken")
    )
    for few in (ahead[:FEW], ahead[FEW:]):
        yield [
            (batch, _start(study, batch=batch, coder=coder) if at is None else at, taken or 0)
            for batch, at, taken in few
        ]


def _free_slots(*, study: Study, coder: User, lock: bool) -> QuerySet[Slot]:
    """Open slots on videos that this coder may code."""
    mine = Coding.objects.filter(video=OuterRef("video"), coder=coder, slot__isnull=False)
    consolidated_by_me = Consolidation.objects.filter(video=OuterRef("video"), claimed_by=coder)
    free = Slot.objects.filter(
        Q(batch__is_open=True) & ~Exists(mine) & ~Exists(consolidated_by_me),
        batch__study=study,
        is_open=True,
        video__withdrawn_at__isnull=True,
    ).select_related("video", "batch")
    free = free.defer("video__caption", "video__hashtags", "video__counts")
    if not study.lift_blindness:
        # Somebody who has seen others' labels of a video can no longer code it blind.
        seen = Exposure.objects.filter(
            video=OuterRef("video"), user=coder, kind__in=(Seen.CODINGS, Seen.GOLD)
        )
        free = free.exclude(Exists(seen))
    free = _with_a_consolidator_left(free, study=study, coder=coder)
    return locked(free, skip_busy=True) if lock else free


def _with_a_consolidator_left(slots: QuerySet[Slot], *, study: Study, coder: User) -> QuerySet[Slot]:
    """Only slots on videos that somebody could still consolidate after this coder took one."""
    if study.allow_own_consolidation:
        return slots
    consolidators = list(study.memberships.filter(role=Role.CONSOLIDATOR).values_list("user", flat=True))
    if coder.pk not in consolidators or len(consolidators) > study.coders_per_video:
        return slots
    others = [pk for pk in consolidators if pk != coder.pk]
    if not others:
        return slots.none()
    taken = Q()
    for other in others:
        coded = Coding.objects.filter(video=OuterRef("video"), coder=other, slot__isnull=False)
        # A place kept for somebody is as good as taken: they could not take it any more otherwise.
        kept = Slot.objects.filter(video=OuterRef("video"), reserved_for=other, is_open=True)
        taken &= Q(Exists(coded)) | Q(Exists(kept))
    return slots.exclude(taken)


def _fair_shares(study: Study, *, batches: Collection[int]) -> dict[int, int]:
    """How many videos of each batch an annotator gets before the others' share is touched."""
    if not batches:
        return {}
    n_annotators = study.memberships.filter(role=Role.ANNOTATOR).count() or 1
    places = Slot.objects.filter(batch__in=batches).order_by().values_list("batch").annotate(n=Count("pk"))
    return {batch: -(-n // n_annotators) for batch, n in places}


def _from(slots: QuerySet[Slot], position: int) -> Slot | None:
    """The first slot after a position in the neutral order, going round once."""
    ordered = slots.order_by("position", "n")
    return ordered.filter(position__gt=position).first() or ordered.filter(position__lte=position).first()


def _start(study: Study, *, batch: int, coder: User) -> int:
    """Where the coder enters the batch: the same each time, another for each coder.

    Drawn by chance, two coders of a small batch would often enter it at the same video. Steps of the golden
    section lie far apart, however many there are.
    """
    digest = hashlib.sha256(f"{study.seed}:{batch}".encode()).digest()
    return (int.from_bytes(digest[:4], "big") + coder.pk * GOLDEN_STEP) % POSITIONS


def _move_cursor(*, slot: Slot, coder: User) -> None:
    """Remember that the coder stands at this slot now."""
    cursors = QueueCursor.objects.filter(batch=slot.batch_id, user=coder)
    if not cursors.update(position=slot.position, taken=F("taken") + 1):
        # One request of a coder at a time: nobody else makes this row.
        QueueCursor.objects.create(batch_id=slot.batch_id, user=coder, position=slot.position, taken=1)


def _coding_in(*, slot: Slot, coder: User) -> Coding:
    """The coder's coding in this slot: a new one, or the one whose slot had expired."""
    expired = Coding.objects.filter(
        video=slot.video, coder=coder, purpose=slot.batch.purpose, pass_number=1
    ).first()
    if expired is None:
        return start_coding(slot=slot, coder=coder)
    expired.slot, expired.started_at = slot, timezone.now()
    expired.save(update_fields=["slot", "started_at"])
    return expired


def _give_back(coding: Coding, *, what: str, by: User | None) -> None:
    """Part a coding from its slot and open the slot."""
    slot = coding.slot
    if slot is None:
        return
    Coding.objects.filter(pk=coding.pk).update(slot=None)
    Slot.objects.filter(pk=slot.pk).update(is_open=True, reserved_for=None)
    QueueCursor.objects.filter(batch=slot.batch_id, user=coding.coder_id, taken__gt=0).update(
        taken=F("taken") - 1
    )
    Change.objects.record(
        study=coding.study,
        by=by,
        what=what,
        video=coding.video,
        before={"n": slot.n, "coder": coding.coder.username},
    )
