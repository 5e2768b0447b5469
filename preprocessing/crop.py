"""From a picture and a silhouette to the network's input: a square, person-centred, grey crop with background zero.

The steps, each a pure function:

1. `square_around`: the square whose centre is the centre of the silhouette's box and whose side is `margin` times the
   box's longer side, in whole pixels, a multiple of 4. It may reach beyond the picture; nothing is stretched.
2. `crop_person`: the silhouette's pixels, grey, on a square of zeros. Pixels off the silhouette or outside the picture
   are zero. The silhouette's edge is left hard: shrinking softens it by the same area weights as everything else.
3. The square is resized to 128 x 128, by area weights when it shrinks, linearly when it grows.

Joints go through `h36m_pose.data.dataset.frame_to_crop` with the same square, which is exactly what step 3 does to the
pixels.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.data.dataset import CROP_PX
from preprocessing.masks import Box

Square = tuple[int, int, int]
"""Left edge, top edge and side, in whole pixels of the picture."""


def square_around(box: Box, margin: float) -> Square:
    """The square crop of a silhouette's box; its side is a multiple of 4, see `crop_person`.

    Args:
        box: left, top, width, height.
        margin: side of the square over the longer side of the box.
    """
    left, top, width, height = box
    side = 4 * int(np.ceil(margin * max(width, height) / 4))
    return round(left + (width - side) / 2), round(top + (height - side) / 2), side


def grey_levels(full_range: bool) -> UInt8[ndarray, "256"]:
    """What each value of luma is in grey, 0 to 255; most videos keep luma between 16 and 235."""
    luma = np.arange(256.0)
    grey = luma if full_range else (luma - 16) * (255 / 219)
    return np.rint(np.clip(grey, 0, 255)).astype(np.uint8)


def crop_person(
    luma: UInt8[ndarray, "height width"],
    levels: UInt8[ndarray, "256"],
    mask: UInt8[ndarray, "rows columns"],
    box: Box,
    square: Square,
) -> UInt8[ndarray, "128 128"]:
    """Cuts the person out of a picture and scales the square to the network's input.

    Args:
        luma: of the whole picture.
        levels: grey of each value of luma.
        mask: 1 on the person, 0 elsewhere, cut to `box`.
        box: where the mask lies in the picture: left, top, width, height.
        square: left, top, side of the crop in the picture; the box lies within it.
    """
    left, top, width, height = box
    person = cv2.LUT(luma[top : top + height, left : left + width], levels) * mask
    x, y, side = left - square[0], top - square[1], square[2]
    way, first, last = cv2.INTER_LINEAR, 0, 4
    if side >= CROP_PX:
        # A quarter of the square becomes a quarter of the crop, pixel for pixel, so that empty quarters need no work.
        way, first, last = cv2.INTER_AREA, 4 * x // side, -(-4 * (x + width) // side)
    canvas = np.zeros((side, (last - first) * side // 4), np.uint8)
    x -= first * side // 4
    canvas[y : y + height, x : x + width] = person
    crop = np.zeros((CROP_PX, CROP_PX), np.uint8)
    quarters = crop[:, first * CROP_PX // 4 : last * CROP_PX // 4]
    quarters[:] = cv2.resize(canvas, (quarters.shape[1], CROP_PX), interpolation=way)
    return crop


def box_of_joints(joints_px: Float[ndarray, "joints 2"], growth: float, width_px: int, height_px: int) -> Box:
    """The box of the 2D joints, grown, as far as it lies in the picture; at least 2 x 2 px at its rim.

    Args:
        joints_px: in the picture.
        growth: by how much width and height grow, 0.2 for 20 %.
        width_px: columns of the picture.
        height_px: rows of the picture.
    """
    low, high = joints_px.min(axis=0), joints_px.max(axis=0)
    reach = (high - low) * growth / 2
    size = np.array([width_px, height_px])
    left, top = np.clip(np.floor(low - reach + 0.5), 0, size - 2).astype(int)
    right, bottom = np.clip(np.ceil(high + reach + 0.5), (left + 2, top + 2), size).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)
