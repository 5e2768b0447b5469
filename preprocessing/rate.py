"""Measures preprocessing: against its floor, which is decoding and reading masks, and in several processes against one.

The floor decodes as preprocessing does, to the luma plane alone, and reads each mask whole, as h5py gives it.
"""

import contextlib
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK
from preprocessing.catalog import ViewFiles, find_views
from preprocessing.executors import ProcessPool
from preprocessing.jobs import Job
from preprocessing.masks import VARIABLE
from preprocessing.sources import describe
from preprocessing.video import pictures
from preprocessing.view import Parameters, process_view, read_poses


@dataclasses.dataclass(frozen=True)
class Rate:
    """Frames per second of processor time, one process.

    Attributes:
        floor: of decoding and reading masks.
        decoding: of decoding alone.
        preprocessing: of the whole way, from raw files to files of the dataset, digests and all.
        frames: how many were used, each `rounds` times in all ways.
    """

    floor: float
    decoding: float
    preprocessing: float
    frames: int

    @property
    def share(self) -> float:
        """Of preprocessing's time, the share that decoding and reading masks take; no other code can do without it."""
        return self.preprocessing / self.floor

    @property
    def decoding_share(self) -> float:
        """Of preprocessing's time, the share that the decoder takes."""
        return self.preprocessing / self.decoding


@dataclasses.dataclass(frozen=True)
class Scaling:
    """Frames per second of wall-clock time; every list holds one number per round.

    Attributes:
        processes: how many were compared with one.
        one: of one process.
        several: of all together.
        frames: how many were made in each way and round.
    """

    processes: int
    one: list[float]
    several: list[float]
    frames: int

    @property
    def ratios(self) -> list[float]:
        """How many times as fast several processes were, round by round."""
        return [several / one for several, one in zip(self.several, self.one, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of `ratios`."""
        return statistics.median(self.ratios)


def measure_rate(root: str | Path, most_views: int = 8, rounds: int = 3) -> Rate:
    """Times all ways in turn, view by view, and takes the quickest round of each view.

    Processor time is taken, and the quickest, since other work on the machine only ever makes it slower.

    Args:
        root: of the raw files.
        most_views: how many views with masks to use, spread over all.
        rounds: how often.

    Raises:
        InputError: if there is no view with masks.
    """
    frames, seconds = 0, [0.0, 0.0, 0.0]
    for files in _views_with_masks(Path(root), most_views):
        count = len(read_poses(files).px)
        frames += count
        with tempfile.TemporaryDirectory() as folder:
            ways = _floor(files, count), _decoding(files, count), _whole(files, Path(folder))
            times = [[_processor_seconds(way) for way in ways] for _ in range(rounds)]
        seconds = [total + min(of_way) for total, of_way in zip(seconds, zip(*times, strict=True), strict=True)]
    floor, decoding, whole = (frames / total for total in seconds)
    return Rate(floor, decoding, whole, frames)


def measure_scaling(root: str | Path, processes: int = 2, most_views: int = 8, rounds: int = 3) -> Scaling:
    """Makes the same views by one process and by several, in turn; the processes are started before.

    Args:
        root: of the raw files.
        processes: to compare with one.
        most_views: how many views with masks to use, spread over all; a multiple of `processes`, for all to be busy.
        rounds: how often.

    Raises:
        InputError: if there is no view with masks.
    """
    views = _views_with_masks(Path(root), most_views)
    frames = sum(len(read_poses(files).px) for files in views)
    one, several = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(ProcessPool(1)) as alone,
        contextlib.closing(ProcessPool(processes)) as together,
    ):
        (Path(folder) / LOCK).touch()
        parameters = Parameters()
        jobs = [Job(files, Path(folder), parameters, parameters.as_json()) for files in views]
        for pool in (alone, together):
            _wall_seconds(pool, jobs)  # imports, and the files come into memory
        for _ in range(rounds):
            one.append(frames / _wall_seconds(alone, jobs))
            several.append(frames / _wall_seconds(together, jobs))
    return Scaling(processes, one, several, frames)


def _views_with_masks(root: Path, most: int) -> list[ViewFiles]:
    views = [files for files in find_views(root) if not files.missing_required and "masks" not in files.missing]
    if not views:
        raise InputError(root, "no view with masks", "at least one", "Unpack Segments/mat_gt_bs, or take another root")
    return views[:: max(1, len(views) // most)][:most]


def _whole(files: ViewFiles, folder: Path) -> Callable[[], None]:
    return lambda: process_view(files, folder, Parameters(), describe(files))


def _decoding(files: ViewFiles, frames: int) -> Callable[[], None]:
    def decode() -> None:
        for _ in pictures(files.video, frames):
            pass

    return decode


def _floor(files: ViewFiles, frames: int) -> Callable[[], None]:
    def decode_and_read() -> None:
        with h5py.File(files.masks, "r") as file:
            cells = file[VARIABLE]
            for frame, _ in enumerate(pictures(files.video, frames)):
                if frame < len(cells):
                    np.array(file[cells[frame, 0]])

    return decode_and_read


def _processor_seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _wall_seconds(pool: ProcessPool, jobs: list[Job]) -> float:
    started = time.perf_counter()
    for result in pool.run(jobs, lambda frames: None):
        if result.fault:
            raise result.fault
    return time.perf_counter() - started
