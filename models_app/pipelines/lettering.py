"""Lines of text in a frame, by RapidOCR; what stood in the frame before is not looked for or read again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models_app.pipelines.boxes import FRAME, Box
from models_app.pipelines.frames import SMALL_SIDE, Image, Sample
from models_app.pipelines.standing import are_letters_unchanged, is_unchanged
from models_app.pipelines.strokes import (
    Blocks,
    Grey,
    blocks_in,
    changed_blocks,
    grey_of,
    pixels_of,
    regions,
    stroked_blocks,
)

SAME_PLACE = 0.6  # intersection over union of two boxes
TRUSTED = 0.97  # below: another background may help to read the line better
LOOK_AGAIN = 15  # frames that changed, after which the whole of one is looked through whatever it shows
UNSURE = 0.85  # below: what was taken for one line may be two that touch, as in a title's lettering
TALL = 0.25  # height over width, at least, of two short lines taken for one
LEAST_HALF = 3  # letters that each of the two must have


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, and how sure its reader is, in [0, 1]."""

    text: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line was read, or nothing in what looked like one, and in which frame."""

    box: Box
    lines: tuple[Line, ...]
    image: Image

    def is_at(self, box: Box, image: Image) -> bool:
        """Whether it is what was found in the box in another frame."""
        return self.box.overlap(box) >= SAME_PLACE and self.stands_in(image, self.box.around(box))

    def moved_to(self, box: Box) -> "_Place":
        """As it was read, where it was found now."""
        if len(self.lines) != 1:
            return self  # nothing, or two lines that touch
        return replace(self, box=box, lines=(replace(self.lines[0], box=box),))

    def stands_in(self, image: Image, box: Box) -> bool:
        """Whether what is in the box would be read alike in another frame."""
        if is_unchanged(self.image, image, box):
            return True
        is_sure = bool(self.lines) and all(line.score >= TRUSTED for line in self.lines)
        return is_sure and are_letters_unchanged(self.image, image, box)


class LetteringReader:
    """Keeps the model from one video to the next, and within a video what was read last."""

    def __init__(self) -> None:
        self._engine: Any = None
        self.forget()

    def forget(self) -> None:
        """A new video begins."""
        self._grey: Grey | None = None  # each block as it was when it was last looked through
        self._places: list[_Place] = []
        self._n_since_whole = 0

    def read(self, sample: Sample) -> list[Line]:
        """The lines of a frame, from top to bottom."""
        image, grey = sample.image, grey_of(sample.small)
        if self._grey is None or self._grey.shape != grey.shape:
            self._grey, self._places = grey, self._look([FRAME], image, [])
            return self._lines()
        changed = changed_blocks(self._grey, grey)
        if changed.any():
            self._follow(image, self._grey, grey, changed)
        return self._lines()

    def _lines(self) -> list[Line]:
        return [line for place in self._places for line in place.lines]

    def _follow(self, image: Image, before: Grey, grey: Grey, changed: Blocks) -> None:
        """Look through what may hold new lines, and keep the others."""
        standing = [place for place in self._places if place.stands_in(image, place.box)]
        for place in self._places:
            if place not in standing:
                changed = changed | blocks_in(place.box, grey)
        new = changed & stroked_blocks(grey, without=[place.box for place in standing])
        self._n_since_whole += 1
        parts = [FRAME]
        if self._n_since_whole < LOOK_AGAIN:
            parts = regions(new, grey, uncut=[place.box for place in self._places])
        if parts == [FRAME]:
            self._n_since_whole = 0
        apart = [place for place in standing if not any(place.box.common(part) for part in parts)]
        found = self._look(parts, image, standing)
        self._places = sorted(apart + found, key=lambda place: (place.box.top, place.box.left))
        self._grey = np.where(pixels_of(changed, grey), grey, before)

    def _look(self, parts: Sequence[Box], image: Image, standing: Sequence[_Place]) -> list[_Place]:
        """The places in parts of a frame; those that still stand are not read again."""
        found = []
        for part in parts:
            for corners in self._find(part, image):
                box = Box.of_corners(corners, image.shape)
                known = max(standing, key=lambda place: place.box.overlap(box), default=None)
                if known is not None and known.is_at(box, image):
                    found.append(known.moved_to(box))
                else:
                    found.append(_Place(box, self._spell(corners, box, image), image))
        return found

    def _find(self, part: Box, image: Image) -> list[npt.NDArray[np.float32]]:
        """Corners of what looks like lines, in the pixels of the whole frame."""
        self._engine = self._engine or load_rapidocr()
        pixels = part.part_of(image)
        height, width = image.shape[:2]
        scale = min(1.0, SMALL_SIDE / max(height, width))
        self._engine.text_det.limit_side_len = max(1, round(scale * max(pixels.shape[:2])))
        found = self._engine(np.ascontiguousarray(pixels), use_det=True, use_cls=False, use_rec=False)
        corner = np.array([int(part.left * width), int(part.top * height)], np.float32)
        boxes = getattr(found, "boxes", None)
        return [] if boxes is None else [box + corner for box in boxes]

    def _spell(self, corners: npt.NDArray[np.float32], box: Box, image: Image) -> tuple[Line, ...]:
        """The line in the box, or the two that touch in it; nothing if no letter is made out."""
        from rapidocr.utils.process_img import get_rotate_crop_image

        crop = get_rotate_crop_image(image, np.array(corners, dtype=np.float32))
        line = self._recognise(crop, box)
        height, width = crop.shape[:2]
        if line.score < UNSURE and TALL <= height / width <= 1:
            middle = (box.top + box.bottom) / 2
            upper = self._recognise(np.ascontiguousarray(crop[: height // 2]), replace(box, bottom=middle))
            lower = self._recognise(np.ascontiguousarray(crop[height // 2 :]), replace(box, top=middle))
            if _is_readable(upper) and _is_readable(lower):
                return upper, lower
        return (line,) if line.text else ()

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

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # text upside down is rare, and asking costs for every line
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": SMALL_SIDE,
        }
    )
    engine(np.zeros((64, 64, 3), np.uint8), use_det=True, use_cls=False, use_rec=False)  # loads the detector
    return engine
