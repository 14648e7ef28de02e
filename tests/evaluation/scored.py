"""Gold as arrays, read row by row, and how scikit-learn scores them."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support, precision_score, recall_score

from annotator.models import GoldLabel, Study, Video

DIRECTIONS = ("endorsed", "confronted")


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
