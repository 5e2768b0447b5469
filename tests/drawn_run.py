"""A run whose weights were drawn and not learnt, written in a second by the writers of training; for tests."""

import dataclasses
import json
from pathlib import Path

import numpy as np
from train_runs import TINY

from h36m_pose.atomic_files import write_json
from h36m_pose.configuration import STAGES, apply_overrides, load_experiment, stage_settings
from h36m_pose.data.dataset import Dataset
from h36m_pose.data.frames import gather_poses, mean_pose
from h36m_pose.data.protocols import split
from h36m_pose.models.pose_output import POSE_OUTPUTS, pose_statistics
from h36m_pose.models.registry import draw_model
from h36m_pose.training import checkpoint, run_folder


def write_drawn_run(folder: Path, dataset: Dataset) -> Path:
    """Writes both stages, finished, with the metrics of two made-up epochs."""
    for stage in STAGES:
        config = apply_overrides(load_experiment("demo"), TINY, stage)
        settings = stage_settings(config, stage)
        sides = split(dataset.subjects, "s11", ("S8",), crowd=True)
        views = dataset.select(sides.train)
        outputs = POSE_OUTPUTS if stage == "finetune" else 17 * settings["grid"]["cells"] ** 2
        _, params, constants = draw_model(outputs=outputs, seed=1, **settings["model"])
        arrays = {
            "params": params,
            "constants": constants,
            "statistics": pose_statistics(gather_poses(views)),
            "baseline": {"train_mean_pose_mm": mean_pose(views)},
        }
        about = {"stage": stage, "step": 12, "settings": settings, "dataset_fingerprint": dataset.fingerprint}
        about |= {"split": dataclasses.asdict(sides)}
        identity = {"settings": settings, "dataset_fingerprint": dataset.fingerprint, "init": "none"}
        run_folder.claim(folder / stage, identity)
        weights = checkpoint.folder_of(folder / stage / run_folder.CHECKPOINTS, checkpoint.BEST, 12)
        checkpoint.save(weights, arrays, about)
        environment = {"python": "3.11", "dataset": str(dataset.folder), "packages": {"jax": "0"}, "git": {}}
        write_json(folder / stage / run_folder.ENVIRONMENT, environment)
        (folder / stage / run_folder.METRICS).write_text("".join(json.dumps(row) + "\n" for row in _rows(stage)))
        mark = {"best_step": 12, "weights": checkpoint.digest(weights), "steps": 12, "summary": "best at step 12 of 12"}
        write_json(
            folder / stage / run_folder.FINISHED, mark | {"steps_of_last_attempt": 12, "seconds_of_last_attempt": 9}
        )
    return folder


def _rows(stage: str) -> list[dict]:
    names = {"pretrain": {"loss": 0.5, "recall": 0.4, "precision": 0.7}, "finetune": {"mpjpe_mm": 200.0}}[stage]
    rows = []
    for step in range(1, 13):
        values = {name: value * float(np.exp(-step / 20)) for name, value in names.items()}
        rows.append({"step": step, "epoch": step / 6, "split": "train", **values})
        if step % 6 == 0:
            more = {"mean_pose_mpjpe_mm": 150.0} if stage == "finetune" else {}
            rows.append({"step": step, "epoch": step / 6, "split": "validation", **values, **more})
    return rows
