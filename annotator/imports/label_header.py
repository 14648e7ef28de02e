"""Which of the label formats a file is in, and which of its columns is what."""

import enum
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from annotator.imports.errors import ImportFileError, shorten
from annotator.imports.stances import ValueNames, plain
from annotator.imports.tables import Table
from annotator.imports.videos import ALIASES

PUBLISHED_VALUE = re.compile(r"(?:\d+_)?value\d*_(.+?)_values?", re.IGNORECASE)
PUBLISHED_LINK = re.compile(r"(?:\d+_)?link\d*", re.IGNORECASE)
BINARY = re.compile(r"(.+):(endorsed|confronted)", re.IGNORECASE)
# What our own exports say beside the labels; read where an import has a use for it.
DETAILS = (
    *("first_stance", "unsure", "evidence", "note"),
    *("coding_note", "submitted_at", "set_aside", "set_aside_note", "saw_feedback"),
)
UNUSED = (
    *("counted", "slot", "batch", "purpose", "pass", "codebook_version", "revision", "rest"),
    *("started_at", "corrected_at", "updated_at"),
    *("origin", "was_conflict", "predictions_seen", "decided_at", "decided_by"),
)


class Format(enum.StrEnum):
    """How a file writes labels."""

    PUBLISHED = "published"
    WIDE = "wide"
    LONG = "long"
    BINARY = "binary"


@dataclass(slots=True)
class Header:
    """Columns by what they are for."""

    format: Format
    meta: dict[str, str] = field(default_factory=dict)  # our name → the column
    values: dict[str, str] = field(default_factory=dict)  # slug → column; of the endorsed label if binary
    confronted: dict[str, str] = field(default_factory=dict)  # binary only
    ignored: list[str] = field(default_factory=list)


def read_header(table: Table, *, names: ValueNames, is_whole: bool = True) -> Header:
    """Tell the format by the header, or ImportFileError that names what is wrong with it.

    is_whole: a binary file needs a column for each value's confronted label; a model may know fewer.
    """
    meta, rest = known_columns(table.columns, names=names)
    if not meta.keys() & {"video_id", "url"}:
        raise ImportFileError(
            _("no column tells which video a row is about: video_id, url or 1_Link1 (found: %(columns)s).")
            % {"columns": shorten(", ".join(table.columns), length=160)},
            name=table.name,
            line=1,
        )
    if any(PUBLISHED_VALUE.fullmatch(column) for column in rest):
        header = Header(Format.PUBLISHED, meta)
        header.ignored = [column for column in rest if not PUBLISHED_VALUE.fullmatch(column)]
        _fill(header.values, rest, _published_name, table=table, names=names)
    elif any(BINARY.fullmatch(column) for column in rest):
        header = Header(Format.BINARY, meta)
        header.ignored = [column for column in rest if not BINARY.fullmatch(column)]
        _fill(header.values, rest, lambda column: _binary_name(column, "endorsed"), table=table, names=names)
        _fill(
            header.confronted,
            rest,
            lambda column: _binary_name(column, "confronted"),
            table=table,
            names=names,
        )
        if is_whole:
            _refuse_missing(header.confronted, names=names, table=table, ending=":confronted")
    elif {"value", "stance"} <= meta.keys():
        header = Header(Format.LONG, meta, ignored=rest)
    else:
        header = Header(Format.WIDE, meta)
        _fill(header.values, rest, lambda column: column, table=table, names=names)
        if not header.values:
            raise ImportFileError(
                _(
                    "there are no labels: neither columns named after values nor “value” and “stance”"
                    " (found: %(columns)s)."
                )
                % {"columns": shorten(", ".join(table.columns), length=160)},
                name=table.name,
                line=1,
            )
    return header


def refuse_missing_values(header: Header, *, names: ValueNames, table: Table) -> None:
    """Every value of the codebook needs its column."""
    ending = ":endorsed" if header.format == Format.BINARY else ""
    _refuse_missing(header.values, names=names, table=table, ending=ending)


def _refuse_missing(found: dict[str, str], *, names: ValueNames, table: Table, ending: str) -> None:
    missing = [slug + ending for slug in names.slugs if slug not in found]
    if missing:
        raise ImportFileError(
            _("columns of these values are missing: %(names)s.") % {"names": ", ".join(missing)},
            name=table.name,
            line=1,
        )


def known_columns(columns: Iterable[str], *, names: ValueNames) -> tuple[dict[str, str], list[str]]:
    """Columns about the video and the coding, and the others; a value's own name comes first."""
    known = {alias: name for name in ("video_id", "url", "platform", "creator") for alias in ALIASES[name]}
    own = ["video_id", "url", "platform", "creator", "coder", "value", "stance", "has_sound", "handle"]
    known |= {name: name for name in (*own, *DETAILS, *UNUSED)}
    known["handle"] = "creator"
    meta: dict[str, str] = {}
    rest = []
    for column in columns:
        name = known.get(plain(column).replace("-", "_"))
        if name is None and PUBLISHED_LINK.fullmatch(column):
            name = "url"
        is_value = name in (*DETAILS, *UNUSED) and names.find(column) is not None
        if name is None or name in meta or is_value:
            rest.append(column)
        else:
            meta[name] = column
    return meta, rest


def _published_name(column: str) -> str | None:
    match = PUBLISHED_VALUE.fullmatch(column)
    return match[1] if match else None


def _binary_name(column: str, label: str) -> str | None:
    match = BINARY.fullmatch(column)
    return match[1] if match and match[2].lower() == label else None


def _fill(
    found: dict[str, str],
    columns: Iterable[str],
    name_of: Callable[[str], str | None],
    *,
    table: Table,
    names: ValueNames,
) -> None:
    """Find each column's value; a column that names none, or one that another names too, is an error."""
    for column in columns:
        name = name_of(column)
        if name is None:
            continue
        slug = names.find(name)
        if slug is None:
            raise ImportFileError(
                _("this column names no value of the codebook (there are: %(known)s).")
                % {"known": ", ".join(names.slugs)},
                name=table.name,
                line=1,
                column=shorten(column, length=80),
            )
        if slug in found:
            raise ImportFileError(
                _("this column and “%(other)s” name the same value.") % {"other": shorten(found[slug])},
                name=table.name,
                line=1,
                column=shorten(column, length=80),
            )
        found[slug] = column
