"""Training under pressure: a disk that fills up, a folder that may not be written, a thousand steps in a row."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import train_runs

ON_A_SMALL_DISK = """
import json, shutil, subprocess, sys
from pathlib import Path

disk, out, *command = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=True)
full = subprocess.run(command, capture_output=True, text=True)
left = [path.name for path in Path(disk).rglob(".*.part-*")]
steps = sorted(path.name for path in Path(disk).rglob("step_*"))
subprocess.run(["mount", "-o", "remount,size=256m", disk], check=True)
again = subprocess.run(command, capture_output=True, text=True)
shutil.copytree(Path(disk) / "run", out)
print(json.dumps([full.returncode, full.stderr, left, steps, again.returncode, again.stdout, again.stderr]))
"""

SETTINGS = ["checkpoint.every_steps=2", "checkpoint.keep=50", "checkpoint.first_seconds=600", "epochs=10"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_runs.write_dataset(tmp_path_factory.mktemp("data"))


@pytest.mark.slow
def test_a_full_disk_costs_no_checkpoint(dataset: Path, tmp_path: Path) -> None:
    """On a disk of 3 MB, which then grows."""
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*alone, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = train_runs.words(dataset, disk / "run", *SETTINGS)
    script = [*alone, sys.executable, "-c", ON_A_SMALL_DISK, str(disk), str(tmp_path / "out"), *command]
    status, told, error = train_runs.finish(train_runs.start(script))
    assert status == 0, error
    full, problem, left, steps, again, words, again_problem = json.loads(told.splitlines()[-1])
    assert full == 2 and "Traceback" not in problem, problem
    assert "No space left on device. Free some space and run the same command again" in problem
    assert left == [] and len(steps) >= 2
    assert again == 0, again_problem
    assert f"going on from step {int(steps[-1].removeprefix('step_'))} of 60" in words
    train_runs.train(dataset, tmp_path / "calm", *SETTINGS)
    assert train_runs.outcome(tmp_path / "out" / "pretrain") == train_runs.outcome(tmp_path / "calm" / "pretrain")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_steps_take_no_more_memory_and_no_more_files(dataset: Path, tmp_path: Path) -> None:
    """Of the second half against the first: resident memory within 2 %, open files the same."""
    settings = ["epochs=400", "checkpoint.every_steps=50", "checkpoint.first_seconds=600", "log_every_steps=10"]
    process = train_runs.start(train_runs.words(dataset, tmp_path, *settings))
    metrics, seen = tmp_path / "pretrain" / "metrics.jsonl", []
    while process.poll() is None:
        lines = metrics.read_text().count("\n") if metrics.exists() else 0
        if lines > 50:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            seen.append(
                (lines, pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
            )
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    status, _, error = train_runs.finish(process)
    assert status == 0, error
    _, memory, files = np.array(seen).T
    quarter = len(seen) // 4
    early, late = np.median(memory[quarter : 2 * quarter]), np.median(memory[-quarter:])
    print(f"{early:.0f} MB, then {late:.0f} MB; {int(np.median(files))} files open, {len(seen)} looks")
    assert late < 1.02 * early
    assert np.median(files[-quarter:]) <= np.median(files[quarter : 2 * quarter]) + 1
