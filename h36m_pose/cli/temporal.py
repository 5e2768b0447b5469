"""Smooths a trained run's predictions over time: by temporal heads, and by the 1-euro filter to compare with.

A temporal head is a small network that sees a window of the trained network's predictions (with --features, of its
inner findings too). Heads and filters are chosen on the validation subjects and measured on the test subjects. A
centred head needs half a window of later frames, a causal one none. Results go to RUN/temporal; what is there already
is left as it is.

  h36m-pose temporal runs/full
  h36m-pose temporal runs/full --windows 9,27,81 --kinds centred,causal
  h36m-pose temporal runs/full --features 0,24
  h36m-pose render runs/full --root data/full/raw --temporal centred_27
"""

import argparse
from pathlib import Path

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose temporal`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder, finetuned before")
    parser.add_argument("--dataset", type=Path, help="dataset folder (default: the one the run was trained on)")
    parser.add_argument(
        "--windows", "--window", default="27", metavar="FRAMES", help="odd numbers, between commas (default: 27)"
    )
    parser.add_argument(
        "--kinds", "--kind", default="centred", help="centred or causal, or both between commas (default: centred)"
    )
    parser.add_argument(
        "--features", default="0", metavar="COUNTS",
        help="principal components of the features that heads see besides the poses, between commas (default: 0)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Trains and measures what is missing, and prints the table."""
    require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    from h36m_pose.cli import evaluate
    from h36m_pose.training.host import prepare_host

    windows = _numbers("--windows", arguments.windows, "odd numbers between commas", "9,27,81")
    features = _numbers("--features", arguments.features, "numbers between commas", "0,24")
    run_dir: Path = arguments.run_dir
    identity, load = evaluate.trained_network(run_dir, mirror_average=None)
    dataset = arguments.dataset or evaluate.dataset_of(run_dir / evaluate.STAGE)
    prepare_host(1)
    from h36m_pose.summary import RESULTS_FILE
    from h36m_pose.temporal.study import FOLDER, format_study, run_study

    results = run_study(run_dir, dataset, load, identity, windows, arguments.kinds.split(","), features)
    print(format_study(results))
    state = "written" if results["fresh"] else "is up to date, left as it is"
    print(f"\n{run_dir / FOLDER / RESULTS_FILE}: {state}")


def _numbers(option: str, words: str, expected: str, like: str) -> list[int]:
    try:
        numbers = [int(word) for word in words.split(",")]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0:
        raise InputError(option, repr(words), expected, f"Write them like {like}")
    return numbers
