"""Silhouettes by background subtraction where no 2D joints are known: from a given plate, or one out of the video.

People are first looked for on few pixels, as what differs from the empty room. The silhouette itself is then cut out
by `preprocessing.background.subtract`, as in preprocessing, with somebody upright standing in for the 2D joints.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.predict.detector import cut_out, detect
from h36m_pose.predict.footage import Shot, picture_of, read_picture
from h36m_pose.predict.tracks import Box
from h36m_pose.skeleton import NAMES_32
from preprocessing.background import Subtraction, plate_of, subtract
from preprocessing.masks import Person
from preprocessing.video import Picture

SEARCH_PX = 480
"""Longer side of the pictures that people are looked for on."""

_LEAST_HEIGHT = 0.08
"""Of the picture's: smaller things are nobody."""

_MOST_WIDTH = 1.6
"""Over the height; somebody who sits or bends with arms out."""

_LEAST_FILLED = 0.15
_REACH = 0.25
"""How much the box of what differs grows before the plate is made without it."""

_RIM = 0.05
"""Of somebody's height: how much around a silhouette does not count as empty room."""

_UPRIGHT = {
    "Hips": (0, 0.52), "Spine": (0, 0.5), "Spine1": (0, 0.35), "Neck": (0, 0.16), "Head": (0, 0.1), "HeadTop": (0, 0),
    "UpLeg": (0.15, 0.53), "Leg": (0.2, 0.74), "Foot": (0.25, 0.96), "Toe": (0.3, 1), "Shoulder": (0.05, 0.18),
    "Arm": (0.25, 0.2), "ForeArm": (0.35, 0.36), "Hand": (0.35, 0.5), "Wrist": (0.35, 0.5), "Thumb": (0.35, 0.5),
    "Fingers": (0.35, 0.52),
}  # fmt: skip
"""Sideways in widths and down in heights of a box, for each of the recorded joints by the end of its name."""


class PlateSilhouettes:
    """What differs from an empty room.

    Attributes:
        words: how silhouettes are found.
        plate: the empty room.
    """

    every = 1

    def __init__(self, plate: Picture, how: Subtraction, words: str):
        self.words, self.plate, self._how = words, plate, how
        self._small = shrunk(plate)

    def candidates(self, shot: Shot) -> list[Box]:
        """Boxes of what is as large as a person."""
        return different_boxes(shot.picture, self._small, self._how)

    def silhouette(self, shot: Shot, box: Box) -> Person | None:
        """The largest part of what differs in and around a box."""
        return self.cut(shot.picture, box)

    def cut(self, picture: Picture, box: Box) -> Person | None:
        """The same of a picture: what differs, and of that what GrabCut does not take for shadow or room."""
        joints, flesh = stand_in(box)
        how = dataclasses.replace(self._how, flesh=flesh)
        rough = subtract(picture, self.plate, joints, how)
        return rough and (cut_out(picture, rough[1], rough) or rough)


def stand_in(box: Box) -> tuple[ndarray, float]:
    """32 joints (px) of somebody upright who fills a box, and the `flesh` that makes their bones cover it.

    `subtract` takes from the joints how tall the person is, where the knees are, and what lies near a bone.
    """
    left, top, width, height = box
    joints = np.empty((len(NAMES_32), 2))
    for joint, name in enumerate(NAMES_32):
        side = -1 if name.startswith("Right") else 1
        end = max((end for end in _UPRIGHT if end in name), key=len)
        across, down = _UPRIGHT[end]
        joints[joint] = left + width * (0.5 + side * across), top + height * down
    return joints, min(0.6 * width / height, 0.9)


def different_boxes(picture: Picture, plate: tuple[ndarray, ndarray, ndarray], how: Subtraction) -> list[Box]:
    """Boxes, in pixels of the picture, of what differs from a plate that `shrunk` made small."""
    luma, blue, red = shrunk(picture)
    chroma = cv2.add(cv2.absdiff(blue, plate[1]), cv2.absdiff(red, plate[2]))
    different = (cv2.absdiff(luma, plate[0]) > how.luma) | (np.asarray(chroma) > how.chroma)
    rows, columns = luma.shape
    opened = cv2.morphologyEx(different.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    tall = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(3, columns // 120) | 1, max(5, rows // 24) | 1))
    closed = np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, tall), np.uint8)
    count, _, facts, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    scale = picture.luma.shape[1] / columns
    boxes: list[Box] = []
    for left, top, width, height, area in facts[1:count].tolist():
        if height >= _LEAST_HEIGHT * rows and width <= _MOST_WIDTH * height and area >= _LEAST_FILLED * width * height:
            boxes.append((round(left * scale), round(top * scale), round(width * scale), round(height * scale)))
    return boxes


def shrunk(picture: Picture) -> tuple[ndarray, ndarray, ndarray]:
    """Luma and both chromas on equally many, few pixels."""
    height, width = picture.luma.shape
    scale = min(1.0, SEARCH_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    luma, blue, red = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
        for plane in (picture.luma, picture.blue, picture.red)
    )
    return luma, blue, red


def plate_out_of(samples: Sequence[tuple[int, Picture]], how: Subtraction) -> tuple[Picture, list[list[Box]]]:
    """The empty room out of pictures of a fixed camera, and whom the detector found in each of them.

    The room is the median of what is not hidden by people.

    People are what the detector finds, and what differs from a first median over whole pictures, in which somebody who
    walks slowly leaves a ghost.
    """
    rough = shrunk(plate_of([(picture, None) for _, picture in samples]))
    height, width = samples[0][1].luma.shape
    boxes: list[Box | None] = []
    detected = [[box for box, _ in detect(picture)] for _, picture in samples]
    for (_, picture), people in zip(samples, detected, strict=True):
        there = people or different_boxes(picture, rough, how)
        largest = max(there, key=lambda box: box[2] * box[3], default=None)
        boxes.append(_grown(largest, width, height) if largest else None)
    pictures = [picture for _, picture in samples]
    plate = _without_silhouettes(pictures, boxes, plate_of(list(zip(pictures, boxes, strict=True))), how)
    return plate, detected


def _without_silhouettes(
    pictures: Sequence[Picture], boxes: Sequence[Box | None], plate: Picture, how: Subtraction
) -> Picture:
    """A better plate with the help of a plate: the median of all that does not lie on somebody.

    Where somebody's box always was, the plate so far is a guess; there people cover less than their boxes.
    """
    made = PlateSilhouettes(plate, how, "")
    hidden = np.zeros((len(pictures), *plate.luma.shape), bool)
    for picture, box, covered in zip(pictures, boxes, hidden, strict=True):
        if box is None:
            continue
        person = made.cut(picture, box)
        mask, (left, top, width, height) = person or (np.ones((box[3], box[2]), np.uint8), box)
        covered[top : top + height, left : left + width] = mask > 0
        size = max(3, round(_RIM * height)) | 1
        grown = cv2.dilate(covered.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
        covered[:] = np.asarray(grown, np.uint8).astype(bool)
    planes = []
    for name, step in (("luma", 1), ("blue", 2), ("red", 2)):
        best = getattr(plate, name).copy()
        left, top, width, height = cv2.boundingRect(np.asarray(hidden.any(axis=0))[::step, ::step].astype(np.uint8))
        part = np.s_[top : top + height, left : left + width]
        off = hidden[:, ::step, ::step][:, *part]
        values = np.stack([getattr(picture, name)[part] for picture in pictures]).astype(np.int16)
        values[off] = 256
        values.sort(axis=0)
        seen = len(pictures) - off.sum(axis=0)
        middle = np.take_along_axis(values, np.maximum(seen - 1, 0)[None] // 2, axis=0)[0]
        best[part] = np.where(seen > 0, middle, best[part])
        planes.append(best)
    return Picture(planes[0], planes[1], planes[2], plate.full_range)


def _grown(box: Box, width_px: int, height_px: int) -> Box:
    left, top, width, height = box
    across, down = round(_REACH * width / 2), round(_REACH * height / 2)
    right, bottom = min(left + width + across, width_px), min(top + height + down, height_px)
    left, top = max(left - across, 0), max(top - down, 0)
    return left, top, right - left, bottom - top


def given_plate(path: Path, width_px: int, height_px: int, full_range: bool) -> Picture:
    """The empty room as a picture that the user has.

    Args:
        path: of the picture.
        width_px: of the frames.
        height_px: of the frames.
        full_range: whether the frames' luma runs from 0 to 255.

    Raises:
        InputError: if it cannot be read or is of another size.
    """
    plate = picture_of(read_picture(path))
    if plate.luma.shape != (height_px, width_px):
        found = f"{plate.luma.shape[1]}x{plate.luma.shape[0]} pixels"
        mend = "Take the empty room with the same camera and settings"
        raise InputError(path, found, f"{width_px}x{height_px}, as the frames", mend)
    if full_range:
        wide = np.clip((plate.luma.astype(np.float32) - 16) * (255 / 219), 0, 255)
        plate = Picture(np.rint(wide).astype(np.uint8), plate.blue, plate.red, True)
    return plate
