"""``import_videos SLUG PATH…``: videos from tables, downloaders' descriptions and media."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from annotator.actions.video_import import Wishes, import_videos
from annotator.imports.gather import gather
from annotator.management.base import AxialCommand


class Command(AxialCommand):
    """Import videos into a study; docs/importing-videos.md."""

    help = (
        "Import videos: CSV, JSON Lines or Excel tables, a folder of media, or downloaders' .info.json files."
        " A table goes in whole or not at all; media files stand each on their own."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The study and the files."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files and folders")
        parser.add_argument("--batch", help="name of the batch new videos go to (default: the study's first)")
        parser.add_argument("--skip-bad-rows", action="store_true", help="import the good rows of a table")
        parser.add_argument(
            "--replace-media", action="store_true", help="put a file in the place of other media of its video"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print a line for every row and file, fail if any is an error."""
        study = self.study(options["slug"])
        wishes = Wishes(
            batch=options["batch"],
            skip_bad_rows=options["skip_bad_rows"],
            replace_media=options["replace_media"],
        )
        report = import_videos(
            study=study,
            sources=gather(options["paths"]),
            wishes=wishes,
            may_look_beside=True,
            tell=self.tell,
        )
        counts = report.summary or _("nothing to import")
        lines = [*map(str, report.outcomes), *report.notes, counts]
        self.result({"study": study.slug, **report.as_json()}, "\n".join(lines))
        if report.has_failed:
            raise CommandError(_("not everything was imported: %(counts)s") % {"counts": counts})

    def tell(self, done: int, total: int) -> None:
        """Progress through many media files."""
        if done % 50 == 0 and done < total:
            self.note(_("%(done)s of %(total)s files") % {"done": done, "total": total})
