"""Where a coder's stances differ from gold, in batches that were released."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import QuerySet

from annotator.blindness import unblinded_videos
from annotator.models import (
    Batch,
    Coding,
    ConsolidationState,
    Decision,
    GoldLabel,
    Judgement,
    Study,
    User,
    Value,
    Video,
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of one video: what the coder gave, what became gold, and what the consolidator wrote."""

    judgement: Judgement
    gold: int
    decision: Decision | None


@dataclass(slots=True)
class VideoDifferences:
    """A video on which something differs."""

    coding: Coding
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class ValueSummary:
    """How a coder stands to gold on one value."""

    value: Value
    n: int = 0
    directions: Counter[tuple[int, int]] = field(default_factory=Counter)  # (mine, gold)

    @property
    def most_common(self) -> list[tuple[tuple[int, int], int]]:
        """Directions with how often, the most common first (a template would look it up as a key)."""
        return self.directions.most_common()

    @property
    def n_differing(self) -> int:
        """Videos on which mine is not gold."""
        return self.directions.total()

    @property
    def percent(self) -> int:
        """Whole per cent of videos on which it differs."""
        return round(100 * self.n_differing / self.n) if self.n else 0


@dataclass(frozen=True, slots=True)
class Differences:
    """All of a batch."""

    videos: list[VideoDifferences]  # those with a difference, in the batch's order
    values: list[ValueSummary]  # the most differing first
    n_videos: int
    n_labels: int

    @property
    def n_differing(self) -> int:
        """Labels on which mine is not gold."""
        return sum(len(video.differences) for video in self.videos)


def released_videos(*, user: User, study: Study) -> QuerySet[Video]:
    """Videos that the user handed in, settled, in a released batch."""
    own = Coding.objects.filter(
        study=study, coder=user, slot__isnull=False, submitted_at__isnull=False, set_aside_at__isnull=True
    )
    return unblinded_videos(user, study).filter(
        pk__in=own.values("video"),
        batch__released_at__isnull=False,
        consolidation__state=ConsolidationState.DONE,
        withdrawn_at__isnull=True,
    )


def differences_in(*, batch: Batch, user: User, study: Study) -> Differences:
    """The user's stances against gold in one batch, in four queries."""
    videos = released_videos(user=user, study=study).filter(batch=batch)
    gold = {
        (label.video_id, label.value.slug): label.stance
        for label in GoldLabel.objects.filter(video__in=videos).select_related("value")
    }
    decisions = {
        (decision.consolidation.video_id, decision.value.slug): decision
        for decision in Decision.objects.filter(consolidation__video__in=videos).select_related(
            "consolidation", "value"
        )
    }
    judgements = (
        Judgement.objects.filter(
            coding__coder=user, coding__video__in=videos, coding__slot__isnull=False, stance__isnull=False
        )
        .select_related("coding__video__study", "value")
        .defer("coding__video__counts")
        .order_by("coding__video__position", "coding", "value__position")
    )
    by_video: dict[int, VideoDifferences] = {}
    by_value: dict[str, ValueSummary] = {}
    for judgement in judgements:
        key = (judgement.coding.video_id, judgement.value.slug)
        if key not in gold:
            continue
        summary = by_value.setdefault(judgement.value.slug, ValueSummary(judgement.value))
        summary.n += 1
        of_video = by_video.setdefault(judgement.coding_id, VideoDifferences(judgement.coding))
        if judgement.stance is not None and gold[key] != judgement.stance:
            summary.directions[judgement.stance, gold[key]] += 1
            of_video.differences.append(Difference(judgement, gold[key], decisions.get(key)))
    return Differences(
        videos=[video for video in by_video.values() if video.differences],
        values=sorted(by_value.values(), key=lambda summary: (-summary.n_differing, summary.value.position)),
        n_videos=len(by_video),
        n_labels=sum(summary.n for summary in by_value.values()),
    )
