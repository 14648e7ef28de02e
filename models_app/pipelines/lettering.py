"""Lines of text in a frame, by RapidOCR; what stood in the frame before is not read again."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models_app.pipelines.frames import Image

DETECT_SIDE = 512  # pixels of the long side in which lines are looked for; they are read at full size
SMALL_SIDE = 320  # in which two frames are compared
BLOCK = 8  # pixels; a letter that changes fills a block
FRAME_CHANGE = 5.0  # mean of 0 to 255 in a block; below: noise of the encoder
LINE_CHANGE = 14.0
LINE_HEIGHT = 32  # pixels to which a line is scaled before it is compared
SAME_PLACE = 0.6  # intersection over union of two boxes
UNSURE = 0.85  # below: what was taken for one line may be two that touch, as in a title's lettering
TALL = 0.25  # height over width, at least, of two short lines taken for one
LEAST_HALF = 3  # letters that each of the two must have


@dataclass(frozen=True, slots=True)
class Box:
    """Where something stands, upright; each in [0, 1] of the frame's width or height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    def overlap(self, other: "Box") -> float:
        """Intersection over union."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (self, other))
        return width * height / (areas - width * height)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, and how sure its reader is, in [0, 1]."""

    text: str
    score: float
    box: Box


class LetteringReader:
    """Keeps the model from one video to the next, and within a video what was read last."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._image: Image | None = None
        self._small: npt.NDArray[np.float32] | None = None
        self._lines: list[Line] = []

    def forget(self) -> None:
        """A new video begins."""
        self._image, self._small, self._lines = None, None, []

    def read(self, image: Image) -> list[Line]:
        """The lines of a frame, from top to bottom."""
        small = _small(image)
        if self._small is not None and _change(self._small, small) < FRAME_CHANGE:
            return self._lines
        lines = []
        for corners in self._find(image):
            box = _box(corners, image)
            known = self._known(box, image)
            lines += [known] if known else self._spell(corners, box, image)
        self._image, self._small, self._lines = image, small, [line for line in lines if line.text]
        return self._lines

    def _find(self, image: Image) -> list[npt.NDArray[np.float32]]:
        if self._engine is None:
            self._engine = load_rapidocr()
        boxes = getattr(self._engine(image, use_det=True, use_cls=False, use_rec=False), "boxes", None)
        return [] if boxes is None else list(boxes)

    def _known(self, box: Box, image: Image) -> Line | None:
        """The line read before in this place, if its pixels are still the same."""
        if self._image is None or self._image.shape != image.shape:
            return None
        line = max(self._lines, key=lambda line: line.box.overlap(box), default=None)
        if line is None or line.box.overlap(box) < SAME_PLACE:
            return None
        union = Box(
            min(box.left, line.box.left),
            min(box.top, line.box.top),
            max(box.right, line.box.right),
            max(box.bottom, line.box.bottom),
        )
        before, after = _strip(self._image, union), _strip(image, union)
        return replace(line, box=box) if _change(before, after) < LINE_CHANGE else None

    def _spell(self, corners: npt.NDArray[np.float32], box: Box, image: Image) -> list[Line]:
        """The line in the box, or the two that touch in it."""
        from rapidocr.utils.process_img import get_rotate_crop_image

        crop = get_rotate_crop_image(image, np.array(corners, dtype=np.float32))
        line = self._recognise(crop, box)
        height, width = crop.shape[:2]
        if line.score >= UNSURE or not TALL <= height / width <= 1:
            return [line]
        middle = (box.top + box.bottom) / 2
        halves = [
            self._recognise(np.ascontiguousarray(crop[: height // 2]), replace(box, bottom=middle)),
            self._recognise(np.ascontiguousarray(crop[height // 2 :]), replace(box, top=middle)),
        ]
        return halves if all(map(_is_readable, halves)) else [line]

    def _recognise(self, crop: Image, box: Box) -> Line:
        found = self._engine(crop, use_det=False, use_cls=False, use_rec=True)
        if not found.txts:
            return Line("", 0.0, box)
        return Line(" ".join(found.txts[0].split()), float(found.scores[0]), box)


def _is_readable(half: Line) -> bool:
    return half.score >= UNSURE and sum(map(str.isalnum, half.text)) >= LEAST_HALF


def load_rapidocr() -> Any:
    """The embedded PP-OCR on one core: speech recognition runs beside it."""
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # text upside down is rare, and asking costs for every line
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECT_SIDE,
        }
    )


def _box(corners: npt.NDArray[np.float32], image: Image) -> Box:
    height, width = image.shape[:2]
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Box(float(left) / width, float(top) / height, float(right) / width, float(bottom) / height)


def _small(image: Image) -> npt.NDArray[np.float32]:
    """In grey, small."""
    import cv2

    scale = min(1.0, SMALL_SIDE / max(image.shape[:2]))
    size = max(BLOCK, round(image.shape[1] * scale)), max(BLOCK, round(image.shape[0] * scale))
    shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY).astype(np.float32)


def _strip(image: Image, box: Box) -> npt.NDArray[np.float32]:
    """A part of the frame in grey, of the height at which lines are compared."""
    import cv2

    height, width = image.shape[:2]
    part = image[
        int(box.top * height) : max(int(box.top * height) + 1, round(box.bottom * height)),
        int(box.left * width) : max(int(box.left * width) + 1, round(box.right * width)),
    ]
    across = max(BLOCK, min(1024, round(part.shape[1] * LINE_HEIGHT / part.shape[0])))
    shrunk = cv2.resize(part, (across, LINE_HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY).astype(np.float32)


def _change(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> float:
    """The mean difference in the block that differs most."""
    if before.shape != after.shape:
        return np.inf
    difference = np.abs(before - after)
    height, width = (side - side % BLOCK for side in difference.shape)
    blocks = difference[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return float(blocks.mean(axis=(1, 3)).max(initial=0.0))
