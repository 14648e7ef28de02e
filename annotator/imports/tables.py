"""Tables that people bring: .csv, .tsv, .jsonl, .json and .xlsx, read the same way.

``read_table`` gives columns, rows with their line numbers, and the rows that could not be read; a file
that cannot be read at all raises ``ImportFileError``. Both kinds of error name file, line and column.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from annotator.imports.errors import ImportFileError, RowError, shorten
from annotator.imports.json_rows import read_json, read_json_lines, unstorable_in
from annotator.imports.text import decode
from annotator.imports.workbooks import read_workbook

MAX_BYTES = 64 * 1024**2
MAX_COLUMNS = 1000
MAX_CELL = 131_072  # characters; the csv module's own limit, set here so that nobody else's change counts
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx")

Row = dict[str, Any]  # text in CSV; JSON and Excel keep their types


@dataclass(slots=True)
class Table:
    """A file's rows, each with the line it begins on; iterate to get ``(line, row)``."""

    name: str
    columns: list[str]
    rows: list[tuple[int, Row]]
    errors: list[RowError] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def read_table(source: Path | BinaryIO, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> Table:
    """Read a table; its format is told by the ending of its name (default: the path's or file's own)."""
    name = name or Path(getattr(source, "name", None) or str(source)).name
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImportFileError(
            _("the ending “%(suffix)s” is not one that can be read: %(known)s.")
            % {"suffix": shorten(suffix), "known": ", ".join(SUFFIXES)},
            name=name,
        )
    data = read_bytes(source, name=name, max_bytes=max_bytes)
    if not data.strip():
        raise ImportFileError(_("the file is empty."), name=name)
    if suffix == ".xlsx":
        return _from_grid(read_workbook(data, name=name, max_columns=MAX_COLUMNS), name=name)
    text = decode(data, name=name)
    if not text.strip():
        raise ImportFileError(_("the file is empty."), name=name)
    if suffix in (".csv", ".tsv"):
        return read_csv(text, name=name, delimiter="\t" if suffix == ".tsv" else None)
    rows, errors = read_json(text, name=name) if suffix == ".json" else read_json_lines(text, name=name)
    columns = list(dict.fromkeys(key for _line, row in rows for key in row))
    if len(columns) > MAX_COLUMNS:
        raise ImportFileError(_("more than %(n)s different fields.") % {"n": MAX_COLUMNS}, name=name)
    return Table(name=name, columns=columns, rows=rows, errors=errors)


def read_bytes(source: Path | BinaryIO, *, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """A file's bytes, refusing more than the limit without reading them all."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                data = file.read(max_bytes + 1)
        else:
            data = source.read(max_bytes + 1)
    except OSError as error:
        raise ImportFileError(
            _("the file cannot be read: %(why)s.") % {"why": error.strerror or error}, name=name
        ) from error
    if len(data) > max_bytes:
        raise ImportFileError(
            _("the file is larger than %(n)s MB; split it.") % {"n": max(1, max_bytes // 1024**2)}, name=name
        )
    return data


def read_csv(text: str, *, name: str, delimiter: str | None = None) -> Table:
    """Read comma-, semicolon- or tab-separated text."""
    delimiter = delimiter or _sniff(text)
    return _from_grid(_csv_records(text, name=name, delimiter=delimiter), name=name)


def _sniff(text: str) -> str:
    """The delimiter that the header uses most, outside quotes; a comma where there is none."""
    header, quoted = [], False
    for char in text.lstrip()[:MAX_CELL]:
        quoted ^= char == '"'
        if char in "\r\n" and not quoted:
            break
        if not quoted:
            header.append(char)
    return max((",", ";", "\t"), key=header.count)


def _csv_records(text: str, *, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each begins on; strict, so that a stray quote is told and not guessed."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _csv_error(error, text=text, name=name, line=line, delimiter=delimiter) from None
        yield line, record
        line = reader.line_num + 1


def _csv_error(error: csv.Error, *, text: str, name: str, line: int, delimiter: str) -> ImportFileError:
    said = str(error)
    if "field larger" in said:
        column = _column_of_long_cell(text, line=line, delimiter=delimiter)
        return ImportFileError(
            _("a cell holds more than %(n)s characters (or a quote before it is never closed).")
            % {"n": MAX_CELL},
            name=name,
            line=line,
            column=column,
        )
    if "unexpected end of data" in said:
        return ImportFileError(
            _("a quote opens in this row and is never closed; the file may be cut off."), name=name, line=line
        )
    if "expected after" in said:
        return ImportFileError(
            _("after a closing quote comes more text; a quote inside a cell must be doubled."),
            name=name,
            line=line,
        )
    return ImportFileError(_("the row cannot be read: %(why)s.") % {"why": said}, name=name, line=line)


def _column_of_long_cell(text: str, *, line: int, delimiter: str) -> str:
    """The name (in the header: the number) of the cell that is too long, in the record that begins there."""
    lines = io.StringIO(text, newline="")
    header = next(csv.reader([lines.readline()], delimiter=delimiter), []) if line > 1 else []
    for _n in range(line - 2):
        lines.readline()
    column, length, quoted = 0, 0, False
    for char in lines.read():
        quoted ^= char == '"'
        if char == delimiter and not quoted:
            column, length = column + 1, 0
        else:
            length += 1
        if length > MAX_CELL:
            break
    return header[column].strip() if column < len(header) else str(column + 1)


def _from_grid(records: Iterator[tuple[int, list[Any]]], *, name: str) -> Table:
    """Rows as dicts by the header; a row of another length is an error of that row."""
    columns: list[str] = []
    table = Table(name=name, columns=columns, rows=[])
    for line, record in records:
        if not any(_is_filled(cell) for cell in record):
            continue  # blank lines are nobody's mistake
        if not columns:
            columns.extend(_header(record, name=name, line=line))
            continue
        extra = record[len(columns) :]
        if any(_is_filled(cell) for cell in extra) or len(record) < len(columns):
            message = _("the row has %(n)s cells, the header %(m)s.") % {"n": len(record), "m": len(columns)}
            table.errors.append(RowError(name=name, line=line, message=message))
            continue
        row = dict(zip(columns, record, strict=False))
        if problem := unstorable_in(row):
            table.errors.append(RowError(name=name, line=line, message=problem[1], column=problem[0]))
            continue
        table.rows.append((line, row))
    if not columns:
        raise ImportFileError(_("the file is empty."), name=name)
    return table


def _header(record: list[Any], *, name: str, line: int) -> list[str]:
    """Column names; one without a name gets its number, one that stands twice is an error."""
    while record and not _is_filled(record[-1]):
        record = record[:-1]
    if len(record) > MAX_COLUMNS:
        raise ImportFileError(_("more than %(n)s columns.") % {"n": MAX_COLUMNS}, name=name, line=line)
    columns: list[str] = []
    seen: dict[str, int] = {}
    for number, cell in enumerate(record, start=1):
        column = str(cell).strip() if _is_filled(cell) else f"({number})"
        key = column.casefold()
        if key in seen:
            raise ImportFileError(
                _("the header names “%(column)s” twice (columns %(first)s and %(second)s).")
                % {"column": shorten(column), "first": seen[key], "second": number},
                name=name,
                line=line,
            )
        seen[key] = number
        columns.append(column)
    return columns


def _is_filled(cell: object) -> bool:
    return cell is not None and str(cell).strip() != ""
