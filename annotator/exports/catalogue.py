"""Everything that can be taken out, by name."""

from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.exports.codings import labels_table
from annotator.exports.gold import binary_table, gold_table, published_table
from annotator.exports.tables import ExportTable, Wishes
from annotator.exports.writers import write_rows, writer_for
from annotator.models import Change, Seen, Study

TABLES: dict[str, Callable[[Study, Wishes], ExportTable]] = {
    "labels": labels_table,
    "gold": gold_table,
    "binary": binary_table,
    "published": published_table,
}
SHOWS = {"labels": Seen.CODINGS, "gold": Seen.GOLD, "binary": Seen.GOLD, "published": Seen.GOLD}


def offer(what: str, table: Callable[[Study, Wishes], ExportTable], *, shows: Seen) -> None:
    """Let applications built on this one add what they hold; called once, when they are ready."""
    TABLES[what], SHOWS[what] = table, shows


def table_of(study: Study, what: str, wishes: Wishes) -> ExportTable:
    """The table of that name, or RefusedError."""
    if what not in TABLES:
        known = ", ".join(TABLES)
        raise RefusedError(
            _("nothing called “%(what)s”; there are: %(known)s") % {"what": what, "known": known}
        )
    if study.codebook_id is None:
        raise RefusedError(_("This study has no codebook yet."))
    return TABLES[what](study, wishes)


def write_export(*, study: Study, what: str, path: Path, wishes: Wishes, act: str) -> tuple[int, ExportTable]:
    """Write a file and log it; how many rows, and what was in it. Nothing is left on failure."""
    writer_for(path.name)
    table = table_of(study, what, wishes)
    n_rows = write_rows(path, columns=table.columns, rows=table.rows())
    Change.objects.record(
        study=study,
        by=wishes.reader,
        what=act,
        after={
            "what": what,
            "format": path.suffix.removeprefix("."),
            "n_rows": n_rows,
            "n_videos": len(table.videos),
            "pseudonyms": wishes.pseudonyms,
            "without_minors": wishes.without_minors,
            "left_out": table.left_out,
        },
    )
    return n_rows, table
