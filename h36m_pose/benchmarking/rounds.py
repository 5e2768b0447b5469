"""Workers measured in turn, round after round, the order reversed each time, so that drifts of the machine meet all."""

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from h36m_pose.benchmarking.job import Job
from h36m_pose.errors import InputError

_WORKER = (sys.executable, "-m", "h36m_pose.benchmarking.worker")


class Worker:
    """A process that measures one side; a context manager that ends it.

    Args:
        job: what it measures.
        environment: changes of its environment variables.

    Attributes:
        about: what it tells of itself.

    Raises:
        InputError: what it met, or if it ended without an answer.
    """

    def __init__(self, job: Job, environment: Mapping[str, str] | None = None):
        self._side = job.side
        variables = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", **(environment or {})}
        self._process = subprocess.Popen(
            _WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )
        try:
            self.about = self._ask(dataclasses.asdict(job))
        except InputError:
            self.close()
            raise

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            raise InputError(
                f"bench: the {self._side} worker", f"an end with status {status}", "an answer", "See what it said above"
            )
        answer = json.loads(line)
        if "error" in answer:
            raise InputError(*answer["error"])
        return answer

    def seconds(self, measure: str, times: int) -> float:
        """How long one of `times` took, on average."""
        return self._ask({"measure": measure, "times": times})["seconds"] / times

    def memory(self) -> dict[str, int]:
        """Peak bytes of the process, and on the device where that counts them."""
        return self._ask({"memory": True})

    def close(self) -> None:
        """Ends the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.close()


def measure_in_turn(
    workers: Mapping[str, Any], rounds: int, times: int, only: Sequence[str] | None = None
) -> dict[str, list[float]]:
    """Seconds of each measure of each worker, one number per round.

    Args:
        workers: `Worker`s by side.
        rounds: how often; one more, the first, warms up and is left out.
        times: how often each measure is done per round.
        only: which measures; None for all of them.

    Returns:
        By "SIDE MEASURE".
    """
    plan = _interleaved({side: only or worker.about["measures"] for side, worker in workers.items()})
    seconds: dict[str, list[float]] = {f"{side} {measure}": [] for side, measure in plan}
    for number in range(-1, rounds):
        for side, measure in plan if number % 2 else plan[::-1]:
            taken = workers[side].seconds(measure, times if number >= 0 else 1)
            if number >= 0:
                seconds[f"{side} {measure}"].append(taken)
    return seconds


def _interleaved(measures: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(side, measure) of all, those of one name next to each other."""
    names = dict.fromkeys(name for each in measures.values() for name in each)
    return [(side, name) for name in names for side, each in measures.items() if name in each]


def first_steps(job: Job) -> Iterator[tuple[str, float]]:
    """Seconds of the first training step in a fresh process: without, then with what JAX kept of its compilation."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "JAX_COMPILATION_CACHE_DIR": folder,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        for name in ("cold", "cached"):
            with Worker(job, environment) as worker:
                yield name, worker.about["first_step_s"]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(slower: Sequence[float], faster: Sequence[float]) -> list[float]:
    """How many times as fast the second is, round by round."""
    return [one / other for one, other in zip(slower, faster, strict=True)]
