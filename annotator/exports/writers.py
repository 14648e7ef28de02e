"""Rows into a file: CSV, JSON Lines, Excel or Parquet. A file appears whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.imports.errors import shorten
from annotator.imports.guard import guard

Row = Mapping[str, Any]
Columns = Mapping[str, type]  # name → str, int, float or bool; every cell may also be None
CHUNK = 5000
EXCEL_ROWS = 1_048_575  # below the header
EXCEL_TEXT = 32_767


class ExportError(RefusedError):
    """An export that cannot be written."""


def write_rows(path: Path, *, columns: Columns, rows: Iterable[Row]) -> int:
    """Write a table in the format that the path's ending names; how many rows. Nothing is left on failure."""
    writer = writer_for(path.name)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    os.close(handle)
    partial = Path(name)
    try:
        n = writer(partial, columns, rows)
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return n


def writer_for(name: str) -> Callable[[Path, Columns, Iterable[Row]], int]:
    """The writer that a file name asks for, or ExportError naming those there are."""
    ending = Path(name).suffix.lower().removeprefix(".")
    if ending not in WRITERS:
        known = ", ".join(f".{known}" for known in WRITERS)
        message = _("the ending “%(ending)s” is not one that can be written: %(known)s.")
        raise ExportError(message % {"ending": shorten(ending), "known": known})
    return WRITERS[ending]


def _write_csv(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    n, names = 0, list(columns)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([guard(name) for name in names])
        for row in rows:
            n += 1
            writer.writerow([_guarded(row[name]) for name in names])
    return n


def _write_jsonl(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    n, names = 0, list(columns)
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            n += 1
            file.write(json.dumps({name: row[name] for name in names}, ensure_ascii=False) + "\n")
    return n


def _write_xlsx(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    import openpyxl  # half a second, and most exports do without
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("labels")
    sheet.append([guard(column) for column in columns])
    n = 0
    for n, row in enumerate(rows, start=1):
        if n > EXCEL_ROWS:
            message = _("more than %(n)s rows do not fit into an Excel sheet; use csv, jsonl or parquet.")
            raise ExportError(message % {"n": EXCEL_ROWS})
        try:
            sheet.append([_for_excel(row[column]) for column in columns])
        except IllegalCharacterError as error:
            message = _("row %(n)s holds a character that Excel cannot store; use csv, jsonl or parquet.")
            raise ExportError(message % {"n": n}) from error
    book.save(path)
    return n


def _write_parquet(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    import pyarrow  # heavy
    from pyarrow import parquet

    kinds = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }
    schema = pyarrow.schema([(column, kinds[kind]) for column, kind in columns.items()])
    n, iterator = 0, iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while part := list(islice(iterator, CHUNK)):
            arrays = [
                pyarrow.array([row.get(name) for row in part], schema.field(name).type) for name in columns
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            n += len(part)
    return n


WRITERS: dict[str, Callable[[Path, Columns, Iterable[Row]], int]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "xlsx": _write_xlsx,
    "parquet": _write_parquet,
}


def _guarded(cell: Any) -> Any:
    """Free text must not run in a spreadsheet; numbers stay numbers, yes and no are words."""
    if isinstance(cell, str):
        return guard(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell


def _for_excel(cell: Any) -> Any:
    guarded = _guarded(cell)
    if isinstance(guarded, str) and len(guarded) > EXCEL_TEXT:
        raise ExportError(_("a text is longer than an Excel cell takes; use csv, jsonl or parquet."))
    return guarded
