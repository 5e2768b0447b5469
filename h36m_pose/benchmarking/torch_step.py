"""One training step in PyTorch on a batch that is ready: predict, compare, descend, average. As ours, step by step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from h36m_pose import skeleton
from h36m_pose.benchmarking.torch_networks import TorchNetwork
from h36m_pose.models.pose_output import PARENT_TANH_MM


class TorchGridLoss:
    """The grid task's: sigmoid cross-entropy, the mean over all cells, times `loss_scale`."""

    def __init__(self, loss_scale: float):
        self.loss_scale = loss_scale

    def __call__(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The loss of (batch, outputs) logits against labels of as many numbers, 0 or 1."""
        flat = labels.reshape(len(labels), -1).to(outputs.dtype)
        return self.loss_scale * functional.binary_cross_entropy_with_logits(outputs, flat)


class TorchPoseLoss:
    """The regression's: MPJPE in a unit.

    Args:
        target: what the outputs mean, see `models.pose_output`.
        loss_unit_mm: the unit.
        statistics: of `models.pose_output.pose_statistics`.
        device: where it computes.
    """

    def __init__(self, target: str, loss_unit_mm: float, statistics: dict[str, np.ndarray], device: str = "cpu"):
        self.target, self.loss_unit_mm = target, loss_unit_mm
        self.statistics = {name: torch.tensor(np.asarray(array), device=device) for name, array in statistics.items()}

    def __call__(self, outputs: torch.Tensor, joints_root_mm: torch.Tensor) -> torch.Tensor:
        """The loss of (batch, 51) outputs against (batch, 17, 3) poses in mm."""
        apart = self._to_mm(outputs.float().reshape(-1, skeleton.JOINTS, 3)) - joints_root_mm
        # PyTorch's norm has the gradient 0 at the zero vector, as ours has.
        return torch.linalg.vector_norm(apart, dim=-1).mean() / self.loss_unit_mm

    def _to_mm(self, raw: torch.Tensor) -> torch.Tensor:
        if self.target == "mean_pose":
            return raw * self.statistics["deviation_mm"] + self.statistics["mean_mm"]
        if self.target == "metres":
            return raw * 1000
        steps = PARENT_TANH_MM * torch.tanh(raw)
        joints = [torch.zeros_like(steps[:, 0])]
        for joint in range(1, skeleton.JOINTS):
            joints.append(joints[skeleton.PARENTS[joint]] + steps[:, joint])
        return torch.stack(joints, dim=1)


class TorchTrainer:
    """A network with its optimiser and its moving average.

    Args:
        network: of `build_twin`.
        loss: of a batch's outputs and targets.
        rates: the learning rates of the first steps; the last holds from then on.
        settings: the group `optim` of a stage.
        averaging: decay of the weights' moving average; 0 for none.
        precision: "float32", or "bfloat16" for PyTorch's automatic mixed precision in training.
    """

    def __init__(
        self,
        network: TorchNetwork,
        loss: TorchGridLoss | TorchPoseLoss,
        rates: Sequence[float],
        settings: dict[str, Any],
        averaging: float,
        precision: str = "float32",
    ):
        self.network, self.loss, self.clip_norm, self.averaging = network, loss, settings["clip_norm"], averaging
        self.run: Any = network
        self.params: Any = list(network.parameters())
        self.averaged = [param.detach().clone() for param in self.params] if averaging else []
        self.optimizer = _optimizer(self.params, settings)
        self.rates, self.step, self.mixed = rates, 0, precision == "bfloat16"

    def use_compiler(self) -> None:
        """Has PyTorch compile the network's passes."""
        self.run = torch.compile(self.network)

    def train_step(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """One step on (batch, side, side, 1) pictures; returns the loss before it, not yet waited for."""
        with torch.autocast(images.device.type, torch.bfloat16, self.mixed):
            outputs = self.run(images)
        loss = self.loss(outputs.float(), targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.params, self.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rates[min(self.step, len(self.rates) - 1)]
        self.optimizer.step()
        if self.averaging:
            decay = min(self.averaging, (1.0 + self.step) / (10.0 + self.step))
            with torch.no_grad():
                torch._foreach_lerp_(self.averaged, self.params, 1 - decay)
        self.step += 1
        return loss.detach()

    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """Outputs, without a gradient."""
        with torch.inference_mode():
            return self.run(images)


def _optimizer(params: list[torch.nn.Parameter], settings: dict[str, Any]) -> torch.optim.Optimizer:
    """PyTorch's fused optimisers, the fastest it has; only kernels decay."""
    kernels = [param for param in params if param.ndim > 1]
    others = [param for param in params if param.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": settings["weight_decay"]}, {"params": others, "weight_decay": 0.0}]
    if settings["name"] == "adamw":
        return torch.optim.AdamW(
            groups, lr=settings["peak_lr"], betas=(settings["momentum"], settings["beta2"]), fused=True
        )
    return torch.optim.SGD(groups, lr=settings["peak_lr"], momentum=settings["momentum"], fused=True)
