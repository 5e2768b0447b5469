"""Builds the dataset: every view of a raw capture, each made once, and the manifest when all are whole.

A view is complete if its record names the same parameters and the same files, and its arrays are there. Whatever is
complete is left alone, so that a run that was stopped, or a capture that grew, costs only what is missing.
"""

import collections
import contextlib
import dataclasses
import fcntl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import remove_leftovers
from h36m_pose.data.dataset import MANIFEST, RECORD, SCHEMA_VERSION, damage, read_record, view_folder
from h36m_pose.data.dataset_writer import write_manifest
from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from preprocessing.catalog import ViewFiles, absent_release_views
from preprocessing.raw_source import RawSource, open_root
from preprocessing.view import Parameters
from preprocessing.view_pool import make_views

Say = Callable[[str], None]

_BYTES_PER_POSE = 64 * 4
"""Of D2_Positions, to guess how many frames there are without opening the file."""


@dataclasses.dataclass(frozen=True, eq=False)
class Built:
    """What a run did.

    Attributes:
        manifest: of the whole dataset.
        made: names of the views that were made now.
        kept: how many were complete already.
    """

    manifest: dict[str, Any]
    made: tuple[str, ...]
    kept: int


def build(
    root: str | Path,
    dataset: str | Path,
    workers: int = 1,
    parameters: Parameters | None = None,
    verify: bool = False,
    say: Say = print,
) -> Built:
    """Makes what is missing of a dataset, and its manifest.

    Args:
        root: of the raw files, in either public layout.
        dataset: the folder to make or complete.
        workers: processes.
        parameters: what decides the arrays; None for the usual ones.
        verify: read all files, raw and made, to see whether they are the same, instead of looking at size and time.
        say: is told what goes on, a line at a time.

    Raises:
        InputError: if the root holds no views, if files of some view cannot be used (all other views are made before
            it is raised), or if another run works on the folder.
    """
    root, dataset = Path(root), Path(dataset)
    parameters = parameters or Parameters()
    source = open_root(root, dataset, ("Walking",))
    with _only_run(root, dataset):
        remove_leftovers(dataset)
        views = source.views
        reasons = {files.name: _why_make(source, files, dataset, parameters, verify) for files in views}
        todo = [files for files in views if reasons[files.name]]
        if todo:
            _tell_plan(views, [reasons[files.name] or "" for files in todo], say)
            (dataset / MANIFEST).unlink(missing_ok=True)  # it would list what is about to change
            errors = _make(source, todo, root, dataset, parameters, workers)
            if errors:
                raise _summary(errors, root, len(views))
        _tell_left_out(views, dataset, say)
        names = [(files.subject, files.trial, files.camera_id) for files in views]
        facts = {**source.facts, **_agreement(views, dataset)}
        manifest = write_manifest(dataset, parameters.as_json(), names, **facts)
    return Built(manifest, tuple(files.name for files in todo), len(views) - len(todo))


@contextlib.contextmanager
def _only_run(root: Path, dataset: Path) -> Iterator[None]:
    """Holds a lock on the dataset's folder, which it makes."""
    if dataset.exists() and (not dataset.is_dir() or dataset.resolve() == root.resolve()):
        found = "the raw capture itself" if dataset.is_dir() else "a file"
        raise InputError(dataset, found, "a folder of its own for the dataset", "Choose another folder")
    dataset.mkdir(parents=True, exist_ok=True)
    with (dataset / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            mend = "Wait for it to end, or stop it"
            raise InputError(dataset, "another run at work on it", "one run per dataset", mend) from None
        yield


def _why_make(
    source: RawSource, files: ViewFiles, dataset: Path, parameters: Parameters, verify: bool
) -> str | None:
    """Why a view has to be made, in words that many views may share; None if it is complete."""
    folder = view_folder(dataset, files.subject, files.trial, files.camera_id)
    if not (folder / RECORD).is_file():
        return "missing"
    try:
        record = read_record(folder)
    except InputError:
        return "damaged"
    if record.get("schema") != SCHEMA_VERSION or record.get("parameters") != parameters.as_json():
        return "made with other parameters"
    if damage(folder, record, verify):
        return "damaged"
    return source.changed(files, record, verify)


def _tell_plan(views: list[ViewFiles], reasons: list[str], say: Say) -> None:
    counts = ", ".join(f"{count} {reason}" for reason, count in collections.Counter(reasons).items())
    say(f"{len(views)} views: {len(views) - len(reasons)} complete, {len(reasons)} to make ({counts})")
    absent = absent_release_views(views)
    if absent:
        say(f"{len(absent)} views that the release has are not there: {_some(absent)}")


def _tell_left_out(views: list[ViewFiles], dataset: Path, say: Say) -> None:
    wanted = {view_folder(dataset, files.subject, files.trial, files.camera_id) for files in views}
    others = sorted(path.parent for path in dataset.glob(f"S*/*/{RECORD}") if path.parent not in wanted)
    if others:
        names = _some([f"{path.parent.name}/{path.name}" for path in others])
        say(f"{len(others)} views are no longer among the raw files: left out of the manifest, folders kept: {names}")


def _some(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _make(
    source: RawSource, todo: list[ViewFiles], root: Path, dataset: Path, parameters: Parameters, workers: int
) -> list[InputError]:
    def size(files: ViewFiles) -> int:
        return files.poses_2d.stat().st_size // _BYTES_PER_POSE if files.poses_2d.is_file() else 0

    errors: list[InputError] = []
    with bar(0, "preprocess", " frame") as progress:
        for batch in source.batches(todo):
            largest_first = sorted(batch, key=size, reverse=True)
            progress.total += sum(map(size, batch))
            errors += make_views(largest_first, root, dataset, parameters, workers, progress)
        progress.total = progress.n  # until now it was a guess
    return errors


def _summary(errors: list[InputError], root: Path, views: int) -> InputError:
    """The one error to raise for all of them; if there are several, they are printed."""
    if len(errors) == 1:
        return errors[0]
    for error in errors:
        print(f"h36m-pose: {error}", file=sys.stderr)
    mend = "Mend the files named above and run the same command again; the other views are made"
    return InputError(root, f"{len(errors)} of {views} views that cannot be used", "whole views", mend)


def _agreement(views: list[ViewFiles], dataset: Path) -> dict[str, Any]:
    """Where the silhouettes came from, and how well subtraction would have done where there were true masks."""
    sources: collections.Counter[str] = collections.Counter()
    weighted, frames = 0.0, 0
    for files in views:
        record = read_record(view_folder(dataset, files.subject, files.trial, files.camera_id))
        sources.update(record["frames_by_source"])
        if record["plate_agreement_iou"] is not None:
            weighted += record["plate_agreement_iou"] * record["plate_agreement_frames"]
            frames += record["plate_agreement_frames"]
    mean = round(weighted / frames, 4) if frames else None
    return {"frames_by_source": dict(sources), "plate_agreement": {"mean_iou": mean, "frames": frames}}
