"""Legs that walk: feet that stand still, heels that land, toes that push off, and swings that join them smoothly.

In stance the foot is fixed to the floor and rolls over heel and ball; the leg's angles follow from it. In swing the leg
takes the angles of an ordinary stride plus a correction, a quintic in time, that makes place, speed and acceleration
continuous at both ends. Interpolating angles keeps the knee's curve human whatever the feet have to reach for.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from preprocessing.capture.anatomy import Person
from preprocessing.capture.foot_contact import (
    ball_lift_mm,
    detour_past_foot,
    lift_over_floor,
    lowest_mm,
    rolled_ankle_mm,
    rolled_toes,
    smooth_step,
)
from preprocessing.capture.footsteps import Footsteps, Progress, foot_phase, leg_offset_mm
from preprocessing.capture.gait_curves import FLAT_FROM, FLAT_TO, TOE_OFF, foot_pitch, knee_flexion
from preprocessing.capture.leg_angles import (
    angles_of_span,
    bent_leg,
    height_over_mm,
    leg_length_mm,
    quintic,
    span_of_angles,
)
from preprocessing.capture.motion import SIDE_SIGN

_AT_LEAVING = np.array([1, 1, 1, 0.7]), np.array([1, 1, 1, 0])
_AT_LANDING = np.array([1, 1, 0.0, 1]), np.zeros(4)
"""Shares of speed and acceleration that swing takes over from stance, for each of its four coordinates. A landing is
an impact: a knee that had to arrive already bending as fast as it will bend would overstretch first."""
_STEEPEST = np.radians(-80)
"""No foot is pitched beyond this on the floor."""
_CARRYING = (0.0, 0.06, 0.14, 0.2, 0.27, 0.34, 0.39)
"""Phases at which a leg decides how high the pelvis is: at the landing and over the flat foot."""
_TICK_S = 0.008
"""For derivatives at the ends of a swing."""


@dataclasses.dataclass(frozen=True, eq=False)
class PelvisPath:
    """The pelvis as functions of time in seconds: place in mm, orientation, and the heading that legs refer to."""

    place_mm: Callable[[ndarray], Float[ndarray, "samples 3"]]
    rotation: Callable[[ndarray], Float[ndarray, "samples 3 3"]]
    heading: Callable[[ndarray], Float[ndarray, "samples"]]

    def hip_mm(self, time_s: Float[ndarray, "samples"], offset_mm: float) -> Float[ndarray, "samples 3"]:
        """The hip joint that lies so far to the left of the pelvis."""
        return self.place_mm(time_s) + self.rotation(time_s)[:, :, 1] * offset_mm


@dataclasses.dataclass(frozen=True, eq=False)
class LegPose:
    """One leg over all samples: rotations of its four bones, and whether its sole lies flat and still."""

    thigh: Float[ndarray, "samples 3 3"]
    shank: Float[ndarray, "samples 3 3"]
    foot: Float[ndarray, "samples 3 3"]
    toes: Float[ndarray, "samples 3 3"]
    flat: Bool[ndarray, "samples"]


class SteppingLeg:
    """One leg of a walker on its planned footsteps."""

    def __init__(self, person: Person, progress: Progress, steps: Footsteps, side: str):
        self.person, self.lengths, self.side, self.steps = person, person.lengths_mm, side, steps
        self.sign = SIDE_SIGN[side]
        self.time_s = progress.time_s
        self.phase = foot_phase(progress, person, side)
        self._phase = CubicSpline(progress.time_s, self.phase)
        self._reach = CubicSpline(progress.time_s, progress.reach)

    def stride_at(self, phase: Float[ndarray, "samples"]) -> Int[ndarray, "samples"]:
        """The entry in `steps` of the stride that each sample belongs to."""
        return np.clip(np.floor(phase).astype(int) - self.steps.first, 0, len(self.steps.yaw) - 2)

    def usual_pitch(self, time_s: Float[ndarray, "samples"]) -> Float[ndarray, "samples"]:
        """Radians by which the toes point up in an ordinary stride at this reach."""
        gait = self.person.gait
        vigour = np.clip(0.4 + 0.6 * self._reach(time_s), 0.5, 1.15)
        return np.radians(vigour * foot_pitch(self._phase(time_s), gait.heel_strike, gait.push_off))

    def standing(
        self, time_s: Float[ndarray, "samples"], stride: Int[ndarray, "samples"], pelvis: PelvisPath
    ) -> Float[ndarray, "samples 4"]:
        """The four coordinates of `usual_angles` as the foot of the given stride demands them."""
        hip = pelvis.hip_mm(time_s, self.sign * self.lengths.hip_offset)
        pitch = self._standing_pitch(time_s, stride, hip)
        span = self.standing_ankle_mm(pitch, stride) - hip
        return np.column_stack([angles_of_span(span, pelvis.heading(time_s), self.lengths), pitch])

    def _standing_pitch(
        self, time_s: Float[ndarray, "samples"], stride: Int[ndarray, "samples"], hip_mm: Float[ndarray, "samples 3"]
    ) -> Float[ndarray, "samples"]:
        """The usual pitch up to the heel's rise; from there on the one that gives the knee its usual bend."""
        phase, gait = self._phase(time_s), self.person.gait
        within = phase - (self.steps.first + stride)
        usual = self.usual_pitch(time_s)
        knee = knee_flexion(phase, gait.knee_stance, gait.knee_peak)
        wanted = np.minimum(usual, 0)
        for _ in range(6):  # Newton's method; the span grows by about 3 mm a degree
            miss = self._span_mm(wanted, stride, hip_mm) - leg_length_mm(knee, self.lengths)
            nudge = np.radians(0.2)
            longer, shorter = (self._span_mm(wanted + change, stride, hip_mm) for change in (nudge, -nudge))
            slope = (longer - shorter) / (2 * nudge)
            wanted = np.clip(wanted - miss / np.maximum(slope, 40.0), _STEEPEST, 0.0)
        return usual + smooth_step(np.clip((within - FLAT_TO) / 0.1, 0, 1)) * (wanted - usual)

    def _span_mm(
        self, pitch: Float[ndarray, "samples"], stride: Int[ndarray, "samples"], hip_mm: Float[ndarray, "samples 3"]
    ) -> Float[ndarray, "samples"]:
        """Hip to ankle over a standing foot."""
        return np.linalg.norm(self.standing_ankle_mm(pitch, stride) - hip_mm, axis=-1)

    def standing_ankle_mm(
        self, pitch: Float[ndarray, "samples"], stride: Int[ndarray, "samples"]
    ) -> Float[ndarray, "samples 3"]:
        """Where the ankle is while the foot of the given stride stands on heel, sole or ball."""
        ahead, height = rolled_ankle_mm(pitch, self.lengths)
        yaw = self.steps.yaw[stride]
        ankle = self.steps.ankle_mm[stride] + ahead[:, None] * np.stack([np.cos(yaw), np.sin(yaw)], axis=-1)
        return np.concatenate([ankle, height[:, None]], axis=-1)

    def usual_angles(self, time_s: Float[ndarray, "samples"]) -> Float[ndarray, "samples 4"]:
        """Swing forward, swing to the left, cosine of the knee's flexion, and foot pitch of an ordinary stride."""
        phase, gait = self._phase(time_s), self.person.gait
        forward, down = leg_offset_mm(phase, self._reach(time_s), self.person)
        straight = np.cos(np.radians(knee_flexion(phase, gait.knee_stance, gait.knee_peak)))
        return np.stack([np.arctan2(forward, down), np.zeros_like(down), straight, self.usual_pitch(time_s)], axis=-1)

    def move(self, pelvis: PelvisPath, other: "SteppingLeg") -> LegPose:
        """The whole leg, given where the pelvis goes and where the other leg stands."""
        time_s, phase = self.time_s, self.phase
        stride = self.stride_at(phase)
        within = phase - np.floor(phase)
        swings = within > TOE_OFF
        angles = np.where(swings[:, None], self._swing(pelvis, stride), self.standing(time_s, stride, pelvis))
        share = np.clip((within - TOE_OFF) / (1 - TOE_OFF), 0, 1)
        yaw = self.steps.yaw[stride] + (self.steps.yaw[stride + 1] - self.steps.yaw[stride]) * smooth_step(share)
        hip = pelvis.hip_mm(time_s, self.sign * self.lengths.hip_offset)
        heading, pitch = pelvis.heading(time_s), angles[:, 3]
        for _ in range(2):
            span = span_of_angles(angles[:, :3], heading, self.lengths)
            lift = lift_over_floor(lowest_mm((hip + span)[:, 2], pitch, self.lengths), share, stride)
            angles[:, 2] -= lift * np.linalg.norm(span, axis=-1) / (self.lengths.thigh * self.lengths.shank)
            gap = self._gap_mm((hip + span)[:, :2], yaw, other)
            angles[:, 1] += self.sign * detour_past_foot(gap, share, stride) / self.lengths.leg
        span = span_of_angles(angles[:, :3], heading, self.lengths)
        facing = pelvis.rotation(time_s)[:, :, 0] * np.array([1, 1, 0])
        toward = np.stack([np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)], axis=-1)
        toward += facing / np.linalg.norm(facing, axis=-1, keepdims=True)
        thigh, shank = bent_leg(span, toward, self.lengths)
        foot = Rotation.from_euler("ZY", np.stack([yaw, -pitch], axis=-1)).as_matrix()
        toe_pitch = rolled_toes(pitch, ball_lift_mm((hip + span)[:, 2], pitch, self.lengths), self.lengths)
        toes = Rotation.from_euler("ZY", np.stack([yaw, -toe_pitch], axis=-1)).as_matrix()
        return LegPose(thigh, shank, foot, toes, (within > FLAT_FROM) & (within < FLAT_TO))

    def _gap_mm(
        self, ankle_mm: Float[ndarray, "samples 2"], yaw: Float[ndarray, "samples"], other: "SteppingLeg"
    ) -> Float[ndarray, "samples"]:
        """How far sideways this foot is from the other's place on the floor; large while they are not abreast."""
        stride = other.stride_at(other.phase)
        place, toward = other.steps.ankle_mm[stride], other.steps.yaw[stride]
        ahead = np.stack([np.cos(toward), np.sin(toward)], axis=-1)
        aside = self.sign * np.stack([-np.sin(toward), np.cos(toward)], axis=-1)
        gaps = []
        for along in (-self.lengths.heel, 0.0, self.lengths.ball_forward):
            away = ankle_mm + along * np.stack([np.cos(yaw), np.sin(yaw)], axis=-1) - place
            beyond = np.sum(away * ahead, axis=-1) - 0.5 * self.lengths.ball_forward
            farther = np.maximum(np.abs(beyond) - self.lengths.foot, 0)
            gaps.append(np.sum(away * aside, axis=-1) + farther)
        return np.min(gaps, axis=0)

    def _swing(self, pelvis: PelvisPath, stride: Int[ndarray, "samples"]) -> Float[ndarray, "samples 4"]:
        """An ordinary swing, corrected so as to leave one stance and reach the next without a jerk."""
        count = len(self.steps.landing_s)
        numbers = self.steps.first + np.arange(count)
        leave_s = np.interp(numbers[:-1] + TOE_OFF, self.phase, self.time_s)
        land_s = self.steps.landing_s[1:]
        span_s = (land_s - leave_s)[:, None]
        ends = []
        for moment, entry, kept_speed, kept_bend in (
            (leave_s, np.arange(count - 1), *_AT_LEAVING),
            (land_s, np.arange(1, count), *_AT_LANDING),
        ):
            before, at, after = (
                self.standing(moment + tick, entry, pelvis) - self.usual_angles(moment + tick)
                for tick in (-_TICK_S, 0.0, _TICK_S)
            )
            speed, bend = (after - before) / (2 * _TICK_S), (after - 2 * at + before) / _TICK_S**2
            ends += [at, kept_speed * speed * span_s, kept_bend * bend * span_s**2]
        share = np.clip((self.time_s - leave_s[stride]) / (land_s - leave_s)[stride], 0, 1)
        return self.usual_angles(self.time_s) + quintic(share, *(end[stride] for end in ends))


def carried_height_mm(
    legs: list[SteppingLeg], place_mm: Float[ndarray, "samples 2"], rotation: Float[ndarray, "samples 3 3"]
) -> Float[ndarray, "samples"]:
    """The pelvis's height at which the standing knees have their usual bend."""
    time_s = legs[0].time_s
    tick = float(time_s[1] - time_s[0])
    knots = []
    for leg in legs:
        stride = leg.stride_at(leg.phase + 0.05)
        ankle = leg.standing_ankle_mm(leg.usual_pitch(time_s), stride)
        hip = rotation[:, :, 1] * (leg.sign * leg.lengths.hip_offset)
        aside = np.linalg.norm(ankle[:, :2] - place_mm - hip[:, :2], axis=-1)
        base = ankle[:, 2] - hip[:, 2]
        knee = knee_flexion(leg.phase, leg.person.gait.knee_stance, leg.person.gait.knee_peak)
        wished = base + height_over_mm(aside, knee, leg.lengths)
        for share in _CARRYING:
            numbers = np.arange(np.ceil(leg.phase[0] - share), leg.phase[-1] - share)
            moments = np.interp(numbers + share, leg.phase, time_s)
            knots.append(np.stack([moments, np.interp(moments, time_s, wished)]))
    moments, heights = np.concatenate(knots, axis=1)
    order = np.argsort(moments)
    carried = CubicSpline(moments[order], heights[order])(np.clip(time_s, moments.min(), moments.max()))
    return gaussian_filter1d(carried, 0.02 / tick)
