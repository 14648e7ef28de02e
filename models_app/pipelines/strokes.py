"""Where in a frame lettering may have come: cheap to tell, so that the detector looks nowhere else.

Letters are strokes: edges close together. Where a frame is as it was, or smooth, no letters have come.
"""

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from models_app.pipelines.boxes import FRAME, Box
from models_app.pipelines.frames import Image

BLOCK = 12  # pixels; a letter that changes fills a block
CHANGE = 5.0  # mean of 0 to 255 in a block; below: noise of the encoder
STROKE = (
    9  # least difference between neighbours, of 0 to 255; lettering that fades in is read from about there
)
LEAST_STROKES = 8  # pixels in a block
BESIDE = 0.25  # of a line's height: its outline and shadow
CONTEXT = 3  # blocks around what changed, which the detector sees as well
STEP = 32  # pixels; the detector's pictures are multiples of it
WHOLE = 0.6  # of the frame's area: as well look at all of it

Grey = npt.NDArray[np.uint8]
Blocks = npt.NDArray[np.bool_]


def grey_of(small: Image) -> Grey:
    """Without its colours."""
    import cv2

    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def changed_blocks(before: Grey, after: Grey) -> Blocks:
    """Which blocks differ, in two frames of one size."""
    import cv2

    return _sums(np.asarray(cv2.absdiff(before, after), dtype=np.uint8)) >= CHANGE * BLOCK * BLOCK


def stroked_blocks(grey: Grey, *, without: Sequence[Box] = ()) -> Blocks:
    """Which blocks hold what may be letters, those in the boxes aside."""
    import cv2

    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strokes = np.where(edges >= STROKE, np.uint8(1), np.uint8(0))
    ratio = grey.shape[0] / grey.shape[1]
    for box in without:
        box.grown(BESIDE * box.height * ratio, BESIDE * box.height).part_of(strokes)[:] = 0
    return _sums(strokes) >= LEAST_STROKES


def blocks_in(box: Box, grey: Grey) -> Blocks:
    """Which blocks the box touches."""
    height, width = grey.shape
    inside = np.zeros((math.ceil(height / BLOCK), math.ceil(width / BLOCK)), np.bool_)
    top, bottom = int(box.top * height / BLOCK), math.ceil(box.bottom * height / BLOCK)
    inside[top:bottom, int(box.left * width / BLOCK) : math.ceil(box.right * width / BLOCK)] = True
    return inside


def pixels_of(blocks: Blocks, grey: Grey) -> Blocks:
    """The blocks as a mask of the frame's pixels."""
    height, width = grey.shape
    return blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:height, :width]


def regions(blocks: Blocks, grey: Grey, *, uncut: Sequence[Box]) -> list[Box]:
    """Parts of the frame that hold the blocks with some context, and cut through no box of ``uncut``."""
    found: list[Box] = []
    for band in _bands(blocks):
        region = _widened(band, grey, uncut)
        while touched := [other for other in found if other.common(region)]:
            found = [other for other in found if other not in touched]
            region = _widened(reduce(Box.around, touched, region), grey, uncut)
        found.append(region)
    return found if sum(region.area for region in found) < WHOLE else [FRAME]


def _bands(blocks: Blocks) -> list[Box]:
    """Boxes around rows of blocks that are close together: text runs across."""
    height, width = blocks.shape
    rows = np.flatnonzero(blocks.any(axis=1))
    bands = []
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > 2 * CONTEXT) + 1):
        if not len(part):
            continue
        top, bottom = int(part[0]), int(part[-1]) + 1
        columns = np.flatnonzero(blocks[top:bottom].any(axis=0))
        left, right = int(columns[0]), int(columns[-1]) + 1
        around = Box(left / width, top / height, right / width, bottom / height)
        bands.append(around.grown(CONTEXT / width, CONTEXT / height))
    return bands


def _widened(region: Box, grey: Grey, uncut: Sequence[Box]) -> Box:
    """Until it holds every box that it touches, and the detector need not stretch it."""
    context = CONTEXT * BLOCK / grey.shape[1], CONTEXT * BLOCK / grey.shape[0]
    while True:
        touched = [box for box in uncut if box.common(region)]
        wider = _snapped(reduce(lambda all_, box: all_.around(box.grown(*context)), touched, region), grey)
        if wider == region:
            return region
        region = wider


def _snapped(region: Box, grey: Grey) -> Box:
    height, width = grey.shape
    left, right = _stepped(region.left, region.right, width)
    top, bottom = _stepped(region.top, region.bottom, height)
    return Box(left, top, right, bottom)


def _stepped(start: float, end: float, size: int) -> tuple[float, float]:
    """A stretch around this one whose pixels are a multiple of STEP, if the frame has as many."""
    n_steps = math.ceil(round((end - start) * size / STEP, 6))
    if n_steps * STEP >= size:
        return 0.0, 1.0
    length = n_steps * STEP / size
    start = min(max(0.0, (start + end - length) / 2), 1.0 - length)
    return start, start + length


def _sums(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Over each block; the last row and column are filled up with nothing."""
    height, width = (math.ceil(side / BLOCK) * BLOCK for side in picture.shape)
    full = np.zeros((height, width), np.uint8)
    full[: picture.shape[0], : picture.shape[1]] = picture
    blocks = full.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return np.asarray(blocks.sum(axis=(1, 3), dtype=np.int64))
