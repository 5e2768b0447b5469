"""A view's camera, from the view's own poses: no calibration file is needed.

`D2_Positions` is the projection of `D3_Positions_mono`, and that is `D3_Positions` moved into the camera's frame. The
first pair gives the nine numbers of the release's projection, the second gives where the camera stands.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import least_squares

from h36m_pose.alignment import best_similarity
from h36m_pose.camera import Camera, ray_to_pixel

MOST_POINTS = 1500
"""Points that the fit looks at, spread evenly over joints and frames; their residuals barely change with more."""

LEVEL_ROTATION = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""World to camera of a camera that looks level along the world's y axis: taken where there are no world poses."""


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted camera.

    Attributes:
        camera: rotation and centre are meaningful only if `in_world`.
        residual_px: root mean square distance of the given 2D joints from the projected 3D joints.
        in_world: whether there were world poses.
        world_residual_mm: root mean square distance of the moved world joints from the camera's; 0 without.
    """

    camera: Camera
    residual_px: float
    in_world: bool
    world_residual_mm: float


def calibrate(
    joints_cam_mm: Float[ndarray, "frames joints 3"],
    joints_px: Float[ndarray, "frames joints 2"],
    joints_world_mm: Float[ndarray, "frames joints 3"] | None,
    width_px: int,
    height_px: int,
) -> Calibration:
    """Fits the camera of one view.

    Args:
        joints_cam_mm: in the camera's frame, all before the camera.
        joints_px: the same joints in the picture.
        joints_world_mm: the same joints in the world, if known.
        width_px: columns of the picture.
        height_px: rows of the picture.
    """
    rays = (joints_cam_mm[..., :2] / joints_cam_mm[..., 2:]).reshape(-1, 2)
    pixels = joints_px.reshape(-1, 2)
    step = max(1, len(rays) // MOST_POINTS)
    step += step % 2 == 0  # an odd step meets all of the 32 joints
    rotation, centre, world_residual = LEVEL_ROTATION, np.zeros(3), 0.0
    if joints_world_mm is not None:
        rotation, centre, world_residual = locate(joints_world_mm, joints_cam_mm)
    numbers = fit_projection(rays[::step], pixels[::step])
    camera = Camera(
        rotation=rotation,
        centre_mm=centre,
        focal_px=numbers[0:2],
        principal_px=numbers[2:4],
        radial=numbers[4:7],
        tangential=numbers[7:9],
        width_px=width_px,
        height_px=height_px,
    )
    residual = _root_mean_square(ray_to_pixel(rays, camera) - pixels)
    return Calibration(camera, residual, joints_world_mm is not None, world_residual)


def fit_projection(rays: Float[ndarray, "points 2"], pixels: Float[ndarray, "points 2"]) -> Float[ndarray, "9"]:
    """The release's projection that takes the rays (x / z, y / z) nearest to the pixels.

    Returns:
        Focal lengths (2), principal point (2), k1, k2, k3, p1, p2.
    """
    focal, principal = np.empty(2), np.empty(2)
    for axis in range(2):  # a pinhole camera first, which is a straight line per axis
        across = rays[:, axis] - rays[:, axis].mean()
        focal[axis] = across @ pixels[:, axis] / ((across @ across) or 1.0)
        principal[axis] = pixels[:, axis].mean() - focal[axis] * rays[:, axis].mean()
    x, y = rays.T
    squared = x**2 + y**2
    # Each axis is linear in these: the ray, its products with the powers of the radius, the tangential terms.
    across = np.stack([x, x * squared, x * squared**2, x * squared**3, x * y, x * x + squared])
    down = np.stack([y, y * squared, y * squared**2, y * squared**3, y * y + squared, x * y])

    def difference(numbers: ndarray) -> ndarray:
        weights = np.concatenate([[1.0], numbers[4:]])
        right, low = numbers[0] * (weights @ across), numbers[1] * (weights @ down)
        return np.concatenate([right + numbers[2] - pixels[:, 0], low + numbers[3] - pixels[:, 1]])

    def derivative(numbers: ndarray) -> ndarray:
        weights, zero, one = np.concatenate([[1.0], numbers[4:]]), np.zeros(len(x)), np.ones(len(x))
        right = np.stack([weights @ across, zero, one, zero, *(numbers[0] * across[1:])])
        low = np.stack([zero, weights @ down, zero, one, *(numbers[1] * down[1:])])
        return np.concatenate([right, low], axis=1).T

    start = np.concatenate([focal, principal, np.zeros(5)])
    return least_squares(difference, start, derivative, method="lm", x_scale="jac", max_nfev=100).x


def locate(
    joints_world_mm: Float[ndarray, "frames joints 3"], joints_cam_mm: Float[ndarray, "frames joints 3"]
) -> tuple[Float[ndarray, "3 3"], Float[ndarray, "3"], float]:
    """Rotation (world to camera) and centre of the camera by rigid alignment, and what is left over, in mm."""
    world, cam = joints_world_mm.reshape(1, -1, 3), joints_cam_mm.reshape(1, -1, 3)
    motion = best_similarity(world, cam, with_scale=False)
    rotation = motion.rotation[0]
    return rotation, -rotation.T @ motion.translation[0], _root_mean_square((motion.apply(world) - cam)[0])


def _root_mean_square(differences: Float[ndarray, "points axes"]) -> float:
    return float(np.sqrt(np.mean(np.sum(differences**2, axis=-1))))
