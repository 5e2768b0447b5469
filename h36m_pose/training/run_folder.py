"""A stage's folder within a run: what it was started with, what it came to. No JAX here.

<run>/<stage>/config.json        settings, dataset and starting weights: a stage goes on only with the same
             /environment.json   versions, commit, devices, split in words
             /checkpoints/ metrics.jsonl events.*
             /finished.json      written last
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from h36m_pose.atomic_files import replacing, write_json
from h36m_pose.configuration import settings_difference
from h36m_pose.errors import InputError
from h36m_pose.file_lock import LOCK, held

CONFIG, ENVIRONMENT, FINISHED, METRICS = "config.json", "environment.json", "finished.json", "metrics.jsonl"
CONFIG_BEFORE = "config.before.json"
CHECKPOINTS = "checkpoints"
RATES = "rates.jsonl"

HOW_NOT_WHAT = ("host_devices", "parallel", "checkpoint", "data.input", "writers")
"""Settings, or groups of them, that a stage may go on with when they have changed: they say how to compute, not what.
On another number of devices the outcome is the same up to rounding."""


def read_json(path: Path) -> dict[str, Any]:
    """Reads one of the stage's files.

    Raises:
        InputError: if it is missing or damaged.
    """
    mend = "Train this stage first: h36m-pose train"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(path, "no such file", "a stage of a training run", mend) from None
    except ValueError:
        raise InputError(
            path, "damaged JSON", "a file that training wrote", "Delete the stage and train it again"
        ) from None
    if not isinstance(value, dict):
        raise InputError(path, "no object", "a file that training wrote", "Delete the stage and train it again")
    return value


def claim(folder: Path, identity: dict[str, Any], adopt: bool = False, writes: bool = True) -> None:
    """Makes the folder this stage's, or checks that it already is.

    Args:
        folder: of the stage.
        identity: "settings", "dataset_fingerprint" and "init"; written to `config.json`.
        adopt: go on with other settings than it was started with; those before are kept in `config.before.json`.
        writes: False for all processes but the first, which only check.

    Raises:
        InputError: if the stage was started with others, whose difference is spelt out, or with nobody knows which.
    """
    path = folder / CONFIG
    if not path.exists():
        if (folder / FINISHED).exists() or (folder / CHECKPOINTS).exists():
            found = "no such file, beside what was trained with unknown settings"
            raise InputError(path, found, "those settings", "Delete the stage's folder and train it again")
        if writes:
            write_json(path, identity)
        return
    before = read_json(path)
    if before.get("dataset_fingerprint") != identity["dataset_fingerprint"]:
        raise InputError(
            folder,
            f"a stage on the dataset {str(before.get('dataset_fingerprint'))[:12]}",
            f"one on {identity['dataset_fingerprint'][:12]}",
            "Give the same dataset, or another --run folder",
        )
    difference = settings_difference(before, identity, [f"settings.{key}" for key in HOW_NOT_WHAT])
    if difference and not adopt:
        mend = "Choose another --run folder, or add --adopt to go on with the new ones from the last checkpoint"
        raise InputError(folder, f"a stage with other settings ({difference})", "the same", mend)
    if writes and before != identity:
        if difference:
            write_json(folder / CONFIG_BEFORE, before)
        write_json(path, identity)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the stage's lock, which ends with the process.

    Raises:
        InputError: if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    busy = InputError(folder, "another training at work on it", "one per stage", "Wait for it to end, or stop it")
    with (folder / LOCK).open("w") as lock, held(lock, busy):
        yield


def finished(folder: Path) -> dict[str, Any] | None:
    """What the finished stage came to; None while it is not finished."""
    return read_json(folder / FINISHED) if (folder / FINISHED).exists() else None


def drop_metrics_after(path: Path, step: int) -> None:
    """Takes out of a file of rows what was written after a checkpoint's step, and a half-written last line."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["step"] <= step:
            kept.append(line)
    with replacing(path) as temporary:
        temporary.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a `metrics.jsonl`; none if there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def best_weights(folder: Path) -> Path:
    """Where the weights of a finished stage lie that did best on validation.

    Raises:
        InputError: if the stage's mark does not tell their step.
    """
    step = read_json(folder / FINISHED).get("best_step")
    if not isinstance(step, int):
        raise InputError(folder / FINISHED, "no best_step", "the mark of a finished stage", "Train the stage again")
    return folder / CHECKPOINTS / f"best_{step:08d}"


def pretrained_folder(run_dir: Path, init_from: str) -> Path | None:
    """The finished pretraining stage to start from; None to start from scratch.

    Args:
        run_dir: the run's folder.
        init_from: "pretrain" for this run's, "none", or another run's folder.

    Raises:
        InputError: if there is none, or if it is not finished.
    """
    if init_from == "none":
        return None
    folder = (run_dir if init_from == "pretrain" else Path(init_from)) / "pretrain"
    if not (folder / FINISHED).exists():
        raise InputError(
            folder,
            "an unfinished pretraining" if folder.is_dir() else "no pretraining",
            "a finished one to start from",
            "Run `h36m-pose train pretrain` first, or add init_from=none to start from scratch",
        )
    return folder


def pretrained_identity(run_dir: Path, init_from: str) -> str:
    """What tells the starting weights from others: the digest of their checkpoint, or "none"."""
    folder = pretrained_folder(run_dir, init_from)
    return "none" if folder is None else str(read_json(folder / FINISHED)["weights"])
