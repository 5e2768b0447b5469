"""Tells where a file comes from: run and weights, dataset and protocol, commit, and the command that makes it again.

It knows every file and folder that h36m-pose writes: runs, stages, checkpoints, results, videos, pictures, poses,
reports, exported networks, datasets, packs. With --verify it compares what the file tells with the run and the dataset
that still lie there, trains nothing, and says of each: same, changed, or not there. Where files were put is no part of
a command: add --out.

  h36m-pose whence runs/demo/walking.mp4
  h36m-pose whence runs/demo --verify
  h36m-pose whence network.onnx --verify --run runs/demo --dataset data/demo/dataset
  h36m-pose whence walk-poses/poses.csv --json

The exit status is 0; 1 if --verify found something changed, or nothing to compare with; 2 for a file that is not ours,
or that nothing tells of.
"""

import argparse
from pathlib import Path

from h36m_pose.given_folders import require_dataset, require_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose whence`."""
    parser.add_argument("path", metavar="FILE|FOLDER", type=Path, help="what to ask about")
    parser.add_argument("--json", action="store_true", help="tell all as JSON, digests whole")
    parser.add_argument("--verify", action="store_true", help="compare with the run and the dataset that lie there")
    parser.add_argument("--run", type=Path, dest="run_dir", help="with --verify: the run, if it was moved")
    parser.add_argument("--dataset", type=Path, help="with --verify: the dataset, if it was moved")


def run(arguments: argparse.Namespace) -> int:
    """Prints what is known; returns the exit status."""
    if arguments.run_dir is not None:
        require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    from h36m_pose.whence import checks, words
    from h36m_pose.whence.origin import origin_of

    origin = origin_of(arguments.path)
    found = checks.checks_of(origin, arguments.run_dir, arguments.dataset) if arguments.verify else None
    print(words.as_json(origin, found) if arguments.json else words.as_text(origin, found))
    return checks.status(found) if found is not None else 0
