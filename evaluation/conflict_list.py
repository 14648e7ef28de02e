"""Videos whose first submissions differ in a value, and what was said on them; sides are not named."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F, Max, Min, QuerySet

from annotator.models import GoldLabel, Judgement, Value, Video
from evaluation.matrices import Selection


@dataclass(frozen=True, slots=True)
class Difference:
    """A video and the outermost stances given to it."""

    video: int
    stances: tuple[int, int]

    @property
    def kind(self) -> str:
        """The stances as a key."""
        return f"{self.stances[0]},{self.stances[1]}"


@dataclass(slots=True)
class Case:
    """What is shown of one video."""

    video: Video
    sides: list[Judgement] = field(default_factory=list)
    gold: int | None = None


def find_differences(selection: Selection, *, value: Value) -> list[Difference]:
    """All of them, those furthest apart first, then in the study's neutral order."""
    rows = (
        _compared(selection, value=value)
        .values("coding__video", "coding__video__position")
        .annotate(low=Min("first_stance"), high=Max("first_stance"))
        .filter(low__lt=F("high"))
        .order_by("coding__video__position", "coding__video")
    )
    found = [Difference(row["coding__video"], (row["low"], row["high"])) for row in rows]
    return sorted(found, key=lambda difference: _order(difference.stances))


def read_differences(selection: Selection, *, value: Value, videos: Sequence[int]) -> list[Case]:
    """Sides, evidence, notes and gold of some of them, in the order given; a fixed number of queries."""
    known = Video.objects.select_related("creator", "batch").in_bulk(list(videos))
    cases = {pk: Case(known[pk]) for pk in videos}
    judgements = (
        _compared(selection, value=value)
        .filter(coding__video__in=list(videos))
        .select_related("coding")
        .prefetch_related("evidence")
    )
    sides: dict[int, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        sides[judgement.coding.video_id].append(judgement)
    for pk, case in cases.items():
        # Shuffled for each video, and the same each time: the place of a side tells nobody's name.
        case.sides = sorted(sides[pk], key=lambda judgement: _shuffled(judgement, selection))
    gold = GoldLabel.objects.filter(
        video__in=list(videos), value__slug=value.slug, value__identity=value.identity
    )
    for video, stance in gold.order_by("value__codebook__number").values_list("video", "stance"):
        cases[video].gold = stance
    return list(cases.values())


def _compared(selection: Selection, *, value: Value) -> QuerySet[Judgement]:
    """The judgements that agreement on the value rests on."""
    chosen = Judgement.objects.filter(
        coding__study=selection.study,
        coding__purpose=selection.purpose,
        coding__pass_number=1,
        coding__slot__isnull=False,
        coding__submitted_at__isnull=False,
        coding__video__withdrawn_at__isnull=True,
        value__slug=value.slug,
        value__identity=value.identity,
        first_stance__isnull=False,
    )
    if selection.batch is not None:
        chosen = chosen.filter(coding__video__batch=selection.batch)
    if not selection.with_feedback:
        chosen = chosen.filter(coding__saw_feedback=False)
    return chosen


def _order(stances: tuple[int, int]) -> int:
    """Opposed first, degree last."""
    low, high = stances
    if low == -1 and high >= 1:
        return 0
    return 1 if 0 in stances else 2


def _shuffled(judgement: Judgement, selection: Selection) -> bytes:
    return hashlib.sha256(f"{selection.study.seed}:{judgement.coding_id}".encode()).digest()
