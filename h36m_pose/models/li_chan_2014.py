"""The network of Li & Chan (ACCV 2014), three convolutions and three fully connected layers, 112x112 pictures.

112 -9x9-> 104 -pool 3/2-> 52 -5x5-> 48 -pool-> 24 -5x5-> 20 -pool-> 10, then 1024, 2048 and the outputs. ReLU after the
first two convolutions and both hidden layers; local response normalisation after the second convolution; the third is
linear. The paper gives alpha and beta of the normalisation but not its window; 5x5 is our choice.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from h36m_pose.models.layers import Conv, Linear, dropout, lecun_normal, local_response_norm, max_pool
from h36m_pose.models.network import Network, Standardiser

_LRN_WINDOW_PX, _LRN_ALPHA, _LRN_BETA = 5, 0.0025, 0.75
_DROPOUT = 0.25


class LiChan2014(Network):
    """Li & Chan's network.

    Args:
        outputs: 1700 (grid) or 51 (pose).
        channels: 3 as published (a grey picture is repeated), or 1.
        rngs: where the initial weights come from.
    """

    input_px = 112

    def __init__(self, outputs: int, *, channels: int, rngs: nnx.Rngs):
        self.channels = channels
        # The authors draw from normal distributions of 0.001 and less, which relies on days of training; He's scale
        # keeps the signal's size through the six layers.
        self.convolutions = nnx.List(
            [
                Conv(channels, 32, 9, rngs=rngs),
                Conv(32, 64, 5, rngs=rngs),
                Conv(64, 64, 5, rngs=rngs, draw=lecun_normal),
            ]
        )
        self.hidden = nnx.List([Linear(6400, 1024, rngs=rngs), Linear(1024, 2048, rngs=rngs)])
        self.standardiser = Standardiser(2048)
        self.head = Linear(2048, outputs, rngs=rngs, draw=lecun_normal)

    def features(self, images, dropout_keys=None):
        """See `Network.features`."""
        if images.shape[-1] == 1 and self.channels > 1:
            images = jnp.repeat(images, self.channels, axis=-1)
        first, second, third = self.convolutions
        images = max_pool(jax.nn.relu(first(images)), 3, 2)
        images = local_response_norm(jax.nn.relu(second(images)), _LRN_WINDOW_PX, _LRN_ALPHA, _LRN_BETA)
        images = max_pool(third(max_pool(images, 3, 2)), 3, 2)
        features = images.reshape(images.shape[0], -1)
        features = dropout(jax.nn.relu(self.hidden[0](features)), _DROPOUT, dropout_keys)
        return jax.nn.relu(self.hidden[1](features))
