"""Writes one HTML page about a run, to open anywhere without a network: RUN/report.html.

Results beside baselines, a 3D player of test sequences, where the error is, learning curves, the worst frames, what
the networks look at, and how it was made. Run `h36m-pose evaluate` first. With the raw capture the player shows the
camera's pictures too. What the run lacks is left out, with the command that makes it.

  h36m-pose report runs/demo
  h36m-pose report runs/demo --root data/demo/raw
"""

import argparse
import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from h36m_pose.given_folders import require_dataset, require_raw, require_run

if TYPE_CHECKING:
    from h36m_pose.data.dataset import View


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose report`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder, evaluated before")
    parser.add_argument("--dataset", type=Path, help="dataset folder (default: the one the run was evaluated on)")
    parser.add_argument("--root", type=Path, help="raw capture, for the camera's pictures (default: without them)")


def run(arguments: argparse.Namespace) -> None:
    """Writes the page and prints its path, its size and how long it took."""
    import time

    started = time.monotonic()
    root: Path | None = arguments.root
    require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    if root is not None:
        require_raw(root)
    from h36m_pose.report.material import gather

    material = gather(arguments.run_dir, arguments.dataset)  # before JAX is loaded: bad paths answer at once
    from h36m_pose.report.writing import REPORT_FILE, write_report
    from h36m_pose.training.host import prepare_host
    from preprocessing.one_view import files_of_view

    prepare_host(1)

    @contextlib.contextmanager
    def video_of(root: Path, view: "View") -> Iterator[Path]:
        with files_of_view(root, material.dataset_dir, view.name) as files:
            yield files.video

    fresh = write_report(material, None if root is None else functools.partial(video_of, root))
    path = material.run_dir / REPORT_FILE
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    if fresh:
        print(f"{path}: written, {size}, in {time.monotonic() - started:.0f} s")
    else:
        print(f"{path}: shows this run already, left as it is, {size}")
