"""Finds one person in all pictures: decides how silhouettes are made, looks for people, follows one of them."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.predict.detector import DetectedSilhouettes
from h36m_pose.predict.footage import Footage, Shot, first_shots
from h36m_pose.predict.given_masks import given_masks
from h36m_pose.predict.kept import Kept
from h36m_pose.predict.plate import PlateSilhouettes, different_boxes, given_plate, plate_out_of, shrunk
from h36m_pose.predict.survey import Survey
from h36m_pose.predict.tracks import PATIENCE_S, Box, Followed, bridged, follow, link, overlap
from h36m_pose.progress import bar
from preprocessing.background import Subtraction
from preprocessing.masks import Person

WAYS = ("auto", "masks", "plate", "detector")
_FEWEST_FOR_PLATE = 5
_LEAST_S = 0.2
"""What is seen for a shorter time is nobody."""


@dataclasses.dataclass(frozen=True)
class Search:
    """How the person is to be found.

    Attributes:
        person: one of `WAYS`.
        masks: a folder, video or MATLAB file with silhouettes.
        background: a picture of the empty room.
        pick: whom to follow among several: largest, left, right or a number from 1.
    """

    person: str = "auto"
    masks: Path | None = None
    background: Path | None = None
    pick: str = "largest"

    def __post_init__(self) -> None:
        if self.person not in WAYS:
            raise InputError("--person", repr(self.person), f"one of {', '.join(WAYS)}", "Choose one of these")
        if self.pick not in ("largest", "left", "right") and not (self.pick.isdigit() and int(self.pick) > 0):
            expected = "largest, left, right or a number from 1"
            raise InputError("--pick", repr(self.pick), expected, "Write it like --pick 2")
        if self.person == "masks" and self.masks is None:
            raise InputError("--person masks", "no masks", "--masks FOLDER", "Add it, or leave --person out")


@runtime_checkable
class Silhouettes(Protocol):
    """A way to find people.

    Attributes:
        words: how, for people.
        every: frames between two looks for candidates.
    """

    words: str

    @property
    def every(self) -> int:
        """Frames between two looks for candidates."""
        ...

    def candidates(self, shot: Shot) -> list[Box]:
        """Boxes of what may be people."""
        ...

    def silhouette(self, shot: Shot, box: Box) -> Person | None:
        """The silhouette of the person in or around a box."""
        ...


Opened = Callable[[], contextlib.AbstractContextManager[Silhouettes]]
"""Opens the silhouettes for one pass over the pictures."""


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """One person, as far as found.

    Attributes:
        opened: the silhouettes for a pass.
        boxes: (frames, 4) left, top, width, height in px, roughly; NaN where nobody is.
        way: "masks", "plate" or "detector".
        words: how silhouettes are made.
        why: why so.
        others: a sentence about others in the picture; empty if there are none.
    """

    opened: Opened
    boxes: ndarray
    way: str
    words: str
    why: str
    others: str


def find(
    footage: Footage, seen: Survey, search: Search, how: Subtraction, silent: bool = False, kept: Kept | None = None
) -> Found:
    """Finds the person.

    Args:
        footage: the pictures.
        seen: a first look over them.
        search: how the user wants it done.
        how: thresholds of background subtraction.
        silent: show no progress.
        kept: of an earlier start.

    Raises:
        InputError: if masks or plate do not fit the pictures, or if there is nobody.
    """
    way, opened, why = _choose(seen, search, how, footage.fps)
    kept = kept or Kept()
    done, arrays = kept.restored("find")
    looked = _looks_of(arrays)
    with opened() as silhouettes, bar(seen.frames, "find", " frame", done, silent) as progress:
        words, every = silhouettes.words, silhouettes.every
        for shot in first_shots(footage, seen.frames):
            if shot.index < done:
                continue
            if shot.index % every == 0 or shot.index == seen.frames - 1:
                looked.append((shot.index, silhouettes.candidates(shot)))
            progress.update()
            if kept.due(shot.index):
                kept.keep("find", shot.index + 1, _as_arrays(looked, done))
                done = shot.index + 1
    least = 1 if way == "masks" else _least_looks(len(looked), every, footage.fps)
    followed = follow(link(looked, footage.fps), search.pick, footage.fps, least)
    if followed is None:
        found = f"nobody in {seen.frames} {'frame' if seen.frames == 1 else 'frames'} ({words}; {why})"
        mend = "Give --masks, or --person detector or plate to look in another way"
        raise InputError(footage.name, found, "one person, whole and upright", mend)
    boxes = bridged(followed.boxes, seen.frames, PATIENCE_S * footage.fps if every > 1 else 1)
    return Found(opened, boxes, way, words, why, _others(followed, search.pick, every))


def _as_arrays(looked: list[tuple[int, list[Box]]], first: int) -> dict[str, ndarray]:
    """The looks at frames from `first` on: their numbers, and boxes with the number of the frame before each."""
    looked = [look for look in looked if look[0] >= first]
    boxes = [(frame, *box) for frame, several in looked for box in several]
    return {"frames": np.array([frame for frame, _ in looked], int), "boxes": np.array(boxes, int).reshape(-1, 5)}


def _looks_of(arrays: dict[str, ndarray]) -> list[tuple[int, list[Box]]]:
    """The inverse of `_as_arrays`."""
    looks: dict[int, list[Box]] = {frame: [] for frame in arrays.get("frames", np.zeros(0, int)).tolist()}
    for frame, left, top, width, height in arrays.get("boxes", np.zeros((0, 5), int)).tolist():
        looks[frame].append((left, top, width, height))
    return list(looks.items())


def _least_looks(looks: int, every: int, fps: float) -> int:
    """In how many looks somebody must be seen, to be somebody."""
    return min(max(2, round(_LEAST_S * fps / every)), max(1, looks // 3))


def _others(followed: Followed, pick: str, every: int) -> str:
    if followed.most_people < 2:
        return ""
    looks = "frames" if every == 1 else "looks"
    whom = {"largest": "the largest", "left": "the one on the left", "right": "the one on the right"}
    return (
        f"{followed.most_people} people are in the picture at once (in {followed.frames_with_others} {looks}); "
        f"{whom.get(pick, f'number {pick} by size')} is followed, --pick changes that"
    )


def _choose(seen: Survey, search: Search, how: Subtraction, fps: float) -> tuple[str, Opened, str]:
    """The way, what opens its silhouettes, and why this way."""
    if search.masks is not None and search.person in ("auto", "masks"):
        masks = search.masks
        return "masks", lambda: given_masks(masks, seen.frames), "--masks"
    if search.background is not None and search.person in ("auto", "plate"):
        full_range = seen.samples[0][1].full_range
        plate = given_plate(search.background, seen.width_px, seen.height_px, full_range)
        words = f"background subtraction with the plate {search.background.name}"
        return "plate", _always(PlateSilhouettes(plate, how, words)), "--background"
    detected = _always(DetectedSilhouettes(fps, seen.frames))
    if search.person == "detector":
        return "detector", detected, f"--person detector; {seen.why}"
    if search.person == "auto" and not seen.fixed:
        return "detector", detected, seen.why
    if len(seen.samples) < (2 if search.person == "plate" else _FEWEST_FOR_PLATE):
        if search.person == "plate":
            mend = "Give --background PLATE or --masks, or leave --person out"
            raise InputError("--person plate", f"{seen.frames} frames", "two or more", mend)
        return "detector", detected, f"{seen.why}; too few pictures for a plate"
    plate, people = plate_out_of(seen.samples, how)
    words = f"background subtraction with a plate out of {len(seen.samples)} of the video's own pictures"
    made = PlateSilhouettes(plate, how, words)
    if search.person == "plate":
        return "plate", _always(made), f"--person plate; {seen.why}"
    still = _stands_still(seen, people, made, how)
    if still:
        return "detector", detected, f"{seen.why}; but {still}"
    return "plate", _always(made), seen.why


def _always(silhouettes: Silhouettes) -> Opened:
    return lambda: contextlib.nullcontext(silhouettes)


def _stands_still(seen: Survey, detected: list[list[Box]], plate: PlateSilhouettes, how: Subtraction) -> str:
    """Why a plate out of the video does not show the person, in words; empty if it does, or if nobody is there.

    Somebody who hardly moves becomes part of the plate; the detector sees them all the same.
    """
    missed = people = 0
    for (_, picture), boxes in zip(seen.samples, detected, strict=True):
        differing = different_boxes(picture, shrunk(plate.plate), how)
        for box in boxes[:1]:
            people += 1
            missed += all(overlap(box, other) < 0.2 for other in differing)
    if people < 2 or missed <= people / 2:
        return ""
    return f"the person hardly moves (in {missed} of {people} looks of the detector nothing differs there)"


def shots_with_boxes(footage: Footage, found: Found) -> Iterator[tuple[Shot, Box | None]]:
    """All pictures with the rough box of the person in each."""
    for shot in first_shots(footage, len(found.boxes)):
        row = found.boxes[shot.index]
        box = None
        if np.isfinite(row).all():
            left, top, width, height = (round(float(value)) for value in row)
            box = left, top, width, height
        yield shot, box
