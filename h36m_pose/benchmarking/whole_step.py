"""The training step as `h36m-pose train` runs it, and its input alone: the one place that knows how they are called."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from ml_collections import ConfigDict

from h36m_pose.benchmarking.our_step import replicate
from h36m_pose.data import pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.pipeline import Examples
from h36m_pose.models.parameters import Assemble
from h36m_pose.training.step import Task, make_train_step


class WholeStep:
    """Fetching, augmentation, network, loss and optimiser.

    Args:
        mesh: of `our_step.all_devices`.
        config: an experiment.
        stage: "pretrain" or "finetune".
        assemble: of `take_apart`.
        task: what is learnt.
        optimizer: of `make_optimizer`.
        examples: all that there are, on the host.
        input_px: side of the pictures the network takes.
    """

    def __init__(
        self,
        mesh: Mesh,
        config: ConfigDict,
        stage: str,
        assemble: Assemble,
        task: Task,
        optimizer: Any,
        examples: Examples,
        input_px: int,
    ):
        settings, self.input_px = config[stage], input_px
        self.batch_size, self.options = settings.batch_size, Augmentation(**config.augmentation)
        self.examples = replicate(mesh, examples)
        self.order = replicate(mesh, pipeline.epoch_order(jax.random.key(0), 0, len(examples.images)))
        self.first = jnp.int32(0)
        self.step = make_train_step(
            mesh=mesh,
            assemble=assemble,
            task=task,
            optimizer=optimizer,
            averaging=settings.averaging,
            augmentation=self.options,
            batch_size=self.batch_size,
            input_px=input_px,
            seed=0,
        )
        self._fetch = jax.jit(self._batch)

    def _batch(self, examples: Examples, order: jax.Array, step: jax.Array) -> pipeline.Batch:
        keys = pipeline.example_keys(jax.random.key(0), step, self.batch_size)
        return pipeline.training_batch(examples, order[: self.batch_size], keys, self.options, self.input_px)

    def train(self, state: Any) -> Any:
        """One step; the state is donated."""
        return self.step(state, self.examples, self.order, self.first)[0]

    def fetch(self, step: int) -> pipeline.Batch:
        """One batch, fetched and varied, on one device."""
        return self._fetch(self.examples, self.order, jnp.int32(step))
