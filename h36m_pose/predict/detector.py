"""Silhouettes where no plate is to be had: OpenCV's people detector finds boxes, GrabCut cuts the person out of them.

The detector is HOG with a linear SVM (Dalal & Triggs, CVPR 2005), as OpenCV brings it along: it knows people who are
upright, whole and at least 128 pixels high in what it looks at. GrabCut (Rother, Kolmogorov & Blake, SIGGRAPH 2004)
starts from the shape of somebody upright and learns both sides' colours from the picture itself.
"""

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.predict.footage import Shot
from h36m_pose.predict.tracks import Box, overlap
from preprocessing.masks import Person, largest_component
from preprocessing.video import Picture

LOOK_S = 0.2
"""Between two looks of the detector; the box goes evenly in between."""

_FEW_FRAMES = 60
"""So many are all looked at."""

_DETECT_PX = 560
"""Longer side of the pictures that the detector looks at."""

_PADDING = 0.12
"""Of the picture, repeated around it: the detector wants room around a person."""

_LEAST_WEIGHT = 0.25
_SAME = 0.4
_PERSON_IN_WINDOW = (0.62, 0.82)
"""Width and height of a person in the detector's window, 64x128 with 16 pixels around a person 96 high."""

_CUT_HEIGHT_PX = 192
"""Height of a box that GrabCut works on."""

_ROUNDS = 2
_AROUND = 0.3
"""Of the box's sides: how far around it GrabCut sees what is surely not the person."""

_RIM_PX = 5
_ABOVE_SHADOWS = 0.85
"""Of a rough silhouette: how thick its rim is, twice, and from where on down shadows may be part of it."""

_LEAST_SHARE, _MOST_SHARE = 0.12, 0.85
"""Of the box that a silhouette may fill; else GrabCut took all or nothing."""


class DetectedSilhouettes:
    """What the detector finds.

    Attributes:
        words: how silhouettes are found.
        every: frames between two looks.
    """

    def __init__(self, fps: float, frames: int):
        self.every = max(1, round(LOOK_S * fps)) if frames > _FEW_FRAMES else 1
        often = "every frame" if self.every == 1 else f"one of {self.every} frames"
        self.words = f"OpenCV's HOG people detector on {often}, cut out by GrabCut"

    def candidates(self, shot: Shot) -> list[Box]:
        """Boxes of people."""
        return [box for box, _ in detect(shot.picture)]

    def silhouette(self, shot: Shot, box: Box) -> Person | None:
        """What GrabCut takes for the person in a box; None if it takes nearly all or nearly nothing."""
        return cut_out(shot.picture, box)


def detect(picture: Picture) -> list[tuple[Box, float]]:
    """People with the detector's weight for each, largest weight first; boxes fit the person, not the window."""
    height, width = picture.luma.shape
    scale = min(1.0, _DETECT_PX / max(height, width))
    small = cv2.resize(picture.luma, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    pad = round(_PADDING * max(small.shape))
    padded = cv2.copyMakeBorder(small, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    if padded.shape[0] < 128 or padded.shape[1] < 64:
        return []
    windows, weights = _detector().detectMultiScale(padded, winStride=(8, 8), padding=(0, 0), scale=1.06)
    found = [
        (_person_in(np.asarray(window), pad, scale, width, height), float(weight))
        for window, weight in zip(windows, np.ravel(weights), strict=True)
        if weight >= _LEAST_WEIGHT
    ]
    kept: list[tuple[Box, float]] = []
    for box, weight in sorted(found, key=lambda pair: -pair[1]):
        if box[2] > 0 and box[3] > 0 and all(overlap(box, other) < _SAME for other, _ in kept):
            kept.append((box, weight))
    return kept


def _detector() -> cv2.HOGDescriptor:
    descriptor = cv2.HOGDescriptor()
    descriptor.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    return descriptor


def _person_in(window: ndarray, pad: int, scale: float, width_px: int, height_px: int) -> Box:
    """The person's box, in pixels of the picture and inside it, of a window in the padded small one."""
    left, top, width, height = (float(value) for value in window)
    across, down = _PERSON_IN_WINDOW
    left, top = left + width * (1 - across) / 2 - pad, top + height * (1 - down) / 2 - pad
    right, bottom = (left + width * across) / scale, (top + height * down) / scale
    left, top = max(left / scale, 0.0), max(top / scale, 0.0)
    return round(left), round(top), round(min(right, width_px) - left), round(min(bottom, height_px) - top)


def cut_out(picture: Picture, box: Box, likely: tuple[ndarray, Box] | None = None) -> Person | None:
    """The person in a box, by GrabCut; None if it takes nearly all of the box or nearly nothing.

    Args:
        picture: with the person.
        box: around the person.
        likely: a rough silhouette to start from, with nobody outside it, instead of the shape of somebody upright.
    """
    height, width = picture.luma.shape
    left, top = (max(0, round(box[axis] - _AROUND * box[2 + axis])) // 2 * 2 for axis in (0, 1))
    right, bottom = (
        min(round(box[axis] + (1 + _AROUND) * box[2 + axis]), (width, height)[axis]) // 2 * 2 for axis in (0, 1)
    )
    part = picture.cut(left, top, right, bottom)
    scale = min(1.0, _CUT_HEIGHT_PX / box[3])
    size = max(8, round((right - left) * scale)), max(8, round((bottom - top) * scale))
    planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (part.luma, part.blue, part.red)]
    inside = tuple((value - offset) * scale for value, offset in zip(box, (left, top, 0, 0), strict=True))
    whole = None if likely is None else _whole(likely, left, top, right, bottom)
    labels = _guess(size, inside) if whole is None else _outline(whole, size)
    taken = _grab(np.asarray(cv2.merge(planes), np.uint8), labels)
    if not _LEAST_SHARE <= taken.sum() / (inside[2] * inside[3]) <= _MOST_SHARE:
        return None
    large = np.asarray(cv2.resize(taken * 255, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)) > 127
    person = largest_component((large if whole is None else large & (whole > 0)).astype(np.uint8))
    if person is None:
        return None
    mask, (x, y, *sides) = person
    return mask, (left + x, top + y, sides[0], sides[1])


def _grab(planes: ndarray, labels: ndarray) -> ndarray:
    """Where GrabCut sees the person: 1, else 0."""
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(planes, labels, (0, 0, 1, 1), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    taken = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(taken, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)


def _whole(person: tuple[ndarray, Box], left: int, top: int, right: int, bottom: int) -> ndarray:
    """A silhouette as a mask of a part of the picture that holds it."""
    mask, (x, y, *_) = person
    whole = np.zeros((bottom - top, right - left), np.uint8)
    x, y = x - left, y - top
    first_x, first_y = max(-x, 0), max(-y, 0)
    part = mask[first_y : whole.shape[0] - y, first_x : whole.shape[1] - x]
    whole[max(y, 0) : max(y, 0) + part.shape[0], max(x, 0) : max(x, 0) + part.shape[1]] = part
    return whole


def _outline(whole: ndarray, size: tuple[int, int]) -> ndarray:
    """GrabCut's labels to begin with: nobody outside a rough silhouette, surely the person well inside it.

    At its rim, and everywhere near the feet, where shadows lie, it may be wrong.
    """
    small = (np.asarray(cv2.resize(whole * 255, size, interpolation=cv2.INTER_AREA)) > 127).astype(np.uint8)
    _, top, _, height = cv2.boundingRect(small)
    core = np.asarray(cv2.erode(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM_PX, _RIM_PX))))
    core[top + round(_ABOVE_SHADOWS * height) :] = 0
    labels = np.where(small > 0, cv2.GC_PR_FGD, cv2.GC_BGD)
    labels[core > 0] = cv2.GC_FGD
    return labels.astype(np.uint8)


def _guess(size: tuple[int, int], box: tuple[float, ...]) -> ndarray:
    """GrabCut's labels to begin with: somebody upright in the box, surely nobody well outside it."""
    columns, rows = size
    left, top, width, height = box
    labels = np.full((rows, columns), cv2.GC_BGD, np.uint8)
    first = max(0, round(left - 0.2 * width)), max(0, round(top - 0.08 * height))
    last = round(left + 1.2 * width), round(top + 1.14 * height)
    cv2.rectangle(labels, first, last, int(cv2.GC_PR_BGD), cv2.FILLED)
    likely, sure = int(cv2.GC_PR_FGD), int(cv2.GC_FGD)

    def at(across: float, down: float) -> tuple[int, int]:
        return round(left + across * width), round(top + down * height)

    legs = np.array([at(0.3, 0.45), at(0.7, 0.45), at(0.8, 0.97), at(0.2, 0.97)], np.int32)
    cv2.fillConvexPoly(labels, legs, likely)
    torso = np.array([at(0.22, 0.2), at(0.78, 0.2), at(0.72, 0.55), at(0.28, 0.55)], np.int32)
    cv2.fillConvexPoly(labels, torso, likely)
    cv2.ellipse(labels, at(0.5, 0.08), (round(0.13 * width), round(0.08 * height)), 0, 0, 360, likely, cv2.FILLED)
    cv2.line(labels, at(0.5, 0.13), at(0.5, 0.5), sure, max(1, round(0.12 * width)))
    cv2.circle(labels, at(0.5, 0.08), max(1, round(0.05 * width)), sure, cv2.FILLED)
    return labels
