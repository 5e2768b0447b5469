"""Kills preprocessing again and again, at random moments: whatever is left, the dataset comes out the same.

A run is killed either with all its workers, as by a power cut, or alone, as by `kill -9`; its workers follow it.
"""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from build_runs import Scenes, alive_in_session, tree
from raw_fixture import make_capture

from h36m_pose.data.dataset import ARRAYS, open_dataset


@dataclasses.dataclass
class Moments:
    """When to kill: so many seconds after the start at most, or after the first view was begun."""

    after_start: float
    after_first_view: float


class Harassed:
    """Runs of preprocessing into one folder that are killed at random moments.

    Attributes:
        kills: how many there were.
        in_a_view: how many of them left a view half done.
    """

    def __init__(self, raw: Path, dataset: Path, workers: int, actions: str, seed: int):
        words = ["preprocess", str(raw), str(dataset), "--workers", str(workers), "--actions", actions]
        self._command = [sys.executable, "-m", "h36m_pose.cli.main", *words]
        self._dataset, self._workers = dataset, workers
        self._random = random.Random(seed)
        self._whole: dict[Path, tuple[int, int]] = {}
        self._lost: set[Path] = set()
        self.kills = self.in_a_view = 0

    def kill_until_it_ends(self, most_kills: int, moments: Moments) -> None:
        """Starts runs and kills them, until one ends before its moment or there were enough; then lets one end."""
        while self.kills < most_kills:
            process = self._start()
            seconds = moments.after_start
            if self._random.random() < 0.5:
                self.wait_for_a_view(process)
                seconds = moments.after_first_view
            try:
                process.wait(self._random.uniform(0, seconds))
            except subprocess.TimeoutExpired:
                self._kill(process)
            self._check()
            if process.returncode == 0:
                return
        assert self._start().wait() == 0
        self._check()

    def measure(self) -> Moments:
        """Lets one run go on to its end, to see how long it takes."""
        started = time.monotonic()
        process = self._start()
        self.wait_for_a_view(process)
        first_view = time.monotonic()
        assert process.wait() == 0
        return Moments(time.monotonic() - started, time.monotonic() - first_view)

    def wait_for_a_view(self, process: subprocess.Popen) -> None:
        """Waits until a view is begun, or the run is over."""
        while process.poll() is None and set(self._dataset.glob("S*/.*.part-*")) <= self._lost:
            time.sleep(0.002)

    def _start(self) -> subprocess.Popen:
        none = subprocess.DEVNULL
        return subprocess.Popen(self._command, stdout=none, stderr=none, start_new_session=True)

    def _kill(self, process: subprocess.Popen) -> None:
        if self._random.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        self.kills += 1
        assert process.wait() == -signal.SIGKILL
        deadline = time.monotonic() + 60
        while alive_in_session(process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not alive_in_session(process.pid)

    def _check(self) -> None:
        """What was whole is still there, untouched; no worker has lost more than the view that it was at."""
        lost = set(self._dataset.glob("S*/.*.part-*"))
        assert len(lost) <= self._workers
        self.in_a_view += not lost <= self._lost  # a run that ends early leaves what others left
        self._lost = lost
        whole = {}
        for path in self._dataset.glob("S*/*/view.json"):
            status = path.stat()
            whole[path] = status.st_ino, status.st_mtime_ns
        assert self._whole.items() <= whole.items()
        self._whole = whole
        if (self._dataset / "manifest.json").exists():
            open_dataset(self._dataset)


def require_undisturbed(dataset: Path, undisturbed: Path) -> None:
    """The same bytes as without any kill, and no file that the manifest does not account for."""
    assert tree(dataset) == tree(undisturbed)
    views = open_dataset(dataset, verify=True).views
    files = {f"{view.folder.relative_to(dataset)}/{name}.npy" for view in views for name in ARRAYS}
    files |= {f"{view.folder.relative_to(dataset)}/view.json" for view in views}
    assert set(tree(dataset)) == files | {"manifest.json"}
    assert not list(dataset.rglob(".*.part-*"))


def harass(
    raw: Path, folder: Path, undisturbed: Path, workers: int, actions: str, kills: int, moments: Moments
) -> tuple[int, int]:
    """Makes datasets, one after the other, until there were so many kills; each must be like the undisturbed one.

    Returns:
        How many of the kills left a view half done, and how many datasets were made.
    """
    done = in_a_view = datasets = 0
    while done < kills:
        dataset = folder / f"by {workers}, {datasets}"
        harassed = Harassed(raw, dataset, workers, actions, seed=datasets)
        harassed.kill_until_it_ends(kills - done, moments)
        require_undisturbed(dataset, undisturbed)
        done, in_a_view, datasets = done + harassed.kills, in_a_view + harassed.in_a_view, datasets + 1
    return in_a_view, datasets


def test_four_kills_change_nothing(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    harass(original[0], tmp_path, original[2], 1, "Walking", 4, Moments(after_start=1.0, after_first_view=0.1))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_sixty_kills_change_nothing(tmp_path: Path) -> None:
    """Three subjects, two actions, two cameras; thirty kills of runs of one worker, and thirty of four."""
    trials = [(subject, trial) for subject in ("S1", "S5", "S9") for trial in ("Walking", "Eating")]
    make_capture(tmp_path / "raw", trials, frames=40)
    for workers in (1, 4):
        undisturbed = tmp_path / f"undisturbed by {workers}"
        moments = Harassed(tmp_path / "raw", undisturbed, workers, "Walking,Eating", seed=0).measure()
        require_undisturbed(undisturbed, tmp_path / "undisturbed by 1")
        in_a_view, datasets = harass(tmp_path / "raw", tmp_path, undisturbed, workers, "Walking,Eating", 30, moments)
        print(f"{workers} workers: 30 kills, {in_a_view} of them in a view, {datasets} datasets, {moments}")
        assert in_a_view > 0
