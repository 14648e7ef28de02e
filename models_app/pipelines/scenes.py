"""Where one shot ends and the next begins: from the colours of the sampled frames, and the key frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models_app.pipelines.frames import Image

GRID = 12  # cells across and down in which the picture is compared
BINS = 6  # of each colour
COLOURS_DIFFER = 0.35  # share of the picture whose colour is another; a person who moves changes less
PLACES_DIFFER = 0.10  # mean difference of the cells, of 1; a caption that appears changes less
BLACK = 14.0  # mean of 0 to 255
SHORTEST = 0.5  # seconds
ENCODER_NOISE = 2.0  # mean of 0 to 255 in the cell that differs most


@dataclass(slots=True)
class SceneCutter:
    """Takes one sampled frame after the other."""

    cuts: list[tuple[float, float]] = field(default_factory=list)  # seconds between which a shot ends
    n_black: int = 0
    n_samples: int = 0
    is_still: bool = True  # nothing moved so far
    _last: tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float64]] | None = None

    def add(self, image: Image, *, seconds: float) -> None:
        """The next sample."""
        cells, colours = _cells(image), _colours(image)
        self.n_samples += 1
        self.n_black += bool(cells.mean() < BLACK)
        if self._last is not None:
            before, old_cells, old_colours = self._last
            moved = np.abs(cells - old_cells)
            self.is_still = self.is_still and bool(moved.max() < ENCODER_NOISE)
            differ = 1 - np.minimum(colours, old_colours).sum()
            if differ > COLOURS_DIFFER and moved.mean() / 255 > PLACES_DIFFER:
                self.cuts.append((before, seconds))
        self._last = (seconds, cells, colours)


def scene_starts(
    cuts: Sequence[tuple[float, float]], *, keys: Sequence[float], seconds: float
) -> list[float]:
    """Seconds at which scenes begin, the first at 0; what flashes up at the very end is no scene.

    Encoders put a key frame where the picture changes: the only one between two samples tells the moment;
    without it, it is the middle.
    """
    starts = [0.0]
    for before, after in cuts:
        between = [key for key in keys if before < key <= after]
        starts.append(between[0] if len(between) == 1 else (before + after) / 2)
    return [start for start in starts if not start or seconds - start >= SHORTEST]


def _cells(image: Image) -> npt.NDArray[np.float32]:
    """Mean colour in each cell of a grid, shape (GRID, GRID, 3)."""
    import cv2

    return np.asarray(cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _colours(image: Image) -> npt.NDArray[np.float64]:
    """Share of the picture in each bin of colour; sums to 1."""
    import cv2

    small = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA)
    counts = cv2.calcHist([small], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    blurred = cv2.GaussianBlur(counts.reshape(BINS, -1), (3, 3), 0)  # light that changes a little is no cut
    return np.asarray(blurred.ravel() / blurred.sum(), dtype=np.float64)
