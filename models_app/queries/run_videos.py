"""The videos of a run's scope: whether it says something of each, and how far that is from gold."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from annotator.models import GoldLabel, Video
from models_app.models import UNANSWERED_STATES, ItemKind, ItemState, Prediction, Run, RunItem, RunVideo
from models_app.queries.answers import Answer

SORTS = ("id", "differs")
ONLY = {"differs": _("Differs from gold"), "same": _("Same as gold"), "missing": _("Missing")}


@dataclass(frozen=True, slots=True)
class RunVideoLine:
    """One video of the scope."""

    video: Video
    n_answers: int  # values of which the run says something; for a run of scripts: 1 if there is one
    n_differs: int | None  # binary labels that differ from gold; None without gold or without answers
    n_labels: int  # binary labels that could differ
    why_missing: str = ""
    is_blocked: bool = False  # by the provider's filter


def lines_of_run(*, run: Run, videos: QuerySet[Video], unblinded: QuerySet[Video]) -> list[RunVideoLine]:
    """Every video of the scope among these; distances from gold only where gold may be seen.

    A fixed number of queries. The caller has asked `annotator.blindness`.
    """
    scope = list(
        RunVideo.objects.filter(run=run, video__in=videos, video__withdrawn_at__isnull=True)
        .select_related("video")
        .defer("gold", "video__counts", "video__hashtags", "video__caption")
        .order_by("video__external_id", "video")
    )
    n_answers, differs, n_labels = _distances(run, unblinded=unblinded)
    unanswered = RunItem.objects.filter(run=run, kind=ItemKind.VIDEO, state__in=UNANSWERED_STATES)
    failed = {key: (state, error) for key, state, error in unanswered.values_list("key", "state", "error")}
    return [
        RunVideoLine(
            video=row.video,
            n_answers=n_answers.get(row.video_id, 0),
            n_differs=differs.get(row.video_id),
            n_labels=n_labels.get(row.video_id, 0),
            why_missing=(
                ""
                if n_answers.get(row.video_id)
                else str(row.get_problem_display() if row.problem else failed.get(row.video_id, ("", ""))[1])
            ),
            is_blocked=failed.get(row.video_id, ("", ""))[0] == ItemState.BLOCKED,
        )
        for row in scope
    ]


def narrowed(lines: Collection[RunVideoLine], *, only: str, sort: str) -> list[RunVideoLine]:
    """Those asked for, in the order asked for; what has no distance comes last either way."""
    kept = [line for line in lines if not only or _fits(line, only)]
    is_down = sort.startswith("-")
    if sort.lstrip("-") == "id":
        return sorted(kept, key=lambda line: (line.video.external_id, line.video.pk), reverse=is_down)
    known = [line for line in kept if line.n_differs is not None]
    known.sort(key=lambda line: line.n_differs or 0, reverse=is_down)
    return known + [line for line in kept if line.n_differs is None]


def _fits(line: RunVideoLine, only: str) -> bool:
    """Whether the line is one of those that a filter of the page asks for."""
    if only == "missing":
        return not line.n_answers
    return bool(line.n_differs) if only == "differs" else line.n_differs == 0


def _distances(
    run: Run, *, unblinded: QuerySet[Video]
) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """By video: values spoken of, binary labels that differ from gold, binary labels compared."""
    gold = {
        (video, identity): stance
        for video, identity, stance in GoldLabel.objects.filter(
            video__in=unblinded, video__run_rows__run=run
        ).values_list("video", "value__identity", "stance")
    }
    n_answers: dict[int, int] = defaultdict(int)
    differs: dict[int, int] = defaultdict(int)
    n_labels: dict[int, int] = defaultdict(int)
    fields = ("video", "value__identity", "endorsed", "confronted")
    for video, identity, endorsed, confronted in Prediction.objects.filter(run=run).values_list(*fields):
        n_answers[video] += 1
        if (stance := gold.get((video, identity))) is not None:
            differs[video] += Answer(endorsed, confronted).differs_from(stance)
            n_labels[video] += 2
    if run.gives == "scripts":
        n_answers.update(dict.fromkeys(run.scripts.values_list("video", flat=True), 1))
    return n_answers, differs, n_labels
