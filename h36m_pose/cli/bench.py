"""Measures this machine: preprocessing against decoding alone, in two processes against one; with a dataset, training
steps of both stages and evaluation, too.

Run it while nothing else runs. Everything is timed in interleaved rounds; the medians are printed and all rounds are
written as JSON.

  h36m-pose bench --root data/demo/raw --dataset data/demo/dataset
"""

import argparse
import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose import configuration
from h36m_pose.atomic_files import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose bench`."""
    parser.add_argument("--root", type=Path, required=True, help="raw files, to time preprocessing on")
    parser.add_argument(
        "--dataset", type=Path, help="what `h36m-pose preprocess` wrote, to time training on (default: no training)"
    )
    parser.add_argument("--experiment", default="demo", help="whose network and batches to time (default: demo)")
    parser.add_argument("--processes", type=int, default=2, help="of preprocessing, compared with one (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is timed (default: 5)")
    parser.add_argument("--steps", type=int, default=10, help="training steps per stage and round (default: 10)")
    parser.add_argument(
        "--out", type=Path, default=Path("bench.json"), help="where the numbers go (default: bench.json)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints and writes."""
    config = configuration.load_experiment(arguments.experiment)
    from h36m_pose.training.host import prepare_host

    prepare_host(config.host_devices)
    from h36m_pose.training.environment import describe_environment

    print(f"{arguments.rounds} rounds, medians (lowest to highest)")
    numbers = _preprocessing(arguments)
    if arguments.dataset:
        numbers |= {"experiment": arguments.experiment, "training": _training(arguments, config)}
    write_json(arguments.out, {"environment": describe_environment(), **numbers})
    print(f"written: {arguments.out}")
    return 0


def _preprocessing(arguments: argparse.Namespace) -> dict[str, Any]:
    from preprocessing.rate import measure_rate, measure_scaling

    rate = measure_rate(arguments.root, rounds=arguments.rounds)
    print(f"decode                       {rate.decoding:8.0f} frames per second of processor time")
    print(f"decode and read masks        {rate.floor:8.0f} frames per second of processor time")
    print(f"preprocess                   {rate.preprocessing:8.0f} frames per second of processor time")
    print(f"of which decoding            {100 * rate.decoding_share:8.0f} %")
    print(f"of which that and masks      {100 * rate.share:8.0f} %")
    scaling = measure_scaling(arguments.root, arguments.processes, 4 * arguments.processes, arguments.rounds)
    ratios = f"{min(scaling.ratios):.2f} to {max(scaling.ratios):.2f}"
    print(f"preprocess, 1 process        {_spread(scaling.one)} frames/s")
    print(f"preprocess, {scaling.processes} processes      {_spread(scaling.several)} frames/s")
    print(f"{scaling.processes} processes / 1            {scaling.ratio:8.2f} ({ratios})")
    return {"preprocessing": dataclasses.asdict(rate), "scaling": dataclasses.asdict(scaling)}


def _training(arguments: argparse.Namespace, config: Any) -> dict[str, Any]:
    from h36m_pose.benchmark import measure_training
    from h36m_pose.data.dataset import open_dataset

    rates = measure_training(config, open_dataset(arguments.dataset), arguments.rounds, arguments.steps)
    print(f"{rates.devices}; experiment {arguments.experiment}")
    for stage, values in rates.train_images_per_s.items():
        print(f"{stage + ' step':<28} {_spread(values)} images/s, first step {rates.first_step_s[stage]:.1f} s")
    print(f"{'evaluate':<28} {_spread(rates.evaluate_images_per_s)} images/s")
    print(f"{'float32 matrix product':<28} {_spread(rates.matmul_gflops)} GFLOP/s")
    return dataclasses.asdict(rates)


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):8.0f} ({min(values):.0f} to {max(values):.0f})"
