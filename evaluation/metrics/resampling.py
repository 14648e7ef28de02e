"""Drawing clusters again: the weights that every bootstrap here multiplies its sums with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

MAX_NUMBERS = 4_000_000  # in one block of weights or of resampled sums: 32 MB


def resample_weights(
    n_clusters: int, *, n_resamples: int, seed: int, n_sums: int = 1
) -> Iterator[npt.NDArray[np.float64]]:
    """How often each cluster is drawn in each resample, shape (block, n_clusters), block after block.

    Each resample draws `n_clusters` clusters with replacement; the same seed gives the same draws, however
    they are cut into blocks. `n_sums`: how many sums each resample will have, so that blocks keep these
    small too.
    """
    rng = np.random.default_rng(seed)
    block = max(1, MAX_NUMBERS // max(n_clusters, n_sums))
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = rng.integers(0, n_clusters, size=(size, n_clusters))
        drawn += np.arange(size)[:, None] * n_clusters
        weights = np.bincount(drawn.ravel(), minlength=size * n_clusters)
        yield weights.reshape(size, n_clusters).astype(np.float64)


def check_n_resamples(n_resamples: int) -> int:
    """Return the number of resamples; ValueError unless it is a whole number of at least 2."""
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, int) or n_resamples < 2:
        raise ValueError(f"n_resamples must be a whole number of at least 2, not {n_resamples!r}")
    return n_resamples
