"""The camera that filmed, as far as it is known, and where on its pictures a predicted pose lies."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, pixel_to_ray
from h36m_pose.data.crop_frame import rotations_to_rays, turn, turn_back
from h36m_pose.errors import InputError

ASSUMED_FOCAL = 1.145
"""Over the picture's longer side: that of the release's cameras, 1145 px for 1000 columns."""

_ABOVE_MM, _BELOW_MM = 25.0, 85.0
"""How far silhouettes reach beyond the highest and the lowest joint."""

_ROUNDS = 15


@dataclasses.dataclass(frozen=True, eq=False)
class Viewing:
    """A camera and how it is known.

    Attributes:
        camera: rotation and place mean nothing.
        words: where its numbers come from.
        assumed: whether nobody told its focal length.
    """

    camera: Camera
    words: str
    assumed: bool


def viewing(width_px: int, height_px: int, focal_px: float | None, camera: Camera | Path | None) -> Viewing:
    """The camera of pictures of a size.

    Args:
        width_px: of the pictures.
        height_px: of the pictures.
        focal_px: focal length in pixels, if it is known.
        camera: if it is known; or a JSON file with `focal_px` and, if known, `principal_px`, `radial`, `tangential`,
            `width_px` and `height_px`.

    Raises:
        InputError: if the file is damaged, if the camera is of pictures of another size, or if both are given.
    """
    if camera is not None:
        if focal_px is not None:
            raise InputError("--focal-px", "a second camera beside --camera", "one of both", "Leave one of them out")
        if isinstance(camera, Path):
            return Viewing(_read_camera(camera, width_px, height_px), f"camera of {camera.name}", False)
        if (camera.width_px, camera.height_px) != (width_px, height_px):
            found, expected = f"pictures of {camera.width_px}x{camera.height_px}", f"{width_px}x{height_px}"
            raise InputError("camera", found, f"{expected}, as the pictures", "Give this video's camera")
        return Viewing(camera, "camera as given", False)
    if focal_px is not None:
        if not 0 < focal_px < 1e6:
            raise InputError("--focal-px", str(focal_px), "a length in pixels, more than 0", "Look at the calibration")
        return Viewing(_plain_camera(focal_px, width_px, height_px), f"focal length {focal_px:g} px, as given", False)
    assumed = ASSUMED_FOCAL * max(width_px, height_px)
    words = (
        f"focal length {assumed:.0f} px ASSUMED, {ASSUMED_FOCAL} times the longer side as in Human3.6M's cameras, and "
        "the axis in the middle of the picture; --focal-px or --camera tell the true ones"
    )
    return Viewing(_plain_camera(assumed, width_px, height_px), words, True)


def _plain_camera(focal_px: float, width_px: int, height_px: int) -> Camera:
    return Camera(
        rotation=np.eye(3),
        centre_mm=np.zeros(3),
        focal_px=np.array([focal_px, focal_px], float),
        principal_px=np.array([(width_px - 1) / 2, (height_px - 1) / 2]),
        radial=np.zeros(3),
        tangential=np.zeros(2),
        width_px=width_px,
        height_px=height_px,
    )


_LENGTHS = {"focal_px": 2, "principal_px": 2, "radial": 3, "tangential": 2}


def _read_camera(path: Path, width_px: int, height_px: int) -> Camera:
    mend = 'Write it like {"focal_px": [1145, 1144], "principal_px": [512, 515]}'
    expected = "a camera's JSON object"
    try:
        fields = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(path, "no such file", expected, "Correct the name") from None
    except (ValueError, RecursionError, OSError):
        raise InputError(path, "no JSON", expected, mend) from None
    if not isinstance(fields, dict) or "focal_px" not in fields:
        raise InputError(path, "no focal_px", expected, mend)
    for name, side in (("width_px", width_px), ("height_px", height_px)):
        if name in fields and fields[name] != side:
            raise InputError(path, f"{name} {fields[name]}", f"{side}, as the pictures", "Give this video's camera")
    camera = _plain_camera(1.0, width_px, height_px)
    changes: dict[str, Any] = {
        name: _numbers(path, name, fields[name], count) for name, count in _LENGTHS.items() if name in fields
    }
    if (changes["focal_px"] <= 0).any():
        raise InputError(path, f"focal_px {fields['focal_px']}", "lengths above 0", mend)
    return dataclasses.replace(camera, **changes)


def _numbers(path: Path, name: str, value: object, count: int) -> ndarray:
    listed = [value] * count if isinstance(value, int | float) and name == "focal_px" else value
    fine = isinstance(listed, list) and len(listed) == count and all(isinstance(one, int | float) for one in listed)
    if not fine or not np.isfinite(np.array(listed, float)).all():
        raise InputError(path, f"{name} {value!r}"[:80], f"{count} numbers", "Correct it")
    return np.array(listed, float)


def rotations_of(squares_px: Float[ndarray, "frames 3"], camera: Camera) -> Float[ndarray, "frames 3 3"]:
    """The rotations from the camera's axes to those of crops, given by left, top and side."""
    squares = np.asarray(squares_px, np.float64)
    return rotations_to_rays(pixel_to_ray(squares[:, :2] + squares[:, 2:] / 2 - 0.5, camera))


def place_on_picture(
    joints_root_mm: Float[ndarray, "frames 17 3"],
    silhouette_px: Float[ndarray, "frames 4"],
    squares_px: Float[ndarray, "frames 3"],
    camera: Camera,
) -> Float[ndarray, "frames 17 2"]:
    """Where predicted joints fall on the pictures: as far from the camera as makes the pose as tall as the silhouette.

    The network tells no place. In the crop's own frame the pelvis is put where the projected pose, with some flesh
    above and below it, has the height and the middle of the silhouette's box. This is for drawing, and not measured.

    Args:
        joints_root_mm: camera frame, relative to the pelvis.
        silhouette_px: boxes of the silhouettes: left, top, width, height.
        squares_px: the crops: left, top, side.
        camera: that filmed.
    """
    rotations = rotations_of(squares_px, camera)
    poses = np.asarray(turn(joints_root_mm, rotations), np.float64)
    focal = float(np.mean(camera.focal_px))
    top, bottom = poses[..., 1].min(axis=1) - _ABOVE_MM, poses[..., 1].max(axis=1) + _BELOW_MM
    middle_y = (top + bottom) / 2
    middle_x = (poses[..., 0].min(axis=1) + poses[..., 0].max(axis=1)) / 2
    depth = focal * (bottom - top) / silhouette_px[:, 3]
    pelvis = np.stack([-middle_x, -middle_y, depth], axis=-1)
    placed = np.empty((len(poses), poses.shape[1], 2))
    corner, size = silhouette_px[:, :2], silhouette_px[:, 2:]
    for _ in range(_ROUNDS):
        turned = turn_back((poses + pelvis[:, None]).astype(np.float32), rotations)
        placed = camera_to_pixel(np.asarray(turned, np.float64), camera)
        scale = focal / pelvis[:, 2:]
        low, high = placed.min(axis=1), placed.max(axis=1)
        low[:, 1] -= _ABOVE_MM * scale[:, 0]
        high[:, 1] += _BELOW_MM * scale[:, 0]
        off = (corner + size / 2 - 0.5) - (low + high) / 2
        pelvis[:, :2] += off / scale
        pelvis[:, 2] *= (high - low)[:, 1] / size[:, 1]
    return placed
