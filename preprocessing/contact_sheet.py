"""What preprocessing makes of single frames of a view, step by step, for a person to look at.

Nothing here is computed in a way of its own: files are read, the person is found and the crop is made by the functions
that make the dataset. Files that preprocessing would refuse for not fitting each other are shown all the same, since
then one wants to see why.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.camera import camera_to_pixel
from h36m_pose.data.dataset import frame_to_crop
from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from h36m_pose.skeleton import EVALUATED, NAMES, ROOT
from preprocessing.background import overlap
from preprocessing.calibration import Calibration, calibrate
from preprocessing.catalog import ViewFiles
from preprocessing.crop import Square, crop_person, grey_levels, square_around
from preprocessing.masks import Box, MaskFile
from preprocessing.person import RELEASE, PersonFinder
from preprocessing.release import faults_of
from preprocessing.video import Picture, VideoFacts, pictures, probe
from preprocessing.view import EXPLAINED_PX, REFUSED_MM, Parameters, Poses, masks_of, read_poses

USUAL_FRAMES = 5
MOST_FRAMES = 40

LIMBS = {
    "hip": ("pelvis", "hip"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
    "shoulder": ("thorax", "shoulder"),
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}
"""Bones that come in pairs, with the joints at their ends."""

TRUNK = (("pelvis", "spine", "thorax"), ("thorax", "nose", "head"))
"""Back; neck and head."""

USUAL_OVERLAP = 0.45
"""Of a silhouette's box and that of the joints: 0.5 if seen from the side; down to 0.25 preprocessing takes it."""

FLOOR_REACH_MM = 250.0
"""Someone who stands or walks has a joint within so much of the floor, z = 0 of the release's world."""

LEAST_TOLD_PX = 0.001

MOST_UNLIKE_MM = 5.0
"""Left and right bones of the release are of one length."""

Number = tuple[str, str, bool]
"""What it is, the value with its unit, and whether somebody should look twice."""


@dataclasses.dataclass(frozen=True, eq=False)
class Look:
    """One frame.

    Attributes:
        frame: its number.
        photo: the picture in colour, red first.
        mask: the silhouette that was used, 1 on the person, for the whole picture.
        release_mask: what the release's file has, specks and all; None without.
        mask_source: where the silhouette is from, see `person.PersonFinder`.
        box: of the silhouette: left, top, width, height.
        square: of the crop: left, top, side.
        crop: the network's input.
        joints_px: the 17 joints in the picture.
        crop_joints_px: the same in the crop.
        numbers: see `Number`.
        bones_mm: per pair of bones its name, left and right length.
    """

    frame: int
    photo: UInt8[ndarray, "height width 3"]
    mask: UInt8[ndarray, "height width"]
    release_mask: UInt8[ndarray, "height width"] | None
    mask_source: str
    box: Box
    square: Square
    crop: UInt8[ndarray, "128 128"]
    joints_px: Float[ndarray, "17 2"]
    crop_joints_px: Float[ndarray, "17 2"]
    numbers: list[Number]
    bones_mm: list[tuple[str, float, float]]


@dataclasses.dataclass(frozen=True, eq=False)
class ViewLook:
    """A view: facts about all of it, each with whether somebody should look twice, and some of its frames."""

    name: str
    facts: list[tuple[str, bool]]
    frames: tuple[Look, ...]


def choose_frames(words: str | None, count: int, path: Path) -> list[int]:
    """Reads the value of `--frames`: numbers between commas; None for a few, evenly spread.

    Args:
        words: such as "0,100".
        count: how many frames have poses.
        path: of the poses, to be named if they are too few.

    Raises:
        InputError: if a word is no number, or there is no such frame.
    """
    if words is None:
        return sorted({round(place) for place in np.linspace(0, count - 1, min(USUAL_FRAMES, count))})
    expected = f"at most {MOST_FRAMES} numbers from 0 to {count - 1} with commas between"
    parts = [part.strip() for part in words.split(",") if part.strip()]
    if not parts or len(parts) > MOST_FRAMES or not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError("--frames", repr(words), expected, "Write, for example, --frames 0,100")
    frames = sorted({int(part) for part in parts})
    if frames[-1] >= count:
        raise InputError("--frames", str(frames[-1]), expected, f"Choose among the {count} frames of {path.name}")
    return frames


def look_at_view(files: ViewFiles, words: str | None, parameters: Parameters) -> ViewLook:
    """Takes some frames of a view through every step of preprocessing.

    Args:
        files: of the view.
        words: which frames, see `choose_frames`.
        parameters: of preprocessing.

    Raises:
        InputError: if a file is missing or spoiled, or a frame that was asked for is not there.
    """
    poses = read_poses(files)
    wanted = choose_frames(words, len(poses.px), files.poses_2d)
    facts = probe(files.video)
    if facts.present <= wanted[-1]:
        expected = f"frame {wanted[-1]}, as there are {len(poses.px)} poses"
        raise InputError(files.video, f"{facts.present} frames", expected, "Choose earlier ones with --frames")
    calibration = calibrate(poses.cam_mm, poses.px, poses.world_mm, facts.width_px, facts.height_px)
    looks = []
    with masks_of(files, facts) as masks, bar(wanted[-1] + 1, "inspect", " frame") as progress:
        finder = PersonFinder(
            files.video, masks, poses.px, parameters.joint_box_growth, parameters.plate_pictures,
            parameters.subtraction, check=False,
        )  # fmt: skip
        for frame, picture in enumerate(pictures(files.video, wanted[-1] + 1)):
            if frame in wanted:
                looks.append(_look(frame, picture, poses, calibration, masks, finder, parameters))
            progress.update(1)
        count = len(masks) if masks else 0
    return ViewLook(files.name, _facts(files, facts, poses, calibration, count), tuple(looks))


def _look(
    frame: int,
    picture: Picture,
    poses: Poses,
    calibration: Calibration,
    masks: MaskFile | None,
    finder: PersonFinder,
    parameters: Parameters,
) -> Look:
    before = finder.counts.copy()
    part, box = finder.find(frame, picture)
    (source,) = finder.counts - before
    square = square_around(box, parameters.margin)
    left, top, width, height = box
    mask = np.zeros_like(picture.luma)
    mask[top : top + height, left : left + width] = part
    joints_px = poses.px[frame, EVALUATED]
    crop_joints_px = frame_to_crop(joints_px[None], np.array([square], float))[0]
    return Look(
        frame=frame,
        photo=rgb_of(picture),
        mask=mask,
        release_mask=masks.read(frame) if masks and frame < len(masks) else None,
        mask_source=source,
        box=box,
        square=square,
        crop=crop_person(picture.luma, grey_levels(picture.full_range), part, box, square),
        joints_px=joints_px,
        crop_joints_px=crop_joints_px,
        numbers=_numbers(frame, poses, calibration, source, box, square, crop_joints_px),
        bones_mm=[(name, *_pair_mm(poses.cam_mm[frame, EVALUATED], ends)) for name, ends in LIMBS.items()],
    )


def rgb_of(picture: Picture) -> UInt8[ndarray, "height width 3"]:
    """The picture in colour; luma by the very table that the crops are made with."""
    height, width = picture.luma.shape
    chroma = np.arange(256.0) if picture.full_range else (np.arange(256.0) - 128) * (255 / 224) + 128
    levels = np.rint(np.clip(chroma, 0, 255)).astype(np.uint8)
    luma = cv2.LUT(picture.luma, grey_levels(picture.full_range))
    blue, red = (
        cv2.resize(cv2.LUT(plane, levels), (width, height), interpolation=cv2.INTER_LINEAR)
        for plane in (picture.blue, picture.red)
    )
    return np.asarray(cv2.cvtColor(cv2.merge([luma, red, blue]), cv2.COLOR_YCrCb2RGB), np.uint8)


def bone_mm(joints_mm: Float[ndarray, "17 3"], ends: Sequence[str]) -> float:
    """The length of a chain of bones between joints that are given by their names."""
    places = joints_mm[[NAMES.index(end) for end in ends]]
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _pair_mm(joints_mm: Float[ndarray, "17 3"], ends: Sequence[str]) -> tuple[float, float]:
    """Left and right."""
    left, right = (
        bone_mm(joints_mm, [end if end in NAMES else f"{side} {end}" for end in ends]) for side in ("left", "right")
    )
    return left, right


def _numbers(
    frame: int,
    poses: Poses,
    calibration: Calibration,
    source: str,
    box: Box,
    square: Square,
    crop_joints_px: Float[ndarray, "17 2"],
) -> list[Number]:
    cam_mm = poses.cam_mm[frame]
    off = np.linalg.norm(camera_to_pixel(cam_mm, calibration.camera) - poses.px[frame], axis=1)
    left, top, width, height = box
    same = overlap(box, poses.px[frame])
    outside = int(((crop_joints_px < -0.5) | (crop_joints_px >= 127.5)).any(axis=1).sum())
    back, head = (bone_mm(cam_mm[EVALUATED], ends) for ends in TRUNK)
    return [
        ("silhouette", "mask file" if source == RELEASE else source, source != RELEASE),
        ("its box", f"{width} x {height} px at {left}, {top}", False),
        ("crop", f"{square[2]} px at {square[0]}, {square[1]}", False),
        ("box and joints' box", f"IoU {same:.2f}", same < USUAL_OVERLAP),
        ("joints off the crop", str(outside), outside > 0),
        ("2D off projection", _rms_and_most(off), bool(off.max() > EXPLAINED_PX)),
        ("pelvis from camera", f"{np.linalg.norm(cam_mm[EVALUATED[ROOT]]):,.0f} mm", False),
        ("back; neck and head", f"{back:,.0f}; {head:,.0f} mm", False),
        _heights(poses, frame),
    ]


def _heights(poses: Poses, frame: int) -> Number:
    name = "heights: head, pelvis, lowest"
    if poses.world_mm is None:
        return name, "no D3_Positions", True
    heights = poses.world_mm[frame, :, 2]
    lowest = float(heights.min())
    head, pelvis = (heights[EVALUATED[NAMES.index(joint)]] for joint in ("head", "pelvis"))
    return name, f"{head:,.0f}, {pelvis:,.0f}, {lowest:,.0f} mm", abs(lowest) > FLOOR_REACH_MM


def _facts(
    files: ViewFiles, facts: VideoFacts, poses: Poses, calibration: Calibration, masks: int
) -> list[tuple[str, bool]]:
    count = len(poses.px)
    told = [
        (f"{facts.width_px} x {facts.height_px} px, {facts.fps:.4g} pictures per second", False),
        (f"{facts.present:,} pictures, {count:,} poses", facts.present < count),
        (f"{masks:,} masks" if masks else "no masks", masks < count),
    ]
    camera, residual = calibration.camera, calibration.residual_px
    told.append((f"camera from the poses: focal length {camera.focal_px[0]:,.0f} px, {_px(residual)} left over",
                 residual > EXPLAINED_PX))  # fmt: skip
    if calibration.in_world:
        place = ", ".join(f"{coordinate / 1000:.2f}" for coordinate in camera.centre_mm)
        left = calibration.world_residual_mm
        told.append((f"it stands at {place} m, {left:.2f} mm left over", left > REFUSED_MM))
    else:
        told.append(("no D3_Positions: where the camera stands is not known", True))
    return [*told, *((f"known fault of the release: {fault.words}", True) for fault in faults_of(files))]


def _px(value: float) -> str:
    return f"{value:.3f} px" if value >= LEAST_TOLD_PX else f"under {LEAST_TOLD_PX} px"


def _rms_and_most(values_px: Float[ndarray, "joints"]) -> str:
    if values_px.max() < LEAST_TOLD_PX:
        return _px(values_px.max())
    return f"{_px(np.sqrt(np.mean(values_px**2)))}, at most {_px(values_px.max())}"
