"""The dataset on disk: its files, and how they are read; `dataset_writer` writes them.

    <dataset>/manifest.json                       written last: without it the dataset is unfinished
    <dataset>/S1/Walking_1.54138969/view.json     one view's record: who, where from, digests of its arrays, its camera
                                   /images.npy          uint8   (frames, 128, 128), background 0
                                   /joints_px.npy       float32 (frames, 17, 2), pixels of the crop
                                   /joints_root_mm.npy  float32 (frames, 17, 3), camera frame, the pelvis at the origin
                                   /root_cam_mm.npy     float32 (frames, 3), the pelvis in the camera frame
                                   /box_px.npy          float32 (frames, 3), the crop's square in the picture

A crop's square is (left, top, side): left and top are the edges of its first column and row. With the centre of the top
left pixel at (0, 0), in pictures and crops alike, `frame_to_crop` is the only correct transform between the two.

Both JSON files end with a digest of their own text (`data.checksum`), so that a single wrong bit in them is noticed.

`camera` in `view.json` was fitted to the view's own poses. Where the capture had no world poses, `camera_in_world` is
false: focal lengths, centre and distortion hold, but the camera is taken to look level along the world's y axis.
"""

import dataclasses
import json
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import sha256_of
from h36m_pose.camera import Camera
from h36m_pose.data.checksum import CHECKSUM, checksum_holds
from h36m_pose.errors import InputError
from h36m_pose.skeleton import JOINTS

SCHEMA_VERSION = 2
"""Raised when a reader of the old files would go wrong with the new ones."""

CROP_PX = 128
"""Sides of the crops."""

MANIFEST = "manifest.json"
RECORD = "view.json"

ARRAYS: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "images": (np.uint8, (CROP_PX, CROP_PX)),
    "joints_px": (np.float32, (JOINTS, 2)),
    "joints_root_mm": (np.float32, (JOINTS, 3)),
    "root_cam_mm": (np.float32, (3,)),
    "box_px": (np.float32, (3,)),
}
"""Type and shape per frame of each array of a view."""

_NO_ARRAY = (ValueError, EOFError, SyntaxError, tokenize.TokenError)
"""What NumPy raises for a file that is cut or has a spoiled header."""


@dataclasses.dataclass(frozen=True, eq=False)
class View:
    """One trial of one subject seen by one camera; the arrays are memory-mapped, frame i of all of them is one instant.

    Attributes:
        subject: "S1"; "S100" and above for the studio's crowd.
        trial: "Walking 1".
        camera_id: "54138969".
        fps: frames per second.
        images: grey crops of the person, background 0.
        joints_px: 2D joints in pixels of the crop.
        joints_root_mm: camera frame, the pelvis at the origin.
        root_cam_mm: the pelvis in the camera frame.
        box_px: the crop's square in the picture: left and top edge, side.
        camera: as fitted to the view's poses; None if no camera explains them.
        camera_in_world: whether `camera.rotation` and `camera.centre_mm` are known.
        folder: where the files lie.
        record: all of `view.json`.
    """

    subject: str
    trial: str
    camera_id: str
    fps: float
    images: UInt8[ndarray, "frames 128 128"]
    joints_px: Float[ndarray, "frames 17 2"]
    joints_root_mm: Float[ndarray, "frames 17 3"]
    root_cam_mm: Float[ndarray, "frames 3"]
    box_px: Float[ndarray, "frames 3"]
    camera: Camera | None
    camera_in_world: bool
    folder: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """What people are told: "S1 Walking 1.54138969"."""
        return f"{self.subject} {self.trial}.{self.camera_id}"

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return len(self.images)


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """An opened dataset.

    Attributes:
        folder: where it lies.
        views: in the manifest's order: by subject number, trial and camera.
        manifest: all of `manifest.json`.
    """

    folder: Path
    views: tuple[View, ...]
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Changes when, and only when, a parameter or an array changes; not with the place or the time of files."""
        return self.manifest["fingerprint"]

    @property
    def every(self) -> int:
        """The step from one of its frames to the next, in frames of the video."""
        return self.manifest["parameters"].get("every", 1)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the views that it goes without; the manifest gives the reasons."""
        entries = self.manifest.get("left_out", [])
        return tuple(f"{entry['subject']} {entry['trial']}.{entry['camera_id']}" for entry in entries)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects there are, in the order of their numbers."""
        return tuple(dict.fromkeys(view.subject for view in self.views))

    def select(self, subjects: Iterable[str]) -> tuple[View, ...]:
        """The views of the given subjects, in the dataset's order."""
        wanted = set(subjects)
        return tuple(view for view in self.views if view.subject in wanted)


def frame_to_crop(
    points_px: Float[ndarray, "frames joints 2"], box_px: Float[ndarray, "frames 3"]
) -> Float[ndarray, "frames joints 2"]:
    """Moves points from pixels of the picture to pixels of the crop."""
    corner, side = box_px[:, None, :2], box_px[:, None, 2:]
    return (points_px + 0.5 - corner) * (CROP_PX / side) - 0.5


def crop_to_frame(
    points_px: Float[ndarray, "frames joints 2"], box_px: Float[ndarray, "frames 3"]
) -> Float[ndarray, "frames joints 2"]:
    """Moves points from pixels of the crop to pixels of the picture; the inverse of `frame_to_crop`."""
    corner, side = box_px[:, None, :2], box_px[:, None, 2:]
    return (points_px + 0.5) * (side / CROP_PX) + corner - 0.5


def view_folder(dataset: Path, subject: str, trial: str, camera_id: str) -> Path:
    """Where the files of a view lie."""
    return dataset / subject / f"{trial.replace(' ', '_')}.{camera_id}"


def read_record(folder: Path) -> dict[str, Any]:
    """Reads a view's `view.json`; raises InputError if it is not there, or not as it was written."""
    mend = "Run `h36m-pose preprocess` again: it makes this view anew"
    record, intact = _read_json(folder / RECORD, mend)
    if not intact and (record.get("schema") == SCHEMA_VERSION or CHECKSUM in record):
        raise InputError(folder / RECORD, "a text other than was written", "a record that fits its checksum", mend)
    return record


def damage(folder: Path, record: dict[str, Any], verify: bool = False) -> str | None:
    """What is wrong with a view's arrays, in a few words; None if nothing is.

    Args:
        folder: the view's.
        record: its `view.json`.
        verify: also read every byte and compare the digests.
    """
    for name, (dtype, shape) in ARRAYS.items():
        path = folder / f"{name}.npy"
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            return f"no {path.name}"
        except _NO_ARRAY:
            return f"a damaged {path.name}"
        expected = (record["frames"], *shape)
        if array.shape != expected or array.dtype != dtype:
            return f"{path.name} of {array.dtype} {array.shape} instead of {np.dtype(dtype)} {expected}"
        if verify and sha256_of(path) != record["sha256"][name]:
            return f"{path.name} with other bytes than were written"
    return None


def open_dataset(folder: str | Path, verify: bool = False) -> Dataset:
    """Opens a dataset; the arrays are memory-mapped, so that little is read until it is used.

    Args:
        folder: holds `manifest.json`.
        verify: read every byte and compare it with the recorded digests, about a second per GB.

    Raises:
        InputError: if there is none, if it is unfinished or of another schema, or if a view is missing or damaged.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    views = tuple(_open_view(folder, entry, verify) for entry in manifest["views"])
    if not views:
        raise InputError(folder / MANIFEST, "no views", "at least one", f"Make it: h36m-pose preprocess ROOT {folder}")
    return Dataset(folder, views, manifest)


def _read_manifest(folder: Path) -> dict[str, Any]:
    make = f"Make it: h36m-pose preprocess ROOT {folder}"
    path = folder / MANIFEST
    if not path.is_file():
        if any(folder.glob(f"S*/*/{RECORD}")):
            go_on = "Run the same `h36m-pose preprocess` command again: it goes on where it stopped"
            raise InputError(folder, "an unfinished dataset", f"a whole one, with its {MANIFEST}", go_on)
        found = f"no {MANIFEST}" if folder.is_dir() else "no such folder"
        raise InputError(folder, found, "a preprocessed dataset", make)
    manifest, intact = _read_json(path, make)
    if manifest.get("schema") != SCHEMA_VERSION:
        raise InputError(path, f"schema {manifest.get('schema')}", f"schema {SCHEMA_VERSION}", make)
    if not intact:
        mend = "Run `h36m-pose preprocess` again: it writes the manifest anew"
        raise InputError(path, "a text other than was written", "a manifest that fits its checksum", mend)
    if not isinstance(manifest.get("views"), list) or "fingerprint" not in manifest:
        raise InputError(path, "no list of views or no fingerprint", "a dataset's manifest", make)
    return manifest


def _open_view(dataset: Path, entry: dict[str, Any], verify: bool) -> View:
    folder = view_folder(dataset, entry["subject"], entry["trial"], entry["camera_id"])
    mend = "Run the same `h36m-pose preprocess` again with --verify: it makes anew what is damaged"
    if not (folder / RECORD).is_file():
        raise InputError(folder, f"no {RECORD}", "the view that the manifest lists", mend)
    record = read_record(folder)
    if any(record.get(key) != entry[key] for key in entry):
        raise InputError(folder, "a view other than the manifest's", "views and manifest of one run", mend)
    problem = damage(folder, record, verify)
    if problem:
        raise InputError(folder, problem, "the arrays of a whole view", mend)
    return View(
        subject=record["subject"],
        trial=record["trial"],
        camera_id=record["camera_id"],
        fps=record["fps"],
        camera=Camera.from_json(record["camera"]) if record["camera"] else None,
        camera_in_world=record["camera_in_world"],
        folder=folder,
        record=record,
        **{name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS},
    )


def _read_json(path: Path, mend: str) -> tuple[dict[str, Any], bool]:
    """What a file holds, and whether it is as it was written."""
    try:
        text = path.read_bytes().decode("utf-8")
        value = json.loads(text)
        intact = isinstance(value, dict) and checksum_holds(text, value)
    except FileNotFoundError:
        raise InputError(path, "no such file", "a JSON file of ours", mend) from None
    except (ValueError, RecursionError):  # JSON and UTF-8 alike
        raise InputError(path, "damaged JSON", "a JSON file of ours", mend) from None
    if not isinstance(value, dict):
        raise InputError(path, "JSON without names", "a JSON file of ours", mend)
    return value, intact
