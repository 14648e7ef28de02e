"""What the page of one run shows: its scores label by label, value by value."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotator.models import Value
from evaluation.agreement_page import hues_of, short
from evaluation.metrics.unscored import Unscored
from evaluation.performance_page import Cell, f1_cell
from evaluation.performance_report import LabelScore, Scores
from evaluation.reasons import why_unscored


@dataclass(frozen=True, slots=True)
class Half:
    """One binary label on a run's page."""

    stance: int
    f1: Cell
    floor: str
    precision: Cell
    recall: Cell
    support: int
    is_reported: bool


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One value on a run's page."""

    value: Value
    hue: int
    halves: list[Half]


def label_rows(scores: Scores, *, floor: Scores, values: Sequence[Value]) -> list[LabelRow]:
    """Value by value, beside what all-positive reaches on the same videos."""
    hues = hues_of(values)
    rows = []
    for place, value in enumerate(values):
        pair = slice(2 * place, 2 * place + 2)
        halves = [
            _half(label, at_floor)
            for label, at_floor in zip(scores.labels[pair], floor.labels[pair], strict=True)
        ]
        rows.append(LabelRow(value, hues[value.group], halves))
    return rows


def _half(label: LabelScore, floor: LabelScore) -> Half:
    return Half(
        stance=1 if label.direction == "endorsed" else -1,
        f1=f1_cell(label),
        floor=short(floor.f1.value),
        precision=Cell("", short(label.precision), because=why_unscored(Unscored.NEVER_PREDICTED)),
        recall=Cell("", short(label.recall), because=why_unscored(Unscored.NO_SUPPORT)),
        support=label.support,
        is_reported=label.is_reported,
    )
