"""Trains one stage of an experiment: pretrain (the grid task), then finetune (the pose).

  h36m-pose train pretrain --experiment demo --dataset data/demo/dataset --run runs/demo
  h36m-pose train finetune --experiment demo --dataset data/demo/dataset --run runs/demo optim.peak_lr=1e-3

The same command goes on where it was stopped, and says so if the stage is finished. Settings are changed by key=value;
a key of the stage's own group may be given without the group's name. With --keys, the experiment's settings are listed.

Several machines train one network when each runs the same command on a shared disk, with its own --process-id:

  h36m-pose train pretrain ... --coordinator HOST:1234 --processes 2 --process-id 0
  h36m-pose train pretrain ... --coordinator HOST:1234 --processes 2 --process-id 1

Under Slurm, Open MPI, Kubernetes or on Cloud TPUs, --cluster finds all three by itself.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from h36m_pose import configuration
from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_place

if TYPE_CHECKING:
    from h36m_pose.data.dataset import Dataset
    from h36m_pose.training.processes import Place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose train`."""
    parser.add_argument("stage", choices=configuration.STAGES, help="pretrain comes first")
    parser.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE",
        help="a setting to change, such as epochs=3; `--set` itself may be left out",
    )  # fmt: skip
    parser.add_argument("--experiment", required=True, help="a name in experiments/, or a .py file")
    parser.add_argument("--dataset", type=Path, help="what `h36m-pose preprocess` wrote")
    parser.add_argument("--run", type=Path, dest="run_dir", help="the run's folder")
    parser.add_argument(
        "--unverified", action="store_true", help="do not compare the dataset's bytes with their recorded digests first"
    )
    parser.add_argument(
        "--adopt", action="store_true", help="go on with other settings than the stage was started with"
    )
    parser.add_argument(
        "--profile", type=int, default=0, metavar="N", help="write a profiler trace of N steps (default: none)"
    )
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="of several processes: where the first one is")
    parser.add_argument("--processes", type=int, default=1, help="how many processes train together (default: 1)")
    parser.add_argument("--process-id", type=int, default=0, help="which of them this is, from 0 (default: 0)")
    parser.add_argument("--cluster", action="store_true", help="several processes, as the cluster's environment says")
    parser.add_argument("--keys", action="store_true", help="list the experiment's settings and stop")


def run(arguments: argparse.Namespace) -> int:
    """Trains the stage unless it is finished; returns the exit status."""
    stage, run_dir = arguments.stage, arguments.run_dir
    config = configuration.load_experiment(arguments.experiment)
    configuration.apply_overrides(config, arguments.overrides, stage)
    if arguments.keys:
        print("\n".join(f"{key} = {configuration.shown(value)}" for key, value in configuration.flat_items(config)))
        return 0
    _require_folders(arguments)
    if arguments.profile < 0:
        raise InputError("--profile", str(arguments.profile), "a number of steps", "Give 0 or more")
    from h36m_pose.training import processes, run_folder
    from h36m_pose.training.host import prepare_host

    prepare_host(config.host_devices)
    place = _place(arguments)
    from h36m_pose.data.dataset import open_dataset

    dataset = open_dataset(arguments.dataset)
    init = run_folder.pretrained_identity(run_dir, config.finetune.init_from) if stage == "finetune" else "none"
    identity = {
        "settings": configuration.stage_settings(config, stage),
        "dataset_fingerprint": dataset.fingerprint,
        "init": init,
    }
    folder = run_dir / stage
    run_folder.claim(folder, identity, arguments.adopt, writes=place.index == 0 and not place.cluster)
    done = run_folder.finished(folder)
    if done:
        print(f"{stage}: finished before, {done['summary']}; nothing to do in {folder}")
        return 0
    processes.connect(place)
    if place.cluster and processes.is_first():
        run_folder.claim(folder, identity, arguments.adopt)
    if dataset.left_out:
        processes.tell(f"{arguments.dataset}: goes without {_some(dataset.left_out)}, as its manifest tells")
    if not arguments.unverified:
        dataset = _verified(arguments.dataset)
    from h36m_pose.training.loop import train

    return train(config, stage, dataset, run_dir, identity, arguments.profile)


def _place(arguments: argparse.Namespace) -> "Place":
    from h36m_pose.training.processes import Place

    several = arguments.processes > 1 or arguments.process_id > 0
    if several and not arguments.coordinator:
        raise InputError("--processes", "no --coordinator", "HOST:PORT of the first process", "Add it to all of them")
    if not 0 <= arguments.process_id < arguments.processes:
        found, expected = str(arguments.process_id), f"a number from 0 to {arguments.processes - 1}"
        raise InputError("--process-id", found, expected, "Correct it, or --processes")
    return Place(arguments.coordinator, arguments.processes, arguments.process_id, arguments.cluster)


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more views" if len(names) > most else "")


def _verified(folder: Path) -> "Dataset":
    """Reads the whole dataset: one wrong bit in it would be trained on, and nothing would tell."""
    from h36m_pose.data.dataset import open_dataset
    from h36m_pose.training import processes

    started = time.monotonic()
    dataset = open_dataset(folder, verify=True)
    seconds = time.monotonic() - started
    processes.tell(
        f"{folder}: all {dataset.manifest['frames']:,} frames are as they were written, checked in {seconds:.1f} s"
    )
    return dataset


def _require_folders(arguments: argparse.Namespace) -> None:
    for option, value in (("--dataset", arguments.dataset), ("--run", arguments.run_dir)):
        if value is None:
            raise InputError("h36m-pose train", f"no {option}", "a folder", f"Add {option} FOLDER")
    require_place(arguments.run_dir)
