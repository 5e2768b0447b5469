"""Tests a trained run on its test subjects under every condition, and keeps the numbers in the run's folder."""

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import metrics, provenance
from h36m_pose.atomic_files import remove, sha256_of, write_json
from h36m_pose.data.chosen_views import views_to_test
from h36m_pose.data.dataset import ARRAYS, View, open_dataset
from h36m_pose.errors import InputError
from h36m_pose.evaluation import Predictor, require_own_dataset, whole_protocol
from h36m_pose.progress import bar
from h36m_pose.robustness.conditions import CONDITIONS, Condition
from h36m_pose.robustness.sheet import Sample, write_sheet
from h36m_pose.summary import read_results, root_centred

SCHEMA = 1
_CODE = Path(__file__).with_name("conditions.py")
"""Other code might spoil crops in another way: its digest is part of what results are known by."""

CLEAN = "clean"
RESULTS, SHEET = "robustness.json", "robustness.png"
UNFINISHED = "robustness.unfinished.json"


def chosen_conditions(names: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions of the given names, in the order of `CONDITIONS` and always with the clean one; all for none.

    Raises:
        InputError: if there is no such condition.
    """
    unknown = [name for name in names if name not in CONDITIONS]
    if unknown:
        raise InputError("--only", ", ".join(unknown), f"some of {', '.join(CONDITIONS)}", "Choose some of these")
    return tuple(each for name, each in CONDITIONS.items() if not names or name == CLEAN or name in names)


def measure_robustness(
    out: Path,
    dataset_dir: Path,
    load: Callable[[], Predictor],
    identity: dict[str, str],
    conditions: Sequence[Condition],
    allow_other_dataset: bool = False,
    every: int = 1,
    origin: provenance.Record | None = None,
) -> dict[str, Any]:
    """Measures what is not measured yet; writes `robustness.json` and `robustness.png`.

    Each condition's numbers are put away as soon as they are there, so that an interrupted measurement goes on, and
    numbers of other conditions of the same network and dataset are kept.

    Args:
        out: where they go: the run's folder, or another one.
        dataset_dir: a preprocessed dataset that holds test subjects of the run.
        load: makes the predictor; called only if there is something to do.
        identity: what tells this network from others, such as stage and digest of the checkpoint.
        conditions: of `chosen_conditions`.
        allow_other_dataset: test on a dataset that the network was not trained on.
        every: test on one of every so many frames of each view.
        origin: of `provenance.of_run`, for the record in both files; None if there is no run.

    Returns:
        What the JSON file holds, with "fresh": False if it had been there before.

    Raises:
        InputError: if the dataset is not the one of the training, or holds no test subject.
    """
    dataset = open_dataset(dataset_dir)
    known = {
        **identity,
        "dataset_fingerprint": dataset.fingerprint,
        "conditions": sha256_of(_CODE)[:16],
        "every": every,
    }
    path, half_done, sheet = out / RESULTS, out / UNFINISHED, out / SHEET
    old = _held(path, known)
    wanted = {condition.name for condition in conditions}
    if old is not None and wanted <= set(old["conditions"]) and sheet.exists():
        return {**old, "fresh": False}
    dataset = open_dataset(dataset_dir, verify=True)
    predictor = load()
    if not allow_other_dataset:
        require_own_dataset(predictor, dataset)
    views = [_thinned(view, every) for view in views_to_test(dataset, predictor.split)]
    begun = _held(half_done, known) or old
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "identity": known,
        "dataset": str(dataset_dir),
        provenance.KEY: provenance.of_test(origin or {}, known),
        "protocol": whole_protocol(predictor, dataset, views) + (f"; of these, one of {every}" if every > 1 else ""),
        "frames": sum(view.frames for view in views),
        "conditions": dict(begun["conditions"]) if begun else {},
    }
    _measure(predictor, views, conditions, results, half_done)
    results["conditions"] = {each: results["conditions"][each] for each in CONDITIONS if each in results["conditions"]}
    write_sheet(sheet, _sample(views[0], every), results)
    write_json(path, results)
    remove(half_done)
    return {**results, "fresh": True}


def _held(path: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """What a file of ours holds about the same network, dataset and conditions; None if there is no such file."""
    if not path.exists():
        return None
    held = read_results(path)
    return held if held.get("schema") == SCHEMA and held.get("identity") == identity else None


def _measure(
    predictor: Predictor,
    views: Sequence[View],
    conditions: Sequence[Condition],
    results: dict[str, Any],
    half_done: Path,
) -> None:
    """Adds the numbers of every condition that the results do not have yet."""
    target = root_centred(np.concatenate([np.asarray(view.joints_root_mm) for view in views]))
    measured = results["conditions"]
    total = results["frames"] * len(conditions)
    done = results["frames"] * sum(condition.name in measured for condition in conditions)
    with bar(total, "robustness", " frame", done=done) as progress:
        for condition in conditions:
            if condition.name in measured:
                continue
            poses = []
            for view in views:
                poses.append(_predicted(predictor, view, condition, results["identity"]["every"]))
                progress.update(view.frames)
            predicted = root_centred(np.concatenate(poses))
            mpjpe = metrics.mpjpe(predicted, target)
            reference = measured[CLEAN]["mpjpe"] if measured else mpjpe
            measured[condition.name] = {
                "words": condition.words,
                "mpjpe": mpjpe,
                "pa_mpjpe": metrics.pa_mpjpe(predicted, target),
                "ratio": mpjpe / reference,
                "unit": "mm",
            }
            write_json(half_done, results)


def seed_of(view: View) -> int:
    """The seed of a view's spoiling: the same in every dataset and run."""
    return zlib.crc32(view.name.encode())


def _thinned(view: View, every: int) -> View:
    return dataclasses.replace(view, **{name: getattr(view, name)[::every] for name in ARRAYS})


def _predicted(predictor: Predictor, view: View, condition: Condition, every: int) -> ndarray:
    spoilt = dataclasses.replace(view, images=condition.apply(view.images, seed_of(view), every))
    poses = np.asarray(predictor.predict_view_mm(spoilt), np.float32)
    if not np.isfinite(poses).all():
        raise ValueError(f"the network predicts values that are not finite in {view.folder} under {condition.name}")
    return poses


def _sample(view: View, every: int) -> Sample:
    """The frame that the picture shows, chosen for nothing: the middle one."""
    middle = view.frames // 2
    crop, frame = np.asarray(view.images[middle]), middle * every
    spoilt = {name: condition.apply_to(crop, seed_of(view), frame) for name, condition in CONDITIONS.items()}
    return Sample(f"{view.name}, frame {frame}", spoilt)


def format_robustness(results: dict[str, Any]) -> str:
    """The table for people: clean first, then by falling cost."""
    conditions = results["conditions"]
    rest = sorted((name for name in conditions if name != CLEAN), key=lambda name: -conditions[name]["mpjpe"])
    lines = [f"{'':14}{'MPJPE':>9}{'PA-MPJPE':>10}{'cost':>9}{'ratio':>8}  (mm)"]
    for name in (CLEAN, *rest):
        values = conditions[name]
        cost = values["mpjpe"] - conditions[CLEAN]["mpjpe"]
        numbers = f"{values['mpjpe']:9.1f}{values['pa_mpjpe']:10.1f}{cost:+9.1f}{values['ratio']:8.2f}"
        lines.append(f"{name:14}{numbers}  {values['words']}")
    return "\n".join(lines)
