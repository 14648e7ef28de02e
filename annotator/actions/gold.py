"""Writing gold: the one place where gold labels are made, replaced or withdrawn."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.codebook import freeze_codebook
from annotator.labels import Stance
from annotator.models import (
    Change,
    Consolidation,
    ConsolidationState,
    GoldLabel,
    Origin,
    Study,
    User,
    Value,
    Video,
)

REPLACED = ("stance", "origin", "was_conflict", "predictions_seen", "decided_by", "decided_at")


@dataclass(frozen=True, slots=True)
class NewGold:
    """The stances of one video that are to be gold, and how they came about."""

    video: Video
    stances: Mapping[Value, Stance | int]
    conflicts: Collection[Value] = ()  # on which the coders had differed
    predictions_seen: Collection[Value] = ()  # that were decided after a look at predictions


@transaction.atomic
def set_gold(
    *,
    video: Video,
    stances: Mapping[Value, Stance | int],
    origin: Origin,
    by: User | None,
    conflicts: Collection[Value] = (),
    predictions_seen: Collection[Value] = (),
) -> int:
    """Make these stances the video's gold; how many labels are new or changed. Codings stay as they are."""
    gold = NewGold(video, stances, conflicts, predictions_seen)
    return set_gold_of_many(study=video.study, gold=[gold], origin=origin, by=by)


@transaction.atomic
def import_gold(*, study: Study, gold: Iterable[NewGold], by: User | None) -> int:
    """Store gold that was made elsewhere; its videos count as consolidated. How many labels changed."""
    gold = list(gold)
    now = timezone.now()
    Consolidation.objects.bulk_create(
        [
            Consolidation(
                video=new.video,
                state=ConsolidationState.DONE,
                origin=Origin.IMPORT,
                codebook_id=next(iter(new.stances)).codebook_id if new.stances else None,
                finished_at=now,
            )
            for new in gold
        ],
        ignore_conflicts=True,  # a video that was consolidated here keeps its consolidation
        batch_size=500,
    )
    return set_gold_of_many(study=study, gold=gold, origin=Origin.IMPORT, by=by)


@transaction.atomic
def set_gold_of_many(*, study: Study, gold: Iterable[NewGold], origin: Origin, by: User | None) -> int:
    """``set_gold`` for many videos in a fixed number of statements."""
    gold = list(gold)
    now = timezone.now()
    _freeze(study=study, gold=gold)
    before = _labels_of([new.video.pk for new in gold])
    rows: list[GoldLabel] = []
    changes: list[Change] = []
    for new in gold:
        known = before.get(new.video.pk, {})
        made = {
            value.pk: _label(new, value, Stance(stance), origin=origin, by=by, at=now)
            for value, stance in new.stances.items()
        }
        fresh = {pk: label for pk, label in made.items() if _differs(known.get(pk), label)}
        rows += fresh.values()
        slugs = {value.pk: value.slug for value in new.stances}
        old = {slugs[pk]: known[pk].stance for pk in fresh if pk in known}
        after = {slugs[pk]: label.stance for pk, label in fresh.items()}
        if fresh:
            changes.append(
                Change(
                    study=study,
                    by=by,
                    what="gold.replaced" if old else "gold.set",
                    video=new.video,
                    before=old or None,
                    after=after,
                )
            )
    GoldLabel.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=REPLACED,
        unique_fields=("video", "value"),
        batch_size=500,
    )
    Change.objects.bulk_create(changes, batch_size=500)
    return len(rows)


@transaction.atomic
def withdraw_gold(*, video: Video, by: User | None, because: str) -> int:
    """Take back a video's gold, keeping in the history what it was; how many labels there were."""
    labels = dict(GoldLabel.objects.filter(video=video).values_list("value__slug", "stance"))
    if labels:
        GoldLabel.objects.filter(video=video).delete()
        Change.objects.record(
            study=video.study,
            by=by,
            what="gold.withdrawn",
            video=video,
            before=labels,
            after={"because": because},
        )
    return len(labels)


def _freeze(*, study: Study, gold: Iterable[NewGold]) -> None:
    """The codebook versions that the gold is in are frozen from now on."""
    codebooks = {value.codebook_id for new in gold for value in new.stances}
    for codebook in study.codebooks.filter(pk__in=codebooks, frozen_at__isnull=True):
        freeze_codebook(codebook=codebook, because=_("gold labels use it"))


def _labels_of(videos: list[int]) -> dict[int, dict[int, GoldLabel]]:
    """Present gold by video and value."""
    found: dict[int, dict[int, GoldLabel]] = {}
    for start in range(0, len(videos), 500):
        for label in GoldLabel.objects.filter(video__in=videos[start : start + 500]):
            found.setdefault(label.video_id, {})[label.value_id] = label
    return found


def _label(
    new: NewGold, value: Value, stance: Stance, *, origin: Origin, by: User | None, at: datetime
) -> GoldLabel:
    return GoldLabel(
        video=new.video,
        value=value,
        stance=stance,
        origin=origin,
        was_conflict=value in new.conflicts,
        predictions_seen=value in new.predictions_seen,
        decided_by=by,
        decided_at=at,
    )


def _differs(old: GoldLabel | None, new: GoldLabel) -> bool:
    """Whether anything but the time of a label has changed."""
    told = ("stance", "origin", "was_conflict", "predictions_seen", "decided_by_id")
    return old is None or any(getattr(old, name) != getattr(new, name) for name in told)
