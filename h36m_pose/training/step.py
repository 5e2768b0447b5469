"""The train and evaluation steps of both stages: one function each, compiled once.

Each device computes the mean over its part of the batch; the means of gradients and the sums of metrics are then put
together, which is exact since the parts are equal. A key per example makes augmentation and dropout the same on any
number of devices.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float

from h36m_pose.data import pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.frames import Examples, padded_batches
from h36m_pose.models.parameters import PARTS, Arrays, Assemble
from h36m_pose.training.parallel import BATCH_AXIS, Devices
from h36m_pose.training.state import TrainState, best_params
from h36m_pose.training.tasks import Metrics, Task

FINITE = "finite/"
"""Metrics of this prefix are 1 where a part's gradient is finite throughout."""

_NORMS = ("gradient_norm", "parameter_norm", "learning_rate")

PRECISIONS = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


@dataclasses.dataclass(frozen=True)
class StepOptions:
    """How a training step goes.

    Attributes:
        batch_size: examples per step, over all devices.
        accumulate: how many parts each device's examples are cut into, computed one after the other to save memory.
        precision: a key of `PRECISIONS`: of activations and of the weights they meet, below the head. Weights are kept
            and changed in float32; sums of products, normalisation, head and losses are float32.
        averaging: decay of the weights' moving average; 0 for none.
        augmentation: how much to vary.
        input_px: side of the pictures the network takes.
        steps_per_epoch: batches per epoch.
        seed: of augmentation and dropout, together with the step.
    """

    batch_size: int
    accumulate: int
    precision: str
    averaging: float
    augmentation: Augmentation
    input_px: int
    steps_per_epoch: int
    seed: int


def make_train_step(
    devices: Devices,
    assemble: Assemble,
    task: Task,
    optimizer: optax.GradientTransformation,
    schedule: optax.Schedule,
    options: StepOptions,
    resident: bool,
) -> Callable[..., tuple[TrainState, jax.Array]]:
    """Compiles one step: fetch, vary, predict, descend.

    Args:
        devices: their number times `accumulate` divides the batch's size.
        assemble: of `take_apart`.
        task: what is learnt.
        optimizer: of `make_optimizer`.
        schedule: its learning rate, to report it.
        options: the rest.
        resident: whether all examples lie on the devices.

    Returns:
        (state, all examples, the epoch's order) -> (state, metrics) if they do; else (state, the batch's examples,
        sharded) -> (state, metrics). The state is donated. The step's place in the epoch is the state's own. The
        metrics are one vector, which is fetched at once; `named_metrics` takes it apart.
    """
    each = options.batch_size // devices.count
    compute = PRECISIONS[options.precision]

    def loss(params: Arrays, state: TrainState, examples: Examples, keys: jax.Array):
        variation_keys, dropout_keys = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
        batch = pipeline.training_batch(examples, variation_keys, options.augmentation, options.input_px)
        network = assemble(below_head_as(compute, params), state.constants)
        outputs = network(batch.images.astype(compute), dropout_keys)
        targets: Any = task.targets(batch)  # of whatever form the task has
        sums = task.sums(outputs, targets, jnp.ones(len(outputs)), state.statistics)
        return task.loss(outputs, targets, state.statistics), sums

    def slopes_and_sums(state: TrainState, examples: Examples, keys: jax.Array):
        slope = jax.grad(loss, has_aux=True)
        if options.accumulate == 1:
            return slope(state.params, state, examples, keys)
        parts = jax.tree.map(lambda array: array.reshape(options.accumulate, -1, *array.shape[1:]), (examples, keys))

        def add(totals, part):
            return jax.tree.map(jnp.add, totals, slope(state.params, state, *part)), None

        shapes = jax.eval_shape(slope, state.params, state, *jax.tree.map(lambda array: array[0], parts))
        nothing = jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)
        (slopes, sums), _ = jax.lax.scan(add, nothing, parts)
        return jax.tree.map(lambda slope: slope / options.accumulate, slopes), sums

    def step_on(state: TrainState, examples: Examples) -> tuple[TrainState, jax.Array]:
        keys = pipeline.example_keys(jax.random.key(options.seed), state.step, each, _place(each))
        slopes, sums = slopes_and_sums(state, examples, keys)
        slopes, sums = jax.lax.pmean(slopes, BATCH_AXIS), jax.lax.psum(sums, BATCH_AXIS)
        state = descend(state, slopes, optimizer, options.averaging)
        metrics = task.means(sums)
        squares = {part: _squares(slopes.get(part, {})) for part in PARTS}
        metrics["gradient_norm"] = jnp.sqrt(sum(squares.values()))
        metrics["parameter_norm"] = jnp.sqrt(_squares(state.params))
        metrics["learning_rate"] = jnp.asarray(schedule(state.step - 1), jnp.float32)
        metrics |= {FINITE + part: jnp.isfinite(square) for part, square in squares.items()}
        vector = jnp.stack([metrics[name].astype(jnp.float32) for name in _metric_names(task)])
        return state, vector

    def resident_step(state: TrainState, everything: Examples, order: jax.Array):
        first = state.step % options.steps_per_epoch * options.batch_size + _place(each)
        chosen = jax.lax.dynamic_slice(order, (first,), (each,))
        return step_on(state, Examples(*(array[chosen] for array in everything)))

    if resident:
        return devices.spread(resident_step, (False, False, False), donate=True)
    return devices.spread(step_on, (False, True), donate=True)


def _metric_names(task: Task) -> tuple[str, ...]:
    return (*task.reports, *_NORMS, *(FINITE + part for part in PARTS))


def named_metrics(task: Task, vector: Float[np.ndarray, "metrics"]) -> dict[str, float]:
    """The metrics of a training step by name."""
    return dict(zip(_metric_names(task), vector.tolist(), strict=True))


def _place(each: int) -> jax.Array:
    """Where this device's examples begin in the batch."""
    return jax.lax.axis_index(BATCH_AXIS) * each


def below_head_as(dtype: Any, params: Arrays) -> Arrays:
    """The parameters in another type, but for the head's."""
    return {
        part: arrays if part == "head" else jax.tree.map(lambda array: array.astype(dtype), arrays)
        for part, arrays in params.items()
    }


def _squares(tree: Arrays) -> jax.Array:
    return sum((jnp.square(leaf).sum() for leaf in jax.tree.leaves(tree)), start=jnp.zeros(()))


def descend(state: TrainState, slopes: Arrays, optimizer: optax.GradientTransformation, averaging: float) -> TrainState:
    """The state one step further.

    Args:
        state: the present one.
        slopes: gradients of the whole batch's loss, as `state.params`.
        optimizer: of `make_optimizer`.
        averaging: decay of the weights' moving average; 0 for none.
    """
    updates, opt_state = optimizer.update(slopes, state.opt_state, state.params)
    params: Any = optax.apply_updates(state.params, updates)
    averaged = _averaged(state, params, averaging) if averaging else {}
    return state._replace(step=state.step + 1, params=params, averaged=averaged, opt_state=opt_state)


def _averaged(state: TrainState, params: Arrays, averaging: float) -> Arrays:
    """The moving average; its memory is shorter at first, so that the initial weights are soon forgotten."""
    decay = jnp.minimum(averaging, (1.0 + state.step) / (10.0 + state.step))
    return jax.tree.map(lambda old, new: old + (1 - decay) * (new - old), state.averaged, params)


def make_eval_step(devices: Devices, assemble: Assemble, task: Task, input_px: int) -> Callable[..., Metrics]:
    """Compiles (state, examples, weights) -> sums of the task's metrics over the examples that count, in float32."""

    def sums(state: TrainState, examples: Examples, weights: jax.Array) -> Metrics:
        batch = pipeline.plain_batch(examples, input_px)
        outputs = assemble(best_params(state), state.constants)(batch.images)
        targets: Any = task.targets(batch)
        return jax.lax.psum(task.sums(outputs, targets, weights, state.statistics), BATCH_AXIS)

    return devices.spread(sums, (False, True, True))


def evaluate(
    devices: Devices,
    eval_step: Callable[..., Metrics],
    task: Task,
    state: TrainState,
    examples: Examples,
    batch_size: int,
) -> dict[str, float]:
    """Exact metrics of a whole set, whatever the batch size.

    Args:
        devices: those of the step.
        eval_step: of `make_eval_step`.
        task: the same.
        state: replicated on the devices.
        examples: the set, on the host, the same in all processes.
        batch_size: a multiple of the number of devices.
    """
    rows = devices.rows(batch_size)
    parts = [
        eval_step(state, *devices.shard(jax.tree.map(lambda array: array[rows], padded)))
        for padded in padded_batches(examples, batch_size)
    ]
    fetched = [devices.to_host(part) for part in parts]  # not before all are on their way
    totals = {name: np.sum([part[name] for part in fetched], dtype=np.float64) for name in fetched[0]}
    return {name: float(value) for name, value in task.means(totals).items()}
