"""Predicts the 3D poses of one person in a video, a folder of pictures, a picture of your own, or before the webcam.

The person is found by your masks, by a background plate if the camera stands still, or else by OpenCV's people
detector. What is written, into one folder: poses.npz, .csv, .json, .bvh, .trc, .c3d and overlay.mp4. Poses are relative
to the pelvis, in mm and the camera's axes. Frames without a person are gaps. It says how far the pictures are from what
the network was trained on.

  h36m-pose predict walk.mp4 --run runs/demo
  h36m-pose predict walk.mp4 --run runs/demo --focal-px 1450 --pick left --smooth savitzky_golay
  h36m-pose predict walk.mp4 --run runs/demo --background empty_room.png
  h36m-pose predict pictures/ --run runs/demo --masks masks/ --fps 30 --out poses
  h36m-pose predict walk.mp4 --run runs/demo/export --runtime onnx
  h36m-pose predict webcam --run runs/demo --seconds 10

Of a cut video, what can be decoded is predicted; the exit status is then 2, or 0 with --allow-partial. After an
interruption the same command goes on where it stopped: until it ends, NAME-poses.unfinished lies beside the results.
"""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from h36m_pose.errors import InputError
from h36m_pose.exporting.folder import RUNTIMES, is_export
from h36m_pose.given_folders import require_run

_TRUST = "trust check without ground truth: "
_WEBCAM, _SECONDS = "webcam", 10.0

if TYPE_CHECKING:
    from h36m_pose.predict.poses import Poses


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose predict`."""
    parser.add_argument("source", metavar="VIDEO|FOLDER|IMAGE|webcam", type=Path, help="what to predict on")
    parser.add_argument("--run", type=Path, required=True, dest="run_dir", help="run folder, or its export's")
    parser.add_argument("--out", type=Path, help="folder for the results (default: NAME-poses beside the input)")
    parser.add_argument(
        "--person",
        default="auto",
        metavar="HOW",
        help="auto, masks, plate or detector: how to find them (default: auto)",
    )
    parser.add_argument("--masks", type=Path, help="silhouettes: a folder of pictures, a video, or the release's .mat")
    parser.add_argument("--background", type=Path, metavar="PICTURE", help="the empty room, taken by the same camera")
    parser.add_argument(
        "--pick", default="largest", metavar="WHO", help="whom to follow: largest, left, right or 1, 2, ... by size"
    )
    parser.add_argument("--focal-px", type=float, metavar="F", help="focal length in pixels")
    parser.add_argument("--camera", type=Path, metavar="JSON", help="camera with focal_px, principal_px, radial, ...")
    parser.add_argument("--fps", type=float, help="frames per second of a folder of pictures (default: 25)")
    parser.add_argument(
        "--runtime", default="stablehlo", metavar="NAME", help="of an export: stablehlo or onnx (default: stablehlo)"
    )
    parser.add_argument(
        "--smooth", default="none", metavar="FILTER", help="one_euro, savitzky_golay or none (default: none)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="of the webcam: how long to record (default: 10)")
    parser.add_argument("--device", metavar="D", help="of the webcam: its number, path or address (default: 0)")
    parser.add_argument(
        "--csv", default="wide", metavar="FORM", help="wide, a row per frame, or long, per joint (default: wide)"
    )
    parser.add_argument("--no-overlay", action="store_true", help="do not draw the video")
    parser.add_argument("--allow-partial", action="store_true", help="a cut video is fine: exit status 0")


def run(arguments: argparse.Namespace) -> int:
    """Predicts, writes, and says what came of it; returns the exit status."""
    webcam = str(arguments.source) == _WEBCAM
    _require_there(arguments, webcam)
    if webcam:
        _record(arguments)
    from h36m_pose.training.host import prepare_host

    prepare_host(1)
    from h36m_pose.predict.exported import open_network
    from h36m_pose.predict.finding import Search
    from h36m_pose.predict.footage import open_footage
    from h36m_pose.predict.kept import kept_beside
    from h36m_pose.predict.output import default_folder, require_own_folder, write_all
    from h36m_pose.predict.trusting import checked
    from h36m_pose.predict.workflow import Request, identity_of, predict_poses

    out: Path = arguments.out or default_folder(arguments.source)
    require_own_folder(out)
    search = Search(arguments.person, arguments.masks, arguments.background, arguments.pick)
    request = Request(search, arguments.focal_px, arguments.camera, arguments.smooth)
    footage = open_footage(arguments.source, arguments.fps)
    network = open_network(arguments.run_dir, arguments.runtime)
    with kept_beside(out, identity_of(network, arguments.source, search, footage.fps)) as kept:
        poses = predict_poses(network, footage, request, kept)
        trust = checked(poses)
        overlay, long_csv = not arguments.no_overlay, arguments.csv == "long"
        notes = write_all(out, poses, footage, {"trust": trust}, overlay, long_csv=long_csv)
    _tell(poses, trust["words"])
    for note in notes:
        print(f"{out / note}")
    print(f"\n{out}: written")
    if poses.about["problem"]:
        print(f"h36m-pose: {arguments.source}: {poses.about['problem']}; these were predicted", file=sys.stderr)
        return 0 if arguments.allow_partial else 2
    return 0


def _record(arguments: argparse.Namespace) -> None:
    """Records the camera and makes the recording the source."""
    from h36m_pose.predict.recording import path_beside, record

    if arguments.out and arguments.out.exists():
        from h36m_pose.predict.output import require_own_folder  # takes seconds, unlike the camera

        require_own_folder(arguments.out)
    path = path_beside(arguments.out)
    recording = record(arguments.device or "0", path, _SECONDS if arguments.seconds is None else arguments.seconds)
    print(f"{path}: {recording.words}")
    again = shlex.join(["h36m-pose", "predict", str(path), "--run", str(arguments.run_dir)])
    print(f"        to predict on it again: {again}", flush=True)
    arguments.source = path


def _require_there(arguments: argparse.Namespace, webcam: bool) -> None:
    """Refuses what a look at names and numbers can, before anything heavy is loaded."""
    if webcam and arguments.source.exists():
        mend = f"Rename it, or give its whole path: {arguments.source.absolute()}"
        raise InputError(arguments.source, "a file or folder of that name", "it to mean the camera", mend)
    for option, value in (("--seconds", arguments.seconds), ("--device", arguments.device)):
        if value is not None and not webcam:
            raise InputError(option, str(arguments.source), f"the source {_WEBCAM}", f"Leave {option} out")
    if webcam and arguments.masks is not None:
        raise InputError("--masks", _WEBCAM, "a video that there are masks of", "Leave --masks out")
    for path, expected in (
        (None if webcam else arguments.source, "a video, a folder of pictures, or a picture"),
        (arguments.masks, "silhouettes: a folder of pictures, a video, or a .mat file"),
        (arguments.background, "a picture of the empty room"),
        (arguments.camera, "a JSON file with focal_px"),
    ):
        if path is not None and not path.exists():
            raise InputError(path, "no such file or folder", expected, "Correct the name")
    for option, words, known in (
        ("--person", arguments.person, ("auto", "masks", "plate", "detector")),
        ("--smooth", arguments.smooth, ("none", "one_euro", "savitzky_golay")),
        ("--runtime", arguments.runtime, tuple(RUNTIMES)),
        ("--csv", arguments.csv, ("wide", "long")),
    ):
        if words not in known:
            raise InputError(option, repr(words), f"one of {', '.join(known)}", "Choose one of these")
    for option, value in (
        ("--fps", arguments.fps),
        ("--focal-px", arguments.focal_px),
        ("--seconds", arguments.seconds),
    ):
        if value is not None and not 0 < value < 1e6:
            raise InputError(option, str(value), "a number above 0", "Correct it")
    require_run(arguments.run_dir)
    if not is_export(arguments.run_dir):
        from h36m_pose.cli.evaluate import trained_network

        trained_network(arguments.run_dir, None)


def _tell(poses: "Poses", trust: str) -> None:
    """Prints what the reader of the poses should know."""
    about = poses.about
    found = about["frames_found"]
    gaps = f", gaps at {_spans(poses.gaps)}" if found < len(poses) else ""
    print(f"\nperson: {about['person']['silhouettes']}\n        because {about['person']['why']}")
    if about["person"]["others"]:
        print(f"        {about['person']['others']}")
    print(f"frames: {found} of {len(poses)} with a pose{gaps}")
    if "network" in about:
        print(f"model:  {about['network']}")
    print(f"camera: {about['camera']['words']}")
    print(f"crops:  {about['crops']}")
    if about["smoothing"]["filter"] != "none":
        print(f"smooth: {about['smoothing']['words']}; the raw poses stay beside")
    print(f"trust:  {trust.removeprefix(_TRUST)}")
    print(f"domain: {about['domain']['words']}")


def _spans(gaps: list[tuple[int, int]], most: int = 5) -> str:
    words = [f"{first}-{last}" if last > first else str(first) for first, last in gaps[:most]]
    return ", ".join(words) + (f" and {len(gaps) - most} more" if len(gaps) > most else "")
