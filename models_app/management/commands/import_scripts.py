"""`import_scripts SLUG FILE --model NAME`: scripts made elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotator.imports.tables import read_table
from annotator.management.base import AxialCommand
from models_app.actions.script_import import import_scripts
from models_app.imports.scripts import read_script_folder, read_scripts


class Command(AxialCommand):
    """Bring scripts in."""

    help = (
        "Keep scripts that were made elsewhere: a table with video_id and text, or a folder of ID.txt."
        " The study must have the videos."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What to import, and whose it is."""
        parser.add_argument("slug", help="the study")
        parser.add_argument(
            "file", type=Path, help="CSV, TSV, JSON Lines, JSON or Excel, or a folder of ID.txt"
        )
        parser.add_argument("--model", required=True, metavar="NAME", help="what the model is called")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows, name the bad")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, store, report."""
        study = self.study(options["slug"])
        path: Path = options["file"]
        file = read_script_folder(path) if path.is_dir() else read_scripts(read_table(path))
        report = import_scripts(
            study=study,
            file=file,
            model=options["model"],
            skip_bad_rows=options["skip_bad_rows"],
            is_dry_run=options["dry_run"],
        )
        for error in report.errors[:20]:
            self.note(f"skipped: {error}")
        did = "would be kept as a run" if report.is_dry_run else f"are kept as run {report.run}"
        text = f"{report.counts['n_scripts']} scripts of {report.model} {did}."
        if report.errors:
            text += f" {len(report.errors)} bad rows skipped."
        if report.ignored:
            text += f" Ignored: {', '.join(report.ignored[:10])}."
        self.result({"study": study.slug, **report.as_json()}, text)
