"""Where something stands in a frame, whatever the frame's size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Box:
    """Upright; each side in [0, 1] of the frame's width or height."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def of_corners(cls, corners: npt.NDArray[np.float32], shape: tuple[int, ...]) -> "Box":
        """Around corners in pixels of a picture of that shape."""
        height, width = shape[:2]
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        return cls(float(left) / width, float(top) / height, float(right) / width, float(bottom) / height)

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Of the frame's, 1."""
        return (self.right - self.left) * (self.bottom - self.top)

    def common(self, other: "Box") -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def overlap(self, other: "Box") -> float:
        """Intersection over union."""
        common = self.common(other)
        return common / (self.area + other.area - common) if common else 0.0

    def around(self, other: "Box") -> "Box":
        """The smallest that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def grown(self, across: float, down: float) -> "Box":
        """Larger on every side, within the frame."""
        return Box(
            max(0.0, self.left - across),
            max(0.0, self.top - down),
            min(1.0, self.right + across),
            min(1.0, self.bottom + down),
        )

    def part_of(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture's pixels in the box, at least one; a view, not a copy."""
        height, width = picture.shape[:2]
        top, left = min(height - 1, int(self.top * height)), min(width - 1, int(self.left * width))
        return picture[
            top : max(top + 1, round(self.bottom * height)), left : max(left + 1, round(self.right * width))
        ]


FRAME = Box(0.0, 0.0, 1.0, 1.0)
