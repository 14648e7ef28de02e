"""How fast scores are resampled beside a scikit-learn loop.

    python benchmarks/evaluation.py

10,000 resamples of 90 creators × 10 models × 38 labels on 888 simulated videos, on one core, from boolean
arrays in memory. scikit-learn does the same on a few resamples, one f1_score per model and resample; its time
for all of them is reckoned from these. Both take turns; medians are compared. Exit status 1 if the ratio
misses its floor.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # one core for everybody, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from sklearn.metrics import f1_score  # noqa: E402

from evaluation.metrics.classification import reported_labels, tally_videos  # noqa: E402
from evaluation.metrics.score_intervals import (  # noqa: E402
    Resampled,
    cluster_sums,
    resample_scores,
    spread_of,
)

N_VIDEOS, N_VALUES, N_CREATORS, N_MODELS = 888, 19, 90, 10
N_RESAMPLES = 10_000
LOOPED = 6  # resamples that scikit-learn is timed on
TURNS = 5
FLOOR = 500  # times as fast, at least


def simulated() -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Gold (n, V, 2), predictions of each model, creators (n,)."""
    rng = np.random.default_rng(7)
    gold = rng.random((N_VIDEOS, N_VALUES, 2)) < rng.uniform(0.01, 0.3, (N_VALUES, 2))
    models = [gold ^ (rng.random(gold.shape) < noise) for noise in np.linspace(0.02, 0.2, N_MODELS)]
    return gold, models, rng.integers(0, N_CREATORS, N_VIDEOS)


def ours(gold: np.ndarray, models: list[np.ndarray], creators: np.ndarray) -> Resampled:
    """Sums by creator, all resamples, intervals of the twelve figures of each model."""
    sums = [cluster_sums(tally_videos(gold, model), creators) for model in models]
    drawn = resample_scores(sums, reported=reported_labels(gold), n_resamples=N_RESAMPLES, seed=1)
    spread_of(drawn.figures)
    return drawn


def scikit_learn(gold: np.ndarray, models: list[np.ndarray], creators: np.ndarray) -> np.ndarray:
    """F1 of every label on the same draws, shape (LOOPED, models, labels)."""
    rng = np.random.default_rng(1)
    there = np.unique(creators)
    videos_of = [np.flatnonzero(creators == creator) for creator in there]
    found = []
    for drawn in rng.integers(0, len(there), size=(LOOPED, len(there))):
        videos = np.concatenate([videos_of[place] for place in drawn])
        truth = gold[videos].reshape(len(videos), -1)
        found.append(
            [
                f1_score(truth, model[videos].reshape(len(videos), -1), average=None, zero_division=np.nan)
                for model in models
            ]
        )
    return np.array(found)


def seconds(work: Callable[[], object]) -> float:
    """One run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    """Check that both say the same, then measure."""
    data = simulated()
    mine = ours(*data).f1[:LOOPED].reshape(LOOPED, N_MODELS, -1)
    np.testing.assert_allclose(mine, scikit_learn(*data), atol=1e-12)
    turns = [(seconds(lambda: ours(*data)), seconds(lambda: scikit_learn(*data))) for _turn in range(TURNS)]
    own = statistics.median(turn[0] for turn in turns)
    loop = statistics.median(turn[1] for turn in turns) / LOOPED * N_RESAMPLES
    size = f"{N_RESAMPLES:,} resamples × {N_MODELS} models × {2 * N_VALUES} labels"
    print(
        f"{size}: {own:.2f} s; a scikit-learn loop {loop:.0f} s (from {LOOPED} resamples); {loop / own:.0f} ×"
    )
    return 0 if loop / own >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
