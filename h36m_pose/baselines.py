"""Predictions that look at no picture: what every result must beat."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import skeleton


def zero_pose() -> Float[ndarray, "joints 3"]:
    """All joints on the pelvis."""
    return np.zeros((skeleton.JOINTS, 3))


def mean_pose(joints_root_mm: Iterable[Float[ndarray, "_ joints 3"]]) -> Float[ndarray, "joints 3"]:
    """The mean of all frames of the given sequences (the training subjects'), each frame weighing the same."""
    total, frames = np.zeros((skeleton.JOINTS, 3)), 0
    for sequence in joints_root_mm:
        total += np.sum(sequence, axis=0, dtype=np.float64)
        frames += len(sequence)
    if not frames:
        raise ValueError("there is no training pose to take the mean of")
    return total / frames
