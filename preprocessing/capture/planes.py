"""Pictures as video encoders take them (I420): one plane of brightness and two of colour at half the size.

The studio keeps its empty rooms and its noise in this form, so that a frame costs little more than its moving part.
"""

import dataclasses

import cv2
import numpy as np
from numpy import ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Planes:
    """A picture of even width and height. The three planes look into `data`: writing into one changes it.

    Attributes:
        data: (1.5 H, W) uint8, contiguous: all brightness, then all of each colour.
        planes: (H, W), (H / 2, W / 2) and (H / 2, W / 2) uint8: brightness, blue and red difference.
    """

    data: ndarray
    planes: tuple[ndarray, ndarray, ndarray]

    @classmethod
    def over(cls, data: ndarray) -> "Planes":
        """The planes of what OpenCV calls YUV_I420."""
        rows, wide = data.shape
        high = rows * 2 // 3
        flat, size = data.reshape(-1), high * wide
        colours = (flat[size + part * size // 4 : size + (part + 1) * size // 4] for part in range(2))
        first, second = (colour.reshape(high // 2, wide // 2) for colour in colours)
        return cls(data, (data[:high], first, second))

    @classmethod
    def of(cls, image_bgr: ndarray) -> "Planes":
        """The planes of a picture (H, W, 3) uint8 blue, green, red."""
        return cls.over(np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420), np.uint8))

    @classmethod
    def empty(cls, height_px: int, width_px: int) -> "Planes":
        """Room for a picture."""
        return cls.over(np.empty((height_px * 3 // 2, width_px), np.uint8))

    def image(self) -> ndarray:
        """The picture as (H, W, 3) uint8 blue, green, red."""
        return cv2.cvtColor(self.data, cv2.COLOR_YUV2BGR_I420)

    def part(self, left: int, top: int, right: int, bottom: int) -> tuple[ndarray, ndarray, ndarray]:
        """The planes inside a box of even numbers (right and bottom are past the end)."""
        half = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        return self.planes[0][top:bottom, left:right], self.planes[1][half], self.planes[2][half]


class SensorNoise:
    """A sheet of sensor noise, larger than any picture, from which every exposure takes another part.

    Noise is drawn in blue, green and red, partly alike, and a little coarse, as demosaicing leaves it.

    Args:
        height_px: of the largest picture.
        width_px: of the largest picture.
        deviation: standard deviation in grey levels.
        seed: of the sheet.
    """

    BIAS = 12
    """Levels by which noise is raised, and what it is added to must be lowered: both then fit in unsigned bytes."""
    LOWER = np.full((4, 1), BIAS, np.float64)
    """The same as OpenCV's scalar."""
    _SLACK_PX = 96

    def __init__(self, height_px: int, width_px: int, deviation: float, seed: int):
        random = np.random.default_rng(seed)
        high, wide = height_px + self._SLACK_PX, width_px + self._SLACK_PX
        grey = random.standard_normal((high, wide, 1), dtype=np.float32)
        colour = random.standard_normal((high, wide, 3), dtype=np.float32)
        mixed = cv2.GaussianBlur(0.75 * grey + 0.65 * colour, (0, 0), 0.55)
        middle = 128
        bright = np.clip(np.rint(mixed * (deviation / mixed.std()) + middle), 0, 255).astype(np.uint8)
        still = Planes.of(np.full((2, 2, 3), middle, np.uint8))
        self._sheet = Planes.of(bright)
        for plane, level in zip(self._sheet.planes, still.planes, strict=True):
            np.clip(plane, level[0, 0] - self.BIAS, level[0, 0] + self.BIAS, out=plane)
            plane -= level[0, 0] - self.BIAS

    def draw(self, random: np.random.Generator, height_px: int, width_px: int) -> tuple[ndarray, ndarray, ndarray]:
        """The three planes of one exposure's noise, raised by `BIAS`."""
        left, top = 2 * random.integers(0, self._SLACK_PX // 2, 2)
        return self._sheet.part(left, top, left + width_px, top + height_px)
