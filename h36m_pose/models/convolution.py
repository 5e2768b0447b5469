"""The convolution of all networks. Pictures are NHWC, kernels HWIO."""

import jax
from jax import lax
from jaxtyping import Array, Float


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
