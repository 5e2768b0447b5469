"""A small release of three subjects, and ways to spoil it: each fault in a view of its own."""

from pathlib import Path

import numpy as np
import pytest
import raw_fixture
from numpy import ndarray
from raw_fixture import CAMERAS, Scene, make_scene, write_cdf, write_masks, write_scene, write_video

from h36m_pose.camera import camera_to_pixel, world_to_camera
from preprocessing import catalog

FRAMES = 16
SIZES = {"S1": 1.0, "S5": 0.94, "S9": 0.97}
"""How tall the subjects are; their bones differ by as much."""
TRIALS = ("Walking 1", "Walking")
PLACES = {
    kind: f"{folder}/{{trial}}.{{camera}}{suffix}"
    for kind, folder, suffix in (
        ("video", "Videos", ".mp4"),
        ("2d", "MyPoseFeatures/D2_Positions", ".cdf"),
        ("mono", "MyPoseFeatures/D3_Positions_mono", ".cdf"),
        ("world", "MyPoseFeatures/D3_Positions", ".cdf"),
        ("masks", "MySegmentsMat/ground_truth_bs", ".mat"),
    )
}
Scenes = dict[tuple[str, str, str], Scene]


def take_for_the_release(patch: pytest.MonkeyPatch) -> None:
    """Lets the doctor expect the small release instead of the real one."""
    patch.setattr(catalog, "WALKING_POSES", {subject: dict.fromkeys(TRIALS, FRAMES) for subject in SIZES})
    patch.setattr("preprocessing.doctor_expected.RELEASE_SUBJECTS", tuple(SIZES))
    patch.setattr(catalog, "WIDTH_PX", 500)
    patch.setattr(catalog, "picture_height_px", lambda _, camera_id: 502 if camera_id in CAMERAS[::3] else 500)


def make_release(root: Path) -> Scenes:
    """Writes it whole. As in the real one, the poses of S9's `Walking` end long before its videos do."""
    scenes = {}
    walk = raw_fixture.walk
    with pytest.MonkeyPatch.context() as patch:
        for subject, size in SIZES.items():
            patch.setattr(raw_fixture, "walk", lambda frames, phase, size=size: size * walk(frames, phase))
            for place, trial in enumerate(TRIALS):
                tail = 12 if (subject, trial) == ("S9", "Walking") else 3
                for number, camera_id in enumerate(CAMERAS):
                    scene = make_scene(number, FRAMES, tail, phase=1.3 * place)
                    write_scene(root, subject, trial, camera_id, scene)
                    scenes[subject, trial, camera_id] = scene
    return scenes


def file_of(root: Path, kind: str, subject: str, trial: str, camera: int | None = None) -> Path:
    """The file of a view; without a camera, the one of a trial."""
    place = PLACES[kind].format(trial=trial, camera="" if camera is None else CAMERAS[camera])
    return root / subject / place.replace("..", ".")


def exchange(one: Path, other: Path) -> None:
    kept = one.with_name("kept")
    one.rename(kept)
    other.rename(one)
    kept.rename(other)


def plant(root: Path, scenes: Scenes) -> dict[str, set[str]]:
    """Spoils a tree; returns what is to be found in it."""
    found: dict[str, set[str]] = {}

    def view(subject: str, trial: str, camera: int, *kinds: str) -> Scene:
        found[f"{subject} {trial}.{CAMERAS[camera]}"] = set(kinds)
        return scenes[subject, trial, CAMERAS[camera]]

    def put(kind: str, subject: str, trial: str, camera: int, joints: ndarray) -> None:
        write_cdf(file_of(root, kind, subject, trial, camera), joints)

    view("S1", "Walking 1", 0, "no video")
    file_of(root, "video", "S1", "Walking 1", 0).unlink()
    scene = view("S1", "Walking 1", 1, "bad video")
    path = file_of(root, "video", "S1", "Walking 1", 1)
    write_video(path, scene.images_bgr, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    scene = view("S1", "Walking 1", 2, "repeated pictures")
    key_frames_only = [scene.images_bgr[number // 12 * 12] for number in range(len(scene.images_bgr))]
    write_video(file_of(root, "video", "S1", "Walking 1", 2), key_frames_only)
    scene = view("S1", "Walking 1", 3, "empty masks")
    masks = [mask * (number not in (4, 5, 9)) for number, mask in enumerate(scene.masks)]
    write_masks(file_of(root, "masks", "S1", "Walking 1", 3), masks)

    scene = view("S1", "Walking", 0, "bones change", "world")
    joints = scene.joints_cam_mm.copy()
    joints[8:, 27:] *= 1.03  # along the ray: what the camera sees stays the same
    put("mono", "S1", "Walking", 0, joints)
    scene = view("S1", "Walking", 1, "bones asymmetric", "world")
    world = scene.joints_world_mm.copy()
    world[:, 19:24] += 0.3 * (world[:, 19:20] - world[:, 18:19])  # a longer left forearm
    joints = world_to_camera(world, scene.camera)
    put("mono", "S1", "Walking", 1, joints)
    put("2d", "S1", "Walking", 1, camera_to_pixel(joints, scene.camera))
    view("S1", "Walking", 2, "bad poses_2d")
    path = file_of(root, "2d", "S1", "Walking", 2)
    path.write_bytes(path.read_bytes()[:1000])
    scene = view("S1", "Walking", 3, "short video")
    write_video(file_of(root, "video", "S1", "Walking", 3), scene.images_bgr[:13])

    scene = view("S5", "Walking 1", 0, "universal skeleton")
    hips = scene.joints_cam_mm[:, :1]
    put("mono", "S5", "Walking 1", 0, hips + (scene.joints_cam_mm - hips) * SIZES["S1"] / SIZES["S5"])
    scene = view("S5", "Walking 1", 1, "world poses")
    put("mono", "S5", "Walking 1", 1, scene.joints_world_mm)
    scene = view("S5", "Walking 1", 2, "repeated poses", "world")
    put("mono", "S5", "Walking 1", 2, scene.joints_cam_mm[np.arange(FRAMES) // 12 * 12])
    put("2d", "S5", "Walking 1", 2, scene.joints_px[np.arange(FRAMES) // 12 * 12])
    view("S5", "Walking 1", 3, "no masks")
    file_of(root, "masks", "S5", "Walking 1", 3).unlink()

    scene = view("S5", "Walking", 0, "pose count", "unlike lengths")
    put("2d", "S5", "Walking", 0, scene.joints_px[:12])
    put("mono", "S5", "Walking", 0, scene.joints_cam_mm[:12])
    scene = view("S5", "Walking", 1, "rate")
    write_video(file_of(root, "video", "S5", "Walking", 1), scene.images_bgr, rate=25)
    scene = view("S5", "Walking", 2, "picture size", "mask size")
    write_video(file_of(root, "video", "S5", "Walking", 2), [image[::2, ::2] for image in scene.images_bgr])
    view("S5", "Walking", 3, "absent")
    for kind in ("video", "2d", "mono", "masks"):
        file_of(root, kind, "S5", "Walking", 3).unlink()

    scene = view("S9", "Walking 1", 0, "projection")
    noise = np.random.default_rng(0).normal(0, 1.5, scene.joints_px.shape)
    put("2d", "S9", "Walking 1", 0, scene.joints_px + noise)
    scene = view("S9", "Walking 1", 1, "few masks")
    write_masks(file_of(root, "masks", "S9", "Walking 1", 1), scene.masks[:8])
    view("S9", "Walking 1", 2, "bad masks")
    file_of(root, "masks", "S9", "Walking 1", 2).write_bytes(b"MATLAB 5.0 MAT-file".ljust(2000))
    scene = view("S9", "Walking 1", 3, "masks beside")
    masks = [np.pad(np.ones((200, 80), np.uint8), ((0, 302), (0, 420))) for _ in scene.masks]
    write_masks(file_of(root, "masks", "S9", "Walking 1", 3), masks)
    for camera in range(4):
        view("S9", "Walking", camera, "short poses", "no poses_world")
    file_of(root, "world", "S9", "Walking").unlink()
    return found


def state_of(root: Path) -> dict[Path, tuple[int, int]]:
    """Times and sizes of everything below a folder."""
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [root, *root.rglob("*")]}
