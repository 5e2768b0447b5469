"""When and where a walker steps: progress along the path, the stride's phase, the places of the feet."""

import dataclasses

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from preprocessing.capture.anatomy import Person
from preprocessing.capture.gait_curves import FLAT_FROM, FLAT_TO, THIGH, knee_flexion
from preprocessing.capture.motion import SIDE_SIGN
from preprocessing.capture.paths import WalkingPath

_TURN_SLOWING_MM = 300.0
"""Walking speed falls to half where the path's radius is this."""
_MID_FLAT = (FLAT_FROM + FLAT_TO) / 2


@dataclasses.dataclass(frozen=True, eq=False)
class Progress:
    """The walk as a point that moves along the path, sampled at `time_s`.

    Attributes:
        time_s: (samples,).
        walked_mm: (samples,) along the path.
        aside_mm: (samples,) to the left of the path, so that no lap is quite like the last.
        heading: (samples,) radians, the direction in which the body faces.
        turn_rate: (samples,) radians per second.
        speed_mm_s: (samples,).
        phase: (samples,) of the left stride, counting strides: a whole number is a landing of the left heel.
        reach: (samples,) stride length as a share of the length that the unscaled thigh curve makes.
    """

    time_s: Float[ndarray, "samples"]
    walked_mm: Float[ndarray, "samples"]
    aside_mm: Float[ndarray, "samples"]
    heading: Float[ndarray, "samples"]
    turn_rate: Float[ndarray, "samples"]
    speed_mm_s: Float[ndarray, "samples"]
    phase: Float[ndarray, "samples"]
    reach: Float[ndarray, "samples"]


@dataclasses.dataclass(frozen=True, eq=False)
class Footsteps:
    """Where one foot is put down, one entry per stride of that foot.

    Attributes:
        first: the number of the first stride, as counted by the foot's own phase.
        landing_s: (strides,) when the heel lands.
        ankle_mm: (strides, 2) the ankle's place while the sole is flat.
        yaw: (strides,) radians, where the toes point.
    """

    first: int
    landing_s: Float[ndarray, "strides"]
    ankle_mm: Float[ndarray, "strides 2"]
    yaw: Float[ndarray, "strides"]


def drift(
    generator: np.random.Generator, time_s: Float[ndarray, "samples"], period_s: float
) -> Float[ndarray, "samples"]:
    """A slow random wandering about 0 with a spread of about 1, smooth on the scale of `period_s`."""
    knots = np.arange(time_s[0] - 3 * period_s, time_s[-1] + 3 * period_s, period_s)
    return CubicSpline(knots, np.clip(generator.standard_normal(len(knots)), -2, 2))(time_s)


def leg_offset_mm(
    phase: Float[ndarray, "*batch"], reach: Float[ndarray, "*batch"], person: Person
) -> tuple[Float[ndarray, "*batch"], Float[ndarray, "*batch"]]:
    """How far in front of and below its hip an ordinary stride holds the ankle, in mm."""
    lengths = person.lengths_mm
    mean = 4.5
    thigh = np.radians(mean + reach * (THIGH(phase) - mean))
    shank = thigh - np.radians(knee_flexion(phase, person.gait.knee_stance, person.gait.knee_peak))
    forward = lengths.thigh * np.sin(thigh) + lengths.shank * np.sin(shank)
    down = lengths.thigh * np.cos(thigh) + lengths.shank * np.cos(shank)
    return forward, down


def natural_stride_mm(person: Person) -> float:
    """The stride length at which the unscaled thigh curve carries the hip over a foot that stands still."""
    forward, _ = leg_offset_mm(np.array([FLAT_FROM, FLAT_TO]), np.ones(2), person)
    return float((forward[0] - forward[1]) / (FLAT_TO - FLAT_FROM))


def walk_along(
    path: WalkingPath, person: Person, time_s: Float[ndarray, "samples"], generator: np.random.Generator
) -> Progress:
    """Moves along the path from a random place on it, slower where it bends, with a little unsteadiness."""
    gait = person.gait
    step_mm = path.length_mm / 2000
    places = np.arange(2000) * step_mm
    bend = gaussian_filter1d(np.abs(path.curvature(places)), 120 / step_mm, mode="wrap")
    slowed = gait.speed_mm_s / (1 + (_TURN_SLOWING_MM * bend) ** 1.5)
    seconds = np.concatenate([[0.0], np.cumsum(step_mm / slowed)])
    lap_s = seconds[-1]
    haste = 1 + 0.02 * gait.unsteadiness * drift(generator, time_s, 1.6)
    own_time = np.concatenate([[0.0], np.cumsum(0.5 * (haste[1:] + haste[:-1]) * np.diff(time_s))])
    own_time += generator.uniform(0, lap_s)
    laps, within = np.divmod(own_time, lap_s)
    walked = laps * path.length_mm + np.interp(within, seconds, np.append(places, path.length_mm))
    tick = float(time_s[1] - time_s[0])
    walked = gaussian_filter1d(walked, 0.1 / tick, mode="nearest")
    speed = np.gradient(walked, tick)
    aside = 35 * drift(generator, time_s, 2.5)
    heading = gaussian_filter1d(path.heading(walked + 0.1 * speed), 0.2 / tick, mode="nearest")
    pace = speed / gait.speed_mm_s
    frequency = gait.cadence_per_min / 120 * pace**0.45
    frequency *= 1 + 0.008 * gait.unsteadiness * drift(generator, time_s, 1.1)
    phase = generator.uniform(0, 1) + np.cumsum(frequency) * tick
    reach = gaussian_filter1d(speed / frequency, 0.25 / tick, mode="nearest") / natural_stride_mm(person)
    return Progress(time_s, walked, aside, heading, np.gradient(heading, tick), speed, phase, reach)


def plan_footsteps(
    path: WalkingPath, person: Person, progress: Progress, side: str, generator: np.random.Generator
) -> Footsteps:
    """Lays one foot's steps beside the path, so that the hip passes over each foot as in an ordinary stride."""
    gait = person.gait
    phase = foot_phase(progress, person, side)
    strides = np.arange(int(np.ceil(phase[0])), int(np.floor(phase[-1])))
    middle_s = np.interp(strides + _MID_FLAT, phase, progress.time_s)
    ahead, _ = leg_offset_mm(
        np.full(len(strides), _MID_FLAT), np.interp(middle_s, progress.time_s, progress.reach), person
    )
    body_mm = np.interp(middle_s, progress.time_s, progress.walked_mm)
    heading = np.interp(middle_s, progress.time_s, progress.heading)
    outward = SIDE_SIGN[side] * np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
    jitter = gait.unsteadiness * np.clip(generator.standard_normal((len(strides), 2)), -2, 2)
    turning = np.clip(np.abs(np.interp(middle_s, progress.time_s, progress.turn_rate)), 0, 2)[:, None]
    beside = gait.step_width / 2 * (1 + 0.12 * jitter[:, :1]) + 14 * turning  # turns are taken with the feet apart
    yaw = heading + np.radians(SIDE_SIGN[side] * gait.toe_out + 1.2 * jitter[:, 1])
    strayed = SIDE_SIGN[side] * np.interp(middle_s, progress.time_s, progress.aside_mm)[:, None]
    ankle = path.position_mm(body_mm + ahead) + (beside + strayed) * outward
    return Footsteps(int(strides[0]), np.interp(strides, phase, progress.time_s), ankle, yaw)


def foot_phase(progress: Progress, person: Person, side: str) -> Float[ndarray, "samples"]:
    """The phase of one foot's own strides: whole numbers are landings of its heel."""
    return progress.phase + (0.0 if side == "left" else 0.5 - person.gait.step_asymmetry)
