"""The commands that a row of a study consists of, each of which could be typed by hand."""

import dataclasses
from pathlib import Path

from h36m_pose.studies.study import Row, Study

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
    """

    dataset: Path
    work: Path
    results: Path
    captures: Path = Path("data")
    motions: Path | None = None

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


def runs_needed(task: Task, place: Place) -> set[Path]:
    """The runs that must be there before a row can begin."""
    needed = {tested_run(task, place)} if task.row.tests else set()
    if task.row.starts_from:
        needed.add(place.run_dir(task.study.name, task.row.starts_from, task.seed))
    return needed


def tested_run(task: Task, place: Place) -> Path:
    """The run of the row whose network is tested."""
    study, _, row = task.row.tests.rpartition("/")
    return place.run_dir(study or task.study.name, row, task.seed)
