"""What a long prediction has come to so far: chunks beside its results, from which the same command goes on.

The folder `NAME.unfinished` belongs to one input, one network and one way to look for the person; it goes when the
results are written.
"""

import contextlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose.atomic_files import remove, replacing, write_json
from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK, held

CHUNK = 256
"""Frames: some ten seconds of work at most are lost."""

_ENDING, _IDENTITY = ".unfinished", "of_what.json"


class Kept:
    """Chunks of what the passes over some footage found; without a folder, nothing is kept."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder

    def due(self, frame: int) -> bool:
        """Whether a chunk ends with this frame."""
        return self._folder is not None and (frame + 1) % CHUNK == 0

    def restored(self, what: str) -> tuple[int, dict[str, ndarray]]:
        """How many frames a pass has done, and its arrays joined; none if it has done nothing yet."""
        done = 0
        chunks: list[dict[str, ndarray]] = []
        while self._folder is not None and (path := _chunk(self._folder, what, done)).is_file():
            try:
                with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                    chunks.append({name: stored[name] for name in stored})
            except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
                break  # a chunk that a failing disk spoilt is made again
            done += CHUNK
        return done, {name: np.concatenate([chunk[name] for chunk in chunks]) for name in (chunks or [{}])[0]}

    def keep(self, what: str, end: int, arrays: Mapping[str, ndarray]) -> None:
        """Writes what a pass found in the chunk of frames before `end`."""
        if self._folder is not None:
            with replacing(_chunk(self._folder, what, end - CHUNK)) as temporary:
                np.savez(temporary, allow_pickle=False, **arrays)


def _chunk(folder: Path, what: str, first: int) -> Path:
    return folder / f"{what}_{first:09}.npz"


@contextlib.contextmanager
def kept_beside(out: Path, identity: Mapping[str, Any]) -> Iterator[Kept]:
    """Yields what was kept for some results, and removes it if the block succeeds, or if there is nothing in it.

    Args:
        out: the folder of the results.
        identity: plain values that tell what the chunks are of; those of anything else are dropped.

    Raises:
        InputError: if another process is at work on it, or if the folder is somebody else's.
    """
    folder = out.with_name(out.name + _ENDING)
    _require_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    busy = InputError(folder, "another prediction at work on it", "one at a time", "Wait for it, or give another --out")
    finished = False
    with (folder / LOCK).open("w") as lock, held(lock, busy):
        _claim(folder, identity)
        try:
            yield Kept(folder)
            finished = True
        finally:
            if finished or not any(folder.glob("*.npz")):
                remove(folder)


def _require_ours(folder: Path) -> None:
    mend = "Move it away, or give another --out"
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "a file", "chunks of a prediction, or nothing", mend)
    names = sorted(path.name for path in folder.glob("*") if path.suffix != ".npz" and path.name[0] != ".")
    if names and names != [_IDENTITY]:
        raise InputError(folder, f"{names[0]} in it", "chunks of a prediction, or nothing", mend)


def _claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Drops the chunks of anything else."""
    path = folder / _IDENTITY
    try:
        same = json.loads(path.read_text(encoding="utf-8")) == identity
    except (FileNotFoundError, ValueError):
        same = False
    if not same:
        for chunk in folder.glob("*.npz"):
            remove(chunk)
        write_json(path, identity)
