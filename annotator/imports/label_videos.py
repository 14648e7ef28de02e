"""Cells of a row of labels or predictions: which video it is about, and texts; errors name the column."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports import cells
from annotator.imports.errors import shorten
from annotator.imports.guard import unguard
from annotator.imports.label_header import Header
from annotator.imports.links import checked_id, parse_link
from annotator.imports.videos import VideoRow


class LabelCellError(ValueError):
    """A cell that cannot be taken."""

    def __init__(self, message: str, *, column: str) -> None:
        self.column = column
        super().__init__(message)


def id_column(header: Header) -> str:
    """The column that tells the video."""
    return header.meta.get("video_id") or header.meta["url"]


def video_of(row: Mapping[str, Any], *, header: Header, name: str, line: int) -> VideoRow:
    """The video of a row, by its id or its link; name is the file's."""
    video = VideoRow(source=name, line=line, external_id="")
    for about in ("video_id", "url"):
        text = text_of(row, about, header=header, file=name, limit=2000)
        if not text:
            continue
        try:
            _identify(video, text, column=header.meta[about])
        except LabelCellError:
            raise
        except ValueError as error:
            raise LabelCellError(str(error), column=header.meta[about]) from None
    if not video.external_id:
        raise LabelCellError(_("the id is missing."), column=id_column(header))
    video.platform = text_of(row, "platform", header=header, file=name, limit=40).lower() or video.platform
    creator = text_of(row, "creator", header=header, file=name, limit=200)
    video.handle = video.handle or creator.removeprefix("@")
    if not cells.is_empty(row.get(header.meta.get("has_sound", ""))):
        video.fields["has_sound"] = cell_of(row, header.meta["has_sound"], cells.to_flag)
    return video


def _identify(video: VideoRow, text: str, *, column: str) -> None:
    """Take id, platform and account from a link, or the id as it stands."""
    if re.match(r"https?://", text, re.IGNORECASE):
        link = parse_link(text)
        external_id = link.external_id
        video.fields["url"], video.platform, video.handle = link.url, link.platform, link.handle
    else:
        external_id = checked_id(text)
    if video.external_id not in ("", external_id):
        message = _("the link is that of video %(other)s, not of %(id)s.")
        values = {"other": shorten(external_id), "id": shorten(video.external_id)}
        raise LabelCellError(message % values, column=column)
    video.external_id = external_id


def text_of(row: Mapping[str, Any], name: str, *, header: Header, file: str, limit: int) -> str:
    """The cell of one of our columns as text, freed of the guard against spreadsheets."""
    column = header.meta.get(name)
    if column is None or cells.is_empty(row.get(column)):
        return ""
    text: str = cell_of(row, column, lambda cell: cells.to_text(cell, limit=limit))
    return unguard(text, name=file)


def cell_of(row: Mapping[str, Any], column: str, read: Callable[[Any], Any]) -> Any:
    """A cell, read; its error names the column."""
    try:
        return read(row.get(column))
    except cells.CellError as error:
        raise LabelCellError(str(error), column=column) from None
