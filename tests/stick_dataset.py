"""A small preprocessed dataset of walking stick figures, quick to make and possible to learn from; for tests."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from h36m_pose import skeleton
from h36m_pose.data.dataset import Dataset, open_dataset
from h36m_pose.data.dataset_writer import write_manifest, write_view

FRAMES = {"S1": 9, "S5": 8, "S6": 7, "S7": 9, "S8": 11, "S9": 8, "S11": 10, "S101": 9}

# Each joint from its parent in mm: left, up. Swing of the limbs is added.
_OFFSETS = np.array([
    (0, 0), (-130, 0), (0, -440), (0, -430), (130, 0), (0, -440), (0, -430), (0, 230), (0, 250), (0, 120), (0, 110),
    (150, -20), (0, -280), (0, -250), (-150, -20), (0, -280), (0, -250),
])  # fmt: skip
_SWINGS = {2: 1, 3: 0.6, 5: -1, 6: -0.6, 12: 0.8, 13: 1.2, 15: -0.8, 16: -1.2}


def poses(frames: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """(frames, 17, 3) mm, camera axes, the pelvis at the origin: a walk in a random direction."""
    phase = rng.uniform(0, 2 * np.pi) + 0.4 * np.arange(frames)
    heading = rng.uniform(0, 2 * np.pi) + 0.05 * np.arange(frames)
    joints = np.zeros((frames, skeleton.JOINTS, 3))  # forward, left, up
    for joint, parent in list(enumerate(skeleton.PARENTS))[1:]:
        left, up = size * _OFFSETS[joint]
        angle = 0.5 * _SWINGS.get(joint, 0) * np.sin(phase)
        joints[:, joint] = joints[:, parent] + np.stack(
            [-up * np.sin(angle) + 0 * phase, left + 0 * phase, up * np.cos(angle)], -1
        )
    joints[:, [9, 10], 0] += size * 150  # the face is in front
    forward, left, up = np.moveaxis(joints, -1, 0)
    cosine, sine = np.cos(heading)[:, None], np.sin(heading)[:, None]
    return np.stack([cosine * forward - sine * left, -up, sine * forward + cosine * left], -1).astype(np.float32)


def draw(joints_px: np.ndarray, depth_mm: np.ndarray) -> np.ndarray:
    """One crop: bones as thick lines, the far ones first and darker, so that depth can be seen."""
    image = np.zeros((128, 128), np.uint8)
    places = np.round(joints_px * 16).astype(int)
    for parent, joint in sorted(skeleton.BONES, key=lambda bone: -depth_mm[list(bone)].mean()):
        grey = int(np.clip(140 - 0.3 * depth_mm[[parent, joint]].mean(), 20, 255))
        cv2.line(image, places[parent].tolist(), places[joint].tolist(), grey, 6, cv2.LINE_AA, 4)
    return image


def write_stick_dataset(folder: Path, frames: Mapping[str, int] = FRAMES, views: int = 1, seed: int = 0) -> Dataset:
    """Writes and opens the dataset: so many frames in each of so many views of each subject."""
    rng = np.random.default_rng(seed)
    for subject, count in frames.items():
        size = rng.uniform(0.9, 1.1)
        for view in range(views):
            joints = poses(count, size, rng)
            joints_px = (joints[..., :2] * (50 / 900 / size) + (63.5, 63.5)).astype(np.float32)
            write_view(
                folder,
                subject,
                "Walking 1",
                str(54138969 + view),
                images=[draw(*each) for each in zip(joints_px, joints[..., 2], strict=True)],
                joints_px=joints_px,
                joints_root_mm=joints,
                root_cam_mm=np.full((count, 3), 4000.0, np.float32),
                box_px=np.full((count, 3), 100.0, np.float32),
                mask_source="release",
            )
    write_manifest(folder, {"seed": seed})
    return open_dataset(folder)
