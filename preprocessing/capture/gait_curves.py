"""What the legs do in one stride of ordinary level walking, as smooth periodic functions of the stride's phase.

Phase 0 is the moment the heel lands, `TOE_OFF` the moment the same foot's toes leave the floor, 1 the next landing.
The knots are our own round numbers, set against two public measurements: the mean knee curve of Schwartz et al. (J.
Biomechanics 2008), which `tests/test_gait.py` compares with the walks that come out, and the hip and knee angles of 39
boys in the `gait` data of R's package fda (correlation with several of them: knee 0.99, thigh against hip above 0.98).
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

TOE_OFF = 0.62
FLAT_FROM, FLAT_TO = 0.09, 0.36
"""Between these phases the whole sole lies still on the floor."""


class StrideCurve:
    """A smooth periodic curve through knots given at percents of the stride.

    Args:
        knots: (percent of the stride, value), percents ascending from 0.
        blur: width in strides of the blur that rounds the corners of the monotone interpolation.
    """

    def __init__(self, knots: tuple[tuple[float, float], ...], blur: float = 0.012):
        percent, value = np.array(knots, dtype=np.float64).T
        phase = np.concatenate([percent / 100 - 1, percent / 100, percent / 100 + 1])
        samples = np.linspace(0, 1, 1000, endpoint=False)
        monotone = PchipInterpolator(phase, np.tile(value, 3))(samples)
        rounded = gaussian_filter1d(monotone, blur * 1000, mode="wrap")
        self._spline = CubicSpline(
            np.append(samples, 1)[::10], np.append(rounded, rounded[0])[::10], bc_type="periodic"
        )

    def __call__(self, phase: Float[ndarray, "*batch"]) -> Float[ndarray, "*batch"]:
        return self._spline(phase)


THIGH = StrideCurve(
    (
        (0, 23), (6, 22), (12, 19), (20, 11.5), (30, 1.5), (40, -8.5), (47, -14), (52, -16), (57, -14.5), (62, -8.5),
        (67, 0.5), (73, 11), (80, 20), (86, 24.5), (91, 25.5), (96, 24),
    ),
)  # fmt: skip
"""Degrees by which the thigh stands forward of the vertical."""

KNEE_STANCE = StrideCurve(
    ((0, 0), (4, 0.4), (8, 0.85), (12.5, 1), (18, 0.84), (25, 0.55), (33, 0.24), (40, 0.06), (45, 0), (99, 0))
)
"""Share of the person's own loading flexion of the knee."""

KNEE_SWING = StrideCurve(
    (
        (0, 0), (38, 0), (44, 0.025), (50, 0.11), (55, 0.26), (60, 0.54), (65, 0.85), (69, 0.975), (72, 1), (75, 0.965),
        (80, 0.82), (85, 0.55), (90, 0.23), (94, 0.05), (97, 0),
    ),
    blur=0.01,
)  # fmt: skip
"""Share of the person's own peak flexion of the knee in swing."""

KNEE_LEAST = 5.0
"""Degrees to which the knee extends at the landing and late in stance."""

HEEL_ROCKER = StrideCurve(
    ((0, 1), (3, 0.6), (6, 0.1), (8, 0), (72, 0), (78, 0.02), (84, 0.35), (89, 0.75), (94, 1.06), (97, 1.1)), blur=0.008
)
"""How far the toes point up, as a share of their pitch at the landing."""

TOE_ROCKER = StrideCurve(
    (
        (0, 0), (36, 0), (40, 0.02), (44, 0.09), (48, 0.2), (52, 0.38), (56, 0.63), (60, 0.9), (63, 1.0), (66, 0.97),
        (70, 0.76), (75, 0.44), (80, 0.17), (85, 0.03), (88, 0),
    ),
    blur=0.008,
)  # fmt: skip
"""How steep the foot stands on its toes, as a share of its pitch when it leaves the floor."""


def knee_flexion(phase: Float[ndarray, "*batch"], stance_peak: float, swing_peak: float) -> Float[ndarray, "*batch"]:
    """Degrees of knee flexion of someone with the given peaks."""
    loading = (stance_peak - KNEE_LEAST) * KNEE_STANCE(phase)
    swinging = (swing_peak - KNEE_LEAST) * KNEE_SWING(phase)
    return KNEE_LEAST + loading + swinging


def foot_pitch(phase: Float[ndarray, "*batch"], heel_strike: float, push_off: float) -> Float[ndarray, "*batch"]:
    """Degrees by which the toes point up, exactly 0 while the sole lies flat."""
    pitch = heel_strike * HEEL_ROCKER(phase) - push_off * TOE_ROCKER(phase)
    stride = np.mod(phase, 1)
    return np.where((stride > FLAT_FROM) & (stride < FLAT_TO), 0.0, pitch)
