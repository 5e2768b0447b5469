"""The project's networks in PyTorch, to measure ours against: same layers, same weights, same numbers.

Pictures come as NHWC and are seen as NCHW in the channels-last layout, which costs nothing and is what PyTorch's
convolutions like best. Modules have the names of ours, so that weights are copied by name. Only the benchmark and its
tests use this; PyTorch is an optional extra.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from h36m_pose.models.parameters import Arrays, named_leaves

_EPSILON = 1e-6


def _channels_first(images: torch.Tensor) -> torch.Tensor:
    """NHWC as NCHW, without copying."""
    return images.permute(0, 3, 1, 2)


def _channels_last(features: torch.Tensor) -> torch.Tensor:
    """NCHW as NHWC, without copying where the layout is channels-last."""
    return features.permute(0, 2, 3, 1)


class _Norm(nn.LayerNorm):
    """Layer normalisation over the channels of NCHW features."""

    def __init__(self, channels: int):
        super().__init__(channels, eps=_EPSILON)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return _channels_first(super().forward(_channels_last(features)))


class _Standardiser(nn.Module):
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, features: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) / self.deviation


class _Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = _Norm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + self.second(functional.silu(self.first(self.norm(images))))


class _Stage(nn.Module):
    def __init__(self, inputs: int, channels: int, blocks: int):
        super().__init__()
        self.down = nn.Conv2d(inputs, channels, 3, stride=2, padding=1)
        self.norm = _Norm(channels)
        self.blocks = nn.ModuleList(_Block(channels) for _ in range(blocks))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        images = functional.silu(self.norm(self.down(images)))
        for block in self.blocks:
            images = block(images)
        return images


class TorchNetwork(nn.Module):
    """What they have in common; `forward` takes (batch, side, side, 1) and gives (batch, outputs)."""

    standardiser: _Standardiser
    head: nn.Linear

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What the head sees, (batch, features), from NCHW pictures."""
        raise NotImplementedError

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits or raw numbers, as those of `models.network.Network`."""
        return self.head(self.standardiser(self.features(_channels_first(images))))


class TorchStrided(TorchNetwork):
    """`models.strided.Strided`; see there for the arguments."""

    def __init__(self, outputs: int, *, stem_px: int, widths: Sequence[int], blocks: Sequence[int], hidden: int):
        super().__init__()
        self.stem_px = stem_px
        inputs = (stem_px * stem_px, *widths[:-1])
        self.convolutions = nn.ModuleList(
            _Stage(before, after, count) for before, after, count in zip(inputs, widths, blocks, strict=True)
        )
        last_side = 128 // stem_px // 2 ** len(widths)
        linear = nn.Linear(last_side**2 * widths[-1], hidden)
        self.hidden = nn.ModuleList([_Norm(widths[-1]), linear, nn.LayerNorm(hidden, eps=_EPSILON)])
        self.standardiser = _Standardiser(hidden)
        self.head = nn.Linear(hidden, outputs)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """See `TorchNetwork.features`."""
        images = functional.pixel_unshuffle(images, self.stem_px).contiguous(memory_format=torch.channels_last)
        for stage in self.convolutions:
            images = stage(images)
        norm, linear, last_norm = self.hidden
        flat = _channels_last(norm(images)).flatten(1)
        return last_norm(functional.silu(linear(flat)))


class TorchJha2015(TorchNetwork):
    """`models.jha_2015.Jha2015`. The bias is added before pooling, which is the same and fused by PyTorch."""

    def __init__(self, outputs: int, *, kernels: Sequence[int]):
        super().__init__()
        inputs = (1, *kernels[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, size) for before, after, size in zip(inputs, kernels, (5, 5, 6), strict=True)
        )
        self.hidden = nn.ModuleList([nn.Linear(kernels[-1] * 144, 1024), nn.Linear(1024, 2048)])
        self.standardiser = _Standardiser(2048)
        self.head = nn.Linear(2048, outputs)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """See `TorchNetwork.features`."""
        for convolution in self.convolutions:
            images = torch.tanh(functional.max_pool2d(convolution(images), 2))
        features = _channels_last(images).flatten(1)
        for layer in self.hidden:
            features = torch.tanh(layer(features))
        return features


class TorchLiChan2014(TorchNetwork):
    """`models.li_chan_2014.LiChan2014`; dropout rests in `eval` mode."""

    def __init__(self, outputs: int, *, channels: int):
        super().__init__()
        self.channels = channels
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(channels, 32, 9), nn.Conv2d(32, 64, 5), nn.Conv2d(64, 64, 5)],
        )
        self.hidden = nn.ModuleList([nn.Linear(6400, 1024), nn.Linear(1024, 2048)])
        self.standardiser = _Standardiser(2048)
        self.head = nn.Linear(2048, outputs)
        self.dropout = nn.Dropout(0.25)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """See `TorchNetwork.features`."""
        first, second, third = self.convolutions
        if self.channels > 1:
            images = images.repeat(1, self.channels, 1, 1).contiguous(memory_format=torch.channels_last)
        images = _pool(functional.relu(first(images)))
        images = functional.relu(second(images))
        images = images / (1 + 0.0025 * functional.avg_pool2d(images * images, 5, 1, 2)) ** 0.75
        images = _pool(third(_pool(images)))
        features = self.dropout(functional.relu(self.hidden[0](_channels_last(images).flatten(1))))
        return functional.relu(self.hidden[1](features))


class _ResNetBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.GroupNorm(32, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.GroupNorm(32, outputs)
        if stride > 1:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.shortcut_norm = nn.GroupNorm(32, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        changed = functional.relu(self.first_norm(self.first(images)))
        changed = self.second_norm(self.second(changed))
        kept = self.shortcut_norm(self.shortcut(images)) if hasattr(self, "shortcut") else images
        return functional.relu(kept + changed)


class TorchResNet18(TorchNetwork):
    """`models.resnet_18.ResNet18`."""

    def __init__(self, outputs: int):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False), nn.GroupNorm(32, 64)]
        inputs = 64
        for channels in (64, 128, 256, 512):
            layers += [_ResNetBlock(inputs, channels, channels // inputs), _ResNetBlock(channels, channels, 1)]
            inputs = channels
        self.convolutions = nn.ModuleList(layers)
        self.standardiser = _Standardiser(512)
        self.head = nn.Linear(512, outputs)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """See `TorchNetwork.features`."""
        stem, norm, *blocks = self.convolutions
        images = functional.max_pool2d(functional.relu(norm(stem(images))), 3, 2, 1)
        for block in blocks:
            images = block(images)
        return images.mean((2, 3))


def _pool(images: torch.Tensor) -> torch.Tensor:
    return functional.max_pool2d(images, 3, 2, ceil_mode=True)


TWINS: dict[str, Callable[..., TorchNetwork]] = {
    "jha_2015": TorchJha2015,
    "li_chan_2014": TorchLiChan2014,
    "resnet_18": TorchResNet18,
    "strided": TorchStrided,
}


def build_twin(name: str, outputs: int, params: Arrays, constants: Arrays, **options: Any) -> TorchNetwork:
    """A network of ours in PyTorch, with our weights.

    Args:
        name: a key of `TWINS`.
        outputs: how many.
        params: of our network, as `models.registry.draw_model` gives them.
        constants: of the same.
        **options: as our network takes them.
    """
    twin = TWINS[name](outputs, **options)
    twin.load_state_dict(torch_weights(params) | torch_weights(constants))
    to: Any = twin.to  # PyTorch's own hints do not know this use of it
    return to(memory_format=torch.channels_last)


def torch_weights(params: Arrays) -> dict[str, torch.Tensor]:
    """Our arrays under PyTorch's names and in its layouts: kernels OIHW, matrices outputs first."""
    weights = {}
    for name, array in named_leaves(params):
        values = np.asarray(array)
        *path, last = name.split("/")
        if last == "kernel":
            values = values.transpose(3, 2, 0, 1) if values.ndim == 4 else values.T
        key = ".".join([*path, {"kernel": "weight", "scale": "weight"}.get(last, last)])
        weights[key] = torch.tensor(np.ascontiguousarray(values))
    return weights
