"""Fits and tests a simple method to compare the network with, under the protocol of an experiment.

`zero_pose` and `mean_pose` look at no picture; `hog_nearest` and `hog_ridge` regress from histograms of oriented
gradients. What they leave open is chosen on the validation subjects. Writes `results.json` and `predictions.npz`.

  h36m-pose baseline hog_nearest --experiment demo --dataset data/demo/dataset --run runs/hog_nearest
"""

import argparse
from pathlib import Path

from h36m_pose import configuration
from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_place

NAMES = ("zero_pose", "mean_pose", "hog_nearest", "hog_ridge")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose baseline`."""
    parser.add_argument("name", choices=NAMES, help="which method")
    parser.add_argument("--experiment", required=True, help="whose protocol, subjects and frame count")
    parser.add_argument("--dataset", type=Path, required=True, help="what `h36m-pose preprocess` wrote")
    parser.add_argument("--run", type=Path, dest="run_dir", required=True, help="where the results go")
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="a setting to change, such as data.protocol=s9_s11; `--set` itself may be left out",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Fits, tests, prints the table."""
    require_place(arguments.run_dir)
    require_dataset(arguments.dataset)
    config = configuration.load_experiment(arguments.experiment)
    configuration.apply_overrides(config, arguments.overrides)
    if arguments.name.startswith("hog"):
        _require_sklearn()
    from h36m_pose import feature_regression
    from h36m_pose.data.dataset import open_dataset
    from h36m_pose.evaluation import evaluate_run, format_results
    from h36m_pose.summary import RESULTS_FILE

    def load() -> feature_regression.FeaturePredictor:
        predictor = feature_regression.fit(arguments.name, config, open_dataset(arguments.dataset))
        if predictor.chosen:
            print(f"{arguments.name}: chosen on the validation subjects: {predictor.chosen}")
        return predictor

    settings = "; ".join(f"{key}={value}" for key, value in configuration.flat_items(config) if key.startswith("data."))
    identity, origin = {"baseline": arguments.name, "data": settings}, {"run": arguments.run_dir.resolve().name}
    results = evaluate_run(arguments.run_dir, arguments.dataset, load, identity, origin=origin)
    print(format_results(results))
    print(f"\n{arguments.run_dir / RESULTS_FILE}: {'written' if results['fresh'] else 'is up to date, left as it is'}")


def _require_sklearn() -> None:
    import importlib.util

    if importlib.util.find_spec("sklearn") is None:
        mend = "Install it: .venv/bin/pip install 'h36m-pose[baselines]'"
        raise InputError("h36m-pose baseline", "no scikit-learn", "it for the methods on HOG features", mend)
