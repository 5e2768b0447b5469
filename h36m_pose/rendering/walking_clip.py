"""A stretch of one test view, made ready for drawing: poses turned upright, the skeleton projected on the pictures."""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.camera import camera_to_pixel, camera_to_world
from h36m_pose.data.dataset import View, crop_to_frame
from h36m_pose.metrics import joint_errors
from h36m_pose.predictions_file import Predictions
from h36m_pose.rendering.skeleton_drawing import Viewpoint

UPRIGHT_FROM_CAMERA = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""`v @ this` turns a level camera's frame (x right, y down, z forward) to z up, the sight along y."""


@dataclasses.dataclass(frozen=True, eq=False)
class WalkingClip:
    """Consecutive frames of one view.

    Attributes:
        subject: "S11".
        trial: "Walking 1".
        camera_id: "60457274".
        fps: of the capture.
        first: number of the first frame in the view.
        inputs: what the network saw.
        predicted_mm: z up, relative to the point of the floor below the true pelvis; the predicted pose is put on the
            true pelvis, since the network predicts the pose relative to the pelvis.
        target_mm: likewise.
        person_mm: (frames, 2), that point of the floor in the world.
        overlay_px: the predicted joints on the camera's picture.
        box_px: the crop's square in the picture: left and top edge, side.
        errors_mm: per frame, the mean distance over the 17 joints, both poses relative to the pelvis.
        sight: from the camera towards the person's mean place, tilted down a little.
        level_known: whether the camera's place in the world is known, and with it what is up and where the floor is.
    """

    subject: str
    trial: str
    camera_id: str
    fps: float
    first: int
    inputs: UInt8[ndarray, "frames 128 128"]
    predicted_mm: Float[ndarray, "frames 17 3"]
    target_mm: Float[ndarray, "frames 17 3"]
    person_mm: Float[ndarray, "frames 2"]
    overlay_px: Float[ndarray, "frames 17 2"]
    box_px: Float[ndarray, "frames 3"]
    errors_mm: Float[ndarray, "frames"]
    sight: Viewpoint
    level_known: bool

    def __len__(self) -> int:
        return len(self.errors_mm)


def poses_of(predictions: Predictions, view: View) -> tuple[ndarray, ndarray]:
    """Predicted and true poses of one of the predicted views."""
    for span, frames in predictions.by_view():
        if span.name == view.name:
            return predictions.predicted_root_mm[frames], predictions.target_root_mm[frames]
    raise KeyError(view.name)


def make_clip(view: View, predicted_root_mm: ndarray, target_root_mm: ndarray, first: int, count: int) -> WalkingClip:
    """Cuts frames `first` to `first + count` out of a view; the poses are those of the whole view."""
    frames = slice(first, first + count)
    predicted = np.asarray(predicted_root_mm[frames], np.float64)
    target = np.asarray(target_root_mm[frames], np.float64)
    root_cam = np.asarray(view.root_cam_mm[frames], np.float64)
    box = np.asarray(view.box_px[frames], np.float64)
    rotation, pelvis = _world_of(view, root_cam)
    upright_predicted, upright_target = predicted @ rotation, target @ rotation
    floor_mm = 0.0 if view.camera_in_world else float((upright_target + pelvis[:, None])[..., 2].min()) - 70.0
    above_floor = (pelvis - [0, 0, floor_mm]) * np.array([0.0, 0.0, 1.0])
    forward = (root_cam.mean(0) @ rotation)[:2]
    if view.camera is not None:
        overlay = camera_to_pixel(predicted + root_cam[:, None], view.camera)
    else:
        overlay = _placed_on_true_joints(predicted, target, crop_to_frame(np.asarray(view.joints_px[frames]), box))
    return WalkingClip(
        subject=view.subject,
        trial=view.trial,
        camera_id=view.camera_id,
        fps=view.fps,
        first=first,
        inputs=np.asarray(view.images[frames]),
        predicted_mm=upright_predicted + above_floor[:, None],
        target_mm=upright_target + above_floor[:, None],
        person_mm=pelvis[:, :2],
        overlay_px=overlay,
        box_px=box,
        errors_mm=joint_errors(predicted, target).mean(1),
        sight=Viewpoint(float(np.arctan2(forward[1], forward[0])), np.deg2rad(10.0)),
        level_known=view.camera_in_world,
    )


def _world_of(view: View, root_cam_mm: ndarray) -> tuple[ndarray, ndarray]:
    """What turns row vectors of the camera's frame upright, and the pelvis in that upright frame."""
    if view.camera is not None and view.camera_in_world:
        return view.camera.rotation, camera_to_world(root_cam_mm, view.camera)
    return UPRIGHT_FROM_CAMERA, root_cam_mm @ UPRIGHT_FROM_CAMERA


def _placed_on_true_joints(predicted_mm: ndarray, target_mm: ndarray, true_px: ndarray) -> ndarray:
    """Without a camera: the true joints on the picture, moved by the errors in x and y at the picture's scale."""
    pixels = true_px - true_px.mean(1, keepdims=True)
    flat = target_mm[..., :2] - target_mm[..., :2].mean(1, keepdims=True)
    scale = np.sum(pixels * flat, axis=(1, 2)) / np.sum(flat**2, axis=(1, 2))
    return true_px + scale[:, None, None] * (predicted_mm - target_mm)[..., :2]
