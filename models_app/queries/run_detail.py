"""What a run's own page shows beside its progress: what failed, what was frozen, what happened.

Failures and log tell of videos. Whoever may not see a video's predictions learns how many failed, no more.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from annotator.blindness import sees_every_model, videos_with_models_shown
from annotator.models import User, Video
from models_app.models import ItemKind, ItemState, Problem, Run, RunItem
from models_app.specs import SPECS

MOST_ITEMS = 50  # of each cause; the run's list of videos has them all


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A video or a fold that failed."""

    video: Video | None
    number: int  # of the fold, from 1
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """What failed for one cause; without words of a video's own where they are not all to be seen."""

    code: str
    n: int
    text: str
    items: list[FailedItem]
    n_more: int


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """Videos of which nothing can be said, known without trying."""

    text: str
    n: int


@dataclass(frozen=True, slots=True)
class Failures:
    """All of it."""

    groups: list[FailureGroup]
    problems: list[KnownProblem]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is frozen with the run."""

    n_videos: int
    n_folds: int
    settings: list[tuple[str, Any]]


def failures_shown(run: Run, *, user: User) -> Failures:
    """What failed, the most frequent cause first."""
    failed = list(
        RunItem.objects.filter(run=run, state=ItemState.FAILED)
        .only("kind", "key", "error_code", "error", "error_detail")
        .order_by("pk")
    )
    shown = _videos_shown(run, [item.key for item in failed if item.kind == ItemKind.VIDEO], user=user)
    is_whole = sees_every_model(user, run.study)
    by_code: dict[str, list[RunItem]] = defaultdict(list)
    for item in failed:
        by_code[item.error_code].append(item)
    groups = [_group(code, items, shown, is_whole=is_whole) for code, items in by_code.items()]
    counted = run.scope_rows.exclude(problem="").order_by().values_list("problem").annotate(n=Count("pk"))
    problems = [KnownProblem(str(Problem(problem).label), n) for problem, n in counted]
    return Failures(groups=sorted(groups, key=lambda group: (-group.n, group.code)), problems=problems)


def facts_of(run: Run) -> Facts:
    """Settings under the names that the form gives them."""
    counted = run.scope_rows.aggregate(n=Count("pk"), last_fold=Max("fold"))
    spec = next((spec for name, spec in SPECS.items() if name == run.pipeline), None)
    titles = {name: info.title for name, info in spec.settings.model_fields.items()} if spec else {}
    named = [(_(titles.get(name) or name), value) for name, value in run.settings.items()]
    last = counted["last_fold"]
    return Facts(n_videos=counted["n"], n_folds=0 if last is None else last + 1, settings=named)


def _group(code: str, items: list[RunItem], shown: dict[int, Video], *, is_whole: bool) -> FailureGroup:
    seen = [item for item in items if is_whole or (item.kind == ItemKind.VIDEO and item.key in shown)]
    common = Counter(item.error for item in seen).most_common(1)
    return FailureGroup(
        code=code,
        n=len(items),
        text=common[0][0] if common else "",
        items=[
            FailedItem(
                video=shown.get(item.key) if item.kind == ItemKind.VIDEO else None,
                number=item.key + 1,
                text=item.error,
                detail=item.error_detail,
            )
            for item in seen[:MOST_ITEMS]
            if item.kind == ItemKind.FOLD or item.key in shown
        ],
        n_more=max(0, len(seen) - MOST_ITEMS),
    )


def _videos_shown(run: Run, keys: list[int], *, user: User) -> dict[int, Video]:
    """By key, those whose predictions the user may see."""
    if not keys:
        return {}
    videos = videos_with_models_shown(user, run.study).filter(run_rows__run=run).only("pk", "external_id")
    wanted = set(keys)
    return {video.pk: video for video in videos if video.pk in wanted}


def log_shown(run, *, user):
    return []
