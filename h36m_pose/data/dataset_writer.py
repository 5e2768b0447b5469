"""Writes the dataset on disk: views one by one, each whole or not there, and the manifest over them at the end."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import replacing, sha256_of, write_json
from h36m_pose.camera import Camera
from h36m_pose.data.checksum import text_of, with_checksum
from h36m_pose.data.dataset import ARRAYS, CROP_PX, MANIFEST, RECORD, SCHEMA_VERSION, read_record, view_folder


class ViewWriter:
    """Takes the images of a view one by one, then its other arrays and its record; given by `new_view`."""

    def __init__(self, folder: Path, frames: int):
        self._folder = folder
        self._frames = frames
        self._written = 0
        self._digest = hashlib.sha256()
        self._stream = (folder / "images.npy").open("wb")
        self._arrays: dict[str, dict[str, Any]] = {}
        header = {"descr": "|u1", "fortran_order": False, "shape": (frames, CROP_PX, CROP_PX)}
        np.lib.format.write_array_header_1_0(_Tee(self._stream.write, self._digest.update), header)

    def add_image(self, image: UInt8[ndarray, "128 128"]) -> None:
        """Appends the crop of the next frame."""
        # Written, not memory-mapped: memory stays flat, and a full disk is an OSError here instead of a killed process.
        content = np.ascontiguousarray(image, np.uint8).tobytes()
        self._stream.write(content)
        self._digest.update(content)
        self._written += 1

    def finish(self, record: dict[str, Any], **arrays: ndarray) -> None:
        """Writes the arrays other than `images`, and then `view.json`, the mark of a whole view."""
        self.close()
        if self._written != self._frames:
            raise ValueError(f"{self._written} images were written, {self._frames} were announced")
        digests = {"images": self._digest.hexdigest()}
        for name, (dtype, shape) in ARRAYS.items():
            if name == "images":
                continue
            path = self._folder / f"{name}.npy"
            value = np.ascontiguousarray(arrays[name], dtype)
            if value.shape != (self._frames, *shape):
                raise ValueError(f"{name} has shape {value.shape} instead of {(self._frames, *shape)}")
            with path.open("wb") as stream:
                np.save(stream, value, allow_pickle=False)
            digests[name] = sha256_of(path)
        record = with_checksum({"schema": SCHEMA_VERSION, "frames": self._frames, **record, "sha256": digests})
        # Not through `write_json`, which waits for the disk: the rename of the folder is what counts.
        (self._folder / RECORD).write_text(text_of(record), encoding="utf-8")

    def close(self) -> None:
        """Closes the file of images."""
        self._stream.close()


class _Tee:
    """A stream that passes what is written on to several takers."""

    def __init__(self, *takers: Any):
        self._takers = takers

    def write(self, content: bytes) -> int:
        for taker in self._takers:
            taker(content)
        return len(content)


@contextlib.contextmanager
def new_view(dataset: Path, subject: str, trial: str, camera_id: str, frames: int) -> Iterator[ViewWriter]:
    """Yields a writer of one view; the view stands in its place, whole, when the block ends without error."""
    with replacing(view_folder(dataset, subject, trial, camera_id)) as temporary:
        temporary.mkdir(parents=True)
        writer = ViewWriter(temporary, frames)
        try:
            yield writer
        finally:
            writer.close()


def identity_record(subject: str, trial: str, camera_id: str, fps: float, camera: Camera | None) -> dict[str, Any]:
    """The part of `view.json` that every view must have."""
    return {
        "subject": subject,
        "trial": trial,
        "camera_id": camera_id,
        "fps": fps,
        "camera": camera.as_json() if camera else None,
        "camera_in_world": camera is not None,
    }


def write_view(
    dataset: Path,
    subject: str,
    trial: str,
    camera_id: str,
    *,
    images: Iterable[UInt8[ndarray, "128 128"]],
    joints_px: Float[ndarray, "frames 17 2"],
    joints_root_mm: Float[ndarray, "frames 17 3"],
    root_cam_mm: Float[ndarray, "frames 3"],
    box_px: Float[ndarray, "frames 3"],
    fps: float = 50.0,
    camera: Camera | None = None,
    **more: Any,
) -> Path:
    """Writes one view at once, atomically; `more` joins its record. Returns its folder."""
    with new_view(dataset, subject, trial, camera_id, len(box_px)) as writer:
        for image in images:
            writer.add_image(image)
        writer.finish(
            identity_record(subject, trial, camera_id, fps, camera) | more,
            joints_px=joints_px,
            joints_root_mm=joints_root_mm,
            root_cam_mm=root_cam_mm,
            box_px=box_px,
        )
    return view_folder(dataset, subject, trial, camera_id)


def fingerprint_of(parameters: dict[str, Any], records: Iterable[dict[str, Any]]) -> str:
    """SHA-256 over the schema, the parameters and every view's name, rate and array digests."""
    views = sorted([*(record[key] for key in ("subject", "trial", "camera_id", "fps")), record["sha256"]]
                   for record in records)  # fmt: skip
    text = json.dumps([SCHEMA_VERSION, parameters, views], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(
    dataset: Path, parameters: dict[str, Any], views: Iterable[tuple[str, str, str]] | None = None, **more: Any
) -> dict[str, Any]:
    """Writes `manifest.json` over finished views, atomically, and returns it.

    Args:
        dataset: the folder.
        parameters: everything that decided the arrays, as plain numbers and words.
        views: (subject, trial, camera) of the views that belong to the dataset; None takes all that are there.
        more: joins the manifest; not part of the fingerprint.
    """
    if views is None:
        folders = [path.parent for path in dataset.glob(f"S*/*/{RECORD}")]
    else:
        folders = [view_folder(dataset, *view) for view in views]
    records = sorted((read_record(folder) for folder in folders), key=_order)
    subjects: dict[str, dict[str, int]] = {}
    for record in records:
        counts = subjects.setdefault(record["subject"], {"views": 0, "frames": 0})
        counts["views"] += 1
        counts["frames"] += record["frames"]
    manifest: dict[str, Any] = {
        "schema": SCHEMA_VERSION,
        "fingerprint": fingerprint_of(parameters, records),
        "parameters": parameters,
        "frames": sum(record["frames"] for record in records),
        "subjects": subjects,
        **more,
        "views": [{key: record[key] for key in _TOLD if key in record} for record in records],
    }
    manifest = with_checksum(manifest)
    path = dataset / MANIFEST
    text = text_of(manifest)
    if not path.is_file() or path.read_bytes() != text.encode():  # a file that is right keeps its time
        write_json(path, manifest)
    return manifest


_TOLD = (
    "subject", "trial", "camera_id", "frames", "fps", "mask_source", "plate_agreement_iou", "plate_agreement_frames",
    "notes", "sha256",
)  # fmt: skip
"""What the manifest repeats of each view's record."""


def _order(record: dict[str, Any]) -> tuple[int, str, str]:
    return int(record["subject"][1:]), record["trial"], record["camera_id"]
