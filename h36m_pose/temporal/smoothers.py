"""Filters with their settings chosen on the validation views by a small sweep."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.temporal.choice import Score, better, measure
from h36m_pose.temporal.filters import one_euro, savitzky_golay
from h36m_pose.temporal.frozen import Observed

Smoother = Callable[..., Float[ndarray, "frames 17 3"]]

MIN_CUTOFFS_HZ = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)
BETAS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Hz per mm/s."""

WINDOWS = (5, 7, 9, 13, 17, 21, 27, 35, 43)
DEGREES = (1, 2, 4)


def smooth_one_euro(observed: Observed, rate_hz: float, *, min_cutoff_hz: float, beta: float) -> ndarray:
    """The 1-euro filter on a view's predictions; their axes are smoothed apart."""
    return one_euro(observed.poses_root_mm[0], rate_hz, min_cutoff_hz, beta)


def smooth_savitzky_golay(observed: Observed, rate_hz: float, *, window: int, degree: int) -> ndarray:
    """Savitzky-Golay on a view's predictions, whatever their rate."""
    del rate_hz
    return savitzky_golay(observed.poses_root_mm[0], window, degree)


@dataclasses.dataclass(frozen=True)
class Family:
    """A filter and the settings among which the validation views choose.

    Attributes:
        kind: a word of `windows.KINDS`.
        smooth: takes a view, its rate and the settings.
        grid: the values of each setting; all combinations are tried.
    """

    kind: str
    smooth: Smoother
    grid: dict[str, tuple[Any, ...]]


FAMILIES = {
    "one_euro": Family("causal", smooth_one_euro, {"min_cutoff_hz": MIN_CUTOFFS_HZ, "beta": BETAS}),
    "savitzky_golay": Family("centred", smooth_savitzky_golay, {"window": WINDOWS, "degree": DEGREES}),
}


def delay_frames(settings: dict[str, Any]) -> int:
    """How many later frames a filter needs."""
    return settings["window"] // 2 if "window" in settings else 0


def choose(
    family: Family, validation: Sequence[Observed], rate_hz: float, reference: Score
) -> tuple[dict[str, Any], Score]:
    """The best settings of a filter on the validation views, and their score; see `choice.better`.

    Args:
        family: the filter.
        validation: views of the validation subjects.
        rate_hz: frames per second.
        reference: the frozen network's score on them.
    """
    best: tuple[dict[str, Any], Score] | None = None
    for values in itertools.product(*family.grid.values()):
        settings = dict(zip(family.grid, values, strict=True))
        if settings.get("degree", 0) >= settings.get("window", np.inf):
            continue
        score = measure([family.smooth(each, rate_hz, **settings) for each in validation], validation)
        if best is None or better(score, best[1], reference):
            best = settings, score
    assert best is not None
    return best
