"""Gold for tests, made directly as rows."""

from collections.abc import Mapping

from django.utils import timezone

from annotator.models import GoldLabel, Video


def give_gold(video: Video, stances: Mapping[str, int] | None = None, *, rest: int | None = 0) -> None:
    """Gold on every value of the codebook in force; values not named get ``rest`` (None leaves them out)."""
    given = stances or {}
    now = timezone.now()
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=now)
        for value in video.study.codebook.values.all()
        if (stance := given.get(value.slug, rest)) is not None
    )
