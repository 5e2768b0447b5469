"""Our training step on a batch that is ready: what `training.step` does, without fetching and augmentation.

Labels of the grid task are part of what is ready, as they are in the PyTorch step that this is measured against.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

from h36m_pose.models.parameters import Arrays, Assemble
from h36m_pose.training.parallel import BATCH_AXIS, Devices
from h36m_pose.training.state import TrainState
from h36m_pose.training.step import PRECISIONS, below_head_as, descend
from h36m_pose.training.tasks import Task


class ReadyBatch(NamedTuple):
    """What both sides are given.

    Attributes:
        images: (batch, side, side, 1) float32, 0 to 1.
        targets: (batch, 17, 3) float32 poses in mm, or (batch, 17, cells) float32 labels.
    """

    images: Any
    targets: Any


def make_ready_step(
    devices: Devices,
    assemble: Assemble,
    task: Task,
    optimizer: optax.GradientTransformation,
    averaging: float,
    precision: str = "float32",
) -> Callable[[TrainState, ReadyBatch], tuple[TrainState, jax.Array]]:
    """Compiles (state, batch) -> (state, loss before it); the state is donated. See `training.step.make_train_step`."""
    compute = PRECISIONS[precision]

    def loss(params: Arrays, state: TrainState, batch: ReadyBatch, keys: jax.Array) -> jax.Array:
        network = assemble(below_head_as(compute, params), state.constants)
        outputs = network(batch.images.astype(compute), keys)
        return task.loss(outputs, batch.targets, state.statistics)

    def step(state: TrainState, batch: ReadyBatch) -> tuple[TrainState, jax.Array]:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), state.step), len(batch.images))
        value, slopes = jax.value_and_grad(loss)(state.params, state, batch, keys)
        slopes, value = jax.lax.pmean((slopes, value), BATCH_AXIS)
        return descend(state, slopes, optimizer, averaging), value

    return devices.spread(step, (False, True), donate=True)


def make_ready_predict(assemble: Assemble) -> Callable[[Arrays, Arrays, jax.Array], jax.Array]:
    """Compiles (params, constants, pictures) -> outputs; XLA spreads it as the pictures are."""
    return jax.jit(lambda params, constants, images: assemble(params, constants)(images))
