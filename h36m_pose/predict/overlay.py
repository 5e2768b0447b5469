"""`overlay.mp4`: the pictures with the skeleton on them, the pose in space beside them, gaps marked as gaps."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose import provenance
from h36m_pose.predict.footage import Footage, first_shots
from h36m_pose.predict.mocap import upright
from h36m_pose.predict.poses import Poses
from h36m_pose.progress import bar
from h36m_pose.rendering import canvas
from h36m_pose.rendering.media_files import new_video
from h36m_pose.rendering.skeleton_drawing import Stage, Viewpoint, draw_figure, draw_floor, draw_on_photograph

OVERLAY_FILE = "overlay.mp4"
SECONDS_PER_TURN = 12.0

_MARGIN, _TOP, _FOOT = 32, 84, 118
_PHOTO_WIDTH, _PHOTO_HEIGHT = 1040, 720
_LEAST_HEIGHT = 560
_PANEL_WIDTH = 440
_GAP = 16
_STRIP = 18
_SOLE_MM = 80.0
"""How far below the lowest joint the floor is drawn."""

_ELEVATIONS = np.deg2rad([8.0, 14.0])
_WARN: canvas.Colour = (178, 58, 46)


def write_overlay(path: Path, poses: Poses, footage: Footage, flagged: ndarray, silent: bool = False) -> None:
    """Draws and encodes the video; plays as fast as the footage.

    Args:
        path: of the mp4.
        poses: of the footage.
        footage: the pictures.
        flagged: frames that the trust check would not trust.
        silent: show no progress.
    """
    page = OverlayPage(poses, flagged)
    rate = Fraction(min(max(poses.fps, 1.0), 240.0)).limit_denominator(1001)
    told = {name: poses.about[name] for name in ("made_by", "source", "run", "checkpoint_digest")}
    comment = provenance.one_line(poses.about.get(provenance.KEY, {}), **told)
    with (
        bar(len(poses), "overlay", " frame", silent=silent) as progress,
        new_video(path, page.width, page.height, rate, "Predicted 3D pose", comment) as video,
    ):
        for shot in first_shots(footage, len(poses)):
            video.add(page.draw(shot.index, shot.rgb()))
            progress.update()


class OverlayPage:
    """The layout: what stays the same is drawn once, the rest frame by frame.

    Attributes:
        width: in pixels, even.
        height: in pixels, even.
    """

    def __init__(self, poses: Poses, flagged: ndarray):
        self._poses, self._flagged = poses, flagged
        about = poses.about
        scale = min(_PHOTO_WIDTH / about["width_px"], _PHOTO_HEIGHT / about["height_px"])
        self._scale = scale
        self._photo = max(2, round(about["width_px"] * scale)), max(2, round(about["height_px"] * scale))
        body = max(self._photo[1], _LEAST_HEIGHT)
        self.width = (3 * _MARGIN + max(self._photo[0], 480) + _PANEL_WIDTH) // 2 * 2
        self.height = (_TOP + body + _FOOT) // 2 * 2
        self._left = self.width - _MARGIN - _PANEL_WIDTH
        self._photo_left = _MARGIN + (self._left - 2 * _MARGIN - self._photo[0]) // 2
        self._upright = _z_up(poses)
        self._stages = self._make_stages(body)
        self._background = self._drawn_once(body)

    def draw(self, frame: int, photograph: ndarray) -> ndarray:
        """The page for one frame."""
        image, poses = self._background.copy(), self._poses
        shown = cv2.resize(
            photograph, self._photo, interpolation=cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
        )
        shown = np.asarray(shown)
        if poses.valid[frame]:
            self._draw_found(shown, image, frame)
        else:
            self._draw_gap(shown, image)
        image[_TOP : _TOP + self._photo[1], self._photo_left : self._photo_left + self._photo[0]] = shown
        words = f"frame {frame}   {poses.time_s[frame]:.2f} s"
        canvas.write(image, words, (self._left - _MARGIN, 52), 20, canvas.MUTED, align="right")
        self._draw_cursor(image, frame)
        return image

    def _draw_found(self, shown: ndarray, image: ndarray, frame: int) -> None:
        left, top, width, height = self._poses.silhouette_px[frame] * self._scale
        corners = np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
        canvas.draw_path(shown, corners, canvas.PANEL, 4, closed=True)
        canvas.draw_path(shown, corners, canvas.INK, 2, closed=True)
        thickness = int(np.clip(round(height / 90), 2, 6))
        draw_on_photograph(shown, (self._poses.joints_px[frame] + 0.5) * self._scale - 0.5, thickness)
        turned = np.pi / 2 + 2 * np.pi * self._poses.time_s[frame] / SECONDS_PER_TURN
        for stage, azimuth, elevation in zip(self._stages, (np.pi / 2, turned), _ELEVATIONS, strict=True):
            sight = Viewpoint(float(azimuth), float(elevation))
            draw_floor(image, stage, sight, np.zeros(2), [self._upright[frame]], 6)
            draw_figure(image, stage, sight, self._upright[frame], 6)
        if self._flagged[frame]:
            words = "not to be trusted: see poses.json"
            canvas.write(image, words, (self._left + _PANEL_WIDTH, 52), 18, _WARN, bold=True, align="right")

    def _draw_gap(self, shown: ndarray, image: ndarray) -> None:
        """Says so, over a picture that is paler than the others."""
        shown[:] = shown // 2 + 110
        width, height = self._photo
        size = int(np.clip(width // 24, 14, 30))
        text = canvas.text_width("nobody found in this frame", size, bold=True)
        left, top = (width - text) // 2 - size, height // 2 - size
        canvas.fill_box(shown, max(left, 0), max(top, 0), text + 2 * size, 2 * size, canvas.PANEL)
        canvas.write(shown, "nobody found in this frame", (width / 2, top + 1.35 * size), size, _WARN, True, "centre")
        for stage in self._stages:
            middle = (stage.left + stage.width / 2, stage.top + stage.height / 2)
            canvas.write(image, "no pose", middle, 22, canvas.MUTED, align="centre")

    def _make_stages(self, body: int) -> list[Stage]:
        """The place above, seen from the camera, and the one below, turning; of one scale."""
        height = (body - _GAP) // 2
        seen = self._upright[self._poses.valid]
        reach = max(600.0, float(np.linalg.norm(seen[..., :2], axis=-1).max()) * 1.08)
        tall = float(seen[..., 2].max())
        sine = float(np.sin(_ELEVATIONS[-1]))
        scale = min(_PANEL_WIDTH * 0.94 / (2 * reach), (height - 44) / (tall + 1.6 * sine * reach))
        middle = (tall - sine * reach) / 2
        tops = (_TOP, _TOP + height + _GAP)
        return [Stage(self._left, top, _PANEL_WIDTH, height, scale, middle, reach) for top in tops]

    def _drawn_once(self, body: int) -> ndarray:
        image, about = canvas.blank(self.width, self.height), self._poses.about
        canvas.write(image, "Predicted 3D pose", (_MARGIN, 54), 28, bold=True)
        for stage, words in zip(self._stages, ("as the camera sees it", "turning"), strict=True):
            canvas.fill_box(image, stage.left, stage.top, stage.width, stage.height, canvas.PANEL)
            canvas.write(image, words, (stage.left + 14, stage.top + 26), 16, canvas.MUTED)
        y = _TOP + body + 30
        x = _MARGIN
        for side, word in (("left", "left side"), ("right", "right side"), ("centre", "spine and head")):
            canvas.draw_line(image, (x + 4, y - 6), (x + 30, y - 6), canvas.SIDE_COLOURS[side], 7)
            x += 44 + canvas.write(image, word, (x + 42, y), 17) + 26
        if self._flagged.any():
            canvas.fill_box(image, x + 4, y - 12, 26, 12, canvas.mixed(_WARN, canvas.PANEL, 0.45))
            canvas.write(image, "flagged by the trust check", (x + 42, y), 17)
        self._strip(image, y + 12)
        notes = f"{about['person']['silhouettes']}; {about['domain']['verdict']} the training domain"
        if about["domain"]["verdict"] == "unknown":
            notes = f"{about['person']['silhouettes']}; distance from the training domain unknown"
        if about["camera"]["assumed"]:
            notes += "; focal length assumed"
        if about["smoothing"]["filter"] != "none":
            notes += (
                f"; 3D figures smoothed ({about['smoothing']['filter'].replace('_', ' ')}), markers on the picture not"
            )
        for number, line in enumerate(canvas.wrapped(notes, 15, self.width - 2 * _MARGIN)[:2]):
            canvas.write(image, line, (_MARGIN, y + 54 + 20 * number), 15, canvas.MUTED)
        return image

    def _strip(self, image: ndarray, top: int) -> None:
        """Time from left to right: dark where there is a pose, red where it is flagged, empty in gaps."""
        self._strip_top, width = top, self.width - 2 * _MARGIN
        frames = (np.arange(width) * len(self._poses) // width).clip(0, len(self._poses) - 1)
        colours = np.where(self._poses.valid[frames, None], canvas.FAINT, canvas.PAPER).astype(np.uint8)
        colours[self._flagged[frames] & self._poses.valid[frames]] = canvas.mixed(_WARN, canvas.PANEL, 0.45)
        image[top : top + _STRIP, _MARGIN : _MARGIN + width] = colours
        canvas.draw_line(image, (_MARGIN, top + _STRIP), (_MARGIN + width, top + _STRIP), canvas.MUTED)

    def _draw_cursor(self, image: ndarray, frame: int) -> None:
        x = _MARGIN + (self.width - 2 * _MARGIN) * (frame + 0.5) / len(self._poses)
        canvas.draw_line(image, (x, self._strip_top - 2), (x, self._strip_top + _STRIP + 2), canvas.INK, 2)


def _z_up(poses: Poses) -> ndarray:
    """Joints with z up above a floor under the lowest joint of each frame, the camera's sight along y."""
    x, y, z = np.moveaxis(upright(poses.best_root_mm), -1, 0)
    joints = np.stack([x, -z, y], axis=-1)
    with np.errstate(invalid="ignore"):
        joints[..., 2] -= joints[..., 2].min(axis=1, keepdims=True) - _SOLE_MM
    return joints
