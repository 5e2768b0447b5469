"""What a row came to with one seed: a small JSON file, from which the page is made."""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from h36m_pose import configuration
from h36m_pose.errors import InputError
from h36m_pose.studies.study import Row, Study
from h36m_pose.summary import METRICS
from h36m_pose.training import run_folder

SCHEMA = 1

Result = dict[str, Any]


def result_path(results: Path, study: str, row: str, seed: int) -> Path:
    """Where the result of a row with a seed stands."""
    return results / study / f"{row}.seed{seed}.json"


def read_result(path: Path) -> Result | None:
    """A row's result; None if there is none.

    Raises:
        InputError: if the file is damaged or of another schema.
    """
    if not path.exists():
        return None
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        result = None
    if not isinstance(result, dict) or result.get("schema") != SCHEMA:
        raise InputError(path, "no result of this version", "what `h36m-pose experiments` wrote", "Remove the file")
    return result


def digest_of(result: Result) -> str:
    """SHA-256 of a result's file, as `write_json` writes it."""
    return hashlib.sha256(f"{json.dumps(result, indent=1, allow_nan=False)}\n".encode()).hexdigest()


def row_config(row: Row, seed: int) -> ConfigDict:
    """The settings of a row's experiment with its overrides and the seed."""
    config = configuration.load_experiment(row.experiment)
    return configuration.apply_overrides(config, [*row.overrides, f"seed={seed}"])


def settings_of(row: Row, seed: int, capture: Sequence[str] = ()) -> dict[str, str]:
    """What the row's outcome depends on, as words; `capture` are those for `h36m-pose capture`, if it has its own."""
    items = configuration.flat_items(row_config(row, seed))
    plain = {key: configuration.shown(value) for key, value in items if not _how_not_what(key)}
    more = {"pretrain": row.pretrain, "starts_from": row.starts_from, "tests": row.tests, "baseline": row.baseline}
    test = {"row.verb": row.verb, "row.test": " ".join(row.options), "row.capture": " ".join(capture)}
    return {**plain, **{f"row.{name}": str(value) for name, value in more.items()}, **test}


def _how_not_what(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in run_folder.HOW_NOT_WHAT)


def is_current(result: Result | None, row: Row, seed: int, fingerprint: str, capture: Sequence[str] = ()) -> bool:
    """Whether a result is of this row as it is now, on this dataset.

    A setting that the result does not know is newer than it. Settings are added so that what was before is unchanged.
    """
    if result is None or result["dataset"]["fingerprint"] != fingerprint:
        return False
    wanted = settings_of(row, seed, capture)
    return all(wanted.get(key) == value for key, value in result["settings"].items())


def tested(results: dict[str, Any]) -> dict[str, Any]:
    """Of a `results.json` what the page shows: metrics beside the mean pose's, and MPJPE by subject and camera."""
    return {
        "protocol": results["protocol"],
        "frames": results["frames"],
        "metrics": {key: round(results["metrics"][key]["network"], 4) for key in METRICS},
        "mean_pose": {key: round(results["metrics"][key]["mean_pose"], 4) for key in METRICS},
        "mpjpe_by_subject": {name: round(each["mpjpe"]["network"], 3) for name, each in results["per_subject"].items()},
        "mpjpe_by_camera": {name: round(each["mpjpe"]["network"], 3) for name, each in results["per_camera"].items()},
    }


def conditions_of(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of a `robustness.json` what the page shows: words and errors by condition."""
    return {
        name: {"words": each["words"], "mpjpe": round(each["mpjpe"], 4), "pa_mpjpe": round(each["pa_mpjpe"], 4)}
        for name, each in results["conditions"].items()
    }


def variants_of(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of the `results.json` of `h36m-pose temporal` what the page shows: metrics, lag and delay by variant."""
    shown = ("mpjpe", "pa_mpjpe", "mpjve", "constancy", "lag_frames", "delay_frames", "settings", "validation")
    return {name: {key: each[key] for key in shown} for name, each in results["variants"].items()}


def trained(run_dir: Path, pretrain_dir: Path | None) -> dict[str, Any]:
    """What training came to: curves over pictures seen, time, the environment.

    Args:
        run_dir: the row's run, its second stage finished.
        pretrain_dir: the run whose first stage it started from; None for none.
    """
    stages: dict[str, Any] = {}
    for stage, folder in (("pretrain", pretrain_dir), ("finetune", run_dir)):
        if folder is not None:
            stages[stage] = _stage(folder / stage)
    environment = run_folder.read_json(run_dir / "finetune" / run_folder.ENVIRONMENT)
    return {"stages": stages, "environment": environment_of(environment)}


def environment_of(environment: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of an `environment.json`, and what others need to compare: no paths."""
    names = ("python", "packages", "devices")
    return {name: environment[name] for name in names if name in environment} | environment["git"]


def _stage(folder: Path) -> dict[str, Any]:
    finished = run_folder.read_json(folder / run_folder.FINISHED)
    settings = run_folder.read_json(folder / run_folder.CONFIG)["settings"]
    batch = settings[folder.name]["batch_size"]
    metric = finished["metric"]
    rows = [row for row in run_folder.read_metrics(folder / run_folder.METRICS) if row["split"] == "validation"]
    training = [row for row in run_folder.read_metrics(folder / run_folder.METRICS) if row["split"] == "train"]
    whole = finished["steps_of_last_attempt"] == finished["steps"]
    return {
        "images": finished["steps"] * batch,
        "steps": finished["steps"],
        "best_step": finished["best_step"],
        "weights": finished.get("weights"),
        "best": round(finished["best"], 5),
        "metric": metric,
        "last_train": round(training[-1][metric], 5) if training else None,
        "seconds": finished["seconds_of_last_attempt"] if whole else None,
        "curve": [[row["step"] * batch, round(row[metric], 4)] for row in rows],
    }


def machine() -> dict[str, Any]:
    """The processor and how many of its cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"processor": _processor(), "cores": cores, "system": platform.system()}


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def slowest(results: Path, study: Study, row: Row, frames: int) -> Result | None:
    """The result of the row, of whatever seed, that took longest on a dataset of so many frames; None if none tells."""
    found = [read_result(path) for path in sorted((results / study.name).glob(f"{row.name}.seed*.json"))]
    timed = [result for result in found if result and result["seconds"] and result["dataset"]["frames"] == frames]
    return max(timed, key=lambda result: result["seconds"], default=None)
