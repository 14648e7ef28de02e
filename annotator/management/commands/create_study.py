"""`create_study SLUG --name N`: a new study with its codebook."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.actions.studies import create_study
from annotator.codebooks.file import CodebookDoc, CodebookFileError, load_codebook
from annotator.management.base import AxialCommand


class Command(AxialCommand):
    """Make a study."""

    help = "Make a study; its codebook is Schwartz's 19 values unless a file is given."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the study is called, and how it is coded."""
        parser.add_argument("slug", help="the study's address: letters, digits, hyphens")
        parser.add_argument("--name", required=True, help="the study's name, for people")
        parser.add_argument("--codebook", type=Path, metavar="FILE", help="a codebook file (YAML)")
        parser.add_argument("--dominant", action="store_true", help="also offer the stance “dominant”")
        parser.add_argument("--coders", type=int, default=2, help="how many people code each video (2)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and say what is in it."""
        study = create_study(
            slug=options["slug"],
            name=options["name"],
            codebook=_read(options["codebook"]) if options["codebook"] else None,
            allow_dominant=options["dominant"],
            coders=options["coders"],
        )
        codebook = study.codebook
        assert codebook is not None  # noqa: S101  (create_study installs one)
        n_values = codebook.values.count()
        self.result(
            {
                "study": study.slug,
                "name": study.name,
                "coders": study.coders_per_video,
                "codebook": {
                    "name": codebook.name,
                    "version": codebook.number,
                    "hash": codebook.content_hash,
                    "values": n_values,
                    "scale": [int(stance) for stance in codebook.scale],
                },
            },
            f"“{study.name}” ({study.slug}): {n_values} values, {study.coders_per_video} coders a video."
            f" Next: manage.py add_member {study.slug} USERNAME --role researcher",
        )


def _read(path: Path) -> CodebookDoc:
    """The file's codebook; what is wrong with it names the file too, since scripts make many studies."""
    try:
        return load_codebook(path)
    except CodebookFileError as error:
        raise CommandError(f"{path.name}: {error}") from error
