"""The train and evaluation steps of both stages: one function each, compiled once.

Each device computes the mean over its part of the batch; the means of gradients and metrics are then averaged, which
is exact since the parts are equal. A key per example makes augmentation and dropout the same on any number of devices.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from h36m_pose import grid
from h36m_pose.data import pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.pipeline import Batch, Examples
from h36m_pose.losses import grid_cross_entropy, mpjpe_loss, safe_norm
from h36m_pose.models.parameters import PARTS, Arrays, Assemble
from h36m_pose.models.pose_output import to_mm
from h36m_pose.training.state import TrainState, best_params

Metrics = dict[str, jax.Array]
BATCH_AXIS = "batch"
FINITE = "finite/"
"""Metrics of this prefix are 1 where a part's gradient is finite throughout."""


@dataclasses.dataclass(frozen=True)
class GridTask:
    """Which cells hold a joint: sigmoid cross-entropy.

    Attributes:
        cells: see `grid.cell_labels`, as for the next three.
        rule: see there.
        window_px: see there; 0 stands for cells that tile the crop.
        bone_share: see there.
        loss_scale: the loss that is descended is the mean over all cells, times this.
    """

    cells: int
    rule: str
    window_px: float
    bone_share: float
    loss_scale: float

    selects_by = "loss"

    def labels(self, batch: Batch) -> jax.Array:
        """(batch, 17, cells * cells) bool."""
        window = self.window_px or None
        return grid.cell_labels(
            batch.joints_px, cells=self.cells, rule=self.rule, window_px=window, bone_share=self.bone_share
        )

    def loss(self, outputs: jax.Array, batch: Batch, statistics: Arrays) -> tuple[jax.Array, Metrics]:
        """The loss to descend, and what to report beside it."""
        del statistics
        labels = self.labels(batch)
        loss = grid_cross_entropy(outputs, labels)
        found = (outputs > 0).reshape(labels.shape)
        return loss * self.loss_scale, {"loss": loss, "recall": (found & labels).sum() / jnp.maximum(labels.sum(), 1)}

    def sums(self, outputs: jax.Array, batch: Batch, weights: jax.Array, statistics: Arrays) -> Metrics:
        """Sums over the examples of a batch that count, from which `means` are made."""
        del statistics
        labels = self.labels(batch).reshape(outputs.shape)
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
    def means(sums: dict[str, float]) -> dict[str, float]:
        """Metrics of the whole set."""
        return {
            "loss": sums["loss"] / sums["examples"],
            "recall": sums["hits"] / max(sums["labels"], 1),
            "precision": sums["hits"] / max(sums["found"], 1),
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

    def loss(self, outputs: jax.Array, batch: Batch, statistics: Arrays) -> tuple[jax.Array, Metrics]:
        """The loss to descend, and what to report beside it."""
        error_mm = mpjpe_loss(to_mm(outputs, statistics, self.target), batch.joints_root_mm)
        return error_mm / self.loss_unit_mm, {"mpjpe_mm": error_mm}

    def sums(self, outputs: jax.Array, batch: Batch, weights: jax.Array, statistics: Arrays) -> Metrics:
        """Sums over the examples of a batch that count, from which `means` are made."""
        predicted = to_mm(outputs, statistics, self.target)
        errors = safe_norm(predicted - batch.joints_root_mm).mean(-1)
        return {"examples": weights.sum(), "mpjpe_mm": errors @ weights}

    @staticmethod
    def means(sums: dict[str, float]) -> dict[str, float]:
        """Metrics of the whole set."""
        return {"mpjpe_mm": sums["mpjpe_mm"] / sums["examples"]}


Task = GridTask | PoseTask


def batch_mesh() -> Mesh:
    """All local devices in a row; a batch is spread over them."""
    return jax.make_mesh((jax.local_device_count(),), (BATCH_AXIS,), axis_types=(jax.sharding.AxisType.Auto,))


def replicate(mesh: Mesh, tree: Any) -> Any:
    """Puts a copy on every device."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def make_train_step(
    *,
    mesh: Mesh,
    assemble: Assemble,
    task: Task,
    optimizer: optax.GradientTransformation,
    averaging: float,
    augmentation: Augmentation,
    batch_size: int,
    input_px: int,
    seed: int,
) -> Callable[[TrainState, Examples, jax.Array, jax.Array], tuple[TrainState, Metrics]]:
    """Compiles one step: fetch, vary, predict, descend.

    Args:
        mesh: of `batch_mesh`; its size divides the batch's.
        assemble: of `take_apart`.
        task: what is learnt.
        optimizer: of `make_optimizer`.
        averaging: decay of the weights' moving average; 0 for none.
        augmentation: how much to vary.
        batch_size: examples per step, over all devices.
        input_px: side of the pictures the network takes.
        seed: of augmentation and dropout, together with the step.

    Returns:
        (state, all examples, the epoch's order, first place of the batch in it) -> (state, metrics). The state is
        donated.
    """

    def loss(params: Arrays, constants: Arrays, statistics: Arrays, batch: Batch, keys: jax.Array):
        return task.loss(assemble(params, constants)(batch.images, keys), batch, statistics)

    @functools.partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=(PartitionSpec(),) * 4 + (PartitionSpec(BATCH_AXIS),) * 2,
        out_specs=PartitionSpec(),
        check_vma=False,
    )
    def gradients(params, constants, statistics, examples, chosen, keys):
        variation_keys, dropout_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        batch = pipeline.training_batch(examples, chosen, variation_keys, augmentation, input_px)
        slopes, metrics = jax.grad(loss, has_aux=True)(params, constants, statistics, batch, dropout_keys)
        return jax.lax.pmean((slopes, metrics), BATCH_AXIS)

    @functools.partial(jax.jit, donate_argnums=0)
    def train_step(state: TrainState, examples: Examples, order: jax.Array, first: jax.Array):
        chosen = jax.lax.dynamic_slice(order, (first,), (batch_size,))
        keys = pipeline.example_keys(jax.random.key(seed), state.step, batch_size)
        slopes, metrics = gradients(state.params, state.constants, state.statistics, examples, chosen, keys)
        updates, opt_state = optimizer.update(slopes, state.opt_state, state.params)
        params: Any = optax.apply_updates(state.params, updates)
        averaged = _averaged(state, params, averaging) if averaging else {}
        metrics["gradient_norm"] = _norm(slopes)
        metrics |= {FINITE + part: jnp.isfinite(_norm(slopes[part])) for part in PARTS}
        return state._replace(step=state.step + 1, params=params, averaged=averaged, opt_state=opt_state), metrics

    return train_step


def _norm(tree: Arrays) -> jax.Array:
    return jnp.sqrt(sum(jnp.square(leaf).sum() for leaf in jax.tree.leaves(tree)))


def _averaged(state: TrainState, params: Arrays, averaging: float) -> Arrays:
    """The moving average; its memory is shorter at first, so that the initial weights are soon forgotten."""
    decay = jnp.minimum(averaging, (1.0 + state.step) / (10.0 + state.step))
    return jax.tree.map(lambda old, new: old + (1 - decay) * (new - old), state.averaged, params)


def make_eval_step(
    *, mesh: Mesh, assemble: Assemble, task: Task, input_px: int
) -> Callable[[TrainState, Examples, jax.Array], Metrics]:
    """Compiles (state, examples, weights) -> sums of the task's metrics over the examples that count."""

    @functools.partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=(PartitionSpec(),) * 3 + (PartitionSpec(BATCH_AXIS),) * 2,
        out_specs=PartitionSpec(),
        check_vma=False,
    )
    def sums(params, constants, statistics, examples, weights):
        batch = pipeline.plain_batch(examples, input_px)
        outputs = assemble(params, constants)(batch.images)
        return jax.lax.psum(task.sums(outputs, batch, weights, statistics), BATCH_AXIS)

    @jax.jit
    def eval_step(state: TrainState, examples: Examples, weights: jax.Array) -> Metrics:
        return sums(best_params(state), state.constants, state.statistics, examples, weights)

    return eval_step


def evaluate(
    eval_step: Callable[..., Metrics], task: Task, state: TrainState, examples: Examples, batch_size: int
) -> dict[str, float]:
    """Exact metrics of a whole set, whatever the batch size."""
    totals: dict[str, float] = {}
    for batch, weights in pipeline.padded_batches(examples, batch_size):
        for name, value in eval_step(state, batch, weights).items():
            totals[name] = totals.get(name, 0.0) + float(value)
    return task.means(totals)
