"""Results in numbers: every metric beside its baselines, and the error by joint, subject, camera, direction, time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.metrics import joint_errors
from h36m_pose.report.charts import Bar, Line, bar_chart, line_chart
from h36m_pose.report.directions import DIRECTIONS, walking_directions
from h36m_pose.report.glossary import term_anchor
from h36m_pose.report.headline import published_table
from h36m_pose.report.intervals import DRAWS, FEWEST, of_metric
from h36m_pose.report.material import Material
from h36m_pose.report.section import Section, table, text
from h36m_pose.summary import METRICS

_PARTS_PER_S = 5
"""How finely the error over time is drawn."""


def results_section(material: Material) -> Section:
    """The table of all metrics, and the published numbers."""
    per_view = material.results["per_view"]
    rows = []
    for key, metric in METRICS.items():
        values = material.results["metrics"][key]
        between = of_metric(per_view, key)
        rows.append(
            (
                f'<a href="#{term_anchor(metric.title)}">{text(metric.title)}</a> ({text(metric.unit)})',
                f"<strong>{values['network']:.1f}</strong>",
                "" if between is None else f"{between[0]:.1f} to {between[1]:.1f}",
                f"{values['mean_pose']:.1f}",
                f"{values['zero_pose']:.1f}",
                "lower" if metric.less_is_better else "higher",
            )
        )
    head = ("metric", "network", "95 % interval", "mean pose", "zero pose", "better is")
    explained = (
        "The 95 % interval tells how much the number would vary with other walks of the same kind (a bootstrap: "
        f"{DRAWS:,} draws with replacement among {len(per_view)} sequences, each a walk seen by one camera). It does "
        "not cover other people or another training."
        if len(per_view) >= FEWEST
        else f"With fewer than {FEWEST} sequences there is no interval."
    )
    body = (
        table("All metrics beside two predictions that look at no picture", head, rows, (1, 2, 3, 4, 5))
        + f'<p class="remark">{explained}</p>'
        + published_table(material)
    )
    return Section("results", "Results", body)


def errors_section(material: Material) -> Section:
    """Charts of where the error is; those by direction and time only with the dataset and the predictions at hand."""
    results = material.results
    joints = [
        Bar(name, values["network"], values["mean_pose"], skeleton.side_of(skeleton.NAMES.index(name)))
        for name, values in results["per_joint"].items()
        if name != skeleton.NAMES[skeleton.ROOT]
    ]
    charts = [
        bar_chart("By joint", joints, "mm"),
        _grouped("By person tested (subject)", results["per_subject"]),
        _grouped("By camera", results["per_camera"]),
    ]
    remark = ""
    if material.predictions is not None and material.dataset is not None:
        charts.insert(1, _by_direction(material))
        charts.append(_over_time(material))
    else:
        remark = "<p class='remark'>By walking direction and over time: needs the dataset and predictions.npz.</p>"
    body = (
        "<p>Mean error in mm (MPJPE): the shorter a bar, the better. A pale bar behind it is the error of always "
        "guessing the mean pose.</p>"
        '<ul class="legend"><li><span class="key left"></span>left side of the body</li>'
        '<li><span class="key right"></span>right side</li>'
        '<li><span class="key swatch reference"></span>always guessing the mean pose</li></ul>'
        f'<div class="charts many">{"".join(charts)}</div>{remark}'
    )
    return Section("errors", "Where the error is", body)


def _grouped(title: str, groups: Mapping[str, Any]) -> str:
    bars = [Bar(name, group["mpjpe"]["network"], group["mpjpe"]["mean_pose"]) for name, group in groups.items()]
    return bar_chart(title, bars, "mm")


def _by_direction(material: Material) -> str:
    errors = frame_errors(material)
    numbers = np.concatenate([walking_directions(view) for view, _, _ in material.tested_views()])
    bars = [
        Bar(f"{name}, {np.mean(numbers == number) * 100:.0f} %", float(errors[numbers == number].mean()))
        for number, name in enumerate(DIRECTIONS)
        if (numbers == number).any()
    ]
    return bar_chart("By walking direction, as the camera sees it, with its share of the frames", bars, "mm")


def frame_errors(material: Material) -> ndarray:
    """The mean error over the joints of each predicted frame, in mm."""
    assert material.predictions is not None
    return joint_errors(material.predictions.predicted_root_mm, material.predictions.target_root_mm).mean(1)


def _over_time(material: Material) -> str:
    """The error along the sequences, in parts of a fifth of a second: the best and the worst sequence, and the mean."""
    errors = frame_errors(material)
    curves, names = [], []
    for view, span, frames in material.tested_views():
        part = (np.arange(span.frames) / view.fps * _PARTS_PER_S).astype(int)
        curves.append(np.bincount(part, errors[frames]) / np.bincount(part))
        names.append(span.name)
    longest = max(map(len, curves))
    values = np.full((len(curves), longest), np.nan)
    for row, curve in zip(values, curves, strict=True):
        row[: len(curve)] = curve
    seconds = (np.arange(longest) + 0.5) / _PARTS_PER_S
    means = [float(np.nanmean(row)) for row in values]
    worst, best = int(np.argmax(means)), int(np.argmin(means))
    lines = [Line("" if row else "each sequence", seconds, curve, "muted") for row, curve in enumerate(values)]
    lines += [Line(f"worst sequence, {names[worst]}", seconds, values[worst], "right")]
    if best != worst:
        lines += [Line(f"best sequence, {names[best]}", seconds, values[best], "left")]
    lines += [Line("mean of all sequences", seconds, np.nanmean(values, axis=0), "main")]
    return line_chart("Over time", lines, "seconds into the walk", "mm")
