"""Commands that make a run, a stage or a dataset again, from what they were made with."""

import shlex
from pathlib import Path
from typing import Any

from h36m_pose.training import run_folder
from h36m_pose.whence import places


def shown(path: Path) -> str:
    """A folder as one would type it: from the working folder if it lies below it."""
    absolute = path.absolute()
    return shlex.quote(str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path))


def dataset_of(run: Path) -> Path | None:
    """The dataset that a run was trained on, as its stages tell it, if there still is one."""
    told = [places.read_object(run / stage / run_folder.ENVIRONMENT).get("dataset") for stage in places.STAGES]
    told.append(places.read_object(run / "results.json").get("dataset"))
    return next((Path(place) for place in told if isinstance(place, str) and places.is_dataset(Path(place))), None)


def training(run: Path, stage: str) -> str:
    """The command that trains a stage again: as it was typed if that was noted, else worked out of its settings."""
    typed = places.read_object(run / stage / run_folder.ENVIRONMENT).get("command")
    if isinstance(typed, str) and typed:
        return typed
    return training_of(places.read_object(run / stage / run_folder.CONFIG)["settings"], stage, run)


def training_of(settings: dict[str, Any], stage: str, run: Path | None) -> str:
    """The command worked out of settings: the nearest experiment, and what differs from it."""
    from h36m_pose.report.provenance import nearest_experiment

    experiment, overrides = nearest_experiment(settings, stage)
    told = places.read_object(run / stage / run_folder.ENVIRONMENT).get("dataset") if run else None
    dataset = shlex.quote(told) if isinstance(told, str) else "DATASET"
    words = "".join(f" {shlex.quote(each)}" for each in overrides)
    place = shown(run) if run else "RUN"
    return f"h36m-pose train {stage} --experiment {experiment} --dataset {dataset} --run {place}{words}"


def preprocessing(parameters: dict[str, Any], dataset: Path) -> str:
    """The command that makes a dataset again; it does not tell where its raw files lay."""
    words = "".join(
        f" --{name} {parameters[name]}"
        for name, usual in (("margin", 1.1), ("every", 1))
        if parameters.get(name, usual) != usual
    )
    return f"h36m-pose preprocess RAW {shown(dataset)}{words}"


def capturing(parameters: dict[str, Any], capture: Path) -> str:
    """The command that films a capture again; it does not tell where the file of an outside motion lay."""
    words = f"h36m-pose capture {shown(capture)}"
    if "motion" in parameters:
        words += " --motion FILE"
    for name in ("preset", "crowd", "subjects", "wardrobe", "crowd varies", "subject", "seed"):
        if name in parameters:
            value = str(parameters[name]).replace(", ", ",").replace("nothing", "none")
            words += f" --{name.replace(' ', '-')} {shlex.quote(value)}"
    return words
