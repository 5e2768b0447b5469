"""Makes views side by side, one process each, and keeps count of their frames."""

import concurrent.futures
import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tqdm import tqdm

from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles
from preprocessing.sources import describe
from preprocessing.view import Parameters, process_view

POLL_SECONDS = 0.2


class Stopped(Exception):
    """Raised in a worker when the run has been given up."""


def make_views(
    todo: Sequence[ViewFiles], root: Path, dataset: Path, parameters: Parameters, workers: int, bar: tqdm
) -> Iterator[InputError]:
    """Makes the folders of all views and yields the errors of those whose files cannot be used.

    Any other error stops the run; views that are whole by then stay.

    Args:
        todo: the views.
        root: of the raw files.
        dataset: folder.
        parameters: what decides the arrays.
        workers: processes; 1 works in this one.
        bar: a progress bar in frames.
    """
    if min(workers, len(todo)) == 1:
        for files in todo:
            try:
                _make_view(files, root, dataset, parameters, bar.update)
            except InputError as error:
                yield error
        return
    context = multiprocessing.get_context("spawn")
    frames, stop = context.Value(ctypes.c_longlong, 0), context.Value(ctypes.c_bool, False)
    executor = concurrent.futures.ProcessPoolExecutor(
        min(workers, len(todo)), mp_context=context, initializer=_start_worker, initargs=(frames, stop)
    )
    try:
        waiting = {executor.submit(_work, files, root, dataset, parameters) for files in todo}
        while waiting:
            done, waiting = concurrent.futures.wait(
                waiting, timeout=POLL_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
            )
            bar.update(frames.value - bar.n)
            for future in done:
                try:
                    future.result()
                except InputError as error:
                    yield error
    except BrokenProcessPool as error:
        mend = "Run the same command again, with fewer workers if memory was short; what was finished is kept"
        raise InputError("--workers", "a worker process that was killed", "processes that live", mend) from error
    finally:
        stop.value = True
        executor.shutdown(wait=True, cancel_futures=True)


def _make_view(files: ViewFiles, root: Path, dataset: Path, parameters: Parameters, report) -> None:
    process_view(files, dataset, parameters, describe(files, root) if not files.missing_required else {}, report)


_frames: "Synchronized[int] | None" = None
_stop: "Synchronized[bool] | None" = None


def _start_worker(frames: "Synchronized[int]", stop: "Synchronized[bool]") -> None:
    global _frames, _stop
    _frames, _stop = frames, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent tells us to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Without this, the workers of a parent that was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _work(files: ViewFiles, root: Path, dataset: Path, parameters: Parameters) -> None:
    _report(0)
    _make_view(files, root, dataset, parameters, _report)


def _report(frames: int) -> None:
    assert _frames is not None and _stop is not None
    if _stop.value:
        raise Stopped
    with _frames.get_lock():
        _frames.value += frames
