"""ResNet-18 (He et al., CVPR 2016, table 1) as a direct regression: the baseline that a reader of today asks for.

Two changes: one input channel, and group normalisation (Wu & He, ECCV 2018) in the places of batch normalisation, so
that a prediction does not depend on its batch; scales and shifts are as many. For 128x128 pictures the maps are 64, 32,
16, 8 and 4 wide; their mean goes into the last layer.
"""

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from h36m_pose.models.layers import Conv, GroupNorm, Linear, lecun_normal, max_pool
from h36m_pose.models.network import Network, Standardiser

_CHANNELS = (64, 128, 256, 512)
_BLOCKS = 2

_Conv = functools.partial(Conv, with_bias=False)


class _Block(nnx.Module):
    """Two 3x3 convolutions and a short cut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
        self.first = _Conv(inputs, outputs, 3, stride=stride, padding=1, rngs=rngs)
        self.first_norm = GroupNorm(outputs)
        self.second = _Conv(outputs, outputs, 3, padding=1, rngs=rngs)
        self.second_norm = GroupNorm(outputs)
        changes = stride > 1 or inputs != outputs
        self.shortcut = _Conv(inputs, outputs, 1, stride=stride, rngs=rngs) if changes else None
        self.shortcut_norm = GroupNorm(outputs) if changes else None

    def __call__(self, images):
        changed = jax.nn.relu(self.first_norm(self.first(images)))
        changed = self.second_norm(self.second(changed))
        if self.shortcut is not None and self.shortcut_norm is not None:
            images = self.shortcut_norm(self.shortcut(images))
        return jax.nn.relu(images + changed)


class ResNet18(Network):
    """ResNet-18.

    Args:
        outputs: 1700 (grid) or 51 (pose).
        rngs: where the initial weights come from.
    """

    def __init__(self, outputs: int, *, rngs: nnx.Rngs):
        layers: list[nnx.Module] = [_Conv(1, _CHANNELS[0], 7, stride=2, padding=3, rngs=rngs), GroupNorm(_CHANNELS[0])]
        inputs = _CHANNELS[0]
        for channels in _CHANNELS:
            for block in range(_BLOCKS):
                stride = 2 if block == 0 and channels > _CHANNELS[0] else 1
                layers.append(_Block(inputs, channels, stride, rngs))
                inputs = channels
        self.convolutions = nnx.List(layers)
        self.hidden = nnx.List([])
        self.standardiser = Standardiser(_CHANNELS[-1])
        self.head = Linear(_CHANNELS[-1], outputs, rngs=rngs, draw=lecun_normal)

    def features(self, images, dropout_keys=None):
        """See `Network.features`; there is no dropout."""
        del dropout_keys
        stem, norm, *blocks = self.convolutions
        images = jax.nn.relu(norm(stem(images)))
        # Zeros do for padding, since nothing is below 0 after the ReLU; the last window ends at the edge.
        images = max_pool(jnp.pad(images, ((0, 0), (1, 0), (1, 0), (0, 0))), 3, 2)
        for block in blocks:
            images = block(images)
        return images.mean((1, 2))
