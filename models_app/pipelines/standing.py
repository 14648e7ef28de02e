"""Whether a line that was read still stands: by its letters, though the picture behind them may move."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models_app.pipelines.boxes import Box
from models_app.pipelines.frames import Image

LINE_HEIGHT = 32  # pixels to which a line is scaled before it is compared
BLOCK = 8  # pixels; a letter that changes fills a block
CHANGE = 14.0  # mean of 0 to 255 in a block
EXTREMES = (3, 97)  # per cent of a line's pixels; letters or what frames them lie beyond
LEAST_CONTRAST = 60  # between the two, of 0 to 255
SURELY, BARELY = 0.25, 0.5  # of the contrast, from the extreme: within is a letter, beyond is none
CHANGED_PIXELS = 3  # in a block; what tells an E from an F in small print is more
WIDEST_GAP = 0.8  # of the height, between letters: a wide space

Strip = npt.NDArray[np.float32]


def is_unchanged(before: Image, after: Image, box: Box) -> bool:
    """Whether all pixels in the box are as they were."""
    first, second = _strip(before, box), _strip(after, box)
    return first.shape == second.shape and _worst_block(np.abs(first - second)) < CHANGE


def are_letters_unchanged(before: Image, after: Image, box: Box) -> bool:
    """Whether the lightest or the darkest pixels, if all letters show in them, are where they were.

    Captions are lighter or darker than what is behind them, or framed so, or they could not be read.
    """
    first, second = _strip(before, box), _strip(after, box)
    if first.shape != second.shape:
        return False
    return _is_shape_unchanged(first, second) or _is_shape_unchanged(255 - first, 255 - second)


def _is_shape_unchanged(before: Strip, after: Strip) -> bool:
    """Of the lightest pixels, which have to be as light as before."""
    first, second = _Lightest.of(before), _Lightest.of(after)
    contrast = min(first.contrast, second.contrast)
    if contrast < LEAST_CONTRAST or abs(first.level - second.level) > SURELY * contrast:
        return False
    if _widest_gap(np.asarray(first.surely.any(axis=0))) > WIDEST_GAP * LINE_HEIGHT:
        return False  # letters of another colour would go unnoticed
    differs = (first.surely & ~second.barely) | (second.surely & ~first.barely)
    return _worst_block(differs.astype(np.float32)) * BLOCK * BLOCK <= CHANGED_PIXELS


@dataclass(frozen=True, slots=True)
class _Lightest:
    """What the lightest pixels of a strip are."""

    level: float
    contrast: float  # to the darkest
    surely: npt.NDArray[np.bool_]
    barely: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, strip: Strip) -> "_Lightest":
        """By the strip's own extremes."""
        dark, light = map(float, np.percentile(strip, EXTREMES))
        contrast = light - dark
        return cls(light, contrast, strip >= light - SURELY * contrast, strip >= light - BARELY * contrast)


def _widest_gap(columns: npt.NDArray[np.bool_]) -> int:
    """The longest run of columns without a letter, the ends included."""
    filled = np.concatenate([[-1], np.flatnonzero(columns), [len(columns)]])
    return int(np.diff(filled).max()) - 1


def _strip(image: Image, box: Box) -> Strip:
    """A part of the frame in grey, of the height at which lines are compared."""
    import cv2

    part = box.part_of(image)
    across = max(BLOCK, min(1024, round(part.shape[1] * LINE_HEIGHT / part.shape[0])))
    shrunk = cv2.resize(part, (across, LINE_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY), dtype=np.float32)


def _worst_block(difference: Strip) -> float:
    """The largest mean of a block, wherever it lies."""
    import cv2

    means = cv2.blur(difference, (BLOCK, BLOCK), borderType=cv2.BORDER_REPLICATE)
    return float(means.max())
