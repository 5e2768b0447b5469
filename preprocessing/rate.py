"""Measures preprocessing against its floor: decoding the pictures and reading the masks, and nothing else.

The floor decodes as preprocessing does, to the luma plane alone, and reads each mask whole, as h5py gives it.
"""

import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles, find_views
from preprocessing.masks import VARIABLE
from preprocessing.sources import describe
from preprocessing.video import pictures
from preprocessing.view import Parameters, process_view, read_poses


@dataclasses.dataclass(frozen=True)
class Rate:
    """Frames per second of processor time, one process.

    Attributes:
        floor: of decoding and reading masks.
        preprocessing: of the whole way, from raw files to files of the dataset, digests and all.
        frames: how many were used, each `rounds` times in both ways.
    """

    floor: float
    preprocessing: float
    frames: int

    @property
    def share(self) -> float:
        """Preprocessing's rate over the floor's; 1 would be a preprocessing that costs nothing."""
        return self.preprocessing / self.floor


def measure_rate(root: str | Path, most_views: int = 8, rounds: int = 3) -> Rate:
    """Times both ways in turn, view by view, and takes the quickest round of each view.

    Processor time is taken, and the quickest, since other work on the machine only ever makes it slower.

    Args:
        root: of the raw files.
        most_views: how many views with masks to use, spread over all.
        rounds: how often.

    Raises:
        InputError: if there is no view with masks.
    """
    root = Path(root)
    views = [files for files in find_views(root) if not files.missing_required and "masks" not in files.missing]
    if not views:
        raise InputError(root, "no view with masks", "at least one", "Unpack Segments/mat_gt_bs, or take another root")
    views = views[:: max(1, len(views) // most_views)][:most_views]
    frames, floor, whole = 0, 0.0, 0.0
    for files in views:
        count = len(read_poses(files).px)
        frames += count
        with tempfile.TemporaryDirectory() as folder:
            ways = _floor(files, count), _whole(files, root, Path(folder))
            times = [[_seconds(way) for way in ways] for _ in range(rounds)]
        floor += min(pair[0] for pair in times)
        whole += min(pair[1] for pair in times)
    return Rate(frames / floor, frames / whole, frames)


def _whole(files: ViewFiles, root: Path, folder: Path) -> Callable[[], None]:
    return lambda: process_view(files, folder, Parameters(), describe(files))


def _floor(files: ViewFiles, frames: int) -> Callable[[], None]:
    def decode_and_read() -> None:
        with h5py.File(files.masks, "r") as file:
            cells = file[VARIABLE]
            for frame, _ in enumerate(pictures(files.video, frames)):
                if frame < len(cells):
                    np.array(file[cells[frame, 0]])

    return decode_and_read


def _seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
