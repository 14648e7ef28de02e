"""`agreement SLUG`, or `agreement --file F --categories …`: how far coders agree."""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.imports.tables import read_table
from annotator.management.base import AxialCommand
from annotator.models import Purpose
from evaluation import agreement_text
from evaluation.agreement_json import as_json
from evaluation.agreement_report import RESAMPLES, SEED, Resampling, report_on
from evaluation.matrices import Selection, read_ratings
from evaluation.metrics.agreement import WEIGHT_NAMES
from evaluation.rating_files import agreement_in_file, read_categories, read_ratings_table

MOST_RESAMPLES = 100_000


class Command(AxialCommand):
    """Agreement of a study's coders, or of the raters in a file."""

    help = (
        "Agreement between coders: AC1, alpha, Conger's kappa and percent, on first submissions. Or, with"
        " --file, of any table of ratings: a row per unit, a column per rater, empty where missing."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """A parser that takes “-1,0,1” for a value and not for an option."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser._negative_number_matcher = re.compile(r"-[\d.].*")
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """A study or a file, and how."""
        parser.add_argument("slug", nargs="?", help="the study")
        parser.add_argument("--batch", metavar="NAME", help="only this batch")
        parser.add_argument("--purpose", choices=Purpose.values, help="which codings (main, or the batch's)")
        parser.add_argument(
            "--with-feedback",
            action="store_true",
            help="also codings made after seeing feedback",
        )
        parser.add_argument("--resamples", type=int, default=RESAMPLES, metavar="N", help="bootstraps (1000)")
        parser.add_argument("--seed", type=int, default=SEED, help="of the bootstraps (0)")
        parser.add_argument("--confidence", type=float, default=0.95, help="of all intervals (0.95)")
        parser.add_argument("--file", type=Path, metavar="F", help="a table of ratings instead of a study")
        parser.add_argument("--categories", metavar="C,C,…", help="with --file: its scale, as -1,0,1")
        parser.add_argument("--weights", default="unweighted", choices=WEIGHT_NAMES, help="with --file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print."""
        if not 0 < options["confidence"] < 1:
            raise CommandError("--confidence must lie between 0 and 1")
        if (options["slug"] is None) == (options["file"] is None):
            raise CommandError("name a study, or a table with --file")
        if options["file"] is not None:
            self._of_file(options)
        else:
            self._of_study(options)

    def _of_study(self, options: dict[str, Any]) -> None:
        if options["categories"] or options["weights"] != "unweighted":
            raise CommandError("--categories and --weights go with --file; a study's codebook has its scale")
        if not 2 <= options["resamples"] <= MOST_RESAMPLES:
            raise CommandError(f"--resamples must be between 2 and {MOST_RESAMPLES}")
        if options["seed"] < 0:
            raise CommandError("--seed must not be negative")
        study = self.study(options["slug"])
        batch = None
        if options["batch"] is not None:
            batch = study.batches.filter(name=options["batch"]).first()
            if batch is None:
                known = ", ".join(study.batches.values_list("name", flat=True)) or "none"
                raise CommandError(f"no batch “{options['batch']}”; there are: {known}")
        selection = Selection.of(
            study, purpose=options["purpose"], batch=batch, with_feedback=options["with_feedback"]
        )
        ratings = read_ratings(selection)
        resampling = Resampling(
            n_resamples=options["resamples"], seed=options["seed"], confidence=options["confidence"]
        )
        report = report_on(ratings, resampling=resampling)
        data = as_json(report, selection=selection, left_out=ratings.left_out)
        self.result(data, agreement_text.of_study(report, selection=selection, left_out=ratings.left_out))

    def _of_file(self, options: dict[str, Any]) -> None:
        if options["categories"] is None:
            raise CommandError("--file needs --categories: the declared scale, as in --categories -1,0,1")
        for name in ("batch", "purpose", "with_feedback"):
            if options[name]:
                raise CommandError(f"--{name.replace('_', '-')} goes with a study, not with --file")
        categories = read_categories(options["categories"])
        table = read_ratings_table(read_table(options["file"]), categories=categories)
        data = agreement_in_file(
            table, categories=categories, weights=options["weights"], confidence=options["confidence"]
        )
        self.result(data, agreement_text.of_file(data))
