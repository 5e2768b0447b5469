"""Remembers which raw files a view was made from, and tells whether they are still the same."""

import os
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import sha256_of
from preprocessing.catalog import ViewFiles

KINDS_USED = ("video", "poses_2d", "poses_mono", "poses_world", "masks")

Sources = dict[str, dict[str, Any] | None]
"""Per kind of file its path below the root, size, time and SHA-256; None for a file that is not there."""


def describe(files: ViewFiles, root: Path) -> Sources:
    """Reads all files of a view once, for their digests."""
    return {kind: _describe(getattr(files, kind), root) for kind in KINDS_USED}


def _describe(path: Path, root: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    status = path.stat()
    return {
        "path": Path(os.path.relpath(path, root)).as_posix(),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "sha256": sha256_of(path),
    }


def what_changed(files: ViewFiles, sources: Sources, verify: bool = False) -> tuple[str | None, bool]:
    """Compares the files with what was remembered of them.

    A file of the same size and time is taken to be the same; one of the same size and another time is read.

    Args:
        files: of the view, now.
        sources: remembered.
        verify: read them all.

    Returns:
        What changed, in words, or None; and whether times in `sources`, which is updated, had to be put right.
    """
    times_changed = False
    for kind in KINDS_USED:
        path, known = getattr(files, kind), sources.get(kind)
        if not path.is_file():
            if known:
                return f"{path.name} is gone", False
            continue
        status = path.stat()
        if not known:
            return f"{path.name} is new", False
        if status.st_size != known["size"]:
            return f"{path.name} has changed", False
        if verify or status.st_mtime_ns != known["mtime_ns"]:
            if sha256_of(path) != known["sha256"]:
                return f"{path.name} has changed", False
            times_changed |= status.st_mtime_ns != known["mtime_ns"]
            known["mtime_ns"] = status.st_mtime_ns
    return None, times_changed
