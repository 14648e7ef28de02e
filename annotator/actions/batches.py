"""Batches: made, filled, shared out, released."""

import itertools
import random
from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.assignment import AssignmentError, open_slots, reserve_slot
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Batch, Change, Coding, GoldLabel, Purpose, Role, Slot, Study, User, Video

DEVELOPMENT_VIDEOS = 20  # the paper used 18
FEWEST_DEVELOPMENT = 5  # fewer tell nothing of a prompt


class BatchError(RefusedError):
    """A change of a batch that cannot be made; the message is for the page."""


@transaction.atomic
def create_batch(*, study: Study, name: str, purpose: str = Purpose.MAIN, by: User | None = None) -> Batch:
    """A new, empty batch that comes after all others; closed, if nobody is to be given its videos."""
    if study.batches.filter(name=name).exists():
        raise BatchError(_("This study already has a batch named “%(name)s”.") % {"name": name})
    last = study.batches.aggregate(last=Max("order"))["last"] or 0
    is_open = purpose != Purpose.DEVELOPMENT  # what is never scored is no work for coders
    batch = Batch.objects.create(study=study, name=name, purpose=purpose, order=last + 1, is_open=is_open)
    Change.objects.record(study=study, by=by, what="batch.created", after={"batch": name, "purpose": purpose})
    return batch


@transaction.atomic
def fill_batch(*, batch: Batch, videos: Sequence[Video], by: User | None = None) -> int:
    """Put videos into the batch, from none or from another in which nobody has begun them; how many moved."""
    moving = [video for video in videos if video.batch_id != batch.pk]
    begun = (
        Coding.objects.filter(video__in=moving, slot__isnull=False, video__batch__isnull=False)
        .select_related("video")
        .first()
    )
    if begun:
        raise BatchError(
            _("Video %(video)s is already being coded and stays in its batch.") % {"video": begun.video}
        )
    open_slots(videos=moving, batch=batch)
    if moving:
        Change.objects.record(
            study=batch.study,
            by=by,
            what="batch.filled",
            after={"batch": batch.name, "videos": [video.external_id for video in moving]},
        )
    return len(moving)


@transaction.atomic
def split_into_batches(*, study: Study, size: int, prefix: str, purpose: str, by: User | None) -> list[Batch]:
    """Deal all videos that are in no batch out into batches of a size, in their random order."""
    if size < 1:
        raise BatchError(_("A batch holds at least one video."))
    loose = list(Video.objects.filter(study=study, batch=None, withdrawn_at=None).order_by("position"))
    taken = set(study.batches.values_list("name", flat=True))
    names = (name for n in itertools.count(1) if (name := f"{prefix} {n}") not in taken)
    batches = []
    for start in range(0, len(loose), size):
        batch = create_batch(study=study, name=next(names), purpose=purpose, by=by)
        fill_batch(batch=batch, videos=loose[start : start + size], by=by)
        batches.append(batch)
    return batches


def batch_for_trials(*, study: Study, among: QuerySet[Video]) -> Batch | None:
    """The first development batch that holds any of these videos."""
    batches = study.batches.filter(purpose=Purpose.DEVELOPMENT).order_by("order", "pk")
    return batches.filter(Exists(among.filter(batch=OuterRef("pk")))).first()


def untouched_videos(among: QuerySet[Video]) -> QuerySet[Video]:
    """Those that can still be set apart: not coded, without gold, in no batch or free in a main one."""
    codings = Coding.objects.filter(video=OuterRef("pk"))
    gold = GoldLabel.objects.filter(video=OuterRef("pk"))
    kept = Slot.objects.filter(video=OuterRef("pk"), reserved_for__isnull=False)
    return among.filter(
        ~Exists(codings), ~Exists(gold), ~Exists(kept), consolidation=None, withdrawn_at=None
    ).filter(Q(batch=None) | Q(batch__purpose=Purpose.MAIN))


def n_for_development(n_free: int) -> int:
    """How many of so many untouched videos are set apart: never more than half, unless they are very few."""
    if n_free < FEWEST_DEVELOPMENT:
        return 0
    return min(DEVELOPMENT_VIDEOS, max(FEWEST_DEVELOPMENT, n_free // 2))


@transaction.atomic
def development_batch(*, study: Study, among: QuerySet[Video], by: User | None = None) -> Batch:
    """The batch that prompts are tried on; where there is none, one of untouched videos drawn by chance.

    among: what a trial can work on. The new batch is closed: nobody is given its videos to code.
    """
    study = locked(Study.objects.filter(pk=study.pk)).get()
    if found := batch_for_trials(study=study, among=among):
        return found
    free = list(untouched_videos(among).order_by("pk"))
    if not (n := n_for_development(len(free))):
        message = _(
            "A trial needs at least %(fewest)d videos that nobody has coded, that have no gold and that the"
            " pipeline can work on; there are %(n)d. Import more, or edit a batch in which nobody has coded"
            " yet and that you can do without when models are scored: give it the purpose “%(purpose)s”."
        )
        values = {"fewest": FEWEST_DEVELOPMENT, "n": len(free), "purpose": Purpose.DEVELOPMENT.label}
        raise BatchError(message % values)
    loose = [video for video in free if video.batch_id is None]
    drawn = random.SystemRandom().sample(loose if len(loose) >= n else free, n)
    taken = set(study.batches.values_list("name", flat=True))
    names = (_("Development"), *(_("Development %(n)d") % {"n": n} for n in range(2, len(taken) + 3)))
    name = next(name for name in names if name not in taken)
    batch = create_batch(study=study, name=name, purpose=Purpose.DEVELOPMENT, by=by)
    fill_batch(batch=batch, videos=drawn, by=by)
    return batch


@transaction.atomic
def share_out(*, batch: Batch, by: User) -> int:
    """Keep every free place of the batch for an annotator, loads equal and pairs mixed; how many places.

    Each video goes to the annotators with the lightest load who may take it; ties are broken at random,
    so that everybody meets everybody.
    """
    study = batch.study
    people = list(
        User.objects.filter(
            memberships__study=study, memberships__role=Role.ANNOTATOR, is_active=True
        ).order_by("pk")
    )
    if not people:
        raise BatchError(_("This study has no annotators yet."))
    shuffle = random.Random(f"{study.seed}:{batch.pk}")  # noqa: S311  (a reproducible order, no secret)
    load = Counter(Coding.objects.filter(slot__batch=batch).values_list("coder", flat=True)) + Counter(
        Slot.objects.filter(batch=batch, reserved_for__isnull=False).values_list("reserved_for", flat=True)
    )
    n_kept = 0
    free = Slot.objects.filter(
        batch=batch, is_open=True, reserved_for=None, video__withdrawn_at=None
    ).select_related("video__study")
    for slot in free.order_by("position", "n"):
        for person in sorted(people, key=lambda person: (load[person.pk], shuffle.random())):
            try:
                reserve_slot(video=slot.video, coder=person, by=by)
            except AssignmentError:
                continue  # has this video already, or is its last consolidator
            load[person.pk] += 1
            n_kept += 1
            break
    return n_kept


@transaction.atomic
def release_batch(*, batch: Batch, by: User) -> None:
    """Let coders see gold and where they differed, on their own consolidated videos of the batch."""
    batch = locked(Batch.objects.all()).get(pk=batch.pk)
    if batch.released_at:
        return
    Batch.objects.filter(pk=batch.pk).update(released_at=timezone.now(), released_by=by)
    Change.objects.record(study=batch.study, by=by, what="batch.released", after={"batch": batch.name})


@transaction.atomic
def edit_batch(*, batch: Batch, by: User | None, **fields: object) -> Batch:
    """Change a batch's name, place, purpose (only while nothing is coded) or whether it is open.

    One that becomes a development batch is closed; whoever wants it coded all the same opens it then.
    """
    if fields.get("purpose", batch.purpose) == Purpose.DEVELOPMENT != batch.purpose:
        fields["is_open"] = False
    before = {name: getattr(batch, name) for name in fields}
    changed = {name: new for name, new in fields.items() if before[name] != new}
    if "purpose" in changed and Coding.objects.filter(video__batch=batch).exists():
        raise BatchError(_("The purpose of a batch is fixed once coding has begun."))
    if "name" in changed and batch.study.batches.filter(name=changed["name"]).exists():
        raise BatchError(_("This study already has a batch named “%(name)s”.") % {"name": changed["name"]})
    if changed:
        Batch.objects.filter(pk=batch.pk).update(**changed)
        Change.objects.record(
            study=batch.study,
            by=by,
            what="batch.edited",
            before={"batch": batch.name, **{name: before[name] for name in changed}},
            after=changed,
        )
    batch.refresh_from_db()
    return batch
