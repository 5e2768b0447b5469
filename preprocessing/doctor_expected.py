"""What a root should hold: the views of the release, or those of a synthetic capture by the studio's own record."""

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from preprocessing import catalog
from preprocessing.capture.cast import cast
from preprocessing.capture.record import RECORD_NAME
from preprocessing.catalog import CAMERAS, KINDS, RELEASE_SUBJECTS, MemberName, ViewFiles, parse_member
from preprocessing.doctor_findings import WRONG, Finding
from preprocessing.release import SHORT_POSES, canonical_action, trials_of

Written = dict[MemberName, tuple[int, str]]
"""Size and SHA-256 of files."""


@dataclasses.dataclass(frozen=True, eq=False)
class Expected:
    """What should be there.

    Attributes:
        synthetic: whether the studio made it, by its record.
        poses: how many poses each trial has, by (subject, trial); None if that is not known.
        views: subject, trial and camera of all of them.
        written: what the studio recorded of its files.
        findings: on the record itself.
        capture_options: what makes the same capture again, for the command line; "" for the release.
    """

    synthetic: bool
    poses: dict[tuple[str, str], int | None]
    views: tuple[tuple[str, str, str], ...] = ()
    written: Written = dataclasses.field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    capture_options: str = ""

    def written_of(self, files: ViewFiles) -> dict[str, tuple[int, str]]:
        """Size and SHA-256 of a view's files by kind, as far as they were recorded."""
        names = {
            kind: MemberName(kind, files.subject, files.trial, files.camera_id if KINDS[kind].per_camera else "")
            for kind in KINDS
        }
        return {kind: self.written[name] for kind, name in names.items() if name in self.written}


def expected_at(root: Path, actions: tuple[str, ...]) -> Expected:
    """What a root should hold of some actions."""
    path = root / RECORD_NAME
    if not path.is_file():
        poses = _release_poses(actions)
        return Expected(False, poses, _by_all_cameras(poses))
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        parameters = dict(record["parameters"])
        written = _written(record["files"], actions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        mend = "Make the capture again in a new folder, with h36m-pose capture"
        damaged = Finding("bad record", WRONG, f"{RECORD_NAME}: a damaged record of the studio", mend)
        return Expected(True, {}, findings=(damaged,))
    poses, options = _studio_poses(parameters, actions)
    views = _by_all_cameras(poses)
    if not poses:  # of a motion from outside the record tells nothing but the files
        views = tuple({(name.subject, name.trial, name.camera_id): None for name in written if name.camera_id})
    return Expected(True, poses, views, written, capture_options=options)


def _by_all_cameras(poses: dict[tuple[str, str], int | None]) -> tuple[tuple[str, str, str], ...]:
    return tuple((subject, trial, camera_id) for subject, trial in poses for camera_id in CAMERAS)


def _release_poses(actions: tuple[str, ...]) -> dict[tuple[str, str], int | None]:
    return {
        (subject, trial): _poses_of(subject, trial)
        for subject in RELEASE_SUBJECTS
        for action in actions
        for trial in trials_of(subject, action)
    }


def _poses_of(subject: str, trial: str) -> int | None:
    short = SHORT_POSES.get((subject, trial))
    return catalog.WALKING_POSES[subject].get(trial) or (short[0] if short else None)


def _written(files: dict[str, dict[str, Any]], actions: tuple[str, ...]) -> Written:
    written = {}
    for path, entry in files.items():
        name = parse_member(path)
        if name and name.action in actions:
            written[name] = int(entry["bytes"]), str(entry["sha256"])
    return written


def _studio_poses(
    parameters: dict[str, Any], actions: tuple[str, ...]
) -> tuple[dict[tuple[str, str], int | None], str]:
    """Poses per trial of a preset, and the options that name it; none for a capture of another kind."""
    try:
        preset, seed, crowd = str(parameters["preset"]), int(parameters["seed"]), int(parameters["crowd"])
        subjects = str(parameters.get("subjects", "")).replace(" ", "")
        roles = cast(preset, seed, crowd, tuple(filter(None, subjects.split(","))))
    except (KeyError, ValueError, TypeError, InputError):
        return {}, ""
    poses: dict[tuple[str, str], int | None] = {
        (role.subject, trial.name): trial.frames
        for role in roles
        for trial in role.trials
        if canonical_action(trial.name) in actions
    }
    options = f"--preset {preset} --seed {seed} --crowd {crowd}"
    for key, option in (("subjects", "--subjects"), ("crowd varies", "--crowd-varies"), ("wardrobe", "--wardrobe")):
        if key in parameters:
            value = str(parameters[key]).replace(" ", "")
            options += f" {option} {shlex.quote('none' if value == 'nothing' else value)}"
    return poses, options
