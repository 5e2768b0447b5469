"""Random variation of crops, joints and poses together, on the device, inside the jitted step.

One picture is moved by one affine map: stretched, scaled and turned about the crop's centre, perhaps mirrored, then
shifted. The 2D joints go through the very same map. The pose in mm follows where it can: mirrored with left and right
swapped, stretched across and turned about the optical axis with the picture; shift and scale leave it alone, as they
would if the box had been cut a little differently. Each example has a key of its own, so that nothing depends on how a
batch is laid out.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt8

from h36m_pose import skeleton
from h36m_pose.data.spoiling import spoil


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How much to vary; each number is the half width of a uniform distribution unless it says otherwise.

    Attributes:
        shift_px: along each axis, in pixels of the crop.
        scale: 0.1 means a factor of 0.9 to 1.1.
        turn_degrees: about the crop's centre.
        stretch: 0.1 means exp(-0.1) to exp(0.1) times as wide, and as much less high, picture and pose alike: bodies of
            other proportions. Depths stay, which is exact for a camera far away.
        mirror: probability of mirroring.
        gain: 0.2 means a factor of 0.8 to 1.2 on the grey values of the person.
        offset: added to the grey values of the person, of a range of 1.
        gamma: 0.2 means an exponent of exp(-0.2) to exp(0.2) on the grey values.
        noise: the largest standard deviation of pixel noise on the person, of a range of 1.
        erase_px: largest side of one rectangle that is blanked (the person behind something), 0 for none.
        blur_px: largest standard deviation of a Gaussian blur, in every other picture; see `data.spoiling`, as for the
            rest.
        leak_px: largest width of a ring of background around the person, or of a rim of it that is missing: each in a
            quarter of the pictures.
        halves: probability that a part of the person from one side on, 30 to 60 % of the box, is blanked.
    """

    shift_px: float = 0.0
    scale: float = 0.0
    turn_degrees: float = 0.0
    stretch: float = 0.0
    mirror: float = 0.0
    gain: float = 0.0
    offset: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    erase_px: float = 0.0
    blur_px: float = 0.0
    leak_px: float = 0.0
    halves: float = 0.0


class Move(NamedTuple):
    """One affine map per picture, in pixels of the crop.

    It takes a point to centre + scale * turn * mirror * stretch * (point - centre) + shift.
    """

    linear: Float[Array, "batch 2 2"]
    shift_px: Float[Array, "batch 2"]
    mirrored: Bool[Array, "batch"]
    turn: Float[Array, "batch"]
    wider: Float[Array, "batch"]


def draw_move(keys: Key[Array, "batch"], options: Augmentation) -> Move:
    """Draws a map for each key."""

    def one(key: Key[Array, ""]) -> tuple[jax.Array, ...]:
        shift_key, rest_key = jax.random.split(key)
        shift = jax.random.uniform(shift_key, (2,), minval=-options.shift_px, maxval=options.shift_px)
        rest = jax.random.uniform(rest_key, (3,))
        scale = 1 + options.scale * (2 * rest[0] - 1)
        turn = jnp.deg2rad(options.turn_degrees) * (2 * rest[1] - 1)
        wider = jnp.exp(_stretch(rest_key, options.stretch)) if options.stretch else jnp.ones(())
        return shift, scale, turn, rest[2] < options.mirror, wider

    shift, scale, turn, mirrored, wider = jax.vmap(one)(keys)
    cosine, sine = scale * jnp.cos(turn), scale * jnp.sin(turn)
    across = jnp.where(mirrored, -wider, wider)
    upper, lower = jnp.stack([cosine * across, -sine / wider], -1), jnp.stack([sine * across, cosine / wider], -1)
    linear = jnp.stack([upper, lower], -2)
    return Move(linear, shift, mirrored, turn, wider)


def _stretch(key: Key[Array, ""], half_width: float) -> jax.Array:
    return jax.random.uniform(jax.random.fold_in(key, 1), minval=-half_width, maxval=half_width)


def move_images(
    images: UInt8[Array, "batch side side"] | Float[Array, "batch side side"], move: Move
) -> Float[Array, "batch side side"]:
    """Resamples pictures bilinearly; what comes from outside is 0. Values keep their range."""
    side = images.shape[1]
    centre = (side - 1) / 2
    places = jnp.arange(side) - centre
    (a, b), (c, d) = jnp.moveaxis(move.linear, 0, -1)[..., None, None]
    size = a * d - b * c
    x_out = places[None, None, :] - move.shift_px[:, 0, None, None]
    y_out = places[None, :, None] - move.shift_px[:, 1, None, None]
    x = (d * x_out - b * y_out) / size + centre
    y = (a * y_out - c * x_out) / size + centre
    return _bilinear(images, x, y)


def _bilinear(images: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    side = images.shape[1]
    # One row and column of zeros before, two after: clipped places lie on them or just beside and fetch nothing.
    padded = jnp.pad(images, ((0, 0), (1, 2), (1, 2)))
    x, y = jnp.clip(x, -1, side) + 1, jnp.clip(y, -1, side) + 1
    left, top = jnp.floor(x), jnp.floor(y)
    right_share, bottom_share = x - left, y - top
    width = side + 3
    flat = padded.reshape(len(images), -1)
    corner = (top.astype(jnp.int32) * width + left.astype(jnp.int32)).reshape(len(images), -1)

    def fetch(step: int) -> jax.Array:
        values = jnp.take_along_axis(flat, corner + step, axis=1, mode="promise_in_bounds")
        return values.reshape(x.shape).astype(jnp.float32)

    upper = fetch(0) * (1 - right_share) + fetch(1) * right_share
    lower = fetch(width) * (1 - right_share) + fetch(width + 1) * right_share
    return upper * (1 - bottom_share) + lower * bottom_share


def move_joints_px(joints_px: Float[Array, "batch 17 2"], move: Move, side: int) -> Float[Array, "batch 17 2"]:
    """Moves 2D joints as `move_images` moves the pictures, and swaps left and right where they are mirrored."""
    centre = (side - 1) / 2
    moved = jnp.einsum("bij,bkj->bki", move.linear, joints_px - centre) + centre + move.shift_px[:, None]
    return _swap_sides(moved, move.mirrored)


def move_joints_root_mm(joints_root_mm: Float[Array, "batch 17 3"], move: Move) -> Float[Array, "batch 17 3"]:
    """Stretches and mirrors poses and turns them about the optical axis, as the pictures."""
    x, y, depth = joints_root_mm[..., 0], joints_root_mm[..., 1], joints_root_mm[..., 2]
    x, y = x * move.wider[:, None], y / move.wider[:, None]
    x = jnp.where(move.mirrored[:, None], -x, x)
    cosine, sine = jnp.cos(move.turn)[:, None], jnp.sin(move.turn)[:, None]
    moved = jnp.stack([cosine * x - sine * y, sine * x + cosine * y, depth], axis=-1)
    return _swap_sides(moved, move.mirrored)


def _swap_sides(joints: jax.Array, mirrored: jax.Array) -> jax.Array:
    return jnp.where(mirrored[:, None, None], joints[:, skeleton.MIRRORED], joints)


def vary_light(
    images: Float[Array, "batch side side"], keys: Key[Array, "batch"], options: Augmentation
) -> Float[Array, "batch side side"]:
    """Changes the person's grey values (0 to 1), leaves the background, which is 0, and blanks a rectangle."""

    def one(image: jax.Array, key: Key[Array, ""]) -> jax.Array:
        draw_key, noise_key, erase_key = jax.random.split(key, 3)
        gain, offset, gamma, noise = jax.random.uniform(draw_key, (4,), minval=-1.0)
        person = image > 0
        if options.gamma:
            image = jnp.power(jnp.maximum(image, 1e-4), jnp.exp(options.gamma * gamma))
        if options.gain or options.offset:
            image = image * (1 + options.gain * gain) + options.offset * offset
        if options.noise:
            image = image + options.noise * jnp.abs(noise) * jax.random.normal(noise_key, image.shape)
        image = jnp.where(person, jnp.clip(image, 0.0, 1.0), 0.0)
        return _erase(image, erase_key, options.erase_px) if options.erase_px else image

    return jax.vmap(one)(images, keys)


def _erase(image: jax.Array, key: Key[Array, ""], largest_px: float) -> jax.Array:
    """Blanks a rectangle in every other picture."""
    side = image.shape[0]
    place, extent, whether = jnp.split(jax.random.uniform(key, (5,)), [2, 4])
    first = place * side - extent * largest_px / 2
    last = first + extent * largest_px
    pixels = jnp.arange(side)
    row = (pixels >= first[1]) & (pixels < last[1]) & (whether[0] < 0.5)
    column = (pixels >= first[0]) & (pixels < last[0])
    return jnp.where(row[:, None] & column[None, :], 0.0, image)


def augment(
    images: UInt8[Array, "batch side side"],
    joints_px: Float[Array, "batch 17 2"],
    joints_root_mm: Float[Array, "batch 17 3"],
    keys: Key[Array, "batch"],
    options: Augmentation,
) -> tuple[Float[Array, "batch side side"], Float[Array, "batch 17 2"], Float[Array, "batch 17 3"]]:
    """Varies a batch.

    Args:
        images: grey crops, 0 to 255.
        joints_px: in pixels of the crops.
        joints_root_mm: camera frame, root at the origin.
        keys: one per example.
        options: how much.

    Returns:
        Pictures from 0 to 1, and the joints and poses that belong to them.
    """
    move_keys, light_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    move = draw_move(move_keys, options)
    moved = move_images(images, move) / 255
    lit = vary_light(moved, light_keys, options)
    if options.blur_px or options.leak_px or options.halves:
        lit = spoil(lit, light_keys, options.blur_px, options.leak_px, options.halves)
    return lit, move_joints_px(joints_px, move, images.shape[1]), move_joints_root_mm(joints_root_mm, move)
