"""How far a mean over sequences can be trusted: block bootstrap, whole sequences drawn with replacement."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

FEWEST = 4
"""With fewer sequences there is no interval."""

DRAWS = 4000
SHARE = 0.95


def interval(
    values: Float[ndarray, "sequences"], weights: Float[ndarray, "sequences"], seed: int = 0
) -> tuple[float, float] | None:
    """The middle 95 % of weighted means over sequences drawn with replacement (Efron 1979); None for fewer than 4.

    Frames of one sequence are much alike, so a sequence is drawn whole or not at all.

    Args:
        values: the mean of each sequence.
        weights: how many frames each mean is over.
        seed: of the draws.
    """
    if len(values) < FEWEST:
        return None
    drawn = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    means = (values[drawn] * weights[drawn]).sum(1) / weights[drawn].sum(1)
    low, high = np.quantile(means, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)


def of_metric(per_view: Mapping[str, Any], metric: str, who: str = "network") -> tuple[float, float] | None:
    """The interval of a metric from the per-view part of results.json."""
    groups = list(per_view.values())
    values = np.array([group[metric][who] for group in groups], float)
    return interval(values, weights_of(per_view, metric))


def weights_of(per_view: Mapping[str, Any], metric: str) -> Float[ndarray, "sequences"]:
    """How much each sequence counts in the metric's mean.

    MPJVE and constancy are means over pairs of consecutive frames, of which a sequence has one fewer than frames.
    """
    frames = np.array([group["frames"] for group in per_view.values()], float)
    return frames - 1 if metric in ("mpjve", "constancy") else frames
