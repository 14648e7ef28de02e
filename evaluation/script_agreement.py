"""How far the people who review scripts agree: reviews to counts, counts to figures."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
from django.db.models import QuerySet

from evaluation.metrics.agreement import (
    Agreement,
    Clustered,
    batch_from_patterns,
    bootstrap_by_cluster,
)
from models_app.models import Captured, Script, ScriptElement, ScriptReview

ANSWERS = tuple(Captured.values)
PATTERNS = tuple(product(ANSWERS, repeat=2))
SEED = 0
N_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """The first two reviews of one script; a third was asked for because these differed."""

    cluster: int  # the creator; a video without one is a group of its own
    answers: tuple[tuple[str, str], ...]  # by element


@dataclass(frozen=True, slots=True)
class ElementReport:
    """One element, or all of them together."""

    element: str  # empty: pooled
    n: int  # scripts; pooled: scripts times elements
    n_differing: int
    percent: Agreement
    ac1: Agreement
    ac1_by_creator: Clustered


@dataclass(frozen=True, slots=True)
class ScriptAgreement:
    """Element by element, and pooled."""

    n_scripts: int
    n_one: int  # scripts with one review only: they say nothing of agreement
    n_people: int
    elements: list[ElementReport]
    pooled: ElementReport


def agreement_on(scripts: QuerySet[Script]) -> ScriptAgreement:
    """Agreement of the first two reviews of each of these scripts; two queries."""
    reviews = ScriptReview.objects.filter(script__in=scripts).order_by("created_at", "pk")
    fields = ("script", "reviewer", "script__video", "script__video__creator", *ScriptElement.values)
    found: dict[int, list[tuple[int, int, tuple[str, ...]]]] = defaultdict(list)
    for script, reviewer, video, creator, *answers in reviews.values_list(*fields):
        found[script].append((reviewer, creator or -video, tuple(answers)))
    twice = [given[:2] for given in found.values() if len(given) > 1]
    pairs = [Pair(first[1], tuple(zip(first[2], second[2], strict=True))) for first, second in twice]
    *elements, pooled = _reports(pairs)
    return ScriptAgreement(
        n_scripts=len(pairs),
        n_one=len(found) - len(pairs),
        n_people=len({reviewer for given in twice for reviewer, _cluster, _answers in given}),
        elements=elements,
        pooled=pooled,
    )


def _reports(pairs: Iterable[Pair]) -> list[ElementReport]:
    """One for each element, then one for all units together."""
    names = ScriptElement.values
    listed = list(pairs)
    places = {cluster: place for place, cluster in enumerate(sorted({pair.cluster for pair in listed}))}
    counts = np.zeros((len(places), len(names), len(PATTERNS)), dtype=np.intp)
    for pair in listed:
        for place, answers in enumerate(pair.answers):
            counts[places[pair.cluster], place, PATTERNS.index(answers)] += 1
    by_element = counts.sum(axis=0)
    totals = np.concatenate([by_element, by_element.sum(axis=0, keepdims=True)])
    percent, ac1 = (
        batch_from_patterns(PATTERNS, totals, categories=ANSWERS, coefficient=coefficient)
        for coefficient in ("percent_agreement", "gwet_ac")
    )
    drawn = bootstrap_by_cluster(
        counts, patterns=PATTERNS, categories=ANSWERS, n_resamples=N_RESAMPLES, seed=SEED
    )
    differs = np.array([first != second for first, second in PATTERNS])
    return [
        ElementReport(
            element=name,
            n=int(totals[place].sum()),
            n_differing=int(totals[place][differs].sum()),
            percent=percent[place],
            ac1=ac1[place],
            ac1_by_creator=clustered,
        )
        for place, (name, clustered) in enumerate(
            zip([*names, ""], [*drawn.values, drawn.pooled], strict=True)
        )
    ]
