"""Writes everything that a paper needs of tested runs into a folder."""

from collections.abc import Sequence
from pathlib import Path

from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.paper import charts, document, methods, tables
from h36m_pose.paper.figure_style import figure_style, save
from h36m_pose.paper.frames_figure import draw_frames
from h36m_pose.paper.tested_runs import PaperRun

_DOCUMENT = "paper"
PAPER_FILE = f"{_DOCUMENT}.tex"


def write_paper(runs: Sequence[PaperRun], out: Path) -> list[Path]:
    """Writes tables, methods, figures and the document; returns the paths.

    Args:
        runs: of `tested_runs.gather_runs`.
        out: the folder; files of other names in it are left alone.
    """
    texts = {"table": tables.results_table(runs), "joints": tables.joints_table(runs)}
    groups = tables.groups_table(runs)
    if groups is not None:
        texts["groups"] = groups
    texts[_DOCUMENT] = document.document(runs, list(texts))
    texts["methods"] = methods.methods(runs)
    out.mkdir(parents=True, exist_ok=True)
    record = provenance.one_line(_record(runs))
    paths, drawn = [], []
    with figure_style():
        for name, figure in (
            ("curves", charts.learning_curves(runs)),
            ("joints", charts.joint_bars(runs)),
            ("distribution", charts.error_distribution(runs)),
            ("frames", draw_frames(runs)),
        ):
            if figure is not None:
                paths += save(figure, out, name, record)
                drawn.append(name)
    texts["figures"] = document.figures(runs, drawn)
    for name, text in texts.items():
        paths.append(out / f"{name}.tex")
        with replacing(paths[-1]) as temporary:
            temporary.write_text(f"% {record}\n{text}", encoding="utf-8")
    return paths


def _record(runs: Sequence[PaperRun]) -> provenance.Record:
    origins = [{"run": run.name, **provenance.of_results(run.material.results)} for run in runs]
    return provenance.record(**origins[0]) if len(runs) == 1 else provenance.record(runs=origins)
