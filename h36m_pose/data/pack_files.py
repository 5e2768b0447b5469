"""What packing and unpacking share: places and disks to write to, and work spread over threads in order."""

import collections
import contextlib
import errno
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from h36m_pose.atomic_files import TEMPORARY_MARK, remove
from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK, held

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 8
"""Items that a thread is handed together: waking it up takes longer than decompressing one."""

_FULL = {
    errno.ENOSPC: "a full disk",
    errno.EDQUOT: "a used-up quota",
    errno.EFBIG: "a disk or limit that does not take files this large",
}


def in_order(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Results of `function` in the order of the items, computed by threads; few items are taken ahead of time."""
    remaining = iter(items)

    def several(batch: list[Item]) -> list[Result]:
        return [function(item) for item in batch]

    with ThreadPoolExecutor(workers) as pool:
        waiting: collections.deque[Future[list[Result]]] = collections.deque()
        try:
            while batch := list(itertools.islice(remaining, _AT_ONCE)):
                waiting.append(pool.submit(several, batch))
                if len(waiting) > workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


@contextlib.contextmanager
def telling_full_disk(path: Path, needed: int) -> Iterator[None]:
    """Turns the error of a disk that is full into one that says so, with the most that was to be written, in bytes."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        found = f"{_FULL[error.errno]} ({sizes(free_bytes(path))} free)"
        mend = "Free some space or choose another disk; nothing was left behind"
        raise InputError(path, found, f"room for at most {sizes(needed)}", mend) from error


def free_bytes(path: Path) -> int:
    """How much may still be written to the disk that holds, or shall hold, a path."""
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    status = os.statvfs(there)
    return status.f_bavail * status.f_frsize


def sizes(number: float) -> str:
    """Bytes as people say them: "85.1 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if unit == "bytes" or number >= 99.95 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


@contextlib.contextmanager
def nobody_at_work(dataset: Path) -> Iterator[None]:
    """Keeps `h36m-pose preprocess` off a dataset's folder for a while.

    Raises:
        InputError: if it is at work there.
    """
    try:
        lock = (dataset / LOCK).open("rb")
    except (FileNotFoundError, NotADirectoryError):
        yield
        return
    mend = "Wait for it to end, or stop it"
    busy = InputError(dataset, "a run of preprocess at work on it", "a dataset at rest", mend)
    with lock, held(lock, busy, shared=True):
        yield


def clear_leftovers(path: Path) -> None:
    """Removes what processes that were killed left half written beside `path`, for `path`."""
    pattern = re.compile(rf"\.{re.escape(path.stem)}{re.escape(TEMPORARY_MARK)}(\d+){re.escape(path.suffix)}")
    for leftover in path.parent.iterdir() if path.parent.is_dir() else ():
        match = pattern.fullmatch(leftover.name)
        if match and not _alive(int(match[1])):
            remove(leftover)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
