"""A test trial for the Rerun viewer: cameras and their pictures, 2D and 3D joints, predicted and true.

Needs the package `rerun-sdk` (the extra `rerun`). Lengths are metres there, z up where the cameras' places are known.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import provenance, skeleton
from h36m_pose.atomic_files import replacing
from h36m_pose.camera import camera_to_world
from h36m_pose.data.dataset import View, crop_to_frame
from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from h36m_pose.rendering.canvas import SIDE_COLOURS, mixed
from h36m_pose.rendering.walking_clip import make_clip

TIMELINE = "frame"
_JPEG_QUALITY = 85
_PREDICTED, _TRUE = 1, 2
_PALE = (200, 204, 212)


@dataclasses.dataclass(frozen=True, eq=False)
class SeenWalk:
    """A view of the trial with the frames to log.

    Attributes:
        view: with its camera.
        predicted_root_mm: (frames, 17, 3), of the whole view.
        target_root_mm: likewise.
        pictures: the camera's pictures of the chosen frames, RGB.
    """

    view: View
    predicted_root_mm: ndarray
    target_root_mm: ndarray
    pictures: Iterator[ndarray]


def require_rerun() -> None:
    """Raises InputError if the package is not installed."""
    try:
        import rerun  # noqa: F401
    except ImportError:
        mend = "Run pip install 'h36m-pose[rerun]'"
        raise InputError("--rerun", "no package rerun-sdk", "it, to write the file", mend) from None


def write_rerun(path: Path, walks: Sequence[SeenWalk], first: int, frames: int, record: provenance.Record) -> None:
    """Writes the file, atomically.

    Args:
        path: of the `.rrd`.
        walks: one per camera, of one trial.
        first: number of the first frame in the views.
        frames: how many.
        record: where they come from; a property of the recording.
    """
    import rerun as rr

    clips = [make_clip(walk.view, walk.predicted_root_mm, walk.target_root_mm, first, frames) for walk in walks]
    count = min(len(clip) for clip in clips)
    with replacing(path) as temporary, bar(count, "rerun", " frame") as progress:
        recording = rr.RecordingStream("h36m_pose", recording_id=f"{walks[0].view.subject} {walks[0].view.trial}")
        recording.save(temporary)
        recording.send_property(provenance.KEY, rr.AnyValues(record=json.dumps(record)))
        _log_scene(rr, recording, walks)
        for frame in range(count):
            recording.set_time(TIMELINE, sequence=first + frame)
            for walk, clip in zip(walks, clips, strict=True):
                _log_frame(rr, recording, walk, clip, frame, first + frame)
            progress.update()
        recording.flush()
        recording.disconnect()


def _log_scene(rr: Any, recording: Any, walks: Sequence[SeenWalk]) -> None:
    """What stays: which way is up, names and bones of the joints, the cameras."""
    recording.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    colours = [SIDE_COLOURS[skeleton.side_of(joint)] for joint in range(skeleton.JOINTS)]
    classes = []
    for number, name, pale in ((_PREDICTED, "predicted", 0.0), (_TRUE, "true", 0.6)):
        points = [
            rr.AnnotationInfo(joint, label, mixed(colour, _PALE, pale))
            for joint, (label, colour) in enumerate(zip(skeleton.NAMES, colours, strict=True))
        ]
        info = rr.AnnotationInfo(number, name, mixed((60, 64, 72), _PALE, pale))
        classes.append(
            rr.ClassDescription(info=info, keypoint_annotations=points, keypoint_connections=list(skeleton.BONES))
        )
    recording.log("world", rr.AnnotationContext(classes), static=True)
    for walk in walks:
        camera = walk.view.camera
        if camera is None:
            continue
        place = f"world/{walk.view.camera_id}"
        if walk.view.camera_in_world:
            turn = rr.Transform3D(translation=camera.centre_mm / 1000, mat3x3=camera.rotation.T)
            recording.log(place, turn, static=True)
        lens = rr.Pinhole(
            focal_length=camera.focal_px,
            principal_point=camera.principal_px + 0.5,  # the centre of a pixel is at its middle there
            resolution=[camera.width_px, camera.height_px],
            image_plane_distance=0.6,
        )
        recording.log(f"{place}/picture", lens, static=True)


def _log_frame(rr: Any, recording: Any, walk: SeenWalk, clip: Any, frame: int, number: int) -> None:
    view = walk.view
    place = f"world/{view.camera_id}"
    joints = list(range(skeleton.JOINTS))
    recording.log(f"{place}/picture", rr.Image(next(walk.pictures)).compress(jpeg_quality=_JPEG_QUALITY))
    true_px = crop_to_frame(np.asarray(view.joints_px[number : number + 1]), clip.box_px[frame : frame + 1])[0]
    for name, kind, pixels in (("predicted", _PREDICTED, clip.overlay_px[frame]), ("true", _TRUE, true_px)):
        points = rr.Points2D(pixels + 0.5, class_ids=kind, keypoint_ids=joints, radii=3.0)
        recording.log(f"{place}/picture/{name}", points)
    root = np.asarray(view.root_cam_mm[number], np.float64)
    for name, kind, poses in (("predicted", _PREDICTED, walk.predicted_root_mm), ("true", _TRUE, walk.target_root_mm)):
        places = np.asarray(poses[number], np.float64) + root
        if view.camera is not None and view.camera_in_world:
            places = camera_to_world(places, view.camera)
        points = rr.Points3D(places / 1000, class_ids=kind, keypoint_ids=joints, radii=0.015)
        recording.log(f"world/{name}/{view.camera_id}", points)
    recording.log(f"error_mm/{view.camera_id}", rr.Scalars(float(clip.errors_mm[frame])))
