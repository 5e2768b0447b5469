"""Trunk, head and arms of a walker: they follow the pelvis, look ahead into turns, and swing against the legs."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from preprocessing.capture.anatomy import SIDES, Person
from preprocessing.capture.footsteps import Progress, drift, foot_phase
from preprocessing.capture.motion import SIDE_SIGN

Matrices = Float[ndarray, "samples 3 3"]


def turned(yaw: ndarray, roll: ndarray | float, pitch: ndarray | float) -> Matrices:
    """A part of the body turned about the vertical, then rolled to the right, then pitched forward; radians."""
    parts = np.broadcast_arrays(yaw, roll, pitch)
    return Rotation.from_euler("ZXY", np.stack(parts, axis=-1)).as_matrix()


def pelvis_rotation(person: Person, heading: ndarray, phase: ndarray, reach: ndarray, roll: ndarray) -> Matrices:
    """The pelvis: the leg that reaches forward takes its side along, the swinging side hangs a little lower."""
    gait = person.gait
    cycle = 2 * np.pi * phase
    yaw = heading - np.radians(gait.pelvic_rotation) * reach * np.cos(cycle - 0.1)
    hang = np.radians(gait.pelvic_list) * (np.sin(cycle - 0.15) + 0.25 * np.sin(3 * cycle - 0.3))
    tilt = np.radians(gait.pelvic_tilt + 1.0 * np.cos(2 * cycle))
    return turned(yaw, hang + 0.35 * roll, tilt)


def trunk_and_head(
    person: Person, progress: Progress, pelvis: Matrices, roll: ndarray, generator: np.random.Generator
) -> dict[str, Matrices]:
    """Rotations of spine, chest and head."""
    gait = person.gait
    cycle = 2 * np.pi * progress.phase
    ahead = np.interp(progress.time_s + 0.35, progress.time_s, progress.heading) - progress.heading
    lean = np.radians(
        gait.lean + 0.6 * gait.unsteadiness * drift(generator, progress.time_s, 1.5) + 1.1 * np.cos(2 * cycle - 0.6)
    )
    side = roll + np.radians(1.3) * np.sin(cycle)
    yaw = progress.heading + np.radians(gait.chest_counter) * progress.reach * np.cos(cycle - 0.2) + 0.25 * ahead
    chest = turned(yaw, side, lean)
    between = Rotation.from_matrix(pelvis).inv() * Rotation.from_matrix(chest)
    spine = (Rotation.from_matrix(pelvis) * Rotation.from_rotvec(0.5 * between.as_rotvec())).as_matrix()
    glance = np.radians(3.5) * drift(generator, progress.time_s, 1.3)
    nod = np.radians(gait.head_pitch + 1.8 * drift(generator, progress.time_s, 1.2) - 0.8 * np.cos(2 * cycle - 0.6))
    head = turned(progress.heading + 0.75 * ahead + 0.15 * (yaw - progress.heading) + glance, 0.3 * side, nod)
    return {"spine": spine, "chest": chest, "head": head}


def arms(person: Person, progress: Progress, chest: Matrices, generator: np.random.Generator) -> dict[str, Matrices]:
    """Rotations of both arms; each swings forward with the leg of the other side."""
    gait, time_s = person.gait, progress.time_s
    upright = Rotation.from_matrix(chest).as_euler("ZXY") * np.array([1.0, 0.35, 0.25])
    girdle = Rotation.from_euler("ZXY", upright)
    vigour = np.clip(progress.reach, 0.3, 1.3) ** 0.8
    rotations: dict[str, Matrices] = {}
    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        sign = SIDE_SIGN[side]
        cycle = 2 * np.pi * foot_phase(progress, person, other)
        swing = gait.arm_swing * (1 + sign * gait.arm_asymmetry) * vigour * (1 + 0.06 * drift(generator, time_s, 1.4))
        beat = np.cos(cycle + 0.15)
        forward = gait.arm_forward + swing * (beat + 0.07 * np.cos(2 * cycle))
        bend = gait.elbow + gait.elbow_swing * swing / 18 * np.cos(cycle - 0.25) + 1.2 * drift(generator, time_s, 1.2)
        bend = 6 + np.logaddexp(0, (bend - 6) / 4) * 4
        away = gait.abduction + 0.7 * drift(generator, time_s, 1.3) + 2.5 * np.exp(-((forward / 12) ** 2))
        inward = np.full_like(away, -sign * 4.0)
        upper = girdle * Rotation.from_euler("YXZ", np.stack([-forward, sign * away, inward], axis=-1), degrees=True)
        fore = upper * Rotation.from_euler(
            "YZ", np.stack([-bend, np.full_like(bend, -sign * gait.palm_turn)], axis=-1), degrees=True
        )
        hand = fore * Rotation.from_euler("x", -sign * gait.wrist, degrees=True)
        rotations |= {
            f"{side} upper arm": upper.as_matrix(),
            f"{side} forearm": fore.as_matrix(),
            f"{side} hand": hand.as_matrix(),
        }
    return rotations
