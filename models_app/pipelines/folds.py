"""Folds: which videos are held out together. Leakage through a creator's other videos is prevented here."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def assign_folds(counts: npt.NDArray[np.int_], *, n_folds: int, seed: int) -> npt.NDArray[np.int_]:
    """Fold of each creator, balancing column totals; a creator never spans two folds.

    Greedy: creators who carry the rarest label come first, those with most of it before the others; each goes
    to the fold that is least loaded in what the creator carries. Balanced is every column: a caller who wants
    folds of equal size gives the number of videos as one more column.

    Parameters
    ----------
    counts : array of int, shape (n_creators, n_columns)
        How often each creator's videos carry each label; no negative ones. Rows of zeros are allowed.
    n_folds : int
        From 2 to n_creators; otherwise ValueError.
    seed : int
        Decides between creators and between folds that are alike.

    Returns
    -------
    array of int, shape (n_creators,)
        In range(n_folds); no fold is empty.
    """
    counts = np.asarray(counts, dtype=np.int64)
    n_creators = len(counts)
    if not 2 <= n_folds <= n_creators:
        raise ValueError(f"{n_folds} folds cannot be made of {n_creators} creators.")
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_creators)
    shuffled = counts[order]
    total = shuffled.sum(axis=0)
    weight = np.divide(1.0, total, out=np.zeros(len(total)), where=total > 0)
    load = np.zeros((n_folds, counts.shape[1]))
    size = np.zeros(n_folds, dtype=np.int64)
    fold = np.empty(n_creators, dtype=np.int64)
    for n_done, row in enumerate(_rarest_first(shuffled)):
        # chi-square distance to equal folds grows by this much, but for what is the same for every fold
        cost = load @ (shuffled[row] * weight)
        if n_creators - n_done <= (size == 0).sum():
            cost[size > 0] = np.inf  # one creator left for each empty fold
        best = np.lexsort((rng.random(n_folds), size, cost))[0]
        fold[order[row]] = best
        load[best] += shuffled[row]
        size[best] += 1
    return fold


def fold_videos(
    creators: Sequence[int], gold: Sequence[Sequence[int] | None], *, n_folds: int, seed: int
) -> list[int]:
    """Fold of each video, all of a creator's in one; balanced in labels, in videos and in videos with gold.

    creators: one number a video; gold: its stances in the order of the values, None where it has none.
    ValueError if there are fewer creators than folds. To ungroup, give every video a number of its own.
    """
    names, creator_of = np.unique(np.asarray(creators, dtype=np.int64), return_inverse=True)
    n_values = next((len(stances) for stances in gold if stances is not None), 0)
    has_gold = np.array([stances is not None for stances in gold], dtype=bool)
    stances = np.array([row if row is not None else [0] * n_values for row in gold], dtype=np.int64)
    stances = stances.reshape(len(creator_of), n_values)
    columns = [stances >= 1, stances == -1, has_gold[:, None], np.ones((len(creator_of), 1), dtype=bool)]
    counts = np.zeros((len(names), 2 * n_values + 2), dtype=np.int64)
    np.add.at(counts, creator_of, np.hstack(columns))
    fold: list[int] = assign_folds(counts, n_folds=n_folds, seed=seed)[creator_of].tolist()
    return fold


def _rarest_first(counts: npt.NDArray[np.int64]) -> list[int]:
    """Rows in order of assignment: of the label with fewest left, the row with most of it."""
    left = counts.sum(axis=0)
    is_open = np.ones(len(counts), dtype=bool)
    order = []
    while left.any():
        label = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        row = int(np.argmax(np.where(is_open, counts[:, label], -1)))
        order.append(row)
        is_open[row] = False
        left = left - counts[row]
    return order + np.flatnonzero(is_open).tolist()
