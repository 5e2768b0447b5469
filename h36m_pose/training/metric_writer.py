"""Where a stage's numbers go: `metrics.jsonl` and TensorBoard."""

import json
from pathlib import Path

from tensorboardX import SummaryWriter

from h36m_pose.training import run_folder


class MetricWriter:
    """Writes rows of numbers; used as a context.

    Args:
        folder: of the stage.
        step: the step it starts from: later rows of an earlier attempt are dropped.
    """

    def __init__(self, folder: Path, step: int):
        path = folder / run_folder.METRICS
        run_folder.drop_metrics_after(path, step)
        self._lines = path.open("a", encoding="utf-8")
        self._board = SummaryWriter(str(folder), purge_step=step + 1, write_to_disk=True)

    def write(self, step: int, epoch: float, split: str, numbers: dict[str, float]) -> None:
        """Writes one row.

        Args:
            step: steps taken.
            epoch: epochs done, with fractions.
            split: "train" or "validation".
            numbers: by name.
        """
        row = {"step": step, "epoch": round(epoch, 4), "split": split, **numbers}
        self._lines.write(json.dumps(row, allow_nan=False) + "\n")
        self._lines.flush()
        self.board(step, {f"{split}/{name}": value for name, value in numbers.items()})

    def board(self, step: int, numbers: dict[str, float]) -> None:
        """Writes to TensorBoard alone what is not the same on every machine, such as rates."""
        for name, value in numbers.items():
            self._board.add_scalar(name, value, step)

    def __enter__(self) -> "MetricWriter":
        return self

    def __exit__(self, *problem: object) -> None:
        self._lines.close()
        self._board.close()
