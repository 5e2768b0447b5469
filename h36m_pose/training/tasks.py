"""What the two stages learn: losses and metrics as sums over examples, so that parts of a batch can be put together."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax

from h36m_pose import grid
from h36m_pose.data.pipeline import Batch
from h36m_pose.losses import grid_cross_entropy, mpjpe_loss, safe_norm
from h36m_pose.models.parameters import Arrays
from h36m_pose.models.pose_output import POSE_OUTPUTS, to_mm

Metrics = dict[str, jax.Array]


@dataclasses.dataclass(frozen=True)
class GridTask:
    """Which cells hold a joint: sigmoid cross-entropy.

    Attributes:
        cells: see `grid.cell_labels`, as for the next three.
        rule: see there.
        window_px: see there; 0 stands for cells that tile the crop.
        bone_share: see there.
        smoothing: of the labels, see `losses.grid_cross_entropy`, as for the next; in the loss that is descended alone.
        positive_weight: see there.
        loss_scale: the loss that is descended is the mean over all cells, times this.
    """

    cells: int
    rule: str
    window_px: float
    bone_share: float
    smoothing: float
    positive_weight: float
    loss_scale: float

    selects_by = "loss"
    reports = ("loss", "recall", "precision")

    def targets(self, batch: Batch) -> jax.Array:
        """What outputs are set against: (batch, 17, cells * cells) bool."""
        window = self.window_px or None
        return grid.cell_labels(
            batch.joints_px, cells=self.cells, rule=self.rule, window_px=window, bone_share=self.bone_share
        )

    def loss(self, outputs: jax.Array, targets: jax.Array, statistics: Arrays) -> jax.Array:
        """The loss to descend, a mean over the examples."""
        del statistics
        return grid_cross_entropy(outputs, targets, self.smoothing, self.positive_weight) * self.loss_scale

    def sums(self, outputs: jax.Array, targets: jax.Array, weights: jax.Array, statistics: Arrays) -> Metrics:
        """Sums over the examples of a batch that count, from which `means` are made."""
        del statistics
        labels = targets.reshape(outputs.shape)
        found = outputs > 0
        losses = optax.sigmoid_binary_cross_entropy(outputs, labels.astype(outputs.dtype)).mean(-1)
        return {
            "examples": weights.sum(),
            "loss": losses @ weights,
            "hits": (found & labels).sum(-1) @ weights,
            "labels": labels.sum(-1) @ weights,
            "found": found.sum(-1) @ weights,
        }

    @staticmethod
    def means(sums: dict[str, Any]) -> dict[str, Any]:
        """Metrics of all the examples summed, on the device or on the host."""
        return {
            "loss": sums["loss"] / sums["examples"],
            "recall": sums["hits"] / jnp.maximum(sums["labels"], 1),
            "precision": sums["hits"] / jnp.maximum(sums["found"], 1),
        }


@dataclasses.dataclass(frozen=True)
class PoseTask:
    """Where the joints are: MPJPE in mm.

    Attributes:
        target: what the outputs mean, see `models.pose_output`.
        loss_unit_mm: the loss that is descended is MPJPE in this unit.
    """

    target: str
    loss_unit_mm: float

    selects_by = "mpjpe_mm"
    reports = ("mpjpe_mm",)

    def targets(self, batch: Batch) -> jax.Array:
        """What outputs are set against: (batch, 17, 3) mm."""
        return batch.joints_root_mm

    def loss(self, outputs: jax.Array, targets: jax.Array, statistics: Arrays) -> jax.Array:
        """The loss to descend, a mean over the examples."""
        return mpjpe_loss(to_mm(outputs, statistics, self.target), targets) / self.loss_unit_mm

    def sums(self, outputs: jax.Array, targets: jax.Array, weights: jax.Array, statistics: Arrays) -> Metrics:
        """Sums over the examples of a batch that count, from which `means` are made."""
        predicted = to_mm(outputs, statistics, self.target)
        errors = safe_norm(predicted - targets).mean(-1)
        return {"examples": weights.sum(), "mpjpe_mm": errors @ weights}

    @staticmethod
    def means(sums: dict[str, Any]) -> dict[str, Any]:
        """Metrics of all the examples summed, on the device or on the host."""
        return {"mpjpe_mm": sums["mpjpe_mm"] / sums["examples"]}


@dataclasses.dataclass(frozen=True)
class JointTask:
    """Both at once, from the same features: the pose's outputs come first, then those of the grid.

    Li & Chan (ACCV 2014) add the two losses up as well; their branches part before the fully connected layers, ours in
    the last one.

    Attributes:
        pose: the task that is wanted.
        grid: the one that helps.
        grid_weight: how much its loss counts.
    """

    pose: PoseTask
    grid: GridTask
    grid_weight: float

    selects_by = "mpjpe_mm"
    reports = ("mpjpe_mm", *GridTask.reports)

    def targets(self, batch: Batch) -> tuple[jax.Array, jax.Array]:
        """What outputs are set against: those of the two tasks."""
        return self.pose.targets(batch), self.grid.targets(batch)

    def loss(self, outputs: jax.Array, targets: tuple[jax.Array, jax.Array], statistics: Arrays) -> jax.Array:
        """The loss to descend, a mean over the examples."""
        poses, cells = outputs[:, :POSE_OUTPUTS], outputs[:, POSE_OUTPUTS:]
        return self.pose.loss(poses, targets[0], statistics) + self.grid_weight * self.grid.loss(
            cells, targets[1], statistics
        )

    def sums(
        self, outputs: jax.Array, targets: tuple[jax.Array, jax.Array], weights: jax.Array, statistics: Arrays
    ) -> Metrics:
        """Sums over the examples of a batch that count, from which `means` are made."""
        poses, cells = outputs[:, :POSE_OUTPUTS], outputs[:, POSE_OUTPUTS:]
        grid = self.grid.sums(cells, targets[1], weights, statistics)
        return grid | self.pose.sums(poses, targets[0], weights, statistics)

    @staticmethod
    def means(sums: dict[str, Any]) -> dict[str, Any]:
        """Metrics of all the examples summed, on the device or on the host."""
        return PoseTask.means(sums) | GridTask.means(sums)


Task = GridTask | PoseTask | JointTask
