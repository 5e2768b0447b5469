"""Starts worker processes that leave Ctrl-C to their parent."""

import contextlib
import signal
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
