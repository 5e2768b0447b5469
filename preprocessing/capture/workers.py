"""The studio's worker processes: forked from one that has imported everything, since importing takes some seconds.

Nothing heavy is imported here, so that `start_ahead` can have the server import while the caller does.
"""

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

from preprocessing.child_processes import deaf_to_interrupts

_PRELOADED = ["preprocessing.capture.warm_up", "preprocessing.capture.filming"]
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def context() -> ForkServerContext:
    """How to start the worker processes, which see one thread each: they share the cores among themselves."""
    start_ahead()
    return multiprocessing.get_context("forkserver")


def start_ahead() -> None:
    """Starts the process from which the workers will be forked; does nothing if it runs already."""
    multiprocessing.set_forkserver_preload(_PRELOADED)
    with _single_threaded_children(), deaf_to_interrupts():  # the workers inherit both
        forkserver.ensure_running()


@contextlib.contextmanager
def _single_threaded_children() -> Iterator[None]:
    """Processes started inside the block see one thread each."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
