"""Tests a trained run on spoilt pictures of its test subjects: a table of how much error each kind costs.

Noise, blur, light, hidden halves, background in the mask, parts of the person missing: each is applied to the crops of
the test subjects at test time, the same for every run. Writes robustness.json and robustness.png into the run's folder.

  h36m-pose robustness runs/demo
  h36m-pose robustness runs/demo --only blur_2,lower_half
  h36m-pose robustness runs/demo --dataset data/clothes/dataset --allow-other-dataset --only clean --name clothes

What was measured is kept: run again, only the rest is measured.
"""

import argparse
import re
import textwrap
from pathlib import Path

from h36m_pose.cli import evaluate
from h36m_pose.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose robustness`."""
    evaluate.add_arguments(parser)
    parser.add_argument("--only", metavar="NAMES", help="conditions with commas between, besides clean (default: all)")
    parser.add_argument(
        "--name", default="robustness", help="of the files, so that datasets keep theirs apart (default: %(default)s)"
    )
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="one of every N frames, N times as quick (default: 1)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measures what is not measured yet and prints the table."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", arguments.name):
        raise InputError("--name", repr(arguments.name), "letters, digits, - and _", "Choose another name")
    if arguments.every < 1:
        raise InputError("--every", str(arguments.every), "1 or more", "Leave it out for all frames")
    from h36m_pose.robustness.measurement import chosen_conditions, format_robustness, measure_robustness

    words = (arguments.only or "").split(",")
    conditions = chosen_conditions([word.strip() for word in words if word.strip()])
    run_dir: Path = arguments.run_dir
    identity, load = evaluate.trained_network(run_dir)
    dataset = arguments.dataset or evaluate.dataset_of(run_dir / evaluate.STAGE)
    results = measure_robustness(
        run_dir, dataset, load, identity, conditions, arguments.name, arguments.allow_other_dataset, arguments.every
    )
    print("\n".join(textwrap.wrap(f"Test on {results['frames']:,} frames, {results['protocol']}.", 100)))
    print("\n" + format_robustness(results))
    written = "written" if results["fresh"] else "is up to date, left as it is"
    print(f"\n{run_dir / arguments.name}.json: {written}; all conditions in pictures: {arguments.name}.png")
