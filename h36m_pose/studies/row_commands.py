"""The commands that a row of a study consists of, each of which could be typed by hand."""

import dataclasses
from pathlib import Path

from h36m_pose.studies.study import Row, Study, load_study

MOTIONS = "{motions}"
"""In the words of a capture: the folder of motion from outside."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where things are.

    Attributes:
        dataset: the preprocessed dataset.
        work: where the runs go.
        results: where the rows' results go.
        captures: where captures are filmed that rows use besides the dataset.
        motions: files of motion from outside that some captures are filmed from; None if there are none.
        published: results that came with the project, told beside the own ones; None if there are none.
    """

    dataset: Path
    work: Path
    results: Path
    captures: Path = Path("data")
    motions: Path | None = None
    published: Path | None = None

    def run_dir(self, study: str, row: str, seed: int) -> Path:
        """The run of a row with a seed."""
        return self.work / study / row / f"seed{seed}"

    def dataset_of(self, row: Row) -> Path:
        """The dataset that a row trains and tests on."""
        return self.captures / row.capture / "dataset" if row.capture else self.dataset


@dataclasses.dataclass(frozen=True)
class Task:
    """A row with a seed."""

    study: Study
    row: Row
    seed: int

    @property
    def name(self) -> str:
        """What people are told: "pretraining/scratch, seed 0"."""
        return f"{self.study.name}/{self.row.name}, seed {self.seed}"

    @property
    def capture(self) -> tuple[str, ...]:
        """The words for `h36m-pose capture` of the row's own capture; none if it has none."""
        return self.study.captures.get(self.row.capture, ())


def commands(task: Task, place: Place) -> list[list[str]]:
    """The words after `h36m-pose` of each step of a row."""
    row, study = task.row, task.study.name
    own = place.run_dir(study, row.name, task.seed)
    dataset = ["--dataset", str(place.dataset_of(row))]
    if row.baseline:
        settings = ["--experiment", row.experiment, "--run", str(own), *row.overrides, f"seed={task.seed}"]
        return [["baseline", row.baseline, *dataset, *settings]]
    if row.tests:
        other = ["--allow-other-dataset"] if row.capture else []
        out = [] if row.verb == "temporal" else ["--out", str(own)]
        return [*_filming(task, place), [row.verb, str(tested_run(task, place)), *dataset, *other, *out, *row.options]]
    fixed = ["--experiment", row.experiment, *dataset, "--run", str(own)]
    settings = [*row.overrides, f"seed={task.seed}"]
    steps = _filming(task, place)
    if row.pretrain and not row.starts_from:
        steps.append(["train", "pretrain", *fixed, *settings])
    origin = "pretrain" if row.pretrain else "none"
    if row.starts_from:
        origin = str(place.run_dir(study, row.starts_from, task.seed))
    steps.append(["train", "finetune", *fixed, *settings, f"finetune.init_from={origin}"])
    return [*steps, ["evaluate", str(own), *dataset, *row.options]]


def _filming(task: Task, place: Place) -> list[list[str]]:
    """What makes the dataset of a row's own capture; finished files are left alone by both commands."""
    if not task.row.capture:
        return []
    folder = place.captures / task.row.capture
    words = [word.replace(MOTIONS, str(place.motions)) for word in task.capture]
    raw = str(folder / "raw")
    return [["capture", raw, *words], ["preprocess", raw, str(folder / "dataset")]]


def rows_needed(task: Task) -> list[Task]:
    """The rows, with the same seed, whose networks must be there before a row can begin."""
    return [_other(task, name) for name in (task.row.tests, task.row.starts_from) if name]


def rows_beside(task: Task, borrowed: bool) -> list[Task]:
    """The rows, with the same seed, that a row is set against, and those that its study borrows if `borrowed`."""
    names = (task.row.against, *(task.study.borrowed if borrowed else ()))
    return [_other(task, name) for name in dict.fromkeys(names) if name]


def runs_needed(task: Task, place: Place) -> set[Path]:
    """The runs that must be there before a row can begin."""
    return {place.run_dir(other.study.name, other.row.name, other.seed) for other in rows_needed(task)}


def tested_run(task: Task, place: Place) -> Path:
    """The run of the row whose network is tested."""
    other = _other(task, task.row.tests)
    return place.run_dir(other.study.name, other.row.name, other.seed)


def _other(task: Task, name: str) -> Task:
    """The row named "study/row", or "row" of the same study, with the seed of the task."""
    study_name, _, row = name.rpartition("/")
    study = load_study(study_name) if study_name else task.study
    return Task(study, study.rows[row], task.seed)
