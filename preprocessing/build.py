"""Builds the dataset: every view of a raw capture, each made once, and the manifest over those that are whole.

A view is complete if its record names the same parameters and the same files, and its arrays are there. Whatever is
complete is left alone, so that a run that was stopped, or a capture that grew, costs only what is missing. A view whose
files cannot be used is left out, with its reason in the manifest, and tried again by the next run.
"""

import collections
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import remove_leftovers
from h36m_pose.data.dataset import MANIFEST, RECORD, SCHEMA_VERSION, damage, read_record, view_folder
from h36m_pose.data.dataset_writer import write_manifest
from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK, held
from h36m_pose.progress import bar
from preprocessing.catalog import ViewFiles, absent_release_views
from preprocessing.executors import Executor, open_executor
from preprocessing.jobs import Job
from preprocessing.left_out import LeftOut, by_fault_of_files, by_fault_of_release
from preprocessing.raw_source import RawSource, open_root
from preprocessing.release import faults_of
from preprocessing.view import Parameters

Say = Callable[[str], None]

_BYTES_PER_POSE = 64 * 4
"""Of D2_Positions, to guess how many frames there are without opening the file."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """What a run takes, and what it makes of faults; none of it changes an array.

    Attributes:
        actions: out of `release.ACTIONS`.
        with_faults: take the views that have a known fault in every copy of the release.
        allow_partial: of a broken video, take the frames before the first one that cannot be decoded.
        strict: the first view whose files cannot be used ends the run, instead of being left out.
        verify: read all files, raw and made, to see whether they are the same, instead of looking at size and time.
    """

    actions: tuple[str, ...] = ("Walking",)
    with_faults: bool = False
    allow_partial: bool = False
    strict: bool = False
    verify: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Built:
    """What a run did.

    Attributes:
        manifest: of the whole dataset.
        made: names of the views that were made now.
        kept: how many were complete already.
        left_out: the views that the dataset goes without.
    """

    manifest: dict[str, Any]
    made: tuple[str, ...]
    kept: int
    left_out: tuple[LeftOut, ...]


def build(
    root: str | Path,
    dataset: str | Path,
    workers: int = 1,
    parameters: Parameters | None = None,
    choices: Choices | None = None,
    scheduler: str | None = None,
    say: Say = print,
) -> Built:
    """Makes what is missing of a dataset, and its manifest.

    Args:
        root: of the raw files: folders in either public layout, or archives.
        dataset: the folder to make or complete.
        workers: processes.
        parameters: what decides the arrays; None for the usual ones.
        choices: which views; None for the usual ones.
        scheduler: address of a Dask scheduler whose workers do the work instead of processes of this machine.
        say: is told what goes on, a line at a time.

    Raises:
        InputError: if the root holds no views, or none that can be used; if files of a view cannot be used and the
            choice is to be strict; if another run works on the folder.
    """
    root, dataset = Path(root), Path(dataset)
    parameters, choices = parameters or Parameters(), choices or Choices()
    source = open_root(root, dataset, choices.actions)
    with _only_run(root, dataset), contextlib.closing(source):
        remove_leftovers(dataset)
        there = source.views
        left_out: dict[str, LeftOut] = {}
        if not choices.with_faults:
            faulty = [(files, faults_of(files)) for files in there]
            left_out = {files.name: by_fault_of_release(files, faults) for files, faults in faulty if faults}
        views = [files for files in there if files.name not in left_out]
        reasons = {files.name: _why_make(source, files, dataset, parameters, choices) for files in views}
        todo = [files for files in views if reasons[files.name]]
        faults: dict[str, InputError] = {}
        if todo:
            _tell_plan(views, [reasons[files.name] or "" for files in todo], choices, say)
            (dataset / MANIFEST).unlink(missing_ok=True)  # it would list what is about to change
            with open_executor(min(workers, len(todo)), scheduler) as executor:
                faults = _make(source, todo, dataset, parameters, choices, executor)
            remove_leftovers(dataset)  # of workers that died, while others did their work
        usable = [files for files in views if files.name not in faults]
        if not usable:
            raise _nothing_usable(root, left_out, faults)
        left_out |= {f.name: by_fault_of_files(f, faults[f.name], root) for f in views if f.name in faults}
        in_order = tuple(left_out[files.name] for files in there if files.name in left_out)
        _tell_no_longer_there(there, dataset, say)
        facts = {**source.facts, **_agreement(usable, dataset), "left_out": [one.entry for one in in_order]}
        names = [(files.subject, files.trial, files.camera_id) for files in usable]
        manifest = write_manifest(dataset, parameters.as_json(), names, **facts)
    made = tuple(files.name for files in todo if files.name not in faults)
    return Built(manifest, made, len(views) - len(todo), in_order)


@contextlib.contextmanager
def _only_run(root: Path, dataset: Path) -> Iterator[None]:
    """Holds a lock on the dataset's folder, which it makes."""
    if dataset.exists() and (not dataset.is_dir() or dataset.resolve() == root.resolve()):
        found = "the raw capture itself" if dataset.is_dir() else "a file"
        raise InputError(dataset, found, "a folder of its own for the dataset", "Choose another folder")
    dataset.mkdir(parents=True, exist_ok=True)
    mend = "Wait for it to end, or stop it"
    busy = InputError(dataset, "another run at work on it", "one run per dataset", mend)
    with (dataset / LOCK).open("w") as lock, held(lock, busy):
        yield


def _why_make(
    source: RawSource, files: ViewFiles, dataset: Path, parameters: Parameters, choices: Choices
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
    if record["frames_lost"] and not choices.allow_partial:
        return "partial"
    if damage(folder, record, choices.verify):
        return "damaged"
    return source.changed(files, record, choices.verify)


def _tell_plan(views: list[ViewFiles], reasons: list[str], choices: Choices, say: Say) -> None:
    counts = ", ".join(f"{count} {reason}" for reason, count in collections.Counter(reasons).items())
    say(f"{len(views)} views: {len(views) - len(reasons)} complete, {len(reasons)} to make ({counts})")
    absent = absent_release_views(views, choices.actions)
    if absent:
        say(f"{len(absent)} views that the release has are not there: {_some(absent)}")


def _tell_no_longer_there(views: Sequence[ViewFiles], dataset: Path, say: Say) -> None:
    wanted = {view_folder(dataset, files.subject, files.trial, files.camera_id) for files in views}
    others = sorted(path.parent for path in dataset.glob(f"S*/*/{RECORD}") if path.parent not in wanted)
    if others:
        names = _some([f"{path.parent.name}/{path.name}" for path in others])
        say(f"{len(others)} views are not among the raw files: not in the manifest, folders kept: {names}")


def _some(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _make(
    source: RawSource,
    todo: list[ViewFiles],
    dataset: Path,
    parameters: Parameters,
    choices: Choices,
    executor: Executor,
) -> dict[str, InputError]:
    """Makes the views and returns the faults of those whose files cannot be used, by their names."""
    faults: dict[str, InputError] = {}

    def note(files: ViewFiles, fault: InputError) -> None:
        if choices.strict:
            raise fault
        faults[files.name] = fault

    def size(files: ViewFiles) -> int:
        return files.poses_2d.stat().st_size // _BYTES_PER_POSE if files.poses_2d.is_file() else 0

    recipe = parameters.as_json()
    with bar(0, "preprocess", " frame") as progress:
        for batch in source.batches(todo):
            jobs = []
            for files in sorted(batch, key=size, reverse=True):
                fault = source.fault(files)
                if fault:
                    note(files, fault)
                else:
                    jobs.append(Job(files, dataset, parameters, recipe, choices.allow_partial))
            progress.total += sum(size(job.files) for job in jobs)
            with contextlib.closing(executor.run(jobs, progress.update)) as results:
                for result in results:
                    files = result.files
                    if result.fault:
                        note(files, result.fault)
                    else:
                        folder = view_folder(dataset, files.subject, files.trial, files.camera_id)
                        source.finished(files, read_record(folder))
        progress.total = progress.n  # until now it was a guess
    return faults


def _nothing_usable(root: Path, left_out: dict[str, LeftOut], faults: dict[str, InputError]) -> InputError:
    """The one error to raise if there is no view for a manifest; if several views are at fault, they are printed."""
    if not faults:
        found = f"only views with known faults of the release: {_some(list(left_out))}"
        return InputError(root, found, "at least one other view", "Add --with-faults to take them all the same")
    if len(faults) == 1:
        return next(iter(faults.values()))
    for name, fault in faults.items():
        print(f"h36m-pose: left out {name}: {fault}", file=sys.stderr)
    mend = "Mend the files named above and run the same command again"
    return InputError(root, f"{len(faults)} views, none of which can be used", "at least one whole view", mend)


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
