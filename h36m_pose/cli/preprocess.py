"""Makes the dataset that training reads out of raw videos, poses and masks: 128x128 grey crops with the background at
zero, 2D joints in the crop's pixels, 17 joints in mm relative to the pelvis.

ROOT holds Human3.6M as its archives unpack (S1/Videos/..., S1/MyPoseFeatures/...), or as h36m-fetch lays it out, or a
synthetic capture. Run again, it makes only what is missing or has changed.

A view whose files cannot be used is left out: it is named on standard error and, with the reason, in the manifest, and
the exit status is 2. The dataset of the others is whole and can be trained on.

  h36m-pose preprocess data/demo/raw data/demo/dataset
  h36m-pose preprocess /data/h36m data/h36m/dataset --workers 8
  h36m-pose preprocess /data/h36m data/h36m/all --actions all --every 5

On a cluster, with `pip install h36m-pose[dask]` on all machines, and ROOT and DATASET on a disk that they share under
the same path (workers write there themselves; give them one thread each):

  dask scheduler
  dask worker tcp://HOST:8786 --nworkers 8 --nthreads 1
  h36m-pose preprocess /data/h36m /data/h36m/dataset --scheduler tcp://HOST:8786
"""

import argparse
import collections
import os
import sys
import time
from pathlib import Path
from typing import Any

from h36m_pose.given_folders import require_raw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose preprocess`."""
    parser.add_argument("root", metavar="ROOT", type=Path, help="folder of the raw files")
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="folder to make or complete")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="let the workers of this Dask scheduler do it")
    parser.add_argument(
        "--actions", default="Walking", metavar="NAMES",
        help="actions of the release, between commas, or all (default: Walking)",
    )  # fmt: skip
    parser.add_argument(
        "--every", default="1", metavar="N",
        help="take frames 0, N, 2N and so on; a number or the name of a published sampling (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--margin", type=float, default=1.1,
        help="side of the crop over the longer side of the silhouette's box (default: 1.1)",
    )  # fmt: skip
    parser.add_argument("--with-faults", action="store_true", help="take views with a known fault of the release, too")
    parser.add_argument(
        "--allow-partial", action="store_true",
        help="of a broken video, take the frames before the first one that cannot be decoded",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="stop at the first view whose files cannot be used")
    parser.add_argument(
        "--verify", "--repair", action="store_true",
        help="compare the bytes of all files with the recorded digests, and make anew what differs",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Builds the dataset and prints what became of it; returns the exit status."""
    require_raw(arguments.root)
    from h36m_pose.errors import InputError
    from preprocessing.build import Choices, build
    from preprocessing.release import parse_actions, parse_every
    from preprocessing.view import Parameters

    if arguments.workers < 1:
        raise InputError("--workers", str(arguments.workers), "1 or more", "Give the number of processes")
    started = time.monotonic()
    parameters = Parameters(margin=arguments.margin, every=parse_every(arguments.every))
    choices = Choices(
        actions=parse_actions(arguments.actions),
        with_faults=arguments.with_faults,
        allow_partial=arguments.allow_partial,
        strict=arguments.strict,
        verify=arguments.verify,
    )
    built = build(arguments.root, arguments.dataset, arguments.workers, parameters, choices, arguments.scheduler)
    seconds = time.monotonic() - started
    manifest = built.manifest
    size = f"{len(manifest['views'])} views, {manifest['frames']} frames"
    spoiled = [one for one in built.left_out if not one.expected]
    if built.made or spoiled:
        print(f"{arguments.dataset}: {size}; {len(built.made)} views made in {seconds:.0f} s, {built.kept} kept.")
        _print_silhouettes(manifest)
        _print_notes(manifest)
    else:
        print(f"{arguments.dataset} was complete: {size}, checked in {seconds:.1f} s.")
    for one in built.left_out:
        if one.expected:
            print(f"left out unless --with-faults is given: {one.name}: {one.told}")
    for one in spoiled:
        print(f"h36m-pose: left out {one.name}: {one.told}", file=sys.stderr)
    if not spoiled:
        return 0
    mend = "Mend the files named above and run the same command again; the dataset of the other views can be used"
    print(f"h36m-pose: {len(spoiled)} views are left out. {mend}.", file=sys.stderr)
    return 2


def _print_silhouettes(manifest: dict[str, Any]) -> None:
    used = ", ".join(f"{source} {count}" for source, count in manifest["frames_by_source"].items() if count)
    print(f"silhouettes, by frames: {used}")
    check = manifest["plate_agreement"]
    if check["frames"]:
        print(
            "background subtraction, where there are masks to compare it with: "
            f"mean IoU {check['mean_iou']:.3f} on {check['frames']} frames"
        )


def _print_notes(manifest: dict[str, Any], most: int = 12) -> None:
    """Each different note once, with the views it is about."""
    views = collections.defaultdict(list)
    for view in manifest["views"]:
        for note in view["notes"]:
            views[note].append(f"{view['subject']} {view['trial']}.{view['camera_id']}")
    for note, names in list(views.items())[:most]:
        print(f"note: {names[0]}{f' and {len(names) - 1} more views' if len(names) > 1 else ''}: {note}")
    if len(views) > most:
        print(f"note: {len(views) - most} other notes stand in the manifest")
