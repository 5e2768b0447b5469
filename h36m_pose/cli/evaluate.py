"""Tests a trained run on its test subjects: prints a table, writes `results.json` and `predictions.npz` into the run.

Every number stands beside those of two predictions that look at no picture: the mean pose of the training subjects, and
all joints on the pelvis. The protocol stands above the table.

  h36m-pose evaluate runs/demo
  h36m-pose evaluate runs/demo --dataset data/other/dataset --allow-other-dataset
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_place, require_run

STAGE = "finetune"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose evaluate`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder, finetuned before")
    parser.add_argument("--dataset", type=Path, help="dataset folder (default: the one the run was trained on)")
    parser.add_argument("--out", type=Path, help="where the results go (default: the run folder)")
    parser.add_argument(
        "--mirror-average",
        choices=("yes", "no"),
        help="average each prediction with that of the mirrored picture (default: as the run was trained)",
    )
    parser.add_argument(
        "--allow-other-dataset", action="store_true", help="test on a dataset that the run was not trained on"
    )


def run(arguments: argparse.Namespace) -> None:
    """Evaluates, unless the results at hand are of the same network and dataset, and prints the table."""
    require_run(arguments.run_dir)
    require_dataset(arguments.dataset)
    require_place(arguments.out or arguments.run_dir)
    from h36m_pose import provenance
    from h36m_pose.evaluation import evaluate_run, format_results
    from h36m_pose.summary import RESULTS_FILE

    run_dir: Path = arguments.run_dir
    identity, load = trained_network(run_dir, arguments.mirror_average)
    dataset, out = arguments.dataset or dataset_of(run_dir / STAGE), arguments.out or run_dir
    origin = provenance.of_run(run_dir)
    results = evaluate_run(out, dataset, load, identity, arguments.allow_other_dataset, origin)
    print(format_results(results))
    print(f"\n{out / RESULTS_FILE}: {'written' if results['fresh'] else 'is up to date, left as it is'}")


def trained_network(run_dir: Path, mirror_average: str | None) -> tuple[dict[str, str], Callable[[], Any]]:
    """What tells a run's network from others, and what loads it.

    Args:
        run_dir: the run's folder.
        mirror_average: "yes", "no", or None for what the run was trained with.

    Raises:
        InputError: if it is not trained to the end.
    """
    from h36m_pose.training import run_folder

    stage_dir = run_dir / STAGE
    trained = run_folder.finished(stage_dir)
    if trained is None:
        found = f"an unfinished {STAGE} stage" if stage_dir.is_dir() else f"no {STAGE} stage"
        train = f"h36m-pose train {STAGE} --run {run_dir}, with --experiment and --dataset"
        raise InputError(run_dir, found, "a trained network", f"Run: {train}")

    def load() -> Any:
        from h36m_pose.prediction import load_run  # loads JAX, which the quick way out does not need

        return load_run(run_dir, STAGE, None if mirror_average is None else mirror_average == "yes")

    identity = {"stage": STAGE, "weights": str(trained["weights"])}
    return identity | ({} if mirror_average is None else {"mirror_average": mirror_average}), load


def dataset_of(stage_dir: Path) -> Path:
    """The dataset folder that a stage was trained on, as its environment.json tells it."""
    from h36m_pose.training import run_folder

    dataset = run_folder.read_json(stage_dir / run_folder.ENVIRONMENT).get("dataset")
    if dataset is None:
        mend = "Name the dataset: --dataset DATASET"
        raise InputError(stage_dir / run_folder.ENVIRONMENT, "no dataset named in it", "its folder", mend)
    return Path(dataset)
