"""Our training step on a batch that is ready: what `training.step` does, without fetching and augmentation.

Labels of the grid task are part of what is ready, as they are in the PyTorch step that this is measured against.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from h36m_pose.losses import grid_cross_entropy, mpjpe_loss
from h36m_pose.models.parameters import Arrays, Assemble
from h36m_pose.models.pose_output import to_mm
from h36m_pose.training.state import TrainState

BATCH_AXIS = "batch"
Loss = Callable[[jax.Array, jax.Array], jax.Array]
"""From outputs and targets to what is descended."""


class ReadyBatch(NamedTuple):
    """What both sides are given.

    Attributes:
        images: (batch, side, side, 1) float32, 0 to 1.
        targets: (batch, 17, 3) float32 poses in mm, or (batch, 17, cells) float32 labels.
    """

    images: Any
    targets: Any


def grid_loss(loss_scale: float) -> Loss:
    """The grid task's."""
    return lambda outputs, labels: loss_scale * grid_cross_entropy(outputs, labels)


def pose_loss(target: str, loss_unit_mm: float, statistics: Arrays) -> Loss:
    """The regression's; see `training.tasks.PoseTask`."""

    def loss(outputs: jax.Array, joints_root_mm: jax.Array) -> jax.Array:
        return mpjpe_loss(to_mm(outputs, statistics, target), joints_root_mm) / loss_unit_mm

    return loss


def all_devices() -> Mesh:
    """The devices in a row; a batch is spread over them."""
    return jax.make_mesh((jax.local_device_count(),), (BATCH_AXIS,), axis_types=(jax.sharding.AxisType.Auto,))


def replicate(mesh: Mesh, tree: Any) -> Any:
    """Puts a copy on every device."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def shard(mesh: Mesh, batch: ReadyBatch) -> ReadyBatch:
    """Spreads a batch over the devices."""
    return jax.device_put(batch, NamedSharding(mesh, PartitionSpec(BATCH_AXIS)))


def make_ready_step(
    *, mesh: Mesh, assemble: Assemble, loss: Loss, optimizer: optax.GradientTransformation, averaging: float
) -> Callable[[TrainState, ReadyBatch], tuple[TrainState, jax.Array]]:
    """Compiles (state, batch) -> (state, loss before it); the state is donated. See `training.step.make_train_step`."""

    def compute(params: Arrays, constants: Arrays, batch: ReadyBatch, keys: jax.Array) -> jax.Array:
        return loss(assemble(params, constants)(batch.images, keys), batch.targets)

    @functools.partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=(PartitionSpec(),) * 2 + (PartitionSpec(BATCH_AXIS),) * 2,
        out_specs=PartitionSpec(),
        check_vma=False,
    )
    def gradients(params, constants, batch, keys):
        value, slopes = jax.value_and_grad(compute)(params, constants, batch, keys)
        return jax.lax.pmean((slopes, value), BATCH_AXIS)

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: TrainState, batch: ReadyBatch) -> tuple[TrainState, jax.Array]:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), state.step), len(batch.images))
        slopes, value = gradients(state.params, state.constants, batch, keys)
        updates, opt_state = optimizer.update(slopes, state.opt_state, state.params)
        params: Any = optax.apply_updates(state.params, updates)
        averaged = state.averaged
        if averaging:
            decay = jnp.minimum(averaging, (1.0 + state.step) / (10.0 + state.step))
            averaged = jax.tree.map(lambda old, new: old + (1 - decay) * (new - old), averaged, params)
        return state._replace(step=state.step + 1, params=params, averaged=averaged, opt_state=opt_state), value

    return step


def make_ready_predict(*, mesh: Mesh, assemble: Assemble) -> Callable[[Arrays, Arrays, jax.Array], jax.Array]:
    """Compiles (params, constants, pictures) -> outputs, each device its part of the batch."""

    @jax.jit
    @functools.partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=(PartitionSpec(), PartitionSpec(), PartitionSpec(BATCH_AXIS)),
        out_specs=PartitionSpec(BATCH_AXIS),
        check_vma=False,
    )
    def predict(params: Arrays, constants: Arrays, images: jax.Array) -> jax.Array:
        return assemble(params, constants)(images)

    return predict
