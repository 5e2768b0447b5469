"""One device or eight, by jit or by pmap, in one process or two, resident or streamed: one result."""

import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import train_runs

from h36m_pose.cli.main import main
from h36m_pose.training import checkpoint, run_folder

SAME_UP_TO_ROUNDING = 5e-4
"""Of the largest number of an array, after 24 steps of AdamW in float32 (it divides small gradients by their size)."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_runs.write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def one_device(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("one")
    told = train_runs.train(dataset, run, optimised=True)
    assert "resident in device memory" in told and "24 steps of 24 on 1 cpu devices" in told
    losses = [row["loss"] for row in train_runs.rows(run) if row["split"] == "train"]
    assert losses[-1] < 0.9 * losses[0]  # a long way, compared with what the others may differ by
    return run


def largest_difference(run: Path, other: Path, stage: str = "pretrain") -> float:
    """Over all arrays of the last checkpoints and all metrics, each in units of its largest number."""
    ours, theirs = train_runs.last_arrays(run, stage), train_runs.last_arrays(other, stage)
    assert ours.keys() == theirs.keys() and int(ours["step"]) == int(theirs["step"])
    shares = [np.abs(1.0 * ours[name] - theirs[name]).max() / (np.abs(theirs[name]).max() + 1e-9) for name in ours]
    for our_row, their_row in zip(train_runs.rows(run, stage), train_runs.rows(other, stage), strict=True):
        assert our_row.keys() == their_row.keys()
        shares += [
            abs(our_row[name] - value) / (abs(value) + 1e-9) for name, value in their_row.items() if name != "split"
        ]
    return float(max(shares))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param(["parallel=jit"], "8 cpu devices, by jit", marks=pytest.mark.slow),
        (["parallel=pmap", "data.input=streaming", "accumulate=3"], "8 cpu devices, by pmap"),
        pytest.param(["parallel=pmap"], "8 cpu devices, by pmap", marks=pytest.mark.slow),
        pytest.param(["data.input=streaming"], "streamed from disk", marks=pytest.mark.slow),
    ],
    ids=["jit", "pmap streamed in parts", "pmap", "jit streamed"],
)
def test_eight_devices_do_as_one(dataset: Path, one_device: Path, tmp_path: Path, settings, told) -> None:
    assert told in train_runs.train(dataset, tmp_path, *settings, devices=8, optimised=True)
    difference = largest_difference(tmp_path, one_device)
    print(f"largest difference {difference:.1e}")
    assert difference < SAME_UP_TO_ROUNDING


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


def start_two(dataset: Path, run: Path, *settings: str) -> list:
    """Two processes of two devices each."""
    where = f"localhost:{free_port()}"
    joined = [["--coordinator", where, "--processes", "2", "--process-id", str(index)] for index in range(2)]
    words = train_runs.words(dataset, run, *settings)
    return [train_runs.start([*words, *options], devices=2, optimised=True) for options in joined]


def test_two_processes_stop_together_and_go_on_to_the_same_end(dataset: Path, one_device: Path, tmp_path: Path) -> None:
    """A signal to the second one stops both at the same step; the first alone writes; the result is one device's."""
    pair = start_two(dataset, tmp_path)
    metrics = tmp_path / "pretrain" / run_folder.METRICS
    while not (metrics.exists() and metrics.read_text().count("\n") >= 3) and pair[0].poll() is None:
        time.sleep(0.02)
    pair[1].send_signal(signal.SIGINT)
    (first, told, error), (second, other_told, other_error) = map(train_runs.finish, pair)
    assert (first, second) == (143, 130), (error, other_error)
    assert "4 cpu devices of 2 processes, by jit" in told and "streamed from disk" in told
    assert "validation" not in other_told and "image/s" not in other_error
    step = checkpoint.steps(tmp_path / "pretrain" / run_folder.CHECKPOINTS)[-1]
    assert f"stopped at step {step} of 24, which is saved" in error
    ended = [train_runs.finish(one) for one in start_two(dataset, tmp_path)]
    assert [status for status, _, _ in ended] == [0, 0], ended
    assert f"going on from step {step} of 24" in ended[0][1]
    assert largest_difference(tmp_path, one_device) < SAME_UP_TO_ROUNDING
    assert run_folder.read_json(tmp_path / "pretrain" / "environment.json")["processes"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--processes", "2"], "no --coordinator"),
        (["--coordinator", "localhost:1", "--processes", "2", "--process-id", "2"], "a number from 0 to 1"),
        (["parallel=both"], "one of jit, pmap"),
        (["data.input=magic"], "one of auto, resident, streaming"),
        (["precision=float8"], "one of float32, bfloat16"),
        (["accumulate=5"], "a multiple of their product"),
        (["writers=paper"], "some of tensorboard, wandb, mlflow"),
    ],
)
def test_impossible_ways_are_told_in_one_line(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture, options: list[str], message: str
) -> None:
    fixed = ["train", "pretrain", "--experiment", "demo", "--dataset", str(dataset), "--run", str(tmp_path / "run")]
    assert main([*fixed, *train_runs.TINY, *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
