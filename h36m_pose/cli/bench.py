"""Measures this machine: training steps and predictions beside the same networks in PyTorch and beside a matrix
product, the input pipeline, compilation and memory; with --root, preprocessing against decoding alone, too.

Run it while nothing else runs. Everything is timed in interleaved rounds, and ratios are of one round each. Medians are
printed; all rounds are written as JSON. PyTorch's rows need the extra `torch`. Where there is a GPU, both use it.

  h36m-pose bench                                       # the demo's network on random crops
  h36m-pose bench --networks strided,jha_2015,li_chan_2014
  h36m-pose bench --root data/demo/raw --dataset data/demo/dataset
"""

import argparse
import dataclasses
import difflib
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from h36m_pose import configuration
from h36m_pose.atomic_files import write_json
from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_raw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose bench`."""
    parser.add_argument("--root", type=Path, help="raw files, to time preprocessing on (default: no preprocessing)")
    parser.add_argument(
        "--dataset", type=Path, help="what `h36m-pose preprocess` wrote, to take batches from (default: random crops)"
    )
    parser.add_argument("--experiment", default="demo", help="whose network and batches to time (default: demo)")
    parser.add_argument(
        "--networks", help="instead, some of strided,jha_2015,li_chan_2014, each of its own experiment; or none"
    )
    parser.add_argument("--stage", choices=configuration.STAGES, default="finetune", help="default: finetune")
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="a setting of the experiments to change, such as host_devices=1",
    )  # fmt: skip
    parser.add_argument(
        "--devices", help="also the training step on so many devices each, such as 1,2 (default: no such comparison)"
    )
    parser.add_argument("--processes", type=int, default=2, help="of preprocessing, compared with one (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is timed (default: 5)")
    parser.add_argument("--steps", type=int, default=4, help="steps per round (default: 4)")
    parser.add_argument(
        "--no-compile-times", action="store_true", help="leave out the two fresh processes that time compilation"
    )
    parser.add_argument(
        "--quick", action="store_true", help="two rounds of one step of 4 pictures, no compile times: to see it run"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("bench.json"), help="where the numbers go (default: bench.json)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints and writes."""
    require_dataset(arguments.dataset)
    if arguments.root:
        require_raw(arguments.root)
    experiments = _experiments(arguments)
    for option in ("rounds", "steps", "processes"):
        if getattr(arguments, option) < 1:
            raise InputError(f"--{option}", str(getattr(arguments, option)), "1 or more", "Give a larger number")
    devices = _counts(arguments.devices) if arguments.devices else []
    if arguments.quick:
        arguments.rounds, arguments.steps = 2, 1
        arguments.overrides.append(f"{arguments.stage}.batch_size=4")
    for experiment in experiments:  # a mistyped setting is told before minutes of measuring
        configuration.apply_overrides(configuration.load_experiment(experiment), arguments.overrides, arguments.stage)
    if not (experiments or arguments.root):
        raise InputError("h36m-pose bench", "--networks none and no --root", "something to time", "Add --root FOLDER")
    print(f"{arguments.rounds} rounds; medians (lowest to highest)")
    from h36m_pose import provenance

    numbers: dict[str, Any] = {"rounds": arguments.rounds, "steps": arguments.steps}
    numbers[provenance.KEY] = provenance.record()
    if arguments.root:
        numbers |= _preprocessing(arguments)
    if experiments:
        numbers["networks"] = _networks(arguments, experiments, devices)
        numbers["environment"] = numbers["networks"][experiments[0]]["environment"]
    write_json(arguments.out, numbers)
    print(f"written: {arguments.out}")
    return 0


def _experiments(arguments: argparse.Namespace) -> list[str]:
    """The experiments whose networks are timed."""
    if arguments.networks is None:
        return [arguments.experiment]
    own = {"strided": "demo", "jha_2015": "jha_2015", "li_chan_2014": "li_chan_2014"}
    names = [] if arguments.networks == "none" else arguments.networks.split(",")
    for name in names:
        if name not in own:
            near = difflib.get_close_matches(name, own, n=1)
            mend = f"Did you mean {near[0]}?" if near else "Choose one of these"
            raise InputError("--networks", repr(name), f"some of {', '.join(own)}, or none", mend)
    return [own[name] for name in names]


def _networks(arguments: argparse.Namespace, experiments: Sequence[str], devices: Sequence[int]) -> dict[str, Any]:
    from h36m_pose.benchmarking.job import Job
    from h36m_pose.benchmarking.network_rates import NO_TORCH, measure_network, torch_is_there
    from h36m_pose.benchmarking.report import network_report, scaling_report
    from h36m_pose.benchmarking.scaling import measure_device_scaling

    if not torch_is_there():
        print(NO_TORCH)
    dataset = str(arguments.dataset.resolve()) if arguments.dataset else ""
    results = {}
    for experiment in experiments:
        job = Job("ours", experiment, tuple(arguments.overrides), arguments.stage, dataset)
        timed = not (arguments.no_compile_times or arguments.quick)
        results[experiment] = measure_network(job, arguments.rounds, arguments.steps, compile_times=timed)
        print(network_report(results[experiment]), flush=True)
        if arguments.dataset:
            results[experiment]["streaming_images_per_s"] = _streaming(arguments, experiment)
        if devices:
            scaling = measure_device_scaling(job, devices, arguments.rounds, arguments.steps)
            results[experiment]["devices_scaling"] = scaling
            print(scaling_report(scaling), flush=True)
    return results


def _streaming(arguments: argparse.Namespace, experiment: str) -> dict[str, float]:
    from h36m_pose.benchmarking.input_rate import measure_streaming

    config = configuration.apply_overrides(
        configuration.load_experiment(experiment), arguments.overrides, arguments.stage
    )
    rates = measure_streaming(arguments.dataset, config, config[arguments.stage].batch_size, arguments.rounds)
    print(
        f"  {'streamed from disk, not yet varied':<34} {rates['median']:8.0f} ({rates['min']:.0f} to "
        f"{rates['max']:.0f}) images/s",
        flush=True,
    )
    return rates


def _counts(words: str) -> list[int]:
    counts = [int(word) for word in words.split(",") if word.isdigit() and int(word) > 0]
    if len(counts) != len(words.split(",")):
        raise InputError("--devices", words, "numbers with commas between, such as 1,2", "Correct it")
    return counts


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


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):8.0f} ({min(values):.0f} to {max(values):.0f})"
