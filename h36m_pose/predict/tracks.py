"""Who is who: boxes of people in many pictures linked to tracks, and the one person that is followed."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from numpy import ndarray

from h36m_pose.errors import InputError

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the picture."""

PATIENCE_S = 1.0
"""How long somebody may be out of sight, or not be looked for, and still be the same."""

_LEAST_OVERLAP = 0.15
_MAJOR = 0.2
"""Of the largest track's area, summed over its frames: what is less is a flicker or far away."""


@dataclasses.dataclass
class Track:
    """One person's boxes by frame, in order."""

    boxes: dict[int, Box]

    @property
    def first(self) -> int:
        """Its first frame."""
        return next(iter(self.boxes))

    @property
    def last(self) -> int:
        """Its last frame."""
        return next(reversed(self.boxes))

    @property
    def area(self) -> float:
        """Square pixels, summed over all frames."""
        return float(sum(width * height for _, _, width, height in self.boxes.values()))

    @property
    def middle_px(self) -> float:
        """Mean column."""
        return float(np.mean([left + width / 2 for left, _, width, _ in self.boxes.values()]))


def overlap(one: Box, other: Box) -> float:
    """Pixels in both boxes over pixels in either."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    common = max(across, 0) * max(down, 0)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


def link(seen: Sequence[tuple[int, Sequence[Box]]], fps: float) -> list[Track]:
    """Links the boxes of each frame to those before that they overlap most, moved on as fast as they went.

    Args:
        seen: the frames that were looked at, in order, each with its boxes.
        fps: frames per second.
    """
    tracks: list[Track] = []
    for frame, boxes in seen:
        alive = [track for track in tracks if frame - track.last <= max(PATIENCE_S * fps, 1)]
        pairs = [(overlap(_expected(track, frame), box), track, box) for track in alive for box in boxes]
        taken: set[int] = set()
        placed: set[Box] = set()
        for score, track, box in sorted(pairs, key=lambda pair: -pair[0]):
            if score >= _LEAST_OVERLAP and id(track) not in taken and box not in placed:
                track.boxes[frame] = box
                taken.add(id(track))
                placed.add(box)
        tracks += [Track({frame: box}) for box in boxes if box not in placed]
    return tracks


def _expected(track: Track, frame: int) -> Box:
    """Where a track's box should be by now."""
    frames = list(track.boxes)[-4:]
    last = np.array(track.boxes[frames[-1]], float)
    if len(frames) > 1:
        speed = (last - track.boxes[frames[0]])[:2] / (frames[-1] - frames[0])
        last[:2] += speed * (frame - frames[-1])
    left, top, width, height = (round(float(value)) for value in last)
    return left, top, max(width, 1), max(height, 1)


@dataclasses.dataclass(frozen=True)
class Followed:
    """The person that is followed.

    Attributes:
        boxes: by frame.
        frames_with_others: in how many frames somebody else is there as well.
        most_people: at one time.
    """

    boxes: dict[int, Box]
    frames_with_others: int
    most_people: int


def follow(tracks: Sequence[Track], pick: str, fps: float, least_frames: int) -> Followed | None:
    """Chooses one person and goes on with it; None if there is nobody.

    Args:
        tracks: see `link`.
        pick: "largest" (the largest area over the longest time), "left", "right", or a number: 1 for the largest, 2
            for the next.
        fps: frames per second.
        least_frames: shorter tracks are nobody.

    Raises:
        InputError: if there are not so many people.
    """
    lasting = [track for track in tracks if len(track.boxes) >= least_frames]
    if not lasting:
        return None
    lasting.sort(key=lambda track: -track.area)
    people = [track for track in lasting if track.area >= _MAJOR * lasting[0].area]
    chosen = _picked(people, pick)
    boxes = dict(chosen.boxes)
    for track in sorted(lasting, key=lambda track: track.first):
        alone = not any(other is not track and _at_once(other, track) for other in lasting)
        if not set(track.boxes) & set(boxes) and (alone or _goes_on(boxes, track, fps)):
            boxes |= track.boxes
    counts: dict[int, int] = {}
    for track in people:
        for frame in track.boxes:
            counts[frame] = counts.get(frame, 0) + 1
    others = sum(1 for count in counts.values() if count > 1)
    return Followed(dict(sorted(boxes.items())), others, max(counts.values()))


def _picked(people: Sequence[Track], pick: str) -> Track:
    if pick in ("left", "right"):
        longest = max(people, key=lambda track: len(track.boxes))
        together = [track for track in people if track is longest or _at_once(track, longest)]
        return (min if pick == "left" else max)(together, key=lambda track: track.middle_px)
    if pick == "largest":
        return people[0]
    if not pick.isdigit() or int(pick) < 1:
        raise InputError("--pick", repr(pick), "largest, left, right or a number from 1", "Write it like --pick 2")
    if int(pick) > len(people):
        found = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
        raise InputError(f"--pick {pick}", found, f"{pick} or more", "Choose a lower number, 1 for the largest")
    return people[int(pick) - 1]


def _at_once(one: Track, other: Track) -> bool:
    return bool(set(one.boxes) & set(other.boxes))


def _goes_on(boxes: dict[int, Box], track: Track, fps: float) -> bool:
    """Whether a track may be the same person who was lost a moment ago."""
    before = [frame for frame in boxes if frame < track.first]
    if not before or track.first - max(before) > 2 * PATIENCE_S * fps:
        return False
    one, other = boxes[max(before)], track.boxes[track.first]
    distance = np.hypot(one[0] + one[2] / 2 - other[0] - other[2] / 2, one[1] - other[1])
    return bool(distance < one[3] and 0.6 < one[3] / other[3] < 1.7)


def bridged(boxes: dict[int, Box], frames: int, most: float) -> ndarray:
    """Boxes of all frames (frames, 4): between two that are no more than `most` frames apart, halfway; else NaN."""
    table = np.full((frames, 4), np.nan)
    known = sorted(boxes)
    for frame in known:
        table[frame] = boxes[frame]
    for first, last in itertools.pairwise(known):
        if 1 < last - first <= most:
            share = (np.arange(first + 1, last) - first)[:, None] / (last - first)
            table[first + 1 : last] = table[first] * (1 - share) + table[last] * share
    return table
