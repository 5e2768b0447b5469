"""A foot on the floor: rolling over heel, ball and toes, and how much air is under it in swing."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from preprocessing.capture.anatomy import BoneLengths

_TOES_BEND = np.radians(30)
"""How far the foot rises over the toes before it takes them along."""
_CLEARANCE_MM = 6.0
"""Least air under a swinging foot midway; people have 10 to 20 mm, and less now and then."""
_PASSING_MM = 88.0
"""Least distance between the middle lines of two feet that pass each other."""


def rolled_ankle_mm(
    pitch: Float[ndarray, "samples"], lengths: BoneLengths
) -> tuple[Float[ndarray, "samples"], Float[ndarray, "samples"]]:
    """How far the ankle lies in front of its place over the flat sole, and its height, on a foot pitched on the floor.

    Toes up, the foot turns about the heel's edge on the floor; toes down, about the toe base
    and in the end, when the toes bend no further, about their tips.
    """
    cosine, sine = np.cos(pitch), np.sin(pitch)
    on_heel = (
        -lengths.heel * (1 - cosine) - lengths.ankle_height * sine,
        lengths.heel * sine + lengths.ankle_height * cosine,
    )
    rise, ball = lengths.ankle_height - lengths.ball_height, lengths.ball_forward
    toes = -0.85 * softly_positive(-pitch - _TOES_BEND, np.radians(5))
    on_toes = (
        ball + lengths.toes * (1 - np.cos(toes)) - ball * cosine - rise * sine,
        lengths.ball_height - lengths.toes * np.sin(toes) - ball * sine + rise * cosine,
    )
    return np.where(pitch > 0, on_heel[0], on_toes[0]), np.where(pitch > 0, on_heel[1], on_toes[1])


def rolled_toes(
    pitch: Float[ndarray, "samples"], lift_mm: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples"]:
    """The toes' pitch: the foot's, unless the floor bends them; `lift_mm` is the height above it of the toe base."""
    floor = -np.arcsin(np.clip(lift_mm / lengths.toes, 0, 0.999))
    free = np.where(pitch < 0, 0.5 * pitch, pitch)
    softness = np.radians(1.5)
    return (
        floor
        + softly_positive(free - floor, softness)
        - softness * np.log(2) * np.exp(-np.abs(free - floor) / softness)
    )


def ball_lift_mm(
    ankle_mm: Float[ndarray, "samples"], pitch: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples"]:
    """How far the underside of the ball is above the floor, given the ankle's height."""
    drop = lengths.ankle_height - lengths.ball_height
    return ankle_mm + lengths.ball_forward * np.sin(pitch) - drop * np.cos(pitch) - lengths.ball_height


def lowest_mm(
    ankle_mm: Float[ndarray, "samples"], pitch: Float[ndarray, "samples"], lengths: BoneLengths
) -> Float[ndarray, "samples"]:
    """Height of the foot's lowest point, heel or ball or tip of the toes, given the ankle's height."""
    ball = ball_lift_mm(ankle_mm, pitch, lengths)
    heel = ankle_mm - lengths.heel * np.sin(pitch) - lengths.ankle_height * np.cos(pitch)
    return np.minimum(np.minimum(ball, heel), ball + lengths.toes * np.sin(rolled_toes(pitch, ball, lengths)))


def lift_over_floor(
    lowest: Float[ndarray, "samples"], share: Float[ndarray, "samples"], stride: Int[ndarray, "samples"]
) -> Float[ndarray, "samples"]:
    """The mm by which each swing must be raised, early and late less than midway, to clear the floor; mostly 0."""
    rise = smooth_step(np.clip(share / 0.35, 0, 1)) * smooth_step(np.clip((1 - share) / 0.3, 0, 1))
    inner = (share > 0.2) & (share < 0.93)
    wanted = np.where(inner, (_CLEARANCE_MM * rise - lowest) / np.maximum(rise, 0.15), 0)
    most = np.zeros(stride.max() + 1)
    np.maximum.at(most, stride, np.clip(wanted, 0, 60))
    return most[stride] * rise


def detour_past_foot(
    gap_mm: Float[ndarray, "samples"], share: Float[ndarray, "samples"], stride: Int[ndarray, "samples"]
) -> Float[ndarray, "samples"]:
    """The mm by which each swing must go round the standing foot, most when it is midway; 0 on a straight line."""
    rise = smooth_step(np.clip(share / 0.4, 0, 1)) * smooth_step(np.clip((1 - share) / 0.4, 0, 1))
    inner = (share > 0.12) & (share < 0.88)
    wanted = np.where(inner, (_PASSING_MM - gap_mm) / np.maximum(rise, 0.3), 0)
    most = np.zeros(stride.max() + 1)
    np.maximum.at(most, stride, np.clip(wanted, 0, 110))
    return most[stride] * rise


def softly_positive(value: Float[ndarray, "*batch"], softness: float) -> Float[ndarray, "*batch"]:
    """About the value where it is positive and 0 where it is negative, with a rounded corner of the given width."""
    return softness * np.logaddexp(0, value / softness)


def smooth_step(share: Float[ndarray, "samples"]) -> Float[ndarray, "samples"]:
    """From 0 to 1 with no speed and no acceleration at the ends."""
    return share**3 * (10 - 15 * share + 6 * share**2)
