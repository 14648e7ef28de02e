"""Scripts from files: a table with `video_id` and `text`, or a folder of `ID.txt`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from annotator.imports import cells
from annotator.imports.errors import ImportFileError, RowError, shorten
from annotator.imports.guard import unguard
from annotator.imports.label_header import Format, Header, known_columns
from annotator.imports.label_videos import LabelCellError, cell_of, id_column, video_of
from annotator.imports.links import checked_id
from annotator.imports.stances import ValueNames, plain
from annotator.imports.tables import Table, read_bytes
from annotator.imports.text import decode
from annotator.imports.videos import VideoRow
from models_app.pipelines.base import SegmentKind

LONGEST = 131_072  # characters: as much as a cell of a table
TEXT_SUFFIX = ".txt"


class SegmentRow(BaseModel):
    """A timed part of a script, as our own export writes it."""

    model_config = ConfigDict(extra="forbid")

    kind: SegmentKind
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    speaker: str = ""


SEGMENTS = TypeAdapter(list[SegmentRow])
FACTS = TypeAdapter(dict[str, Any])


@dataclass(slots=True)
class ScriptRow:
    """A script of one video."""

    video: VideoRow
    text: str
    segments: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ScriptFile:
    """Scripts as read: those that can be taken and the rows or files that cannot."""

    name: str
    rows: list[ScriptRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)  # columns or files that mean nothing here


def read_scripts(table: Table) -> ScriptFile:
    """The scripts of a table; ImportFileError if it has no column of texts or none that names videos."""
    meta, rest = known_columns(table.columns, names=ValueNames([]))
    found = {plain(column).replace("-", "_"): column for column in rest}
    if not meta.keys() & {"video_id", "url"}:
        message = _("no column tells which video a row is about: video_id or url (found: %(columns)s).")
        raise _file_error(table, message)
    text = found.get("text") or found.get("script")
    if text is None:
        raise _file_error(table, _("there is no column “text” (found: %(columns)s)."))
    header = Header(Format.WIDE, meta)
    known = {text, found.get("segments"), found.get("facts")}
    file = ScriptFile(table.name, errors=list(table.errors), ignored=[c for c in rest if c not in known])
    first: dict[tuple[str, str], int] = {}
    for line, row in table:
        try:
            video = video_of(row, header=header, name=table.name, line=line)
            key = (video.platform, video.external_id)
            if first.setdefault(key, line) != line:
                values = {"id": shorten(video.external_id), "line": first[key]}
                message = _("video %(id)s stands already on line %(line)s.") % values
                raise LabelCellError(message, column=id_column(header))
            script = ScriptRow(
                video,
                _checked(unguard(cell_of(row, text, _to_long_text), name=table.name), column=text),
                segments=_structure(row, found.get("segments"), SEGMENTS, name=table.name),
                facts=_structure(row, found.get("facts"), FACTS, name=table.name),
            )
        except LabelCellError as error:
            column = shorten(error.column, length=80)
            file.errors.append(RowError(table.name, line, str(error), column=column))
        else:
            file.rows.append(script)
    file.errors.sort(key=lambda error: error.line)
    return file


def read_script_folder(folder: Path) -> ScriptFile:
    """The scripts of a folder, each in a file named after its video: `ID.txt`."""
    file = ScriptFile(folder.name)
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix.lower() != TEXT_SUFFIX:
            file.ignored.append(path.name)
            continue
        try:
            video = VideoRow(source=path.name, line=1, external_id=checked_id(path.stem))
            text = decode(read_bytes(path, name=path.name, max_bytes=4 * LONGEST), name=path.name)
            file.rows.append(ScriptRow(video, _checked(text, column="text")))
        except ImportFileError as error:
            file.errors.append(RowError(path.name, error.line or 1, error.message))
        except ValueError as error:
            file.errors.append(RowError(path.name, 1, str(error)))
    if not file.rows and not file.errors:
        raise ImportFileError(_("there is no file ending in .txt in this folder."), name=folder.name)
    return file


def _checked(text: str, *, column: str) -> str:
    """The text with plain line ends; an empty one says nothing, and one without end is no script."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise LabelCellError(_("the script is empty."), column=column)
    if len(text) > LONGEST:
        message = _("the script is longer than %(n)s characters.")
        raise LabelCellError(message % {"n": LONGEST}, column=column)
    return text


def _to_long_text(cell: Any) -> str:
    return "" if cells.is_empty(cell) else cells.to_text(cell, limit=4 * LONGEST)


def _structure(row: Mapping[str, Any], column: str | None, shape: TypeAdapter[Any], *, name: str) -> Any:
    """A cell that holds JSON, as our own export writes it; empty where there is none."""
    cell = row.get(column) if column else None
    if column is None or cells.is_empty(cell):
        return shape.validate_python([] if shape is SEGMENTS else {})
    try:
        data = json.loads(unguard(cell, name=name)) if isinstance(cell, str) else cell
        return json.loads(shape.dump_json(shape.validate_python(data)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LabelCellError(
            f"{where}: {first['msg']}." if where else f"{first['msg']}.", column=column
        ) from None
    except (ValueError, RecursionError):
        raise LabelCellError(_("this is no JSON."), column=column) from None


def _file_error(table: Table, message: str) -> ImportFileError:
    columns = shorten(", ".join(table.columns), length=160)
    return ImportFileError(message % {"columns": columns}, name=table.name, line=1)
