"""Where a person walks as the camera sees it: towards it, away from it, or to either side of the picture."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from h36m_pose.data.dataset import View
from h36m_pose.rendering.walking_clip import UPRIGHT_FROM_CAMERA

DIRECTIONS = ("towards", "away", "to the left", "to the right")
"""As the camera sees it; left and right are the picture's."""

_WINDOW_S = 0.2
_WALKING_MM_PER_S = 200.0
_RIGHT_HIP, _LEFT_HIP = 1, 4


def walking_directions(view: View) -> Int[ndarray, "frames"]:
    """For each frame the number of one of `DIRECTIONS`.

    The direction is the pelvis's motion over 0.2 s before and after, on the floor; below 0.2 m/s it is where the hips
    face. It is compared with the line from the camera to the person: within 45 degrees of it is away, and so on.
    """
    upright = view.camera.rotation if view.camera is not None and view.camera_in_world else UPRIGHT_FROM_CAMERA
    root_mm = np.asarray(view.root_cam_mm, np.float64) @ upright
    reach = max(1, round(_WINDOW_S * view.fps))
    last = np.arange(len(root_mm))
    before, after = np.maximum(last - reach, 0), np.minimum(last + reach, len(root_mm) - 1)
    seconds = np.maximum(after - before, 1)[:, None] / view.fps
    motion = (root_mm[after] - root_mm[before])[:, :2] / seconds
    hips = np.asarray(view.joints_root_mm[:, [_RIGHT_HIP, _LEFT_HIP]], np.float64) @ upright
    to_left = (hips[:, 1] - hips[:, 0])[:, :2]
    facing = np.stack([to_left[:, 1], -to_left[:, 0]], axis=1)
    standing = np.linalg.norm(motion, axis=1) < _WALKING_MM_PER_S
    return compare_with_sight(np.where(standing[:, None], facing, motion), root_mm[:, :2])


def compare_with_sight(
    heading: Float[ndarray, "frames 2"], sight: Float[ndarray, "frames 2"]
) -> Int[ndarray, "frames"]:
    """Numbers of `DIRECTIONS`.

    Args:
        heading: on the floor, seen from above with x to y anticlockwise.
        sight: from the camera to the person, likewise.
    """
    along = np.sum(heading * sight, axis=1)
    to_left = sight[:, 0] * heading[:, 1] - sight[:, 1] * heading[:, 0]
    sideways = np.abs(to_left) > np.abs(along)
    return np.where(sideways, np.where(to_left > 0, 2, 3), np.where(along < 0, 0, 1))
