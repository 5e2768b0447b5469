"""Runs that are stopped half way, by whatever, and runs that meet another one."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from build_runs import Scenes, alive_in_session, run, tree
from file_limit import files_up_to

from h36m_pose.errors import InputError


def test_two_runs_do_not_share_a_folder(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    with (dataset_copy / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another run at work on it"):
            run(original[0], dataset_copy)
    assert run(original[0], dataset_copy)[0].kept == 4


def start(raw: Path, dataset: Path) -> subprocess.Popen:
    """A run of two workers, in a session of its own, as it is when the first view is begun."""
    # Where the tests themselves run in the background, their shell has had Ctrl-C ignored: not so in this run.
    heeding = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); import runpy; "
    heeding += "runpy.run_module('h36m_pose.cli.main', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", heeding, "preprocess", str(raw), str(dataset), "--workers", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, text=True
    )
    deadline = time.monotonic() + 60
    while not list(dataset.glob("S1/.Walking*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert len(alive_in_session(process.pid)) >= 3
    return process


def wait_for_the_end_of(process: subprocess.Popen) -> str:
    """Waits for the process and all that it started; returns what it said on standard error."""
    _, said = process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while alive_in_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive_in_session(process.pid)
    return said


def test_a_killed_run_is_taken_up_again(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    """Its workers die with it, and what they left half done is cleared away."""
    dataset = tmp_path / "dataset"
    process = start(original[0], dataset)
    os.kill(process.pid, signal.SIGKILL)
    wait_for_the_end_of(process)
    assert process.returncode == -signal.SIGKILL
    run(original[0], dataset)
    assert tree(dataset) == tree(original[2])
    assert not list(dataset.rglob(".*.part-*"))


def test_ctrl_c_leaves_what_the_next_run_goes_on_with(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    process = start(original[0], dataset)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers, too
    said = wait_for_the_end_of(process)
    assert process.returncode == 130
    assert said.endswith("h36m-pose: interrupted; run the same command again to go on\n")
    assert "Traceback" not in said
    assert not list(dataset.rglob(".*.part-*"))
    run(original[0], dataset)
    assert tree(dataset) == tree(original[2])


ON_A_SMALL_DISK = """
import json, shutil, subprocess, sys
from pathlib import Path
from h36m_pose.cli.main import main

raw, disk, out = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], check=True)
dataset = Path(disk) / "dataset"
full = main(["preprocess", raw, str(dataset), "--workers", "1"])
views = {path.parent.name: path.stat().st_mtime_ns for path in dataset.glob("S1/*/view.json")}
left = [path.name for path in dataset.rglob(".*.part-*")]
subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
again = main(["preprocess", raw, str(dataset), "--workers", "1"])
kept = [name for name, time in views.items() if (dataset / "S1" / name / "view.json").stat().st_mtime_ns == time]
shutil.copytree(dataset, out)
print("\\n" + json.dumps([full, list(views), left, again, kept]))
"""


def test_a_full_disk_leaves_what_was_whole(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    """On a disk of 600 KB, which then grows."""
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*alone, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    (tmp_path / "disk").mkdir()
    places = [str(original[0]), str(tmp_path / "disk"), str(tmp_path / "out")]
    done = subprocess.run([*alone, sys.executable, "-c", ON_A_SMALL_DISK, *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    full, whole, left, again, kept = json.loads(done.stdout.splitlines()[-1])
    assert (full, again, left) == (2, 0, [])
    assert 1 <= len(whole) < 4
    assert kept == whole
    problem = next(line for line in done.stderr.splitlines() if "h36m-pose: error" in line)
    assert "No space left on device. Free some space and run the same command again" in problem
    assert "Traceback" not in done.stderr
    assert tree(tmp_path / "out") == tree(original[2])


def test_a_file_that_cannot_be_written_leaves_what_was_whole(
    original: tuple[Path, Scenes, Path], dataset_copy: Path
) -> None:
    spoiled = dataset_copy / "S1" / "Walking_1.55011271" / "images.npy"
    spoiled.write_bytes(spoiled.read_bytes()[:-1])
    with files_up_to(90_000), pytest.raises(OSError, match="File too large"):
        run(original[0], dataset_copy)
    assert not list(dataset_copy.rglob(".*.part-*"))
    built, _ = run(original[0], dataset_copy)
    assert (built.made, built.kept) == (("S1 Walking 1.55011271",), 3)
    assert tree(dataset_copy) == tree(original[2])
