"""Everything a training run consists of at one step: plain arrays, no functions, no modules."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from h36m_pose.models.parameters import Arrays


class TrainState(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        step: steps taken, an int32 scalar.
        params: of the network.
        averaged: moving average of `params`, an empty dictionary if there is none.
        opt_state: the optimiser's.
        constants: of the network, such as its standardiser; not learnt.
        statistics: mean pose and deviation of the training poses in mm (`models.pose_output`).
    """

    step: jax.Array
    params: Arrays
    averaged: Arrays
    opt_state: Any
    constants: Arrays
    statistics: Arrays


def new_state(
    params: Arrays, constants: Arrays, statistics: Arrays, optimizer: optax.GradientTransformation, averaging: float
) -> TrainState:
    """The state before the first step.

    Args:
        params: initial weights.
        constants: of the network.
        statistics: of the training poses.
        optimizer: of `make_optimizer`.
        averaging: decay of the moving average; 0 for none.
    """
    # Copies, since the step donates its input: no two arrays of the state may share memory.
    own = jax.tree.map(jnp.array, params)
    averaged = jax.tree.map(jnp.array, params) if averaging else {}
    return TrainState(
        jnp.zeros((), jnp.int32),
        own,
        averaged,
        optimizer.init(own),
        jax.tree.map(jnp.array, constants),
        jax.tree.map(jnp.array, statistics),
    )


def best_params(state: TrainState) -> Arrays:
    """The weights to predict with: the average if there is one."""
    return state.averaged or state.params
