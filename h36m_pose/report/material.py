"""What a run's folder holds, gathered for the report; what is not there is None, and its section says so."""

import dataclasses
from pathlib import Path
from typing import Any

from h36m_pose.data.dataset import Dataset, View, open_dataset
from h36m_pose.errors import InputError
from h36m_pose.evaluation import capture_words
from h36m_pose.given_folders import require_run
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, ViewSpan, read_predictions
from h36m_pose.summary import METRICS, RESULTS_FILE, read_results
from h36m_pose.training import run_folder

STAGES = ("pretrain", "finetune")


@dataclasses.dataclass(frozen=True)
class StageFiles:
    """What one stage of training left behind.

    Attributes:
        config: of config.json: "settings", "dataset_fingerprint", "init".
        environment: versions, commit, devices.
        finished: what it came to; None while it is not finished.
        rows: of metrics.jsonl.
    """

    config: dict[str, Any]
    environment: dict[str, Any]
    finished: dict[str, Any] | None
    rows: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """Everything the sections are made of.

    Attributes:
        run_dir: the run's folder.
        results: of results.json.
        predictions: None if predictions.npz is missing.
        dataset: None if its folder is not here.
        dataset_dir: where it should be.
        stages: by name; only those that there are.
    """

    run_dir: Path
    results: dict[str, Any]
    predictions: Predictions | None
    dataset: Dataset | None
    dataset_dir: Path
    stages: dict[str, StageFiles]

    @property
    def capture(self) -> str:
        """Whose pictures they are, in words."""
        if self.dataset is not None:
            return capture_words(self.dataset)
        words = self.results["protocol"]
        return SYNTHETIC if SYNTHETIC in words else "Human3.6M" if "Human3.6M" in words else "capture of unknown origin"

    @property
    def synthetic(self) -> bool:
        """Whether the studio drew the pictures."""
        return self.capture == SYNTHETIC

    def tested_views(self) -> list[tuple[View, ViewSpan, slice]]:
        """The tested views of the dataset with their frames among the predictions; both must be there."""
        assert self.predictions is not None and self.dataset is not None
        views = {view.name: view for view in self.dataset.views}
        return [(views[span.name], span, frames) for span, frames in self.predictions.by_view()]


SYNTHETIC = "synthetic capture, not Human3.6M itself"


def gather(run_dir: Path, dataset_dir: Path | None = None) -> Material:
    """Reads what a run's folder holds.

    Args:
        run_dir: the run's folder, evaluated before.
        dataset_dir: the dataset; None for the one that the run was evaluated on, if it is still there.

    Raises:
        InputError: if there is no run, if it has not been evaluated, or if a file is damaged or of another dataset.
    """
    require_run(run_dir)
    results = read_results(run_dir / RESULTS_FILE)
    mend = f"Remove it and run: h36m-pose evaluate {run_dir}"
    if not isinstance(results, dict) or not {"protocol", "metrics", "per_view", "identity"} <= set(results):
        raise InputError(run_dir / RESULTS_FILE, "not the results of a test", "what evaluate writes", mend)
    if not set(METRICS) <= set(results["metrics"]):
        raise InputError(run_dir / RESULTS_FILE, "results without all metrics", "what evaluate writes now", mend)
    chosen = dataset_dir or Path(results.get("dataset", "dataset"))
    dataset = open_dataset(chosen) if dataset_dir is not None or chosen.is_dir() else None
    tested_on = results["identity"].get("dataset_fingerprint")
    if dataset is not None and dataset.fingerprint != tested_on:
        raise InputError(
            chosen,
            f"the dataset {dataset.fingerprint[:12]}",
            f"{str(tested_on)[:12]}, which {run_dir / RESULTS_FILE} was made with",
            f"Name that one with --dataset, or run: h36m-pose evaluate {run_dir} --dataset {chosen}",
        )
    path = run_dir / PREDICTIONS_FILE
    predictions = read_predictions(path) if path.exists() else None
    if predictions is not None and [span.name for span in predictions.spans] != list(results["per_view"]):
        raise InputError(path, "other views than the results tell", "predictions and results of one test", mend)
    stages = {stage: stage_files(run_dir / stage) for stage in STAGES if (run_dir / stage / run_folder.CONFIG).exists()}
    return Material(run_dir, results, predictions, dataset, chosen, stages)


def stage_files(folder: Path) -> StageFiles:
    """Reads what a stage left in its folder; raises InputError if its metrics are damaged."""
    environment = folder / run_folder.ENVIRONMENT
    try:
        rows = run_folder.read_metrics(folder / run_folder.METRICS)
    except ValueError:
        mend = "Delete the stage and train it again"
        raise InputError(folder / run_folder.METRICS, "damaged JSON", "rows of metrics", mend) from None
    return StageFiles(
        config=run_folder.read_json(folder / run_folder.CONFIG),
        environment=run_folder.read_json(environment) if environment.exists() else {},
        finished=run_folder.finished(folder),
        rows=rows,
    )
