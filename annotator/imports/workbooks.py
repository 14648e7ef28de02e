"""Excel workbooks (.xlsx): the first sheet as records."""

import datetime
import io
import math
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import openpyxl
from django.utils.translation import gettext as _

from annotator.imports.errors import ImportFileError

MAX_UNPACKED = 512 * 1024**2
MAX_ROWS = 200_000
# Excel keeps 15 digits: longer ids typed as numbers have lost their last ones for good.
FIRST_INEXACT = 10**15


def read_workbook(data: bytes, *, name: str, max_columns: int) -> Iterator[tuple[int, list[Any]]]:
    """Records of the first sheet with their row numbers; numbers and dates as text, empty cells as ''."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise ImportFileError(_("the workbook unpacks to an unreasonable size."), name=name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that play no role here
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=max_columns + 1, values_only=True)
            records = [(number, [_cell(value) for value in row]) for number, row in enumerate(rows, start=1)]
    except ImportFileError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML made it stumble over
        raise ImportFileError(
            _("this is not a readable Excel workbook (%(why)s).") % {"why": type(error).__name__}, name=name
        ) from error
    if len(records) > MAX_ROWS:
        raise ImportFileError(_("more than %(n)s rows.") % {"n": MAX_ROWS}, name=name)
    width = max((_width(record) for _number, record in records), default=0)
    for number, record in records:
        for column, value in enumerate(record, start=1):
            if isinstance(value, Rounded):
                raise ImportFileError(
                    _(
                        "the number %(value)s is longer than the 15 digits that Excel keeps, so its end is"
                        " lost; format the column as text before pasting the ids, or use CSV."
                    )
                    % {"value": value},
                    name=name,
                    line=number,
                    column=str(column),
                )
        yield number, record[:width]


class Rounded(str):
    """A number of more digits than Excel keeps."""


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if not math.isfinite(value):
            return str(value)
        if abs(value) >= FIRST_INEXACT:
            return Rounded(f"{value:.0f}")
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value)


def _width(record: list[str]) -> int:
    return max((number for number, cell in enumerate(record, start=1) if cell.strip()), default=0)
