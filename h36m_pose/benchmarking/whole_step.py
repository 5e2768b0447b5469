"""The training step as `h36m-pose train` runs it, and its input alone: the one place that knows how they are called."""

from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from h36m_pose.data import pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.frames import Examples
from h36m_pose.models.parameters import Assemble
from h36m_pose.training.optimizer import make_schedule
from h36m_pose.training.parallel import Devices
from h36m_pose.training.step import StepOptions, make_train_step
from h36m_pose.training.tasks import Task


class WholeStep:
    """Fetching, augmentation, network, loss and optimiser.

    Args:
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
        config: ConfigDict,
        stage: str,
        assemble: Assemble,
        task: Task,
        optimizer: Any,
        examples: Examples,
        input_px: int,
    ):
        settings, devices = config[stage], Devices(config.parallel)
        self.examples, self.order = devices.replicate(
            (examples, np.asarray(pipeline.epoch_order(jax.random.key(0), 0, len(examples.images))))
        )
        self.options = StepOptions(
            batch_size=settings.batch_size,
            accumulate=settings.accumulate,
            precision=config.precision,
            averaging=settings.averaging,
            augmentation=Augmentation(**config.augmentation),
            input_px=input_px,
            steps_per_epoch=len(examples.images) // settings.batch_size,
            seed=0,
        )
        schedule = make_schedule(settings.optim.schedule, settings.optim.peak_lr, 0, 1)
        self.step = make_train_step(devices, assemble, task, optimizer, schedule, self.options, resident=True)
        self._fetch = jax.jit(self._batch)

    def _batch(self, examples: Examples, order: jax.Array, step: jax.Array) -> pipeline.Batch:
        options = self.options
        keys = pipeline.example_keys(jax.random.key(0), step, options.batch_size)
        chosen = Examples(*(array[order[: options.batch_size]] for array in examples))
        return pipeline.training_batch(chosen, keys, options.augmentation, options.input_px)

    def train(self, state: Any) -> Any:
        """One step; the state is donated."""
        return self.step(state, self.examples, self.order)[0]

    def fetch(self, step: int) -> pipeline.Batch:
        """One batch, fetched and varied, on one device."""
        return self._fetch(self.examples, self.order, np.int32(step))
