"""One video's human labels and its predictions as one table: values down; coders, gold and runs across."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from annotator.models import GoldLabel, Study, User, Value, Video
from annotator.queries.video_labels import label_table
from models_app.models import UNANSWERED_STATES, ItemKind, Prediction, Run, RunItem, RunVideo
from models_app.queries.answers import MISSING, Answer


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A run whose scope holds the video, and why it says nothing of it, where it does not."""

    run: Run
    n_answers: int
    n_differs: int | None  # of the 38 binary labels; None without gold or answers
    why_missing: str = ""  # for a person; empty where there are answers
    never: str = ""  # the direction of which it says nothing on any value: said once, in the column's head


@dataclass(frozen=True, slots=True)
class AnswerCell:
    """What one run said of one value; no answer where it said nothing."""

    answer: Answer | None
    n_differs: int  # of the two binary labels, from gold
    is_other_meaning: bool = False  # the value meant something else in the run's version of the codebook
    said_in_head: str = ""  # the direction that the column's head tells to be lacking everywhere
    reason: str = ""  # the model's own
    evidence_ms: int | None = None  # where it saw it

    @property
    def unsaid(self) -> str:
        """The one answer that is lacking here, unless the column's head has told."""
        unsaid = self.answer.unsaid if self.answer else ""
        return "" if unsaid == self.said_in_head else unsaid

    @property
    def stance(self) -> int | str:
        """For the table."""
        return MISSING if self.answer is None else self.answer.stance


@dataclass(frozen=True, slots=True)
class BesideRow:
    """One value."""

    value: Value
    stances: list[int | str | None]  # in the order of the coders
    is_conflict: bool
    gold: int | str
    answers: list[AnswerCell]  # in the order of the runs

    @property
    def is_different(self) -> bool:
        """Whether a run says otherwise than gold."""
        return any(cell.n_differs for cell in self.answers)


@dataclass(frozen=True, slots=True)
class BesideTable:
    """All values of the study's codebook."""

    coders: list[User]
    has_gold: bool
    runs: list[RunColumn]
    rows: list[BesideRow]

    @property
    def n_different(self) -> int:
        """Values on which a run says otherwise than gold."""
        return sum(row.is_different for row in self.rows)

    @property
    def has_answers(self) -> bool:
        """Whether anything predicted is shown."""
        return any(column.n_answers for column in self.runs)

    @property
    def has_half_said(self) -> bool:
        """Whether a cell lacks one of its two answers, and no head says so."""
        return any(cell.unsaid for row in self.rows for cell in row.answers)


def beside_table(*, study: Study, video: Video, runs: Sequence[Run], with_labels: bool) -> BesideTable:
    """The table; the caller has asked `annotator.blindness` about predictions, and about labels."""
    human = label_table(study=study, video=video)
    answers = _answers(video, runs)
    gold = GoldLabel.objects.filter(video=video).values_list("value__slug", "value__identity")
    gold_meant = dict(gold) if with_labels else {}
    rows = []
    for row in human.rows:
        stance = row.gold if with_labels else MISSING
        meant = gold_meant.get(row.value.slug, row.value.identity)
        rows.append(
            BesideRow(
                value=row.value,
                stances=row.stances if with_labels else [],
                is_conflict=row.is_conflict and with_labels,
                gold=stance,
                answers=[
                    _cell(answers.get((run.pk, row.value.slug)), gold=stance, meant=meant) for run in runs
                ],
            )
        )
    has_gold = human.has_gold and with_labels
    columns = _columns(video, runs, rows, has_gold=has_gold)
    return BesideTable(
        coders=human.coders if with_labels else [],
        has_gold=has_gold,
        runs=columns,
        rows=[replace(row, answers=_headed(row.answers, columns)) for row in rows],
    )


def _headed(cells: Sequence[AnswerCell], columns: Sequence[RunColumn]) -> list[AnswerCell]:
    return [replace(cell, said_in_head=column.never) for cell, column in zip(cells, columns, strict=True)]


def _answers(video: Video, runs: Sequence[Run]) -> dict[tuple[int, str], Prediction]:
    """What was said, by run and slug."""
    rows = Prediction.objects.filter(video=video, run__in=runs).select_related("value")
    return {(said.run_id, said.value.slug): said for said in rows}


def _cell(said: Prediction | None, *, gold: int | str, meant: str) -> AnswerCell:
    if said is None:
        return AnswerCell(answer=None, n_differs=0)
    answer = Answer(said.endorsed, said.confronted, said.p_endorsed, said.p_confronted)
    is_other = said.value.identity != meant
    can_differ = isinstance(gold, int) and not is_other
    return AnswerCell(
        answer=answer,
        n_differs=answer.differs_from(int(gold)) if can_differ else 0,
        is_other_meaning=is_other,
        reason=said.reason,
        evidence_ms=said.evidence_ms,
    )


def _columns(
    video: Video, runs: Sequence[Run], rows: Sequence[BesideRow], *, has_gold: bool
) -> list[RunColumn]:
    problems = {
        row.run_id: row.get_problem_display()
        for row in RunVideo.objects.filter(video=video, run__in=runs).exclude(problem="")
    }
    failed = dict(
        RunItem.objects.filter(
            run__in=runs, kind=ItemKind.VIDEO, key=video.pk, state__in=UNANSWERED_STATES
        ).values_list("run", "error")
    )
    columns = []
    for place, run in enumerate(runs):
        cells = [row.answers[place] for row in rows]
        n_answers = sum(cell.answer is not None for cell in cells)
        columns.append(
            RunColumn(
                run=run,
                n_answers=n_answers,
                n_differs=sum(cell.n_differs for cell in cells) if n_answers and has_gold else None,
                why_missing="" if n_answers else str(problems.get(run.pk) or failed.get(run.pk) or ""),
                never=_never(cells),
            )
        )
    return columns


def _never(cells: Sequence[AnswerCell]) -> str:
    """The direction of which none of the answers says anything, where they say something of the other."""
    answers = [cell.answer for cell in cells if cell.answer is not None]
    lacking = {answer.unsaid for answer in answers if answer.is_partial}
    if len(lacking) != 1:
        return ""
    (direction,) = lacking
    return direction if all(getattr(answer, direction) is None for answer in answers) else ""
