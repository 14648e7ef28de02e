"""Scores remembered for as long as the gold and the answers that they rest on do not change."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.core.cache import cache

from annotator.models import Study
from evaluation.answers import Gold, RunAnswers, gold_version, read_answers, read_gold, runs_version
from evaluation.performance_comparison import Comparison, compare
from evaluation.performance_report import PerformanceReport, Resampling, report_on
from models_app.models import Run

KEPT = 24 * 3600  # seconds
SHAPE = 1  # of what is remembered: raise it when the report's classes change

T = TypeVar("T")


def scorable_runs(study: Study) -> list[Run]:
    """The study's runs that can be scored, the newest last; trials never are."""
    runs = Run.objects.in_study(study).of_predictions().filter(is_trial=False).select_related("codebook")
    return list(runs.defer("codebook__document").order_by("pk"))


def performance_of(study: Study, runs: Sequence[Run]) -> PerformanceReport:
    """The report on these runs with the usual resampling."""
    return _remembered("report", study, runs, lambda gold, answers: report_on(gold, answers))


def comparison_of(study: Study, runs: Sequence[Run]) -> Comparison:
    """The runs on the gold videos that all of them were asked for; of one run, on those that it was."""
    return _remembered("comparison", study, runs, lambda gold, answers: compare(gold, answers))


def _remembered(
    what: str, study: Study, runs: Sequence[Run], make: Callable[[Gold, list[RunAnswers]], T]
) -> T:
    version = f"{SHAPE}|{what}|{Resampling()}|{gold_version(study)}|{runs_version(runs)}"
    key = "performance:" + hashlib.sha256(version.encode()).hexdigest()
    found: T | None = cache.get(key)
    if found is None:
        gold = read_gold(study)
        found = make(gold, read_answers(study, gold, runs))
        cache.set(key, found, KEPT)
    return found
