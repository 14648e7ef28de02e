"""`export SLUG WHAT OUT`: labels, gold, predictions, scripts …, in the format of OUT's ending."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotator.exports.catalogue import TABLES, write_export
from annotator.exports.tables import Wishes
from annotator.exports.writers import WRITERS
from annotator.management.base import AxialCommand

REASONS = {
    "minors": "of minors' accounts",
    "incomplete": "without gold on every value",
    "not_consolidated": "not consolidated, or without gold on every value",
}


class Command(AxialCommand):
    """Take labels out."""

    help = (
        "Write labels (a row a coding and value), gold (a row a label), binary (endorsed and confronted as"
        " 0/1), published (only what may leave the lab), predictions (a row an answer) or scripts. Withdrawn"
        " videos are never in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What, where to, and what to leave out."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("what", choices=list(TABLES))
        parser.add_argument("out", type=Path, help=f"a file ending in .{', .'.join(WRITERS)}")
        parser.add_argument("--pseudonyms", action="store_true", help="coders as coder-1, coder-2, …")
        parser.add_argument("--without-minors", action="store_true", help="leave out minors' accounts")
        parser.add_argument(
            "--run", dest="runs", type=int, action="append", default=[], metavar="ID", help="these runs only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say what is in it."""
        study = self.study(options["slug"])
        wishes = Wishes(
            pseudonyms=options["pseudonyms"],
            without_minors=options["without_minors"],
            runs=tuple(options["runs"]),
        )
        out: Path = options["out"]
        n_rows, table = write_export(
            study=study, what=options["what"], path=out, wishes=wishes, act="export.written"
        )
        text = f"{out}: {n_rows} rows on {len(table.videos)} videos."
        for reason, n in table.left_out.items():
            text += f" Left out: {n} {REASONS.get(reason, reason)}."
        self.result(
            {
                "study": study.slug,
                "what": options["what"],
                "out": str(out),
                "format": out.suffix.lower().removeprefix("."),
                "n_rows": n_rows,
                "n_videos": len(table.videos),
                "left_out": table.left_out,
            },
            text,
        )
