"""Where a score becomes a yes. Chosen on what the model may know, never on the fold that it predicts."""

import numpy as np
import numpy.typing as npt


def f1_thresholds(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The threshold of each label at which `scores >= threshold` has the best F1.

    Rare labels need their own: at 0.5 a model says yes to nothing that holds for a tenth of the videos.
    Half way between two scores; of equally good ones the lowest, which says yes most often.

    Parameters
    ----------
    scores : array of float, shape (n_videos, n_labels)
        Of videos that were not learnt from.
    truth : array of bool, shape (n_videos, n_labels)

    Returns
    -------
    array of float, shape (n_labels,)
        NaN for a label that no video has: nothing can be said of it.

    References
    ----------
    Lipton, Elkan & Naryanaswamy (2014), Optimal thresholding of classifiers to maximize F1 measure.
    """
    columns = zip(scores.T, truth.T, strict=True)
    return np.array([_f1_threshold(score, holds) for score, holds in columns])


def _f1_threshold(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    n_positive = int(truth.sum())
    if n_positive == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + n_positive)
    last_of_score = np.append(ranked[1:] < ranked[:-1], True)  # a threshold cannot split equal scores
    f1[~last_of_score] = -1
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)
