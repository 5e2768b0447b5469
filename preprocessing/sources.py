"""Which raw files a view was made from, and whether they are still the same.

A view's record names them by kind with size and SHA-256, and nothing that depends on where they lay. Where they lay and
when they were written is remembered beside the dataset, so that unchanged files need not be read again.
"""

import json
import os
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import sha256_of, write_json
from h36m_pose.data.dataset import view_folder
from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles, files_of

KINDS_USED = ("video", "poses_2d", "poses_mono", "poses_world", "masks")
CHANGED = "with changed raw files"

Sources = dict[str, dict[str, Any] | None]
"""Per kind of file "name" (the release's own), "size" in bytes and "sha256"; None for a file that is not there."""

Stamps = dict[str, dict[str, Any]]
"""Per kind of file "path" below the root, "size" and "mtime_ns", of the files that are there."""


def describe(files: ViewFiles) -> Sources:
    """Reads all files of a view once, for their digests.

    Raises:
        InputError: if one cannot be read.
    """
    names = files_of(Path(), files.subject, files.trial, files.camera_id)
    return {kind: _describe(getattr(files, kind), getattr(names, kind).name) for kind in KINDS_USED}


def _describe(path: Path, name: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        return {"name": name, "size": path.stat().st_size, "sha256": sha256_of(path)}
    except OSError as error:
        mend = "Change its permissions, or copy it again if the disk is at fault"
        raise InputError(path, f"a file that cannot be read ({error.strerror})", "a readable file", mend) from error


def stamps_of(files: ViewFiles, root: Path) -> Stamps:
    """Place, size and time of the files of a view, without reading them."""
    stamps = {}
    for kind in KINDS_USED:
        path: Path = getattr(files, kind)
        if path.is_file():
            status = path.stat()
            place = Path(os.path.relpath(path, root)).as_posix()
            stamps[kind] = {"path": place, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    return stamps


def has_changed(files: ViewFiles, sources: Sources, root: Path, state: Path, verify: bool = False) -> bool:
    """Compares the files with those that a view was made from.

    Files with the place, size and time that are remembered are taken to be the same; those of another place or time
    are read, and remembered if they are the same.

    Args:
        files: of the view, now.
        sources: of its record.
        root: of the raw files.
        state: folder of what is remembered.
        verify: read them all.
    """
    stamps = stamps_of(files, root)
    if any((kind in stamps) != bool(sources.get(kind)) for kind in KINDS_USED):
        return True
    known = _recall(files, state)
    for kind, stamp in stamps.items():
        source = sources[kind]
        assert source is not None
        if stamp["size"] != source["size"]:
            return True
        if verify or known.get(kind) != {**stamp, "sha256": source["sha256"]}:
            try:
                now = _describe(getattr(files, kind), source["name"])
            except InputError:
                return True  # whoever makes the view again will tell
            if now is None or now["sha256"] != source["sha256"]:
                return True
    remember(files, sources, stamps, state)
    return False


def remember(files: ViewFiles, sources: Sources, stamps: Stamps, state: Path) -> None:
    """Notes that the files with these stamps are those of the sources."""
    noted = {kind: {**stamp, "sha256": (sources[kind] or {})["sha256"]} for kind, stamp in stamps.items()}
    if noted != _recall(files, state):
        write_json(_note(files, state), noted)


def _recall(files: ViewFiles, state: Path) -> dict[str, Any]:
    """What is remembered of a view's files; nothing if it is lost or damaged."""
    try:
        noted = json.loads(_note(files, state).read_bytes())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _note(files: ViewFiles, state: Path) -> Path:
    folder = view_folder(state, files.subject, files.trial, files.camera_id)
    return folder.with_name(f"{folder.name}.json")
