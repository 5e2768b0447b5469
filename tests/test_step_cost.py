"""What a training step may cost besides its arithmetic: no compilation, no transfers, little Python."""

import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose import configuration
from h36m_pose.errors import InputError
from h36m_pose.training import loop, observation
from h36m_pose.training.metric_writer import MetricWriter
from h36m_pose.training.stage import Stage
from h36m_pose.training.step import named_metrics

TINY = [
    "model.stem_px=16", "model.widths=6", "model.blocks=0", "model.hidden=14", "grid.cells=3", "batch_size=4",
    "data.frame=camera", "augmentation.noise=0", "optim.warmup_steps=2",
]  # fmt: skip


def make_stage(folder: Path, stage: str = "pretrain", *settings: str) -> Stage:
    config = configuration.load_experiment("demo")
    configuration.apply_overrides(config, [*TINY, *settings], stage)
    dataset = write_stick_dataset(folder / "data")
    work = Stage(config, stage, dataset, folder / "run", {"settings": {}, "dataset_fingerprint": "none"})
    work.state = work.devices.replicate(work.state)
    return work


@pytest.mark.parametrize("where", ["resident", "streaming"])
def test_steps_compile_once_and_move_nothing(tmp_path: Path, where: str) -> None:
    work = make_stage(tmp_path, "pretrain", f"data.input={where}")
    compiled: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **more: compiled.append(event) if "backend_compile" in event else None
    )
    work.state, _ = work.train_step(work.state, *work.feed.at(0))
    assert compiled  # the listener hears
    work.feed.at(work.steps_per_epoch)  # the order of another epoch
    work.state, _ = work.train_step(work.state, *work.feed.at(1))
    compiled.clear()
    with jax.transfer_guard("disallow"):
        for step in range(2, 2 * work.steps_per_epoch + 1):
            work.state, metrics = work.train_step(work.state, *work.feed.at(step))
            work.devices.to_host(metrics)
        jax.monitoring.clear_event_listeners()
        assert compiled == []
        with pytest.raises(jax.errors.JaxRuntimeError, match="Disallowed host-to-device"):
            jnp.sin(np.ones(3))  # the guard stands


def test_the_python_of_a_step_is_little(tmp_path: Path) -> None:
    """Processor time of this thread: dispatch, fetching the metrics, logging, agreement, progress."""
    work = make_stage(tmp_path, "finetune", "init_from=none", "epochs=20", "batch_size=1")
    spent = host_time_per_step(work, 100)
    print(f"{1000 * spent:.2f} ms")
    assert spent < 0.004  # 0.5 ms on a quiet machine, see docs/performance.md


def host_time_per_step(work: Stage, steps: int) -> float:
    """Seconds of processor time that the loop's own thread takes per step, besides what XLA computes in it."""
    from h36m_pose.training.checkpoint_writer import CheckpointWriter
    from h36m_pose.training.interruption import Interruption

    work.folder.mkdir(parents=True, exist_ok=True)
    work.steps = steps
    work.steps_per_epoch = steps + 1  # no validation in between
    work.state, _ = work.train_step(work.state, *work.feed.at(0))
    with MetricWriter(work.folder, 0) as writer, CheckpointWriter(work.checkpoints, 1) as saver, Interruption() as stop:
        loop._run_steps(work, steps // 2, writer, saver, stop, observation.Profile(work.folder, 0))
        work.config.checkpoint.first_seconds = 1e9
        real_step, computing = work.train_step, [0.0]

        def timed_step(*arguments):
            started = time.thread_time()
            result = jax.block_until_ready(real_step(*arguments))
            computing[0] += time.thread_time() - started
            return result

        work.train_step = timed_step
        started = time.thread_time()
        loop._run_steps(work, 0, writer, saver, stop, observation.Profile(work.folder, 0))
        return (time.thread_time() - started - computing[0]) / steps


def test_rates_and_a_trace_are_written(tmp_path: Path) -> None:
    work = make_stage(tmp_path, "pretrain", "log_every_steps=4", "epochs=2")
    identity = {"settings": configuration.stage_settings(work.config, "pretrain"), "dataset_fingerprint": "none"}
    dataset = write_stick_dataset(tmp_path / "data2")
    assert loop.train(work.config, "pretrain", dataset, tmp_path / "run", identity, profile_steps=2) == 0
    folder = tmp_path / "run" / "pretrain"
    rates = [line for line in (folder / "rates.jsonl").read_text().splitlines() if line]
    assert rates and all('"images_per_s"' in line and '"host_peak_mb"' in line for line in rates)
    assert list((folder / "profile").rglob("*.xplane.pb"))
    row = (folder / "metrics.jsonl").read_text().splitlines()[0]
    assert all(name in row for name in ("gradient_norm", "parameter_norm", "learning_rate", "precision"))


def test_a_step_that_does_not_fit_says_which_knob_to_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is a real one: an array of 4 PB."""

    def too_large(*_) -> int:
        return int(jax.jit(lambda: jnp.zeros((2**25, 2**25)))().shape[0])

    monkeypatch.setattr(loop, "_train", too_large)
    config = configuration.load_experiment("demo")
    with pytest.raises(InputError, match=r"not enough memory.*pretrain.accumulate=2.*precision=bfloat16"):
        loop.train(config, "pretrain", write_stick_dataset(tmp_path / "data"), tmp_path, {})


@pytest.mark.parametrize("stage", [pytest.param("pretrain", marks=pytest.mark.slow), "finetune"])
def test_bfloat16_computes_in_bfloat16_and_keeps_float32(tmp_path: Path, stage: str) -> None:
    settings = [
        "model.blocks=1",
        "model.widths=8",
        "model.hidden=32",
        *(["init_from=none"] if stage == "finetune" else []),
    ]
    metrics = {}
    for precision in ("float32", "bfloat16"):
        work = make_stage(tmp_path / precision, stage, f"precision={precision}", *settings)
        text = work.train_step.lower(work.state, *work.feed.at(0)).as_text()
        assert ("bf16" in text) == (precision == "bfloat16")
        for step in range(6):
            work.state, values = work.train_step(work.state, *work.feed.at(step))
        metrics[precision] = named_metrics(work.task, work.devices.to_host(values))
        assert {array.dtype.name for array in jax.tree.leaves(work.state.params)} == {"float32"}
    name = work.task.selects_by
    assert metrics["bfloat16"][name] == pytest.approx(metrics["float32"][name], rel=0.02)
    assert metrics["bfloat16"]["gradient_norm"] != metrics["float32"]["gradient_norm"]
