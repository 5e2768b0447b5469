"""Poses as animators read them: `poses.bvh`, a hierarchy with fixed bones and rotations per frame.

Centimetres, y up, z towards the camera, which is taken to look level; the pelvis stays in place. Bones have their
median length over the sequence. Where several bones meet, at the pelvis and at the thorax, each has a joint of length
zero of its own before it, as in CMU's files: so every bone points exactly where the prediction has it, and joints are
off by no more than what the predicted bones differ from their medians. A bone does not tell how it is twisted: each
rotation is the smallest that turns the bone, after its parent's. Every channel triple is Z, X, Y in degrees.

BVH has no word for a missing frame: in gaps the last pose is held (before the first, the first), so that frames keep
their numbers; `poses.json` lists them.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from h36m_pose import skeleton
from h36m_pose.atomic_files import replacing
from h36m_pose.predict.mocap import marker_names, upright
from h36m_pose.predict.poses import Poses

BVH_FILE = "poses.bvh"
_CM_PER_MM = 0.1
_END_CM = 5.0
"""Beyond the last joint of a limb: programmes do not draw a joint without any bone after it."""

_REST = np.array([
    (0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, -1, 0), (1, 0, 0), (0, -1, 0), (0, -1, 0), (0, 1, 0), (0, 1, 0), (0, 1, 0),
    (0, 1, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (-1, 0, 0), (-1, 0, 0), (-1, 0, 0),
], float)  # fmt: skip
"""Directions of the bones that end at each joint in the rest pose: upright, arms spread, facing the camera, so that
the person's left is on the right."""

_FRONTS = {0: (4, 1, 7), 8: (11, 14, 9)}
"""Of pelvis and thorax: the joints on the left and on the right, and the one above, which tell how it is turned."""


def children_of(joint: int) -> list[int]:
    """The joints that hang from a joint."""
    return [child for child, parent in enumerate(skeleton.PARENTS) if parent == joint]


def write_bvh(path: Path, poses: Poses) -> None:
    """Writes the file."""
    held = _held(poses)
    joints_cm = upright(held) * _CM_PER_MM
    lengths = bone_lengths_cm(upright(poses.best_root_mm[poses.valid]) * _CM_PER_MM)
    channels = _channels(joints_cm)
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.write("HIERARCHY\n" + "".join(_hierarchy(0, lengths, 0)))
        stream.write(f"MOTION\nFrames: {len(poses)}\nFrame Time: {1 / poses.fps:.8f}\n")
        for row in channels:
            stream.write("0.000000 0.000000 0.000000 " + " ".join(f"{value + 0.0:.6f}" for value in row) + "\n")


def bone_lengths_cm(joints_cm: Float[ndarray, "frames 17 3"]) -> Float[ndarray, "17"]:
    """Median length of the bone that ends at each joint; 0 for the root."""
    parents = np.maximum(skeleton.PARENTS, 0)
    return np.median(np.linalg.norm(joints_cm - joints_cm[:, parents], axis=-1), axis=0)


def _held(poses: Poses) -> Float[ndarray, "frames 17 3"]:
    """The poses without gaps: each frame has the last pose there was, those before the first one the first."""
    latest = np.maximum.accumulate(np.where(poses.valid, np.arange(len(poses)), -1))
    return poses.best_root_mm[np.where(latest < 0, np.flatnonzero(poses.valid)[0], latest)]


def _hierarchy(joint: int, lengths_cm: ndarray, depth: int) -> list[str]:
    """The lines of a joint and all that hangs from it."""
    names, tabs = marker_names(), "\t" * depth
    place = _REST[joint] * lengths_cm[joint]
    kind = "ROOT" if joint == 0 else "JOINT"
    position = "6 Xposition Yposition Zposition " if joint == 0 else "3 "
    lines = [f"{tabs}{kind} {names[joint]}\n{tabs}{{\n", _offset(tabs, place)]
    lines.append(f"{tabs}\tCHANNELS {position}Zrotation Xrotation Yrotation\n")
    children = children_of(joint)
    for child in children:
        if len(children) == 1:
            lines += _hierarchy(child, lengths_cm, depth + 1)
            continue
        lines.append(f"{tabs}\tJOINT to_{names[child]}\n{tabs}\t{{\n" + _offset(tabs + "\t", np.zeros(3)))
        lines.append(f"{tabs}\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n")
        lines += [*_hierarchy(child, lengths_cm, depth + 2), f"{tabs}\t}}\n"]
    if not children:
        lines.append(f"{tabs}\tEnd Site\n{tabs}\t{{\n" + _offset(tabs + "\t", _REST[joint] * _END_CM) + f"{tabs}\t}}\n")
    return [*lines, f"{tabs}}}\n"]


def _offset(tabs: str, place: ndarray) -> str:
    x, y, z = place + 0.0
    return f"{tabs}\tOFFSET {x:.6f} {y:.6f} {z:.6f}\n"


def _channels(joints_cm: Float[ndarray, "frames 17 3"]) -> Float[ndarray, "frames channels"]:
    """All rotation channels of all frames, in the order in which `_hierarchy` names them."""
    columns: list[ndarray] = []

    def visit(joint: int, around: Rotation) -> None:
        """Appends the channels of a joint and of all that hangs from it; `around` is its parent's rotation."""
        children = children_of(joint)
        if len(children) == 1:
            turned = _towards(joints_cm, joint, children[0], around)
            append(turned, around)
            visit(children[0], turned)
        elif not children:
            append(around, around)
        else:
            facing = _facing(joints_cm, *_FRONTS[joint])
            append(facing, around)
            for child in children:
                turned = _towards(joints_cm, joint, child, facing)
                append(turned, facing)
                visit(child, turned)

    def append(turned: Rotation, around: Rotation) -> None:
        columns.append(_continuous((around.inv() * turned).as_euler("ZXY", degrees=True)))

    visit(0, Rotation.identity(len(joints_cm)))
    return np.concatenate(columns, axis=1)


def _continuous(degrees: Float[ndarray, "frames 3"]) -> Float[ndarray, "frames 3"]:
    """Without jumps of whole turns, so that programmes may look between the frames."""
    return np.unwrap(degrees, period=360, axis=0)


def _towards(joints_cm: ndarray, joint: int, child: int, around: Rotation) -> Rotation:
    """The smallest turn, after `around`, that brings the rest direction of a bone to where it points."""
    aim = joints_cm[:, child] - joints_cm[:, joint]
    aim /= np.maximum(np.linalg.norm(aim, axis=1, keepdims=True), 1e-9)
    start = around.apply(_REST[child])
    cross, cosine = np.cross(start, aim), np.sum(start * aim, axis=1)
    sine = np.linalg.norm(cross, axis=1)
    # Where a bone points exactly against its rest direction any axis across it will do.
    across = np.where(np.abs(start[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    across = np.cross(start, across)
    axis = np.where(sine[:, None] > 1e-9, cross, across)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    return Rotation.from_rotvec(axis * np.arctan2(sine, cosine)[:, None]) * around


def _facing(joints_cm: ndarray, left: int, right: int, above: int) -> Rotation:
    """How pelvis or thorax is turned: x from the right joint to the left one, y up as far as that allows."""
    x = joints_cm[:, left] - joints_cm[:, right]
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    up = joints_cm[:, above] - (joints_cm[:, left] + joints_cm[:, right]) / 2
    z = np.cross(x, up)
    z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-9)
    return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))
