"""Poses as biomechanics programmes read them: `poses.trc` (OpenSim) and `poses.c3d`.

Both hold the 17 joints as markers in millimetres, relative to the pelvis, the right way up: x right as the camera sees
it, y up, z towards the camera, which is taken to look level. Frames without a person are missing points, as each format
has them: empty fields in TRC, a negative residual in C3D.
"""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import provenance, skeleton
from h36m_pose.atomic_files import replacing
from h36m_pose.predict.poses import Poses

TRC_FILE, C3D_FILE = "poses.trc", "poses.c3d"
_UP = np.array([1.0, -1.0, -1.0])
_MOST_C3D_FRAMES = 65535
"""The header counts in 16 bits."""
C3D_RECORD = "WHENCE"
_C3D_GROUP, _C3D_LINE = 64, 255


def upright(joints_root_mm: Float[ndarray, "*batch 3"]) -> Float[ndarray, "*batch 3"]:
    """From the camera's axes (x right, y down, z away) to y up: x right, z towards the camera; its own inverse."""
    return np.asarray(joints_root_mm, np.float64) * _UP


def marker_names() -> list[str]:
    """The joints' names without spaces: "right_hip"."""
    return [name.replace(" ", "_") for name in skeleton.NAMES]


def write_trc(path: Path, poses: Poses) -> None:
    """Writes a TRC file: tab-separated, millimetres, y up."""
    names, frames, rate = marker_names(), len(poses), f"{poses.fps:.6g}"
    markers = upright(poses.best_root_mm)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{frames}\t{len(names)}\tmm\t{rate}\t1\t{frames}",
        "Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in names),
        "\t\t" + "\t".join(f"X{number}\tY{number}\tZ{number}" for number in range(1, len(names) + 1)),
        "",
    ]
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.write("\n".join(lines) + "\n")
        for frame, points in enumerate(markers):
            numbers = [f"{value:.4f}" if np.isfinite(value) else "" for value in points.ravel()]
            stream.write("\t".join([str(frame + 1), f"{frame / poses.fps:.6f}", *numbers]) + "\n")


def why_no_c3d(frames: int) -> str:
    """Why a C3D file of so many frames cannot be written, in words; empty if it can."""
    if importlib.util.find_spec("c3d") is None:
        return "not written, the package c3d is not installed: pip install 'h36m-pose[mocap]'"
    if frames > _MOST_C3D_FRAMES:
        return f"not written, the format counts {_MOST_C3D_FRAMES:,} frames at most"
    return ""


def _add_record(writer: Any, record: provenance.Record) -> None:
    """Puts a record into parameters of a group of its own: WHENCE:RUN, WHENCE:WEIGHTS and so on, as text."""
    group = writer.add_group(_C3D_GROUP, C3D_RECORD, "where this file comes from")
    for name, words in record.items():
        content = str(words).encode()
        if len(content) <= _C3D_LINE:
            shape = [len(content)]
        else:  # sizes are counted in bytes, so that longer text is an array of lines
            shape = [_C3D_LINE, -(-len(content) // _C3D_LINE)]
            content = content.ljust(_C3D_LINE * shape[1])
        group.add_param(name.upper(), desc="", bytes_per_element=-1, dimensions=shape, bytes=content)


def write_c3d(path: Path, poses: Poses) -> None:
    """Writes a C3D file with the package `c3d`: little-endian floats, millimetres, y up (POINT:Y_SCREEN is +Y)."""
    import c3d

    writer = c3d.Writer(point_rate=poses.fps, analog_rate=0, point_scale=-1.0, point_units="mm  ")
    writer.set_point_labels(marker_names())
    writer.set_screen_axis("+X", "+Y")
    _add_record(writer, poses.about.get(provenance.KEY, {}))
    analog = np.zeros((0, 0))
    rows = []
    for points in upright(poses.best_root_mm):
        row = np.zeros((skeleton.JOINTS, 5), np.float32)
        row[:, :3] = np.nan_to_num(points)
        row[:, 3] = np.where(np.isfinite(points).all(axis=1), 0.0, -1.0)
        rows.append((row, analog))
    writer.add_frames(rows)
    with replacing(path) as temporary, warnings.catch_warnings(), temporary.open("wb") as stream:
        warnings.simplefilter("ignore")  # the package's own, about what it changed lately
        writer.write(stream)
