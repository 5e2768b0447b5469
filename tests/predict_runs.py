"""A run folder as training leaves it, with a network that learnt nothing but the mean pose; for tests."""

from pathlib import Path
from typing import Any

import numpy as np
import stick_dataset
from train_runs import TINY

from h36m_pose import configuration, skeleton
from h36m_pose.atomic_files import write_json
from h36m_pose.models.pose_output import POSE_OUTPUTS, pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.training import checkpoint, run_folder

CROPS: dict[str, Any] = {"crop_px": 128, "margin": 1.1, "subtraction": {"luma": 18, "chroma": 14}}


def write_run(
    folder: Path, dataset: Path | None = None, crops: dict[str, Any] | None = None, fingerprint: str = ""
) -> Path:
    """Writes a finished finetune stage.

    Args:
        folder: the run's.
        dataset: that it says it was trained on.
        crops: the parameters of its crops; None for a run from before they were stored.
        fingerprint: of the dataset.
    """
    config = configuration.load_experiment("demo")
    settings = [word for word in TINY if not word.startswith(("grid", "data.frame"))]
    configuration.apply_overrides(config, settings, "finetune")
    model = dict(config.model)
    _, params, constants = draw_model(model.pop("name"), POSE_OUTPUTS, 0, **model)
    poses = stick_dataset.poses(60, 1.0, np.random.default_rng(0))
    stored = configuration.stage_settings(config, "finetune")
    arrays = {
        "params": params,
        "constants": constants,
        "statistics": pose_statistics(poses),
        "baseline": {"train_mean_pose_mm": poses.mean(axis=0)},
    }
    sides = {"train": ["S1", "S5"], "validation": ["S8"], "test": ["S11"], "left_out_cameras": [], "words": "a split"}
    about = {"stage": "finetune", "step": 1, "settings": stored, "dataset_fingerprint": fingerprint, "split": sides}
    stage = folder / "finetune"
    best = checkpoint.folder_of(stage / run_folder.CHECKPOINTS, checkpoint.BEST, 1)
    checkpoint.save(best, arrays, about | ({"crops": crops} if crops else {}))
    write_json(stage / run_folder.CONFIG, {"settings": stored, "dataset_fingerprint": fingerprint, "init": "none"})
    write_json(stage / run_folder.ENVIRONMENT, {"dataset": None if dataset is None else str(dataset)})
    write_json(stage / run_folder.FINISHED, {"best_step": 1, "weights": checkpoint.digest(best), "summary": "made up"})
    assert poses.shape[1] == skeleton.JOINTS
    return folder
