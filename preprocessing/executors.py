"""Who does the jobs: this process, a pool of processes, or a Dask cluster. The build knows only `Executor`.

Whoever does them, a view is written under a temporary name and renamed when it is whole, so that work that is lost half
way leaves nothing that counts.
"""

import concurrent.futures
import contextlib
import ctypes
import multiprocessing
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from typing import Protocol

from h36m_pose.errors import InputError
from preprocessing.child_processes import deaf_to_interrupts, end_with_parent
from preprocessing.jobs import Job, Report, Result, do

POLL_SECONDS = 0.2


class Executor(Protocol):
    """Does jobs, in any order and any number of them at once."""

    def run(self, jobs: Sequence[Job], report: Report) -> Generator[Result, None, None]:
        """Does all jobs and yields what became of each, as they end.

        If the iterator is closed before its end, jobs that were not begun are dropped.

        Raises:
            InputError: if the workers cannot work; views that are whole by then stay.
        """
        ...


class InProcess:
    """Does one job after the other, in this process."""

    def run(self, jobs: Sequence[Job], report: Report) -> Generator[Result, None, None]:
        """See `Executor`."""
        for job in jobs:
            yield do(job, report)


class Stopped(Exception):
    """Raised in a worker when the run has been given up."""


class ProcessPool:
    """Does jobs side by side, in processes that live until the pool is closed.

    Args:
        workers: processes.
    """

    def __init__(self, workers: int):
        context = multiprocessing.get_context("spawn")
        self._frames, self._stop = context.Value(ctypes.c_longlong, 0), context.Value(ctypes.c_bool, False)
        self._reported = 0
        self._pool = concurrent.futures.ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start_worker, initargs=(self._frames, self._stop)
        )

    def run(self, jobs: Sequence[Job], report: Report) -> Generator[Result, None, None]:
        """See `Executor`."""
        with deaf_to_interrupts():  # the processes are started here; the parent tells them to stop
            waiting = {self._pool.submit(_work, job) for job in jobs}
        try:
            while waiting:
                done, waiting = concurrent.futures.wait(
                    waiting, timeout=POLL_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
                )
                report(self._frames.value - self._reported)
                self._reported = self._frames.value
                for future in done:
                    yield future.result()
        except BrokenProcessPool as error:
            mend = "Run the same command again, with fewer workers if memory was short; what was finished is kept"
            raise InputError("--workers", "a worker process that was killed", "processes that live", mend) from error
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Tells the processes to give up what they are at, and waits until they have ended."""
        self._stop.value = True
        self._pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def open_executor(workers: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Yields who does the jobs; whatever processes there are end with the block.

    Args:
        workers: processes on this machine; 1 works in this one.
        scheduler: address of a Dask scheduler, such as "tcp://10.0.0.5:8786", whose workers do the jobs instead.

    Raises:
        InputError: if there is no such scheduler.
    """
    if scheduler is not None:
        from preprocessing.dask_executor import DaskCluster

        with contextlib.closing(DaskCluster(scheduler)) as cluster:
            yield cluster
    elif workers == 1:
        yield InProcess()
    else:
        with contextlib.closing(ProcessPool(workers)) as pool:
            yield pool


_frames: "Synchronized[int] | None" = None
_stop: "Synchronized[bool] | None" = None


def _start_worker(frames: "Synchronized[int]", stop: "Synchronized[bool]") -> None:
    global _frames, _stop
    _frames, _stop = frames, stop
    end_with_parent()


def _work(job: Job) -> Result:
    _count(0)
    return do(job, _count)


def _count(frames: int) -> None:
    assert _frames is not None and _stop is not None
    if _stop.value:
        raise Stopped
    with _frames.get_lock():
        _frames.value += frames
