"""Arithmetic of a picture's way through each network: two per multiplication and addition of kernels and matrices.

Taps on padding count, as in every library's own books; biases, activations, norms and pooling do not.
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any


def forward_flops(name: str, outputs: int, options: Mapping[str, Any]) -> list[int]:
    """Floating point operations of each layer for one picture, in order.

    Args:
        name: a key of `models.registry.NETWORKS`.
        outputs: how many it has.
        options: what it was built with.
    """
    return [2 * products for products in _PRODUCTS[name](outputs, **options)]


def training_flops(name: str, outputs: int, options: Mapping[str, Any]) -> int:
    """Of a training step, per picture: forward, and backward twice that, less the gradient of the pictures."""
    layers = forward_flops(name, outputs, options)
    return 3 * sum(layers) - layers[0]


def _dense(*widths: int) -> list[int]:
    return [before * after for before, after in itertools.pairwise(widths)]


def _strided(outputs: int, *, stem_px: int, widths: Any, blocks: Any, hidden: int) -> list[int]:
    side, inputs, products = 128 // stem_px, stem_px**2, []
    for channels, count in zip(widths, blocks, strict=True):
        side //= 2
        products.append(side**2 * 9 * inputs * channels)
        products += 2 * count * [side**2 * 9 * channels**2]
        inputs = channels
    return products + _dense(side**2 * inputs, hidden, outputs)


def _jha_2015(outputs: int, *, kernels: Any) -> list[int]:
    inputs = (1, *kernels[:-1])
    maps = zip((124, 58, 24), (5, 5, 6), inputs, kernels, strict=True)
    products = [side**2 * size**2 * before * after for side, size, before, after in maps]
    return products + _dense(144 * kernels[-1], 1024, 2048, outputs)


def _li_chan_2014(outputs: int, *, channels: int) -> list[int]:
    products = [104**2 * 81 * channels * 32, 48**2 * 25 * 32 * 64, 20**2 * 25 * 64 * 64]
    return products + _dense(6400, 1024, 2048, outputs)


def _resnet_18(outputs: int) -> list[int]:
    products, side, inputs = [64**2 * 49 * 64], 32, 64
    for channels in (64, 128, 256, 512):
        if channels > inputs:
            side //= 2
            products.append(side**2 * inputs * channels)
        products += [side**2 * 9 * inputs * channels, *3 * [side**2 * 9 * channels**2]]
        inputs = channels
    return products + _dense(512, outputs)


_PRODUCTS: dict[str, Callable[..., list[int]]] = {
    "jha_2015": _jha_2015,
    "li_chan_2014": _li_chan_2014,
    "resnet_18": _resnet_18,
    "strided": _strided,
}
