"""Silhouettes that the user has: pictures in a folder, a video, or the release's MATLAB file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.predict.footage import PictureFootage, Shot, open_footage
from h36m_pose.predict.tracks import Box, overlap
from preprocessing.crop import grey_levels
from preprocessing.masks import Person, open_masks

_MATLAB = ".mat"
_LEAST_LEVEL = 7
"""What compression leaves of black."""

_MOST_GREY = 0.1
"""Of a mask: edges that scaling or compression made soft."""

_LEAST_SHARE = 0.15
"""Of the largest part's area: smaller parts of a mask are nobody."""


class GivenMasks:
    """A mask per frame; white, or any label, is the person.

    Attributes:
        words: how silhouettes are found.
    """

    every = 1

    def __init__(self, masks: Iterator[ndarray], words: str, path: Path):
        self.words, self._masks, self._path = words, masks, path
        self._at, self._mask = -1, np.zeros((0, 0), np.uint8)

    def candidates(self, shot: Shot) -> list[Box]:
        """The boxes of the mask's larger parts."""
        return [box for _, box in self._parts(shot)]

    def silhouette(self, shot: Shot, box: Box) -> Person | None:
        """The part of the mask that overlaps a box most."""
        parts = self._parts(shot)
        return max(parts, key=lambda part: overlap(part[1], box)) if parts else None

    def _parts(self, shot: Shot) -> list[Person]:
        mask = self._read(shot)
        count, labels, facts, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        largest = facts[1:, cv2.CC_STAT_AREA].max(initial=0)
        parts: list[Person] = []
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in facts[label])
            if area >= max(_LEAST_SHARE * largest, 16):
                part = labels[top : top + height, left : left + width] == label
                parts.append((part.astype(np.uint8), (left, top, width, height)))
        return parts

    def _read(self, shot: Shot) -> ndarray:
        height, width = shot.picture.luma.shape
        while self._at < shot.index:
            self._mask = next(self._masks, np.zeros((height, width), np.uint8))
            self._at += 1
        if tuple(side // 2 * 2 for side in self._mask.shape) != (height, width):
            found = f"a mask of {self._mask.shape[1]}x{self._mask.shape[0]} for frame {shot.index}"
            raise InputError(self._path, found, f"{width}x{height}, as the frame", "Give masks of the same pictures")
        return np.ascontiguousarray(self._mask[:height, :width])


@contextlib.contextmanager
def given_masks(path: Path, frames: int) -> Iterator[GivenMasks]:
    """Opens the masks of so many frames; where they end early, as the release's do, nobody is in the frames after them.

    Args:
        path: a folder of pictures, a video, one picture, or a MATLAB v7.3 file of the release.
        frames: how many are asked for.

    Raises:
        InputError: if there are less than half as many, or if they cannot be read.
    """
    if path.suffix.lower() == _MATLAB:
        with open_masks(path) as file:
            missing = _require_count(path, len(file), frames)
            masks = (file.read(frame) for frame in range(min(frames, len(file))))
            yield GivenMasks(masks, f"masks given (MATLAB v7.3{missing})", path)
        return
    footage = open_footage(path)
    if isinstance(footage, PictureFootage):
        missing = _require_count(path, footage.frames, frames)
        yield GivenMasks((_labelled(shot, path) for shot in footage.shots()), f"masks given (pictures{missing})", path)
    else:
        yield GivenMasks((_white(shot, path) for shot in footage.shots()), "masks given (a video)", path)


def _require_count(path: Path, masks: int, frames: int) -> str:
    """What the masks leave open, in words; raises InputError if they are not those of these pictures."""
    if 2 * masks < frames:
        mend = "Give a mask of each frame, an empty one where nobody is"
        raise InputError(path, f"{masks} masks", f"{frames}, one for every frame", mend)
    return f", none for the last {frames - masks} frames" if masks < frames else ""


def _labelled(shot: Shot, path: Path) -> ndarray:
    """White on black, or small numbers on 0, as label pictures have."""
    brightest = shot.rgb().max(axis=2)
    top = int(brightest.max())
    if top > 127:
        _require_black_and_white(brightest, shot.index, path)
    if 1 < top <= _LEAST_LEVEL:
        top = 0
    return (brightest > min(top / 2, 127)).astype(np.uint8) if top else np.zeros_like(brightest)


def _white(shot: Shot, path: Path) -> ndarray:
    grey = np.asarray(cv2.LUT(shot.picture.luma, grey_levels(shot.picture.full_range)))
    _require_black_and_white(grey, shot.index, path)
    return (grey > 127).astype(np.uint8)


def _require_black_and_white(grey: ndarray, frame: int, path: Path) -> None:
    """Raises InputError for a picture that is no mask."""
    between = float(np.mean((grey > 64) & (grey < 192)))
    if between > _MOST_GREY:
        found = f"frame {frame} grey in {between:.0%} of its pixels, as a photograph"
        raise InputError(path, found, "masks: the person white, all else black", "Give the silhouettes")
