"""Alignment of poses before they are compared: by similarity (Procrustes) and by scale alone.

NumPy in double precision, one transform per frame. Umeyama (1991) is the source of the closed form.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray


class Similarity(NamedTuple):
    """One similarity transform per frame: `scale * rotation @ point + translation`."""

    scale: Float[ndarray, "frames"]
    rotation: Float[ndarray, "frames 3 3"]
    translation: Float[ndarray, "frames 3"]

    def apply(self, joints_mm: Float[ndarray, "frames joints 3"]) -> Float[ndarray, "frames joints 3"]:
        """Moves each frame's joints by its transform."""
        turned = joints_mm @ self.rotation.transpose(0, 2, 1)
        return self.scale[:, None, None] * turned + self.translation[:, None]


def best_similarity(
    source_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    with_scale: bool = True,
) -> Similarity:
    """The transforms that bring `source_mm` closest to `target_mm` in the sense of least squares.

    The rotations are proper (det = +1): a mirrored pose is not mirrored back. A source whose joints all coincide gets
    scale 0, which puts it on the target's centroid.

    Args:
        source_mm: what is moved.
        target_mm: where to.
        with_scale: False keeps the source's size (scale 1).
    """
    source_mm, target_mm = np.asarray(source_mm, np.float64), np.asarray(target_mm, np.float64)
    source_centre, target_centre = source_mm.mean(1), target_mm.mean(1)
    source, target = source_mm - source_centre[:, None], target_mm - target_centre[:, None]
    left, singular, right = np.linalg.svd(target.transpose(0, 2, 1) @ source)
    signs = np.ones_like(singular)
    signs[:, 2] = np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)
    rotation = (left * signs[:, None]) @ right
    scale = np.ones(len(source))
    if with_scale:
        size = np.sum(source**2, axis=(1, 2))
        scale = np.divide(np.sum(singular * signs, axis=1), size, out=np.zeros_like(size), where=size > 0)
    translation = target_centre - scale[:, None] * np.einsum("fij,fj->fi", rotation, source_centre)
    return Similarity(scale, rotation, translation)


def align_by_similarity(
    source_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
    with_scale: bool = True,
) -> Float[ndarray, "frames joints 3"]:
    """`source_mm` turned, moved and (unless told otherwise) scaled onto `target_mm`, frame by frame."""
    return best_similarity(source_mm, target_mm, with_scale).apply(np.asarray(source_mm, np.float64))


def align_by_scale(
    source_mm: Float[ndarray, "frames joints 3"],
    target_mm: Float[ndarray, "frames joints 3"],
) -> Float[ndarray, "frames joints 3"]:
    """`source_mm` times one number per frame, the least-squares scale about the origin; not turned, not moved."""
    source_mm, target_mm = np.asarray(source_mm, np.float64), np.asarray(target_mm, np.float64)
    size = np.sum(source_mm**2, axis=(1, 2))
    scale = np.divide(np.sum(source_mm * target_mm, axis=(1, 2)), size, out=np.zeros_like(size), where=size > 0)
    return scale[:, None, None] * source_mm
