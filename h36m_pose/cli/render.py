"""Draws a run's video of a test walk and its four-sample picture, from what `h36m-pose evaluate` predicted.

The video shows the camera's picture with the predicted skeleton, the network's input, and the predicted and the true
skeleton from two sides. It needs the raw capture, unpacked or in archives, for the camera's pictures.

  h36m-pose render runs/demo --root data/demo/raw
  h36m-pose render runs/demo --root data/demo/raw --view "S11 Walking 1.54138969" --first 100 --frames 200
  h36m-pose render runs/demo --root data/demo/raw --temporal centred_27
  h36m-pose render runs/demo --root data/demo/raw --rerun walk.rrd

The third shows predictions that `h36m-pose temporal` smoothed, and writes into their folder, RUN/temporal/centred_27.
The last writes all cameras of the trial for the Rerun viewer (`rerun walk.rrd`): pictures, 2D and 3D joints.
"""

import argparse
import contextlib
from pathlib import Path

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_dataset, require_raw, require_run
from h36m_pose.own_commit import commit_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose render`."""
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="run folder, evaluated before")
    parser.add_argument("--root", type=Path, required=True, help="raw capture that the dataset was made from")
    parser.add_argument("--dataset", type=Path, help="dataset folder (default: the one the run was evaluated on)")
    parser.add_argument("--temporal", metavar="NAME", help="show a smoothed variant, such as centred_27 or one_euro")
    parser.add_argument("--view", help='view to show, such as "S11 Walking 1.60457274" (default: a frontal one)')
    parser.add_argument("--rerun", type=Path, metavar="FILE", help="write this .rrd instead, for the Rerun viewer")
    parser.add_argument("--first", type=int, default=0, help="first frame of the view (default: 0)")
    parser.add_argument("--frames", type=int, default=300, help="how many frames at most (default: 300)")


def run(arguments: argparse.Namespace) -> None:
    """Draws what is missing and prints the paths."""
    require_run(arguments.run_dir)
    require_raw(arguments.root)
    require_dataset(arguments.dataset)
    from h36m_pose.rendering.run_pictures import (
        SAMPLES_FILE,
        SMOOTHED_TITLE,
        VIDEO_FILE,
        VIDEO_TITLE,
        log_walk,
        render_run,
    )
    from h36m_pose.summary import RESULTS_FILE, read_results
    from preprocessing.one_view import files_of_view

    run_dir: Path = arguments.run_dir
    shown = _variant(run_dir, arguments.temporal) if arguments.temporal else run_dir
    title = SMOOTHED_TITLE if arguments.temporal else VIDEO_TITLE
    dataset = arguments.dataset or Path(read_results(shown / RESULTS_FILE)["dataset"])
    with contextlib.ExitStack() as stack:

        def video_of(view) -> Path:
            return stack.enter_context(files_of_view(arguments.root, dataset, view.name)).video

        if arguments.rerun:
            stretch = (arguments.view, arguments.first, arguments.frames)
            cameras = log_walk(shown, dataset, video_of, arguments.rerun, *stretch)
            print(f"{arguments.rerun}: written, {cameras} cameras; look at it with: rerun {arguments.rerun}")
            return
        made = render_run(
            shown, dataset, video_of, arguments.view, arguments.first, arguments.frames, _commit_of(run_dir), title
        )
    for path in (shown / VIDEO_FILE, shown / SAMPLES_FILE):
        print(f"{path}: {'drawn' if path in made else 'shows these predictions already, left as it is'}")


def _variant(run_dir: Path, name: str) -> Path:
    """The folder of a variant that `h36m-pose temporal` measured."""
    from h36m_pose.summary import RESULTS_FILE

    folder = run_dir / "temporal"
    there = sorted(path.parent.name for path in folder.glob(f"*/{RESULTS_FILE}"))
    if name not in there:
        expected = f"one of {', '.join(there)}" if there else f"a variant, of which {folder} has none"
        raise InputError("--temporal", repr(name), expected, f"Make it first: h36m-pose temporal {run_dir}")
    return folder / name


def _commit_of(run_dir: Path) -> str:
    """The commit that trained the run; empty if it is not known."""
    from h36m_pose.training import run_folder

    path = run_dir / "finetune" / run_folder.ENVIRONMENT
    return commit_words(run_folder.read_json(path).get("git")) if path.exists() else ""
