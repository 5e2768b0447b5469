"""The folder that a prediction leaves: all files of one prediction, or none."""

from pathlib import Path
from typing import Any

import numpy as np

from h36m_pose.atomic_files import replacing, sha256_of
from h36m_pose.errors import InputError
from h36m_pose.predict.bvh import BVH_FILE, write_bvh
from h36m_pose.predict.footage import Footage
from h36m_pose.predict.mocap import C3D_FILE, TRC_FILE, why_no_c3d, write_c3d, write_trc
from h36m_pose.predict.overlay import OVERLAY_FILE, write_overlay
from h36m_pose.predict.poses import POSES_FILE, Poses, write_poses
from h36m_pose.predict.tables import CSV_FILE, JSON_FILE, write_csv, write_long_csv, write_pose_json

DIGESTS = "sha256"
"""In `poses.json`: of the files beside it, some of which have no place for words about where they come from."""

FILES = (POSES_FILE, CSV_FILE, JSON_FILE, BVH_FILE, TRC_FILE, C3D_FILE, OVERLAY_FILE)


def default_folder(source: Path) -> Path:
    """Where the poses of a video, a folder or a picture go: beside it."""
    source = Path(source).resolve()
    return source.parent / f"{source.name if source.is_dir() else source.stem}-poses"


def require_own_folder(folder: Path) -> None:
    """Raises InputError if a folder holds anything else than poses: it would be replaced as a whole."""
    if not folder.exists():
        return
    foreign = [] if folder.is_dir() else [folder.name]
    if folder.is_dir():
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in FILES)
    if foreign:
        found = f"{foreign[0]} in it" if folder.is_dir() else "a file"
        raise InputError(folder, found, "a folder of poses, or none yet", "Name another one with --out")


def write_all(
    folder: Path, poses: Poses, footage: Footage, extra: dict[str, Any], overlay: bool = True, silent: bool = False,
    long_csv: bool = False,
) -> list[str]:  # fmt: skip
    """Writes all files into a folder that appears at once; returns what people should know of them.

    Args:
        folder: replaced, if it is there.
        poses: to write.
        footage: the pictures, for the overlay.
        extra: joins `poses.json`, among it "trust" with the flagged frames.
        overlay: whether the video is wanted.
        silent: show no progress.
        long_csv: whether the CSV has a row per joint rather than per frame.
    """
    require_own_folder(folder)
    notes = []
    with replacing(folder) as temporary:
        temporary.mkdir()
        write_poses(temporary / POSES_FILE, poses)
        (write_long_csv if long_csv else write_csv)(temporary / CSV_FILE, poses)
        write_bvh(temporary / BVH_FILE, poses)
        write_trc(temporary / TRC_FILE, poses)
        why = why_no_c3d(len(poses))
        if why:
            notes.append(f"{C3D_FILE}: {why}")
        else:
            write_c3d(temporary / C3D_FILE, poses)
        if overlay:
            flagged = np.zeros(len(poses), bool)
            flagged[extra.get("trust", {}).get("flagged_frames", [])] = True
            write_overlay(temporary / OVERLAY_FILE, poses, footage, flagged, silent)
        digests = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        write_pose_json(temporary / JSON_FILE, poses, {DIGESTS: digests, **extra})  # last: it tells them all
    return notes
