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
    same = np.ones(len(predicted_mm) - 1, bool)
    if sequence is not None:
        sequence = np.asarray(sequence)
        if sequence.shape != (len(predicted_mm),):
            raise ValueError(f"sequence has shape {sequence.shape}; expected one entry per frame, {len(predicted_mm)}")
        same = sequence[1:] == sequence[:-1]
    if not same.any():
        raise ValueError("a velocity needs two consecutive frames of one sequence")
    return mpjpe(np.diff(predicted_mm, axis=0)[same], np.diff(target_mm, axis=0)[same])


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
