"""Predictions from tables: published, wide, long, binary, and our own export of answers.

What an empty cell means depends on the form, and is never "absent" except where it is published:
docs/prediction-formats.md.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports import cells
from annotator.imports.errors import ImportFileError, RowError, shorten
from annotator.imports.label_header import Format, Header, known_columns, read_header
from annotator.imports.label_videos import LabelCellError, cell_of, id_column, text_of, video_of
from annotator.imports.stances import ValueNames, plain, read_published, read_stance
from annotator.imports.tables import Table
from annotator.imports.videos import VideoRow
from annotator.labels import Stance

ANSWERS = ("endorsed", "confronted", "p_endorsed", "p_confronted")
REMARKS = ("reason", "evidence_seconds")  # beside an answer: why, and where in the video
LONGEST_REASON = 2000  # characters
LONGEST_VIDEO = 86_400.0  # seconds: no evidence lies later


class PredictionFormat(enum.StrEnum):
    """How a file writes predictions: the forms of labels, and one of our own."""

    PUBLISHED = "published"
    WIDE = "wide"
    LONG = "long"
    BINARY = "binary"
    ANSWERS = "answers"  # a row a value, with endorsed, confronted and their scores


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file says of one value: yes, no, or nothing."""

    endorsed: bool | None = None
    confronted: bool | None = None
    p_endorsed: float | None = None
    p_confronted: float | None = None
    reason: str = ""  # the model's own
    evidence_ms: int | None = None  # where in the video the model saw it

    @property
    def is_empty(self) -> bool:
        """No answer and no score: as good as not there."""
        return all(getattr(self, name) is None for name in ANSWERS)


@dataclass(slots=True)
class PredictionRow:
    """What a file says of one video, by the slugs of values."""

    video: VideoRow
    answers: dict[str, Answer] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)  # where a value stands, if on a line of its own


@dataclass(slots=True)
class PredictionFile:
    """A file of predictions as read: the rows that can be taken and those that cannot."""

    name: str
    format: PredictionFormat
    rows: list[PredictionRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)  # columns that mean nothing here
    untold: list[str] = field(default_factory=list)  # values of which the file says nothing


def read_predictions(table: Table, *, names: ValueNames, threshold: float | None = None) -> PredictionFile:
    """Every video of a table with a model's answers.

    threshold: from which score on, in [0, 1], an answer is yes; None where the cells of a binary file are
    yes or no. ImportFileError if the file as a whole is not such a file.
    """
    header = _answers_header(table, names=names)
    form = PredictionFormat.ANSWERS
    if header is None:
        header = read_header(table, names=names, is_whole=False)
        form = PredictionFormat(header.format)
    if threshold is not None and form != PredictionFormat.BINARY:
        raise ImportFileError(
            _("a threshold makes sense of scores in a binary file only; this one is %(format)s.")
            % {"format": form},
            name=table.name,
        )
    file = PredictionFile(table.name, form, errors=list(table.errors), ignored=header.ignored)
    reader = _Reader(table, header, file, names=names, threshold=threshold)
    if form in (PredictionFormat.LONG, PredictionFormat.ANSWERS):
        reader.read_long()
    else:
        reader.read_rows()
    told = {slug for row in file.rows for slug in row.answers}
    file.untold = [slug for slug in names.slugs if slug not in told]
    file.errors.sort(key=lambda error: error.line)
    return file


def _answers_header(table: Table, *, names: ValueNames) -> Header | None:
    """The header of our own export, or None if the table is something else."""
    meta, rest = known_columns(table.columns, names=names)
    found = {plain(column).replace("-", "_"): column for column in rest}
    if "value" not in meta or "stance" in meta or not {"endorsed", "confronted"} & found.keys():
        return None
    if not meta.keys() & {"video_id", "url"}:
        return None  # read_header says what is missing
    if "run" in found:
        runs = {str(row.get(found["run"])).strip() for _line, row in table}
        if len(runs) > 1:
            raise ImportFileError(
                _("there are several runs in it (%(runs)s): export one of them.")
                % {"runs": shorten(", ".join(sorted(runs)))},
                name=table.name,
                column=found["run"],
            )
    meta |= {name: found[name] for name in (*ANSWERS, *REMARKS) if name in found}
    return Header(Format.LONG, meta, ignored=[c for c in rest if c not in meta.values()])


class _Reader:
    """Goes through a table once."""

    def __init__(
        self,
        table: Table,
        header: Header,
        file: PredictionFile,
        *,
        names: ValueNames,
        threshold: float | None,
    ) -> None:
        self.table, self.header, self.file = table, header, file
        self.names, self.threshold = names, threshold

    def read_rows(self) -> None:
        """A row is a video."""
        first: dict[tuple[str, str], int] = {}
        for line, row in self.table:
            try:
                video = video_of(row, header=self.header, name=self.table.name, line=line)
                key = (video.platform, video.external_id)
                if first.setdefault(key, line) != line:
                    message = _("video %(id)s stands already on line %(line)s.")
                    values = {"id": shorten(video.external_id), "line": first[key]}
                    raise LabelCellError(message % values, column=id_column(self.header))
                answers = self._answers(row)
            except LabelCellError as error:
                self._refuse(line, error)
            else:
                self.file.rows.append(PredictionRow(video, answers))

    def read_long(self) -> None:
        """A row is a value of a video; the rows of a video may stand apart."""
        found: dict[tuple[str, str], PredictionRow] = {}
        spoilt: set[tuple[str, str]] = set()
        for line, row in self.table:
            key = None
            try:
                video = video_of(row, header=self.header, name=self.table.name, line=line)
                key = (video.platform, video.external_id)
                self._add_long(found.setdefault(key, PredictionRow(video)), row, line=line)
            except LabelCellError as error:
                self._refuse(line, error)
                if key:
                    spoilt.add(key)
        self.file.rows += [row for key, row in found.items() if key not in spoilt]

    def _add_long(self, prediction: PredictionRow, row: Mapping[str, Any], *, line: int) -> None:
        column = self.header.meta["value"]
        slug = self.names.find(row.get(column))
        if slug is None:
            message = _("“%(name)s” is no value of the codebook.")
            raise LabelCellError(message % {"name": shorten(row.get(column))}, column=column)
        if slug in prediction.lines:
            message = _("video %(id)s has %(value)s already on line %(line)s.")
            about = {
                "id": shorten(prediction.video.external_id),
                "value": slug,
                "line": prediction.lines[slug],
            }
            raise LabelCellError(message % about, column=column)
        prediction.lines[slug] = line
        if self.file.format == PredictionFormat.LONG:
            answer = _from_stance(cell_of(row, self.header.meta["stance"], read_stance))
        else:
            answer = self._own_answer(row)
        if not answer.is_empty:
            prediction.answers[slug] = answer

    def _own_answer(self, row: Mapping[str, Any]) -> Answer:
        meta = self.header.meta
        given = {name: row.get(meta[name]) for name in ANSWERS if name in meta}
        filled = [name for name in given if not cells.is_empty(given[name])]
        read: dict[str, Callable[[Any], Any]] = {
            name: _to_score if name.startswith("p_") else cells.to_flag for name in filled
        }
        answer = Answer(**{name: cell_of(row, meta[name], read[name]) for name in filled})
        reason = text_of(row, "reason", header=self.header, file=self.table.name, limit=LONGEST_REASON)
        seconds = meta.get("evidence_seconds")
        return replace(answer, reason=reason, evidence_ms=cell_of(row, seconds, _to_ms) if seconds else None)

    def _answers(self, row: Mapping[str, Any]) -> dict[str, Answer]:
        if self.file.format == PredictionFormat.BINARY:
            slugs = dict.fromkeys((*self.header.values, *self.header.confronted))
            answers = {slug: self._binary(row, slug) for slug in slugs}
        else:
            read: Callable[[Any], Stance | None] = read_stance
            if self.file.format == PredictionFormat.PUBLISHED:
                read = read_published
            answers = {
                slug: _from_stance(cell_of(row, column, read)) for slug, column in self.header.values.items()
            }
        return {slug: answer for slug, answer in answers.items() if not answer.is_empty}

    def _binary(self, row: Mapping[str, Any], slug: str) -> Answer:
        endorsed, p_endorsed = self._yes_no(row, self.header.values.get(slug))
        confronted, p_confronted = self._yes_no(row, self.header.confronted.get(slug))
        return Answer(endorsed, confronted, p_endorsed, p_confronted)

    def _yes_no(self, row: Mapping[str, Any], column: str | None) -> tuple[bool | None, float | None]:
        if column is None or cells.is_empty(row.get(column)):
            return None, None
        if self.threshold is None:
            return cell_of(row, column, _to_yes_no), None
        score: float = cell_of(row, column, _to_score)
        return score >= self.threshold, score

    def _refuse(self, line: int, error: LabelCellError) -> None:
        column = shorten(error.column, length=80)
        self.file.errors.append(RowError(self.file.name, line, str(error), column=column))


def _from_stance(stance: Stance | None) -> Answer:
    return Answer() if stance is None else Answer(stance.is_endorsed, stance.is_confronted)


def _to_yes_no(cell: Any) -> bool:
    """Yes or no; a score is told from them by what it lacks."""
    try:
        score = _to_score(cell)
    except cells.CellError:
        return cells.to_flag(cell)
    if score in (0.0, 1.0):
        return score == 1.0
    message = _("“%(cell)s” is a score: say from which one on an answer is yes (--threshold).")
    raise cells.CellError(message % {"cell": shorten(cell)})


def _to_score(cell: Any) -> float:
    """A number in [0, 1]."""
    try:
        score = float(cell) if not isinstance(cell, bool) else float(int(cell))
    except (TypeError, ValueError):
        score = -1.0
    if not 0 <= score <= 1:  # NaN is refused here too
        raise cells.CellError(_("expected a score from 0 to 1, found “%(cell)s”.") % {"cell": shorten(cell)})
    return score


def _to_ms(cell: Any) -> int | None:
    """Seconds from the beginning of a video, as milliseconds."""
    if cells.is_empty(cell):
        return None
    try:
        seconds = float(cell)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(cell, bool) or not 0 <= seconds <= LONGEST_VIDEO:  # NaN is refused here too
        message = _("expected seconds from the video's beginning, found “%(cell)s”.")
        raise cells.CellError(message % {"cell": shorten(cell)})
    return round(seconds * 1000)
