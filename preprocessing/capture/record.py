"""The studio's own record of a capture: what made it, and which of its files are whole.

A file counts only if the record has its size and digest and both still hold. So whatever a killed run left behind, and
whatever was deleted or damaged since, is filmed again. Real releases have no such record, and no reader needs it.
"""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import sha256_of, write_json
from h36m_pose.errors import InputError
from preprocessing.capture.cast import Role
from preprocessing.catalog import CAMERAS, KINDS, ViewFiles, files_of

RECORD_NAME = "capture.json"
STUDIO_VERSION = 3
"""Raise it when the same parameters no longer give the same bytes."""


@dataclasses.dataclass
class Record:
    """What `capture.json` holds.

    Attributes:
        root: the capture's folder.
        parameters: everything that the bytes depend on, as plain JSON.
        files: size and SHA-256 of every finished file, by its path below the root.
    """

    root: Path
    parameters: dict[str, Any]
    files: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    @classmethod
    def open(cls, root: Path, parameters: dict[str, Any]) -> "Record":
        """The record of a folder, new if the folder is.

        Raises:
            InputError: if the folder holds something else: a capture with other parameters, or a real release.
        """
        record = cls.read(root)
        if record is None:
            _refuse_foreign_subjects(root)
            return cls(root, parameters)
        if record.parameters != parameters:
            ours, theirs = _differences(parameters, record.parameters)
            mend = "Give another folder, or remove this one to film it afresh"
            raise InputError(root, f"a capture made with {theirs}", ours, mend)
        return record

    @classmethod
    def read(cls, root: Path) -> "Record | None":
        """The record of a folder; None if it has none.

        Raises:
            InputError: if it is damaged.
        """
        path = root / RECORD_NAME
        if not path.is_file():
            return None
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            return cls(root, held["parameters"], held["files"])
        except (ValueError, KeyError, TypeError):
            mend = "Give another folder, and move this one away if nothing in it is of use"
            raise InputError(path, "a damaged record", "the JSON that the studio wrote", mend) from None

    def save(self) -> None:
        """Writes the record to its folder."""
        write_json(self.root / RECORD_NAME, {"parameters": self.parameters, "files": dict(sorted(self.files.items()))})

    def is_whole(self, path: Path) -> bool:
        """Whether a file is there and just as it was written."""
        known = self.files.get(path.relative_to(self.root).as_posix())
        if known is None or not path.is_file():
            return False
        return path.stat().st_size == known["bytes"] and sha256_of(path) == known["sha256"]


@dataclasses.dataclass(frozen=True)
class Missing:
    """What is still to be made of one trial.

    Attributes:
        cameras: those of which some file is not whole; all their files are made anew.
        world: whether the world poses, one file for all cameras, are missing.
    """

    cameras: tuple[str, ...]
    world: bool

    def __bool__(self) -> bool:
        return bool(self.cameras) or self.world


def describe(path: Path, root: Path) -> dict[str, dict[str, Any]]:
    """The entry of a finished file in the record."""
    return {path.relative_to(root).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}}


def view_files(root: Path, subject: str, trial: str, camera_id: str) -> ViewFiles:
    """Where the studio writes a view."""
    return files_of(root / subject, subject, trial, camera_id)


def camera_paths(files: ViewFiles) -> list[Path]:
    """The files of a view that belong to its camera alone."""
    return [getattr(files, name) for name, kind in KINDS.items() if kind.per_camera]


def missing_of(record: Record, role: Role) -> dict[str, Missing]:
    """By trial, what is not whole; trials that are complete are left out."""
    missing = {}
    for trial in role.trials:
        views = [view_files(record.root, role.subject, trial.name, camera_id) for camera_id in CAMERAS]
        cameras = tuple(view.camera_id for view in views if not all(map(record.is_whole, camera_paths(view))))
        found = Missing(cameras, world=not record.is_whole(views[0].poses_world))
        if found:
            missing[trial.name] = found
    return missing


def _refuse_foreign_subjects(root: Path) -> None:
    """A folder with subjects but without a record is somebody else's: most likely the real release."""
    subjects = sorted(path.name for path in root.iterdir() if re.fullmatch(r"S\d+", path.name)) if root.is_dir() else []
    if subjects:
        found = f"{', '.join(subjects[:4])}, but no {RECORD_NAME}"
        raise InputError(root, found, "an empty or a new folder", "Give another folder: nothing here is overwritten")


def _differences(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[str, str]:
    """The parameters that differ, in words, ours and theirs."""
    keys = [key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]
    told = [", ".join(f"{key} {values[key]}" for key in keys if key in values) for values in (ours, theirs)]
    return told[0], told[1]
