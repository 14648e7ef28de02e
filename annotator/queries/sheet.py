"""What a consolidator has in front of them: the sides, and value by value what each gave and was decided.

Read in a fixed number of queries. Who stands on which side is shuffled for each video and kept.
"""

import random
import string
from collections import defaultdict
from dataclasses import dataclass, field

from annotator.labels import Stance
from annotator.models import Coding, Consolidation, Decision, Judgement, Value, Video
from annotator.queries.conflicts import OpenKind, counted_codings, open_kind, pattern


@dataclass(frozen=True, slots=True)
class Side:
    """One coder's coding under a letter that does not tell who it was."""

    letter: str
    coding: Coding

    @property
    def is_set_aside(self) -> bool:
        """Whether this coder could not code the video."""
        return self.coding.set_aside_at is not None


@dataclass(frozen=True, slots=True)
class Given:
    """What one side gave to one value; without a judgement if its codebook lacks the value."""

    side: Side
    judgement: Judgement | None

    @property
    def stance(self) -> int | None:
        """The stance as it stands now, corrections included."""
        return self.judgement.stance if self.judgement else None


@dataclass(slots=True)
class Row:
    """One value on the sheet."""

    value: Value
    given: list[Given]
    kind: OpenKind | None
    decision: Decision | None = None
    stances: list[int | None] = field(init=False)

    def __post_init__(self) -> None:
        self.stances = [given.stance for given in self.given]

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide."""
        return self.kind is not None

    @property
    def is_conflict(self) -> bool:
        """Whether two coders gave different stances."""
        return self.kind is not None and self.kind.is_conflict

    @property
    def pattern(self) -> str:
        """The coders' stances in ascending order: the key to precedents."""
        return pattern(self.stances)

    @property
    def agreed(self) -> Stance | None:
        """What everybody gave; None where the value is open."""
        first = self.stances[0] if self.stances else None
        return Stance(first) if first is not None and not self.is_open else None

    @property
    def decided(self) -> Stance | None:
        """What the consolidator chose; None as long as nothing."""
        stance = self.decision.stance if self.decision else None
        return None if stance is None else Stance(stance)

    @property
    def outcome(self) -> Stance | None:
        """What becomes gold as things stand: the decision over the agreed stance."""
        return self.agreed if self.decided is None else self.decided


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole video."""

    video: Video
    sides: list[Side]
    rows: list[Row]

    @property
    def open_rows(self) -> list[Row]:
        """What has to be decided, in the order of the circle."""
        return [row for row in self.rows if row.is_open]

    @property
    def agreed_rows(self) -> list[Row]:
        """What everybody agrees on."""
        return [row for row in self.rows if not row.is_open]

    @property
    def judging_sides(self) -> list[Side]:
        """The sides that gave stances: those that did not set the video aside."""
        return [side for side in self.sides if not side.is_set_aside]


def read_sheet(consolidation: Consolidation) -> Sheet:
    """The sheet of a consolidation: codings, judgements, evidence, values and decisions, a query each."""
    sides = _sides(consolidation)
    given: dict[str, dict[int, Judgement]] = defaultdict(dict)
    judging = [side for side in sides if not side.is_set_aside]
    judgements = Judgement.objects.filter(coding__in=[side.coding for side in judging])
    for judgement in judgements.select_related("value").prefetch_related("evidence"):
        given[judgement.value.slug][judgement.coding_id] = judgement
    decisions = {decision.value_id: decision for decision in consolidation.decisions.all()}
    values = Value.objects.filter(codebook=consolidation.codebook_id).order_by("position")
    rows = [
        _row(value, judging=judging, given=given[value.slug], decision=decisions.get(value.pk))
        for value in values
    ]
    return Sheet(video=consolidation.video, sides=sides, rows=rows)


def _sides(consolidation: Consolidation) -> list[Side]:
    """The counted codings under letters, shuffled by the consolidation's own seed."""
    codings = list(
        counted_codings()
        .filter(video=consolidation.video_id)
        .select_related("coder", "codebook")
        .order_by("pk")
    )
    random.Random(consolidation.sides_seed).shuffle(codings)  # noqa: S311 - hides nothing by itself
    return [Side(letter=string.ascii_uppercase[n % 26], coding=coding) for n, coding in enumerate(codings)]


def _row(value: Value, *, judging: list[Side], given: dict[int, Judgement], decision: Decision | None) -> Row:
    row = Row(
        value=value,
        given=[Given(side=side, judgement=given.get(side.coding.pk)) for side in judging],
        kind=None,
        decision=decision,
    )
    identities = {judgement.value.identity for judgement in given.values()}
    row.kind = open_kind(row.stances, identities=identities)
    return row
