"""From a dataset on disk to batches on the device: the whole of it resident, each batch a function of (seed, step)."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from h36m_pose.data import crop_frame
from h36m_pose.data.augmentation import Augmentation, augment
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


class Batch(NamedTuple):
    """What a network and its loss see."""

    images: Float[Array, "batch side side 1"]
    joints_px: Float[Array, "batch 17 2"]
    joints_root_mm: Float[Array, "batch 17 3"]


def gather_views(views: Sequence[View], frame_step: int = 1, at_most: int = 0, frame: str = "camera") -> Examples:
    """Reads the frames of views into memory.

    Args:
        views: of `Dataset.select`.
        frame_step: take each view's first frame and every so many-th after it.
        at_most: if there are more frames, take this many, evenly spaced over all; 0 for no limit.
        frame: the poses' axes: "camera", or "crop" (see `data.crop_frame`).
    """
    if frame not in crop_frame.FRAMES:
        known = ", ".join(crop_frame.FRAMES)
        raise InputError("data.frame", repr(frame), f"one of {known}", "Choose one of these")
    parts = []
    for view in views:
        poses = np.asarray(view.joints_root_mm)
        if frame == "crop":
            poses = crop_frame.turn(poses, crop_frame.crop_rotations(view))
        parts.append(Examples(*(np.asarray(array[::frame_step]) for array in (view.images, view.joints_px, poses))))
    whole = Examples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    for name, values in (("joints_px", whole.joints_px), ("joints_root_mm", whole.joints_root_mm)):
        if not np.isfinite(values).all():
            raise InputError(views[0].folder.parent.parent, f"NaN in {name}", "numbers", "Preprocess it again")
    if not at_most or len(whole.images) <= at_most:
        return whole
    chosen = np.linspace(0, len(whole.images) - 1, at_most).round().astype(int)
    return Examples(*(array[chosen] for array in whole))


def gather_poses(views: Sequence[View], frame_step: int = 1) -> Float[np.ndarray, "frames 17 3"]:
    """The true poses of views in the cameras' frames, mm relative to the root."""
    return np.concatenate([np.asarray(view.joints_root_mm[::frame_step]) for view in views])


def mean_pose(views: Sequence[View], frame_step: int = 1) -> Float[np.ndarray, "17 3"]:
    """The mean over all frames of views, in the cameras' frames: the baseline of every result."""
    return gather_poses(views, frame_step).mean(0, dtype=np.float64).astype(np.float32)


def steps_per_epoch(frames: int, batch_size: int) -> int:
    """Whole batches in an epoch; what is left over is dropped, other frames each time.

    Raises:
        InputError: if there is not even one.
    """
    if frames < batch_size:
        raise InputError(
            "batch_size", str(batch_size), f"at most {frames}, the number of training frames", "Choose a smaller one"
        )
    return frames // batch_size


@jax.jit(static_argnames=("frames",))
def epoch_order(key: Key[Array, ""], epoch: int | Int[Array, ""], frames: int) -> Int[Array, "frames"]:
    """The order of all frames in an epoch: a function of the key and the epoch alone."""
    return jax.random.permutation(jax.random.fold_in(key, epoch), frames)


def example_keys(key: Key[Array, ""], step: Int[Array, ""], batch_size: int) -> Key[Array, "batch"]:
    """One key for each example of a step's batch."""
    step_key = jax.random.fold_in(key, step)
    return jax.vmap(lambda place: jax.random.fold_in(step_key, place))(jnp.arange(batch_size))


def training_batch(
    examples: Examples,
    chosen: Int[Array, "batch"],
    keys: Key[Array, "batch"],
    options: Augmentation,
    input_px: int = CROP_PX,
) -> Batch:
    """Fetches and varies the chosen frames.

    A network that takes smaller pictures gets a random cut of the crop; the 2D joints are then given in 1/128 of the
    cut's side, so that the cells of the grid task tile what the network sees.
    """
    fetched = Examples(*(array[chosen] for array in examples))
    augment_keys, cut_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    images, joints_px, joints_root_mm = augment(*fetched, augment_keys, options)
    spare = CROP_PX - input_px
    if spare:
        corner = jax.vmap(lambda key: jax.random.randint(key, (2,), 0, spare + 1))(cut_keys)
        images, joints_px = _cut(images, joints_px, corner, input_px)
    return Batch(images[..., None], joints_px, joints_root_mm)


def plain_batch(examples: Examples, input_px: int = CROP_PX) -> Batch:
    """Examples as they are, as pictures from 0 to 1; a network that takes smaller pictures gets the middle."""
    images, joints_px = jnp.asarray(examples.images, jnp.float32) / 255, examples.joints_px
    spare = CROP_PX - input_px
    if spare:
        images, joints_px = _cut(images, joints_px, jnp.full((len(images), 2), spare // 2), input_px)
    return Batch(images[..., None], joints_px, examples.joints_root_mm)


def _cut(
    images: jax.Array, joints_px: jax.Array, corner: Int[Array, "batch 2"], side: int
) -> tuple[jax.Array, jax.Array]:
    cut = jax.vmap(lambda image, place: jax.lax.dynamic_slice(image, (place[1], place[0]), (side, side)))(
        images, corner
    )
    return cut, (joints_px + 0.5 - corner[:, None]) * (CROP_PX / side) - 0.5


def padded_batches(examples: Examples, batch_size: int) -> Iterator[tuple[Examples, Float[np.ndarray, "batch"]]]:
    """Batches of equal size with a weight per example: 1, or 0 for what fills up the last one."""
    frames = len(examples.images)
    for start in range(0, frames, batch_size):
        there = min(batch_size, frames - start)
        filled = np.minimum(np.arange(start, start + batch_size), frames - 1)
        weights = (np.arange(batch_size) < there).astype(np.float32)
        yield Examples(*(array[filled] for array in examples)), weights
