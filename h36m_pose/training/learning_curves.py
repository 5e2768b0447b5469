"""The picture of a run's learning curves, both stages beside each other."""

from pathlib import Path
from typing import Any

from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.training import run_folder

FILE = "learning_curves.png"
_TRAIN, _VALIDATION, _BASELINE = "#9bb7d4", "#c8553d", "#8a8a8a"


def draw_learning_curves(run_dir: Path) -> None:
    """Draws `learning_curves.png` from the stages' `metrics.jsonl`, as far as there are any."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    rows = {stage: run_folder.read_metrics(run_dir / stage / run_folder.METRICS) for stage in ("pretrain", "finetune")}
    figure = Figure(figsize=(13, 4.9), dpi=110, layout="constrained")
    axes = figure.subplots(1, 3)
    _draw_pair(axes[0], rows["pretrain"], "loss", "Grid task: cross-entropy (nats per cell)", log=True)
    _draw_cells(axes[1], rows["pretrain"])
    _draw_pair(axes[2], rows["finetune"], "mpjpe_mm", "Pose: MPJPE (mm)")
    _draw_baseline(axes[2], rows["finetune"])
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.13))  # where no curve can be
        else:
            axis.text(0.5, 0.5, "not trained", transform=axis.transAxes, ha="center", color=_BASELINE)
    comment = provenance.one_line(provenance.record(**provenance.of_run(run_dir)), curves=list(rows))
    with replacing(run_dir / FILE) as temporary:
        figure.savefig(temporary, format="png", metadata={"Comment": comment})


def _series(rows: list[dict[str, Any]], split: str, name: str) -> tuple[list[float], list[float]]:
    chosen = [row for row in rows if row["split"] == split and name in row]
    return [row["epoch"] for row in chosen], [row[name] for row in chosen]


def _draw_pair(axis: Any, rows: list[dict[str, Any]], name: str, title: str, log: bool = False) -> None:
    axis.set_title(title, loc="left", fontsize=11)
    for split, colour, label, style in (
        ("train", _TRAIN, "training (augmented)", {"linewidth": 1.2}),
        ("validation", _VALIDATION, "validation", {"linewidth": 1.8, "marker": "o", "markersize": 3.5}),
    ):
        epochs, values = _series(rows, split, name)
        if values:
            best = f", best {min(values):.3g}" if split == "validation" else ""
            axis.plot(epochs, values, color=colour, label=label + best, **style)
    if log and rows:
        _plain_log_scale(axis)
    elif rows:
        axis.set_ylim(bottom=0)


def _plain_log_scale(axis: Any) -> None:
    """A logarithmic scale with numbers that can be read: 0.02, 0.05, 0.1."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(NullLocator())


def _draw_cells(axis: Any, rows: list[dict[str, Any]]) -> None:
    axis.set_title("Grid task: cells found", loc="left", fontsize=11)
    for split, name, colour, label in (
        ("train", "recall", _TRAIN, "training recall"),
        ("validation", "recall", _VALIDATION, "validation recall"),
        ("validation", "precision", "#5b8c5a", "validation precision"),
    ):
        epochs, values = _series(rows, split, name)
        if values:
            axis.plot(epochs, [100 * value for value in values], color=colour, label=label, linewidth=1.6)
    if rows:
        axis.set_ylim(0, 100)
        axis.set_ylabel("%")


def _draw_baseline(axis: Any, rows: list[dict[str, Any]]) -> None:
    values = _series(rows, "validation", "mean_pose_mpjpe_mm")[1]
    if values:
        axis.axhline(
            values[-1], color=_BASELINE, linestyle="--", linewidth=1.2, label=f"training mean pose {values[-1]:.0f} mm"
        )
