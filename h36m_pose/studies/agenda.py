"""Which rows are to be run, how long they may take, and what came of the same rows elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from h36m_pose.configuration import STAGES
from h36m_pose.data.dataset import open_dataset
from h36m_pose.studies import row_results
from h36m_pose.studies.row_commands import MOTIONS, Place, Task, rows_beside, rows_needed
from h36m_pose.studies.study import Row, Study
from h36m_pose.training import run_folder


def open_tasks(studies: Sequence[tuple[Study, Sequence[Row]]], seeds: Sequence[int], place: Place) -> list[Task]:
    """Rows without a current result, and what they need: all rows with the first seed, then all with the next.

    Rows of other studies are among them if a row tests or goes on from their networks, which must then be there; if a
    row is set against them; or if a study that is run whole shows them beside its own.
    """
    dataset = open_dataset(place.dataset)
    several = [(study, row, seeds or row.seeds or study.seeds) for study, rows in studies for row in rows]
    every = sorted({seed for *_, wanted in several for seed in wanted})
    tasks = [Task(study, row, seed) for seed in every for study, row, wanted in several if seed in wanted]
    studio = dataset.manifest.get("synthetic") is not False
    tasks = [task for task in tasks if _can_be_filmed(task, place, studio)]
    whole = {study.name for study, rows in studies if len(rows) == len(study.rows)}
    found: dict[str, Task] = {}

    def open_with_needs(task: Task) -> None:
        for other in rows_needed(task):
            if not _is_trained(other, place):
                open_with_needs(other)
        found.setdefault(task.name, task)

    for task in tasks:
        for each in (*rows_beside(task, task.study.name in whole), task):
            if not _is_current(each, place, dataset.fingerprint):
                open_with_needs(each)
    return list(found.values())


def _can_be_filmed(task: Task, place: Place, studio: bool) -> bool:
    """Whether a row's own capture makes sense and can be filmed; says why if not."""
    if task.capture and not studio:
        print(f"{task.name}: left out; it films the studio, which tells nothing of the release", flush=True)
        return False
    if place.motions is None and any(MOTIONS in word for word in task.capture):
        print(f"{task.name}: left out; its motion is not in the repository: add --motions FOLDER", flush=True)
        return False
    return True


def _is_trained(task: Task, place: Place) -> bool:
    folder = place.run_dir(task.study.name, task.row.name, task.seed)
    return run_folder.finished(folder / STAGES[-1]) is not None


def _is_current(task: Task, place: Place, fingerprint: str) -> bool:
    return row_results.is_current(_kept(task, place.results), task.row, task.seed, fingerprint, task.capture)


def _kept(task: Task, results: Path) -> row_results.Result | None:
    return row_results.read_result(row_results.result_path(results, task.study.name, task.row.name, task.seed))


def expected_words(tasks: Sequence[Task], place: Place, jobs: int) -> str:
    """How long they will take, as far as that is known from other seeds or from what was published."""
    frames = open_dataset(place.dataset).manifest["frames"]
    known = [expected(task, place, frames) for task in tasks]
    seconds = sum(each[0] for each in known if each) / jobs
    unknown = sum(each is None for each in known)
    if unknown == len(tasks):
        return "expected time not known yet"
    words = f"about {seconds / 3600:.1f} hours by the time that they took before"
    return f"{words}, {unknown} of them not known yet" if unknown else words


def expected(task: Task, place: Place, frames: int) -> tuple[float, str] | None:
    """Seconds that a row took before on as many frames, here or elsewhere, and where; None if that is not known."""
    here = row_results.slowest(place.results, task.study, task.row, frames)
    if here is not None:
        return here["seconds"], "as with another seed"
    there = place.published and row_results.slowest(place.published, task.study, task.row, frames)
    return (there["seconds"], f"as on {there['machine']['processor']}") if there else None


def published_result(task: Task, place: Place) -> row_results.Result | None:
    """What came with the project of the same row and seed; None if there is nothing."""
    if place.published is None or place.published.resolve() == place.results.resolve():
        return None
    return _kept(task, place.published)


def outcome(result: row_results.Result, published: row_results.Result | None) -> str:
    """A few words for the screen, with what was published under the same protocol."""
    if "test" not in result:
        kind = "conditions" if "conditions" in result else "variants"
        return f"{len(result[kind])} {kind} tested"
    words = f"MPJPE {result['test']['metrics']['mpjpe']:.1f} mm on the test subjects"
    if published is None or published.get("test", {}).get("protocol") != result["test"]["protocol"]:
        return words
    there = f"{published['machine']['processor']}, {published['date']}"
    return f"{words}; {published['test']['metrics']['mpjpe']:.1f} in docs/results ({there})"
