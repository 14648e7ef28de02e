"""`import_labels SLUG FILE --as gold | --as USERNAME`: labels made elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotator.actions.label_plan import Mode
from annotator.actions.labels import LabelReport, import_codings, import_gold, refuse_unless_annotator
from annotator.imports.label_rows import Use
from annotator.imports.tables import read_table
from annotator.management.base import AxialCommand


class Command(AxialCommand):
    """Bring labels in."""

    help = (
        "Import labels as gold, or as the codings of an annotator of the study. The format (published, wide,"
        " long or binary) is told by the header. Unknown videos and their creators are made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to import, as what, and what may be overwritten."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("file", type=Path, help="CSV, TSV, JSON Lines, JSON or Excel")
        parser.add_argument(
            "--as", dest="use", required=True, metavar="gold|USERNAME", help="gold, or whose codings"
        )
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows, name the bad")
        parser.add_argument("--batch", metavar="NAME", help="where unknown videos go; made if missing")
        parser.add_argument("--coder", default="", metavar="NAME", help="whose rows, if the file has several")
        parser.add_argument(
            "--replace", action="store_true", help="overwrite gold that was imported or agreed upon"
        )
        parser.add_argument(
            "--replace-decided", action="store_true", help="overwrite also gold that a consolidator decided"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, store, report."""
        study = self.study(options["slug"])
        use = options["use"]
        coder = None if use == Use.GOLD else refuse_unless_annotator(study=study, coder=use)
        table = read_table(options["file"])
        mode = Mode(
            batch=options["batch"],
            skip_bad_rows=options["skip_bad_rows"],
            replace=options["replace"],
            replace_decided=options["replace_decided"],
            coder_in_file=options["coder"],
        )
        is_dry_run = options["dry_run"]
        if coder is None:
            report = import_gold(study=study, table=table, mode=mode, is_dry_run=is_dry_run)
        else:
            report = import_codings(study=study, coder=coder, table=table, mode=mode, is_dry_run=is_dry_run)
        for error in report.errors[:20]:
            self.note(f"skipped: {error}")
        self.result({"study": study.slug, **report.as_json()}, in_words(report))


def in_words(report: LabelReport) -> str:
    """The report as a few sentences."""
    counts = report.counts
    would = "would be " if report.is_dry_run else ""
    text = (
        f"{counts['n_videos']} videos from a {report.format} file,"
        f" {counts['n_new_videos']} of them new (with {counts['n_new_creators']} new creators)."
    )
    if report.use == Use.GOLD:
        text += f" Gold labels: {counts['n_new']} {would}new, {counts['n_unchanged']} unchanged,"
        text += f" {counts['n_replaced']} {would}replaced"
        if counts["n_replaced_decided_here"]:
            text += f" ({counts['n_replaced_decided_here']} of them decided here by a consolidator)"
        text += "."
    else:
        text += f" Codings of {report.coder}: {counts['n_submitted']} {would}submitted,"
        text += f" {counts['n_unsubmitted']} left in work with {counts['n_unset']} values unset."
    if counts["n_dominant_stored_as_endorsed"]:
        text += (
            f" {counts['n_dominant_stored_as_endorsed']} “dominant” stored as endorsed (1),"
            " since the study's codebook has no dominant."
        )
    if counts["n_rows_of_other_coders"]:
        text += f" {counts['n_rows_of_other_coders']} rows of other coders left out."
    if report.errors:
        text += f" {len(report.errors)} bad rows skipped."
    if report.ignored:
        text += f" Columns ignored: {', '.join(report.ignored[:10])}."
    return text
