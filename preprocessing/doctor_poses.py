"""What the doctor looks for in the poses of a view: bones, projections, the world, poses that stand still."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel
from h36m_pose.errors import InputError
from h36m_pose.skeleton import BONES, EVALUATED, LEFT, MIRRORED, NAMES
from preprocessing.calibration import Calibration, calibrate
from preprocessing.catalog import ViewFiles
from preprocessing.doctor_findings import BROKEN, GAP, WRONG, Trouble, ViewReport, attempt
from preprocessing.poses import read_positions
from preprocessing.view import EXPLAINED_PX, LEAST_DEPTH_MM, REFUSED_MM, REFUSED_PX

Cameras = Mapping[str, Camera]
"""A subject's cameras by their ids."""

BONES_MM = 2.0
"""Bones of the release are constant and symmetric to the last digit; what is off by more is something else."""

WORLD_MM = 1.0
"""D3_Positions, moved into the camera's frame, are D3_Positions_mono, but for rounding."""

LEAST_ROW = 5
MOST_REPEATED = 0.2
"""Equal poses: a row of so many is told. Above this share of all poses, they were made from fewer."""


def look_at_poses(
    files: ViewFiles, siblings: Sequence[ViewFiles], cameras: Cameras, size: tuple[int, int], report: ViewReport
) -> Float[ndarray, "frames 32 2"] | None:
    """Examines the three pose files of a view.

    Args:
        files: of the view.
        siblings: the subject's other views.
        cameras: those of the user's metadata.xml, if there is one.
        size: columns and rows of the pictures.
        report: is filled in.

    Returns:
        The joints in the picture, if they can be read.
    """
    px = _read(files, "poses_2d", 2, "D2_Positions", report)
    cam = _read(files, "poses_mono", 3, "D3_Positions_mono", report)
    world = _read(files, "poses_world", 3, "D3_Positions", report)
    first = px if px is not None else cam
    if first is None:
        return None
    report.poses = len(first)
    for name, joints in (("D3_Positions_mono", cam), ("D3_Positions", world)):
        if joints is not None and len(joints) != len(first):
            mend = "Take all poses of a trial from one release"
            report.add("unlike lengths", BROKEN, f"{name}: {len(joints):,} poses beside {len(first):,}", mend)
    if cam is not None:
        mend = "Give the files of D3_Positions_mono; those of D3_Positions are in the room's frame"
        if world is not None and world.shape == cam.shape and np.abs(world - cam).max() < WORLD_MM:
            report.add("world poses", BROKEN, "D3_Positions in the place of D3_Positions_mono", mend)
            cam = None
        elif (cam[..., 2] < LEAST_DEPTH_MM).any():
            report.add("behind the camera", BROKEN, "D3_Positions_mono: joints behind the camera", mend)
            cam = None
    _look_at_bones(cam, world, report)
    _look_for_repeats(first, report)
    if px is not None and cam is not None and len(px) == len(cam):
        same_length = world is not None and len(world) == len(cam)
        fitted = calibrate(cam, px, world if same_length else None, *size)
        _look_at_projection(fitted, cam, px, siblings, report)
        if cameras:
            _compare_with_metadata(fitted, cam, px, cameras, report)
    return px


def joints_of(views: Sequence[ViewFiles]) -> Iterator[tuple[ViewFiles, Float[ndarray, "frames 32 2"]]]:
    """The joints in the picture of those views that have them."""
    for view in views:
        try:
            yield view, read_positions(view.poses_2d, 2)
        except (InputError, OSError):
            continue  # told in that view's own line


def _read(files: ViewFiles, kind: str, axes: int, name: str, report: ViewReport) -> ndarray | None:
    path: Path = getattr(files, kind)
    if kind in files.missing:
        return None
    joints = attempt(lambda: read_positions(path, axes))
    if isinstance(joints, Trouble):
        report.add(f"bad {kind}", BROKEN, f"{name}: {joints.found}", joints.mend)
        return None
    return joints


def _bones(joints_mm: Float[ndarray, "frames 32 3"]) -> Float[ndarray, "frames 16"]:
    evaluated = joints_mm[:, EVALUATED]
    parents, children = zip(*BONES, strict=True)
    return np.linalg.norm(evaluated[:, list(children)] - evaluated[:, list(parents)], axis=-1)


def _look_at_bones(cam: ndarray | None, world: ndarray | None, report: ViewReport) -> None:
    if world is not None:
        report.world_bones_mm = tuple(_bones(world).mean(axis=0).tolist())
    if cam is None:
        return
    lengths = _bones(cam)
    means = lengths.mean(axis=0)
    report.bones_mm = tuple(means.tolist())
    changes = np.ptp(lengths, axis=0)
    joints = [joint for _, joint in BONES]
    mirrored = [joints.index(int(MIRRORED[joint])) for joint in joints]
    differences = np.abs(means - means[mirrored])
    report.bone_change_mm, report.bone_asymmetry_mm = float(changes.max()), float(differences.max())
    mend = "Take D3_Positions_mono of the release: there bones keep their lengths, left as right"
    if report.bone_change_mm > BONES_MM:
        bone = NAMES[joints[int(changes.argmax())]]
        words = f"bone lengths change, to the {bone} by {report.bone_change_mm:.0f} mm"
        report.add("bones change", WRONG, words, mend)
    elif report.bone_asymmetry_mm > BONES_MM:
        worst = joints[int(differences.argmax())]
        bone = NAMES[worst if worst in LEFT else int(MIRRORED[worst])].removeprefix("left ")
        words = f"left and right bones differ, to the {bone} by {report.bone_asymmetry_mm:.0f} mm"
        report.add("bones asymmetric", WRONG, words, mend)


def _look_for_repeats(joints: Float[ndarray, "frames 32 axes"], report: ViewReport) -> None:
    same = np.abs(np.diff(joints, axis=0)).max(axis=(1, 2)) < 1e-6
    longest, row = 1, 1
    for repeats in same.tolist():
        row = row + 1 if repeats else 1
        longest = max(longest, row)
    if longest >= LEAST_ROW:
        words = f"poses: {longest} equal ones in a row ({same.sum():,} of {len(joints):,} repeat)"
        severity = WRONG if same.sum() > MOST_REPEATED * len(joints) else GAP
        report.add("repeated poses", severity, words, "Take the release's own poses: one was measured for each frame")


def _look_at_projection(
    fitted: Calibration, cam: ndarray, px: ndarray, siblings: Sequence[ViewFiles], report: ViewReport
) -> None:
    report.projection_px = fitted.residual_px
    if fitted.in_world:
        x, y, z = fitted.camera.centre_mm.tolist()
        report.camera_centre_mm = (x, y, z)
    mend = "Take D2_Positions and D3_Positions_mono of the same trial and camera"
    if not fitted.residual_px <= REFUSED_PX:
        other = _whose_projection(cam, siblings)
        words = f"2D joints {fitted.residual_px:.1f} px off the 3D ones"
        if other:
            words += f": D3_Positions_mono fits D2_Positions of {other}"
        report.add("swapped poses" if other else "projection", BROKEN, words, mend)
    elif (fitted.camera.focal_px <= 0).any():
        report.add("mirrored", BROKEN, "2D joints are those of a mirror", mend)
    elif fitted.residual_px > EXPLAINED_PX:
        words = f"2D joints {fitted.residual_px:.1f} px off the 3D ones"
        report.add("projection", GAP, words, "Take D2_Positions and D3_Positions_mono of one release")
    if fitted.world_residual_mm > WORLD_MM:
        words = f"D3_Positions {fitted.world_residual_mm:.0f} mm off D3_Positions_mono"
        severity = GAP if fitted.world_residual_mm <= REFUSED_MM else BROKEN
        report.add("world", severity, words, "Take D3_Positions and D3_Positions_mono of the same trial")


def _whose_projection(cam: ndarray, siblings: Sequence[ViewFiles]) -> str | None:
    """The view whose 2D joints are the projection of these 3D ones."""
    for sibling, px in joints_of(siblings):
        if len(px) == len(cam) and calibrate(cam, px, None, 1, 1).residual_px < EXPLAINED_PX:
            return sibling.name
    return None


def _compare_with_metadata(
    fitted: Calibration, cam: ndarray, px: ndarray, cameras: Cameras, report: ViewReport
) -> None:
    def residual_px(camera: Camera) -> float:
        return float(np.sqrt(np.mean(np.sum((camera_to_pixel(cam, camera) - px) ** 2, axis=-1))))

    own = cameras[report.camera_id]
    report.metadata_px = residual_px(own)
    if fitted.residual_px > EXPLAINED_PX:
        return  # told already
    mend = "Check which camera's files these are, and unpack them again"
    by_picture = min(cameras, key=lambda camera_id: residual_px(cameras[camera_id]))
    if report.metadata_px > EXPLAINED_PX:
        words = f"2D joints {report.metadata_px:.1f} px off the camera of metadata.xml"
        if by_picture != report.camera_id and residual_px(cameras[by_picture]) < EXPLAINED_PX:
            report.add("swapped cameras", WRONG, f"poses of camera {by_picture}, by metadata.xml", mend)
        else:
            report.add("metadata", GAP, words, "Take metadata.xml and poses of one release")
    elif fitted.in_world:
        centre = fitted.camera.centre_mm
        nearest = min(cameras, key=lambda camera_id: float(np.linalg.norm(cameras[camera_id].centre_mm - centre)))
        if nearest != report.camera_id:
            report.add("swapped cameras", WRONG, f"poses of camera {nearest}, by metadata.xml", mend)
