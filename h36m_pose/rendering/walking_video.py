"""The video of a walk: camera picture, network input, predicted and true skeletons from two sides, error over time."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.progress import bar
from h36m_pose.rendering import canvas
from h36m_pose.rendering.media_files import new_video
from h36m_pose.rendering.skeleton_drawing import Stage, Viewpoint, draw_figure, draw_floor, draw_on_photograph
from h36m_pose.rendering.walking_clip import WalkingClip

WIDTH, HEIGHT = 1920, 1080
PLAYBACK_FPS = 25
SECONDS_PER_TURN = 12.0
TURNING_ELEVATION = np.deg2rad(14.0)

_MARGIN = 48
_TOP = 176
_PHOTO_PX = 752
_INPUT_PX = 256
_INPUT_LEFT = _MARGIN + _PHOTO_PX + 32
_STAGES_LEFT = _INPUT_LEFT + _INPUT_PX + 32
_STAGE_GAP = 16
_STAGE_WIDTH = (WIDTH - _MARGIN - _STAGES_LEFT - _STAGE_GAP) // 2
_STAGE_HEIGHT = (_PHOTO_PX - _STAGE_GAP) // 2
_CHART_TOP, _CHART_HEIGHT = 962, 62
_CHART_LEFT = _MARGIN + 150
_TURNING_SINE = float(np.sin(TURNING_ELEVATION))


@dataclasses.dataclass(frozen=True)
class Caption:
    """What the video says about itself.

    Attributes:
        title: the headline.
        result: error of the sequence beside its baseline.
        protocol: how that was measured; small print, two lines at most.
        comment: stored in the file: run, code, checkpoint, dataset.
    """

    title: str
    result: str
    protocol: str
    comment: str


def render_walk(path: Path, clip: WalkingClip, photographs: Iterable[ndarray], caption: Caption) -> None:
    """Draws and encodes the video.

    Args:
        path: of the mp4.
        clip: what is shown.
        photographs: the camera's pictures of the clip's frames, RGB.
        caption: the words.
    """
    page = WalkingPage(clip, caption)
    with (
        bar(len(clip), "render", " frame") as progress,
        new_video(path, WIDTH, HEIGHT, PLAYBACK_FPS, caption.title, caption.comment) as video,
    ):
        for frame, photograph in enumerate(photographs):
            video.add(page.draw(frame, photograph))
            progress.update()


class WalkingPage:
    """The layout: what stays the same is drawn once, the rest frame by frame."""

    def __init__(self, clip: WalkingClip, caption: Caption):
        self._clip = clip
        self._window: tuple[int, int, int] | None = None
        self._stages = _stages(clip)
        self._background = canvas.blank(WIDTH, HEIGHT)
        self._chart_points = _chart_points(clip.errors_mm)
        self._draw_words(caption)
        self._draw_chart()

    def draw(self, frame: int, photograph: ndarray) -> ndarray:
        """The page for one frame of the clip."""
        image = self._background.copy()
        clip = self._clip
        self._draw_photograph(image, frame, photograph)
        shown = cv2.resize(clip.inputs[frame], (_INPUT_PX, _INPUT_PX), interpolation=cv2.INTER_NEAREST)
        image[_TOP : _TOP + _INPUT_PX, _INPUT_LEFT : _INPUT_LEFT + _INPUT_PX] = shown[..., None]
        turned = 2 * np.pi * frame / (SECONDS_PER_TURN * PLAYBACK_FPS)
        sights = (clip.sight, Viewpoint(clip.sight.azimuth + turned, TURNING_ELEVATION))
        for sight, row in zip(sights, self._stages, strict=True):
            for joints, stage in zip((clip.predicted_mm[frame], clip.target_mm[frame]), row, strict=True):
                draw_floor(image, stage, sight, clip.person_mm[frame], [joints])
                draw_figure(image, stage, sight, joints)
        self._draw_numbers(image, frame)
        return image

    def _draw_photograph(self, image: ndarray, frame: int, photograph: ndarray) -> None:
        if self._window is None:
            self._window = _window_around(self._clip.box_px, *photograph.shape[:2])
        left, top, side = self._window
        cut = photograph[top : top + side, left : left + side]
        # Averaging over areas is five times slower, and needed only where pixels would be skipped.
        method = cv2.INTER_AREA if side > 1.5 * _PHOTO_PX else cv2.INTER_LINEAR
        shown = cv2.resize(cut, (_PHOTO_PX, _PHOTO_PX), interpolation=method)
        scale = _PHOTO_PX / side
        draw_on_photograph(shown, (self._clip.overlay_px[frame] + 0.5 - (left, top)) * scale - 0.5)
        image[_TOP : _TOP + _PHOTO_PX, _MARGIN : _MARGIN + _PHOTO_PX] = shown

    def _draw_words(self, caption: Caption) -> None:
        image, clip = self._background, self._clip
        canvas.write(image, caption.title, (_MARGIN, 72), 38, bold=True)
        canvas.write(image, caption.result, (_MARGIN, 112), 24, canvas.MUTED)
        above = _TOP - 14
        canvas.write(image, "Camera, with the prediction", (_MARGIN, above), 22, bold=True)
        canvas.write(image, "Network input", (_INPUT_LEFT, above), 22, bold=True)
        for stage, word in zip(self._stages[0], ("Predicted", "True"), strict=True):
            canvas.write(image, word, (stage.left, above), 22, bold=True)
        for row, words in zip(self._stages, ("from the camera", "turning"), strict=True):
            for stage in row:
                canvas.fill_box(image, stage.left, stage.top, stage.width, stage.height, canvas.PANEL)
                canvas.write(image, words, (stage.left + 14, stage.top + 28), 17, canvas.MUTED)
        y = _TOP + _INPUT_PX + 30
        canvas.write(image, "128 × 128 pixels, grey", (_INPUT_LEFT, y), 18, canvas.MUTED)  # noqa: RUF001
        y = _TOP + _PHOTO_PX - 158
        for side, word in (("left", "left side"), ("right", "right side"), ("centre", "spine and head")):
            canvas.draw_line(image, (_INPUT_LEFT + 8, y), (_INPUT_LEFT + 44, y), canvas.SIDE_COLOURS[side], 9)
            canvas.write(image, word, (_INPUT_LEFT + 62, y + 7), 20)
            y += 34
        slow = _speed_words(clip.fps)
        notes = [slow, "prediction placed on", "the true pelvis"]
        if not clip.level_known:
            notes = [slow, "no world camera: upright", "is upright in the picture"]
        for number, note in enumerate(notes):
            canvas.write(image, note, (_INPUT_LEFT, y + 6 + 24 * number), 17, canvas.MUTED)
        size = next(size for size in (15, 14, 13, 12, 11) if size == 11 or len(_small_print(caption, size)) <= 2)
        for number, line in enumerate(_small_print(caption, size)):
            canvas.write(image, line, (_MARGIN, HEIGHT - 29 + 20 * number), size, canvas.MUTED)

    def _draw_chart(self) -> None:
        image, points = self._background, self._chart_points
        bottom = _CHART_TOP + _CHART_HEIGHT
        canvas.write(image, "Error (mm)", (_MARGIN, _CHART_TOP + 26), 20, bold=True)
        canvas.write(image, "over the clip", (_MARGIN, _CHART_TOP + 50), 17, canvas.MUTED)
        top_mm = _chart_top_mm(self._clip.errors_mm)
        canvas.draw_line(image, (_CHART_LEFT, bottom), (WIDTH - _MARGIN, bottom), canvas.FAINT, 1)
        canvas.draw_line(image, (_CHART_LEFT, _CHART_TOP), (WIDTH - _MARGIN, _CHART_TOP), canvas.FAINT, 1)
        canvas.write(image, "0", (_CHART_LEFT - 10, bottom + 5), 15, canvas.MUTED, align="right")
        canvas.write(image, f"{top_mm:.0f}", (_CHART_LEFT - 10, _CHART_TOP + 6), 15, canvas.MUTED, align="right")
        canvas.draw_path(image, points, (150, 156, 167), 2)

    def _draw_numbers(self, image: ndarray, frame: int) -> None:
        clip, y = self._clip, _TOP + _INPUT_PX + 100
        canvas.write(image, "Error of this frame", (_INPUT_LEFT, y), 18, canvas.MUTED)
        width = canvas.write(image, f"{clip.errors_mm[frame]:.0f}", (_INPUT_LEFT, y + 62), 60, bold=True)
        canvas.write(image, "mm", (_INPUT_LEFT + width + 10, y + 62), 28, canvas.MUTED)
        canvas.write(image, "Frame", (_INPUT_LEFT, y + 122), 18, canvas.MUTED)
        canvas.write(image, f"{clip.first + frame}", (_INPUT_LEFT, y + 160), 34, bold=True)
        x, height = self._chart_points[frame]
        canvas.draw_line(image, (x, _CHART_TOP), (x, _CHART_TOP + _CHART_HEIGHT), canvas.INK, 2)
        canvas.fill_circle(image, (x, height), 6.0, canvas.INK)


def _small_print(caption: Caption, size: int) -> list[str]:
    """The protocol on lines as wide as the page."""
    return canvas.wrapped(caption.protocol, size, WIDTH - 2 * _MARGIN)


def _window_around(box_px: ndarray, rows: int, columns: int) -> tuple[int, int, int]:
    """A square of the picture that holds all crops of the clip: left, top, side in whole pixels."""
    first = np.floor(box_px[:, :2].min(0))
    last = np.ceil((box_px[:, :2] + box_px[:, 2:]).max(0))
    side = min(int(np.max(last - first)) + 24, rows, columns)
    left, top = np.round((first + last - side) / 2).astype(int)
    return int(np.clip(left, 0, columns - side)), int(np.clip(top, 0, rows - side)), side


def _stages(clip: WalkingClip) -> list[list[Stage]]:
    """Two rows (fixed, turning) of two places (predicted, true), all of one scale."""
    everyone = np.concatenate([clip.predicted_mm, clip.target_mm])
    reach = max(650.0, float(np.linalg.norm(everyone[..., :2], axis=-1).max()) * 1.08)
    height = float(everyone[..., 2].max())
    px_per_mm = min(_STAGE_WIDTH * 0.96 / (2 * reach), (_STAGE_HEIGHT - 40) / (height + _TURNING_SINE * reach))
    middle_mm = (height - _TURNING_SINE * reach) / 2
    lefts = [_STAGES_LEFT + column * (_STAGE_WIDTH + _STAGE_GAP) for column in range(2)]
    tops = [_TOP + row * (_STAGE_HEIGHT + _STAGE_GAP) for row in range(2)]
    return [
        [Stage(left, top, _STAGE_WIDTH, _STAGE_HEIGHT, px_per_mm, middle_mm, reach) for left in lefts] for top in tops
    ]


def _speed_words(fps: float) -> str:
    """How fast the video plays a capture of so many frames per second."""
    slower = fps / PLAYBACK_FPS
    if slower == 1:
        return "played in real time"
    return "played at half speed" if slower == 2 else f"played at {1 / slower:.2g} of its speed"


def _chart_top_mm(errors_mm: ndarray) -> float:
    """A round number above all errors."""
    return float(np.ceil(errors_mm.max() / 20) * 20) or 20.0


def _chart_points(errors_mm: ndarray) -> ndarray:
    """Pixels of the curve of errors."""
    x = np.linspace(_CHART_LEFT, WIDTH - _MARGIN, len(errors_mm))
    return np.stack([x, _CHART_TOP + _CHART_HEIGHT * (1 - errors_mm / _chart_top_mm(errors_mm))], axis=-1)
