"""How a copy's files are changed: always as new files, since the copy shares its files with the original."""

from collections.abc import Callable
from pathlib import Path

from h36m_pose.atomic_files import replacing
from preprocessing.rehearsal.places import Place

Changes = dict[Path, str]
"""What was done, by file; of one that is no more, where it was."""

Damage = Callable[[Place], Changes]


def rewrite(path: Path, content: bytes) -> None:
    """Puts a new file in a file's place."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def cut(path: Path, share: float) -> str:
    """Keeps the first bytes of a file; returns how many, in words."""
    content = path.read_bytes()
    kept = int(share * len(content))
    rewrite(path, content[:kept])
    return f"cut after {kept:,} of {len(content):,} bytes"


def remove(path: Path) -> str:
    """Takes a name away; returns that in words."""
    path.unlink()
    return "removed"


def exchange(one: Path, other: Path) -> Changes:
    """Gives two files each other's names; the files themselves stay as they are."""
    kept = one.with_name(f".{one.name}.kept")
    one.rename(kept)
    other.rename(one)
    kept.rename(other)
    return {one: f"is now what {other.name} was", other: f"is now what {one.name} was"}
