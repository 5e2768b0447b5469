"""How everything in temporal work is chosen: on the validation views, the smoothest that costs no accuracy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from h36m_pose import metrics
from h36m_pose.temporal.frozen import Observed

WORDS = "chosen on the validation subjects: the lowest MPJVE whose MPJPE is no larger than the single frames'"


class Score(NamedTuple):
    """MPJPE in mm and MPJVE in mm per frame."""

    mpjpe: float
    mpjve: float


def measure(predicted_mm: Sequence[ndarray], observed: Sequence[Observed]) -> Score:
    """The score of predictions, one array per view."""
    target = np.concatenate([np.asarray(each.view.joints_root_mm) for each in observed])
    number = np.repeat(np.arange(len(observed)), [each.view.frames for each in observed])
    predicted = np.concatenate(predicted_mm)
    return Score(metrics.mpjpe(predicted, target), metrics.mpjve(predicted, target, number))


def better(one: Score, other: Score, reference: Score) -> bool:
    """Whether one is better than the other: first of all no less accurate than the reference, then smoother.

    Between two that are less accurate than the reference, the more accurate one is better.
    """
    return _rank(one, reference) < _rank(other, reference)


def _rank(score: Score, reference: Score) -> tuple[bool, float]:
    costs = score.mpjpe > reference.mpjpe
    return costs, score.mpjpe if costs else score.mpjve
