"""Random spoiling of training pictures: out of focus, with a wrong mask, half hidden.

All of it is products with small matrices: blurring and widening a mask are separable, and on CPUs a product of 128x128
matrices is far cheaper than a convolution with a kernel of each picture's own. The keys are derived from those of the
light, so that pictures are as they were where nothing is spoilt.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

_SPOILING = 0x5B01
"""Sets the keys of the spoiling apart from those that were drawn from before."""

_COARSE_CELLS, _FINE_CELLS = 5, 22


def spoil(
    images: Float[Array, "batch side side"], keys: Key[Array, "batch"], blur_px: float, leak_px: float, halves: float
) -> Float[Array, "batch side side"]:
    """Spoils pictures.

    Args:
        images: crops from 0 to 1, 0 outside of the person.
        keys: one per picture.
        blur_px: the largest standard deviation of a Gaussian blur of the whole crop; every other picture is blurred.
        leak_px: the largest width by which the mask is wrong: in a quarter of the pictures background shows in parts of
            a ring around the person, in a quarter a rim of the person is missing.
        halves: the probability that all of a picture is blanked from a line on that cuts 30 to 60 % of the person's
            box off at its left, right, top or bottom.
    """

    def one(image: jax.Array, key: Key[Array, ""]) -> jax.Array:
        leak_key, half_key, blur_key = jax.random.split(jax.random.fold_in(key, _SPOILING), 3)
        if leak_px:
            image = _with_wrong_mask(image, leak_key, leak_px)
        if halves:
            image = _half_hidden(image, half_key, halves)
        return _blurred(image, blur_key, blur_px) if blur_px else image

    return jax.vmap(one)(images, keys)


def _blurred(image: jax.Array, key: Key[Array, ""], largest_px: float) -> jax.Array:
    """A Gaussian blur in every other picture, as rows and columns times a band matrix."""
    width, whether = jax.random.uniform(key, (2,))
    sigma = jnp.maximum(largest_px * width, 1e-2) * (whether < 0.5) + 1e-2  # as good as none for the others
    places = jnp.arange(image.shape[0])
    band = jnp.exp(-jnp.square((places[:, None] - places[None, :]) / sigma) / 2)
    band = band / band[image.shape[0] // 2].sum()  # nothing comes from outside of the crop
    return band @ image @ band.T


def _with_wrong_mask(image: jax.Array, key: Key[Array, ""], largest_px: float) -> jax.Array:
    """Background around the person, or the person's rim missing."""
    draw_key, patch_key, texture_key = jax.random.split(key, 3)
    kind, share = jax.random.uniform(draw_key, (2,))
    leaks, loses = kind < 0.25, (kind >= 0.25) & (kind < 0.5)
    width = 1 + share * (largest_px - 1)
    person = image > 0
    near = _widened(jnp.where(loses, ~person, person), width)
    ring = near & ~person & (_uneven(patch_key, image.shape[0], _COARSE_CELLS) > -0.4)
    wall = jnp.clip(_wall(texture_key, image.shape[0]), 0.02, 1.0)
    leaked = jnp.where(ring & leaks, wall, image)
    return jnp.where(loses & near, 0.0, leaked)


def _widened(mask: Bool[Array, "side side"], width_px: jax.Array) -> Bool[Array, "side side"]:
    """The mask and every pixel with a part of it in the square of so many pixels around."""
    places = jnp.arange(mask.shape[0])
    band = (jnp.abs(places[:, None] - places[None, :]) <= width_px).astype(jnp.float32)
    return band @ mask.astype(jnp.float32) @ band.T > 0.5


def _wall(key: Key[Array, ""], side: int) -> Float[Array, "side side"]:
    """A grey of its own, uneven at two scales."""
    grey_key, coarse_key, fine_key = jax.random.split(key, 3)
    coarse, fine = _uneven(coarse_key, side, _COARSE_CELLS), _uneven(fine_key, side, _FINE_CELLS)
    return jax.random.uniform(grey_key, minval=0.15, maxval=0.85) + 0.12 * coarse + 0.06 * fine


def _uneven(key: Key[Array, ""], side: int, cells: int) -> Float[Array, "side side"]:
    """Noise of about unit variance at so many cells along each side, interpolated linearly."""
    places = (jnp.arange(side) + 0.5) * (cells - 1) / side
    shares = jnp.maximum(0, 1 - jnp.abs(places[:, None] - jnp.arange(cells)[None, :]))
    return 1.5 * (shares @ jax.random.normal(key, (cells, cells)) @ shares.T)


def _half_hidden(image: jax.Array, key: Key[Array, ""], probability: float) -> jax.Array:
    """Blanks everything from a line through the person's box on."""
    whether, side, share = jax.random.uniform(key, (3,))
    person = image > 0
    across, from_far_end = side < 0.5, (side * 2) % 1 < 0.5
    occupied = jnp.where(across, person.any(0), person.any(1))
    length = image.shape[0]
    places = jnp.arange(length)
    first = jnp.argmax(occupied)
    last = length - jnp.argmax(occupied[::-1])
    cut = (0.3 + 0.3 * share) * (last - first)
    hidden = jnp.where(from_far_end, places >= last - cut, places < first + cut) & (whether < probability)
    return jnp.where(jnp.where(across, hidden[None, :], hidden[:, None]), 0.0, image)
