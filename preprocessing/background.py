"""Silhouettes where the release has none: what differs from the empty room, as the camera's own videos show it.

`plate_of` is the median over pictures spread over a view's video, each without the part around the 2D joints: the room
without the person. `subtract` compares a picture with it, around the 2D joints only, which are known for every frame:

1. Differences of luma and of both chromas; a pixel is foreground if either is large.
2. A shadow darkens the floor by a limited share and leaves its colour: such pixels are taken back, below the knees.
   Higher up nearly all of them are grey clothes before a lighter wall.
3. What is far from every line between two joints is not the person.
4. An opening removes grain, a closing joins what a belt or a shoe sole cut off, small holes are filled, and the largest
   part stays.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from h36m_pose.skeleton import EVALUATED, NAMES, PARENTS_32
from preprocessing.crop import box_of_joints
from preprocessing.masks import Box, Person, largest_component
from preprocessing.video import Picture

KNEES = EVALUATED[[NAMES.index("right knee"), NAMES.index("left knee")]]
"""Among the 32 recorded joints."""

LEAST_OVERLAP = 0.25
"""Of a silhouette's box and that of the joints, the share in both of what is in either. A person seen from the side,
arms down, has a joints' box half as wide as the silhouette."""

LEAST_FILLED = 0.12
"""Share of a silhouette's box that it fills; a person who strides with arms out fills a quarter."""


@dataclasses.dataclass(frozen=True)
class Subtraction:
    """Thresholds of `subtract`, in levels of the video (0 to 255) unless told otherwise.

    Attributes:
        luma: difference of luma that makes a pixel foreground.
        chroma: sum of both differences of chroma that does.
        shadow_floor: a shadow leaves at least this share of the plate's luma.
        shadow_chroma: a shadow changes the chromas by no more than this, summed.
        opening_px: diameter of the opening, for a person 400 px high.
        closing_px: diameter of the closing, for a person 400 px high.
        flesh: how far from the line between two joints the person may reach, twice, as a share of the person's height.
        reach: by how much the box of the 2D joints grows to the region that is compared, as a share of its size.
    """

    luma: int = 18
    chroma: int = 14
    shadow_floor: float = 0.55
    shadow_chroma: int = 14
    opening_px: int = 3
    closing_px: int = 13
    flesh: float = 0.18
    reach: float = 0.6


def plate_of(samples: Sequence[tuple[Picture, Box | None]]) -> Picture:
    """The room without the person: the median of each pixel over the pictures in which nobody stands there.

    Args:
        samples: pictures of one size, each with the box that the person is in. What lies in all of the boxes was never
            seen empty; there the room is taken to go on as it is on the left and on the right.
    """

    def plane(name: str, step: int) -> UInt8[ndarray, "rows columns"]:
        planes = [getattr(picture, name) for picture, _ in samples]
        boxes = [box and (box[0] // step, box[1] // step, box[2] // step, box[3] // step) for _, box in samples]
        return _median_outside(planes, boxes)

    return Picture(plane("luma", 1), plane("blue", 2), plane("red", 2), samples[0][0].full_range)


def _median_outside(
    planes: Sequence[UInt8[ndarray, "rows columns"]], boxes: Sequence[Box | None]
) -> UInt8[ndarray, "rows columns"]:
    """The median of each pixel over the planes whose box does not hold it."""
    # Where a plane does not count it becomes, in turn, the highest and the lowest value, which leaves the median of the
    # others in the middle. To begin with the highest makes the count right for the lower median that `_median` takes.
    filled = [plane.copy() for plane in planes]
    left_out = np.zeros(planes[0].shape, np.uint8)
    for plane, box in zip(filled, boxes, strict=True):
        if box:
            left, top, width, height = box
            place = np.s_[top : top + height + 1, left : left + width + 1]
            plane[place] = (left_out[place] & 1) - np.uint8(1)  # 255, 0, 255, ...
            left_out[place] += 1
    median = _median(filled)
    _continue_sideways(median, left_out == len(planes))
    return median


def _continue_sideways(plane: UInt8[ndarray, "rows columns"], gap: Bool[ndarray, "rows columns"]) -> None:
    """Fills a rectangular gap row by row, from its left neighbour to its right one: floors and walls lie that way."""
    left, top, width, height = cv2.boundingRect(gap.view(np.uint8))
    if width == 0 or width == plane.shape[1]:
        return
    before, after = max(left - 1, 0), min(left + width, plane.shape[1] - 1)
    if left == 0:
        before = after
    if left + width == plane.shape[1]:
        after = before
    rows = np.s_[top : top + height]
    share = np.arange(1, width + 1) / (width + 1)
    filled = plane[rows, before, None] * (1 - share) + plane[rows, after, None] * share
    plane[rows, left : left + width] = np.rint(filled)


def _median(planes: list[UInt8[ndarray, "rows columns"]]) -> UInt8[ndarray, "rows columns"]:
    """The lower median; sorts the planes in place, pair by pair, which takes a tenth of the time of np.median."""
    for start in range(len(planes)):
        for index in range(start % 2, len(planes) - 1, 2):
            low = np.minimum(planes[index], planes[index + 1])
            np.maximum(planes[index], planes[index + 1], out=planes[index + 1])
            planes[index] = low
    return planes[(len(planes) - 1) // 2]


def subtract(
    picture: Picture, plate: Picture, joints_px: Float[ndarray, "joints 2"], how: Subtraction
) -> Person | None:
    """The person's silhouette, cut out, and its box in the picture; None if what differs is not around the joints."""
    height, width = picture.luma.shape
    box = box_of_joints(joints_px, how.reach, width, height)
    left, top = box[0] // 2 * 2, box[1] // 2 * 2  # chroma has half the columns and rows
    right, bottom = min(box[0] + box[2] + 1, width) // 2 * 2, min(box[1] + box[3] + 1, height) // 2 * 2
    whole, half = np.s_[top:bottom, left:right], np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    chroma = cv2.add(cv2.absdiff(picture.blue[half], plate.blue[half]), cv2.absdiff(picture.red[half], plate.red[half]))
    chroma = cv2.blur(chroma, (3, 3))  # quantised coarsely by every codec
    chroma = cv2.resize(chroma, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    knee_row = int(joints_px[KNEES, 1].min()) - top
    foreground = _differs(picture.luma[whole], plate.luma[whole], np.asarray(chroma), knee_row, how)
    near = _near_bones(foreground.shape, joints_px - (left, top), how)
    person = largest_component(_clean(foreground & near, joints_px, how))
    if person is None:
        return None
    mask, (x, y, *size) = person
    found = mask, (left + x, top + y, size[0], size[1])
    return found if fits(found, joints_px) else None


def _differs(
    luma: UInt8[ndarray, "rows columns"],
    plate: UInt8[ndarray, "rows columns"],
    chroma: UInt8[ndarray, "rows columns"],
    knee_row: int,
    how: Subtraction,
) -> UInt8[ndarray, "rows columns"]:
    smooth = np.asarray(cv2.GaussianBlur(luma, (3, 3), 0), np.uint8)
    plate = np.asarray(cv2.GaussianBlur(plate, (3, 3), 0), np.uint8)
    different = (cv2.absdiff(smooth, plate) > how.luma) | (chroma > how.chroma)
    shadow = (smooth < plate) & (smooth > plate * how.shadow_floor) & (chroma < how.shadow_chroma)
    shadow[: max(knee_row, 0)] = False
    return (different & ~shadow).astype(np.uint8)


def _near_bones(
    shape: tuple[int, ...], joints_px: Float[ndarray, "joints 2"], how: Subtraction
) -> UInt8[ndarray, "rows columns"]:
    near = np.zeros(shape, np.uint8)
    width = max(1, round(how.flesh * np.ptp(joints_px[:, 1])))
    points = np.rint(joints_px).astype(int).tolist()
    for joint, parent in enumerate(PARENTS_32):
        cv2.line(near, points[joint], points[max(parent, 0)], 1, width)
    return near


def _clean(
    foreground: UInt8[ndarray, "rows columns"], joints_px: Float[ndarray, "joints 2"], how: Subtraction
) -> UInt8[ndarray, "rows columns"]:
    scale = np.ptp(joints_px[:, 1]) / 400

    def disc(diameter: float) -> ndarray:
        size = max(1, round(diameter * scale)) | 1
        return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))

    opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, disc(how.opening_px))
    closed = np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc(how.closing_px)), np.uint8)
    outlines, _ = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    holes = [outline for outline in outlines if cv2.contourArea(outline) < (12 * scale) ** 2]
    cv2.drawContours(closed, holes, -1, 1, cv2.FILLED)
    return closed


def fits(person: Person, joints_px: Float[ndarray, "joints 2"]) -> bool:
    """Whether a silhouette can be that of these joints: its box is much like theirs, and it is not a mere sliver."""
    mask, box = person
    return box_fits(box, cv2.countNonZero(mask), joints_px)


def box_fits(box: Box, filled: int, joints_px: Float[ndarray, "joints 2"]) -> bool:
    """The same for a silhouette of which the box and the number of its pixels are known."""
    return overlap(box, joints_px) > LEAST_OVERLAP and filled > LEAST_FILLED * box[2] * box[3]


def overlap(box: Box, joints_px: Float[ndarray, "joints 2"]) -> float:
    """Of a silhouette's box and that of the joints, the share in both of what is in either: 1 if they are the same."""
    left, top, width, height = box
    (low_x, low_y), (high_x, high_y) = joints_px.min(axis=0).tolist(), joints_px.max(axis=0).tolist()
    across = min(high_x, left + width) - max(low_x, left)
    down = min(high_y, top + height) - max(low_y, top)
    common = max(across, 0) * max(down, 0)
    return common / (width * height + (high_x - low_x) * (high_y - low_y) - common)


def intersection_over_union(one: Person | None, other: Person) -> float:
    """How well two silhouettes of a picture agree: pixels in both over pixels in either; 0 if one is None."""
    if one is None:
        return 0.0
    (a, (ax, ay, aw, ah)), (b, (bx, by, bw, bh)) = one, other
    left, top = max(ax, bx), max(ay, by)
    right, bottom = max(left, min(ax + aw, bx + bw)), max(top, min(ay + ah, by + bh))
    both = a[top - ay : bottom - ay, left - ax : right - ax] & b[top - by : bottom - by, left - bx : right - bx]
    common = int(both.sum())
    return common / (int(a.sum()) + int(b.sum()) - common)
