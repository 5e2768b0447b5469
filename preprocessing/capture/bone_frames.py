"""From joints to bones: sizes of the skeleton and the turn of every bone, for motion that comes as joints alone.

Two joints give a bone's direction but not its roll about itself. The roll comes from what stands sideways nearby: the
line of the hips or shoulders for the trunk, the plane in which a knee or elbow bends for the limbs, the floor for the
feet, the thumbs for the forearms and hands. Where such a hint fades, a straight knee for example, the next one takes
over gradually.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from preprocessing.capture.anatomy import BONES, SIDES, BoneLengths
from preprocessing.capture.motion import BONE_INDEX, HEAD_DIRECTION, SIDE_SIGN, THUMB_DIRECTION

Joints = Float[ndarray, "frames 32 3"]
Vectors = Float[ndarray, "frames 3"]
Matrices = Float[ndarray, "frames 3 3"]

_LEG = {"left": (6, 7, 8, 9, 10), "right": (1, 2, 3, 4, 5)}
"""Hip, knee, ankle, toe base, end of the toes."""
_ARM = {"left": (17, 18, 19, 21, 22), "right": (25, 26, 27, 29, 30)}
"""Shoulder, elbow, wrist, end of the thumb, end of the hand."""


def measure_lengths(joints_mm: Joints) -> BoneLengths:
    """The sizes of the skeleton that moves: medians over the frames, the mean of both sides.

    How high ankle and toe base stand above the sole is taken from the lowest they come above the floor, z = 0.
    """

    def span(*pairs: tuple[int, int]) -> float:
        return float(np.mean([np.median(np.linalg.norm(joints_mm[:, a] - joints_mm[:, b], axis=-1)) for a, b in pairs]))

    legs, arms = list(_LEG.values()), list(_ARM.values())
    middle = 0.5 * (joints_mm[:, 1] + joints_mm[:, 6])
    spine = float(np.median(np.linalg.norm(joints_mm[:, 12] - middle, axis=-1)))
    between = 0.5 * (joints_mm[:, 17] + joints_mm[:, 25]) - joints_mm[:, 13]
    drop = -float(np.median(np.sum(between * unit(joints_mm[:, 13] - joints_mm[:, 12]), axis=-1)))
    across = float(np.sqrt(max(span((13, 17), (13, 25)) ** 2 - drop**2, 0.0)))
    foot = span(*((leg[2], leg[3]) for leg in legs))
    low = np.percentile(joints_mm[..., 2], 5, axis=0)
    ball = float(np.clip(np.mean([low[leg[3]] for leg in legs]), 8, 45))
    ankle = float(np.clip(np.mean([low[leg[2]] for leg in legs]), ball, ball + 0.9 * foot))
    thigh, shank = (span(*((leg[i], leg[i + 1]) for leg in legs)) for i in (0, 1))
    return BoneLengths(
        hip_offset=0.5 * span((1, 6)),
        thigh=thigh,
        shank=shank,
        ankle_height=ankle,
        foot=foot,
        ball_height=ball,
        toes=span(*((leg[3], leg[4]) for leg in legs)),
        heel=0.058 * (thigh + shank),
        spine=spine,
        chest=span((12, 13)),
        neck=span((13, 14)),
        head=span((14, 15)),
        shoulder_offset=across,
        shoulder_drop=drop,
        upper_arm=span(*((arm[0], arm[1]) for arm in arms)),
        forearm=span(*((arm[1], arm[2]) for arm in arms)),
        hand=span(*((arm[2], arm[4]) for arm in arms)),
        thumb=span(*((arm[2], arm[3]) for arm in arms)),
    )


def bones_of_joints(
    joints_mm: Joints, lengths: BoneLengths
) -> tuple[Float[ndarray, "frames 18 3 3"], Float[ndarray, "frames 18 3"]]:
    """Rotation and proximal joint of every bone, as in `Motion`, from the joints alone."""
    rotation = np.empty((len(joints_mm), len(BONES), 3, 3))
    origin = np.empty((len(joints_mm), len(BONES), 3))

    def put(bone: str, turned: Matrices, at: Vectors) -> None:
        rotation[:, BONE_INDEX[bone]], origin[:, BONE_INDEX[bone]] = turned, at

    pelvis_mm, middle, neck = 0.5 * (joints_mm[:, 1] + joints_mm[:, 6]), joints_mm[:, 12], joints_mm[:, 13]
    hips = unit(joints_mm[:, 6] - joints_mm[:, 1])
    shoulders = unit(joints_mm[:, 17] - joints_mm[:, 25])
    forward = unit(np.cross(hips, middle - pelvis_mm))
    put("pelvis", np.stack([forward, hips, np.cross(forward, hips)], axis=-1), pelvis_mm)
    put("spine", _upright(middle - pelvis_mm, hips + shoulders), pelvis_mm)
    chest = _upright(neck - middle, shoulders)
    put("chest", chest, middle)
    put("head", _head(joints_mm, chest), neck)
    for side in SIDES:
        _put_leg(put, joints_mm, side, forward, lengths)
        _put_arm(put, joints_mm, side, chest[:, :, 1])
    return rotation, origin


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1; a vector of no length stays so."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _upright(up: Vectors, leftward: Vectors) -> Matrices:
    """A bone whose z axis is `up` exactly and whose y axis is as near to `leftward` as that allows."""
    z = unit(up)
    x = unit(np.cross(leftward, z))
    return np.stack([x, np.cross(z, x), z], axis=-1)


def _gradually(value: Float[ndarray, "frames"], low: float, high: float) -> Float[ndarray, "frames 1"]:
    """From 0 where the value is below `low` to 1 where it is above `high`."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return (share**2 * (3 - 2 * share))[:, None]


def _bending_axis(upper: Vectors, lower: Vectors, otherwise: Vectors, low: float, high: float) -> Vectors:
    """The axis `upper x lower` of a hinge where it is bent, another leftward direction where it is straight."""
    axis = np.cross(unit(upper), unit(lower))
    bent = np.sum(axis * otherwise, axis=-1)
    share = _gradually(bent, low, high)
    return share * unit(axis) + (1 - share) * unit(otherwise)


def _head(joints_mm: Joints, chest: Matrices) -> Matrices:
    """The head: neck and crown lie in its middle plane unless they are in line; then it faces as the chest does."""
    neck, crown = unit(joints_mm[:, 14] - joints_mm[:, 13]), unit(joints_mm[:, 15] - joints_mm[:, 14])
    leftward = _bending_axis(crown, neck, chest[:, :, 1], 0.1, 0.35)
    tilted = _upright(crown, leftward)
    backward, upward = HEAD_DIRECTION[0], HEAD_DIRECTION[2]
    x = upward * tilted[:, :, 0] + backward * tilted[:, :, 2]
    z = upward * tilted[:, :, 2] - backward * tilted[:, :, 0]
    return np.stack([x, tilted[:, :, 1], z], axis=-1)


def _put_leg(put, joints_mm: Joints, side: str, forward: Vectors, lengths: BoneLengths) -> None:
    hip, knee, ankle, ball, tip = (joints_mm[:, joint] for joint in _LEG[side])
    up = np.array([0.0, 0.0, 1.0])
    pointing = unit((ball - ankle) * np.array([1, 1, 0]))
    facing = unit(forward * np.array([1, 1, 0]))
    leftward = _bending_axis(knee - hip, ankle - knee, np.cross(up, pointing + facing), 0.02, 0.05)
    put(f"{side} thigh", _upright(hip - knee, leftward), hip)
    shank = _upright(knee - ankle, leftward)
    put(f"{side} shank", shank, knee)
    along = unit(ball - ankle)
    across = np.cross(up, along)
    level = _gradually(np.linalg.norm(across, axis=-1), 0.05, 0.2)
    across = level * unit(across) + (1 - level) * shank[:, :, 1]
    lower = unit(np.cross(across, along))
    across = np.cross(along, lower)
    share = lengths.ball_forward / lengths.foot, (lengths.ankle_height - lengths.ball_height) / lengths.foot
    normal = np.cross(along, across)
    x, z = share[0] * along + share[1] * normal, share[0] * normal - share[1] * along
    put(f"{side} foot", np.stack([x, across, z], axis=-1), ankle)
    toes = unit(tip - ball)
    above = unit(np.cross(toes, across))
    put(f"{side} toes", np.stack([toes, np.cross(above, toes), above], axis=-1), ball)


def _put_arm(put, joints_mm: Joints, side: str, leftward: Vectors) -> None:
    shoulder, elbow, wrist, thumb, knuckles = (joints_mm[:, joint] for joint in _ARM[side])
    hinge = _bending_axis(wrist - elbow, elbow - shoulder, leftward, 0.08, 0.25)
    put(f"{side} upper arm", _upright(shoulder - elbow, hinge), shoulder)
    forearm = _upright(elbow - wrist, hinge)
    hand_up = wrist - knuckles
    reach = np.linalg.norm(hand_up, axis=-1)
    known = _gradually(reach, 5, 15)
    hand_up = known * unit(hand_up) + (1 - known) * forearm[:, :, 2]
    hand = _upright(hand_up, forearm[:, :, 1])
    inner = np.einsum("nij,ni->nj", hand, thumb - wrist)
    mean = np.array([THUMB_DIRECTION[0], -SIDE_SIGN[side] * THUMB_DIRECTION[1]])
    roll = np.arctan2(inner[:, 1], inner[:, 0]) - np.arctan2(mean[1], mean[0])
    roll = (roll + np.pi) % (2 * np.pi) - np.pi
    sure = _gradually(np.linalg.norm(inner[:, :2], axis=-1), 8, 20)[:, 0]
    cosine, sine = np.cos(sure * roll)[:, None], np.sin(sure * roll)[:, None]
    front = cosine * hand[:, :, 0] + sine * hand[:, :, 1]
    put(f"{side} hand", np.stack([front, np.cross(hand[:, :, 2], front), hand[:, :, 2]], axis=-1), wrist)
    down = forearm[:, :, 2]
    left = unit(np.cross(down, front))
    put(f"{side} forearm", np.stack([np.cross(left, down), left, down], axis=-1), elbow)
