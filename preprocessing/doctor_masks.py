"""What the doctor looks for in the silhouettes of a view: empty ones, those of another view, too few of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from preprocessing.background import box_fits
from preprocessing.catalog import ViewFiles
from preprocessing.doctor_findings import BROKEN, GAP, ViewReport
from preprocessing.doctor_poses import joints_of
from preprocessing.masks import Box, MaskFile, largest_component, open_masks

TAIL = 5
"""Masks that a file of the release may lack at its end."""

SAMPLES = 12
"""Masks that are compared with the joints."""

SUSPICIOUS = 0.5
"""An empty mask takes less than this share of the bytes that the median one takes: only such are read."""

_AWAY = "Take the masks of this view, or move the file away to do without"


@dataclasses.dataclass(frozen=True)
class MaskLook:
    """What can be seen of a file of masks alone.

    Attributes:
        count: how many there are.
        width_px: columns of each.
        height_px: rows.
        used: how many of them have a pose, as far as is known.
        empty: numbers of the empty ones.
        people: by frame, of some masks the box and the number of pixels of the largest part.
    """

    count: int
    width_px: int
    height_px: int
    used: int
    empty: tuple[int, ...]
    people: dict[int, tuple[Box, int]]

    def share_at(self, joints_px: Float[ndarray, "frames 32 2"]) -> float:
        """The share of the silhouettes that can be those of some joints; of those that were looked at."""
        verdicts = [
            frame < len(joints_px) and box_fits(box, filled, joints_px[frame])
            for frame, (box, filled) in self.people.items()
        ]
        return float(np.mean(verdicts))


def look_at_masks(path: Path, poses: int | None, thorough: bool) -> MaskLook:
    """Looks for empty masks, and at the places of some others.

    Args:
        path: of the masks.
        poses: how many poses there are; later masks do not count.
        thorough: read all masks, not only those that may be empty, and a sample.

    Raises:
        InputError: if it is no file of masks, or a damaged one.
    """
    with open_masks(path) as masks:
        used = min(len(masks), poses or len(masks))
        sample = {round(place) for place in np.linspace(0, used - 1, min(SAMPLES, used))}
        empty, people = [], {}
        for frame in range(used) if thorough else sorted(sample | _suspicious(masks, used)):
            part, (left, top, *_) = masks.read_part(frame)
            person = largest_component(part)
            if person is None:
                empty.append(frame)
            elif frame in sample:
                mask, (x, y, width, height) = person
                people[frame] = (left + x, top + y, width, height), int(cv2.countNonZero(mask))
        return MaskLook(len(masks), masks.width_px, masks.height_px, used, tuple(empty), people)


def judge_masks(
    masks: MaskLook,
    siblings: Sequence[ViewFiles],
    joints_px: Float[ndarray, "frames 32 2"] | None,
    size: tuple[int, int] | None,
    report: ViewReport,
) -> None:
    """Compares masks with all else that is known of the view.

    Args:
        masks: as they were seen.
        siblings: the subject's other views.
        joints_px: the joints in the picture, if known.
        size: columns and rows of the pictures, if known.
        report: is filled in.
    """
    report.masks = masks.count
    if size and (masks.width_px, masks.height_px) != size:
        words = "masks of {}x{}, the video has {}x{}".format(masks.width_px, masks.height_px, *size)
        report.add("mask size", BROKEN, words, _AWAY)
        return
    if report.poses and masks.count < report.poses - TAIL:
        words = f"masks for the first {masks.count:,} of {report.poses:,} poses"
        report.add("few masks", GAP, words, "Unpack the masks again; the rest is cut out by background subtraction")
    if masks.empty:
        number, first = len(masks.empty), masks.empty[0]
        words = f"{number:,} of {masks.used:,} masks are empty" if number > 1 else f"1 of {masks.used:,} masks is empty"
        mend = "Nothing need be done: there, the person is cut out by background subtraction"
        report.add("empty masks", GAP, f"{words} (frame {first:,}{', ...' if number > 1 else ''})", mend)
    if joints_px is not None and masks.people and masks.share_at(joints_px) < 0.5:
        other = next((view.name for view, joints in joints_of(siblings) if masks.share_at(joints) > 0.5), None)
        words = f"masks of another view: the joints of {other} fit them" if other else "masks lie beside the joints"
        report.add("swapped masks" if other else "masks beside", BROKEN, words, _AWAY)


def _suspicious(masks: MaskFile, used: int) -> set[int]:
    sizes = np.array([masks.stored_bytes(frame) for frame in range(used)])
    return set(np.flatnonzero(sizes < SUSPICIOUS * np.median(sizes)).tolist())
