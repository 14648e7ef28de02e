"""Reports remembered for as long as the labels that they rest on do not change."""

import hashlib

from django.core.cache import cache

from evaluation.agreement_report import AgreementReport, Resampling, report_on
from evaluation.matrices import LeftOut, Selection, data_version, read_ratings

KEPT = 24 * 3600  # seconds
SHAPE = 2  # of what is remembered: raise it when the report's classes change


def agreement_of(selection: Selection, *, is_full: bool = False) -> tuple[AgreementReport, LeftOut]:
    """The report on a selection with the usual resampling, and what it leaves out.

    is_full: with intervals by creator for every coefficient, as files have them; else for AC1 alone.
    """
    resampling = Resampling(only_ac1=not is_full)
    version = f"{SHAPE}|{resampling}|{data_version(selection)}"
    key = "agreement:" + hashlib.sha256(version.encode()).hexdigest()
    found: tuple[AgreementReport, LeftOut] | None = cache.get(key)
    if found is None:
        ratings = read_ratings(selection)
        found = report_on(ratings, resampling=resampling), ratings.left_out
        cache.set(key, found, KEPT)
    return found
