"""The convolution of all networks, and gradients of it that CPUs compute fast. Pictures are NHWC, kernels HWIO."""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

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
