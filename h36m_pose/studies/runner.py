"""Runs rows of studies, each step a command of its own that could be typed by hand, and keeps their results.

A row that has a current result is left alone; a row that was interrupted goes on where it stopped. Several rows can run
side by side, each on cores of its own: two networks with a core each learn more per second than one after the other
on both.
"""

import contextlib
import dataclasses
import datetime
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import write_json
from h36m_pose.configuration import STAGES
from h36m_pose.data.dataset import open_dataset
from h36m_pose.errors import InputError
from h36m_pose.studies import row_results
from h36m_pose.studies.agenda import expected, outcome, published_result
from h36m_pose.studies.row_commands import Place, Task, commands, runs_needed, tested_run
from h36m_pose.summary import RESULTS_FILE, read_results
from h36m_pose.training.environment import describe_software

_LOG = "log.txt"


def run_tasks(tasks: Sequence[Task], place: Place, jobs: int) -> int:
    """Runs them; returns the exit status of the first step that fails, or 0.

    Args:
        tasks: of `open_tasks`.
        place: where things are.
        jobs: how many rows at a time. The cores are dealt out evenly.

    Raises:
        InputError: if what a row wrote cannot be read; no further row is begun. Likewise OSError.
    """
    runner = _Runner(list(tasks), place, jobs)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    shares = [set(cores[job::jobs]) for job in range(jobs)]
    threads = [threading.Thread(target=runner.work, args=(share,), daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:  # the steps got the signal as well: they save, then end
        runner.status = runner.status or 130
        for thread in threads:
            thread.join()
    if runner.problem is not None:
        raise runner.problem
    return runner.status


class Queue:
    """Tasks that wait, and those that are at work; not safe between threads by itself."""

    def __init__(self, tasks: Sequence[Task], place: Place):
        self.waiting, self.place = list(tasks), place
        self.at_work: list[Task] = []

    def take(self) -> Task | None:
        """The first task that does not wait for another one's network or capture."""
        unfinished = {
            self.place.run_dir(task.study.name, task.row.name, task.seed) for task in (*self.waiting, *self.at_work)
        }
        filmed = {task.row.capture for task in self.at_work if task.row.capture}
        for task in self.waiting:
            if runs_needed(task, self.place) & unfinished or task.row.capture in filmed:
                continue
            self.waiting.remove(task)
            self.at_work.append(task)
            return task
        return None

    def finish(self, task: Task) -> None:
        """Says that a task is done."""
        self.at_work.remove(task)


class _Runner:
    """A queue of tasks that several threads take from."""

    def __init__(self, tasks: list[Task], place: Place, jobs: int):
        self.queue, self.place, self.jobs = Queue(tasks, place), place, jobs
        self.total, self.status = len(tasks), 0
        self.problem: InputError | OSError | None = None
        self.change = threading.Condition()

    def work(self, cores: set[int]) -> None:
        """Takes task after task until none is left or one has failed."""
        while True:
            with self.change:
                task = self._take()
                while task is None and self.queue.waiting and not self.status:
                    self.change.wait(1.0)
                    task = self._take()
                if task is None:
                    return
            try:
                status = self._run(task, cores)
            except (InputError, OSError) as problem:  # told by the thread that waits for this one
                self.problem, status = problem, 2
            with self.change:
                self.queue.finish(task)
                self.status = self.status or status
                self.change.notify_all()

    def _take(self) -> Task | None:
        return None if self.status else self.queue.take()

    def _run(self, task: Task, cores: set[int]) -> int:
        number = self.total - len(self.queue.waiting)
        known = expected(task, self.place, open_dataset(self.place.dataset).manifest["frames"])
        time_words = f"{known[0] / 60:.0f} min, {known[1]}" if known else "not known yet"
        print(f"\n[{number}/{self.total}] {task.name}: {task.row.words}; expected time {time_words}", flush=True)
        own = self.place.run_dir(task.study.name, task.row.name, task.seed)
        begun = any((own / stage).exists() for stage in STAGES)
        own.mkdir(parents=True, exist_ok=True)
        started, processor = time.monotonic(), 0.0
        for words in commands(task, self.place):
            status, used = _step(words, cores, own / _LOG if self.jobs > 1 else None)
            processor += used
            if status:
                log = f"; see {own / _LOG}" if self.jobs > 1 else ""
                print(f"{task.name}: h36m-pose {words[0]} ended with status {status}{log}", file=sys.stderr, flush=True)
                return status
        seconds_taken = None if begun else (time.monotonic() - started, processor)
        result = _keep(task, self.place, seconds_taken, self.jobs)
        print(f"{task.name}: {outcome(result, published_result(task, self.place))}", flush=True)
        return 0


def _step(words: list[str], cores: set[int], log: Path | None) -> tuple[int, float]:
    """Runs one command on the given cores; its output goes to the screen or into a file.

    Returns:
        Its exit status, and the processor time it took in seconds.
    """
    print(f"h36m-pose {shlex.join(words)}", flush=True)
    command = [sys.executable, "-m", "h36m_pose.cli.main", *words]
    if log is None:
        return _wait(subprocess.Popen(command), cores)
    with log.open("ab") as stream:
        return _wait(subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT), cores)


def _wait(process: subprocess.Popen[bytes], cores: set[int]) -> tuple[int, float]:
    if cores and cores != os.sched_getaffinity(0):
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            os.sched_setaffinity(process.pid, cores)  # at once: its threads inherit it
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def _measured(task: Task, place: Place) -> dict[str, Any]:
    """What the last command of a row has found out."""
    own = place.run_dir(task.study.name, task.row.name, task.seed)
    if task.row.verb == "robustness":
        results = read_results(own / "robustness.json")
        return {"protocol": results["protocol"], "conditions": row_results.conditions_of(results)}
    if task.row.verb == "temporal":
        results = read_results(tested_run(task, place) / "temporal" / RESULTS_FILE)
        return {"protocol": results["protocol"], "variants": row_results.variants_of(results)}
    results = read_results(own / RESULTS_FILE)
    return {"protocol": results["protocol"], "test": row_results.tested(results)}


def _keep(task: Task, place: Place, taken: tuple[float, float] | None, jobs: int) -> row_results.Result:
    """Writes the result of a row that has been run, with the seconds it took if nothing of it was there before."""
    own, row = place.run_dir(task.study.name, task.row.name, task.seed), task.row
    steps = commands(task, dataclasses.replace(place, motions=Path("MOTIONS")))
    result: dict[str, Any] = {
        "schema": row_results.SCHEMA,
        "study": task.study.name,
        "row": row.name,
        "words": row.words,
        "seed": task.seed,
        "commands": [f"h36m-pose {shlex.join(words)}" for words in steps],
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": row_results.machine() | {"rows_side_by_side": jobs},
        "dataset": _dataset_words(place.dataset),
        **_measured(task, place),
    }
    if row.capture:
        result["capture"] = {"name": row.capture, **_dataset_words(place.dataset_of(row))}
    if not row.baseline and not row.tests:
        origin = own if row.pretrain else None
        if row.starts_from:
            origin = place.run_dir(task.study.name, row.starts_from, task.seed)
        result |= row_results.trained(own, origin)
    else:
        result["environment"] = row_results.environment_of(describe_software())
    result["seconds"], result["processor_seconds"] = [round(value, 1) for value in taken] if taken else (None, None)
    result["settings"] = row_results.settings_of(row, task.seed, task.study.captures.get(row.capture, ()))
    write_json(row_results.result_path(place.results, task.study.name, row.name, task.seed), result)
    return result


def _dataset_words(folder: Path) -> dict[str, Any]:
    dataset = open_dataset(folder)
    return {"fingerprint": dataset.fingerprint, "frames": dataset.manifest["frames"]}
