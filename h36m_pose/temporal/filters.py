"""Filters that smooth predicted poses over time without learning; each takes the frames of one view."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.signal import savgol_filter

DERIVATIVE_CUTOFF_HZ = 1.0
"""The 1-euro paper's value for all applications."""


def one_euro(
    signal: Float[ndarray, "frames *axes"],
    rate_hz: float,
    min_cutoff_hz: float,
    beta: float,
    derivative_cutoff_hz: float = DERIVATIVE_CUTOFF_HZ,
) -> Float[ndarray, "frames *axes"]:
    """The 1-euro filter of Casiez, Roussel and Vogel (CHI 2012, algorithm 1), for each axis on its own.

    An exponential smoother, x_i = alpha X_i + (1 - alpha) x_(i-1), whose alpha = 1 / (1 + tau / T) belongs to a cutoff
    frequency by tau = 1 / (2 pi cutoff); the cutoff rises with the smoothed speed: cutoff = min_cutoff + beta |speed|.
    As the algorithm is printed, the speed is taken from the last filtered value to the new raw one; it is 0 at first.
    It looks at no later frame: its delay is 0, and what it smooths comes late (`metrics.lag`).

    Args:
        signal: one sequence.
        rate_hz: frames per second.
        min_cutoff_hz: of a signal at rest; lower smooths more.
        beta: Hz per unit of the signal per second; higher lags less in motion. 0 is the plain smoother.
        derivative_cutoff_hz: of the speed.
    """
    signal = np.asarray(signal, np.float64)
    filtered = np.empty_like(signal)
    filtered[:1] = signal[:1]
    speed = np.zeros(signal.shape[1:])
    share_of_speed = smoothing_share(rate_hz, derivative_cutoff_hz)
    for frame in range(1, len(signal)):
        now = (signal[frame] - filtered[frame - 1]) * rate_hz
        speed = share_of_speed * now + (1 - share_of_speed) * speed
        share = smoothing_share(rate_hz, min_cutoff_hz + beta * np.abs(speed))
        filtered[frame] = share * signal[frame] + (1 - share) * filtered[frame - 1]
    return filtered


def smoothing_share(rate_hz: float, cutoff_hz: float | ndarray) -> float | ndarray:
    """The weight alpha of a new value in an exponential smoother with this cutoff (the paper's algorithm 2)."""
    return 1 / (1 + rate_hz / (2 * np.pi * cutoff_hz))


def savitzky_golay(signal: Float[ndarray, "frames *axes"], window: int, degree: int) -> Float[ndarray, "frames *axes"]:
    """Centred least-squares polynomials (Savitzky & Golay 1964): each frame's value of the one fitted to its window.

    It needs half a window of later frames, its delay. Beyond the ends, the first and last frames are repeated.

    Args:
        signal: one sequence.
        window: odd number of frames, more than `degree`.
        degree: of the polynomials.
    """
    return savgol_filter(np.asarray(signal, np.float64), window, degree, axis=0, mode="nearest")
