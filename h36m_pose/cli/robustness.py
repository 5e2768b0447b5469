"""Tests a trained run on spoilt pictures of its test subjects: a table of how much error each kind costs.

Noise, blur, light, hidden halves, background in the mask, parts of the person missing: each is applied to the crops of
the test subjects at test time, the same for every run. Writes robustness.json and robustness.png into the run's folder.

  h36m-pose robustness runs/demo
  h36m-pose robustness runs/demo --only blur_2,lower_half
  h36m-pose robustness runs/demo --dataset data/clothes/dataset --allow-other-dataset --only clean \\
      --out runs/demo/clothes

What was measured is kept: run again, only the rest is measured.
"""

import argparse
import textwrap
from pathlib import Path

from h36m_pose.cli import evaluate
from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose robustness`."""
    evaluate.add_arguments(parser)
    parser.add_argument(
        "--only", metavar="NAMES", help="these conditions alone, such as blur_2,lower_half, and clean (default: all)"
    )
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="test on one of every N frames: N times as quick (default: 1)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Measures what is not measured yet and prints the table."""
    if arguments.every < 1:
        raise InputError("--every", str(arguments.every), "1 or more", "Leave it out for all frames")
    require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    from h36m_pose import provenance
    from h36m_pose.robustness.measurement import (
        RESULTS,
        SHEET,
        chosen_conditions,
        format_robustness,
        measure_robustness,
    )

    words = (arguments.only or "").split(",")
    conditions = chosen_conditions([word.strip() for word in words if word.strip()])
    run_dir: Path = arguments.run_dir
    identity, load = evaluate.trained_network(run_dir, arguments.mirror_average)
    dataset, out = arguments.dataset or evaluate.dataset_of(run_dir / evaluate.STAGE), arguments.out or run_dir
    origin = provenance.of_run(run_dir)
    results = measure_robustness(
        out, dataset, load, identity, conditions, arguments.allow_other_dataset, arguments.every, origin
    )
    print("\n".join(textwrap.wrap(f"Test on {results['frames']:,} frames, {results['protocol']}.", 100)))
    print("\n" + format_robustness(results))
    written = "written" if results["fresh"] else "is up to date, left as it is"
    print(f"\n{out / RESULTS}: {written}; all conditions in pictures: {out / SHEET}")
