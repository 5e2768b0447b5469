"""One stage of training from its start, or from where it stopped, to its end."""

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from h36m_pose import configuration
from h36m_pose.atomic_files import write_json
from h36m_pose.data.dataset import Dataset
from h36m_pose.domain import DOMAIN_FILE, measure_domain, write_domain
from h36m_pose.errors import InputError
from h36m_pose.models.parameters import count
from h36m_pose.prediction import load_run
from h36m_pose.progress import bar
from h36m_pose.training import checkpoint, processes, run_folder
from h36m_pose.training.checkpoint_writer import CheckpointWriter, Schedule
from h36m_pose.training.environment import describe_environment
from h36m_pose.training.interruption import Interruption
from h36m_pose.training.learning_curves import draw_learning_curves
from h36m_pose.training.metric_writer import MetricWriter, NoMetricWriter
from h36m_pose.training.observation import Profile, Rates
from h36m_pose.training.parallel import Agreement
from h36m_pose.training.stage import Stage
from h36m_pose.training.step import FINITE, named_metrics


def train(
    config: ConfigDict, stage: str, dataset: Dataset, run_dir: Path, identity: dict[str, Any], profile_steps: int = 0
) -> int:
    """Trains a stage to its end.

    Args:
        config: an experiment.
        stage: "pretrain" or "finetune".
        dataset: what to learn from.
        run_dir: the run's folder, whose stage folder `run_folder.claim` has accepted.
        identity: what it was claimed with.
        profile_steps: write a trace of so many steps for a profiler; 0 for none.

    Returns:
        The exit status: 0, or 130 or 143 if interrupted.

    Raises:
        InputError: if it cannot go on; the files are as they were at the last checkpoint.
    """
    settings = config[stage]
    with contextlib.ExitStack() as stack:
        if processes.is_first():
            stack.enter_context(run_folder.locked(run_dir / stage))
        try:
            return _train(config, stage, dataset, run_dir, identity, profile_steps)
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" in str(error) or "out of memory" in str(error).lower():
                raise _out_of_memory(stage, settings.batch_size, settings.accumulate, str(error)) from error
            if jax.process_count() > 1:
                raise _lost_process(run_dir / stage, str(error)) from error
            raise


def _out_of_memory(stage: str, batch_size: int, accumulate: int, problem: str) -> InputError:
    return InputError(
        f"{stage}.batch_size = {batch_size}",
        f"not enough memory on the device ({problem.splitlines()[0][:200]})",
        "a step that fits",
        f"Add {stage}.accumulate={2 * accumulate} (the same result in less memory), precision=bfloat16, or "
        "data.input=streaming, or lower the batch size",
    )


def _lost_process(folder: Path, problem: str) -> InputError:
    return InputError(
        folder,
        f"no answer from another process ({problem.splitlines()[0][:200]})",
        "all of them at work",
        "Start all of them again: they go on from the last checkpoint",
    )


def _train(
    config: ConfigDict, stage: str, dataset: Dataset, run_dir: Path, identity: dict[str, Any], profile_steps: int
) -> int:
    started = time.monotonic()
    work = Stage(config, stage, dataset, run_dir, identity)
    environment = describe_environment()
    _introduce(work, environment)
    first = work.restore_or_start(lambda words: processes.tell(f"{stage}: {words}"))
    with contextlib.ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        saver = stack.enter_context(CheckpointWriter(work.checkpoints, config.checkpoint.keep))
        writer = stack.enter_context(_metric_writer(work, environment, dataset, first))
        profile = stack.enter_context(Profile(work.folder, profile_steps if processes.is_first() else 0))
        stopped_at = _run_steps(work, first, writer, saver, interruption, profile)
    processes.wait_for_all("everything is written")
    if stopped_at is not None:
        if processes.is_first():
            print(
                f"\nh36m-pose: stopped at step {stopped_at} of {work.steps}, which is saved in {work.folder}; "
                "run the same command again to go on",
                file=sys.stderr,
            )
        return interruption.exit_status if interruption.signal_number else 128 + signal.SIGTERM
    if processes.is_first():
        _finish(work, time.monotonic() - started, first)
        if stage == "finetune":
            _note_domain(run_dir, dataset)
    return 0


def _introduce(work: Stage, environment: dict[str, Any]) -> None:
    """Says what is trained, on what and how."""
    devices, several = environment["devices"], jax.process_count() > 1
    spread = f", by {work.devices.mode}" if work.devices.count > 1 else ""
    among = f" of {jax.process_count()} processes" if several else ""
    processes.tell(f"{work.name}: {work.split.words}")
    processes.tell(
        f"{work.name}: {len(work.frames):,} training frames ({work.feed.words}) and {len(work.validation.images):,} "
        f"validation frames; {work.config.model.name} with {count(work.state.params):,} parameters in "
        f"{work.config.precision}; {work.settings.epochs} epochs, {work.steps:,} steps of {work.settings.batch_size} "
        f"on {work.devices.count} {devices['kind']} devices{among}{spread}"
    )


def _metric_writer(work: Stage, environment: dict[str, Any], dataset: Dataset, first: int) -> MetricWriter:
    """Notes the environment and opens the files of metrics, in the first process."""
    if not processes.is_first():
        return NoMetricWriter()
    about = {"dataset": str(dataset.folder), "dataset_fingerprint": dataset.fingerprint, "split": work.split.words}
    about |= {"input": work.feed.words, "processes": jax.process_count(), "parallel": work.devices.mode}
    write_json(work.folder / run_folder.ENVIRONMENT, {**environment, **about})
    flat = dict(configuration.flat_items(work.config))
    return MetricWriter(work.folder, first, work.config.writers, flat)


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
        "weights": checkpoint.digest(checkpoint.folder_of(work.checkpoints, checkpoint.BEST, step)),
        "split": work.split.words,
    }
    write_json(work.folder / run_folder.FINISHED, result)
    print(f"{work.name}: {summary}; {seconds:.0f} s")


def _note_domain(run_dir: Path, dataset: Dataset) -> None:
    """Notes what the training crops are like, for `h36m-pose predict`, which makes it up if this is cut short."""
    network = load_run(run_dir)
    write_domain(run_dir / "finetune" / DOMAIN_FILE, measure_domain(network, dataset))


def _run_steps(
    work: Stage,
    first: int,
    writer: MetricWriter,
    saver: CheckpointWriter,
    interruption: Interruption,
    profile: Profile,
) -> int | None:
    """The loop itself; returns the steps taken if it was stopped."""
    batch_size, per_epoch, times = work.settings.batch_size, work.steps_per_epoch, work.config.checkpoint
    schedule = Schedule(times.first_seconds, times.every_seconds, times.every_steps)
    agreement, rates = Agreement(2), Rates(batch_size, work.config.log_every_steps)
    pending: jax.Array | None = None
    silent = not processes.is_first()
    with bar(work.steps * batch_size, work.name, " image", done=first * batch_size, silent=silent) as progress_bar:
        for step in range(first, work.steps):
            profile.before(step - first)
            work.state, metrics = work.train_step(work.state, *work.feed.at(step))
            # The metrics of the step before are fetched while this one computes.
            _note_metrics(work, pending, step, writer)
            rates.note(step, writer)
            pending, taken = metrics, step + 1
            progress_bar.update(batch_size)
            profile.after(step - first, work.state)
            stop, save = agreement.ask(interruption.signal_number is not None, schedule.due(taken))
            ends_epoch = taken % per_epoch == 0
            if not (ends_epoch or save or stop):
                continue
            _note_metrics(work, pending, taken, writer)
            pending = None
            if ends_epoch:
                _end_epoch(work, taken, writer, saver, progress_bar)
            if save or stop or taken == work.steps:
                work.save(saver, taken)
                schedule.saved()
            if stop:
                return taken
            rates.skip()
    return None


def _note_metrics(work: Stage, pending: jax.Array | None, step: int, writer: MetricWriter) -> None:
    """Checks the metrics of a step and adds them to the window; writes the window out when it is full.

    Args:
        work: the stage.
        pending: metrics of the step; None for nothing to do.
        step: steps taken with it.
        writer: where they go.
    """
    if pending is None:
        return
    metrics = named_metrics(work.task, work.devices.to_host(pending))
    finite = {name.removeprefix(FINITE): metrics.pop(name) for name in list(metrics) if name.startswith(FINITE)}
    if not (all(finite.values()) and all(map(np.isfinite, metrics.values()))):
        _stop_at_nan(work, step, metrics, [part for part, fine in finite.items() if not fine])
    work.progress.add(metrics)
    if step % work.config.log_every_steps == 0:
        writer.write(step, step / work.steps_per_epoch, "train", work.progress.take_means())


def _stop_at_nan(work: Stage, step: int, metrics: dict[str, float], parts: list[str]) -> None:
    name = work.task.selects_by
    gradients = f"gradients of {', '.join(parts)} not finite" if parts else "all gradients finite"
    gradients += f", the weights' norm {metrics['parameter_norm']:g}"
    saved = checkpoint.steps(work.checkpoints)
    raise InputError(
        work.folder,
        f"{name} {metrics[name]:g} and {gradients} in step {step} (epoch {(step - 1) // work.steps_per_epoch + 1})",
        "finite numbers",
        f"Lower {work.name}.optim.peak_lr or set {work.name}.optim.clip_norm, with another --run folder; the last "
        f"checkpoint is that of step {saved[-1] if saved else 0}",
    )


def _end_epoch(work: Stage, taken: int, writer: MetricWriter, saver: CheckpointWriter, progress_bar: Any) -> None:
    """Validates, writes and says how it stands."""
    epoch = taken // work.steps_per_epoch
    metrics, better = work.validate(saver, taken)
    writer.write(taken, float(epoch), "validation", metrics)
    words = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    if processes.is_first():
        progress_bar.write(
            f"{work.name} epoch {epoch}/{work.settings.epochs}: validation {words}{'  (best)' if better else ''}",
            file=sys.stdout,
        )
        sys.stdout.flush()
