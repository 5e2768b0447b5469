"""The studio's four cameras: near the walls for the release's subjects, anywhere around the walker for the crowd.

The numbers are our own. They are plausible for the release's room (4 to 5.5 m away, 1.45 to 1.65 m high, pitched 11 to
16 degrees down, about 1146 px of focal length), but no camera of the release is copied.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, world_to_camera
from preprocessing.capture.anatomy import seeded
from preprocessing.catalog import CAMERAS, WIDTH_PX, is_crowd, picture_height_px


@dataclasses.dataclass(frozen=True)
class _Mount:
    """One camera of the studio as it was mounted; each subject's session finds it moved by some centimetres.

    Attributes:
        centre_mm: its place in the world.
        aim_mm: the point of the world that it was pointed at.
        focal_px: along x and y.
        principal_px: of a picture with 1000 rows; tall pictures have one more above and below.
        radial: k1, k2, k3 of the release's formula.
        tangential: p1, p2.
    """

    centre_mm: tuple[float, float, float]
    aim_mm: tuple[float, float, float]
    focal_px: tuple[float, float]
    principal_px: tuple[float, float]
    radial: tuple[float, float, float]
    tangential: tuple[float, float]


_MOUNTS = {
    "54138969": _Mount(
        (2240, 4610, 1565),
        (-230, 190, 390),
        (1144.1, 1143.2),
        (511.3, 512.6),
        (-0.2041, 0.2389, -0.0021),
        (-0.0011, -0.0007),
    ),
    "55011271": _Mount(
        (2130, -4480, 1605),
        (-70, 120, 400),
        (1147.8, 1146.9),
        (507.2, 506.9),
        (-0.1968, 0.2443, 0.0052),
        (-0.0021, -0.0013),
    ),
    "58860488": _Mount(
        (-2060, 4900, 1515),
        (260, -70, 380),
        (1150.3, 1149.5),
        (517.9, 503.1),
        (-0.2102, 0.2517, -0.0038),
        (-0.0005, 0.0011),
    ),
    "60457274": _Mount(
        (-1990, -4260, 1550),
        (170, 190, 430),
        (1145.2, 1144.6),
        (513.6, 504.8),
        (-0.1999, 0.2231, -0.0066),
        (-0.0015, -0.0004),
    ),
}

_BODY_AROUND_JOINTS_MM = 170.0
"""How far skin, hair, shoes and clothes reach beyond the nearest joint."""
_TRIPOD_AND_BODY_MM = 500.0
_EDGE_PX = 6.0
_CAMERA_REACH_MM = (2500.0, 5400.0)
"""How far from the middle of the room, along x and y, a camera may stand; `room.draw_room` has its walls behind."""
_MOST_TRIES = 400


def draw_rig(
    seed: int, subject: str, joints_world_mm: Float[ndarray, "frames 32 3"], mounted: bool = False
) -> dict[str, Camera]:
    """The four cameras of one subject.

    Args:
        seed: of the whole capture.
        subject: a release subject gets the studio's own mounts, all within a hand's breadth of each other's; one of
            the crowd gets cameras from all around, near and far, high and low, wide and narrow, tilted.
        joints_world_mm: the walk to be seen. The crowd's cameras are drawn until the whole person stays in view.
        mounted: whether the crowd, too, gets the studio's own mounts.
    """
    if mounted or not is_crowd(subject):
        return {camera_id: _draw_mounted(seed, subject, camera_id) for camera_id in CAMERAS}
    rig: dict[str, Camera] = {}
    for camera_id in CAMERAS:
        rig[camera_id] = _draw_free(seed, subject, camera_id, joints_world_mm, list(rig.values()))
    return rig


def sees_whole_person(camera: Camera, joints_world_mm: Float[ndarray, "frames 32 3"]) -> bool:
    """Whether every joint, with the flesh and cloth around it, stays inside the picture in all frames."""
    joints_cam_mm = world_to_camera(joints_world_mm, camera)
    depth_mm = joints_cam_mm[..., 2:]
    if depth_mm.min() < 1000:
        return False
    joints_px = camera_to_pixel(joints_cam_mm, camera)
    margin_px = camera.focal_px * _BODY_AROUND_JOINTS_MM / depth_mm + _EDGE_PX
    size_px = np.array([camera.width_px, camera.height_px])
    return bool(np.all(joints_px > margin_px) and np.all(joints_px < size_px - 1 - margin_px))


def _hides_walk(looking: Camera, standing: Camera, joints_world_mm: Float[ndarray, "frames 32 3"]) -> bool:
    """Whether one camera, on its tripod, stands between another camera and where the person walks."""
    seen_mm = world_to_camera(joints_world_mm, looking).reshape(-1, 3)
    heights_mm = np.linspace(0, standing.centre_mm[2] + 100, 16)
    tripod_mm = world_to_camera(
        np.stack([np.broadcast_to(c, 16) for c in (*standing.centre_mm[:2], heights_mm)], -1), looking
    )
    tripod_mm = tripod_mm[(tripod_mm[:, 2] > 100) & (tripod_mm[:, 2] < seen_mm[:, 2].max() + _BODY_AROUND_JOINTS_MM)]
    if len(tripod_mm) == 0:
        return False
    columns, walked = tripod_mm[:, 0] / tripod_mm[:, 2], seen_mm[:, 0] / seen_mm[:, 2]
    width = _TRIPOD_AND_BODY_MM / tripod_mm[:, 2].min()
    return bool(columns.max() + width > walked.min() and columns.min() - width < walked.max())


def look_at(
    centre_mm: Float[ndarray, "3"], aim_mm: Float[ndarray, "3"], roll_degrees: float = 0.0
) -> Float[ndarray, "3 3"]:
    """The rotation, world to camera, of a camera pointed at `aim_mm` and upright but for the roll."""
    forward = (aim_mm - centre_mm) / np.linalg.norm(aim_mm - centre_mm)
    level = np.cross(forward, [0.0, 0.0, 1.0])
    level /= np.linalg.norm(level)
    down = np.cross(forward, level)
    cosine, sine = np.cos(np.radians(roll_degrees)), np.sin(np.radians(roll_degrees))
    return np.stack([cosine * level + sine * down, cosine * down - sine * level, forward])


def _draw_mounted(seed: int, subject: str, camera_id: str) -> Camera:
    generator = seeded("mounted camera", seed, subject, camera_id)
    mount = _MOUNTS[camera_id]
    centre_mm = np.array(mount.centre_mm) + generator.uniform(-1, 1, 3) * (110, 110, 40)
    aim_mm = np.array(mount.aim_mm) + generator.uniform(-1, 1, 3) * (50, 50, 35)
    height_px = picture_height_px(subject, camera_id)
    return Camera(
        rotation=look_at(centre_mm, aim_mm, generator.uniform(-0.7, 0.7)),
        centre_mm=centre_mm,
        focal_px=np.array(mount.focal_px),
        principal_px=np.array(mount.principal_px) + np.array([0, (height_px - 1000) / 2]),
        radial=np.array(mount.radial),
        tangential=np.array(mount.tangential),
        width_px=WIDTH_PX,
        height_px=height_px,
    )


def _draw_free(
    seed: int, subject: str, camera_id: str, joints_world_mm: Float[ndarray, "frames 32 3"], others: list[Camera]
) -> Camera:
    """Draws cameras around the walk until one stands in the room and sees the whole person, past all others."""
    generator = seeded("crowd's camera", seed, subject, camera_id)
    corners = np.stack([joints_world_mm.min(axis=(0, 1)), joints_world_mm.max(axis=(0, 1))])
    for attempt in range(_MOST_TRIES):
        nearest_mm = 2600 + 2500 * attempt / _MOST_TRIES  # long walks need some distance
        camera = _one_free_camera(generator, subject, camera_id, corners, nearest_mm)
        inside_room = np.all(np.abs(camera.centre_mm[:2]) < _CAMERA_REACH_MM)
        if inside_room and sees_whole_person(camera, joints_world_mm):
            pairs = [(camera, other) for other in others] + [(other, camera) for other in others]
            if not any(_hides_walk(looking, standing, joints_world_mm) for looking, standing in pairs):
                return camera
    raise ValueError(f"the walk of {subject} is too wide for any camera in the room to see the whole of it")


def _one_free_camera(
    generator: np.random.Generator,
    subject: str,
    camera_id: str,
    corners: Float[ndarray, "2 3"],
    nearest_mm: float,
) -> Camera:
    """A camera around the middle of the box with the given lowest and highest corners (mm)."""
    azimuth = generator.uniform(0, 2 * np.pi)
    distance_mm = generator.uniform(nearest_mm, 6400)
    middle_mm = corners.mean(axis=0)
    centre_mm = middle_mm + distance_mm * np.array([np.cos(azimuth), np.sin(azimuth), 0])
    centre_mm[2] = generator.uniform(1100, 2200)
    aim_mm = middle_mm + generator.normal(0, 1, 3) * (260, 260, 180)
    focal = generator.uniform(880, 1480)
    height_px = picture_height_px(subject, camera_id)
    return Camera(
        rotation=look_at(centre_mm, aim_mm, float(np.clip(generator.normal(0, 2.5), -6, 6))),
        centre_mm=centre_mm,
        focal_px=focal * (1 + generator.uniform(-0.001, 0.001, 2)),
        principal_px=np.array([WIDTH_PX / 2, height_px / 2]) + generator.uniform(-18, 18, 2),
        radial=np.array(
            [generator.uniform(-0.23, -0.12), generator.uniform(0.12, 0.26), generator.uniform(-0.01, 0.01)]
        ),
        tangential=generator.uniform(-0.002, 0.002, 2),
        width_px=WIDTH_PX,
        height_px=height_px,
    )
