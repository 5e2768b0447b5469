"""From examples to batches on the device: each batch a function of the seed and the step, wherever it is fetched."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from h36m_pose.data.augmentation import Augmentation, augment
from h36m_pose.data.dataset import CROP_PX
from h36m_pose.data.frames import Examples
from h36m_pose.errors import InputError


class Batch(NamedTuple):
    """What a network and its loss see."""

    images: Float[Array, "batch side side 1"]
    joints_px: Float[Array, "batch 17 2"]
    joints_root_mm: Float[Array, "batch 17 3"]


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


def example_keys(
    key: Key[Array, ""], step: Int[Array, ""], batch_size: int, first: int | Int[Array, ""] = 0
) -> Key[Array, "batch"]:
    """One key for each of so many examples of a step's batch, from the given place in it on."""
    step_key = jax.random.fold_in(key, step)
    return jax.vmap(lambda place: jax.random.fold_in(step_key, place))(first + jnp.arange(batch_size))


def training_batch(
    fetched: Examples, keys: Key[Array, "batch"], options: Augmentation, input_px: int = CROP_PX
) -> Batch:
    """Varies the fetched frames.

    A network that takes smaller pictures gets a random cut of the crop; the 2D joints are then given in 1/128 of the
    cut's side, so that the cells of the grid task tile what the network sees.
    """
    augment_keys, cut_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    images, joints_px, joints_root_mm = augment(*fetched, augment_keys, options)
    spare = CROP_PX - input_px
    if spare:
        corner = jax.vmap(lambda key: jax.random.randint(key, (2,), 0, spare + 1))(cut_keys)
        images, joints_px = _cut(images, joints_px, corner, input_px)
    # Without the barrier XLA computes the pictures anew for each of their uses, forward and backward.
    return jax.lax.optimization_barrier(Batch(images[..., None], joints_px, joints_root_mm))


def plain_batch(examples: Examples, input_px: int = CROP_PX) -> Batch:
    """Examples as they are, as pictures from 0 to 1; a network that takes smaller pictures gets the middle."""
    images, joints_px = jnp.asarray(examples.images, jnp.float32) / 255, examples.joints_px
    spare = CROP_PX - input_px
    if spare:
        first = spare // 2
        images = images[:, first : first + input_px, first : first + input_px]
        joints_px = (joints_px + 0.5 - first) * (CROP_PX / input_px) - 0.5
    return Batch(images[..., None], joints_px, examples.joints_root_mm)


def _cut(
    images: jax.Array, joints_px: jax.Array, corner: Int[Array, "batch 2"], side: int
) -> tuple[jax.Array, jax.Array]:
    cut = jax.vmap(lambda image, place: jax.lax.dynamic_slice(image, (place[1], place[0]), (side, side)))(
        images, corner
    )
    return cut, (joints_px + 0.5 - corner[:, None]) * (CROP_PX / side) - 0.5
