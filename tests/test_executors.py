"""Who makes the views: a pool of processes, or a Dask cluster whose workers are processes of their own."""

import contextlib
import dataclasses
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import pytest
from build_runs import Scenes, run, tree

from h36m_pose.errors import InputError
from preprocessing import dask_executor
from preprocessing.catalog import find_views
from preprocessing.executors import ProcessPool, open_executor
from preprocessing.jobs import LOCK, Job, do
from preprocessing.view import Parameters

HERE = Path(__file__).parent


@contextlib.contextmanager
def processes() -> Iterator[Callable[..., subprocess.Popen]]:
    """A way to start Python processes; none of them outlives the block."""
    started: list[subprocess.Popen] = []

    def start(*words: str, **environment: str) -> subprocess.Popen:
        command = [sys.executable, *words]
        none, everything = subprocess.DEVNULL, os.environ | environment
        started.append(subprocess.Popen(command, stdout=none, stderr=none, env=everything))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def wait_for(found: Callable[[], bool], process: subprocess.Popen) -> None:
    """Waits until something is found that the process makes."""
    deadline = time.monotonic() + 120
    while not found() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found()


def test_a_killed_dask_worker_leaves_its_view_to_the_other(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    """One of two workers is killed in the middle of a view, while the other one works."""
    stalled, dataset = tmp_path / "stalled", tmp_path / "dataset"
    halves: list[str] = []
    with (
        distributed.LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address=None) as cluster,
        processes() as start,
    ):
        address = cluster.scheduler_address
        options = [address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
        victim = start(str(HERE / "stalling_worker.py"), *options, STALL=str(stalled))

        def add_another_and_kill() -> None:
            wait_for(stalled.exists, victim)
            other = start("-m", "distributed.cli.dask_worker", *options)
            wait_for(lambda: any(dataset.glob("S1/*/view.json")), other)
            halves.extend(path.name for path in dataset.glob(f"S1/.*.part-{victim.pid}*"))
            victim.kill()

        killer = threading.Thread(target=add_another_and_kill)
        killer.start()
        built, _ = run(original[0], dataset, scheduler=address)
        killer.join()
    assert len(halves) == 1
    assert len(built.made) == 4
    assert tree(dataset) == tree(original[2])
    assert not list(dataset.rglob(".*.part-*"))


def a_job(raw: Path, dataset: Path) -> Job:
    """The first view of a capture, as a run would have it done."""
    dataset.mkdir(exist_ok=True)
    (dataset / LOCK).touch()
    return Job(find_views(raw)[0], dataset, Parameters(), Parameters().as_json())


def test_a_killed_process_of_the_pool_is_told(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    def kill_all(frames: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with (
        contextlib.closing(ProcessPool(1)) as pool,
        pytest.raises(InputError, match="a worker process that was killed"),
    ):
        list(pool.run([a_job(original[0], tmp_path)], kill_all))


def test_workers_must_see_the_dataset_and_have_the_same_code(
    original: tuple[Path, Scenes, Path], tmp_path: Path
) -> None:
    job = a_job(original[0], tmp_path / "dataset")
    other = dataclasses.replace(job, recipe=job.recipe | {"libraries": {"av": "1.0"}})
    with pytest.raises(InputError, match=r"other code or libraries \(libraries\)"):
        do(other, print)
    with pytest.raises(InputError, match="no such folder where a worker runs"):
        do(dataclasses.replace(job, dataset=tmp_path / "elsewhere"), print)


def test_without_dask_or_its_scheduler_one_line_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://", "127.0.0.1"):
        with pytest.raises(InputError, match=f"no Dask scheduler at {address}"), open_executor(1, address):
            pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(InputError, match=r"no package distributed.*pip install 'h36m-pose\[dask\]'"),
        open_executor(1, "x"),
    ):
        pass
