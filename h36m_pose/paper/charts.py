"""The charts of a paper: learning curves, error per joint, distribution of the errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.metrics import AUC_THRESHOLDS_MM, PCK_THRESHOLD_MM, joint_errors
from h36m_pose.paper.figure_style import COLUMN_IN, FAINT, REFERENCE, Look, labels_of, look_of
from h36m_pose.paper.tables import by_sequence, letters
from h36m_pose.paper.tested_runs import PaperRun
from h36m_pose.report.intervals import interval
from h36m_pose.report.material import StageFiles
from h36m_pose.summary import root_centred

_LAST_MM = 250.0
_ROOM = 1.5
"""How far above the mean pose's error the learning curve of the pose reaches."""


def learning_curves(runs: Sequence[PaperRun]) -> Figure | None:
    """The stages that the tested weights went through, side by side; None if nothing is recorded of any."""
    first = [(number, run.first_stage) for number, run in enumerate(runs) if run.first_stage and run.first_stage.rows]
    second = [
        (number, run.second_stage) for number, run in enumerate(runs) if run.second_stage and run.second_stage.rows
    ]
    if not second:
        return None
    legend_rows = 0.14 * (len(runs) + 1)
    figure = Figure(figsize=(COLUMN_IN, 1.55 + legend_rows), layout="constrained")
    axes = figure.subplots(1, 2 if first else 1, squeeze=False)[0]
    alone = len(runs) == 1
    if first:
        _draw_stage(axes[0], first, "loss", alone)
        _plain_log_scale(axes[0])
        axes[0].set_title("grid task: cross-entropy (nats)", loc="left")
    _draw_stage(axes[-1], second, "mpjpe_mm", alone)
    axes[-1].set_title("pose: MPJPE (mm)", loc="left")
    top = _draw_mean_pose(axes[-1], second)
    axes[-1].set_ylim(0, top)
    if alone:
        figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    else:
        labels = labels_of([run.name for run in runs])
        handles, known = axes[-1].get_legend_handles_labels()
        names = [labels[int(each)] if each.isdigit() else each for each in known]
        figure.legend(handles, names, loc="outside lower center", ncols=1)
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.set_xlim(left=0)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axis.grid(color=FAINT, linewidth=0.4)
    return figure


def _draw_stage(axis: Any, stages: Sequence[tuple[int, StageFiles]], name: str, alone: bool) -> None:
    """Validation of each run; of a single one the training too."""
    for number, stage in stages:
        look = look_of(number)
        if alone:
            axis.plot(*_series(stage, "train", name), color=REFERENCE, linewidth=0.8, label="training")
        label = "validation" if alone else str(number)
        axis.plot(
            *_series(stage, "validation", name), color=look.colour, linestyle=look.dash, marker=look.marker,
            markersize=2.6, label=label,
        )  # fmt: skip


def _series(stage: StageFiles, split: str, name: str) -> tuple[list[float], list[float]]:
    chosen = [row for row in stage.rows if row["split"] == split and name in row]
    return [row["epoch"] for row in chosen], [row[name] for row in chosen]


def _draw_mean_pose(axis: Any, stages: Sequence[tuple[int, StageFiles]]) -> float | None:
    """A line at the mean pose's error on the validation frames; returns the top that leaves the curves room."""
    means = [value for _, stage in stages for value in _series(stage, "validation", "mean_pose_mpjpe_mm")[1][-1:]]
    if not means:
        return None
    for number, value in enumerate(sorted(set(means))):
        axis.axhline(value, color=REFERENCE, linestyle=(0, (1, 1.5)), linewidth=1.0,
                     label="mean pose" if number == 0 else None)  # fmt: skip
    return _ROOM * max(means)


def _plain_log_scale(axis: Any) -> None:
    """A logarithmic scale with numbers that can be read: 0.02, 0.05, 0.1."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(NullLocator())


def joint_bars(runs: Sequence[PaperRun]) -> Figure:
    """The error of each joint but the pelvis as bars with their intervals, the mean pose's as a stroke."""
    names = skeleton.NAMES[1:]
    thick = 0.8 / len(runs)
    figure = Figure(figsize=(COLUMN_IN, 0.75 + len(names) * (0.15 + 0.055 * (len(runs) - 1))), layout="constrained")
    axis = figure.subplots()
    places = np.arange(len(names))
    weights = np.array([span.frames for span in runs[0].predictions.spans], float)
    for number, (run, label) in enumerate(zip(runs, labels_of([run.name for run in runs]), strict=True)):
        values = np.array([run.results["per_joint"][name]["network"] for name in names])
        at = places + (number - (len(runs) - 1) / 2) * thick
        look = look_of(number)
        axis.barh(at, values, thick * 0.9, color=_pale(look.colour), edgecolor=look.colour, linewidth=0.6,
                  hatch=look.hatch, label=label)  # fmt: skip
        bounds = [interval(column, weights) for column in by_sequence(run).T[1:]]
        if all(bounds):
            low, high = np.array(bounds).T
            axis.errorbar(values, at, xerr=np.maximum([values - low, high - values], 0), fmt="none", ecolor="black",
                          elinewidth=0.7, capsize=1.2, capthick=0.7)  # fmt: skip
    mean = [runs[0].results["per_joint"][name]["mean_pose"] for name in names]
    axis.plot(mean, places, linestyle="none", marker="|", markersize=5, markeredgewidth=1.2, color=REFERENCE,
              label="mean pose" if len(runs) == 1 else "mean pose of A's training")  # fmt: skip
    axis.set_yticks(places, names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel("mean error (mm)")
    axis.set_xlim(left=0)
    axis.grid(axis="x", color=FAINT, linewidth=0.4)
    axis.set_axisbelow(True)
    handles, labels = axis.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda each: labels[each].startswith("mean pose"))
    figure.legend(
        [handles[each] for each in order],
        [labels[each] for each in order],
        loc="outside lower center",
        ncols=2 if len(runs) == 1 else 1,
    )
    return figure


def _pale(colour: str) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(0.45 * each + 0.55 for each in to_rgb(colour))


def error_distribution(runs: Sequence[PaperRun]) -> Figure:
    """The share of joints below each error (PCK), its area to 150 mm shaded, beside the mean pose's."""
    figure = Figure(figsize=(COLUMN_IN, 2.1 + 0.14 * (len(runs) - 1)), layout="constrained")
    axis = figure.subplots()
    for number, (run, label) in enumerate(zip(runs, labels_of([run.name for run in runs]), strict=True)):
        predictions, look = run.predictions, look_of(number)
        area = run.results["metrics"]["auc3d"]["network"]
        errors = joint_errors(predictions.predicted_root_mm, predictions.target_root_mm)
        _draw_shares(axis, errors, look, f"{label}, AUC {area:.1f} %", 0.16 if len(runs) == 1 else 0.0)
    _draw_mean_pose_shares(axis, runs)
    axis.axvline(PCK_THRESHOLD_MM, color=REFERENCE, linewidth=0.6)
    axis.set_xlim(0, _LAST_MM)
    axis.set_ylim(0, 101)
    axis.set_xlabel("threshold (mm)")
    axis.set_ylabel("joints below it (%)")
    axis.grid(color=FAINT, linewidth=0.4)
    figure.legend(loc="outside lower center", ncols=2 if len(runs) == 1 else 1)
    return figure


def _draw_mean_pose_shares(axis: Any, runs: Sequence[PaperRun]) -> None:
    """The same of the mean pose of the first run whose training poses are known."""
    for letter, run in zip(letters(runs), runs, strict=True):
        if run.weights is not None:
            target = np.asarray(run.predictions.target_root_mm, np.float64)
            mean = np.broadcast_to(root_centred(run.weights.train_mean_pose_mm[None]), target.shape)
            area = run.results["metrics"]["auc3d"]["mean_pose"]
            whose = f"mean pose of {letter}'s training" if letter else "mean pose"
            look = Look(REFERENCE, (0, (1, 1)), "", "")
            _draw_shares(axis, joint_errors(mean, target), look, f"{whose}, AUC {area:.1f} %", 0.12)
            return


def _draw_shares(axis: Any, errors: ndarray, look: Look, label: str, shade: float) -> None:
    thresholds = np.linspace(0.0, _LAST_MM, round(_LAST_MM) + 1)
    ordered = np.sort(errors, axis=None)
    shares = 100 * np.searchsorted(ordered, thresholds, side="left") / ordered.size
    axis.plot(thresholds, shares, color=look.colour, linestyle=look.dash, label=label)
    if shade:
        counted = thresholds <= AUC_THRESHOLDS_MM[-1]
        axis.fill_between(thresholds[counted], shares[counted], color=look.colour, alpha=shade, linewidth=0)
