"""Training runs in processes of their own, as users start them; for tests."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from stick_dataset import write_stick_dataset

from h36m_pose.models.parameters import named_leaves
from h36m_pose.training import checkpoint, run_folder

FRAMES = {"S1": 24, "S5": 24, "S6": 24, "S7": 24, "S8": 11, "S9": 24, "S11": 10, "S101": 24}
STEPS_PER_EPOCH = 6

TINY = [
    "model.stem_px=16", "model.widths=6", "model.blocks=0", "model.hidden=14", "grid.cells=3", "batch_size=24",
    "data.frame=camera", "optim.warmup_steps=2", "log_every_steps=1", "epochs=4",
]  # fmt: skip
"""A network that is compiled and trained in seconds, for the dataset of `write_dataset`."""


def write_dataset(folder: Path) -> Path:
    """144 training frames: six batches of 24."""
    return write_stick_dataset(folder, FRAMES).folder


def words(dataset: Path, run: Path, *settings: str, stage: str = "pretrain") -> list[str]:
    """The command that trains a tiny network; later settings take the place of earlier ones."""
    fixed = ["train", stage, "--experiment", "demo", "--dataset", str(dataset), "--run", str(run)]
    return [sys.executable, "-m", "h36m_pose.cli.main", *fixed, *TINY, *settings]


def start(command: list[str], devices: int = 1, optimised: bool = False, **environment: str) -> subprocess.Popen[str]:
    """Starts a run on so many CPU devices, with machine code as users get it or with what is compiled sooner."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    if not optimised:
        flags += " --xla_backend_optimization_level=0"
    # A group of its own: signals sent to the tests do not reach it.
    return subprocess.Popen(
        command,
        env={**os.environ, "XLA_FLAGS": flags, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 280) -> tuple[int, str, str]:
    """Waits for its end: exit status, standard output, standard error."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


def train(
    dataset: Path, run: Path, *settings: str, devices: int = 1, stage: str = "pretrain", optimised: bool = False
) -> str:
    """Trains to the end; returns what was printed."""
    status, out, err = finish(start(words(dataset, run, *settings, stage=stage), devices, optimised))
    assert status == 0, err
    return out


def last_arrays(run: Path, stage: str = "pretrain") -> dict[str, np.ndarray]:
    """Every array of the latest checkpoint by its name."""
    checkpoints = run / stage / run_folder.CHECKPOINTS
    latest = checkpoint.folder_of(checkpoints, checkpoint.STEP, checkpoint.steps(checkpoints)[-1])
    return {name: np.asarray(array) for name, array in named_leaves(checkpoint.load(latest)[0])}


def rows(run: Path, stage: str = "pretrain") -> list[dict[str, Any]]:
    """The rows of `metrics.jsonl`."""
    return run_folder.read_metrics(run / stage / run_folder.METRICS)


def outcome(stage_folder: Path) -> dict[str, str]:
    """Digests of the metrics and of all arrays of the last checkpoint and of the best weights."""
    metrics = (stage_folder / run_folder.METRICS).read_bytes()
    digests = {"metrics": hashlib.sha256(metrics).hexdigest()}
    last = checkpoint.folder_of(
        stage_folder / "checkpoints", checkpoint.STEP, checkpoint.steps(stage_folder / "checkpoints")[-1]
    )
    for name, folder in (("last", last), ("best", run_folder.best_weights(stage_folder))):
        arrays, about = checkpoint.load(folder)
        digest = hashlib.sha256(repr((about["step"], about["progress"])).encode())
        for path, array in named_leaves(arrays):
            digest.update(path.encode() + array.tobytes())
        digests[name] = digest.hexdigest()
    return digests
