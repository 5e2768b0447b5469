"""Does jobs on a Dask cluster: any number of machines that share a disk.

A worker reads the raw files and writes the view itself, into the dataset's folder; only the names of files and short
answers travel. The work of a worker that dies is given to another one. Dask's protocol lets a scheduler run code on its
workers and clients: it belongs into a network of one's own.
"""

import concurrent.futures
import dataclasses
import time
import uuid
from collections.abc import Generator, Sequence

from h36m_pose.errors import InputError
from preprocessing.catalog import KINDS
from preprocessing.jobs import Job, Report, Result, do

CONNECT_SECONDS = 20.0
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 60.0
"""How long the run waits while there is no worker at all."""

_KEPT = "Run the same command again; what was finished is kept"


class DaskCluster:
    """Does jobs on the workers of a Dask scheduler.

    Args:
        address: of the scheduler, such as "tcp://10.0.0.5:8786".

    Raises:
        InputError: if Dask is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str):
        try:
            import distributed
        except ModuleNotFoundError as error:
            mend = "Install it: pip install 'h36m-pose[dask]'"
            raise InputError("--scheduler", f"no package {error.name}", "Dask", mend) from error
        self._dask, self._address = distributed, address
        try:
            self._client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            mend = "Start one with `dask scheduler` and give the address that it prints"
            raise InputError("--scheduler", f"no Dask scheduler at {address}", "tcp://HOST:PORT", mend) from error

    def run(self, jobs: Sequence[Job], report: Report) -> Generator[Result, None, None]:
        """See `Executor`. Frames are reported as views end: workers have no line to this process while at work."""
        run = uuid.uuid4().hex  # results of an earlier run of the same view are not wanted
        futures = {
            self._client.submit(_work, _absolute(job), key=f"{job.files.name}-{run}", priority=-place, pure=False): job
            for place, job in enumerate(jobs)
        }
        waiting = set(futures)
        try:
            while waiting:
                done, waiting = self._wait(waiting)
                for future in done:
                    result, frames = self._result_of(future, futures[future])
                    report(frames)
                    yield result
        finally:
            self._client.cancel(list(waiting), force=True)

    def close(self) -> None:
        """Leaves the scheduler; it and its workers go on."""
        self._client.close()

    def _wait(self, waiting: set) -> tuple[set, set]:
        """Some futures that have ended, and the others."""
        alone_since: float | None = None
        while True:
            done = {future for future in waiting if future.done()}
            if done:
                return done, waiting - done
            if self._client.status != "running":
                raise InputError("--scheduler", f"no more scheduler at {self._address}", "one that lives", _KEPT)
            if self._client.scheduler_info()["workers"]:
                alone_since = None
            else:
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > PATIENCE_SECONDS:
                    mend = f"Start some: dask worker {self._address} --nworkers 2 --nthreads 1"
                    raise InputError("--scheduler", f"no workers at {self._address}", "at least one", mend)
            time.sleep(POLL_SECONDS)

    def _result_of(self, future, job: Job) -> tuple[Result, int]:
        try:
            result, frames = future.result()
        except self._dask.KilledWorker as error:
            found = f"several workers that died at {job.files.name}"
            raise InputError("--scheduler", found, "workers with memory enough", _KEPT) from error
        except concurrent.futures.CancelledError as error:
            found = f"a scheduler at {self._address} that lost its work"
            raise InputError("--scheduler", found, "one that lives", _KEPT) from error
        if isinstance(result, OSError):
            raise result
        return dataclasses.replace(result, files=job.files), frames


def _absolute(job: Job) -> Job:
    """The same job for a process in another folder."""
    paths = {kind: getattr(job.files, kind).absolute() for kind in KINDS}
    return dataclasses.replace(job, files=dataclasses.replace(job.files, **paths), dataset=job.dataset.absolute())


def _work(job: Job) -> tuple[Result | OSError, int]:
    """What became of a job, and how many frames were done; a full disk is told, too, for Dask to carry it whole."""
    frames = 0

    def count(more: int) -> None:
        nonlocal frames
        frames += more

    try:
        return do(job, count), frames
    except OSError as error:
        return error, frames
