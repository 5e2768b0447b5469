"""One view, from its raw files to its folder in the dataset."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.data.dataset import CROP_PX, frame_to_crop
from h36m_pose.data.dataset_writer import ViewWriter, new_view
from h36m_pose.errors import InputError
from h36m_pose.skeleton import EVALUATED, ROOT
from preprocessing.background import Subtraction
from preprocessing.calibration import Calibration, calibrate
from preprocessing.catalog import CAMERAS, KINDS, ViewFiles
from preprocessing.crop import crop_person, grey_levels, square_around
from preprocessing.masks import MaskFile, open_masks
from preprocessing.person import CHECK_EVERY, PersonFinder
from preprocessing.poses import read_positions
from preprocessing.release import faults_of
from preprocessing.transform import code_digest, libraries
from preprocessing.video import BrokenVideo, VideoFacts, pictures, probe

REPORT_EVERY = 10
"""Frames between two reports of progress."""

EXPLAINED_PX = 0.5
"""A camera that leaves more than this is not recorded: the release's own poses leave nothing but rounding."""

REFUSED_PX = 1.0
"""2D joints that are further than this from any projection of the 3D joints belong to another view, or the 3D joints to
another body: where D3_Positions_mono_universal stand in for D3_Positions_mono, 2 to 5 px are left."""

REFUSED_MM = 10.0
"""D3_Positions that are further than this from D3_Positions_mono, moved and turned, belong to another trial."""

LEAST_DEPTH_MM = 1.0
"""Of a joint before the camera."""

Report = Callable[[int], None]
"""Is told how many more frames are done."""


@dataclasses.dataclass(frozen=True)
class Parameters:
    """Everything that decides the dataset's arrays.

    Attributes:
        margin: side of the crop over the longer side of the silhouette's box; 1.1 leaves 5 % on both sides.
        joint_box_growth: how much larger the box of the 2D joints is taken where there is no silhouette at all.
        plate_pictures: over how many pictures of a video the median is taken that stands for the empty room.
        subtraction: thresholds of the background subtraction.
        every: frames 0, `every`, 2 `every` and so on are taken.
    """

    margin: float = 1.1
    joint_box_growth: float = 0.2
    plate_pictures: int = 8
    subtraction: Subtraction = dataclasses.field(default_factory=Subtraction)
    every: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.margin <= 4:
            raise InputError("margin", str(self.margin), "1 to 4", "Choose 1.1, which leaves 5 % on both sides")
        if self.every < 1:
            raise InputError("every", str(self.every), "1 or more", "Choose 1 for every frame, 5 for every fifth")

    def as_json(self) -> dict[str, Any]:
        """As it stands in the records and the manifest, with the code and the libraries that do the work."""
        done_by = {"code": code_digest(), "libraries": libraries()}
        return {**done_by, "crop_px": CROP_PX, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True, eq=False)
class Poses:
    """The poses of one view, all 32 joints: pixels, camera mm and, if there are any, world mm."""

    px: Float[ndarray, "frames 32 2"]
    cam_mm: Float[ndarray, "frames 32 3"]
    world_mm: Float[ndarray, "frames 32 3"] | None


def read_poses(files: ViewFiles) -> Poses:
    """Reads the two or three pose files of a view.

    Raises:
        InputError: if one is missing or spoiled, or if they are of unlike length.
    """
    for kind in files.missing_required:
        expected = f"the {KINDS[kind].archive} of {files.name}"
        mend = "Unpack it from its archive, or move this view's other files away to leave the view out"
        raise InputError(getattr(files, kind), "no such file", expected, mend)
    pixels, cam = read_positions(files.poses_2d, 2), read_positions(files.poses_mono, 3)
    world = None if "poses_world" in files.missing else read_positions(files.poses_world, 3)
    for path, joints in ((files.poses_mono, cam), (files.poses_world, world)):
        if joints is not None and len(joints) != len(pixels):
            expected = f"{len(pixels)}, as in {files.poses_2d}"
            raise InputError(path, f"{len(joints)} frames", expected, "Take all poses of a trial from one release")
    if (cam[..., 2] < LEAST_DEPTH_MM).any():
        expected = "millimetres in the camera's frame, z forward"
        raise InputError(files.poses_mono, "joints behind the camera", expected, "Give the files of D3_Positions_mono")
    return Poses(pixels, cam, world)


def process_view(
    files: ViewFiles,
    dataset: Path,
    parameters: Parameters,
    sources: dict[str, Any],
    report: Report = lambda frames: None,
    allow_partial: bool = False,
) -> None:
    """Makes one view's folder of the dataset; the memory in use does not grow with the number of frames.

    Args:
        files: of the view.
        dataset: its folder.
        parameters: what decides the arrays.
        sources: joins the record: which files these were.
        report: is called every few frames.
        allow_partial: of a broken video, take the frames before the first one that cannot be decoded.

    Raises:
        InputError: if a file is missing, spoiled, or does not fit the others.
    """
    cv2.setNumThreads(1)  # the processes share the cores already
    poses = read_poses(files)
    facts = probe(files.video, may_be_cut=allow_partial)
    if facts.present < len(poses.px) and not allow_partial:
        expected = f"{len(poses.px)} or more, as there are poses"
        raise InputError(files.video, f"{facts.present} frames", expected, "Take video and poses from one release")
    calibration = calibrate(poses.cam_mm, poses.px, poses.world_mm, facts.width_px, facts.height_px)
    _require_one_view(files, calibration)
    write = functools.partial(_write_view, files, dataset, parameters, sources, report, poses, facts, calibration)
    try:
        write(min(facts.present, len(poses.px)))
    except BrokenVideo as broken:
        if not allow_partial or not broken.good:
            raise
        write(broken.good)


def _require_one_view(files: ViewFiles, calibration: Calibration) -> None:
    """Refuses pose files that do not belong together."""
    found = ""
    if not calibration.residual_px <= REFUSED_PX:
        found = f"2D joints that are {calibration.residual_px:.1f} px off any projection of the 3D joints"
    elif (calibration.camera.focal_px <= 0).any():
        found = "2D joints in a mirror of the 3D joints"
    if found:
        mend = f"Take {files.poses_2d.name} and {files.poses_mono} of one trial and camera, and no universal poses"
        raise InputError(files.poses_2d, found, "projections of D3_Positions_mono", mend)
    if not calibration.world_residual_mm <= REFUSED_MM:
        found = f"joints {calibration.world_residual_mm:.0f} mm off those of {files.poses_mono.name}, moved and turned"
        mend = "Take the file of the same trial, or move this one away to do without"
        raise InputError(files.poses_world, found, "the same joints in the world", mend)


def _write_view(
    files: ViewFiles,
    dataset: Path,
    parameters: Parameters,
    sources: dict[str, Any],
    report: Report,
    poses: Poses,
    facts: VideoFacts,
    calibration: Calibration,
    frames: int,
) -> None:
    """Makes the view of the first `frames` frames, or every so many of them."""
    taken = np.s_[: frames : parameters.every]
    px, cam_mm = poses.px[taken], poses.cam_mm[taken]
    with (
        masks_of(files, facts) as masks,
        new_view(dataset, files.subject, files.trial, files.camera_id, len(px)) as writer,
    ):
        finder = PersonFinder(
            files.video, masks, poses.px[:frames], parameters.joint_box_growth, parameters.plate_pictures,
            parameters.subtraction,
            # Of a short trial one camera is enough: the comparison takes as long as making three crops.
            check=len(px) >= CHECK_EVERY or files.camera_id == CAMERAS[0],
            every=parameters.every,
        )  # fmt: skip
        boxes = _write_crops(files.video, len(px), parameters, finder, writer, report)
        finder.require_fit(files.masks)
        root = cam_mm[:, EVALUATED[ROOT]]
        writer.finish(
            {
                **_record(files, facts, calibration, parameters.every),
                **finder.record(),
                "frames_lost": len(poses.px) - frames,
                "notes": [*_notes(files, poses, facts, calibration, frames), *finder.notes()],
                "parameters": parameters.as_json(),
                "sources": sources,
            },
            joints_px=frame_to_crop(px[:, EVALUATED], boxes),
            joints_root_mm=cam_mm[:, EVALUATED] - root[:, None],
            root_cam_mm=root,
            box_px=boxes,
        )


@contextlib.contextmanager
def masks_of(files: ViewFiles, facts: VideoFacts) -> Iterator[MaskFile | None]:
    """The masks of a view, or None if there are none; raises InputError if they are not of the video's size."""
    if "masks" in files.missing:
        yield None
        return
    with open_masks(files.masks) as masks:
        size, expected = (masks.width_px, masks.height_px), (facts.width_px, facts.height_px)
        if size != expected:
            mend = "Take the masks of this view, or move the file away to do without"
            raise InputError(files.masks, "masks of {}x{}".format(*size), "{}x{}, as the video".format(*expected), mend)
        yield masks


def _write_crops(
    video: Path, count: int, parameters: Parameters, finder: PersonFinder, writer: ViewWriter, report: Report
) -> Float[ndarray, "count 3"]:
    """Streams the pictures through and makes `count` crops; returns their squares."""
    boxes = np.empty((count, 3))
    frames = (count - 1) * parameters.every + 1
    levels = None
    for frame, picture in enumerate(pictures(video, frames)):
        if levels is None:
            levels = grey_levels(picture.full_range)
        if frame % parameters.every == 0:
            mask, box = finder.find(frame, picture)
            square = square_around(box, parameters.margin)
            writer.add_image(crop_person(picture.luma, levels, mask, box, square))
            boxes[frame // parameters.every] = square
        if (frame + 1) % REPORT_EVERY == 0:
            report(REPORT_EVERY)
    report(frames % REPORT_EVERY)
    return boxes


def _record(files: ViewFiles, facts: VideoFacts, calibration: Calibration, every: int) -> dict[str, Any]:
    explained = calibration.residual_px <= EXPLAINED_PX
    return {
        "subject": files.subject,
        "trial": files.trial,
        "camera_id": files.camera_id,
        "fps": facts.fps / every,
        "video_frames": facts.present,
        "width_px": facts.width_px,
        "height_px": facts.height_px,
        "camera": calibration.camera.as_json() if explained else None,
        "camera_in_world": calibration.in_world,
        "camera_residual_px": round(calibration.residual_px, 4),
        "camera_residual_mm": round(calibration.world_residual_mm, 4),
    }


def _notes(files: ViewFiles, poses: Poses, facts: VideoFacts, calibration: Calibration, frames: int) -> list[str]:
    notes = [f"known fault of the release: {fault.words}" for fault in faults_of(files)]
    if facts.present > len(poses.px) + 5:
        notes.append(f"poses for the first {len(poses.px)} of {facts.present} frames only")
    if frames < len(poses.px):
        notes.append(f"only the first {frames} of {len(poses.px)} frames: the video is broken after them")
    if "masks" in files.missing:
        notes.append("no release masks: the person is cut out by background subtraction")
    if not calibration.in_world:
        notes.append("no D3_Positions: where the camera stands is not known, it is taken to look level")
    if calibration.residual_px > EXPLAINED_PX:
        notes.append(f"no camera: the best one leaves {calibration.residual_px:.1f} px")
    if calibration.world_residual_mm > 1:
        notes.append(f"D3_Positions and D3_Positions_mono differ by {calibration.world_residual_mm:.1f} mm")
    return notes
