"""The few layers the networks are made of, in formulations that XLA compiles well for CPUs and GPUs alike.

Modules hold parameters; functions hold none. Pictures are NHWC, kernels HWIO.
"""

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax
from jaxtyping import Array, Float, Key

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Draws the initial weights of a kernel whose last two axes are inputs and outputs, the others its window."""


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], gain: float = 2.0) -> np.ndarray:
    """Normal, with variance gain / fan in; 2 keeps the signal's size through ReLU and its like, 1 through none."""
    return rng.normal(0, math.sqrt(gain / math.prod(shape[:-1])), shape)


lecun_normal: Draw = functools.partial(he_normal, gain=1.0)


def drawn(draw: Draw, rngs: nnx.Rngs, shape: tuple[int, ...]) -> nnx.Param:
    """A parameter with its initial weights.

    They are drawn by NumPy, seeded by the next key: drawing each array by JAX would compile a program of its own for
    each, ten seconds in all.
    """
    rng = np.random.default_rng(np.asarray(jax.random.key_data(rngs.params())))
    return nnx.Param(jnp.asarray(draw(rng, shape), jnp.float32))


_DIMENSIONS = ("NHWC", "HWIO", "NHWC")
_MANY_POSITIONS = 1024
"""From this many output positions per image on, the filter gradient goes through the images one by one."""


def convolve(
    images: Float[Array, "batch height width inputs"],
    kernel: Float[Array, "size size inputs outputs"],
    stride: int = 1,
    padding: int = 0,
) -> Float[Array, "batch rows columns outputs"]:
    """A convolution (a correlation, as everywhere in the field) whose filter gradient is fast on CPUs.

    Where the stride is two or the picture is large, XLA's own filter gradient runs at a fraction of the arithmetic rate
    of its forward pass. There it is replaced by matrix products over patches; the value is the same.

    Args:
        images: the input.
        kernel: a square kernel.
        stride: the same along both axes.
        padding: rows and columns of zeros on each side.
    """
    positions = math.prod(_positions(images.shape, kernel.shape, stride, padding))
    if stride > 1 or positions >= _MANY_POSITIONS:
        return _convolve_by_patches(images, kernel, stride, padding)
    return _convolve_plainly(images, kernel, stride, padding)


def _positions(images: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> tuple[int, int]:
    """How many rows and columns a convolution puts out."""
    rows, columns = ((images[axis] + 2 * padding - kernel[0]) // stride + 1 for axis in (1, 2))
    return rows, columns


def _convolve_plainly(images: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    return lax.conv_general_dilated(
        images, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=_DIMENSIONS
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _convolve_by_patches(images: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    return _convolve_plainly(images, kernel, stride, padding)


def _keep_operands(images, kernel, stride, padding):
    return _convolve_plainly(images, kernel, stride, padding), (images, kernel)


def _gradients(stride, padding, operands, gradient):
    images, kernel = operands
    _, to_images = jax.vjp(lambda images: _convolve_plainly(images, kernel, stride, padding), images)
    return to_images(gradient)[0], filter_gradient(images, gradient, kernel.shape, stride, padding)


_convolve_by_patches.defvjp(_keep_operands, _gradients)


def filter_gradient(
    images: Float[Array, "batch height width inputs"],
    gradient: Float[Array, "batch rows columns outputs"],
    shape: tuple[int, int, int, int],
    stride: int,
    padding: int,
) -> Float[Array, "size size inputs outputs"]:
    """The gradient of a convolution's kernel, as products of patches and output gradients.

    Args:
        images: the convolution's input.
        gradient: the loss's gradient with respect to its output.
        shape: the kernel's.
        stride: the convolution's.
        padding: the convolution's.
    """
    padded = jnp.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    positions = gradient.shape[1], gradient.shape[2]

    def product(padded: jax.Array, gradient: jax.Array) -> jax.Array:
        patches = _patches(padded, shape[0], stride, positions).reshape(-1, math.prod(shape[:3]))
        return jnp.matmul(patches.T, gradient.reshape(-1, shape[3]), preferred_element_type=jnp.float32)

    if math.prod(positions) < _MANY_POSITIONS:
        return product(padded, gradient).reshape(shape).astype(images.dtype)

    # All patches of a batch of large pictures would not fit the caches, hardly the memory: one picture after another.
    def add(total: jax.Array, one: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return total + product(one[0][None], one[1][None]), None

    start = jnp.zeros((math.prod(shape[:3]), shape[3]), jnp.float32)
    return lax.scan(add, start, (padded, gradient))[0].reshape(shape).astype(images.dtype)


def _patches(padded: jax.Array, size: int, stride: int, positions: tuple[int, int]) -> jax.Array:
    """Every patch that a kernel sees, flattened in the kernel's order: (batch, rows, columns, size * size * inputs)."""
    batch, _, _, inputs = padded.shape
    rows, columns = positions
    return jnp.concatenate(
        [
            lax.slice(
                padded,
                (0, y, x, 0),
                (batch, y + stride * (rows - 1) + 1, x + stride * (columns - 1) + 1, inputs),
                (1, stride, stride, 1),
            )
            for y in range(size)
            for x in range(size)
        ],
        axis=-1,
    )


def per_channel(vector: Float[Array, "channels"], features: jax.Array) -> jax.Array:
    """One number per channel with as many axes as the features have, whose last axis are the channels."""
    return vector.reshape((1,) * (features.ndim - 1) + vector.shape)


def space_to_depth(
    images: Float[Array, "batch height width inputs"], side: int
) -> Float[Array, "batch rows columns outputs"]:
    """Lays each square of side x side pixels into the channels of one; nothing is lost."""
    batch, height, width, inputs = images.shape
    squares = images.reshape(batch, height // side, side, width // side, side, inputs)
    return squares.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // side, width // side, side * side * inputs)


def max_pool(
    images: Float[Array, "batch height width channels"], size: int, stride: int
) -> Float[Array, "batch rows columns channels"]:
    """The maximum over square windows; a last window that hangs over the edge counts (as cuda-convnet does it)."""
    for axis in (1, 2):
        length = images.shape[axis]
        count = -(-(length - size) // stride) + 1
        beyond = (count - 1) * stride + size - length
        if beyond > 0:
            widths = [(0, beyond) if each == axis else (0, 0) for each in range(4)]
            images = jnp.pad(images, widths, constant_values=-jnp.inf)
        # A tree of maxima has a far cheaper gradient on CPUs than reduce_window.
        slices = [
            lax.slice_in_dim(images, start, start + (count - 1) * stride + 1, stride, axis) for start in range(size)
        ]
        images = functools.reduce(jnp.maximum, slices)
    return images


def local_response_norm(
    images: Float[Array, "batch height width channels"], size: int, alpha: float, beta: float
) -> Float[Array, "batch height width channels"]:
    """Divides by (1 + alpha times the mean square over a window of the same map) ** beta (Li & Chan 2014, eq. 5).

    Args:
        images: the input.
        size: side of the window in pixels, odd; at the border the rest of the window counts as zero.
        alpha: the mean square's weight.
        beta: the power.
    """
    squares = jnp.square(images.astype(jnp.float32))
    for axis in (1, 2):
        widths = [(size // 2, size // 2) if each == axis else (0, 0) for each in range(4)]
        padded = jnp.pad(squares, widths)
        slices = [lax.slice_in_dim(padded, start, start + images.shape[axis], 1, axis) for start in range(size)]
        squares = functools.reduce(jnp.add, slices)
    return (images / (1 + alpha / size**2 * squares) ** beta).astype(images.dtype)


def dropout(
    features: Float[Array, "batch features"], rate: float, keys: Key[Array, "batch"] | None
) -> Float[Array, "batch features"]:
    """Zeroes a share of the features and scales the rest up; without keys, at evaluation, nothing happens.

    Each example has a key of its own, so that the result does not depend on how a batch is spread over devices.
    """
    if keys is None:
        return features
    kept = jax.vmap(lambda key: jax.random.bernoulli(key, 1 - rate, features.shape[1:]))(keys)
    return jnp.where(kept, features / (1 - rate), 0)


class Conv(nnx.Module):
    """A convolution with a bias.

    Args:
        inputs: channels in.
        outputs: channels out.
        size: side of the square kernel.
        stride: step along both axes.
        padding: zeros on each side.
        rngs: where the initial weights come from.
        draw: how they are drawn.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        rngs: nnx.Rngs,
        draw: Draw = he_normal,
    ):
        self.kernel = drawn(draw, rngs, (size, size, inputs, outputs))
        self.bias = nnx.Param(jnp.zeros(outputs))
        self.stride, self.padding = stride, padding

    def __call__(self, images: Float[Array, "batch height width inputs"]) -> Float[Array, "batch rows columns outputs"]:
        outputs = convolve(images, self.kernel[...], self.stride, self.padding)
        return outputs + per_channel(self.bias[...], outputs)


class Linear(nnx.Module):
    """A fully connected layer; see `Conv` for the arguments."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        rngs: nnx.Rngs,
        draw: Draw = he_normal,
    ):
        self.kernel = drawn(draw, rngs, (inputs, outputs))
        self.bias = nnx.Param(jnp.zeros(outputs))

    def __call__(self, features: Float[Array, "batch inputs"]) -> Float[Array, "batch outputs"]:
        outputs = features @ self.kernel[...]
        return outputs + per_channel(self.bias[...], outputs)


class LayerNorm(nnx.Module):
    """Zero mean and unit variance over the last axis, then a learnt scale and shift."""

    def __init__(self, channels: int):
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, features: Float[Array, "*batch channels"]) -> Float[Array, "*batch channels"]:
        wide = features.astype(jnp.float32)
        centred = wide - wide.mean(-1, keepdims=True)
        variance = jnp.square(centred).mean(-1, keepdims=True)
        normed = centred * lax.rsqrt(variance + 1e-6)
        scaled = normed * per_channel(self.scale[...], normed) + per_channel(self.bias[...], normed)
        return scaled.astype(features.dtype)
