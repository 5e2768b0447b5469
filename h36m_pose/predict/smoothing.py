"""Predicted poses smoothed over time, each stretch without gaps on its own; what was predicted stays beside it."""

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.temporal.filters import one_euro, savitzky_golay
from h36m_pose.trust import spans_of

FILTERS = ("none", "one_euro", "savitzky_golay")
MIN_CUTOFF_HZ, BETA = 3.0, 0.003
"""Of the 1-euro filter; beta in Hz per mm/s."""

WINDOW_S, DEGREE = 0.26, 2
"""Of Savitzky-Golay: 13 frames of the release's 50 per second."""

_LEAST_WINDOW = DEGREE + 3
"""Fewer would be fitted exactly, and nothing smoothed."""


def smoothed(
    joints_root_mm: Float[ndarray, "frames 17 3"], fps: float, how: str
) -> tuple[Float[ndarray, "frames 17 3"] | None, dict[str, Any]]:
    """Smoothed poses, and the filter with its settings, its delay and its lag in words and numbers.

    Args:
        joints_root_mm: NaN in gaps.
        fps: frames per second.
        how: one of `FILTERS`.

    Raises:
        InputError: if there is no such filter.
    """
    if how not in FILTERS:
        raise InputError("--smooth", repr(how), f"one of {', '.join(FILTERS)}", "Choose one of these")
    if how == "none":
        return None, {"filter": "none"}
    window = max(_LEAST_WINDOW, round(WINDOW_S * fps)) | 1
    result = np.full(joints_root_mm.shape, np.nan, np.float32)
    for first, last in spans_of(np.isfinite(joints_root_mm).all(axis=(1, 2))):
        part = joints_root_mm[first : last + 1]
        if how == "one_euro":
            result[first : last + 1] = one_euro(part, fps, MIN_CUTOFF_HZ, BETA)
        else:
            fitting = min(window, (len(part) - 1) | 1) if len(part) > 1 else 1
            result[first : last + 1] = savitzky_golay(part, fitting, DEGREE) if fitting > DEGREE else part
    if how == "one_euro":
        lag_ms = 1000 / (2 * np.pi * MIN_CUTOFF_HZ)
        words = f"1-euro filter, {MIN_CUTOFF_HZ:g} Hz and {BETA:g} Hz per mm/s: no later frame needed"
        words += f", the result lags by up to {lag_ms:.0f} ms in slow motion and less in fast"
        settings: dict[str, Any] = {"min_cutoff_hz": MIN_CUTOFF_HZ, "beta_hz_per_mm_s": BETA}
        return result, {
            "filter": how,
            **settings,
            "delay_frames": 0,
            "lag_ms_at_most": round(lag_ms, 1),
            "words": words,
        }
    words = f"Savitzky-Golay, {window} frames, degree {DEGREE}: needs the {window // 2} frames after"
    words += f" ({1000 * (window // 2) / fps:.0f} ms) and does not lag; shorter stretches have shorter windows"
    settings = {"window_frames": window, "degree": DEGREE, "delay_frames": window // 2}
    return result, {"filter": how, **settings, "lag_ms_at_most": 0.0, "words": words}
