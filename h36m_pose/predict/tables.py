"""Poses as text that everything reads: `poses.csv`, a row per frame or per joint, and `poses.json`, as COCO has it."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.atomic_files import replacing, write_json
from h36m_pose.predict.poses import Poses

CSV_FILE, JSON_FILE = "poses.csv", "poses.json"
SCHEMA = 1
_PLACES = 3
"""Behind the point."""


def write_csv(path: Path, poses: Poses) -> None:
    """Writes a row per frame; columns end in their unit, fields of frames without a person stay empty.

    `<joint>_x_mm` and so on are as predicted; with smoothing, `<joint>_smooth_x_mm` follow. `<joint>_x_px` is where
    the joint is drawn.
    """
    groups: list[tuple[list[str], ndarray]] = [
        (["crop_left_px", "crop_top_px", "crop_side_px"], poses.box_px),
        (["domain_score"], poses.domain_score[:, None]),
        (_columns("{joint}_{axis}_mm", "xyz"), poses.joints_root_mm.reshape(len(poses), -1)),
    ]
    if poses.smoothed_root_mm is not None:
        columns = _columns("{joint}_smooth_{axis}_mm", "xyz")
        groups.append((columns, poses.smoothed_root_mm.reshape(len(poses), -1)))
    groups.append((_columns("{joint}_{axis}_px", "xy"), poses.joints_px.reshape(len(poses), -1)))
    table = np.concatenate([values for _, values in groups], axis=1)
    names = [name for columns, _ in groups for name in columns]
    _write_rows(path, names, ([*_of_frame(poses, frame), *_texts(table[frame])] for frame in range(len(poses))))


def write_long_csv(path: Path, poses: Poses) -> None:
    """Writes a row per frame and joint, as statistics programmes like it; without a person, fields stay empty.

    Columns are `joint`, `x_mm` and so on as predicted, with smoothing `smooth_x_mm` and so on, and `x_px`, `y_px`.
    """
    smooth = [] if poses.smoothed_root_mm is None else [poses.smoothed_root_mm]
    table = np.concatenate([poses.joints_root_mm, *smooth, poses.joints_px], axis=2)
    names = ["joint", "x_mm", "y_mm", "z_mm"]
    names += [f"smooth_{axis}_mm" for axis in "xyz" if smooth]
    rows = (
        [*_of_frame(poses, frame), name.replace(" ", "_"), *_texts(table[frame, joint])]
        for frame in range(len(poses))
        for joint, name in enumerate(skeleton.NAMES)
    )
    _write_rows(path, [*names, "x_px", "y_px"], rows)


def _of_frame(poses: Poses, frame: int) -> list[str]:
    return [str(frame), f"{poses.time_s[frame]:.6f}", str(int(poses.valid[frame]))]


def _texts(values: ndarray) -> list[str]:
    return [f"{value:.{_PLACES}f}" if np.isfinite(value) else "" for value in values]


def _write_rows(path: Path, names: list[str], rows: Iterable[list[str]]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["frame", "time_s", "valid", *names])
        writer.writerows(rows)


def _columns(pattern: str, axes: str) -> list[str]:
    return [pattern.format(joint=name.replace(" ", "_"), axis=axis) for name in skeleton.NAMES for axis in axes]


def write_pose_json(path: Path, poses: Poses, extra: dict[str, Any]) -> None:
    """Writes names, edges, parameters and an annotation per frame with a person, as COCO's keypoint files have them.

    `keypoints` are x, y in pixels and 2 for seen; `keypoints_3d_mm` x, y, z as predicted. `bbox` is the silhouette's.
    `gaps` are the first and last frame of each stretch without a person.

    Args:
        path: of the file.
        poses: to write.
        extra: joins the object under its own names.
    """
    info = poses.about | {"schema": SCHEMA, "frames": len(poses), "gaps": [list(gap) for gap in poses.gaps]}
    edges = [[parent, joint] for parent, joint in skeleton.BONES]
    category = {"id": 1, "name": "person", "keypoints": list(skeleton.NAMES), "skeleton": edges, "first_keypoint": 0}
    images = [
        {"id": frame, "time_s": round(float(poses.time_s[frame]), 6), "valid": bool(poses.valid[frame])}
        for frame in range(len(poses))
    ]
    annotations = [_annotation(poses, int(frame)) for frame in np.flatnonzero(poses.valid)]
    write_json(path, {"info": info, "categories": [category], "images": images, "annotations": annotations, **extra})


def _annotation(poses: Poses, frame: int) -> dict[str, Any]:
    seen = np.column_stack([poses.joints_px[frame], np.full(skeleton.JOINTS, 2.0)])
    annotation = {
        "id": frame,
        "image_id": frame,
        "category_id": 1,
        "bbox": _rounded(poses.silhouette_px[frame]),
        "crop_px": _rounded(poses.box_px[frame]),
        "keypoints": _rounded(seen),
        "num_keypoints": skeleton.JOINTS,
        "keypoints_3d_mm": _rounded(poses.joints_root_mm[frame]),
    }
    if poses.smoothed_root_mm is not None:
        annotation["keypoints_3d_smoothed_mm"] = _rounded(poses.smoothed_root_mm[frame])
    score = float(poses.domain_score[frame])
    return annotation | {"domain_score": round(score, 4) if np.isfinite(score) else None}


def _rounded(values: ndarray) -> list[float]:
    return [round(float(value), 2) for value in np.ravel(values)]
