"""Raw videos, poses and masks to the dataset that training reads: 128x128 grey crops with the background at zero, 2D
joints in the crop's pixels, 17 joints in mm relative to the pelvis.

ROOT holds Human3.6M as its archives unpack (S1/Videos/..., S1/MyPoseFeatures/...), or as h36m-fetch lays it out, or a
synthetic capture. Run again, it makes only what is missing or has changed.

  h36m-pose preprocess data/demo/raw data/demo/dataset
  h36m-pose preprocess /data/h36m data/h36m/dataset --workers 8
"""

import argparse
import collections
import os
import time
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose preprocess`."""
    parser.add_argument("root", metavar="ROOT", type=Path, help="folder of the raw files")
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="folder to make or complete")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    parser.add_argument(
        "--margin",
        type=float,
        default=1.1,
        help="side of the crop over the longer side of the silhouette's box (default: 1.1)",
    )
    parser.add_argument(
        "--verify", action="store_true", help="compare the bytes of all files with the recorded digests"
    )


def run(arguments: argparse.Namespace) -> None:
    """Builds the dataset and prints what became of it."""
    from h36m_pose.errors import InputError
    from preprocessing.build import build
    from preprocessing.view import Parameters

    if arguments.workers < 1:
        raise InputError("--workers", str(arguments.workers), "1 or more", "Give the number of processes")
    started = time.monotonic()
    parameters = Parameters(margin=arguments.margin)
    built = build(arguments.root, arguments.dataset, arguments.workers, parameters, arguments.verify)
    seconds = time.monotonic() - started
    manifest = built.manifest
    size = f"{len(manifest['views'])} views, {manifest['frames']} frames"
    if not built.made:
        print(f"{arguments.dataset} was complete: {size}, checked in {seconds:.1f} s.")
        return
    print(f"{arguments.dataset}: {size}; {len(built.made)} views made in {seconds:.0f} s, {built.kept} kept.")
    _print_silhouettes(manifest)
    _print_notes(manifest)


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
