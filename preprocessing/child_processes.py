"""Worker processes that leave Ctrl-C to their parent and do not outlive it."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker


@contextlib.contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes started inside the block never hear Ctrl-C; this one hears it when the block ends.

    A terminal sends Ctrl-C to the whole group. A worker that is still importing then would print a traceback: it cannot
    turn a deaf ear before it has begun to run.
    """
    resource_tracker.ensure_running()  # it would be started inside the block, and unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Called by a worker: it ends as soon as its parent has. That of a parent that was killed would wait for ever."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
