"""Changing how many people code each video, while a study runs."""

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.errors import RefusedError
from annotator.models import Change, Slot, Study, User, Video

BATCH_SIZE = 1000
MOST = 10


class CodersError(RefusedError):
    """A number of coders that the work already done rules out; the message is for the page."""


@transaction.atomic
def set_coders_per_video(*, study: Study, coders: int, by: User | None) -> None:
    """Open the missing places on every video, or close places that nobody has taken."""
    if not 1 <= coders <= MOST:
        raise CodersError(_("Between 1 and %d people code a video.") % MOST)
    before = study.coders_per_video
    if coders == before:
        return
    if coders > before:
        _open_places(study=study, coders=coders)
    else:
        _close_places(study=study, coders=coders)
    study.coders_per_video = coders
    study.save(update_fields=["coders_per_video"])
    Change.objects.record(
        study=study,
        by=by,
        what="study.set",
        before={"coders_per_video": before},
        after={"coders_per_video": coders},
    )


def _open_places(*, study: Study, coders: int) -> None:
    """New places on the videos of batches; one in consolidation or gold stays as it is."""
    videos = Video.objects.filter(
        study=study, batch__isnull=False, withdrawn_at__isnull=True, consolidation__isnull=True
    )
    held: dict[int, set[int]] = {}
    for video, n in Slot.objects.filter(video__in=videos).values_list("video", "n"):
        held.setdefault(video, set()).add(n)
    Slot.objects.bulk_create(
        (
            Slot(video=video, n=n, batch=video.batch, position=video.position)
            for video in videos.select_related("batch").iterator(BATCH_SIZE)
            for n in range(1, coders + 1)
            if n not in held.get(video.pk, ())
        ),
        batch_size=BATCH_SIZE,
    )


def _close_places(*, study: Study, coders: int) -> None:
    """Close the highest free places; refuse where more people than that hold one."""
    slots = Slot.objects.filter(video__study=study)
    is_free = Q(is_open=True, reserved_for=None)
    crowded = (
        Video.objects.filter(study=study)
        .annotate(n_held=Count("slots", filter=~Q(slots__is_open=True, slots__reserved_for=None)))
        .filter(n_held__gt=coders)
    )
    if n_crowded := crowded.count():
        example = crowded.order_by("pk").first()
        raise CodersError(
            ngettext(
                "%(n)d video already has more than %(coders)d coders (%(example)s).",
                "%(n)d videos already have more than %(coders)d coders, for example %(example)s.",
                n_crowded,
            )
            % {"n": n_crowded, "coders": coders, "example": example}
        )
    # A held place above the limit moves down into a free one, which then need not be closed.
    for slot in slots.filter(~is_free, n__gt=coders).order_by("video", "n"):
        free = slots.filter(is_free, video=slot.video_id, n__lte=coders).order_by("n").first()
        if free is not None:
            n = free.n
            free.delete()
            Slot.objects.filter(pk=slot.pk).update(n=n)
    slots.filter(is_free, n__gt=coders).delete()
