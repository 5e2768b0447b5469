"""Learning curves of a study's rows on one chart, over the pictures that training has seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.studies.row_results import Result, digest_of
from h36m_pose.studies.study import Study

_COLOURS = ("#33658a", "#c8553d", "#6a994e", "#8d6a9f", "#b08900", "#5f6b73")


def draw(study: Study, found: dict[str, list[Result]], path: Path) -> None:
    """Draws validation MPJPE of the rows in `study.chart`; nothing if none has been run.

    The second stage of a pretrained row begins where the first one ended, so that all rows have the same budget.

    Args:
        study: the study.
        found: results by row.
        path: of the picture.
    """
    rows = [name for name in study.chart if found.get(name)]
    if not rows:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 4.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    highest = 0.0
    for name, colour in zip(rows, _COLOURS, strict=False):
        curves = [_curve(result) for result in found[name]]
        for curve in curves:
            axes.plot(*curve.T, color=colour, linewidth=0.8, alpha=0.4)
        if len({len(curve) for curve in curves}) == 1:
            mean = np.mean(curves, axis=0)
            seeds = f"{len(curves)} seed{'s' if len(curves) > 1 else ''}"
            label = f"{study.rows[name].words} ({seeds})".replace("`", "")  # the page's marks
            axes.plot(*mean.T, color=colour, linewidth=2, marker="o", markersize=3.5, label=label)
            highest = max(highest, float(mean[:, 1].max()))
    axes.set_xlabel("training pictures seen, both stages (thousands)")
    axes.set_ylabel("validation MPJPE (mm)")
    axes.set_ylim(bottom=0, top=1.05 * highest)
    axes.set_xlim(left=0)
    axes.set_title(study.title, loc="left", fontsize=11)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if any(len(found[name]) > 1 for name in rows):
        axes.plot([], [], color="black", linewidth=0.8, alpha=0.4, label="thin lines: each seed")
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None, "Comment": _comment(study, found)})


def _comment(study: Study, found: dict[str, list[Result]]) -> str:
    """What the chart is drawn from. No commit: the same results give the same bytes, whichever version draws them."""
    results = [each for name in study.chart for each in found.get(name, [])]
    rows = {f"{each['study']}/{each['row']}.seed{each['seed']}": digest_of(each) for each in results}
    record = {"command": "h36m-pose experiments --page-only", "study": study.name, "rows": rows}
    return provenance.one_line(record)


def _curve(result: Result) -> np.ndarray:
    """(validations, 2): thousands of pictures seen, MPJPE in mm."""
    before = result["stages"].get("pretrain", {"images": 0})["images"]
    points: Sequence[Sequence[float]] = result["stages"]["finetune"]["curve"]
    return np.array([[(before + images) / 1000, value] for images, value in points])
