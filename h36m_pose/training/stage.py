"""One stage of a run: its data, network, state and files."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from h36m_pose import grid, skeleton
from h36m_pose.atomic_files import remove
from h36m_pose.data import frames, pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.chosen_views import training_views, validation_views
from h36m_pose.data.dataset import Dataset
from h36m_pose.data.protocols import Split, split
from h36m_pose.errors import InputError
from h36m_pose.models.pose_output import POSE_OUTPUTS, pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.training import checkpoint, processes, run_folder
from h36m_pose.training.checkpoint_writer import CheckpointWriter
from h36m_pose.training.feed import make_feed
from h36m_pose.training.initial_weights import initial_weights
from h36m_pose.training.optimizer import make_optimizer, make_schedule
from h36m_pose.training.parallel import Devices
from h36m_pose.training.state import best_params, new_state
from h36m_pose.training.step import PRECISIONS, StepOptions, evaluate, make_eval_step, make_train_step
from h36m_pose.training.tasks import GridTask, JointTask, PoseTask, Task


def make_task(config: ConfigDict, stage: str) -> Task:
    """The task of a stage.

    Raises:
        InputError: if there is no such rule for the grid.
    """
    if config.grid.rule not in grid.RULES:
        known = ", ".join(grid.RULES)
        raise InputError("grid.rule", repr(config.grid.rule), f"one of {known}", "Choose one of these")
    if stage == "pretrain":
        return GridTask(**config.grid, loss_scale=config.pretrain.loss_scale)
    pose = PoseTask(config.finetune.target, config.finetune.loss_unit_mm)
    if not config.finetune.grid_weight:
        return pose
    return JointTask(pose, GridTask(**config.grid, loss_scale=config.pretrain.loss_scale), config.finetune.grid_weight)


def outputs_of(config: ConfigDict, stage: str) -> int:
    """How many outputs the network has in a stage."""
    cells = skeleton.JOINTS * config.grid.cells**2
    if stage == "pretrain":
        return cells
    return POSE_OUTPUTS + cells if config.finetune.grid_weight else POSE_OUTPUTS


def split_of(config: ConfigDict, dataset: Dataset) -> Split:
    """Who trains, validates and tests."""
    data = config.data
    cameras = {view.camera_id for view in dataset.views}
    return split(dataset.subjects, data.protocol, data.validation_subjects, data.crowd, data.left_out_cameras, cameras)


def training_frames(config: ConfigDict, dataset: Dataset) -> frames.Frames:
    """The frames that a stage learns from."""
    return frames.Frames(training_views(dataset, split_of(config, dataset)), config.data.frame_step, config.data.frame)


@dataclasses.dataclass
class Progress:
    """What the loop keeps besides the arrays; part of each checkpoint, so that a restart is exact.

    Attributes:
        best: the best value on validation so far; None before the first.
        best_step: its step.
        window: sums of the metrics since they were last written.
        window_steps: how many steps these are.
    """

    best: float | None = None
    best_step: int = 0
    window: dict[str, float] = dataclasses.field(default_factory=dict)
    window_steps: int = 0

    def add(self, metrics: dict[str, float]) -> None:
        """Adds the metrics of a step to the window."""
        for name, value in metrics.items():
            self.window[name] = self.window.get(name, 0.0) + value
        self.window_steps += 1

    def take_means(self) -> dict[str, float]:
        """The window's means; a new window begins."""
        means = {name: value / self.window_steps for name, value in self.window.items()}
        self.window, self.window_steps = {}, 0
        return means


class Stage:
    """One stage of a run.

    Args:
        config: an experiment.
        stage: "pretrain" or "finetune".
        dataset: what to learn from.
        run_dir: the run's folder.
        identity: what the stage's folder was claimed with.
    """

    def __init__(self, config: ConfigDict, stage: str, dataset: Dataset, run_dir: Path, identity: dict[str, Any]):
        self.name, self.run_dir, self.folder = stage, run_dir, run_dir / stage
        self.config, self.settings, self.identity = config, config[stage], identity
        self.checkpoints = self.folder / run_folder.CHECKPOINTS
        self.split = split_of(config, dataset)
        self.crops = dataset.manifest["parameters"]
        self.task = make_task(config, stage)
        self.devices = Devices(config.parallel)
        self._check_parts()
        self._read_data(config, dataset)
        self._build(config)
        self.progress = Progress()

    def _check_parts(self) -> None:
        batch_size, accumulate = self.settings.batch_size, self.settings.accumulate
        if accumulate < 1 or batch_size % (self.devices.count * accumulate):
            raise InputError(
                f"{self.name}.batch_size",
                f"{batch_size} for {self.devices.count} devices and accumulate = {accumulate}",
                "a multiple of their product",
                "Choose one, or set host_devices",
            )
        if self.config.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise InputError("precision", repr(self.config.precision), f"one of {known}", "Choose one of these")

    def _read_data(self, config: ConfigDict, dataset: Dataset) -> None:
        data = config.data
        training, validation = training_views(dataset, self.split), validation_views(dataset, self.split)
        self.frames = training_frames(config, dataset)
        self.validation = frames.gather_views(validation, at_most=data.validation_at_most, frame=data.frame)
        self.train_mean_pose_mm = frames.mean_pose(training, data.frame_step)
        apart = frames.gather_poses(validation) - self.train_mean_pose_mm
        self.mean_pose_mpjpe_mm = float(np.linalg.norm(apart, axis=-1).mean())
        self.steps_per_epoch = pipeline.steps_per_epoch(len(self.frames), self.settings.batch_size)
        self.steps = self.steps_per_epoch * self.settings.epochs
        self.statistics = pose_statistics(self.frames.joints_root_mm)
        self.feed = make_feed(
            self.frames, jax.random.key(config.seed), self.devices, self.settings.batch_size, self.steps, data.input
        )

    def _build(self, config: ConfigDict) -> None:
        model, optim = dict(config.model), self.settings.optim
        self.assemble, params, constants = draw_model(
            model.pop("name"), outputs_of(config, self.name), config.seed, **model
        )
        self.input_px = self.assemble(params, constants).input_px
        self.optimizer = make_optimizer(steps=self.steps, **optim)
        self.fresh = params, constants
        self.state = new_state(params, constants, self.statistics, self.optimizer, self.settings.averaging)
        options = StepOptions(
            batch_size=self.settings.batch_size,
            accumulate=self.settings.accumulate,
            precision=config.precision,
            averaging=self.settings.averaging,
            augmentation=Augmentation(**config.augmentation),
            input_px=self.input_px,
            steps_per_epoch=self.steps_per_epoch,
            seed=config.seed,
        )
        schedule = make_schedule(optim.schedule, optim.peak_lr, optim.warmup_steps, self.steps)
        self.train_step = make_train_step(
            self.devices, self.assemble, self.task, self.optimizer, schedule, options, self.feed.resident
        )
        self.eval_step = make_eval_step(self.devices, self.assemble, self.task, self.input_px)

    def restore_or_start(self, say: Callable[[str], None]) -> int:
        """Takes up the latest checkpoint, or the initial weights; returns the steps taken."""
        writes = processes.is_first()
        fingerprint = self.identity["dataset_fingerprint"]
        if not writes:
            processes.wait_for_all("the first process has restored")
        restored = checkpoint.restore_latest(self.checkpoints, self.state, fingerprint, writes)
        if restored:
            state, about = restored
            self.progress = Progress(**about["progress"])
            say(f"going on from step {int(state.step)} of {self.steps}")
        else:
            if writes:  # best weights without any checkpoint are left over from a start that was lost
                for step in checkpoint.steps(self.checkpoints, checkpoint.BEST):
                    remove(checkpoint.folder_of(self.checkpoints, checkpoint.BEST, step))
            params, constants = initial_weights(self, say) if self.name == "finetune" else self.fresh
            state = new_state(params, constants, self.statistics, self.optimizer, self.settings.averaging)
        if writes:
            processes.wait_for_all("the first process has restored")
        first = int(state.step)
        processes.same_everywhere(first, "step")
        self.state = self.devices.replicate(jax.tree.map(np.asarray, state))
        return first

    def about(self, step: int) -> dict[str, Any]:
        """What a checkpoint says of itself besides its arrays."""
        return {
            "stage": self.name,
            "step": step,
            "progress": dataclasses.asdict(self.progress),
            "settings": self.identity["settings"],
            "dataset_fingerprint": self.identity["dataset_fingerprint"],
            "split": dataclasses.asdict(self.split),
            "crops": self.crops,
        }

    def save(self, writer: CheckpointWriter, step: int) -> None:
        """Hands over the checkpoint of this step; the first process alone writes."""
        if processes.is_first():
            writer.step(checkpoint.state_to_arrays(self.devices.to_host(self.state)), self.about(step))

    def validate(self, writer: CheckpointWriter, step: int) -> tuple[dict[str, float], bool]:
        """Metrics on the validation subjects, and whether they are the best so far; if so, the weights are kept."""
        metrics = evaluate(
            self.devices, self.eval_step, self.task, self.state, self.validation, self.settings.batch_size
        )
        if self.name == "finetune":
            metrics["mean_pose_mpjpe_mm"] = self.mean_pose_mpjpe_mm
        value = metrics[self.task.selects_by]
        better = self.progress.best is None or value < self.progress.best
        if better:
            self.progress.best, self.progress.best_step = value, step
        if better and processes.is_first():
            state = self.devices.to_host(self.state)
            weights = {
                "params": best_params(state),
                "constants": state.constants,
                "statistics": state.statistics,
                "baseline": {"train_mean_pose_mm": self.train_mean_pose_mm},
            }
            writer.best(weights, self.about(step))
        return metrics, better
