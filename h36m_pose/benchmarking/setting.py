"""What is measured: an experiment's network and batch, made the same for both sides."""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np

from h36m_pose import skeleton
from h36m_pose.benchmarking.job import Job
from h36m_pose.data import pipeline
from h36m_pose.data.dataset import CROP_PX, open_dataset
from h36m_pose.data.frames import Examples
from h36m_pose.models.parameters import Arrays, Assemble
from h36m_pose.models.pose_output import pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.training.stage import make_task, outputs_of, training_frames


class Setting:
    """Network, weights and batch of a job, the same numbers in each process that builds it.

    Attributes:
        config: the experiment.
        stage: which of the two.
        settings: the stage's group.
        options: what the network asks for.
        task: what is learnt.
        outputs: how many the network has.
        input_px: side of its pictures.
        statistics: mean pose and deviation of the examples.
    """

    def __init__(self, job: Job):
        self.config, self.stage = job.config(), job.stage
        self.settings = self.config[job.stage]
        self.options: dict[str, Any] = dict(self.config.model)
        self.name = self.options.pop("name")
        self.task = make_task(self.config, job.stage)
        self.outputs = outputs_of(self.config, job.stage)
        self._job = job
        self.input_px = self.network[0](*self.network[1:]).input_px
        self.statistics = pose_statistics(self.examples.joints_root_mm)

    @functools.cached_property
    def network(self) -> tuple[Assemble, Arrays, Arrays]:
        """How it is put together, its weights, its constants."""
        return draw_model(self.name, self.outputs, self.config.seed, **self.options)

    @functools.cached_property
    def examples(self) -> Examples:
        """The training frames of the dataset; without one, random crops and poses, 8 batches of them."""
        if self._job.dataset:
            return training_frames(self.config, open_dataset(self._job.dataset)).all()
        rng, frames = np.random.default_rng(0), 8 * self.settings.batch_size
        return Examples(
            rng.integers(0, 256, (frames, CROP_PX, CROP_PX), np.uint8),
            rng.uniform(0, CROP_PX, (frames, skeleton.JOINTS, 2)).astype(np.float32),
            rng.normal(0, 200, (frames, skeleton.JOINTS, 3)).astype(np.float32),
        )

    def ready_batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (batch, side, side, 1), 0 to 1, and poses in mm or labels: the first frames, not varied."""
        first = Examples(*(jnp.asarray(array[: self.settings.batch_size]) for array in self.examples))
        batch = pipeline.plain_batch(first, self.input_px)
        return np.asarray(batch.images), np.asarray(self.task.targets(batch), np.float32)
