"""The folders that files lie in: runs, their stages and checkpoints, datasets, captures, and where these are."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import sha256_of
from h36m_pose.data.dataset import MANIFEST
from h36m_pose.training import run_folder

STAGES = ("finetune", "pretrain")
ABOUT, DIGESTS = "about.json", "digests.json"
"""Of a checkpoint, see `training.checkpoint`, which cannot be imported without JAX."""
CAPTURE = "capture.json"
POSES = "poses.json"
NO_PLACE = {".csv": "a CSV file", ".bvh": "a BVH file", ".trc": "a TRC file", ".c3d": "a C3D file of an older version"}
"""Files that cannot tell where they come from, since the format has no place for words that all readers would bear."""
_LEVELS = 6
"""How far above a file its run or dataset is looked for."""


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty if there is none."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def inside(value: object, *names: str) -> Any:
    """What stands in nested objects under a name in each; None if it is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_run(folder: Path) -> bool:
    """Whether a folder holds a stage of training."""
    return any(is_stage(folder / stage) for stage in STAGES)


def is_stage(folder: Path) -> bool:
    """Whether a folder is a stage of a run."""
    return isinstance(read_object(folder / run_folder.CONFIG).get("settings"), dict)


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is a checkpoint."""
    return (folder / DIGESTS).is_file() and isinstance(read_object(folder / ABOUT).get("settings"), dict)


def is_dataset(folder: Path) -> bool:
    """Whether a folder is a preprocessed dataset."""
    types = {"fingerprint": str, "parameters": dict, "views": list, "frames": int}
    manifest = read_object(folder / MANIFEST)
    return all(isinstance(manifest.get(name), kind) for name, kind in types.items())


def is_capture(folder: Path) -> bool:
    """Whether a folder is a capture of the studio."""
    record = read_object(folder / CAPTURE)
    return all(isinstance(record.get(name), dict) for name in ("parameters", "files"))


def above(path: Path, is_such: Callable[[Path], bool]) -> Path | None:
    """The nearest folder of a kind that holds a file; the path itself if it is one."""
    absolute = path.absolute()
    found = next((folder for folder in (absolute, *absolute.parents[:_LEVELS]) if is_such(folder)), None)
    return found.relative_to(Path.cwd()) if found and found.is_relative_to(Path.cwd()) else found


def weights_of(checkpoint: Path) -> str:
    """What `training.checkpoint.digest` says, without JAX."""
    return sha256_of(checkpoint / DIGESTS)


def best_checkpoint(stage: Path) -> Path | None:
    """The checkpoint whose weights a finished stage stands for; None if it is not finished."""
    step = read_object(stage / run_folder.FINISHED).get("best_step")
    return stage / run_folder.CHECKPOINTS / f"best_{step:08d}" if isinstance(step, int) else None


def run_named_in(command: str, *others: object) -> Path | None:
    """The run among the words of a command line or among other words; None if none is there any more."""
    return next((place for place in _folders(command, *others) if is_run(place)), None)


def dataset_named_in(command: str, *others: object) -> Path | None:
    """The dataset likewise."""
    return next((place for place in _folders(command, *others) if is_dataset(place)), None)


def _folders(command: str, *others: object) -> Iterator[Path]:
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    named = [word for word in others if isinstance(word, str)]
    for word in (*named, *(part.rpartition("=")[2] for part in words)):
        path = Path(word)
        place = path.expanduser() if word.startswith("~/") else path
        if place.is_dir():
            yield place
