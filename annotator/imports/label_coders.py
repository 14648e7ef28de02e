"""Files that hold the codings of several coders: whose rows to take."""

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports.errors import ImportFileError, shorten
from annotator.imports.guard import unguard
from annotator.imports.label_header import Header
from annotator.imports.label_rows import Use
from annotator.imports.tables import Table


def keep_one_coder(table: Table, header: Header, *, use: Use, coder: str, username: str) -> int:
    """Leave only one coder's rows in the table; how many rows were others'."""
    column = header.meta.get("coder")
    if column is None:
        if coder:
            raise ImportFileError(_("there is no column “coder” to choose by."), name=table.name, line=1)
        return 0
    whose = [_coder_of(row.get(column), name=table.name) for _line, row in table]
    there = Counter(name for name in whose if name)
    wanted = coder or (username if username in there else "")
    if coder and coder not in there:
        message = _("no row is by coder “%(coder)s”; there are: %(known)s.")
        known = shorten(", ".join(sorted(there)), length=160)
        raise ImportFileError(message % {"coder": shorten(coder), "known": known}, name=table.name)
    if not wanted and len(there) > 1:
        known = shorten(", ".join(sorted(there)), length=160)
        if use == Use.GOLD:
            message = _("the file holds codings by several coders (%(known)s), which is not gold.")
        else:
            message = _("the file holds codings by several coders (%(known)s): choose one with --coder.")
        raise ImportFileError(message % {"known": known}, name=table.name, column=column)
    if not wanted:
        return 0
    kept = [row for row, name in zip(table.rows, whose, strict=True) if name == wanted]
    n_others = len(table.rows) - len(kept)
    table.rows[:] = kept
    return n_others


def _coder_of(cell: Any, *, name: str) -> str:
    text = str(cell).strip() if isinstance(cell, str | int) and not isinstance(cell, bool) else ""
    return unguard(text, name=name)
