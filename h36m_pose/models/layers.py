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


def convolve(
    images: Float[Array, "batch height width inputs"],
    kernel: Float[Array, "size size inputs outputs"],
    stride: int = 1,
    padding: int = 0,
) -> Float[Array, "batch rows columns outputs"]:
    """A convolution (a correlation, as everywhere in the field), with XLA's own gradients.

    On CPUs these are fast only where XLA leaves convolutions to Eigen and not to its YNN library, see
    `docs/performance.md`.

    Args:
        images: the input.
        kernel: a square kernel.
        stride: the same along both axes.
        padding: rows and columns of zeros on each side.
    """
    outputs: jax.Array = lax.conv_general_dilated(
        images, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return outputs


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


def sum_over_positions(features: Float[Array, "*batch channels"]) -> Float[Array, "channels"]:
    """Sums over all axes but the last in float32, as a matrix product: XLA's own sum down columns is slow on CPUs."""
    flat = features.reshape(-1, features.shape[-1])
    return jnp.matmul(jnp.ones(len(flat), flat.dtype), flat, preferred_element_type=jnp.float32)


@jax.custom_vjp
def add_bias(
    features: Float[Array, "*batch channels"], bias: Float[Array, "channels"]
) -> Float[Array, "*batch channels"]:
    """Adds a number to each channel; the bias's gradient is summed by `sum_over_positions`."""
    return features + per_channel(bias, features)


def _add_bias_forward(features, bias):
    return add_bias(features, bias), None


def _add_bias_backward(_, gradient):
    return gradient, sum_over_positions(gradient).astype(gradient.dtype)


add_bias.defvjp(_add_bias_forward, _add_bias_backward)


@jax.custom_vjp
def layer_norm(
    features: Float[Array, "*batch channels"], scale: Float[Array, "channels"], bias: Float[Array, "channels"]
) -> Float[Array, "*batch channels"]:
    """Zero mean and unit variance over the last axis, then scale and shift; computed in float32.

    Its gradient is written out, so that sums are those of `sum_over_positions`.
    """
    return _layer_norm_forward(features, scale, bias)[0]


def _layer_norm_forward(features, scale, bias):
    wide = features.astype(jnp.float32)
    centred = wide - wide.mean(-1, keepdims=True)
    rate = lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-6)
    normed = centred * rate
    scaled = normed * per_channel(scale, normed) + per_channel(bias, normed)
    return scaled.astype(features.dtype), (normed, rate, scale)


def _layer_norm_backward(kept, gradient):
    normed, rate, scale = kept
    wide = gradient.astype(jnp.float32)
    slope = wide * per_channel(scale, wide)
    along = (slope * normed).mean(-1, keepdims=True)
    to_features = rate * (slope - slope.mean(-1, keepdims=True) - normed * along)
    to_scale, to_bias = sum_over_positions(wide * normed), sum_over_positions(wide)
    return to_features.astype(gradient.dtype), to_scale.astype(scale.dtype), to_bias.astype(scale.dtype)


layer_norm.defvjp(_layer_norm_forward, _layer_norm_backward)


class Conv(nnx.Module):
    """A convolution.

    Args:
        inputs: channels in.
        outputs: channels out.
        size: side of the square kernel.
        stride: step along both axes.
        padding: zeros on each side.
        rngs: where the initial weights come from.
        draw: how they are drawn.
        with_bias: whether a number is added to each channel.
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
        with_bias: bool = True,
    ):
        self.kernel = drawn(draw, rngs, (size, size, inputs, outputs))
        self.bias = nnx.Param(jnp.zeros(outputs)) if with_bias else None
        self.stride, self.padding = stride, padding

    def __call__(self, images: Float[Array, "batch height width inputs"]) -> Float[Array, "batch rows columns outputs"]:
        outputs = convolve(images, self.kernel[...], self.stride, self.padding)
        return outputs if self.bias is None else add_bias(outputs, self.bias[...])


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
        return add_bias(outputs, self.bias[...])


class LayerNorm(nnx.Module):
    """Zero mean and unit variance over the last axis, then a learnt scale and shift."""

    def __init__(self, channels: int):
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, features: Float[Array, "*batch channels"]) -> Float[Array, "*batch channels"]:
        return layer_norm(features, self.scale[...], self.bias[...])


class GroupNorm(nnx.Module):
    """Zero mean and unit variance over all positions of a group of channels (Wu & He 2018), then a scale and shift.

    Args:
        channels: a multiple of `groups`.
        groups: 32 as in the paper.
    """

    def __init__(self, channels: int, groups: int = 32):
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))
        self.groups = groups

    def __call__(self, images: Float[Array, "batch height width channels"]) -> jax.Array:
        batch, height, width, channels = images.shape
        wide = images.astype(jnp.float32).reshape(batch, height * width, self.groups, channels // self.groups)
        centred = wide - wide.mean((1, 3), keepdims=True)
        normed = (centred * lax.rsqrt(jnp.square(centred).mean((1, 3), keepdims=True) + 1e-5)).reshape(images.shape)
        scaled = normed * per_channel(self.scale[...], normed) + per_channel(self.bias[...], normed)
        return scaled.astype(images.dtype)
