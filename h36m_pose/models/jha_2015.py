"""The network of Jha's 2015 project (EPFL), after Li & Chan: three convolutions and three fully connected layers.

128 -5x5-> 124 -pool 2-> 62 -5x5-> 58 -pool-> 29 -6x6-> 24 -pool-> 12, then 1024, 2048 and the outputs. The activation
is tanh(pool(convolution) + bias) everywhere; the last layer has none.
"""

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from flax import nnx

from h36m_pose.models.layers import Conv, Draw, Linear, add_bias, convolve, max_pool
from h36m_pose.models.network import Network, Standardiser

_SIZES = (5, 5, 6)
_LAST_SIDE = 12
_POOL = 2


def _uniform(pooled: int) -> Draw:
    """±sqrt(6 / (fan in + fan out)), the fan out divided by what pooling throws away, as the original draws them."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        window = math.prod(shape[:-2])
        limit = math.sqrt(6 / (window * shape[-2] + window * shape[-1] / pooled))
        return rng.uniform(-limit, limit, shape)

    return draw


class Jha2015(Network):
    """The original's network.

    Args:
        outputs: 1700 (grid) or 51 (pose).
        kernels: maps of the three convolutions: (32, 64, 64), or (5, 10, 15) of its final results.
        rngs: where the initial weights come from.
    """

    def __init__(self, outputs: int, *, kernels: Sequence[int], rngs: nnx.Rngs):
        inputs = (1, *kernels[:-1])
        self.convolutions = nnx.List(
            Conv(before, after, size, rngs=rngs, draw=_uniform(_POOL**2))
            for before, after, size in zip(inputs, kernels, _SIZES, strict=True)
        )
        self.hidden = nnx.List(
            Linear(before, after, rngs=rngs, draw=_uniform(1))
            for before, after in ((kernels[-1] * _LAST_SIDE**2, 1024), (1024, 2048))
        )
        self.standardiser = Standardiser(2048)
        self.head = Linear(2048, outputs, rngs=rngs, draw=_uniform(1))

    def features(self, images, dropout_keys=None):
        """See `Network.features`; there is no dropout."""
        del dropout_keys
        for layer in self.convolutions:
            pooled = max_pool(convolve(images, layer.kernel[...]), _POOL, _POOL)
            images = jnp.tanh(add_bias(pooled, layer.bias[...]))
        features = images.reshape(images.shape[0], -1)
        for layer in self.hidden:
            features = jnp.tanh(layer(features))
        return features
