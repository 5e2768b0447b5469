"""One unit of work: a view to make, and what became of it. Both travel between processes and machines."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK
from preprocessing.catalog import ViewFiles
from preprocessing.recorded_digests import require_recorded
from preprocessing.sources import describe
from preprocessing.view import Parameters, process_view

Report = Callable[[int], None]
"""Is told how many more frames are done."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A view to make.

    Attributes:
        files: of the view.
        dataset: folder.
        parameters: what decides the arrays.
        recipe: `parameters.as_json()` where the run was started: the code and the libraries have to be the same here.
        allow_partial: take the frames before the first one that cannot be decoded.
    """

    files: ViewFiles
    dataset: Path
    parameters: Parameters
    recipe: dict[str, Any]
    allow_partial: bool = False


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a job: `fault` tells why the files of the view cannot be used; None if the view is made."""

    files: ViewFiles
    fault: InputError | None


def do(job: Job, report: Report) -> Result:
    """Makes a view.

    Raises:
        InputError: if this process is not fit for the work; what is wrong with the view's files is returned.
        OSError: if the view cannot be written.
    """
    _require_fit(job)
    try:
        sources = {} if job.files.missing_required else describe(job.files)
        require_recorded(job.files, sources)
        process_view(job.files, job.dataset, job.parameters, sources, report, job.allow_partial)
    except InputError as fault:
        return Result(job.files, fault)
    return Result(job.files, None)


def _require_fit(job: Job) -> None:
    # Whoever works for a run must see the lock that it holds.
    if not (job.dataset / LOCK).is_file():
        mend = "Start the workers where this folder has the same path, on a disk that they share"
        raise InputError(job.dataset, "no such folder where a worker runs", "the dataset of this run", mend)
    here = job.parameters.as_json()
    if here != job.recipe:
        names = ", ".join(name for name in job.recipe if here.get(name) != job.recipe[name])
        mend = "Install the same version of h36m-pose, with the same libraries, wherever workers run"
        raise InputError("a worker", f"other code or libraries ({names})", "those of this run", mend)
