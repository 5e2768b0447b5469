"""What the doctor looks for in a video: pictures that repeat, and whether what moves in it is where the joints are."""

import bisect
import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.skeleton import PARENTS_32
from preprocessing.video import VideoFacts, pictures, probe, sample_pictures

WHOLE_BELOW = 150
"""Shorter videos are compared picture by picture; of longer ones, some stretches are, unless all is asked for."""

STRETCHES = (0.05, 0.45, 0.85)
"""Where the stretches begin, as shares of the trial."""
STRETCH = 40

SAME_LEVELS = 3.0
"""Two pictures show the same if no block of 16x16 pixels differs by more, on average: noise does not, and a step of a
walker changes blocks at his outline by 10 and more."""

MOVES_PX = 1.5
"""A picture that shows the same as the one before is no fault if no joint moved by more."""

SAMPLES = 8
"""Pictures that are compared with the joints' places."""

FLESH = 0.15
"""How far from the line between two joints a body reaches, twice, as a share of its height."""

_SHRINK = 8
_NOISE_LEVELS = 8.0
_LEAST_MOVING = 40.0
"""Sum over the blocks of 8x8 pixels of what stands out, below which nothing can be said: about ten blocks of a limb."""


@dataclasses.dataclass(frozen=True)
class Repeats:
    """How pictures repeat.

    Attributes:
        longest: pictures in the longest row that shows the same; 1 if no two do.
        repeated: how many show the same as the one before, while joints move.
        compared: how many were compared with the one before.
    """

    longest: int
    repeated: int
    compared: int


@dataclasses.dataclass(frozen=True, eq=False)
class VideoLook:
    """What can be seen of a video alone.

    Attributes:
        facts: what its container says.
        differences: by a picture's number, the most by which a block of 16x16 pixels differs from the one before.
        motion: where pictures differ from their median.
        broken: why pictures cannot be decoded, if so.
    """

    facts: VideoFacts
    differences: dict[int, float]
    motion: "Motion | None"
    broken: str | None

    def repeats(self, joints_px: Float[ndarray, "frames joints 2"] | None) -> Repeats:
        """How pictures repeat while joints move; all joints are taken to move if they are not known."""
        longest, row, repeated, compared, last = 1, 1, 0, 0, -1
        for number, difference in self.differences.items():
            if joints_px is not None and number >= len(joints_px):
                break
            same = difference < SAME_LEVELS and _moved(joints_px, number)
            row = (row if number == last + 1 else 1) + 1 if same else 1
            longest, repeated, compared, last = max(longest, row), repeated + same, compared + 1, number
        return Repeats(longest, repeated, compared)


def look_at_video(path: Path, poses: int | None, whole: bool) -> VideoLook:
    """Compares neighbouring pictures of a video, and some pictures with their median.

    Args:
        path: of the video.
        poses: how many poses there are; later pictures do not count.
        whole: compare all pictures; else some stretches of a long video.

    Raises:
        InputError: if it is no video, or a cut one. That pictures cannot be decoded is `broken`.
    """
    facts = probe(path)
    frames = min(facts.present, poses or facts.present)
    differences: dict[int, float] = {}
    try:
        last: tuple[int, ndarray] | None = None
        for number, luma in _stretches(path, frames, whole):
            small = _blocks(luma, 16)
            if last is not None and number == last[0] + 1:
                differences[number] = float(np.abs(small - last[1]).max())
            last = number, small
        return VideoLook(facts, differences, _motion(path, frames), None)
    except InputError as error:
        return VideoLook(facts, differences, None, error.found)


@dataclasses.dataclass(frozen=True, eq=False)
class Motion:
    """Where some pictures of a video differ from the others.

    Attributes:
        frames: their numbers.
        maps: per picture, by how much each block of 8x8 pixels stands out.
    """

    frames: tuple[int, ...]
    maps: UInt8[ndarray, "pictures rows columns"]

    def share_at(self, joints_px: Float[ndarray, "frames joints 2"]) -> float | None:
        """The share of all that stands out which lies on the body of some joints; None if it cannot be told."""
        if self.maps.sum() < _LEAST_MOVING * len(self.frames) or self.frames[-1] >= len(joints_px):
            return None
        inside = 0.0
        for frame, stands_out in zip(self.frames, self.maps, strict=True):
            inside += float(stands_out[_near_bones(joints_px[frame], stands_out.shape)].sum())
        return inside / float(self.maps.sum())


def _near_bones(joints_px: Float[ndarray, "joints 2"], shape: tuple[int, ...]) -> Bool[ndarray, "rows columns"]:
    """The blocks of 8x8 pixels that a body may fill."""
    near = np.zeros(shape, np.uint8)
    points = np.rint((joints_px - (_SHRINK - 1) / 2) / _SHRINK).astype(int).clip(-(2**12), 2**12).tolist()
    width = max(1, round(FLESH * float(np.ptp(joints_px[:, 1])) / _SHRINK))
    for joint, parent in enumerate(PARENTS_32):
        cv2.line(near, points[joint], points[max(parent, 0)], 1, width)
    return near > 0


def _motion(path: Path, frames: int) -> Motion:
    samples = sorted(sample_pictures(path, frames, SAMPLES), key=lambda sample: sample[0])
    small = np.stack([_blocks(picture.luma, _SHRINK) for _, picture in samples])
    stands_out = np.abs(small - np.median(small, axis=0)) - _NOISE_LEVELS
    return Motion(tuple(number for number, _ in samples), np.clip(stands_out, 0, 255).astype(np.uint8))


def _blocks(luma: UInt8[ndarray, "height width"], side: int) -> Float[ndarray, "rows columns"]:
    """Means of square blocks."""
    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    whole = np.ascontiguousarray(luma[: rows * side, : columns * side], np.float32)
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA))


def _moved(joints_px: Float[ndarray, "frames joints 2"] | None, number: int) -> bool:
    if joints_px is None:
        return True
    steps = joints_px[number] - joints_px[number - 1]
    return float(np.linalg.norm(steps, axis=-1).max()) > MOVES_PX


def _stretches(path: Path, frames: int, whole: bool) -> Iterator[tuple[int, UInt8[ndarray, "height width"]]]:
    """Pictures' luma with their numbers: all, or those of some stretches that begin where decoding can."""
    keys = [] if whole or frames < WHOLE_BELOW else _key_times(path, frames)
    if len(keys) < len(STRETCHES):
        for number, picture in enumerate(pictures(path, frames)):
            yield number, picture.luma
        return
    numbers = [number for number, _ in keys]
    chosen = {bisect.bisect_left(numbers, share * frames) for share in STRETCHES}
    with _decoder(path) as (container, stream):
        for place in sorted(chosen):
            first, time = keys[min(place, len(keys) - 1)]
            container.seek(time, stream=stream)
            number = first
            for frame in container.decode(stream):
                if frame.pts is None or frame.pts < time:
                    continue
                if number >= min(first + STRETCH, frames):
                    break
                yield number, frame.to_ndarray(format="gray")
                number += 1


def _key_times(path: Path, frames: int) -> list[tuple[int, int]]:
    """Numbers and time stamps of those of the first `frames` pictures that can be decoded alone."""
    with _decoder(path) as (container, stream):
        packets = [(packet.pts, packet.is_keyframe) for packet in container.demux(stream) if packet.size]
    if any(time is None for time, _ in packets):
        return []
    shown = sorted((time, alone) for time, alone in packets if time is not None)
    return [(number, time) for number, (time, alone) in enumerate(shown[:frames]) if alone]


@contextlib.contextmanager
def _decoder(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """A video that could be opened before; one thread."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            yield container, stream
    except av.error.FFmpegError as error:
        raise InputError(path, "pictures that cannot be decoded", "a whole video", "Unpack this file again") from error
