"""Writes tables, paragraphs on methods and figures about tested runs, for a paper.

Metrics beside the baselines with intervals, joints, subjects and cameras as LaTeX; how the runs were made and measured,
in words, from what is stored with them; learning curves, errors and test frames as PDF and SVG; and paper.tex, which
compiles. Several runs, tested on the same frames, stand beside each other with paired differences.

  h36m-pose paper runs/demo
  h36m-pose paper runs/demo runs/slow --out tables
"""

import argparse
from pathlib import Path

from h36m_pose.given_folders import require_dataset, require_place, require_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose paper`."""
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="run folders, evaluated before")
    parser.add_argument("--dataset", type=Path, help="dataset folder (default: the one the runs were evaluated on)")
    parser.add_argument("--out", type=Path, help="where the files go (default: RUN/paper; of several: paper)")


def run(arguments: argparse.Namespace) -> None:
    """Writes everything and prints where it is."""
    for folder in arguments.runs:
        require_run(folder)
    require_dataset(arguments.dataset)
    out: Path = arguments.out or (arguments.runs[0] if len(arguments.runs) == 1 else Path()) / "paper"
    require_place(out)
    from h36m_pose.paper.tested_runs import gather_runs
    from h36m_pose.paper.writing import PAPER_FILE, write_paper

    runs = gather_runs(arguments.runs, arguments.dataset)
    paths = write_paper(runs, out)
    print(f"{out}: written, {', '.join(path.name for path in paths)}")
    if runs[0].material.dataset is None:
        print(f"{runs[0].material.dataset_dir} is not here: the test frames are not drawn; name it with --dataset")
    print(f"to compile: cd {out} && pdflatex {PAPER_FILE}")
