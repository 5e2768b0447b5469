"""A body's movement: where its 32 recorded joints are and how each of its 18 bones is turned, frame by frame.

World: millimetres, z up, the floor at z = 0. A bone's own axes at rest are x forward, y left, z up, so limbs hang along
-z, the trunk and the head rise along +z, feet and toes point along +x. `bone_rotation` maps them to the world.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from preprocessing.capture.anatomy import BONES, SIDES, BoneLengths, Person

BONE_INDEX = {bone: index for index, bone in enumerate(BONES)}
NECK_DIRECTION = np.array([0.42, 0.0, np.sqrt(1 - 0.42**2)])
"""From the base of the neck (joint 13) to the middle of the head (joint 14), in the head's own axes."""
HEAD_DIRECTION = np.array([-0.16, 0.0, np.sqrt(1 - 0.16**2)])
"""From the middle of the head (joint 14) to the crown (joint 15), in the head's own axes."""
THUMB_DIRECTION = np.array([0.62, 0.16, -np.sqrt(1 - 0.62**2 - 0.16**2)])
"""From the wrist to the end of the thumb in the right hand's own axes; the left hand's has y turned round."""
SIDE_SIGN = {"left": 1.0, "right": -1.0}
"""The y axis points to the left."""

_FIRST_LEG_JOINT = {"left": 6, "right": 1}
_FIRST_ARM_JOINT = {"left": 16, "right": 24}


@dataclasses.dataclass(frozen=True, eq=False)
class Motion:
    """One person's movement.

    Attributes:
        joints_world_mm: (frames, 32, 3) float64, the recorded joints in the order of `skeleton.NAMES_32`.
        bone_rotation: (frames, 18, 3, 3), columns are the bone's own axes in the world, in the order of `BONES`.
        bone_origin_mm: (frames, 18, 3), the bone's proximal joint in the world.
        flat_foot: (frames, 2) bool, whether the left and the right sole lies flat and still on the floor.
        fps: frames per second.
    """

    joints_world_mm: Float[ndarray, "frames 32 3"]
    bone_rotation: Float[ndarray, "frames 18 3 3"]
    bone_origin_mm: Float[ndarray, "frames 18 3"]
    flat_foot: Bool[ndarray, "frames 2"]
    fps: float

    def __len__(self) -> int:
        return len(self.joints_world_mm)

    def __getitem__(self, frames: slice) -> "Motion":
        """The given stretch of the movement; a step in the slice lowers the frame rate."""
        return Motion(
            self.joints_world_mm[frames],
            self.bone_rotation[frames],
            self.bone_origin_mm[frames],
            self.flat_foot[frames],
            self.fps / (frames.step or 1),
        )


def pose_skeleton(
    lengths: BoneLengths,
    pelvis_mm: Float[ndarray, "frames 3"],
    bone_rotation: Float[ndarray, "frames 18 3 3"],
    flat_foot: Bool[ndarray, "frames 2"],
    fps: float,
) -> Motion:
    """Forward kinematics: hangs the bones on the pelvis, each turned as given."""

    def along(bone: str, offset: ndarray | tuple[float, float, float]) -> ndarray:
        return bone_rotation[:, BONE_INDEX[bone]] @ np.asarray(offset, dtype=np.float64)

    joints = np.empty((len(pelvis_mm), 32, 3))
    origins = np.empty((len(pelvis_mm), len(BONES), 3))
    middle = pelvis_mm + along("spine", (0, 0, lengths.spine))
    neck = middle + along("chest", (0, 0, lengths.chest))
    joints[:, 0] = joints[:, 11] = pelvis_mm
    joints[:, 12] = middle
    joints[:, 13] = neck
    joints[:, 14] = neck + along("head", lengths.neck * NECK_DIRECTION)
    joints[:, 15] = joints[:, 14] + along("head", lengths.head * HEAD_DIRECTION)
    for bone, origin in (("pelvis", pelvis_mm), ("spine", pelvis_mm), ("chest", middle), ("head", neck)):
        origins[:, BONE_INDEX[bone]] = origin
    for side in SIDES:
        sign = SIDE_SIGN[side]
        chain = [pelvis_mm + along("pelvis", (0, sign * lengths.hip_offset, 0))]
        drop = lengths.ball_height - lengths.ankle_height
        for bone, offset in (
            ("thigh", (0, 0, -lengths.thigh)),
            ("shank", (0, 0, -lengths.shank)),
            ("foot", (lengths.ball_forward, 0, drop)),
            ("toes", (lengths.toes, 0, 0)),
        ):
            origins[:, BONE_INDEX[f"{side} {bone}"]] = chain[-1]
            chain.append(chain[-1] + along(f"{side} {bone}", offset))
        first = _FIRST_LEG_JOINT[side]
        joints[:, first : first + 5] = np.stack(chain, axis=1)

        shoulder = neck + along("chest", (0, sign * lengths.shoulder_offset, -lengths.shoulder_drop))
        elbow = shoulder + along(f"{side} upper arm", (0, 0, -lengths.upper_arm))
        wrist = elbow + along(f"{side} forearm", (0, 0, -lengths.forearm))
        knuckles = wrist + along(f"{side} hand", (0, 0, -lengths.hand))
        thumb = wrist + along(f"{side} hand", lengths.thumb * THUMB_DIRECTION * np.array([1, -sign, 1]))
        for bone, origin in (("upper arm", shoulder), ("forearm", elbow), ("hand", wrist)):
            origins[:, BONE_INDEX[f"{side} {bone}"]] = origin
        first = _FIRST_ARM_JOINT[side]
        arm = (neck, shoulder, elbow, wrist, wrist, thumb, knuckles, knuckles)
        joints[:, first : first + 8] = np.stack(arm, axis=1)
    return Motion(joints, bone_rotation, origins, flat_foot, fps)


def rest_pose(person: Person) -> Motion:
    """One frame of standing upright at the world's origin, facing x: the pose in which bodies are modelled.

    The trunk and the legs are upright, the soles flat on the floor with the feet as far apart as the hips, and the arms
    hang 30 degrees away from the body with straight elbows, the palms facing the thighs.
    """
    lengths = person.lengths_mm
    rotation = np.tile(np.eye(3), (1, len(BONES), 1, 1))
    for side in SIDES:
        spread = Rotation.from_euler("x", SIDE_SIGN[side] * 30, degrees=True).as_matrix()
        for bone in ("upper arm", "forearm", "hand"):
            rotation[:, BONE_INDEX[f"{side} {bone}"]] = spread
    pelvis = np.array([[0.0, 0.0, lengths.leg + lengths.ankle_height]])
    return pose_skeleton(lengths, pelvis, rotation, np.ones((1, 2), dtype=bool), 50.0)
