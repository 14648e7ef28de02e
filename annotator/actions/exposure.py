"""Writing down who saw what; called by whoever shows it."""

from collections.abc import Iterable

from django.utils import timezone

from annotator.models import Exposure, Seen, User, Video


def record_sight(*, user: User, videos: Iterable[Video | int], kind: Seen) -> None:
    """The user has now been shown this kind of thing on these videos: one statement, first sight kept."""
    now = timezone.now()
    ids = sorted({video if isinstance(video, int) else video.pk for video in videos})
    Exposure.objects.bulk_create(
        [Exposure(user=user, video_id=pk, kind=kind, first_at=now, last_at=now) for pk in ids],
        update_conflicts=True,
        update_fields=("last_at",),
        unique_fields=("user", "video", "kind"),
        batch_size=500,
    )
