"""Locks that keep two processes out of one folder; they go with the process, however it ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from typing import IO, Any

from h36m_pose.errors import InputError

LOCK = ".lock"
"""The file of a dataset or of a stage that a run at work holds locked."""


@contextlib.contextmanager
def held(lock: IO[Any], busy: InputError, shared: bool = False) -> Iterator[None]:
    """Locks an open file, to be closed soon after.

    Args:
        lock: the file.
        busy: raised if another process holds it.
        shared: allow others that lock it so, too.
    """
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
    yield
