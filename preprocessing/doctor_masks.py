"""What the doctor looks for in the silhouettes of a view: empty ones, those of another view, too few of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from preprocessing.background import box_fits, overlap
from preprocessing.catalog import ViewFiles
from preprocessing.doctor_findings import BROKEN, GAP, NOTE, WRONG, ViewReport
from preprocessing.doctor_poses import joints_of
from preprocessing.masks import Box, MaskFile, largest_component, open_masks

TAIL = 5
"""Masks that a file of the release may lack at its end."""

MOST_EMPTY = 0.05
"""The release's own masks are empty here and there."""

SAMPLES = 12
"""Masks that are compared with the joints."""

MOST = 500
"""So many masks are looked at, spread evenly, unless all are asked for."""

FILLED_IN_A_ROW = 4
"""Masks are read from the one that takes the fewest bytes on, until so many in a row are not empty: where masks are
compressed, an empty one takes fewer bytes than any other."""

OWN_OVERLAP, BETTER, LEAST_OVERLAP = 0.75, 1.1, 0.5
"""Boxes of silhouettes share 0.8 and more with those of their own joints. Below the first number, the joints of other
views are asked whether theirs share so many times as much, and enough to be taken."""

_AWAY = "Take the masks of this view, or move the file away to do without"


@dataclasses.dataclass(frozen=True)
class MaskLook:
    """What can be seen of a file of masks alone.

    Attributes:
        count: how many there are.
        width_px: columns of each.
        height_px: rows.
        looked_at: of how many it was asked whether they are empty.
        empty: numbers of the empty ones.
        people: by frame, of some masks the box and the number of pixels of the largest part.
    """

    count: int
    width_px: int
    height_px: int
    looked_at: int
    empty: tuple[int, ...]
    people: dict[int, tuple[Box, int]]

    def share_at(self, joints_px: Float[ndarray, "frames 32 2"]) -> float:
        """The share of the silhouettes that can be those of some joints; of those that were looked at."""
        verdicts = [
            frame < len(joints_px) and box_fits(box, filled, joints_px[frame])
            for frame, (box, filled) in self.people.items()
        ]
        return float(np.mean(verdicts))

    def overlap_at(self, joints_px: Float[ndarray, "frames 32 2"]) -> float:
        """How much the boxes of the silhouettes are those of some joints, 0 to 1: the median."""
        shares = [
            overlap(box, joints_px[frame]) if frame < len(joints_px) else 0.0 for frame, (box, _) in self.people.items()
        ]
        return float(np.median(shares))


def look_at_masks(path: Path, poses: int | None, thorough: bool) -> MaskLook:
    """Looks for empty masks, and at the places of some others.

    Args:
        path: of the masks.
        poses: how many poses there are; later masks do not count.
        thorough: read all masks; else those that may be empty, out of some hundreds, and a sample.

    Raises:
        InputError: if it is no file of masks, or a damaged one.
    """
    with open_masks(path) as masks:
        used = min(len(masks), poses or len(masks))
        looked_at = (
            set(range(used)) if thorough else {round(place) for place in np.linspace(0, used - 1, min(MOST, used))}
        )
        sample = {round(place) for place in np.linspace(0, used - 1, min(SAMPLES, used))}
        seen = {frame: _person(masks, frame) for frame in sample}
        filled = 0
        for frame in sorted(looked_at - sample, key=masks.stored_bytes):
            seen[frame] = _person(masks, frame)
            filled = filled + 1 if seen[frame] else 0
            if filled == FILLED_IN_A_ROW and not thorough:
                break
        empty = tuple(sorted(frame for frame, person in seen.items() if person is None))
        people = {frame: person for frame in sample if (person := seen[frame])}
        return MaskLook(len(masks), masks.width_px, masks.height_px, len(looked_at | sample), empty, people)


def _spread(used: int, most: int) -> set[int]:
    """At most so many frames out of the first `used`, spread evenly."""
    return {round(place) for place in np.linspace(0, used - 1, min(most, used))}


def _person(masks: MaskFile, frame: int) -> tuple[Box, int] | None:
    """Box and number of pixels of a mask's largest part; None if the mask is empty."""
    part, (left, top, *_) = masks.read_part(frame)
    person = largest_component(part)
    if person is None:
        return None
    mask, (x, y, width, height) = person
    return (left + x, top + y, width, height), int(cv2.countNonZero(mask))


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
        words = (
            f"{number:,} of {masks.looked_at:,} masks are empty"
            if number > 1
            else f"1 of {masks.looked_at:,} masks is empty"
        )
        mend = "Unpack the masks again; where they are empty, the person is cut out by background subtraction"
        severity = GAP if number > MOST_EMPTY * masks.looked_at else NOTE
        report.add("empty masks", severity, f"{words} (frame {first:,}{', ...' if number > 1 else ''})", mend)
    if joints_px is not None and masks.people:
        _look_for_other_view(masks, joints_px, siblings, report)


def _look_for_other_view(
    masks: MaskLook, joints_px: Float[ndarray, "frames 32 2"], siblings: Sequence[ViewFiles], report: ViewReport
) -> None:
    """Are the silhouettes where the joints are, or where those of another view are?"""
    own, refused = masks.overlap_at(joints_px), masks.share_at(joints_px) < 0.5
    if own >= OWN_OVERLAP and not refused:
        return
    overlaps = {view.name: masks.overlap_at(joints) for view, joints in joints_of(siblings)}
    name, best = max(overlaps.items(), key=lambda item: item[1], default=("", 0.0))
    if best > max(LEAST_OVERLAP, BETTER * own):
        words = f"masks of another view: the joints of {name} fit them"
        report.add("swapped masks", BROKEN if refused else WRONG, words, _AWAY)
    elif refused:
        report.add("masks beside", BROKEN, "masks lie beside the joints", _AWAY)
