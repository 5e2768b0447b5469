"""Walking: one call makes a person walk along a path through the room, with every joint known."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline

from preprocessing.capture.anatomy import BONES, SIDES, Person, seeded
from preprocessing.capture.footsteps import Progress, plan_footsteps, walk_along
from preprocessing.capture.leg_kinematics import PelvisPath, SteppingLeg, carried_height_mm
from preprocessing.capture.motion import Motion, pose_skeleton
from preprocessing.capture.paths import PATHS, WalkingPath, draw_path
from preprocessing.capture.upper_body import arms, pelvis_rotation, trunk_and_head

_RATE = 100
"""Samples per second inside; a multiple of the 50 frames per second that come out."""
_MARGIN_S = 4.0
"""Walked before the first and after the last frame, so that no filter or stride begins at an edge."""
_GRAVITY_MM_S2 = 9810.0


def walk(person: Person, frames: int, *, seed: int, path: str | None = None, fps: float = 50.0) -> Motion:
    """Makes a person walk through the room, which all cameras see.

    Args:
        person: who walks; sizes and style are taken from here.
        frames: how many frames to return.
        seed: of the path, the starting place and the unsteadiness; the same arguments give the same bytes.
        path: one of `paths.PATHS`, or None to draw one.
        fps: a whole fraction of 50; lower rates are every n-th frame of the same walk.
    """
    generator = seeded("walk", person.name, seed)
    kind = str(generator.choice(PATHS)) if path is None else path
    return walk_on(draw_path(kind, generator), person, frames, generator, fps)


def walk_on(route: WalkingPath, person: Person, frames: int, generator: np.random.Generator, fps: float) -> Motion:
    """The same along a path of one's own."""
    step = round(50 / fps)
    if not np.isclose(step * fps, 50):
        raise ValueError(f"fps is {fps}; it must be 50 divided by a whole number")
    samples = round((frames * step / 50 + 2 * _MARGIN_S) * _RATE) + 1
    time_s = np.arange(samples) / _RATE - _MARGIN_S
    motion = _walk_samples(person, route, walk_along(route, person, time_s, generator), generator)
    first = round(_MARGIN_S * _RATE)
    every = _RATE // 50 * step
    return motion[first : first + frames * every : every]


def _walk_samples(person: Person, route: WalkingPath, progress: Progress, generator: np.random.Generator) -> Motion:
    """The whole walk at the inner rate."""
    steps = {side: plan_footsteps(route, person, progress, side, generator) for side in SIDES}
    legs = {side: SteppingLeg(person, progress, steps[side], side) for side in SIDES}
    roll = -0.55 * progress.speed_mm_s * progress.turn_rate / _GRAVITY_MM_S2
    pelvis = _carry_pelvis(person, route, progress, list(legs.values()), roll)
    time_s = progress.time_s
    rotation = {"pelvis": pelvis.rotation(time_s)}
    rotation |= trunk_and_head(person, progress, rotation["pelvis"], roll, generator)
    rotation |= arms(person, progress, rotation["chest"], generator)
    flat = []
    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        pose = legs[side].move(pelvis, legs[other])
        flat.append(pose.flat)
        rotation |= {f"{side} {bone}": getattr(pose, bone) for bone in ("thigh", "shank", "foot", "toes")}
    stacked = np.stack([rotation[bone] for bone in BONES], axis=1)
    return pose_skeleton(person.lengths_mm, pelvis.place_mm(time_s), stacked, np.stack(flat, axis=-1), float(_RATE))


def _carry_pelvis(
    person: Person, route: WalkingPath, progress: Progress, legs: list[SteppingLeg], roll: Float[ndarray, "samples"]
) -> PelvisPath:
    """Moves the pelvis along the path: swaying over the standing foot, leaning into turns, carried by the legs."""
    cycle = 2 * np.pi * progress.phase
    left = np.stack([-np.sin(progress.heading), np.cos(progress.heading)], axis=-1)
    hip_height = person.lengths_mm.leg
    aside = person.gait.sway * np.sin(cycle - 0.45) - 0.5 * hip_height * roll + progress.aside_mm
    place = route.position_mm(progress.walked_mm) + aside[:, None] * left
    phase, reach, heading, side_lean = (
        CubicSpline(progress.time_s, values) for values in (progress.phase, progress.reach, progress.heading, roll)
    )

    def rotation(time_s: Float[ndarray, "samples"]) -> Float[ndarray, "samples 3 3"]:
        return pelvis_rotation(person, heading(time_s), phase(time_s), reach(time_s), side_lean(time_s))

    height = carried_height_mm(legs, place, rotation(progress.time_s))
    return PelvisPath(CubicSpline(progress.time_s, np.column_stack([place, height])), rotation, heading)
