"""The crop's own frame: the camera's, turned so that its axis runs through the middle of the crop.

A crop does not show where in the picture it was cut. A person who is carried around the camera, facing it alike, looks
the same in every crop, yet the camera's frame knows a different pose at every place. The crop's frame knows one. Box
and calibration, both known wherever a crop is cut, turn the answer back.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import pixel_to_ray
from h36m_pose.data.dataset import View
from h36m_pose.errors import InputError

FRAMES = ("camera", "crop")


def crop_rotations(view: View) -> Float[ndarray, "frames 3 3"]:
    """The rotation of each frame from the camera's axes to the crop's: first about y, then about x, no roll.

    Raises:
        InputError: if the view has no camera.
    """
    if view.camera is None:
        raise InputError(
            view.folder, "a view without a camera", "its focal length and centre", "Train with data.frame=camera"
        )
    box = np.asarray(view.box_px, np.float64)
    centre_px = box[:, :2] + box[:, 2:] / 2 - 0.5
    return rotations_to_rays(pixel_to_ray(centre_px, view.camera))


def rotations_to_rays(rays: Float[ndarray, "frames 2"]) -> Float[ndarray, "frames 3 3"]:
    """Rotations that carry the rays (x / z, y / z) onto the z axis.

    The rows are the new axes: z along the ray, x level in the camera's own sense, y completing them.
    """
    forward = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.stack([forward[:, 2], np.zeros(len(rays)), -forward[:, 0]], axis=1)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def turn(
    joints_mm: Float[ndarray, "frames 17 3"], rotations: Float[ndarray, "frames 3 3"]
) -> Float[ndarray, "frames 17 3"]:
    """Turns each frame's joints."""
    return np.einsum("fij,fkj->fki", rotations, joints_mm).astype(np.float32)


def turn_back(
    joints_mm: Float[ndarray, "frames 17 3"], rotations: Float[ndarray, "frames 3 3"]
) -> Float[ndarray, "frames 17 3"]:
    """The inverse of `turn`."""
    return np.einsum("fji,fkj->fki", rotations, joints_mm).astype(np.float32)
