"""Writes a metadata.xml of the shape that the release's has, with cameras of our own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy import ndarray
from raw_fixture import CAMERAS, camera_of

from h36m_pose.camera import Camera

SUBJECTS = tuple(f"S{number}" for number in range(1, 12))


def fixture_camera(subject: str, camera_id: str) -> Camera:
    """The camera that `raw_fixture` films every subject with."""
    return camera_of(CAMERAS.index(camera_id))


def metadata_text(camera: Callable[[str, str], Camera] = fixture_camera, camera_ids: Sequence[str] = CAMERAS) -> str:
    """The whole file, as text."""
    outer = [
        number
        for camera_id in camera_ids
        for subject in SUBJECTS
        for number in (*_angles(camera(subject, camera_id).rotation), *camera(subject, camera_id).centre_mm)
    ]
    inner = [number for camera_id in camera_ids for number in _inner(camera("S1", camera_id))]
    rows = [["", "", *SUBJECTS], ["2", "1", *[f"Directions {number}" for number in range(len(SUBJECTS))]]]
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    ids = "".join(f"<item>{camera_id}</item>" for camera_id in camera_ids)
    numbers = " ".join(repr(float(number)) for number in (*outer, *inner))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<metadata>\n'
        f"<mapping>{table}</mapping>\n<w0>[{numbers}]</w0>\n"
        f"<dbcameras><index2id>{ids}</index2id></dbcameras>\n</metadata>\n"
    )


def write_metadata(path: Path, camera: Callable[[str, str], Camera] = fixture_camera) -> None:
    """Writes it, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(metadata_text(camera), encoding="utf-8")


def _angles(rotation: ndarray) -> tuple[float, float, float]:
    """About x, y and z: the rotation is the product of the three turns in this order."""
    return (
        float(np.arctan2(-rotation[1, 2], rotation[2, 2])),
        float(np.arcsin(rotation[0, 2])),
        float(np.arctan2(-rotation[0, 1], rotation[0, 0])),
    )


def _inner(camera: Camera) -> tuple[float, ...]:
    return (*camera.focal_px, *camera.principal_px, *camera.radial, *camera.tangential)
