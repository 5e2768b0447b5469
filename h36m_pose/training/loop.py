"""One stage of training from start, or from where it stopped, to its end."""

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from h36m_pose import skeleton
from h36m_pose.atomic_files import remove, write_json
from h36m_pose.data import pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.dataset import Dataset
from h36m_pose.data.protocols import Split, split
from h36m_pose.errors import InputError
from h36m_pose.models.parameters import count
from h36m_pose.models.pose_output import pose_statistics
from h36m_pose.models.registry import POSE_OUTPUTS, draw_model
from h36m_pose.progress import bar
from h36m_pose.training import checkpoint, run_folder
from h36m_pose.training.environment import describe_environment
from h36m_pose.training.initial_weights import initial_weights
from h36m_pose.training.interruption import Interruption
from h36m_pose.training.learning_curves import draw_learning_curves
from h36m_pose.training.metric_writer import MetricWriter
from h36m_pose.training.optimizer import make_optimizer
from h36m_pose.training.state import best_params, new_state
from h36m_pose.training.step import (
    FINITE,
    GridTask,
    Metrics,
    PoseTask,
    Task,
    batch_mesh,
    evaluate,
    make_eval_step,
    make_train_step,
    replicate,
)


def make_task(config: ConfigDict, stage: str) -> Task:
    """The task of a stage."""
    if stage == "pretrain":
        return GridTask(**config.grid, loss_scale=config.pretrain.loss_scale)
    return PoseTask(config.finetune.target, config.finetune.loss_unit_mm)


def outputs_of(config: ConfigDict, stage: str) -> int:
    """How many outputs the network has in a stage."""
    return skeleton.JOINTS * config.grid.cells**2 if stage == "pretrain" else POSE_OUTPUTS


def split_of(config: ConfigDict, dataset: Dataset) -> Split:
    """Who trains, validates and tests."""
    data = config.data
    return split(dataset.subjects, data.protocol, data.validation_subjects, data.crowd)


@dataclasses.dataclass
class _Progress:
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
        for name, value in metrics.items():
            self.window[name] = self.window.get(name, 0.0) + value
        self.window_steps += 1

    def take_means(self) -> dict[str, float]:
        means = {name: value / self.window_steps for name, value in self.window.items()}
        self.window, self.window_steps = {}, 0
        return means


class Stage:
    """One stage of a run: its data, network, state and files.

    Args:
        config: an experiment.
        stage: "pretrain" or "finetune".
        dataset: what to learn from.
        run_dir: the run's folder.
        identity: what the stage's folder was claimed with.
    """

    def __init__(self, config: ConfigDict, stage: str, dataset: Dataset, run_dir: Path, identity: dict[str, Any]):
        self.name, self.run_dir, self.folder = stage, run_dir, run_dir / stage
        self.settings, self.identity = config[stage], identity
        self.checkpoint_settings, self.log_every_steps = config.checkpoint, config.log_every_steps
        self.checkpoints = self.folder / run_folder.CHECKPOINTS
        self.split = split_of(config, dataset)
        self.task = make_task(config, stage)
        self.mesh = batch_mesh()
        self._check_batch_size()
        self._read_data(config, dataset)
        self._build(config)
        self.key = jax.random.key(config.seed)
        self.progress = _Progress()

    def _check_batch_size(self) -> None:
        devices = self.mesh.size
        if self.settings.batch_size % devices:
            raise InputError(
                f"{self.name}.batch_size",
                str(self.settings.batch_size),
                f"a multiple of {devices}, the number of devices",
                "Choose one, or set host_devices",
            )

    def _read_data(self, config: ConfigDict, dataset: Dataset) -> None:
        data = config.data
        training, validation = dataset.select(self.split.train), dataset.select(self.split.validation)
        examples = pipeline.gather_views(training, data.frame_step, frame=data.frame)
        self.validation = pipeline.gather_views(validation, at_most=data.validation_at_most, frame=data.frame)
        self.train_mean_pose_mm = pipeline.mean_pose(training, data.frame_step)
        apart = pipeline.gather_poses(validation) - self.train_mean_pose_mm
        self.mean_pose_mpjpe_mm = float(np.linalg.norm(apart, axis=-1).mean())
        self.frames = len(examples.images)
        self.steps_per_epoch = pipeline.steps_per_epoch(self.frames, self.settings.batch_size)
        self.steps = self.steps_per_epoch * self.settings.epochs
        self.statistics = pose_statistics(examples.joints_root_mm)
        self.host_examples = examples
        self.examples = replicate(self.mesh, examples)

    def _build(self, config: ConfigDict) -> None:
        model = dict(config.model)
        self.assemble, params, constants = draw_model(
            model.pop("name"), outputs_of(config, self.name), config.seed, **model
        )
        input_px = self.assemble(params, constants).input_px
        self.optimizer = make_optimizer(steps=self.steps, **self.settings.optim)
        self.fresh = params, constants
        self.state = new_state(params, constants, self.statistics, self.optimizer, self.settings.averaging)
        common: dict[str, Any] = {"mesh": self.mesh, "assemble": self.assemble, "task": self.task, "input_px": input_px}
        self.train_step = make_train_step(
            **common,
            optimizer=self.optimizer,
            averaging=self.settings.averaging,
            augmentation=Augmentation(**config.augmentation),
            batch_size=self.settings.batch_size,
            seed=config.seed,
        )
        self.eval_step = make_eval_step(**common)
        self.input_px = input_px

    def restore_or_start(self, say: Callable[[str], None]) -> int:
        """Takes up the latest checkpoint, or the initial weights; returns the steps taken."""
        restored = checkpoint.restore_latest(self.checkpoints, self.state)
        if restored:
            state, about = restored
            self.progress = _Progress(**about["progress"])
            say(f"going on from step {int(state.step)} of {self.steps}")
        else:
            # A best checkpoint without any other is left over from a start that was lost.
            remove(self.checkpoints / checkpoint.BEST)
            params, constants = initial_weights(self, say) if self.name == "finetune" else self.fresh
            state = new_state(params, constants, self.statistics, self.optimizer, self.settings.averaging)
        self.state = replicate(self.mesh, state)
        return int(self.state.step)

    def about(self) -> dict[str, Any]:
        """What a checkpoint says of itself besides its arrays."""
        return {
            "stage": self.name,
            "step": int(self.state.step),
            "progress": dataclasses.asdict(self.progress),
            "settings": self.identity["settings"],
            "dataset_fingerprint": self.identity["dataset_fingerprint"],
            "split": dataclasses.asdict(self.split),
        }

    def save(self) -> None:
        """Writes the checkpoint of this step."""
        checkpoint.save_step(self.checkpoints, self.state, self.about(), self.checkpoint_settings.keep)

    def validate(self) -> tuple[dict[str, float], bool]:
        """Metrics on the validation subjects, and whether they are the best so far; if so, the weights are kept."""
        metrics = evaluate(self.eval_step, self.task, self.state, self.validation, self.settings.batch_size)
        if self.name == "finetune":
            metrics["mean_pose_mpjpe_mm"] = self.mean_pose_mpjpe_mm
        value = metrics[self.task.selects_by]
        better = self.progress.best is None or value < self.progress.best
        if better:
            self.progress.best, self.progress.best_step = value, int(self.state.step)
            weights = {
                "params": best_params(self.state),
                "constants": self.state.constants,
                "statistics": self.state.statistics,
                "baseline": {"train_mean_pose_mm": self.train_mean_pose_mm},
            }
            checkpoint.save(self.checkpoints / checkpoint.BEST, weights, self.about())
        return metrics, better


def train(config: ConfigDict, stage: str, dataset: Dataset, run_dir: Path, identity: dict[str, Any]) -> int:
    """Trains a stage to its end.

    Args:
        config: an experiment.
        stage: "pretrain" or "finetune".
        dataset: what to learn from.
        run_dir: the run's folder, whose stage folder `run_folder.claim` has accepted.
        identity: what it was claimed with.

    Returns:
        The exit status: 0, or 130 or 143 if interrupted.
    """
    started = time.monotonic()
    work = Stage(config, stage, dataset, run_dir, identity)
    environment = {
        **describe_environment(),
        "dataset": str(dataset.folder),
        "dataset_fingerprint": dataset.fingerprint,
        "split": work.split.words,
    }
    write_json(work.folder / run_folder.ENVIRONMENT, environment)
    parameters = count(work.state.params)
    print(f"{stage}: {work.split.words}")
    print(
        f"{stage}: {work.frames:,} training and {len(work.validation.images):,} validation frames; "
        f"{config.model.name} with {parameters:,} parameters; {work.settings.epochs} epochs, {work.steps:,} steps of "
        f"{work.settings.batch_size} on {environment['devices']['count']} {environment['devices']['kind']} devices",
        flush=True,
    )
    first = work.restore_or_start(lambda words: print(f"{stage}: {words}", flush=True))
    with Interruption() as interruption, MetricWriter(work.folder, first) as writer:
        _run_steps(work, first, writer, interruption)
    if interruption.signal_number:
        print(
            f"\nh36m-pose: stopped at step {int(work.state.step)} of {work.steps}, which is saved in {work.folder}; "
            "run the same command again to go on",
            file=sys.stderr,
        )
        return interruption.exit_status
    seconds = time.monotonic() - started
    _finish(work, seconds, first)
    return 0


def _finish(work: Stage, seconds: float, first: int) -> None:
    """Draws the curves and writes the mark of a finished stage."""
    name, best, step = work.task.selects_by, work.progress.best, work.progress.best_step
    summary = f"best validation {name} {best:.4g} at step {step} of {work.steps}"
    draw_learning_curves(work.run_dir)
    result = {
        "summary": summary,
        "best": best,
        "best_step": step,
        "metric": name,
        "steps": work.steps,
        "seconds_of_last_attempt": round(seconds, 1),
        "steps_of_last_attempt": work.steps - first,
        "weights": checkpoint.digest(work.checkpoints / checkpoint.BEST),
        "split": work.split.words,
    }
    write_json(work.folder / run_folder.FINISHED, result)
    print(f"{work.name}: {summary}; {seconds:.0f} s")


def _run_steps(work: Stage, first: int, writer: MetricWriter, interruption: Interruption) -> None:
    """The loop itself."""
    batch_size, per_epoch = work.settings.batch_size, work.steps_per_epoch
    saved_at, interval = time.monotonic(), work.checkpoint_settings.first_seconds
    order = None
    pending: Metrics | None = None
    with bar(work.steps * batch_size, work.name, " image", done=first * batch_size) as progress_bar:
        for step in range(first, work.steps):
            epoch, place = divmod(step, per_epoch)
            if order is None or place == 0:
                order = replicate(work.mesh, pipeline.epoch_order(work.key, epoch, work.frames))
            work.state, metrics = work.train_step(work.state, work.examples, order, jnp.int32(place * batch_size))
            # The metrics of the step before are fetched while this one computes.
            _note_metrics(work, pending, step, writer)
            pending = metrics
            progress_bar.update(batch_size)
            ends_epoch = place == per_epoch - 1
            due = time.monotonic() - saved_at > interval
            if not (ends_epoch or due or interruption.signal_number):
                continue
            _note_metrics(work, pending, step + 1, writer)
            pending = None
            if ends_epoch:
                _end_epoch(work, epoch + 1, writer, progress_bar)
            if due or interruption.signal_number or step + 1 == work.steps:
                work.save()
                saved_at, interval = time.monotonic(), work.checkpoint_settings.every_seconds
            if interruption.signal_number:
                return


def _note_metrics(work: Stage, pending: Metrics | None, step: int, writer: MetricWriter) -> None:
    """Checks the metrics of a step and adds them to the window; writes the window out when it is full.

    Args:
        work: the stage.
        pending: metrics of the step; None for nothing to do.
        step: steps taken with it.
        writer: where they go.
    """
    if pending is None:
        return
    metrics = {name: float(value) for name, value in jax.device_get(pending).items()}
    finite = {name.removeprefix(FINITE): metrics.pop(name) for name in list(metrics) if name.startswith(FINITE)}
    if not (all(finite.values()) and all(map(np.isfinite, metrics.values()))):
        _stop_at_nan(work, step, metrics, [part for part, fine in finite.items() if not fine])
    work.progress.add(metrics)
    if step % work.log_every_steps == 0:
        writer.write(step, step / work.steps_per_epoch, "train", work.progress.take_means())


def _stop_at_nan(work: Stage, step: int, metrics: dict[str, float], parts: list[str]) -> None:
    name = work.task.selects_by
    gradients = f"gradients of {', '.join(parts)} not finite" if parts else "all gradients finite"
    saved = checkpoint.steps(work.checkpoints)
    raise InputError(
        work.folder,
        f"{name} {metrics[name]:g} and {gradients} in step {step} (epoch {(step - 1) // work.steps_per_epoch + 1})",
        "finite numbers",
        f"Lower {work.name}.optim.peak_lr or set {work.name}.optim.clip_norm, with another --run folder; the last "
        f"checkpoint is that of step {saved[-1] if saved else 0}",
    )


def _end_epoch(work: Stage, epoch: int, writer: MetricWriter, progress_bar: Any) -> None:
    """Validates, writes and says how it stands."""
    metrics, better = work.validate()
    writer.write(int(work.state.step), float(epoch), "validation", metrics)
    rate = progress_bar.format_dict.get("rate")
    if rate:
        writer.board(int(work.state.step), {"images_per_s": rate})
    words = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    progress_bar.write(
        f"{work.name} epoch {epoch}/{work.settings.epochs}: validation {words}{'  (best)' if better else ''}",
        file=sys.stdout,
    )
    sys.stdout.flush()
