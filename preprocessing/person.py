"""Finds the person in each picture of a view, and watches how well it could be done without the release's masks."""

import collections
import functools
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.errors import InputError
from preprocessing.background import Subtraction, fits, intersection_over_union, plate_of, subtract
from preprocessing.crop import box_of_joints
from preprocessing.masks import MaskFile, Person, largest_component
from preprocessing.video import Picture, sample_pictures

PLATE_REACH = 0.4
"""By how much the box of the 2D joints grows to what a picture may not tell about the empty room: clothes, shadows."""

CHECK_EVERY = 50
"""Of so many frames with a mask, one is also cut out by background subtraction, to compare the two."""

MOST_CHECKS = 8
"""Per view; the pictures are kept until its end."""

SUSPICIOUS = 0.1
"""Overlap of silhouettes by subtraction with the masks, below which a note asks whether the video is the right one. It
is no more than a note: of somebody who hardly moves, subtraction finds nothing either."""

RELEASE, PLATE, JOINTS = "release", "background plate", "joints' box"


class PersonFinder:
    """The person's silhouette: by the release's mask, else by background subtraction, else the box of the 2D joints.

    With `check` and masks, some frames are also cut out by subtraction, to see how well that would do.
    `joints_px` are those of all frames, of which every `every`th is asked for.

    Attributes:
        counts: how many frames each of the three gave so far.
    """

    def __init__(
        self,
        video: Path,
        masks: MaskFile | None,
        joints_px: Float[ndarray, "frames joints 2"],
        joint_box_growth: float,
        plate_pictures: int,
        subtraction: Subtraction,
        check: bool = True,
        every: int = 1,
    ):
        self.counts: collections.Counter[str] = collections.Counter()
        self._video, self._masks, self._joints_px = video, masks, joints_px
        self._growth, self._plate_pictures, self._subtraction = joint_box_growth, plate_pictures, subtraction
        self._beside, self._every = 0, every
        self._plate: Picture | None = None
        self._check = MaskCheck(joints_px[::every], plate_pictures, subtraction) if masks and check else None

    def find(self, frame: int, picture: Picture) -> Person:
        """The person's silhouette in one picture; frames, numbered as in the video, are asked for in their order."""
        joints = self._joints_px[frame]
        person = self._by_mask(frame, joints)
        if self._check:
            self._check.look(frame // self._every, picture, person)
        source = RELEASE
        if person is None:
            source, person = PLATE, subtract(picture, self._room(), joints, self._subtraction)
        if person is None:
            height, width = picture.luma.shape
            box = box_of_joints(joints, self._growth, width, height)
            source, person = JOINTS, (np.ones((box[3], box[2]), np.uint8), box)
        self.counts[source] += 1
        return person

    def record(self) -> dict[str, Any]:
        """What the view's record tells of it, after the last frame."""
        return {
            "mask_source": RELEASE if self.counts[RELEASE] else PLATE,
            "frames_by_source": {source: self.counts[source] for source in (RELEASE, PLATE, JOINTS)},
            "plate_agreement_iou": self._agreement and round(self._agreement, 4),
            "plate_agreement_frames": self._check.checked if self._check else 0,
        }

    def notes(self) -> list[str]:
        """What somebody who looks for the reason of a strange crop should know."""
        frames = self.counts.total()
        notes = []
        if self._masks and self.counts[RELEASE] < frames:
            missing = frames - self.counts[RELEASE]
            notes.append(f"the release's masks are absent, empty or beside the person in {missing} of {frames} frames")
        if self._agreement is not None and self._agreement < SUSPICIOUS:
            notes.append(
                f"where the masks are, the pictures show nobody who moves (mean IoU {self._agreement:.2f}): "
                "see whether the video is of this trial and camera"
            )
        if self.counts[JOINTS]:
            notes.append(f"{self.counts[JOINTS]} frames show the whole box of the 2D joints, background and all")
        return notes

    @functools.cached_property
    def _agreement(self) -> float | None:
        return self._check.agreement() if self._check else None

    def require_fit(self, path: Path) -> None:
        """Refuses masks that lie beside the person more often than on it: those of another view.

        Raises:
            InputError: naming the masks' file.
        """
        if self._beside > self.counts[RELEASE]:
            found = f"masks that lie beside the 2D joints in {self._beside} of {self.counts.total()} frames"
            mend = "Take the masks of this view, or move the file away to do without"
            raise InputError(path, found, "the person's silhouettes", mend)

    def _by_mask(self, frame: int, joints: Float[ndarray, "joints 2"]) -> Person | None:
        if self._masks is None or frame >= len(self._masks):  # the release's masks may end a frame or two early
            return None
        part, (left, top, *_) = self._masks.read_part(frame)
        person = largest_component(part)
        if person is None:
            return None
        mask, (x, y, width, height) = person
        person = mask, (left + x, top + y, width, height)
        if not fits(person, joints):
            self._beside += 1
            return None
        return person

    def _room(self) -> Picture:
        if self._plate is None:
            samples = sample_pictures(self._video, len(self._joints_px), self._plate_pictures)
            self._plate = _plate(samples, self._joints_px)
        return self._plate


class MaskCheck:
    """Compares background subtraction with the true masks, on frames and a plate gathered in passing.

    Attributes:
        checked: how many frames were compared.
    """

    def __init__(self, joints_px: Float[ndarray, "frames joints 2"], plate_pictures: int, subtraction: Subtraction):
        frames = len(joints_px)
        count = min(MOST_CHECKS, max(1, frames // CHECK_EVERY))
        self.checked = 0
        self._joints_px, self._subtraction = joints_px, subtraction
        self._to_check = {round((place + 0.5) * frames / count - 0.5) for place in range(count)}
        self._for_plate = {round(place) for place in np.linspace(0, frames - 1, min(plate_pictures, frames))}
        self._samples: list[tuple[int, Picture]] = []
        self._truths: list[tuple[int, Picture, Person]] = []
        self._region: tuple[int, int, int, int] | None = None

    def look(self, frame: int, picture: Picture, person: Person | None) -> None:
        """Keeps a part of the picture if it is one of the sample."""
        if frame not in self._for_plate and frame not in self._to_check:
            return
        if self._region is None:
            self._region = self._around_checked(picture)
        part = picture.cut(*self._region).copy()
        if frame in self._for_plate:
            self._samples.append((frame, part))
        if frame in self._to_check and person:
            self._truths.append((frame, part, person))

    def agreement(self) -> float | None:
        """Mean intersection over union with the true masks; None if there were none to compare with."""
        if not self._truths or self._region is None:
            return None
        left, top, *_ = self._region
        joints_px = self._joints_px - (left, top)
        plate = _plate(self._samples, joints_px)
        scores = []
        for frame, part, (mask, (x, y, width, height)) in self._truths:
            found = subtract(part, plate, joints_px[frame], self._subtraction)
            scores.append(intersection_over_union(found, (mask, (x - left, y - top, width, height))))
        self.checked = len(scores)
        return float(np.mean(scores))

    def _around_checked(self, picture: Picture) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of all that subtraction will look at; even."""
        height, width = picture.luma.shape
        joints_px = self._joints_px[sorted(self._to_check)]
        reach = 2 * max(self._subtraction.reach, PLATE_REACH)  # also around: the room goes on beside the person
        boxes = np.array([box_of_joints(joints, reach, width, height) for joints in joints_px])
        left, top = boxes[:, :2].min(axis=0) // 2 * 2
        right, bottom = np.minimum((boxes[:, :2] + boxes[:, 2:]).max(axis=0) + 1, (width, height)) // 2 * 2
        return int(left), int(top), int(right), int(bottom)


def _plate(samples: list[tuple[int, Picture]], joints_px: Float[ndarray, "frames joints 2"]) -> Picture:
    height, width = samples[0][1].luma.shape
    return plate_of([
        (picture, box_of_joints(joints_px[frame], PLATE_REACH, width, height)) for frame, picture in samples
    ])  # fmt: skip
