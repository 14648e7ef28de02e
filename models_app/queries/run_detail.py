"""What a run's own page shows beside its progress: what failed, what was frozen, what happened.

Failures and log tell of videos. Whoever may not see a video's predictions learns how many failed, no more.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from annotator.blindness import sees_every_model, videos_with_models_shown
from annotator.models import User, Video
from models_app.models import ItemKind, Problem, Run, RunEvent
from models_app.queries.runs import FailedItem, FailureGroup, failures_of, log_of
from models_app.specs import SPECS
from models_app.words import sentence_of

MOST_ITEMS = 50  # of each cause; the run's list of videos has them all
MOST_LINES = 200  # of the log


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """Videos of which nothing can be said, known without trying."""

    text: str
    n: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is frozen with the run."""

    n_videos: int
    settings: list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that happened."""

    at: datetime
    text: str
    by: User | None


def keys_shown(run: Run, user: User) -> set[int] | None:
    """Keys of the run's videos whose predictions the user may see; None where that is all of them."""
    if sees_every_model(user, run.study):
        return None
    videos = videos_with_models_shown(user, run.study).filter(run_rows__run=run)
    return set(videos.values_list("pk", flat=True))


def failures_shown(run: Run, *, shown: set[int] | None) -> list[FailureGroup]:
    """What failed, the most frequent cause first; in words and items only what may be seen."""
    groups = failures_of(run, n_examples=MOST_ITEMS)
    return groups if shown is None else [_narrowed(group, shown) for group in groups]


def problems_of(run: Run) -> list[KnownProblem]:
    """Why nothing can be said of videos in the scope."""
    counted = run.scope_rows.exclude(problem="").order_by("problem").values_list("problem")
    return [KnownProblem(str(Problem(problem).label), n) for problem, n in counted.annotate(n=Count("pk"))]


def facts_of(run: Run) -> Facts:
    """Settings under the names that the form gives them."""
    spec = next((spec for name, spec in SPECS.items() if name == run.pipeline), None)
    titles = {name: info.title for name, info in spec.settings.model_fields.items()} if spec else {}
    named = [(_(titles.get(name) or name), value) for name, value in run.settings.items()]
    return Facts(n_videos=run.scope_rows.count(), settings=named)


def log_shown(run: Run, *, shown: set[int] | None) -> list[LogLine]:
    """What happened, the latest first; nothing of single items that may not be seen."""
    events = list(log_of(run)[:MOST_LINES])
    if shown is not None:
        events = [event for event in events if _may_be_told(event, shown)]
    keys = {event.detail["key"] for event in events if event.detail.get("kind") == ItemKind.VIDEO}
    names = dict(Video.objects.filter(pk__in=keys).values_list("pk", "external_id"))
    return [LogLine(event.at, sentence_of(event, names), event.by) for event in events]


def _may_be_told(event: RunEvent, shown: set[int]) -> bool:
    """Whether it is of the whole run, or of a video that may be seen; a fold holds videos of all kinds."""
    if "key" not in event.detail:
        return True
    return event.detail.get("kind") == ItemKind.VIDEO and event.detail["key"] in shown


def _narrowed(group: FailureGroup, shown: set[int]) -> FailureGroup:
    def is_shown(item: FailedItem) -> bool:
        return item.kind == ItemKind.VIDEO and item.key in shown

    seen = [item for item in group.examples if is_shown(item)]
    return replace(group, examples=seen, message=seen[0].message if seen else "")
