"""Kills training again and again, at random moments and in the middle of saves: the outcome is the same."""

import contextlib
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import train_runs

from h36m_pose.training import checkpoint, run_folder

SETTINGS = ["log_every_steps=7", "checkpoint.every_steps=5", "checkpoint.first_seconds=0.2", "augmentation.gamma=0"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_runs.write_dataset(tmp_path_factory.mktemp("data"))


class Harassed:
    """Runs of one command that are killed at random moments, about every other one while it saves."""

    def __init__(self, command: list[str], stage_folder: Path, seed: int):
        self._command, self._folder, self._random = command, stage_folder, random.Random(seed)
        self.kills = self.in_a_save = 0

    def kill_once(self, longest: float) -> None:
        process = train_runs.start(self._command)
        before = self._leftovers()
        while process.poll() is None and not list(self._folder.glob("checkpoints/*")):
            time.sleep(0.01)  # the first save is the first moment that matters
        if self._random.random() < 0.5:
            while process.poll() is None and self._leftovers() <= before:
                time.sleep(0.001)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._random.uniform(0, longest))
        process.kill()
        _, _, err = train_runs.finish(process)
        if process.returncode != 0:
            self.kills += 1
            self.in_a_save += self._leftovers() > set()
        assert "Traceback" not in err, err

    def _leftovers(self) -> set[Path]:
        return set(self._folder.glob("checkpoints/.*part*"))


@pytest.mark.parametrize(
    ("stage", "settings"),
    [("pretrain", []), ("finetune", ["init_from=none", "data.input=streaming"])],
    ids=["pretrain, resident", "finetune, streamed"],
)
def test_two_kills_change_nothing(dataset: Path, tmp_path: Path, stage: str, settings: list[str]) -> None:
    harass(dataset, tmp_path, stage, [*settings, "epochs=10"], kills=2, longest=2.0)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("stage", ["pretrain", "finetune"])
def test_fifty_kills_change_nothing(dataset: Path, tmp_path: Path, stage: str) -> None:
    settings = ["epochs=34", "init_from=none"] if stage == "finetune" else ["epochs=34"]
    harassed = harass(dataset, tmp_path, stage, settings, kills=50, longest=2.0)
    assert harassed.kills >= 50 and harassed.in_a_save >= 15


def harass(dataset: Path, folder: Path, stage: str, settings: list[str], kills: int, longest: float) -> Harassed:
    train_runs.train(dataset, folder / "calm", *SETTINGS, *settings, stage=stage)
    command = train_runs.words(dataset, folder / "killed", *SETTINGS, *settings, stage=stage)
    harassed = Harassed(command, folder / "killed" / stage, seed=0)
    runs, expected = 0, train_runs.outcome(folder / "calm" / stage)
    while harassed.kills < kills:
        while harassed.kills < kills and not (folder / "killed" / stage / run_folder.FINISHED).exists():
            harassed.kill_once(longest)
        status, _, err = train_runs.finish(train_runs.start(command))
        assert status == 0, err
        assert train_runs.outcome(folder / "killed" / stage) == expected
        assert not list((folder / "killed").rglob("*part*")) and not list((folder / "killed").rglob("damaged*"))
        shutil.rmtree(folder / "killed")
        runs += 1
    print(f"{stage}: {harassed.kills} kills in {runs} runs, {harassed.in_a_save} of them in a save")
    return harassed


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_training_advances_though_it_is_killed_again_and_again(dataset: Path, tmp_path: Path) -> None:
    """As often as twice the time that it takes to start."""
    settings = ["epochs=2000", "log_every_steps=1000"]
    train_runs.train(dataset, tmp_path / "warm", *settings, "epochs=1", "log_every_steps=1")
    started = time.monotonic()
    train_runs.train(dataset, tmp_path / "start", *settings, "epochs=1", "log_every_steps=1")
    start_up = time.monotonic() - started
    command = train_runs.words(dataset, tmp_path / "run", *settings)
    begun = [0]
    for _ in range(6):
        process = train_runs.start(command)
        try:
            process.wait(2 * start_up)
        except subprocess.TimeoutExpired:
            process.kill()
        _, out, _ = train_runs.finish(process)
        begun += map(int, re.findall(r"going on from step (\d+)", out))
    print(f"start-up {start_up:.1f} s; began at steps {begun}")
    assert begun == sorted(set(begun)) and len(begun) == 6


def start_and_wait_for_a_save(command: list[str], folder: Path) -> subprocess.Popen[str]:
    before = set((folder / "checkpoints").glob("step*"))
    process = train_runs.start(command)
    while process.poll() is None and set((folder / "checkpoints").glob("step*")) <= before:
        time.sleep(0.01)
    return process


def test_a_second_training_is_refused_and_ctrl_c_saves_the_step(dataset: Path, tmp_path: Path) -> None:
    settings = ["epochs=40000", "checkpoint.first_seconds=0.2", "checkpoint.every_seconds=600", "log_every_steps=100"]
    command = train_runs.words(dataset, tmp_path, *settings)
    first = start_and_wait_for_a_save(command, tmp_path / "pretrain")
    status, _, err = train_runs.finish(train_runs.start(command))
    assert status == 2 and "found another training at work on it" in err and err.count("\n") == 1
    interrupt(first, tmp_path / "pretrain", signal.SIGINT)


def interrupt(process: subprocess.Popen[str], folder: Path, number: signal.Signals) -> float:
    """Sends a signal; checks what is told and saved. Returns the seconds until the end."""
    sent = time.monotonic()
    process.send_signal(number)
    status, _, err = train_runs.finish(process)
    told = re.search(r"stopped at step (\d+) of 240000, which is saved in \S+; run the same command again", err)
    assert status == 128 + number and told is not None and "Traceback" not in err, err
    assert checkpoint.steps(folder / "checkpoints")[-1] == int(told[1])
    return time.monotonic() - sent


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_ten_signals_at_random_moments(dataset: Path, tmp_path: Path) -> None:
    settings = ["epochs=40000", "checkpoint.first_seconds=0.2", "checkpoint.every_seconds=600", "log_every_steps=100"]
    moments, seconds = random.Random(0), []
    for attempt in range(10):
        process = start_and_wait_for_a_save(train_runs.words(dataset, tmp_path, *settings), tmp_path / "pretrain")
        time.sleep(moments.uniform(0, 3))
        number = signal.SIGTERM if attempt % 2 else signal.SIGINT
        seconds.append(interrupt(process, tmp_path / "pretrain", number))
    print(f"ended after {min(seconds):.1f} to {max(seconds):.1f} s")
    assert max(seconds) < 10
