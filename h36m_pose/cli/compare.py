"""Sets trained and tested runs beside each other: results, paired differences with intervals, settings, curves.

  h36m-pose compare runs/demo runs/slow
  h36m-pose compare runs/a runs/b runs/c --out /tmp/abc

The runs must have been tested (`h36m-pose evaluate`) on the same frames.
"""

import argparse
from pathlib import Path

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose compare`."""
    parser.add_argument(
        "runs", metavar="RUN", type=Path, nargs="+", help="run folders; the first is the one compared with"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("comparison"), help="folder of table, numbers and chart (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Compares, writes and prints."""
    runs: list[Path] = arguments.runs
    if len(runs) < 2:
        raise InputError("h36m-pose compare", "one run", "two or more", "Name another one")
    for folder in runs:
        if not folder.is_dir():
            raise InputError(folder, "no folder", "a run", "Give the folder that `h36m-pose train --run` made")
    require_place(arguments.out)
    from h36m_pose.comparison import TABLE, read_runs, write_comparison

    print(write_comparison(read_runs(runs), arguments.out))
    print(f"{arguments.out / TABLE}: written, with its chart")
