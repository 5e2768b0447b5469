"""Films one subject: body, walk and cameras are made once, then frames flow into the files of all views."""

import contextlib
import dataclasses
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, world_to_camera
from preprocessing.capture.anatomy import Person
from preprocessing.capture.body import build_body
from preprocessing.capture.cast import Role, Trial, trial_seed
from preprocessing.capture.gait import walk
from preprocessing.capture.motion import Motion
from preprocessing.capture.picture import Photographer
from preprocessing.capture.raw_files import MaskWriter, VideoWriter, open_masks, open_video, write_poses
from preprocessing.capture.record import Missing, camera_paths, describe, view_files
from preprocessing.capture.room import Room, draw_room
from preprocessing.capture.variation import CROWD_ROOMS, USUAL, Variation
from preprocessing.catalog import CAMERAS, ViewFiles, is_crowd

_CROWD_COARSE = 1.3
"""Triangles of 25 mm on cloth and texels of 4 mm, which is about a pixel of the nearest cameras."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What one job films.

    Attributes:
        root: the capture's folder.
        seed: of the whole capture.
        role: the subject and its trials.
        missing: what to make, by trial.
        outside: the person and the motion that drive the subject instead of its own walk.
        hire: who finds the photographer; `hire_photographer` if left out. Tests bring a quicker one.
        variation: how the capture departs from the usual one.
    """

    root: Path
    seed: int
    role: Role
    missing: dict[str, Missing]
    outside: tuple[Person, Motion] | None = None
    hire: "Hire | None" = None
    variation: Variation = USUAL

    @property
    def frames(self) -> int:
        """Frames with poses that are to be filmed."""
        return sum(trial.frames * len(self.missing[trial.name].cameras) for trial in self.trials)

    @property
    def trials(self) -> list[Trial]:
        """The trials of which something is missing."""
        return [trial for trial in self.role.trials if trial.name in self.missing]


Hire = Callable[[Order, Person, dict[str, Camera]], Photographer]
"""Finds the photographer of a person for all four cameras, in the order of `CAMERAS`."""


@dataclasses.dataclass(frozen=True)
class Report:
    """How a job tells what it has done; both calls may raise, to stop the job.

    Attributes:
        frames: is called with the number of frames filmed since the last call.
        files: is called with the record's entries of files that have just been finished.
    """

    frames: Callable[[int], None]
    files: Callable[[dict[str, dict[str, Any]]], None]


def film(order: Order, report: Report) -> Counter[str]:
    """Films what is missing of one subject.

    Every draw of chance depends on seed, subject, trial, camera and frame alone, so a view has the same bytes whichever
    others are filmed with it.

    Returns:
        Seconds spent, by task.
    """
    seconds: Counter[str] = Counter()
    person = order.outside[0] if order.outside else order.variation.person(order.role.subject, order.seed)
    photographer: Photographer | None = None
    for trial in order.trials:
        missing = order.missing[trial.name]
        with _timed(seconds, "bodies, walks and rooms"):
            motion = _motion_of(order, person, trial)
            rig = order.variation.rig(order.seed, order.role.subject, motion.joints_world_mm[: trial.frames])
            if missing.cameras and photographer is None:
                photographer = (order.hire or hire_photographer)(order, person, rig)
        if missing.cameras and photographer is not None:
            _film_pictures(order, trial, photographer, motion, rig, report, seconds)
        with _timed(seconds, "poses and digests"):
            report.files(_write_poses(order, trial, motion, rig))
    return seconds


def pose_values(joints_world_mm: ndarray, camera: Camera) -> tuple[ndarray, ndarray]:
    """D3_Positions_mono (frames, 96) mm and D2_Positions (frames, 64) px of world joints (frames, 32, 3)."""
    joints_cam_mm = world_to_camera(joints_world_mm, camera)
    frames = len(joints_cam_mm)
    return joints_cam_mm.reshape(frames, -1), camera_to_pixel(joints_cam_mm, camera).reshape(frames, -1)


def _motion_of(order: Order, person: Person, trial: Trial) -> Motion:
    """The movement of a trial, with enough frames for the longest video; an outside motion holds its last frame."""
    if order.outside is None:
        frames = trial.frames + max(trial.tails)
        return walk(person, frames, seed=trial.seed, path=trial.path, fps=float(trial.fps))
    return order.outside[1]


def hire_photographer(order: Order, person: Person, rig: dict[str, Camera]) -> Photographer:
    """The photographer of a subject, with its dressed body and its room, for all four cameras in the usual order."""
    subject = order.role.subject
    # Each crowd body has a mesh and backgrounds of its own for a few frames: these may cost less.
    coarse, room_step = (_CROWD_COARSE, 2) if is_crowd(subject) else (1.0, 1)
    body = build_body(person, order.variation.wardrobe(person, order.seed), coarse)
    room = _draw_room(trial_seed(order.seed, "studio", order.variation.room(subject)))
    return Photographer(body, room, list(rig.values()), seed=order.seed, room_step=room_step)


def _film_pictures(
    order: Order,
    trial: Trial,
    photographer: Photographer,
    motion: Motion,
    rig: dict[str, Camera],
    report: Report,
    seconds: Counter[str],
) -> None:
    """Draws the trial frame by frame and writes each camera's video and masks as it goes."""
    cameras = order.missing[trial.name].cameras
    lengths = {camera_id: trial.frames + trial.tails[CAMERAS.index(camera_id)] for camera_id in cameras}
    matrices = photographer.matrices(motion)
    with contextlib.ExitStack() as stack:
        reels = {}
        for camera_id in cameras:
            files = view_files(order.root, order.role.subject, trial.name, camera_id)
            reels[camera_id] = stack.enter_context(_open_reel(files, rig[camera_id], trial.fps))
        for frame in range(max(lengths.values())):
            running = [camera_id for camera_id in cameras if frame < lengths[camera_id]]
            with _timed(seconds, "drawing"):
                shots = photographer.draw(
                    matrices[min(frame, len(matrices) - 1)],
                    views=[CAMERAS.index(camera_id) for camera_id in running],
                    moment=(trial.seed, frame),
                )
            for camera_id, shot in zip(running, shots, strict=True):
                with _timed(seconds, "video"):
                    reels[camera_id].video.append(shot.picture)
                if frame < trial.frames:
                    with _timed(seconds, "masks"):
                        reels[camera_id].add_masks(shot.mask, shot.box_px)
            report.frames(len(running) if frame < trial.frames else 0)


@dataclasses.dataclass(frozen=True)
class _Reel:
    """The open files of one view."""

    video: VideoWriter
    masks: MaskWriter
    box_masks: MaskWriter

    def add_masks(self, silhouette: ndarray, within: tuple[int, int, int, int]) -> None:
        """Writes the silhouette and the tightest box around it, of which `within` is known to hold the whole."""
        box = tight_box(silhouette, within)
        self.masks.append_silhouette(silhouette, box)
        self.box_masks.append_box(box)


@contextlib.contextmanager
def _open_reel(files: ViewFiles, camera: Camera, fps: int) -> Iterator[_Reel]:
    size = (camera.width_px, camera.height_px)
    with (
        open_video(files.video, *size, fps) as video,
        open_masks(files.masks, *size) as masks,
        open_masks(files.box_masks, *size) as box_masks,
    ):
        yield _Reel(video, masks, box_masks)


def tight_box(silhouette: ndarray, within: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The smallest box (left, top, right, bottom; half-open) around the ones of a mask; all zero if there are none."""
    left, top, right, bottom = within
    part = silhouette[top:bottom, left:right]
    columns, rows = np.flatnonzero(part.any(axis=0)), np.flatnonzero(part.any(axis=1))
    if len(columns) == 0:
        return 0, 0, 0, 0
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1


def _write_poses(order: Order, trial: Trial, motion: Motion, rig: dict[str, Camera]) -> dict[str, dict[str, Any]]:
    """Writes the pose files that are missing; returns the record's entries of all files of the trial just made."""
    subject, missing = order.role.subject, order.missing[trial.name]
    joints_world_mm = motion.joints_world_mm[: trial.frames]
    entries: dict[str, dict[str, Any]] = {}
    for camera_id in missing.cameras:
        files = view_files(order.root, subject, trial.name, camera_id)
        mono_mm, pixels = pose_values(joints_world_mm, rig[camera_id])
        write_poses(files.poses_mono, mono_mm)
        write_poses(files.poses_2d, pixels)
        for path in camera_paths(files):
            entries |= describe(path, order.root)
    if missing.world:
        path = view_files(order.root, subject, trial.name, CAMERAS[0]).poses_world
        write_poses(path, joints_world_mm.reshape(trial.frames, -1))
        entries |= describe(path, order.root)
    return entries


@contextlib.contextmanager
def _timed(seconds: Counter[str], task: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[task] += time.perf_counter() - started  # type: ignore[assignment]


@functools.lru_cache(maxsize=CROWD_ROOMS + 1)
def _draw_room(seed: int) -> Room:
    return draw_room(seed)
