"""Labels from tables: published, wide, long and binary, told apart by their header.

What an empty cell means depends on the file: docs/label-formats.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports import cells
from annotator.imports.errors import RowError, shorten
from annotator.imports.evidence import read_evidence
from annotator.imports.label_coders import keep_one_coder
from annotator.imports.label_header import Format, Header, read_header, refuse_missing_values
from annotator.imports.label_rows import CodingDetail, Detail, LabelFile, LabelRow, Use
from annotator.imports.label_videos import LabelCellError, cell_of, id_column, text_of, video_of
from annotator.imports.stances import ValueNames, read_published, read_stance
from annotator.imports.tables import Table
from annotator.imports.videos import VideoRow
from annotator.labels import Stance


def read_labels(
    table: Table, *, names: ValueNames, use: Use, allow_dominant: bool, coder: str = "", username: str = ""
) -> LabelFile:
    """Every video of a table with its labels.

    coder: whose rows to take from a file that holds several coders; username: who they become, taken for
    ``coder`` where the file knows that name. ImportFileError if the file as a whole is not such a file.
    """
    header = read_header(table, names=names)
    if header.format in (Format.PUBLISHED, Format.BINARY) or (
        header.format == Format.WIDE and use == Use.GOLD
    ):
        refuse_missing_values(header, names=names, table=table)
    reader = _Reader(table, header, names=names, use=use, allow_dominant=allow_dominant)
    reader.file.n_of_other_coders = keep_one_coder(table, header, use=use, coder=coder, username=username)
    if header.format == Format.LONG:
        reader.read_long()
    else:
        reader.read_rows()
    reader.file.errors.sort(key=lambda error: error.line)
    return reader.file


class _Reader:
    """Goes through a table once."""

    def __init__(
        self, table: Table, header: Header, *, names: ValueNames, use: Use, allow_dominant: bool
    ) -> None:
        self.table, self.header, self.names = table, header, names
        self.use, self.allow_dominant = use, allow_dominant
        self.file = LabelFile(
            name=table.name,
            format=header.format,
            errors=list(table.errors),
            ignored=header.ignored,
            has_first="first_stance" in header.meta,
            has_submitted="submitted_at" in header.meta,
        )
        self._n_dominant = 0  # in the row at hand

    def read_rows(self) -> None:
        """A row is a video."""
        first: dict[tuple[str, str], int] = {}
        for line, row in self.table:
            self._n_dominant = 0
            try:
                video = self._video(row, line=line)
                key = (video.platform, video.external_id)
                if first.setdefault(key, line) != line:
                    raise LabelCellError(
                        _("video %(id)s stands already on line %(line)s.")
                        % {"id": shorten(video.external_id), "line": first[key]},
                        column=id_column(self.header),
                    )
                stances = self._stances(row)
                coding = self._coding_detail(row)
            except LabelCellError as error:
                self._refuse(line, error)
                continue
            label = LabelRow(video, stances, coding=coding, n_dominant_as_endorsed=self._n_dominant)
            self.file.rows.append(label)

    def read_long(self) -> None:
        """A row is a value of a video; the rows of a video may stand apart."""
        found: dict[tuple[str, str], LabelRow] = {}
        spoilt: set[tuple[str, str]] = set()
        for line, row in self.table:
            key = None
            try:
                video = self._video(row, line=line)
                key = (video.platform, video.external_id)
                label = found.setdefault(key, LabelRow(video, {}, coding=self._coding_detail(row)))
                self._add_long(label, row, line=line)
            except LabelCellError as error:
                self._refuse(line, error)
                if key:
                    spoilt.add(key)
        for key, label in found.items():
            missing = [slug for slug in self.names.slugs if slug not in label.stances]
            if self.use == Use.GOLD and missing:
                if key not in spoilt:  # else its own line says what is wrong
                    message = _("video %(id)s has no row for %(names)s.")
                    values = {"id": shorten(label.video.external_id), "names": ", ".join(missing)}
                    self.file.errors.append(RowError(self.file.name, label.line, message % values))
                continue
            label.stances |= dict.fromkeys(missing)
            self.file.rows.append(label)

    def _add_long(self, label: LabelRow, row: Mapping[str, Any], *, line: int) -> None:
        meta = self.header.meta
        slug = self.names.find(row.get(meta["value"]))
        if slug is None:
            message = _("“%(name)s” is no value of the codebook.")
            raise LabelCellError(message % {"name": shorten(row.get(meta["value"]))}, column=meta["value"])
        if slug in label.lines:
            message = _("video %(id)s has %(value)s already on line %(line)s.")
            values = {"id": shorten(label.video.external_id), "value": slug, "line": label.lines[slug]}
            raise LabelCellError(message % values, column=meta["value"])
        label.lines[slug] = line
        self._n_dominant = 0
        stance = self._stance(row, meta["stance"], read_stance)
        if stance is None and self.use == Use.GOLD:
            raise LabelCellError(_("gold cannot be empty."), column=meta["stance"])
        label.stances[slug] = stance
        label.n_dominant_as_endorsed += self._n_dominant
        if self.use == Use.CODING:
            label.details[slug] = self._detail(row)

    def _stances(self, row: Mapping[str, Any]) -> dict[str, Stance | None]:
        columns, form = self.header.values, self.header.format
        if form == Format.PUBLISHED:
            return {slug: self._stance(row, column, read_published) for slug, column in columns.items()}
        if form == Format.BINARY:
            return {slug: self._binary(row, slug) for slug in columns}
        stances = {slug: self._stance(row, column, read_stance) for slug, column in columns.items()}
        if self.use == Use.GOLD:
            for slug, stance in stances.items():
                if stance is None:
                    raise LabelCellError(_("gold cannot be empty."), column=columns[slug])
        return dict.fromkeys(self.names.slugs) | stances

    def _stance(
        self, row: Mapping[str, Any], column: str, read: Callable[[Any], Stance | None]
    ) -> Stance | None:
        try:
            stance = read(row.get(column))
        except cells.CellError as error:
            raise LabelCellError(str(error), column=column) from None
        if stance == Stance.DOMINANT and not self.allow_dominant:
            self._n_dominant += 1
            return Stance.ENDORSED
        return stance

    def _binary(self, row: Mapping[str, Any], slug: str) -> Stance | None:
        """Two labels as one stance; both at once is what a stance cannot say."""
        given = []
        for column in (self.header.values[slug], self.header.confronted[slug]):
            cell = row.get(column)
            if cells.is_empty(cell):
                if self.use == Use.GOLD:
                    raise LabelCellError(_("gold cannot be empty."), column=column)
                return None
            given.append(self._cell(row, column, cells.to_flag))
        if all(given):
            message = _("both endorsed and confronted: a stance is one of them.")
            raise LabelCellError(message, column=self.header.confronted[slug])
        return Stance.ENDORSED if given[0] else Stance.CONFRONTED if given[1] else Stance.ABSENT

    def _detail(self, row: Mapping[str, Any]) -> Detail:
        meta = self.header.meta
        detail = Detail(note=self._text(row, "note", limit=20_000))
        if self.file.has_first:
            detail.first_stance = self._stance(row, meta["first_stance"], read_stance)
        if not cells.is_empty(row.get(meta.get("unsure", ""))):
            detail.is_unsure = self._cell(row, meta["unsure"], cells.to_flag)
        if text := self._text(row, "evidence", limit=2000):
            detail.evidence = self._cell({meta["evidence"]: text}, meta["evidence"], read_evidence)
        return detail

    def _coding_detail(self, row: Mapping[str, Any]) -> CodingDetail:
        meta = self.header.meta
        detail = CodingDetail(
            set_aside=self._text(row, "set_aside", limit=20),
            set_aside_note=self._text(row, "set_aside_note", limit=300),
            note=self._text(row, "coding_note", limit=20_000),
        )
        for name, read in (("submitted_at", cells.to_moment), ("saw_feedback", cells.to_flag)):
            if not cells.is_empty(row.get(meta.get(name, ""))):
                setattr(detail, name, self._cell(row, meta[name], read))
        return detail

    def _video(self, row: Mapping[str, Any], *, line: int) -> VideoRow:
        return video_of(row, header=self.header, name=self.table.name, line=line)

    def _text(self, row: Mapping[str, Any], name: str, *, limit: int) -> str:
        return text_of(row, name, header=self.header, file=self.table.name, limit=limit)

    def _cell(self, row: Mapping[str, Any], column: str, read: Callable[[Any], Any]) -> Any:
        return cell_of(row, column, read)

    def _refuse(self, line: int, error: LabelCellError) -> None:
        column = shorten(error.column, length=80)
        self.file.errors.append(RowError(self.file.name, line, str(error), column=column))
