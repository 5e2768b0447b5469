"""Our default network: dense strided convolutions with short cuts, no pooling, nothing depthwise.

Chosen for what CPUs compute fast (few positions, many channels) and for not throwing away where things are: the last
map is flattened, not averaged.
"""

import functools
from collections.abc import Sequence

import jax
from flax import nnx

from h36m_pose.models.layers import Conv, LayerNorm, Linear, he_normal, lecun_normal, space_to_depth
from h36m_pose.models.network import Network, Standardiser


class _Block(nnx.Module):
    """x + second(act(first(norm(x)))): both convolutions 3x3."""

    def __init__(self, channels: int, rngs: nnx.Rngs):
        self.norm = LayerNorm(channels)
        self.first = Conv(channels, channels, 3, padding=1, rngs=rngs)
        self.second = Conv(
            channels,
            channels,
            3,
            padding=1,
            rngs=rngs,
            draw=functools.partial(he_normal, gain=0.1),
        )

    def __call__(self, images):
        return images + self.second(jax.nn.silu(self.first(self.norm(images))))


class _Stage(nnx.Module):
    """A strided convolution, then blocks at its resolution."""

    def __init__(self, inputs: int, channels: int, blocks: int, stride: int, rngs: nnx.Rngs):
        self.down = Conv(inputs, channels, 3, stride=stride, padding=1, rngs=rngs)
        self.norm = LayerNorm(channels)
        self.blocks = nnx.List(_Block(channels, rngs) for _ in range(blocks))

    def __call__(self, images):
        images = jax.nn.silu(self.norm(self.down(images)))
        for block in self.blocks:
            images = block(images)
        return images


class Strided(Network):
    """The default network.

    Args:
        outputs: 1700 (grid) or 51 (pose).
        stem_px: the picture is first cut into squares of this side, which become channels.
        widths: channels of each stage; every stage halves the resolution.
        blocks: residual blocks of each stage.
        hidden: width of the one hidden fully connected layer.
        rngs: where the initial weights come from.
    """

    def __init__(
        self,
        outputs: int,
        *,
        stem_px: int,
        widths: Sequence[int],
        blocks: Sequence[int],
        hidden: int,
        rngs: nnx.Rngs,
    ):
        self.stem_px = stem_px
        inputs = (stem_px * stem_px, *widths[:-1])
        self.convolutions = nnx.List(
            _Stage(before, after, count, 2, rngs) for before, after, count in zip(inputs, widths, blocks, strict=True)
        )
        last_side = self.input_px // stem_px // 2 ** len(widths)
        self.hidden = nnx.List(
            [LayerNorm(widths[-1]), Linear(last_side**2 * widths[-1], hidden, rngs=rngs), LayerNorm(hidden)]
        )
        self.standardiser = Standardiser(hidden)
        self.head = Linear(hidden, outputs, rngs=rngs, draw=lecun_normal)

    def features(self, images, dropout_keys=None):
        """See `Network.features`; there is no dropout."""
        del dropout_keys
        images = space_to_depth(images, self.stem_px)
        for stage in self.convolutions:
            images = stage(images)
        norm, linear, last_norm = self.hidden
        images = norm(images)
        return last_norm(jax.nn.silu(linear(images.reshape(images.shape[0], -1))))
