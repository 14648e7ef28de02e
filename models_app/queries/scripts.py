"""The list of a study's scripts: narrowed, searched, ordered, with what reviews and gaps come to."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import Length

from annotator.models import Study, User, Video
from models_app.models import ReviewState, Script, ScriptElement, ScriptGap, ScriptReview
from models_app.models.script import ScriptQuerySet

SORTS = {"video": "video__external_id", "model": "model", "length": "n_characters", "made": "created_at"}
DEFAULT_SORT = "video"
AROUND = 60  # characters shown on each side of what was found
MOST_HITS = 3  # shown of one script


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a text, some of which were looked for."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """One script of the list."""

    script: Script
    n_characters: int
    state: ReviewState
    n_gaps: int  # open to the reader
    hits: list[list[Piece]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ModelCount:
    """What there is of one model's scripts. Gaps are those of all versions."""

    model: str
    n_scripts: int  # videos
    n_edited: int
    n_reviewed: int  # by two or more
    n_approved: int
    n_looked_at: int  # scripts with a review or a gap, of all versions
    gaps: dict[str, int]  # by element
    n_invented: int

    @property
    def n_gaps(self) -> int:
        """Of all elements."""
        return sum(self.gaps.values())

    @property
    def gaps_per_script(self) -> float | None:
        """Of those that somebody looked at; None where nobody did."""
        return self.n_gaps / self.n_looked_at if self.n_looked_at else None


def scripts_of(study: Study, videos: QuerySet[Video]) -> ScriptQuerySet:
    """Scripts of the study's videos that somebody may see."""
    return Script.objects.in_study(study).filter(video__in=videos)


def narrowed(scripts: ScriptQuerySet, given: Mapping[str, Any], *, reader: User) -> ScriptQuerySet:
    """As the form of the list asks."""
    if not given.get("versions"):
        scripts = scripts.newest()
    if words := given.get("q"):
        scripts = scripts.filter(text__icontains=words)
    if model := given.get("model"):
        scripts = scripts.filter(model=model)
    if batch := given.get("batch"):
        scripts = scripts.filter(video__batch=batch)
    if origin := given.get("origin"):
        scripts = scripts.filter(origin=origin)
    state = given.get("state")
    if state == "gaps":
        scripts = scripts.filter(pk__in=ScriptGap.objects.open_to(reader).values("script"))
    elif state == "mine":
        scripts = scripts.reviewable_by(reader)
    elif state:
        scripts = scripts.in_state(ReviewState(state))
    return scripts


def ordered(scripts: ScriptQuerySet, sort: str) -> ScriptQuerySet:
    """By the key asked for; ties in the order in which they were made."""
    name = SORTS[sort.lstrip("-")]
    sign = "-" if sort.startswith("-") else ""
    return scripts.annotate(n_characters=Length("text")).order_by(f"{sign}{name}", "video", "model", "pk")


def known_sort(asked: str | None) -> str:
    """The order asked for, or the usual one."""
    return asked if asked and asked.removeprefix("-") in SORTS else DEFAULT_SORT


def rows_of_scripts(scripts: Sequence[Script], *, reader: User, words: str = "") -> list[ScriptRow]:
    """Two queries, whatever their number; the scripts are annotated as `ordered` does."""
    keys = [script.pk for script in scripts]
    states = states_of(keys)
    gaps = ScriptGap.objects.open_to(reader).filter(script__in=keys).order_by()
    n_gaps = dict(gaps.values_list("script").annotate(n=Count("pk")))
    return [
        ScriptRow(
            script=script,
            n_characters=getattr(script, "n_characters", 0),
            state=states.get(script.pk, ReviewState.UNREVIEWED),
            n_gaps=n_gaps.get(script.pk, 0),
            hits=hits_in(script.text, words) if words else [],
        )
        for script in scripts
    ]


def states_of(keys: Sequence[int]) -> dict[int, ReviewState]:
    """What reviews make of each of the scripts; those without a review are left out."""
    verdicts = ScriptReview.objects.verdicts().filter(script__in=keys)
    return {script: ReviewState(state) for script, state in verdicts.values_list("script", "state")}


def count_by_model(scripts: ScriptQuerySet) -> list[ModelCount]:
    """What there is of each model, the one with the most scripts first: five queries."""
    newest = scripts.newest()
    n_scripts = _by_model(newest)
    n_edited = _by_model(newest.filter(origin="edit"))
    n_approved = _by_model(newest.in_state(ReviewState.APPROVED))
    closed = (ReviewState.APPROVED, ReviewState.LACKING, ReviewState.DIFFERING)
    n_reviewed = _by_model(newest.in_state(*closed))
    gaps: Counter[tuple[str, str]] = Counter()
    n_invented: Counter[str] = Counter()
    looked_at = dict(ScriptReview.objects.filter(script__in=scripts).values_list("script", "script__model"))
    marked = ScriptGap.objects.filter(script__in=scripts).order_by()
    columns = ("script", "script__model", "element", "is_invented")
    for script, model, element, is_invented in marked.values_list(*columns):
        gaps[model, element] += 1
        n_invented[model] += is_invented
        looked_at[script] = model
    n_looked_at = Counter(looked_at.values())
    return [
        ModelCount(
            model=model,
            n_scripts=n,
            n_edited=n_edited.get(model, 0),
            n_reviewed=n_reviewed.get(model, 0),
            n_approved=n_approved.get(model, 0),
            n_looked_at=n_looked_at[model],
            gaps={element: gaps[model, element] for element in ScriptElement.values},
            n_invented=n_invented[model],
        )
        for model, n in sorted(n_scripts.items(), key=lambda found: (-found[1], found[0]))
    ]


def hits_in(text: str, words: str) -> list[list[Piece]]:
    """The first places where the words stand, each with what is around it; case does not count."""
    found: list[list[Piece]] = []
    end = 0
    for match in re.finditer(re.escape(words), text, re.IGNORECASE):
        if match.start() < end:
            continue  # shown already, around the hit before
        start, end = max(end, match.start() - AROUND), min(len(text), match.end() + AROUND)
        found.append(_pieces(text[start:end], words, head=start > 0, tail=end < len(text)))
        if len(found) == MOST_HITS:
            break
    return found


def _pieces(text: str, words: str, *, head: bool, tail: bool) -> list[Piece]:
    parts = re.split(f"({re.escape(words)})", text, flags=re.IGNORECASE)
    pieces = [Piece(part, is_hit=place % 2 == 1) for place, part in enumerate(parts) if part]
    return [*([Piece("…")] if head else []), *pieces, *([Piece("…")] if tail else [])]


def _by_model(scripts: ScriptQuerySet) -> dict[str, int]:
    return dict(scripts.order_by().values_list("model").annotate(n=Count("video", distinct=True)))
