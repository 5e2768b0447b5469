"""Files that are either whole or not there: written under a temporary name, then renamed."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPORARY_MARK = ".part-"


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what is written there takes the place of `path` if the block succeeds.

    The temporary path may become a file or a folder. If the block raises, it is removed and `path` stays as it was.
    A folder that stands at `path` is removed just before the rename.

    Args:
        path: where the result shall stand. Its parent is made if need be.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The mark comes before the suffix, since writers of video and images choose their format by the suffix.
    temporary = path.with_name(f".{path.stem}{TEMPORARY_MARK}{os.getpid()}{path.suffix}")
    remove(temporary)
    try:
        yield temporary
        if temporary.is_file():
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        if path.is_dir() and not path.is_symlink():
            remove(path)
        temporary.replace(path)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Removes a file or a whole folder; nothing happens if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed writers left anywhere below `folder`."""
    for leftover in sorted(folder.rglob(f".*{TEMPORARY_MARK}*"), reverse=True):
        remove(leftover)


def write_json(path: str | Path, value: Any) -> None:
    """Writes `value` as indented JSON, atomically; refuses NaN and infinity."""
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
