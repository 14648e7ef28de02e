"""`evaluate SLUG [--run ID …]`: what models reach against gold."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotator.management.base import AxialCommand
from annotator.models import Study
from evaluation import performance_text
from evaluation.answers import read_answers, read_gold
from evaluation.performance_comparison import compare
from evaluation.performance_json import as_json
from evaluation.performance_report import RESAMPLES, SEED, Resampling, report_on
from models_app.models import Gives, Run
from models_app.queries.run_costs import costs_of

MOST_RESAMPLES = 20_000  # all of them are held at once


class Command(AxialCommand):
    """Score runs, and the trivial baselines, against the study's gold."""

    help = (
        "Score runs against gold: F1 weighted and macro over the reported labels, recall and precision per"
        " video, every label, with all-positive and at-prevalence as the floor. Several --run are also"
        " compared on the videos that all of them were asked for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which runs, and how sure."""
        parser.add_argument("slug", help="the study")
        parser.add_argument(
            "--run", type=int, action="append", metavar="ID", help="only this run; can be given again"
        )
        parser.add_argument("--resamples", type=int, default=RESAMPLES, metavar="N", help="bootstraps (1000)")
        parser.add_argument("--seed", type=int, default=SEED, help="of the bootstraps (0)")
        parser.add_argument("--confidence", type=float, default=0.95, help="of all intervals (0.95)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, score, print."""
        resampling = _resampling(options)
        study = self.study(options["slug"])
        runs = _runs(study, options["run"])
        gold = read_gold(study)
        answers = read_answers(study, gold, runs)
        report = report_on(gold, answers, resampling=resampling)
        common = None
        if options["run"] and len(runs) > 1:
            common = compare(gold, answers, resampling=resampling)
        data = as_json(report, study=study, common=common, costs=costs_of(runs))
        self.result(data, performance_text.of_study(report, study=study, common=common))


def _resampling(options: dict[str, Any]) -> Resampling:
    if not 0 < options["confidence"] < 1:
        raise CommandError("--confidence must lie between 0 and 1")
    if not 2 <= options["resamples"] <= MOST_RESAMPLES:
        raise CommandError(f"--resamples must be between 2 and {MOST_RESAMPLES}")
    if options["seed"] < 0:
        raise CommandError("--seed must not be negative")
    return Resampling(
        n_resamples=options["resamples"], seed=options["seed"], confidence=options["confidence"]
    )


def _runs(study: Study, wanted: list[int] | None) -> list[Run]:
    """The study's runs that predict, or those asked for in that order."""
    all_runs = Run.objects.in_study(study).select_related("codebook").defer("codebook__document")
    there = {run.pk: run for run in all_runs.order_by("pk")}
    if wanted is None:
        return [run for run in there.values() if run.gives == Gives.PREDICTIONS]
    for pk in wanted:
        if pk not in there:
            known = ", ".join(str(k) for k, run in there.items() if run.gives == Gives.PREDICTIONS)
            raise CommandError(f"no run {pk} in this study; those that predict: {known or 'none yet'}")
        if there[pk].gives != Gives.PREDICTIONS:
            raise CommandError(f"run {pk} gives scripts, not predictions: there is nothing to score")
    return [there[pk] for pk in dict.fromkeys(wanted)]
