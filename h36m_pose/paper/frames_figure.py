"""A few test frames: the network's input, predicted and true skeletons in 3D side by side, as vectors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.paper.figure_style import COLUMN_IN
from h36m_pose.paper.tested_runs import PaperRun
from h36m_pose.rendering.sample_picture import TURNED_DEGREES, choose_samples
from h36m_pose.rendering.skeleton_drawing import Viewpoint
from h36m_pose.rendering.walking_clip import WalkingClip, make_clip, poses_of

MOST_RUNS = 3
"""More do not fit in a column."""

_ELEVATION = np.deg2rad(12.0)
_RIM = np.linspace(0, 2 * np.pi, 65)
_ROW_IN = 0.92
_SIDES = {"left": "#0072b2", "right": "#e69f00", "centre": "#1a1a1a"}
_WIDTHS = {"left": 1.9, "right": 1.9, "centre": 1.5}


def draw_frames(runs: Sequence[PaperRun]) -> Figure | None:
    """The figure; None without the dataset, which has the pictures. Of more than three runs the first three."""
    dataset = runs[0].material.dataset
    if dataset is None:
        return None
    runs = runs[:MOST_RUNS]
    views = {view.name: view for view in dataset.views}
    samples = choose_samples(runs[0].predictions)
    figure = Figure(figsize=(COLUMN_IN, _ROW_IN * len(samples) + 0.5))
    cells = figure.subplots(len(samples), len(runs) + 2, squeeze=False)
    bottom, top = 0.3 / figure.get_figheight(), 1 - 0.18 / figure.get_figheight()
    figure.subplots_adjust(left=0.01, right=0.99, bottom=bottom, top=top, wspace=0.04, hspace=0.22)
    heads = [
        "input",
        *(["predicted"] if len(runs) == 1 else [chr(ord("A") + each) for each in range(len(runs))]),
        "true",
    ]
    for axis, head in zip(cells[0], heads, strict=True):
        axis.set_title(head, pad=3)
    for row, sample in zip(cells, samples, strict=True):
        view = views[sample.view_name]
        clips = [make_clip(view, *poses_of(run.predictions, view), sample.frame, 1) for run in runs]
        _draw_row(row, clips)
    handles = [Line2D([], [], color=colour, linewidth=1.9, label=f"{side} side") for side, colour in _SIDES.items()
               if side != "centre"]  # fmt: skip
    figure.legend(handles=handles, loc="lower center", ncols=2, borderaxespad=0.1)
    return figure


def _draw_row(row: ndarray, clips: Sequence[WalkingClip]) -> None:
    """Input, each run's pose and the true one, at one scale, with the error below."""
    picture, *figures = row
    picture.imshow(clips[0].inputs[0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    picture.set_aspect("equal", adjustable="datalim")
    picture.set_axis_off()
    poses = [*(clip.predicted_mm[0] for clip in clips), clips[0].target_mm[0]]
    notes = [*(f"{clip.errors_mm[0]:.0f} mm" for clip in clips), ""]
    sight = Viewpoint(clips[0].sight.azimuth + np.deg2rad(TURNED_DEGREES), _ELEVATION)
    radius = 1.06 * max(550.0, *(float(np.linalg.norm(pose[:, :2], axis=-1).max()) for pose in poses))
    height = max(float(pose[:, 2].max()) for pose in poses)
    for axis, pose, note in zip(figures, poses, notes, strict=True):
        _draw_floor(axis, sight, radius)
        _draw_skeleton(axis, sight, pose)
        axis.set_aspect("equal")
        axis.set_xlim(-radius, radius)
        axis.set_ylim(-radius * np.sin(_ELEVATION) * 1.05, height * np.cos(_ELEVATION) + 90)
        axis.set_axis_off()
        axis.text(0.5, -0.02, note, transform=axis.transAxes, ha="center", va="top", fontsize=7)


def _draw_floor(axis: Any, sight: Viewpoint, radius: float) -> None:
    rim = radius * np.stack([np.cos(_RIM), np.sin(_RIM), 0 * _RIM], axis=-1)
    axis.add_patch(Polygon(sight.project(rim)[:, :2], facecolor="#ececec", edgecolor="none"))


def _draw_skeleton(axis: Any, sight: Viewpoint, joints_mm: Float[ndarray, "17 3"]) -> None:
    """Nearer bones hide farther ones; a white rim, but at their ends, keeps crossing ones apart."""
    seen = sight.project(joints_mm)
    shadow = sight.project(joints_mm * np.array([1.0, 1.0, 0.0]))
    for parent, joint in skeleton.BONES:
        axis.plot(*shadow[[parent, joint], :2].T, color="#c4c4c4", linewidth=1.0, solid_capstyle="round")
    for parent, joint in sorted(skeleton.BONES, key=lambda bone: -(seen[bone[0], 2] + seen[bone[1], 2])):
        side = skeleton.side_of(joint)
        ends = seen[[parent, joint], :2].T
        between = ends @ np.array([[0.85, 0.15], [0.15, 0.85]])
        axis.plot(*between, color="white", linewidth=_WIDTHS[side] + 1.4, solid_capstyle="butt")
        axis.plot(*ends, color=_SIDES[side], linewidth=_WIDTHS[side], solid_capstyle="round")
