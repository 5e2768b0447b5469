"""How far predicted poses are from the true ones, as the field measures it.

Every metric takes `(predicted_mm, target_mm)` of shape (frames, joints, 3), in millimetres, and returns one float. None
of them centres anything on the root: protocol 1 wants each pose minus its own pelvis, and the caller does that. The
pelvis, whose error is then zero, counts in the mean as one of the 17 joints. Not a number raises `ValueError`.
"""

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from h36m_pose.alignment import align_by_scale, align_by_similarity

PCK_THRESHOLD_MM = 150.0
AUC_THRESHOLDS_MM = np.linspace(0.0, 150.0, 31)
CONSTANT_SHARE = 0.1
MOST_LAG = 10


def joint_errors(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
) -> Float[ndarray, "frames joints"]:
    """The distance of each predicted joint from its true place, in mm."""
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    return np.linalg.norm(predicted_mm - target_mm, axis=-1)


def mpjpe(predicted_mm: Float[ndarray, "frames joints 3"], target_mm: Float[ndarray, "frames joints 3"]) -> float:
    """Mean per-joint position error in mm: the mean distance over frames and joints."""
    return float(joint_errors(predicted_mm, target_mm).mean())


def pa_mpjpe(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    with_scale: bool = True,
) -> float:
    """MPJPE in mm after each predicted pose is aligned with its target by the best rotation, shift and scale.

    Rotations are proper (det = +1). `with_scale=False` keeps the predicted size, as some code bases do.
    """
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    return mpjpe(align_by_similarity(predicted_mm, target_mm, with_scale), target_mm)


def n_mpjpe(predicted_mm: Float[ndarray, "frames joints 3"], target_mm: Float[ndarray, "frames joints 3"]) -> float:
    """MPJPE in mm after each predicted pose is multiplied by its best scale about the origin."""
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    return mpjpe(align_by_scale(predicted_mm, target_mm), target_mm)


def mpjve(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    sequence: Shaped[ndarray, "frames"] | None = None,
) -> float:
    """Mean per-joint velocity error in mm per frame: MPJPE of the differences between consecutive frames.

    Args:
        predicted_mm: consecutive frames.
        target_mm: likewise.
        sequence: a name or number per frame. No difference is taken between frames of unlike sequence, so that
            nothing crosses the border of a sequence or of a camera. None: all frames are one sequence.
    """
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    same = _pairs(sequence, len(predicted_mm))
    return mpjpe(np.diff(predicted_mm, axis=0)[same], np.diff(target_mm, axis=0)[same])


def constancy(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    sequence: Shaped[ndarray, "frames"] | None = None,
    share: float = CONSTANT_SHARE,
) -> float:
    """Share in percent of the pairs of consecutive frames whose prediction stays as good as constant.

    A pair counts as constant if its predicted joints move less than `share` times as far as the true ones (strictly),
    both as means over the joints of the distance between the pair's two places. Pairs whose truth stands still are left
    out: there is nothing to follow. If no pair is left, the result is 0. Freezing predictions have a small MPJPE and
    even MPJVE; here they come to 100 percent.

    Args:
        predicted_mm: consecutive frames.
        target_mm: likewise.
        sequence: see `mpjve`.
        share: how small a part of the true motion is no motion.
    """
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    same = _pairs(sequence, len(predicted_mm))
    predicted, true = (
        np.linalg.norm(np.diff(poses, axis=0)[same], axis=-1).mean(-1) for poses in (predicted_mm, target_mm)
    )
    moving = true > 0
    return float(100.0 * np.mean(predicted[moving] < share * true[moving])) if moving.any() else 0.0


def lag(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    sequence: Shaped[ndarray, "frames"] | None = None,
    at_most: int = MOST_LAG,
) -> float:
    """How many frames the predicted motion comes after the true one: the mean over the sequences.

    For each sequence it is the shift at which the joints' velocities (differences between consecutive frames, all
    joints and axes together) correlate best with the true ones. Velocities, since a walker's slow turns make positions
    correlate at any shift; jitter lowers the correlation at all shifts alike. Between whole frames the vertex of the
    parabola through the best shift and its neighbours is taken.

    Args:
        predicted_mm: consecutive frames.
        target_mm: likewise.
        sequence: see `mpjve`.
        at_most: the largest shift looked at, either way; at most a quarter of the sequence.

    Returns:
        Frames, positive if the prediction is late. Sequences that are too short, or in which either stands still, do
        not count; not a number if none counts.
    """
    predicted_mm, target_mm = _checked(predicted_mm, target_mm)
    breaks = np.flatnonzero(~_pairs(sequence, len(predicted_mm))) + 1
    lags = [
        _lag_of_one(np.diff(predicted, axis=0), np.diff(target, axis=0), at_most)
        for predicted, target in zip(np.split(predicted_mm, breaks), np.split(target_mm, breaks), strict=True)
    ]
    known = [each for each in lags if each is not None]
    return float(np.mean(known)) if known else float("nan")


def _lag_of_one(predicted: ndarray, true: ndarray, at_most: int) -> float | None:
    """The shift between two runs of velocities, in frames; None if it cannot be told."""
    frames = len(true)
    most = min(at_most, frames // 4)
    shifts = range(-most - 1, most + 2)
    if most < 1 or not (predicted.any() and true.any()):
        return None
    correlations = np.empty(len(shifts))
    for place, shift in enumerate(shifts):
        late, early = predicted[max(shift, 0) : frames + min(shift, 0)], true[max(-shift, 0) : frames - max(shift, 0)]
        size = np.sqrt(np.sum(late**2) * np.sum(early**2))
        correlations[place] = np.sum(late * early) / size if size else 0.0
    best = 1 + int(np.argmax(correlations[1:-1]))
    before, top, after = correlations[best - 1 : best + 2]
    bend = before - 2 * top + after
    beyond = np.clip((before - after) / (2 * bend), -0.5, 0.5) if bend < 0 else 0.0
    return float(shifts[best] + beyond)


def _pairs(sequence: ndarray | None, frames: int) -> ndarray:
    """Which frames and their next ones are of one sequence: (frames - 1,) bool, at least one of them true."""
    same = np.ones(frames - 1, bool)
    if sequence is not None:
        sequence = np.asarray(sequence)
        if sequence.shape != (frames,):
            raise ValueError(f"sequence has shape {sequence.shape}; expected one entry per frame, {frames}")
        same = sequence[1:] == sequence[:-1]
    if not same.any():
        raise ValueError("a velocity needs two consecutive frames of one sequence")
    return same


def pck3d(
    predicted_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    threshold_mm: float = PCK_THRESHOLD_MM,
) -> float:
    """Share of joints in percent whose error is smaller than 150 mm (strictly)."""
    return float(100.0 * np.mean(joint_errors(predicted_mm, target_mm) < threshold_mm))


def auc3d(predicted_mm: Float[ndarray, "frames joints 3"], target_mm: Float[ndarray, "frames joints 3"]) -> float:
    """Mean of `pck3d` in percent over the 31 thresholds 0, 5, ..., 150 mm.

    The comparison is strict and no error is below 0, so that perfect predictions reach 30/31, or 96.774 percent.
    """
    errors = np.sort(joint_errors(predicted_mm, target_mm), axis=None)
    return float(100.0 * np.mean(np.searchsorted(errors, AUC_THRESHOLDS_MM, side="left")) / errors.size)


def _checked(predicted_mm: ndarray, target_mm: ndarray) -> tuple[ndarray, ndarray]:
    """Both in double precision, if they are finite, of one shape (frames, joints, 3) and not empty."""
    predicted_mm, target_mm = np.asarray(predicted_mm, np.float64), np.asarray(target_mm, np.float64)
    if predicted_mm.shape != target_mm.shape or predicted_mm.ndim != 3 or predicted_mm.shape[-1] != 3:
        raise ValueError(
            f"predicted has shape {predicted_mm.shape}, target {target_mm.shape}; both must be (frames, joints, 3)"
        )
    if not predicted_mm.size:
        raise ValueError("there is no pose to measure")
    for name, values in (("predicted", predicted_mm), ("target", target_mm)):
        bad = ~np.isfinite(values).all(axis=(1, 2))
        if bad.any():
            raise ValueError(f"{name} poses are not finite in {bad.sum()} frames, first in frame {bad.argmax()}")
    return predicted_mm, target_mm
