"""Gold and what the runs answered, from the database to arrays: the only reader of both.

Three things decide what is scored: the gold videos of the study, a run's frozen scope, and its answers.
A video in scope without an answer counts as nothing predicted; outside the scope a video is not scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Count, F, Max, Q, Sum

from annotator.actions.codebook import document_of
from annotator.codebooks.file import example_videos
from annotator.models import Codebook, GoldLabel, Purpose, Study, Value, Video
from evaluation.matrices import BITS, NoCodebookError
from evaluation.packing import as_table, packed_columns, unpack, value_places
from models_app.models import ItemState, Prediction, Run, RunItem, RunVideo

ANSWER_BITS = 4  # of one prediction: two answers of two bits, 0 not said, 1 no, 2 yes
# A video in scope without a prediction (the outer join) has NULL everywhere, and packs to 0.
ANSWER = """
    CASE WHEN p.endorsed IS NULL THEN 0 WHEN p.endorsed THEN 2 ELSE 1 END
    + CASE WHEN p.confronted IS NULL THEN 0 WHEN p.confronted THEN 8 ELSE 4 END
"""


@dataclass(frozen=True, slots=True)
class GoldLeftOut:
    """Videos with gold that nothing is scored on, and why; the first reason that holds."""

    withdrawn: int = 0
    development: int = 0  # in a batch that prompts are developed on
    examples: int = 0  # of a creator of whom the codebook cites a video, or the video itself
    incomplete: int = 0  # without gold on every value, as the codebook in force understands it


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold of n videos on V values."""

    values: tuple[str, ...]  # slugs, in the order of the circle
    videos: npt.NDArray[np.int64]  # (n,): keys, ascending
    labels: npt.NDArray[np.bool_]  # (n, V, 2): endorsed (dominant too), confronted
    clusters: npt.NDArray[np.int64]  # (n,): the creator; a video without one is a group of its own
    left_out: GoldLeftOut

    def at(self, chosen: npt.NDArray[np.bool_]) -> "Gold":
        """On some of its videos only; chosen: (n,)."""
        return Gold(
            self.values, self.videos[chosen], self.labels[chosen], self.clusters[chosen], self.left_out
        )


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is told of a run beside its scores."""

    pk: int
    model: str
    pipeline: str
    origin: str
    state: str
    created_at: datetime
    codebook_number: int
    n_values_other: int  # values of the codebook in force that the run knew by another meaning, or not at all
    grouping: str  # of its folds: "creator", "none", or empty where nothing was learned
    protocol: str  # "inner", "paper" or empty
    n_in_run: int  # videos in its scope, with or without gold


@dataclass(frozen=True, slots=True)
class RunAnswers:
    """What a run answered about the gold videos."""

    run: RunFacts
    in_scope: npt.NDArray[np.bool_]  # (n,)
    answers: npt.NDArray[np.int8]  # (n, V, 2): 0 not said, 1 no, 2 yes

    @property
    def predicted(self) -> npt.NDArray[np.bool_]:
        """(n, V, 2): what was not said is not predicted."""
        return np.asarray(self.answers == 2)

    @property
    def is_answered(self) -> npt.NDArray[np.bool_]:
        """(n,): videos in scope of which the run said anything."""
        return np.asarray(self.in_scope & (self.answers > 0).any(axis=(1, 2)))


def read_gold(study: Study) -> Gold:
    """The gold that models are scored on, in a fixed number of queries."""
    if study.codebook_id is None:
        raise NoCodebookError(f"{study.slug}: this study has no codebook yet")
    slugs, places = value_places(study)
    table = _gold_table(study, places=places, n_values=len(slugs))
    stances = unpack(table[:, 4:], n_values=len(slugs), bits=BITS)
    video, creator, withdrawn, development = table[:, :4].T
    videos, first = np.unique(video, return_index=True)
    whole = np.zeros((len(videos), len(slugs)), dtype=np.int8)
    for row, place in enumerate(np.searchsorted(videos, video)):  # later versions last: they overwrite
        whole[place] = np.where(stances[row] > 0, stances[row], whole[place])
    creator, withdrawn, development = creator[first], withdrawn[first] > 0, development[first] > 0
    cited_videos, cited_creators = _cited(study)
    is_example = np.isin(videos, cited_videos) | np.isin(creator, cited_creators)
    is_incomplete = (whole == 0).any(axis=1)
    reasons = np.stack([withdrawn, development, is_example, is_incomplete])
    n_first = (reasons & (reasons.cumsum(axis=0) == 1)).sum(axis=1).tolist()
    kept = ~reasons.any(axis=0)
    return Gold(
        values=tuple(slugs),
        videos=videos[kept],
        labels=np.stack([whole[kept] >= 3, whole[kept] == 1], axis=2),
        clusters=np.where(creator > 0, creator, -videos)[kept],
        left_out=GoldLeftOut(*n_first),
    )


def read_answers(study: Study, gold: Gold, runs: Sequence[Run]) -> list[RunAnswers]:
    """What these runs answered, in a fixed number of queries whatever their number and size."""
    slugs, places = value_places(study)
    facts = _facts(runs, places=places, n_values=len(slugs))
    table = _answer_table([run.pk for run in runs], places=places, n_values=len(slugs))
    table = table[np.isin(table[:, 1], gold.videos)]
    pairs = unpack(table[:, 2:], n_values=len(slugs), bits=ANSWER_BITS)
    found = []
    for run in facts:
        is_own = table[:, 0] == run.pk
        rows = np.searchsorted(gold.videos, table[is_own, 1])
        in_scope = np.zeros(len(gold.videos), dtype=np.bool_)
        in_scope[rows] = True
        answers = np.zeros(gold.labels.shape, dtype=np.int8)
        answers[rows] = np.stack([pairs[is_own] & 3, pairs[is_own] >> 2], axis=2)
        found.append(RunAnswers(run, in_scope, answers))
    return found


def gold_version(study: Study) -> str:
    """Changes whenever the gold to score on may have changed."""
    labels = GoldLabel.objects.filter(video__study=study).aggregate(
        n=Count("pk"), last=Max("decided_at"), stances=Sum(F("pk") * F("stance"))
    )
    videos = Video.objects.filter(study=study).aggregate(
        n=Count("pk"),
        withdrawn=Count("withdrawn_at"),
        creators=Sum(F("pk") * F("creator")),
        development=Sum("pk", filter=Q(batch__purpose=Purpose.DEVELOPMENT)),
    )
    newest = Codebook.objects.filter(study=study).aggregate(newest=Max("pk"))
    parts = [study.pk, study.codebook_id, *labels.values(), *videos.values(), *newest.values()]
    return "|".join(str(part) for part in parts)


def runs_version(runs: Sequence[Run]) -> str:
    """Changes whenever what these runs answered may have changed."""
    keys = [run.pk for run in runs]
    items = RunItem.objects.filter(run__in=keys).aggregate(
        done=Count("pk", filter=Q(state=ItemState.DONE)), last=Max("ended_at")
    )
    newest = Prediction.objects.aggregate(newest=Max("pk"))
    states = [f"{run.pk}:{run.state}:{run.model}" for run in runs]
    return "|".join(str(part) for part in [*states, *items.values(), *newest.values()])


def _gold_table(study: Study, *, places: dict[int, int], n_values: int) -> npt.NDArray[np.int64]:
    """(video, creator, withdrawn, development, packed stances…), a row a video and codebook version."""
    sums = packed_columns("g.stance + 2", of="g.value_id", places=places, n_values=n_values, bits=BITS)
    query = f"""
        SELECT g.video_id, v.creator_id,
          CASE WHEN v.withdrawn_at IS NULL THEN 0 ELSE 1 END,
          CASE WHEN b.purpose = %s THEN 1 ELSE 0 END, {", ".join(sums)}
        FROM annotator_goldlabel g
        JOIN annotator_video v ON v.id = g.video_id
        JOIN annotator_value a ON a.id = g.value_id
        JOIN annotator_codebook c ON c.id = a.codebook_id
        LEFT JOIN annotator_batch b ON b.id = v.batch_id
        WHERE v.study_id = %s
        GROUP BY g.video_id, v.creator_id, v.withdrawn_at, b.purpose, c.number
        ORDER BY g.video_id, c.number
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [Purpose.DEVELOPMENT, study.pk])
        return as_table(list(cursor.fetchall()), n_columns=4 + len(sums))


def _answer_table(runs: Sequence[int], *, places: dict[int, int], n_values: int) -> npt.NDArray[np.int64]:
    """(run, video, packed answers…), a row for each video with gold in the scope of a run."""
    sums = packed_columns(ANSWER, of="p.value_id", places=places, n_values=n_values, bits=ANSWER_BITS)
    if not runs:
        return as_table([], n_columns=2 + len(sums))
    query = f"""
        SELECT s.run_id, s.video_id, {", ".join(sums)}
        FROM models_app_runvideo s
        LEFT JOIN models_app_prediction p ON p.run_id = s.run_id AND p.video_id = s.video_id
        WHERE s.run_id IN ({", ".join(["%s"] * len(runs))})
          AND EXISTS (SELECT 1 FROM annotator_goldlabel g WHERE g.video_id = s.video_id)
        GROUP BY s.run_id, s.video_id
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, list(runs))
        return as_table(list(cursor.fetchall()), n_columns=2 + len(sums))


def _cited(study: Study) -> tuple[list[int], list[int]]:
    """Keys of the videos that any version of the codebook takes examples from, and of their creators."""
    ids: set[str] = set()
    for codebook in Codebook.objects.filter(study=study):
        if codebook.document:
            ids |= example_videos(document_of(codebook))
    if not ids:
        return [], []
    found = list(Video.objects.filter(study=study, external_id__in=ids).values_list("pk", "creator"))
    return [pk for pk, _creator in found], [creator for _pk, creator in found if creator is not None]


def _facts(runs: Sequence[Run], *, places: dict[int, int], n_values: int) -> list[RunFacts]:
    """What is told of the runs, in two queries."""
    sizes = dict(
        RunVideo.objects.filter(run__in=[run.pk for run in runs])
        .values_list("run")
        .annotate(n=Count("pk"))
        .values_list("run", "n")
    )
    known = dict(
        Value.objects.filter(pk__in=list(places))
        .values_list("codebook")
        .annotate(n=Count("pk"))
        .values_list("codebook", "n")
    )
    return [
        RunFacts(
            pk=run.pk,
            model=run.model,
            pipeline=run.pipeline,
            origin=run.origin,
            state=run.state,
            created_at=run.created_at,
            codebook_number=run.codebook.number,
            n_values_other=n_values - known.get(run.codebook_id, 0),
            grouping=_word(run, "grouping"),
            protocol=_word(run, "protocol"),
            n_in_run=sizes.get(run.pk, 0),
        )
        for run in runs
    ]


def _word(run: Run, name: str) -> str:
    """One of the run's settings as text; empty where it has none."""
    settings = run.settings if isinstance(run.settings, dict) else {}
    return str(settings.get(name, ""))
