"""What is measured: an experiment's network and batch, made the same for both sides."""

import functools
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from h36m_pose import grid, skeleton
from h36m_pose.benchmarking.job import Job
from h36m_pose.data import pipeline
from h36m_pose.data.frames import Examples, gather_views
from h36m_pose.models.parameters import Arrays, Assemble
from h36m_pose.models.pose_output import pose_statistics
from h36m_pose.models.registry import POSE_OUTPUTS, draw_model

_CROP_PX = 128


class Setting:
    """Network, weights and batch of a job, the same numbers in each process that builds it.

    Attributes:
        config: the experiment.
        stage: which of the two.
        settings: the stage's group.
        options: what the network asks for.
        outputs: how many it has.
        input_px: side of its pictures.
        statistics: mean pose and deviation of the examples.
    """

    def __init__(self, job: Job):
        self.config, self.stage = job.config(), job.stage
        self.settings = self.config[job.stage]
        self.options: dict[str, Any] = dict(self.config.model)
        self.name = self.options.pop("name")
        cells = self.config.grid.cells
        self.outputs = skeleton.JOINTS * cells**2 if job.stage == "pretrain" else POSE_OUTPUTS
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
            return _read(Path(self._job.dataset), self.config)
        rng, frames = np.random.default_rng(0), 8 * self.settings.batch_size
        return Examples(
            rng.integers(0, 256, (frames, _CROP_PX, _CROP_PX), np.uint8),
            rng.uniform(0, _CROP_PX, (frames, skeleton.JOINTS, 2)).astype(np.float32),
            rng.normal(0, 200, (frames, skeleton.JOINTS, 3)).astype(np.float32),
        )

    def ready_batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (batch, side, side, 1), 0 to 1, and poses in mm or labels: the first frames, not varied."""
        first = Examples(*(jnp.asarray(array[: self.settings.batch_size]) for array in self.examples))
        batch = pipeline.plain_batch(first, self.input_px)
        if self.stage == "finetune":
            return np.asarray(batch.images), np.asarray(batch.joints_root_mm)
        rule = dict(self.config.grid)
        rule["window_px"] = rule["window_px"] or None
        return np.asarray(batch.images), np.asarray(grid.cell_labels(batch.joints_px, **rule), np.float32)


def _read(folder: Path, config: ConfigDict) -> Examples:
    from h36m_pose.data.dataset import open_dataset
    from h36m_pose.data.protocols import split

    dataset, data = open_dataset(folder), config.data
    chosen = split(dataset.subjects, data.protocol, data.validation_subjects, data.crowd).train
    return gather_views(dataset.select(chosen), data.frame_step, frame=data.frame)
