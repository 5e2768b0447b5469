"""The training pose nearest to each pose of a sequence: how far what was asked is from what was learnt."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.data import crop_frame
from h36m_pose.data.dataset import View
from h36m_pose.rendering.walking_clip import UPRIGHT_FROM_CAMERA, WalkingClip
from h36m_pose.report.section import packed

AT_MOST = 20_000
"""Training poses that are looked through, evenly spaced over all."""


@dataclasses.dataclass(frozen=True)
class Nearest:
    """The nearest training poses of a sequence's frames.

    Attributes:
        poses_mm: placed and turned as the clip's poses are.
        names: what they are, such as "S5 Walking 1.54138969, frame 12".
    """

    poses_mm: Float[ndarray, "frames 17 3"]
    names: list[str]

    def as_json(self) -> dict[str, Any]:
        """As the page's script reads it."""
        different = list(dict.fromkeys(self.names))
        return {
            "poses": packed(self.poses_mm, "<i2"),
            "names": different,
            "which": packed(np.array([different.index(name) for name in self.names]), "<i2"),
        }


def nearest_poses(
    views: Sequence[View], clips: Sequence[WalkingClip], training: Sequence[View], in_crop_frame: bool
) -> list[Nearest | None]:
    """For each frame of the clips the training pose whose joints lie nearest (least squares over the joints).

    Args:
        views: that the clips are of.
        clips: cut out of them.
        training: where to look; if there is none, neither is an answer.
        in_crop_frame: compare poses as the crop shows them (see `data.crop_frame`), not in the cameras' frames.
    """
    if not training:
        return [None] * len(clips)
    step = max(1, -(-sum(view.frames for view in training) // AT_MOST))
    known = np.concatenate([_poses(view, in_crop_frame)[::step] for view in training])
    owners = [(view.name, frame) for view in training for frame in range(0, view.frames, step)]
    found: list[Nearest | None] = []
    for view, clip in zip(views, clips, strict=True):
        frames = slice(clip.first, clip.first + len(clip))
        asked = _poses(view, in_crop_frame)[frames]
        chosen = _nearest(asked, known)
        poses = known[chosen]
        if in_crop_frame:
            poses = crop_frame.turn_back(poses, crop_frame.crop_rotations(view)[frames])
        upright = view.camera.rotation if view.camera is not None and view.camera_in_world else UPRIGHT_FROM_CAMERA
        names = [f"{owners[each][0]}, frame {owners[each][1]}" for each in chosen]
        found.append(Nearest(poses.astype(np.float64) @ upright + clip.target_mm[:, :1], names))
    return found


def _poses(view: View, in_crop_frame: bool) -> Float[ndarray, "frames 17 3"]:
    poses = np.asarray(view.joints_root_mm)
    return crop_frame.turn(poses, crop_frame.crop_rotations(view)) if in_crop_frame else poses


def _nearest(asked: Float[ndarray, "frames 17 3"], known: Float[ndarray, "poses 17 3"]) -> ndarray:
    flat, all_known = asked.reshape(len(asked), -1), known.reshape(len(known), -1)
    squared = (all_known**2).sum(1)[None] - 2 * flat @ all_known.T
    return np.argmin(squared, axis=1)
