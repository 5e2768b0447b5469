"""The frames of views as examples: poses in memory, pictures in memory or on disk until they are fetched."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from h36m_pose.data import crop_frame
from h36m_pose.data.dataset import CROP_PX, View
from h36m_pose.errors import InputError


class Examples(NamedTuple):
    """Crops with their joints and poses: NumPy arrays on the host, JAX arrays on the device.

    Attributes:
        images: (frames, 128, 128) uint8.
        joints_px: (frames, 17, 2) float32, pixels of the crop.
        joints_root_mm: (frames, 17, 3) float32.
    """

    images: Any
    joints_px: Any
    joints_root_mm: Any


class Frames:
    """The chosen frames of views, one view after the other, numbered from 0. Pictures are read when they are fetched.

    Args:
        views: of `Dataset.select`.
        frame_step: take each view's first frame and every so many-th after it.
        frame: the poses' axes: "camera", or "crop" (see `data.crop_frame`).

    Attributes:
        joints_px: (frames, 17, 2) float32, pixels of the crop.
        joints_root_mm: (frames, 17, 3) float32.

    Raises:
        InputError: if a joint is not a number, or if there is no such frame.
    """

    def __init__(self, views: Sequence[View], frame_step: int = 1, frame: str = "camera"):
        if frame not in crop_frame.FRAMES:
            known = ", ".join(crop_frame.FRAMES)
            raise InputError("data.frame", repr(frame), f"one of {known}", "Choose one of these")
        self._images = [view.images[::frame_step] for view in views]
        self._starts = np.cumsum([0, *map(len, self._images)])
        self.joints_px = np.concatenate([np.asarray(view.joints_px[::frame_step]) for view in views])
        self.joints_root_mm = np.concatenate([_poses(view, frame)[::frame_step] for view in views])
        for name, values in (("joints_px", self.joints_px), ("joints_root_mm", self.joints_root_mm)):
            if not np.isfinite(values).all():
                raise InputError(views[0].folder.parent.parent, f"NaN in {name}", "numbers", "Preprocess it again")

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def bytes(self) -> int:
        """What all examples take in memory."""
        return len(self) * CROP_PX * CROP_PX + self.joints_px.nbytes + self.joints_root_mm.nbytes

    def fetch(self, chosen: Int[ndarray, "batch"]) -> Examples:
        """Reads frames, given by their numbers, in the order given."""
        images = np.empty((len(chosen), CROP_PX, CROP_PX), np.uint8)
        owners = np.searchsorted(self._starts, chosen, side="right") - 1
        for owner in np.unique(owners):
            places = np.flatnonzero(owners == owner)
            images[places] = self._images[owner][chosen[places] - self._starts[owner]]
        return Examples(images, self.joints_px[chosen], self.joints_root_mm[chosen])

    def all(self) -> Examples:
        """Reads every frame."""
        return Examples(np.concatenate(self._images), self.joints_px, self.joints_root_mm)


def _poses(view: View, frame: str) -> Float[ndarray, "frames 17 3"]:
    poses = np.asarray(view.joints_root_mm)
    return crop_frame.turn(poses, crop_frame.crop_rotations(view)) if frame == "crop" else poses


def gather_views(views: Sequence[View], frame_step: int = 1, at_most: int = 0, frame: str = "camera") -> Examples:
    """Reads the frames of views into memory.

    Args:
        views: see `Frames`.
        frame_step: see there.
        at_most: if there are more frames, take this many, evenly spaced over all; 0 for no limit.
        frame: see there.
    """
    frames = Frames(views, frame_step, frame)
    if not at_most or len(frames) <= at_most:
        return frames.all()
    return frames.fetch(np.linspace(0, len(frames) - 1, at_most).round().astype(int))


def gather_poses(views: Sequence[View], frame_step: int = 1) -> Float[ndarray, "frames 17 3"]:
    """The true poses of views in the cameras' frames, mm relative to the root."""
    return np.concatenate([np.asarray(view.joints_root_mm[::frame_step]) for view in views])


def mean_pose(views: Sequence[View], frame_step: int = 1) -> Float[ndarray, "17 3"]:
    """The mean over all frames of views, in the cameras' frames: the baseline of every result."""
    return gather_poses(views, frame_step).mean(0, dtype=np.float64).astype(np.float32)


def padded_batches(examples: Examples, batch_size: int) -> Iterator[tuple[Examples, Float[ndarray, "batch"]]]:
    """Batches of equal size with a weight per example: 1, or 0 for what fills up the last one."""
    frames = len(examples.images)
    for start in range(0, frames, batch_size):
        there = min(batch_size, frames - start)
        filled = np.minimum(np.arange(start, start + batch_size), frames - 1)
        weights = (np.arange(batch_size) < there).astype(np.float32)
        yield Examples(*(array[filled] for array in examples)), weights
