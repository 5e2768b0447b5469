"""Runs of the build on a small capture, for tests; the fixtures of `conftest` give the capture and its dataset."""

import contextlib
import hashlib
import shutil
from pathlib import Path

from raw_fixture import LAYOUTS, Scene

from preprocessing.build import Built, build

Scenes = dict[tuple[str, str, str], Scene]
FRAMES = 11
NAME = "Walking 1.54138969"
"""Of the file names of the first view."""


def run(raw: Path, dataset: Path, **options: object) -> tuple[Built, list[str]]:
    """Builds; returns also what was said."""
    lines: list[str] = []
    return build(raw, dataset, say=lines.append, **options), lines  # type: ignore[arg-type]


def copy_to_layout_of_h36m_fetch(raw: Path, root: Path) -> None:
    """Copies the files of S1 from the release's own layout to the other one."""
    for old, new in zip(LAYOUTS["release"], LAYOUTS["h36m-fetch"], strict=True):
        shutil.copytree(raw / old.format(subject="S1"), root / new.format(subject="S1"))


def tree(dataset: Path) -> dict[str, str]:
    """A digest of every file of a dataset, but not of those whose names, or whose folders' names, begin with a dot."""
    paths = {path.relative_to(dataset): path for path in dataset.rglob("*") if path.is_file()}
    return {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(paths.items())
        if not any(part.startswith(".") for part in name.parts)
    }


def alive_in_session(session: int) -> list[int]:
    """Processes that belong to a session and are not just waiting to be buried."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                alive.append(int(path.parent.name))
    return alive
