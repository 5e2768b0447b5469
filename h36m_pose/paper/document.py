"""The LaTeX around tables and figures: floats that can be taken over into a paper, and a document that compiles."""

from collections.abc import Mapping, Sequence

from h36m_pose.paper.frames_figure import MOST_RUNS
from h36m_pose.paper.latex import HEADER, code, escape, listed, prose
from h36m_pose.paper.tables import key_to_letters
from h36m_pose.paper.tested_runs import PaperRun
from h36m_pose.rendering.sample_picture import PERCENTILES, TURNED_DEGREES

_PLACE = r"""% The folder of this file, wherever it is input from (LaTeX of October 2020 or newer knows it).
\providecommand{\CurrentFilePath}{}
\edef\figurefolder{\CurrentFilePath}
\edef\figurefolder{\ifx\figurefolder\empty\else\figurefolder/\fi}
"""
_HEAD = r"""\documentclass[10pt,twocolumn]{article}
\usepackage[letterpaper,margin=0.75in,columnsep=0.4in]{geometry}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}
\usepackage{textcomp}
\usepackage{booktabs}
\usepackage{graphicx}
\emergencystretch=2em
\begin{document}
"""


def figures(runs: Sequence[PaperRun], drawn: Sequence[str]) -> str:
    """`figures.tex`: a float for each figure.

    Args:
        runs: what they show.
        drawn: names of the figures, without ending, in order.
    """
    captions = _captions(runs)
    parts = [HEADER + _PLACE]
    for name in drawn:
        lines = [
            r"\begin{figure}[tp]", r"\centering", rf"\includegraphics[width=\columnwidth]{{\figurefolder {name}.pdf}}",
            prose([rf"\caption{{{captions[name]}}}"]).rstrip(), rf"\label{{fig:{name}}}", r"\end{figure}", "",
        ]  # fmt: skip
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _captions(runs: Sequence[PaperRun]) -> Mapping[str, str]:
    where = escape(runs[0].capture_words)
    key = key_to_letters(runs)
    several = len(runs) > 1
    stages = "both stages" if any(run.first_stage for run in runs) else "the regression"
    shown = "Validation" if several else "Training (augmented) and validation"
    areas = "" if several else ", the area that counts for the AUC (to 150\\,mm) shaded"
    frames = f", of the first {MOST_RUNS} runs" if len(runs) > MOST_RUNS else ""
    percentiles = listed([f"{each}th" for each in PERCENTILES])
    whose = "A's" if several else "the network's"
    return {
        "curves": f"{shown} during {stages}, on {where}.{key}",
        "joints": rf"Error per joint on {where}, with 95\,\% intervals over sequences where there are any.{key}",
        "distribution": f"Share of joints whose error is below a threshold (PCK), on {where}{areas}; the pelvis, whose "
        f"error is zero, counts.{key}",
        "frames": f"Test frames of {where}{frames}: one per camera (as far as there are as many), at the {percentiles} "
        f"percentile of {whose} errors there, seen turned by {TURNED_DEGREES} degrees from the camera's line of sight. "
        f"Below, the mean error over the joints of that frame.{key}",
    }


def document(runs: Sequence[PaperRun], tables: Sequence[str]) -> str:
    """`paper.tex`: a document of everything.

    Args:
        runs: what it is of.
        tables: names of the files with tables, without ending.
    """
    title = ", ".join(code(run.name) for run in runs)
    inputs = "\n".join(rf"\input{{{name}}}" for name in ("methods", *tables, "figures"))
    return f"{HEADER}{_HEAD}\\section*{{{'Run' if len(runs) == 1 else 'Runs'} {title}}}\n{inputs}\n\\end{{document}}\n"
