"""Predictions against gold, on binary labels: each value endorsed or not, and confronted or not.

Every figure is a function of sums over videos (`Tally`), so that one implementation serves the figures of a
run, of all runs, and of every resample. What the figures mean: docs/evaluation.md.

Gold and predictions are boolean arrays of shape (n videos, V values, 2), the last axis being `DIRECTIONS`. A
label that a model did not say, or a video that it did not answer, is False: nothing predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evaluation.metrics.weights import FloatArray

BoolArray = npt.NDArray[np.bool_]

DIRECTIONS: Final = ("endorsed", "confronted")
SCOPES: Final = (*DIRECTIONS, "all")
KINDS: Final = ("weighted", "macro", "recall", "precision")  # F1 twice, then the two means over videos
FIGURES: Final = tuple(f"{kind}_{scope}" for kind in KINDS for scope in SCOPES)
LEAST_SHARE: Final = 5  # per cent of the gold videos that carry a label for it to be reported


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over videos; leading axes (...) may be clusters, runs or resamples.

    Sums of 0 and 1 where predictions are given, of probabilities where they are drawn at random.
    """

    tp: FloatArray  # (..., V, 2): in gold and predicted
    fp: FloatArray  # (..., V, 2): predicted only
    fn: FloatArray  # (..., V, 2): in gold only
    recalls: FloatArray  # (..., 2): sum of each video's recall, where it has a gold label in the direction
    n_recalls: FloatArray  # (..., 2): how many videos these are
    precisions: FloatArray  # (..., 2): sum of each video's precision, where something was predicted
    n_precisions: FloatArray  # (..., 2)

    @classmethod
    def of(cls, sums: FloatArray, *, n_values: int) -> Tally:
        """From rows as `tally_videos` makes them, or sums of such rows; sums: (..., 6 V + 8)."""
        labels = sums[..., : 6 * n_values].reshape(*sums.shape[:-1], 3, n_values, 2)
        videos = sums[..., 6 * n_values :].reshape(*sums.shape[:-1], 4, 2)
        return cls(
            *(labels[..., part, :, :] for part in range(3)),
            *(videos[..., part, :] for part in range(4)),
        )

    @property
    def support(self) -> FloatArray:
        """Videos that carry the label in gold, (..., V, 2)."""
        return self.tp + self.fn

    @property
    def n_predicted(self) -> FloatArray:
        """Videos for which the label is predicted, (..., V, 2)."""
        return self.tp + self.fp

    @property
    def precision(self) -> FloatArray:
        """tp / predicted, in [0, 1], (..., V, 2); NaN where the label is never predicted."""
        return _ratio(self.tp, self.n_predicted)

    @property
    def recall(self) -> FloatArray:
        """tp / support, in [0, 1], (..., V, 2); NaN where no video carries the label."""
        return _ratio(self.tp, self.support)

    @property
    def f1(self) -> FloatArray:
        """2 tp / (2 tp + fp + fn), in [0, 1], (..., V, 2).

        0 where the label is in gold and never predicted, or predicted and never in gold; NaN where it is
        neither. scikit-learn's f1_score, which says 0 for the last case unless zero_division says otherwise.
        """
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def tally_videos(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> FloatArray:
    """A row of sums per video, shape (n, 6 V + 8), to be added up by cluster or over all: `Tally.of`.

    gold, predicted: bool, shape (n, V, 2). ValueError for anything else.
    """
    truth, said = check_labels(gold, predicted)
    both = truth & said
    labels = np.stack([both, said & ~truth, truth & ~said], axis=1)
    n_gold, n_said, n_both = (part.sum(axis=1, dtype=np.float64) for part in (truth, said, both))
    videos = np.stack(
        [
            np.divide(n_both, n_gold, out=np.zeros_like(n_both), where=n_gold > 0),
            n_gold > 0,
            np.divide(n_both, n_said, out=np.zeros_like(n_both), where=n_said > 0),
            n_said > 0,
        ],
        axis=1,
    )
    return flat_rows(labels, videos)


def figures_of(tally: Tally, *, reported: BoolArray, f1: FloatArray | None = None) -> FloatArray:
    """The twelve figures in the order of `FIGURES`, shape (..., 12); f1: the tally's, if it is at hand.

    reported: bool, shape (V, 2), from `reported_labels` on the full gold, fixed before any resampling.

    - weighted: mean F1 over the reported labels, weighted by support; NaN where none of them has support.
    - macro: mean F1 over the reported labels, each counting the same; a label that in these videos is neither
      in gold nor predicted counts 0, as in scikit-learn. NaN where no label is reported.
    - recall: mean over videos of recovered gold labels / gold labels, over all V labels of a direction; a
      video without gold label in the direction is left out. NaN where all are.
    - precision: mean over videos of recovered gold labels / predicted labels; a video for which nothing is
      predicted in the direction is left out. NaN where all are.

    "all" of F1 runs over the reported labels of both directions; "all" of recall and precision is the mean of
    the two directions, NaN where one of them is.

    Sources: the paper's tables 4 and 6 (arXiv 2501.11770v2); scikit-learn's f1_score with average "weighted"
    and "macro" over the reported labels, recall_score and precision_score with average "samples" and
    zero_division NaN.
    """
    f1 = np.nan_to_num(tally.f1 if f1 is None else f1, nan=0.0)
    of_scopes = _members(reported)
    support = tally.support
    weighted = _ratio(_flat(support * f1) @ of_scopes, _flat(support) @ of_scopes)
    macro = _ratio(_flat(f1) @ of_scopes, of_scopes.sum(axis=0))
    recall = _with_mean(_ratio(tally.recalls, tally.n_recalls))
    precision = _with_mean(_ratio(tally.precisions, tally.n_precisions))
    return np.concatenate([weighted, macro, recall, precision], axis=-1)


def reported_labels(gold: npt.ArrayLike) -> BoolArray:
    """Which labels are reported: those of 5 % of the gold videos or more; bool, shape (V, 2).

    gold: bool, shape (n, V, 2). None is reported where there is no gold.
    """
    truth = check_labels(gold, gold)[0]
    return np.asarray((100 * truth.sum(axis=0) >= LEAST_SHARE * len(truth)) & (len(truth) > 0))


def check_labels(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[BoolArray, BoolArray]:
    """Both as boolean arrays; ValueError unless they are bool and of one shape (n, V, 2)."""
    truth, said = np.asarray(gold), np.asarray(predicted)
    for name, array in (("gold", truth), ("predicted", said)):
        if array.dtype != np.bool_:
            raise ValueError(f"{name} must be boolean: what was not said is False, not {array.dtype}")
        if array.ndim != 3 or array.shape[2] != len(DIRECTIONS):
            raise ValueError(f"{name} must have the shape (videos, values, 2), not {array.shape}")
    if truth.shape != said.shape:
        raise ValueError(f"gold and predicted must have one shape, not {truth.shape} and {said.shape}")
    return truth, said


def flat_rows(labels: npt.NDArray, videos: npt.NDArray) -> FloatArray:
    """One flat row per video: labels (n, 3, V, 2), videos (n, 4, 2)."""
    flat = [labels.reshape(len(labels), 6 * labels.shape[2]), videos.reshape(len(videos), 8)]
    return np.concatenate(flat, axis=1).astype(np.float64)


def _ratio(part: FloatArray, whole: npt.NDArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))


def _members(reported: BoolArray) -> FloatArray:
    """Which labels F1 of each of `SCOPES` averages, as a matrix (2 V, 3) of 0 and 1."""
    of_direction = reported[:, :, None] & np.eye(2, dtype=np.bool_)
    both = np.concatenate([of_direction, reported[:, :, None]], axis=2)
    return both.reshape(-1, len(SCOPES)).astype(np.float64)


def _flat(of_labels: FloatArray) -> FloatArray:
    """(..., V, 2) as (..., 2 V)."""
    return of_labels.reshape(*of_labels.shape[:-2], -1)


def _with_mean(of_directions: FloatArray) -> FloatArray:
    """(..., 2) with the mean of both behind them, (..., 3); NaN where one is."""
    return np.concatenate([of_directions, of_directions.mean(axis=-1, keepdims=True)], axis=-1)
