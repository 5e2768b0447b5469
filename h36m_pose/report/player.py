"""What the 3D player shows: a few test sequences with poses, crops, camera pictures and nearest training poses."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.data.dataset import CROP_PX, View, frame_to_crop
from h36m_pose.rendering.media_files import read_frames
from h36m_pose.rendering.run_pictures import FRONTAL_CAMERA
from h36m_pose.rendering.walking_clip import WalkingClip, make_clip, poses_of
from h36m_pose.report.errors import frame_errors
from h36m_pose.report.material import Material
from h36m_pose.report.nearest import Nearest, nearest_poses
from h36m_pose.report.pictures import SHEET_COLUMNS, SHEET_FRAMES, sheets
from h36m_pose.report.section import Section, packed, text
from h36m_pose.report.templates import filled
from h36m_pose.report.trust_section import flags_for_player
from h36m_pose.trust import TrustResult

LONGEST = 400
"""Frames of a sequence that are shown at most; of longer ones the stretch that errs most."""

_PICTURES = 500
"""Camera pictures in all, at most."""

_PICTURE_PX = 320
_PICTURE_MARGIN = 1.5
_CROP_QUALITY, _PICTURE_QUALITY = 82, 68
_TENTHS = 10

VideoOf = Callable[[View], contextlib.AbstractContextManager[Path]]
"""Where the raw video of a view lies, for as long as the context lasts."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """A sequence to show, and why."""

    view: View
    why: str


def choose_sequences(material: Material) -> list[Choice]:
    """The worst, the median and the best tested view, and a frontal one."""
    errors = frame_errors(material)
    views = [view for view, _, _ in material.tested_views()]
    means = np.array([errors[frames].mean() for _, _, frames in material.tested_views()])
    order = np.argsort(means, kind="stable")
    frontal = next((number for number, view in enumerate(views) if view.camera_id == FRONTAL_CAMERA), None)
    wanted = [(int(order[-1]), "worst"), (int(order[len(order) // 2]), "median"), (int(order[0]), "best")]
    wanted += [] if frontal is None else [(frontal, "frontal camera")]
    chosen: dict[int, str] = {}
    for number, why in wanted:
        chosen[number] = f"{chosen[number]}, {why}" if number in chosen else why
    return [Choice(views[number], why) for number, why in chosen.items()]


def player_section(
    material: Material, checks: Mapping[str, TrustResult], training: Sequence[View], video_of: VideoOf | None
) -> Section:
    """The player with its data.

    Args:
        material: with dataset and predictions.
        checks: of `trust_section.check_sequences`: flagged frames are marked.
        training: views whose poses the nearest ones are looked for in; none for no such search.
        video_of: None without the raw capture.
    """
    choices = choose_sequences(material)
    clips = [_clip(material, choice.view) for choice in choices]
    found = nearest_poses([choice.view for choice in choices], clips, training, _crop_frame(material))
    step = max(1, -(-sum(len(clip) for clip in clips) // _PICTURES))
    sequences = [
        _sequence(choice, clip, near)
        | {"pictures": _camera_pictures(choice.view, clip, step, material, video_of)}
        | _flags(checks[choice.view.name], clip)
        for choice, clip, near in zip(choices, clips, found, strict=True)
    ]
    data = {
        "names": list(skeleton.NAMES),
        "parents": list(skeleton.PARENTS),
        "sides": [skeleton.side_of(joint) for joint in range(skeleton.JOINTS)],
        "columns": SHEET_COLUMNS,
        "perSheet": SHEET_FRAMES,
        "tenths": _TENTHS,
        "sequences": sequences,
    }
    options = "".join(
        f'<option value="{number}">{text(each["title"])}</option>' for number, each in enumerate(sequences)
    )
    joints = "".join(f'<option value="{number}">{text(name)}</option>' for number, name in enumerate(skeleton.NAMES))
    return Section("player", "Watch it walk", _markup(options, joints, video_of is not None, material.run_dir), data)


def _crop_frame(material: Material) -> bool:
    settings = material.stages["finetune"].config["settings"] if "finetune" in material.stages else None
    return bool(settings and settings["data"]["frame"] == "crop")


def _clip(material: Material, view: View) -> WalkingClip:
    assert material.predictions is not None
    predicted, target = poses_of(material.predictions, view)
    first = 0
    if view.frames > LONGEST:
        errors = np.linalg.norm(predicted - target, axis=-1).mean(1)
        sums = np.convolve(errors, np.ones(LONGEST), "valid")
        first = int(np.argmax(sums))
    return make_clip(view, predicted, target, first, LONGEST)


def _flags(result: TrustResult, clip: WalkingClip) -> dict[str, Any]:
    words, bits = flags_for_player(result, slice(clip.first, clip.first + len(clip)))
    return {"flagWords": words, "flags": packed(bits, "<u2")}


def _sequence(choice: Choice, clip: WalkingClip, near: Nearest | None) -> dict[str, Any]:
    """One sequence as the script reads it: poses in mm as int16, pixels in tenths as int16."""
    mean = clip.errors_mm.mean()
    view = choice.view
    true_px = np.asarray(view.joints_px[clip.first : clip.first + len(clip)], np.float64)
    return {
        "title": f"{choice.why}, {mean:.0f} mm: {view.name}",
        "fps": clip.fps,
        "first": clip.first,
        "frames": len(clip),
        "predicted": packed(clip.predicted_mm, "<i2"),
        "true": packed(clip.target_mm, "<i2"),
        "person": packed(clip.person_mm, "<i4"),
        "predictedPx": packed(frame_to_crop(clip.overlay_px, clip.box_px) * _TENTHS, "<i2"),
        "truePx": packed(true_px * _TENTHS, "<i2"),
        "azimuth": round(clip.sight.azimuth, 4),
        "crops": {"side": CROP_PX, "sheets": sheets(list(clip.inputs), _CROP_QUALITY)},
        "nearest": None if near is None else near.as_json(),
    }


def _camera_pictures(
    view: View, clip: WalkingClip, step: int, material: Material, video_of: VideoOf | None
) -> dict[str, Any] | None:
    """The camera's pictures around the person, one of every `step` frames, with the predicted joints on them."""
    if video_of is None:
        return None
    assert material.dataset is not None
    centre = clip.box_px[:, :2] + clip.box_px[:, 2:] / 2
    low, high = centre.min(0), centre.max(0)
    side = float(max((high - low).max() + clip.box_px[:, 2].max(), _PICTURE_MARGIN * clip.box_px[:, 2].max()))
    corner = (low + high) / 2 - side / 2
    scale = _PICTURE_PX / side
    move = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    frames = []
    with video_of(view) as path:
        for number, image in enumerate(read_frames(path, clip.first, len(clip), material.dataset.every)):
            if number % step == 0:
                frames.append(_cut_out(image, move))
    places = (clip.overlay_px + 0.5 - corner) * scale - 0.5
    return {
        "side": _PICTURE_PX,
        "step": step,
        "sheets": sheets(frames, _PICTURE_QUALITY),
        "predictedPx": packed(places * _TENTHS, "<i2"),
    }


def _cut_out(image: ndarray, move: ndarray) -> ndarray:
    """A square part of a picture, as large as the player shows it; what lies outside is black."""
    # Twice as fine at first: made smaller at once, edges would be ragged.
    fine = cv2.warpAffine(image, 2 * move, (2 * _PICTURE_PX, 2 * _PICTURE_PX), flags=cv2.INTER_LINEAR)
    return cv2.resize(fine, (_PICTURE_PX, _PICTURE_PX), interpolation=cv2.INTER_AREA)


def _markup(options: str, joints: str, with_pictures: bool, run_dir: Path) -> str:
    camera = (
        '<figure><canvas id="player-picture" width="320" height="320" role="img" '
        'aria-label="Camera picture of this frame with the predicted skeleton"></canvas>'
        "<figcaption>Camera, with the prediction</figcaption></figure>"
        if with_pictures
        else ""
    )
    hint = (
        ""
        if with_pictures
        else '<p class="remark">The camera\'s pictures are shown too if the raw capture is named: '
        f"<code>h36m-pose report {text(run_dir)} --root RAW</code></p>"
    )
    return filled("player.html", OPTIONS=options, JOINTS=joints, CAMERA=camera, HINT=hint)
