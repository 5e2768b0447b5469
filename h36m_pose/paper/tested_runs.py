"""The runs of a paper: their files, the weights that were tested, and what tells one from another."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from h36m_pose.comparison import TestedRun, read_runs
from h36m_pose.data.protocols import Split
from h36m_pose.errors import InputError
from h36m_pose.metrics import mpjpe
from h36m_pose.models.parameters import Arrays
from h36m_pose.predictions_file import PREDICTIONS_FILE, Predictions, read_predictions
from h36m_pose.report.material import Material, StageFiles, gather, stage_files
from h36m_pose.summary import RESULTS_FILE
from h36m_pose.training import checkpoint, run_folder

_AGREEMENT_MM = 0.01
_SECOND = "finetune"


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """The checkpoint that was tested.

    Attributes:
        params: its parameters.
        train_mean_pose_mm: (17, 3), the baseline, in the camera's frame.
        step: when they were kept.
        split: who trained, validated and test.
        crops: the parameters its crops were cut with; None in runs from before they were stored.
    """

    params: Arrays
    train_mean_pose_mm: np.ndarray
    step: int
    split: Split
    crops: dict[str, Any] | None


@dataclasses.dataclass(frozen=True, eq=False)
class PaperRun:
    """A tested run.

    Attributes:
        name: its path from the folder on that all the runs lie in.
        material: all its files.
        predictions: of its test.
        tested: what comparisons are made of.
        weights: None for a method without a second stage in its folder, such as a baseline.
        first_stage: the pretraining that its weights started from; None if there was none, or if it is not here.
    """

    name: str
    material: Material
    predictions: Predictions
    tested: TestedRun
    weights: Weights | None
    first_stage: StageFiles | None

    @property
    def results(self) -> dict[str, Any]:
        """What `results.json` holds."""
        return self.material.results

    @property
    def second_stage(self) -> StageFiles | None:
        """The stage whose weights were tested; None for a method without one."""
        return self.material.stages.get(_SECOND)

    @property
    def capture_words(self) -> str:
        """What the pictures are, to stand in a sentence with a number."""
        if self.material.synthetic:
            return "the synthetic capture of the project's studio, not Human3.6M itself"
        return "Human3.6M" if self.material.capture == "Human3.6M" else "a capture of unknown origin"


def gather_runs(folders: Sequence[Path], dataset_dir: Path | None = None) -> list[PaperRun]:
    """Reads runs that were tested on the same frames.

    Args:
        folders: of the runs.
        dataset_dir: what they were tested on; None for where the results say it is, if it is there.

    Raises:
        InputError: if one was not tested, was tested on other frames than the first, was trained since, or is damaged.
    """
    places = [folder.resolve() for folder in folders]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise InputError(folders[number], "the same run twice", "different runs", "Name each of them once")
    materials = [_tested(folder, dataset_dir) for folder in folders]
    compared = read_runs(folders)
    return [
        PaperRun(name, material, run.predictions, run, _weights(material), _first_stage(material))
        for name, material, run in zip(_names(places), materials, compared, strict=True)
    ]


def _names(places: Sequence[Path]) -> list[str]:
    """Each path from the folder that all have in common on; of a single one the last part."""
    common = Path(os.path.commonpath([place.parent for place in places]))
    return [place.relative_to(common).as_posix() for place in places]


def _tested(folder: Path, dataset_dir: Path | None) -> Material:
    """A run's files, if its results are those of its predictions."""
    material = gather(folder, dataset_dir)
    predictions = material.predictions or read_predictions(folder / PREDICTIONS_FILE)  # which says that it is not there
    found = mpjpe(predictions.predicted_root_mm, predictions.target_root_mm)
    told = material.results["metrics"]["mpjpe"]["network"]
    if abs(found - told) > _AGREEMENT_MM:
        raise InputError(
            folder / RESULTS_FILE,
            f"an MPJPE of {told:.2f} mm",
            f"{found:.2f} mm, as {PREDICTIONS_FILE} has it",
            f"Remove it and run: h36m-pose evaluate {folder}",
        )
    return material


def _weights(material: Material) -> Weights | None:
    """The tested weights with what was noted about them."""
    if _SECOND not in material.stages:
        return None
    folder = material.run_dir / _SECOND
    if material.stages[_SECOND].finished is None:
        mend = "Train it to its end and run h36m-pose evaluate"
        raise InputError(folder, "a stage that is not finished", "a finished one, tested", mend)
    best = run_folder.best_weights(folder)
    arrays, about = checkpoint.load(best)
    now, tested = checkpoint.digest(best), str(material.results["identity"].get("weights"))
    if now != tested:
        mend = f"Run: h36m-pose evaluate {material.run_dir}"
        raise InputError(folder, f"the weights {now[:12]}", f"{tested[:12]}, which {RESULTS_FILE} is of", mend)
    sides = {name: tuple(value) for name, value in about["split"].items() if name != "words"}
    return Weights(
        params=arrays["params"],
        train_mean_pose_mm=np.asarray(arrays["baseline"]["train_mean_pose_mm"], np.float64),
        step=about["step"],
        split=Split(**sides, words=about["split"]["words"]),
        crops=about.get("crops"),
    )


def _first_stage(material: Material) -> StageFiles | None:
    """The pretraining whose weights the second stage started from, in this run's folder or in the one it names."""
    if _SECOND not in material.stages:
        return None
    config = material.stages[_SECOND].config
    if config["init"] == "none":
        return None
    found = [material.stages["pretrain"]] if "pretrain" in material.stages else []
    other = Path(config["settings"]["finetune"]["init_from"]) / "pretrain"
    if (other / run_folder.CONFIG).exists():
        found.append(stage_files(other))
    return next((stage for stage in found if (stage.finished or {}).get("weights") == config["init"]), None)
