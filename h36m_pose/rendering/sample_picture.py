"""The four-sample picture of the original project: predicted left, true right, the network's input beside them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.metrics import joint_errors
from h36m_pose.predictions_file import Predictions
from h36m_pose.rendering import canvas
from h36m_pose.rendering.media_files import write_picture
from h36m_pose.rendering.skeleton_drawing import Stage, Viewpoint, draw_figure, draw_floor
from h36m_pose.rendering.walking_clip import WalkingClip

PERCENTILES = (20, 40, 60, 80)
TURNED_DEGREES = 40
HOW_CHOSEN = (
    "One frame per camera, at the 20th, 40th, 60th and 80th percentile of that camera's errors. The figures are turned "
    f"by {TURNED_DEGREES}° from the camera's line of sight, so that errors in depth show too."
)

_MARGIN, _GAP, _SIDE = 48, 16, 320
_STAGE_WIDTH = 270
_CARD_WIDTH = _SIDE + 2 * _STAGE_WIDTH + 2 * _GAP
_CARD_HEIGHT = _SIDE + 92
_BETWEEN = 40
_TOP = 118
WIDTH = 2 * (_MARGIN + _CARD_WIDTH) + _BETWEEN
HEIGHT = _TOP + 2 * _CARD_HEIGHT + 96
_ELEVATION = np.deg2rad(12.0)


@dataclasses.dataclass(frozen=True)
class Sample:
    """One frame of the predictions, and how it was chosen."""

    view_name: str
    frame: int
    percentile: int


def choose_samples(predictions: Predictions) -> list[Sample]:
    """Four frames by a rule that favours nobody: see `HOW_CHOSEN`. With fewer cameras some are used twice."""
    errors = joint_errors(predictions.predicted_root_mm, predictions.target_root_mm).mean(1)
    places = [(span, frame, errors[frames.start + frame]) for span, frames in predictions.by_view()
              for frame in range(span.frames)]  # fmt: skip
    cameras = sorted({span.camera_id for span in predictions.spans})
    samples = []
    for number, percentile in enumerate(PERCENTILES):
        own = [place for place in places if place[0].camera_id == cameras[number % len(cameras)]]
        own.sort(key=lambda place: place[2])
        span, frame, _ = own[round(percentile / 100 * (len(own) - 1))]
        samples.append(Sample(span.name, frame, percentile))
    return samples


def write_samples(path: Path, clips: Sequence[WalkingClip], title: str, protocol: str, comment: str) -> None:
    """Writes the picture; each clip is one frame long."""
    write_picture(path, draw_samples(clips, title, protocol), title, comment)


def draw_samples(clips: Sequence[WalkingClip], title: str, protocol: str) -> ndarray:
    """Draws the picture: two by two cards."""
    image = canvas.blank(WIDTH, HEIGHT)
    canvas.write(image, title, (_MARGIN, 66), 34, bold=True)
    _draw_legend(image)
    for number, clip in enumerate(clips):
        left = _MARGIN + (number % 2) * (_CARD_WIDTH + _BETWEEN)
        _draw_card(image, left, _TOP + (number // 2) * _CARD_HEIGHT, clip)
    y = _TOP + 2 * _CARD_HEIGHT + 6
    for line in canvas.wrapped(HOW_CHOSEN, 18, WIDTH - 2 * _MARGIN) + canvas.wrapped(protocol, 15, WIDTH - 2 * _MARGIN):
        canvas.write(image, line, (_MARGIN, y), 18 if line in HOW_CHOSEN else 15, canvas.MUTED)
        y += 26 if line in HOW_CHOSEN else 21
    return image


def _draw_legend(image: ndarray) -> None:
    """Which side has which colour, at the right of the title."""
    x = float(WIDTH - _MARGIN)
    for side in ("right", "left"):
        word = f"{side} side"
        canvas.write(image, word, (x, 66), 20, align="right")
        x -= canvas.text_width(word, 20) + 16
        canvas.draw_line(image, (x - 36, 59), (x, 59), canvas.SIDE_COLOURS[side], 9)
        x -= 36 + 32


def _draw_card(image: ndarray, left: int, top: int, clip: WalkingClip) -> None:
    """One sample: input, predicted, true, with their headings and one line below."""
    top += 14
    shown = cv2.resize(clip.inputs[0], (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    image[top : top + _SIDE, left : left + _SIDE] = shown[..., None]
    stages = _stages(clip, left + _SIDE + _GAP, top)
    sight = Viewpoint(clip.sight.azimuth + np.deg2rad(TURNED_DEGREES), _ELEVATION)
    for stage, joints in zip(stages, (clip.predicted_mm[0], clip.target_mm[0]), strict=True):
        canvas.fill_box(image, stage.left, stage.top, stage.width, stage.height, canvas.PANEL)
        draw_floor(image, stage, sight, clip.person_mm[0], [joints], width=7)
        draw_figure(image, stage, sight, joints, width=7)
    for x, word in zip((left, stages[0].left, stages[1].left), ("Input", "Predicted", "True"), strict=True):
        canvas.write(image, word, (x, top - 10), 20, bold=True)
    words = f"{clip.subject}, {clip.trial}, camera {clip.camera_id}, frame {clip.first}"
    canvas.write(image, words, (left, top + _SIDE + 28), 19, canvas.MUTED)
    error = f"error {clip.errors_mm[0]:.0f} mm"
    canvas.write(image, error, (left + _CARD_WIDTH, top + _SIDE + 28), 19, bold=True, align="right")


def _stages(clip: WalkingClip, left: int, top: int) -> tuple[Stage, Stage]:
    both = np.concatenate([clip.predicted_mm, clip.target_mm])
    reach = max(600.0, float(np.linalg.norm(both[..., :2], axis=-1).max()) * 1.08)
    height, sine = float(both[..., 2].max()), float(np.sin(_ELEVATION))
    px_per_mm = min(_STAGE_WIDTH * 0.96 / (2 * reach), (_SIDE - 36) / (height + sine * reach))
    middle_mm = (height - sine * reach) / 2
    first, second = (
        Stage(left + number * (_STAGE_WIDTH + _GAP), top, _STAGE_WIDTH, _SIDE, px_per_mm, middle_mm, reach)
        for number in range(2)
    )
    return first, second
