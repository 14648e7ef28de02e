"""What knows nothing: the floor under every leaderboard."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.metrics.classification import check_labels, flat_rows, tally_videos
from evaluation.metrics.weights import FloatArray

BASELINES: Final = ("all-positive", "at-prevalence")


def tally_baseline(name: str, gold: npt.ArrayLike, *, prevalence: npt.ArrayLike) -> FloatArray:
    """Rows per video as `tally_videos` makes them; prevalence: (V, 2), for at-prevalence."""
    if name == "all-positive":
        return tally_videos(gold, np.ones(np.shape(gold), dtype=np.bool_))
    if name == "at-prevalence":
        return tally_at_random(gold, rates=prevalence)
    raise ValueError(f"unknown baseline {name!r}: use one of {', '.join(BASELINES)}")


def tally_at_random(gold: npt.ArrayLike, *, rates: npt.ArrayLike) -> FloatArray:
    """What is to be expected of predictions drawn at random; rows per video, shape (n, 6 V + 8).

    Each label is predicted for each video independently with the probability `rates` (V, 2), in [0, 1].
    Nothing is drawn: tp, fp and fn are expected counts, so that F1 is that of the expected counts (which, at
    the label's own prevalence p, is p). A video's precision is its exact expectation: given that anything is
    predicted, the other labels of the direction follow a Poisson binomial distribution.
    ValueError for rates outside [0, 1].
    """
    truth = check_labels(gold, gold)[0]
    p = np.asarray(rates, dtype=np.float64)
    if p.shape != truth.shape[1:]:
        raise ValueError(f"rates must have the shape {truth.shape[1:]}, not {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("rates must lie between 0 and 1")
    labels = np.stack([truth * p, ~truth * p, truth * (1 - p)], axis=1)
    n_gold = truth.sum(axis=1)
    is_any = 1 - (1 - p).prod(axis=0)
    videos = np.stack(
        [
            np.divide((truth * p).sum(axis=1), n_gold, out=np.zeros(n_gold.shape), where=n_gold > 0),
            n_gold > 0,
            (truth * _shares(p)).sum(axis=1),
            np.broadcast_to(is_any, n_gold.shape),
        ],
        axis=1,
    )
    return flat_rows(labels, videos)


def _shares(p: FloatArray) -> FloatArray:
    """Expected share of each label in what is predicted (0 where nothing is); p and result: (V, 2)."""
    return np.stack([_shares_of_one(p[:, direction]) for direction in range(p.shape[1])], axis=1)


def _shares_of_one(p: FloatArray) -> FloatArray:
    shares = np.zeros(len(p))
    for label in range(len(p)):
        n_others = np.ones(1)  # probability of 0, 1, … others being predicted
        for other in np.delete(p, label):
            n_others = np.convolve(n_others, [1 - other, other])
        shares[label] = p[label] * (n_others / np.arange(1, len(n_others) + 1)).sum()
    return shares
