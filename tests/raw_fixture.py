"""A rough capture in the raw layout, for tests: a stick figure with flesh walks a circle before four cameras.

Everything is written with cdflib, h5py and PyAV directly, not with the studio's writers: small pictures (500 columns,
502 or 500 rows), a few frames, true silhouettes, poses projected by `h36m_pose.camera`.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import h5py
import numpy as np
from cdflib.cdfwrite import CDF
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, world_to_camera

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
WIDTH = 500
LAYOUTS = {
    "release": (
        "{subject}/Videos",
        "{subject}/MyPoseFeatures/D2_Positions",
        "{subject}/MyPoseFeatures/D3_Positions_mono",
        "{subject}/MyPoseFeatures/D3_Positions",
        "{subject}/MySegmentsMat/ground_truth_bs",
    ),
    "h36m-fetch": (
        "extracted/{subject}/Videos",
        "extracted/{subject}/Poses_D2_Positions",
        "extracted/{subject}/Poses_D3_Positions_mono",
        "extracted/{subject}/Poses_D3_Positions",
        "processed/{subject}/MySegmentsMat/ground_truth_bs",
    ),
}

# Where each of the 32 joints hangs from its parent, in mm: forward, left, up. Parents are `skeleton.PARENTS_32`.
_OFFSETS = np.array([
    (0, 0, 0), (0, -130, 0), (0, 0, -440), (0, 0, -440), (150, 0, -50), (70, 0, 0),
    (0, 130, 0), (0, 0, -440), (0, 0, -440), (150, 0, -50), (70, 0, 0),
    (0, 0, 0), (0, 0, 240), (0, 0, 250), (50, 0, 100), (0, 0, 110),
    (0, 0, 250), (0, 150, 0), (0, 30, -280), (60, 0, -240), (0, 0, 0), (60, 0, -60), (0, 0, 0), (40, 0, -90),
    (0, 0, 250), (0, -150, 0), (0, -30, -280), (60, 0, -240), (0, 0, 0), (60, 0, -60), (0, 0, 0), (40, 0, -90),
], float)  # fmt: skip
_PARENTS = (-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 12, 16, 17, 18, 19, 20, 19, 22, 12, 24, 25, 26, 27,
            28, 27, 30)  # fmt: skip
_SWING = {2: 0.5, 3: 0.5, 7: -0.5, 8: -0.5, 18: 0.4, 19: 0.4, 26: -0.4, 27: -0.4}
_LIMBS = (
    (0, 12, 150), (12, 13, 190), (13, 14, 90), (14, 15, 110), (25, 17, 90),
    (1, 2, 95), (2, 3, 75), (3, 4, 60), (6, 7, 95), (7, 8, 75), (8, 9, 60),
    (17, 18, 65), (18, 19, 50), (25, 26, 65), (26, 27, 50),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Scene:
    """What one camera saw: kept beside the files, for tests to compare with."""

    camera: Camera
    joints_world_mm: ndarray
    joints_cam_mm: ndarray
    joints_px: ndarray
    images_bgr: list[ndarray]
    masks: list[ndarray]


def camera_of(number: int) -> Camera:
    """Camera 0 to 3, in the corners of a room, looking at its middle; numbers of our own."""
    angle = np.pi / 4 + number * np.pi / 2 + 0.1 * number
    centre = np.array([4300 * np.cos(angle), 4300 * np.sin(angle), 1500.0 + 40 * number])
    forward = np.array([0, 0, 900.0]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    return Camera(
        rotation=np.stack([right, np.cross(forward, right), forward]),
        centre_mm=centre,
        focal_px=np.array([570.0 + number, 568.0]),
        principal_px=np.array([254.0, 251.0 - number]),
        radial=np.array([-0.2, 0.23, -0.004]),
        tangential=np.array([-0.001, 0.0012]),
        width_px=WIDTH,
        height_px=502 if number in (0, 3) else 500,
    )


def walk(frames: int, phase: float = 0.0) -> ndarray:
    """Joints (frames, 32, 3) in world mm of somebody who walks on a circle; bones keep their lengths."""
    time = np.arange(frames) / 50
    heading = phase + 1.2 * time
    joints = np.zeros((frames, 32, 3))
    joints[:, 0] = np.stack([900 * np.sin(heading), -900 * np.cos(heading), np.full(frames, 950.0)], axis=-1)
    forward = np.stack([np.cos(heading), np.sin(heading), 0 * heading], axis=-1)
    left = np.stack([-np.sin(heading), np.cos(heading), 0 * heading], axis=-1)
    for joint in range(1, 32):
        angle = _SWING.get(joint, 0.0) * np.sin(2 * np.pi * time + phase)
        x, y, z = _OFFSETS[joint]
        ahead, up = x * np.cos(angle) - z * np.sin(angle), x * np.sin(angle) + z * np.cos(angle)
        joints[:, joint] = joints[:, _PARENTS[joint]] + ahead[:, None] * forward + y * left
        joints[:, joint, 2] += up
    return joints


def make_scene(number: int, frames: int, tail: int = 3, phase: float = 0.0, shadow: bool = True) -> Scene:
    """Draws `frames` + `tail` pictures of the walk as camera `number` sees them; the tail has no poses."""
    camera = camera_of(number)
    world = walk(frames + tail, phase)
    cam = world_to_camera(world, camera)
    pixels = camera_to_pixel(cam, camera)
    room = _room(camera, number)
    noise = np.random.default_rng(number).normal(0, 2, (camera.height_px, WIDTH + 40, 3)).astype(np.float32)
    images, masks = [], []
    for index in range(frames + tail):
        mask, paint = _figure(camera, cam[index], pixels[index])
        image = room.copy()
        if shadow:
            ground = camera_to_pixel(world_to_camera(world[index, [3, 8]] * (1, 1, 0), camera), camera)
            for x, y in ground:
                cv2.ellipse(image, (int(x), int(y)), (26, 9), 0, 0, 360, (0, 0, 0), -1)
            image = cv2.addWeighted(image, 0.35, room, 0.65, 0)
        image[mask > 0] = paint[mask > 0]
        grain = noise[:, 7 * index % 40 :][:, :WIDTH]
        images.append(np.clip(image + grain, 0, 255).astype(np.uint8))
        masks.append(mask)
    return Scene(camera, world[:frames], cam[:frames], pixels[:frames], images, masks)


def make_capture(
    root: Path,
    trials: Sequence[tuple[str, str]] = (("S1", "Walking 1"), ("S1", "Walking")),
    cameras: Sequence[int] = (0, 1),
    frames: int = 11,
    tail: int = 3,
    layout: str = "release",
    masks: bool = True,
) -> dict[tuple[str, str, str], Scene]:
    """Writes a capture below `root`; returns the scenes by (subject, trial, camera)."""
    scenes = {}
    for place, (subject, trial) in enumerate(trials):
        for number in cameras:
            scene = make_scene(number, frames, tail, phase=1.3 * place)
            write_scene(root, subject, trial, CAMERAS[number], scene, layout, masks)
            scenes[subject, trial, CAMERAS[number]] = scene
    return scenes


def write_scene(
    root: Path, subject: str, trial: str, camera_id: str, scene: Scene, layout: str = "release", masks: bool = True
) -> None:
    """Writes the five files of one view."""
    folders = [root / folder.format(subject=subject) for folder in LAYOUTS[layout]]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    videos, poses_2d, poses_mono, poses_world, silhouettes = folders
    write_video(videos / f"{trial}.{camera_id}.mp4", scene.images_bgr)
    write_cdf(poses_2d / f"{trial}.{camera_id}.cdf", scene.joints_px)
    write_cdf(poses_mono / f"{trial}.{camera_id}.cdf", scene.joints_cam_mm, by_columns=True)
    write_cdf(poses_world / f"{trial}.cdf", scene.joints_world_mm)
    if masks:
        write_masks(silhouettes / f"{trial}.{camera_id}.mat", scene.masks)


def write_video(
    path: Path,
    images_bgr: Sequence[ndarray],
    codec: str = "mpeg4",
    options: dict[str, str] | None = None,
    rate: int = 50,
) -> None:
    """Writes an mp4 of `rate` pictures per second; `options` go to the container: {"movflags": "+faststart"}."""
    height, width = images_bgr[0].shape[:2]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if codec == "mpeg4":
            stream.codec_context.qmin = stream.codec_context.qmax = 2
        for image in images_bgr:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())


def write_cdf(path: Path, joints: ndarray, by_columns: bool = False, variable: str = "Pose") -> None:
    """Writes poses (frames, 32, 2 or 3) as the release does, (1, frames, 64 or 96), in either order of storage."""
    path.unlink(missing_ok=True)
    values = joints.reshape(len(joints), -1).astype(np.float32)
    stored = np.ascontiguousarray(values.T).reshape(values.shape) if by_columns else values
    file = CDF(path, cdf_spec={"Majority": "Column_major" if by_columns else "Row_major", "Compressed": 0})
    specification = {"Variable": variable, "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True,
                     "Dim_Sizes": list(values.shape)}  # fmt: skip
    file.write_var(specification, var_data=stored[None])
    file.close()


def write_masks(path: Path, masks: Sequence[ndarray], third_axis: bool = False) -> None:
    """Writes masks (rows, columns) as MATLAB v7.3 does: a cell array of references to transposed arrays."""
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = np.empty((len(masks), 1), dtype=h5py.ref_dtype)
        for index, mask in enumerate(masks):
            stored = np.ascontiguousarray(mask.T)
            if third_axis:
                stored = np.stack([stored, 0 * stored])
            element = file.create_dataset(f"#refs#/r{index}", data=stored, compression="gzip", compression_opts=1)
            element.attrs["MATLAB_class"] = np.bytes_("uint8")
            cells[index, 0] = element.ref
        file.create_dataset("Masks", data=cells).attrs["MATLAB_class"] = np.bytes_("cell")


def _figure(camera: Camera, joints_cam_mm: ndarray, joints_px: ndarray) -> tuple[ndarray, ndarray]:
    mask = np.zeros((camera.height_px, camera.width_px), np.uint8)
    paint = np.zeros((camera.height_px, camera.width_px, 3), np.uint8)
    scale = camera.focal_px[0] / joints_cam_mm[0, 2]
    for index, (start, end, width_mm) in enumerate(_LIMBS):
        ends = [tuple(int(value) for value in np.rint(joints_px[joint])) for joint in (start, end)]
        width = max(1, round(scale * width_mm))
        cv2.line(mask, ends[0], ends[1], 1, width)
        cv2.line(paint, ends[0], ends[1], (40 + 10 * index, 30, 200 - 10 * index), width)
        cv2.line(paint, ends[0], ends[1], (90, 160, 20 + 10 * index), max(1, width // 3))
    return mask, paint


def _room(camera: Camera, number: int) -> ndarray:
    rows, columns = np.mgrid[: camera.height_px, :WIDTH]
    texture = cv2.GaussianBlur(np.random.default_rng(100 + number).normal(0, 60, rows.shape), (0, 0), 4)
    shade = 150 + texture + rows / 12 - columns / 25
    return np.clip(shade[..., None] * (0.9, 0.85, 1.0), 0, 255).astype(np.uint8)


def frames_of(path: Path) -> Iterator[ndarray]:
    """The pictures of a video as OpenCV reads them, for comparison."""
    video = cv2.VideoCapture(str(path))
    there, image = video.read()
    while there:
        yield image
        there, image = video.read()
    video.release()
