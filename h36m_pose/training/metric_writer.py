"""Where a stage's numbers go: files of its folder always, and what the experiment's `writers` name.

`metrics.jsonl` holds what is the same on every run of the same experiment, `rates.jsonl` what depends on the machine.
"""

import hashlib
import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from h36m_pose.errors import InputError
from h36m_pose.training import run_folder


class Board(Protocol):
    """A place where numbers are shown as curves."""

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """Takes numbers by name, such as "train/loss"."""

    def close(self) -> None:
        """Writes out what is left."""


class TensorBoard:
    """TensorBoard's event files in the stage's folder."""

    def __init__(self, folder: Path, step: int, config: dict[str, Any]):
        del config
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step + 1, write_to_disk=True)

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """See `Board`."""
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """See `Board`."""
        self._writer.close()


class WeightsAndBiases:
    """Weights & Biases, as its environment variables (WANDB_PROJECT, WANDB_MODE=offline...) say."""

    def __init__(self, folder: Path, step: int, config: dict[str, Any]):
        del step
        wandb = _import("wandb")
        name = f"{folder.parent.name}-{folder.name}"
        self._run = wandb.init(name=name, dir=str(folder), config=config, resume="allow", id=_lasting_id(folder))

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """See `Board`. A step that was logged before a restart is not logged again."""
        self._run.log(numbers, step=step)

    def close(self) -> None:
        """See `Board`."""
        self._run.finish()


class MLflow:
    """MLflow, where MLFLOW_TRACKING_URI says."""

    def __init__(self, folder: Path, step: int, config: dict[str, Any]):
        del step
        self._mlflow = _import("mlflow")
        memory = folder / "mlflow_run"
        known = memory.read_text(encoding="utf-8") if memory.exists() else None
        run = self._mlflow.start_run(run_id=known, run_name=f"{folder.parent.name}-{folder.name}")
        if known is None:
            memory.write_text(run.info.run_id, encoding="utf-8")
            self._mlflow.log_params({key: str(value)[:500] for key, value in config.items()})

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """See `Board`."""
        self._mlflow.log_metrics(numbers, step=step)

    def close(self) -> None:
        """See `Board`."""
        self._mlflow.end_run()


BOARDS: dict[str, Callable[[Path, int, dict[str, Any]], Board]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "mlflow": MLflow,
}
"""By the words of the experiment's `writers`."""


def _import(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError:
        mend = f"Install it (pip install {package}) or take it out of `writers`"
        raise InputError("writers", f"{package}, which is not installed", "an installed one", mend) from None


def _lasting_id(folder: Path) -> str:
    """The same name after a restart, another for every other run folder."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


class MetricWriter:
    """Writes rows of numbers; used as a context.

    Args:
        folder: of the stage.
        step: the step it starts from: later rows of an earlier attempt are dropped.
        boards: words of `BOARDS`.
        config: the stage's settings by name, for boards that show them.
    """

    def __init__(self, folder: Path, step: int, boards: Sequence[str] = (), config: dict[str, Any] | None = None):
        unknown = [word for word in boards if word not in BOARDS]
        if unknown:
            raise InputError("writers", repr(unknown[0]), f"some of {', '.join(BOARDS)}", "Choose among these")
        self._boards = [BOARDS[word](folder, step, config or {}) for word in boards]
        self._files = {}
        for name in (run_folder.METRICS, run_folder.RATES):
            run_folder.drop_metrics_after(folder / name, step)
            self._files[name] = (folder / name).open("a", encoding="utf-8")

    def write(self, step: int, epoch: float, split: str, numbers: dict[str, float]) -> None:
        """Writes one row.

        Args:
            step: steps taken.
            epoch: epochs done, with fractions.
            split: "train" or "validation".
            numbers: by name.
        """
        self._add(run_folder.METRICS, {"step": step, "epoch": round(epoch, 4), "split": split, **numbers})
        self._show(step, {f"{split}/{name}": value for name, value in numbers.items()})

    def write_rates(self, step: int, numbers: dict[str, float]) -> None:
        """Writes one row of what is not the same on every machine."""
        self._add(run_folder.RATES, {"step": step, **{name: round(value, 3) for name, value in numbers.items()}})
        self._show(step, {f"rates/{name}": value for name, value in numbers.items()})

    def _add(self, file: str, row: dict[str, Any]) -> None:
        self._files[file].write(json.dumps(row, allow_nan=False) + "\n")
        self._files[file].flush()

    def _show(self, step: int, numbers: dict[str, float]) -> None:
        for board in self._boards:
            board.write(step, numbers)

    def __enter__(self) -> "MetricWriter":
        return self

    def __exit__(self, *problem: object) -> None:
        for file in self._files.values():
            file.close()
        for board in self._boards:
            board.close()


class NoMetricWriter(MetricWriter):
    """Writes nothing: for all processes but the first."""

    def __init__(self) -> None:
        self._files, self._boards = {}, []

    def _add(self, file: str, row: dict[str, Any]) -> None:
        pass
