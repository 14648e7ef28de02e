"""`import_predictions SLUG FILE --model NAME`: what a model elsewhere said."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotator.imports.tables import read_table
from annotator.management.base import AxialCommand
from models_app.actions.outside_runs import OutsideReport
from models_app.actions.prediction_import import Scope, import_predictions


class Command(AxialCommand):
    """Bring predictions in."""

    help = (
        "Make a run of predictions that a model made elsewhere. The format (published, wide, long, binary, or"
        " what `export predictions` writes) is told by the header. The study must have the videos."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to import, and whose it is."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("file", type=Path, help="CSV, TSV, JSON Lines, JSON or Excel")
        parser.add_argument("--model", required=True, metavar="NAME", help="what the model is called")
        parser.add_argument(
            "--threshold", type=float, metavar="T", help="binary: cells are scores, and yes from T on"
        )
        parser.add_argument(
            "--scope",
            choices=[str(scope) for scope in Scope],
            default=str(Scope.FILE),
            help="the videos that the model was asked about: those in the file, or the whole study",
        )
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows, name the bad")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, store, report."""
        study = self.study(options["slug"])
        report = import_predictions(
            study=study,
            table=read_table(options["file"]),
            model=options["model"],
            threshold=options["threshold"],
            scope=options["scope"],
            skip_bad_rows=options["skip_bad_rows"],
            is_dry_run=options["dry_run"],
        )
        for error in report.errors[:20]:
            self.note(f"skipped: {error}")
        self.result({"study": study.slug, **report.as_json()}, in_words(report))


def in_words(report: OutsideReport) -> str:
    """The report as a few sentences."""
    counts = report.counts
    did = "would become a run" if report.is_dry_run else f"became run {report.run}"
    text = (
        f"{counts['n_predictions']} predictions of {report.model} on {counts['n_videos']} videos from a"
        f" {report.format} file; they {did} with {counts['n_scope']} videos in scope."
    )
    if report.untold:
        text += f" The file says nothing of {', '.join(report.untold)}."
    if report.errors:
        text += f" {len(report.errors)} bad rows skipped."
    if report.ignored:
        text += f" Columns ignored: {', '.join(report.ignored[:10])}."
    return text
