"""What can be wrong with poses: numbers that are none, other units, shapes, skeletons, frames and cameras.

Each function is the fault of its name in `faults.FAULTS`: it is given the views and returns what was done, by file.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.skeleton import EVALUATED, PARENTS_32
from preprocessing.capture.raw_files import write_poses
from preprocessing.catalog import KINDS
from preprocessing.doctor_findings import Trouble, attempt
from preprocessing.poses import read_positions
from preprocessing.rehearsal.places import Place
from preprocessing.rehearsal.rewriting import Changes, cut, exchange, remove, rewrite

_PAGE = b"<!DOCTYPE html>\n<html><body><p>Your session has expired. Please log in to download.</p></body></html>\n"


def nan_pose(place: Place) -> Changes:
    return {view.poses_2d: _fill(view.poses_2d, 2, np.nan) for view in place}


def zero_pose(place: Place) -> Changes:
    return {view.poses_mono: _fill(view.poses_mono, 3, 0.0) for view in place}


def poses_in_metres(place: Place) -> Changes:
    for view in place:
        _write(view.poses_mono, read_positions(view.poses_mono, 3) / 1000)
    return {view.poses_mono: "all numbers divided by 1000" for view in place}


def wrong_shape(place: Place) -> Changes:
    for view in place:
        _write(view.poses_2d, read_positions(view.poses_2d, 2)[:, EVALUATED])
    return {view.poses_2d: f"written again with {len(EVALUATED)} joints instead of {len(PARENTS_32)}" for view in place}


def truncated_poses(place: Place) -> Changes:
    return {view.poses_mono: cut(view.poses_mono, 0.5) for view in place}


def login_page(place: Place) -> Changes:
    for view in place:
        rewrite(view.poses_2d, _PAGE)
    return {view.poses_2d: "a web page in its place" for view in place}


def unlike_lengths(place: Place) -> Changes:
    changes = {}
    for view in place:
        joints = read_positions(view.poses_mono, 3)
        kept = max(1, int(0.8 * len(joints)))
        _write(view.poses_mono, joints[:kept])
        changes[view.poses_mono] = f"only the first {kept} of {len(joints)} poses"
    return changes


def universal_skeleton(place: Place) -> Changes:
    changes = {}
    for view in place:
        joints, model = read_positions(view.poses_mono, 3), _bones_of_s1(view.poses_mono)
        posed = joints.copy()
        for joint, parent in enumerate(PARENTS_32):
            if parent >= 0:
                bone = joints[:, joint] - joints[:, parent]
                length = np.linalg.norm(bone, axis=-1, keepdims=True)
                posed[:, joint] = posed[:, parent] + bone * (model[joint] / np.maximum(length, 1e-9))
        _write(view.poses_mono, posed)
        changes[view.poses_mono] = f"the same poses with the bones of S1 instead of {view.subject}'s"
    return changes


def world_for_mono(place: Place) -> Changes:
    for view in place:
        rewrite(view.poses_mono, view.poses_world.read_bytes())
    return {view.poses_mono: f"a copy of D3_Positions/{view.poses_world.name}" for view in place}


def missing_world(place: Place) -> Changes:
    return {place[0].poses_world: remove(place[0].poses_world)}


def swapped_poses(place: Place) -> Changes:
    one, other = place
    return exchange(one.poses_2d, other.poses_2d)


def swapped_cameras(place: Place) -> Changes:
    one, other = place
    changes: Changes = {}
    for name, kind in KINDS.items():
        if kind.per_camera and name not in (*one.missing, *other.missing):
            changes |= exchange(getattr(one, name), getattr(other, name))
    return changes


def _fill(path: Path, axes: int, value: float) -> str:
    """Sets all joints of the frames around the middle."""
    joints = read_positions(path, axes)
    first = (len(joints) - 1) // 2
    joints[first : first + 3] = value
    _write(path, joints)
    return f"all joints are {'NaN' if np.isnan(value) else '0'} in frames {first} to {min(first + 2, len(joints) - 1)}"


def _write(path: Path, joints: Float[ndarray, "frames joints axes"]) -> None:
    write_poses(path, joints.reshape(len(joints), -1))


def _bones_of_s1(path: Path) -> list[float]:
    """Distances of the 32 joints from their parents in the first of S1's files beside this one that is in order."""
    folder = path.parents[2].parent / "S1" / KINDS["poses_mono"].folders[0]
    for sibling in sorted(folder.iterdir()):
        joints = attempt(lambda sibling=sibling: read_positions(sibling, 3))  # type: ignore[misc]
        if not isinstance(joints, Trouble):
            parents = [max(parent, 0) for parent in PARENTS_32]
            return np.linalg.norm(joints[0] - joints[0, parents], axis=-1).tolist()
    raise AssertionError("a capture whose S1 has no pose left")


DAMAGE = {
    damage.__name__: damage
    for damage in (
        nan_pose, zero_pose, poses_in_metres, wrong_shape, truncated_poses, login_page, unlike_lengths,
        universal_skeleton, world_for_mono, missing_world, swapped_poses, swapped_cameras,
    )
}  # fmt: skip
