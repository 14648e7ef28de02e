"""Gold and runs for tests of evaluation, as rows, and how scikit-learn counts the same."""

from collections.abc import Mapping, Sequence

import numpy as np
from django.utils import timezone
from sklearn.metrics import f1_score, precision_recall_fscore_support, precision_score, recall_score

from annotator.models import GoldLabel, Study, Video
from models_app.models import Gives, Prediction, Run, RunState, RunVideo

DIRECTIONS = ("endorsed", "confronted")


def give_gold(video: Video, stances: Mapping[str, int] | None = None, *, rest: int | None = 0) -> None:
    """Gold on every value of the codebook in force; values not named get ``rest`` (None leaves them out)."""
    given = stances or {}
    now = timezone.now()
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=now)
        for value in video.study.codebook.values.all()
        if (stance := given.get(value.slug, rest)) is not None
    )


def make_run(
    study: Study,
    videos: Sequence[Video] = (),
    answers: Mapping[tuple[int, str], tuple[bool | None, bool | None]] | None = None,
    **fields,
) -> Run:
    """A finished run over the videos; answers: (video's key, slug) → endorsed, confronted."""
    codebook = fields.pop("codebook", study.codebook)
    fields = {
        "pipeline": "masked-lm",
        "model": "a model",
        "gives": Gives.PREDICTIONS,
        "state": RunState.FINISHED,
    } | fields
    run = Run.objects.create(study=study, codebook=codebook, codebook_hash=codebook.content_hash, **fields)
    RunVideo.objects.bulk_create(RunVideo(run=run, video=video) for video in videos)
    values = {value.slug: value for value in codebook.values.all()}
    Prediction.objects.bulk_create(
        (
            Prediction(run=run, video_id=video, value=values[slug], endorsed=said[0], confronted=said[1])
            for (video, slug), said in (answers or {}).items()
        ),
        batch_size=500,
    )
    return run


def gold_arrays(study: Study, slugs: Sequence[str]) -> tuple[list[Video], np.ndarray]:
    """The study's videos and their gold as (n, V, 2), read row by row."""
    videos = list(study.videos.filter(gold__isnull=False).distinct().order_by("pk"))
    place = {video.pk: n for n, video in enumerate(videos)}
    gold = np.zeros((len(videos), len(slugs), 2), dtype=bool)
    for label in GoldLabel.objects.filter(video__study=study).select_related("value"):
        at = place[label.video_id], list(slugs).index(label.value.slug)
        gold[at] = label.stance >= 1, label.stance == -1
    return videos, gold


def sklearn_scores(gold: np.ndarray, predicted: np.ndarray, *, reported: np.ndarray) -> dict:
    """The twelve figures and every label by scikit-learn; gold, predicted (n, V, 2), reported (V, 2)."""
    found: dict = {}
    for name, directions in (("endorsed", [0]), ("confronted", [1]), ("all", [0, 1])):
        chosen = [(v, d) for d in directions for v in range(gold.shape[1]) if reported[v, d]]
        y, z = (np.stack([a[:, v, d] for v, d in chosen], axis=1) for a in (gold, predicted))
        for kind in ("weighted", "macro"):
            found[f"{kind}_{name}"] = f1_score(y, z, average=kind, zero_division=0)
    for d, name in enumerate(DIRECTIONS):
        y, z = gold[:, :, d], predicted[:, :, d]
        found[f"recall_{name}"] = recall_score(y, z, average="samples", zero_division=np.nan)
        found[f"precision_{name}"] = precision_score(y, z, average="samples", zero_division=np.nan)
    for kind in ("recall", "precision"):
        found[f"{kind}_all"] = (found[f"{kind}_endorsed"] + found[f"{kind}_confronted"]) / 2
    flat = [a.reshape(len(a), -1) for a in (gold, predicted)]
    found["labels"] = precision_recall_fscore_support(*flat, zero_division=np.nan)
    return found
