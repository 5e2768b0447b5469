"""The joints of Human3.6M: 32 as recorded, 17 as the field evaluates them.

Source: `skel_pos` of the release's metadata.xml and its `select(..., 'body')`; the same 17, in the same order, are used
by Martinez et al. (ICCV 2017), VideoPose3D and mmpose.
"""

import numpy as np

NAMES_32 = (
    "Hips", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase", "RightToeEnd",
    "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "LeftToeEnd",
    "Spine", "Spine1", "Neck", "Head", "HeadTop",
    "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftHandThumb", "LeftThumbEnd", "LeftWristEnd",
    "LeftFingersEnd",
    "RightShoulder", "RightArm", "RightForeArm", "RightHand", "RightHandThumb", "RightThumbEnd", "RightWristEnd",
    "RightFingersEnd",
)  # fmt: skip
"""Recorded joints. 'Arm' is the shoulder joint, 'ForeArm' the elbow, 'Hand' the wrist, 'UpLeg' the hip, 'Leg' the knee,
'Foot' the ankle. In the release 13 = 16 = 24, 19 = 20, 27 = 28, 22 = 23, 30 = 31, and 0 and 11 are 0.1 mm apart."""

PARENTS_32 = (
    -1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14,
    12, 16, 17, 18, 19, 20, 19, 22, 12, 24, 25, 26, 27, 28, 27, 30,
)  # fmt: skip

EVALUATED = np.array([0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27])
"""Which of the 32 recorded joints are the 17 evaluated ones."""

NAMES = (
    "pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle",
    "spine", "thorax", "nose", "head",
    "left shoulder", "left elbow", "left wrist", "right shoulder", "right elbow", "right wrist",
)  # fmt: skip
JOINTS = len(NAMES)
ROOT = 0
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
BONES = tuple((parent, joint) for joint, parent in enumerate(PARENTS) if parent >= 0)
"""The 16 bones as (parent, joint), in the order of their joints 1 to 16."""

LEFT = (4, 5, 6, 11, 12, 13)
RIGHT = (1, 2, 3, 14, 15, 16)
MIRRORED = np.array([0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13])
"""The joint that takes each joint's place when the picture is mirrored: `joints[..., MIRRORED, :]`."""


def side_of(joint: int) -> str:
    """'left', 'right' or 'centre' for one of the 17 joints."""
    return "left" if joint in LEFT else "right" if joint in RIGHT else "centre"
