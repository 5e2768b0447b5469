"""Films a synthetic capture in the raw layout of Human3.6M: clothed people walking, seen by four cameras.

The folder then holds videos, poses and masks under the release's own names, so that every later step treats it as the
release. Run again, only what is missing is filmed.

  h36m-pose capture data/demo/raw --preset demo
  h36m-pose capture /tmp/seven --preset demo --crowd 0
  h36m-pose capture /tmp/mocap --motion 35_01.amc

What the crowd's variety is worth, and what other clothes cost, can be measured with captures that differ in that alone:

  h36m-pose capture data/alike/raw --preset full --crowd-varies none
  h36m-pose capture data/same_light/raw --preset full --crowd-varies bodies,cameras,clothing
  h36m-pose capture data/clothes/raw --preset full --subjects S11 --wardrobe 1
"""

import argparse
import os
import re
from pathlib import Path

from h36m_pose.errors import InputError
from h36m_pose.given_folders import require_place

PRESETS = ("demo", "full", "quick", "tiny")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose capture`."""
    parser.add_argument("out", type=Path, help="folder of the capture; made if need be")
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        help="size: demo has about 5,000 frames, full 28,000, quick 400 to see that all runs, tiny a few for tests "
        "(default: demo)",
    )
    parser.add_argument(
        "--crowd",
        type=int,
        metavar="N",
        help="how many random training bodies S101, S102, ... (default: the preset's own number; 0: none)",
    )
    parser.add_argument(
        "--crowd-varies",
        metavar="ASPECTS",
        help="what is drawn for each of the crowd, out of bodies,cameras,light,clothing; the rest is as S1, S5, S6 and "
        "S7 have it (default: all four; none: nothing)",
    )
    parser.add_argument(
        "--subjects", metavar="NAMES", help="the release's subjects to film, such as S9,S11, without a crowd"
    )
    parser.add_argument(
        "--wardrobe",
        type=int,
        metavar="N",
        help="other clothes and hair colours for the release's subjects; bodies and walks stay (default: 0, their own)",
    )
    parser.add_argument(
        "--motion",
        type=Path,
        metavar="FILE",
        help="film one subject moved by this instead: CMU's walk.amc with its .asf beside it, or an .npz that holds "
        "joints_world_mm (frames, 32, 3) with z up and fps",
    )
    parser.add_argument("--subject", metavar="NAME", help="with --motion: under whose name (default: S1)")
    parser.add_argument("--seed", type=int, default=0, help="of everything drawn by chance (default: 0)")
    parser.add_argument("--workers", type=int, default=_cores(), help="processes (default: one per core, %(default)s)")


def run(arguments: argparse.Namespace) -> None:
    """Films what is missing."""
    require_place(arguments.out)
    if arguments.workers < 1:
        raise InputError("--workers", str(arguments.workers), "1 or more", "Leave the option out for one per core")
    if arguments.seed < 0:
        raise InputError("--seed", str(arguments.seed), "0 or more", "Choose another number")
    if arguments.motion is None:
        if arguments.subject is not None:
            raise InputError("--subject", "no --motion beside it", "a motion to film the subject with", "Add --motion")
        from preprocessing.capture import workers

        if arguments.workers > 1 and not (arguments.out / "capture.json").exists():
            workers.start_ahead()  # it imports what this process does, at the same time

        _film_preset(arguments)
        return
    for option in ("preset", "crowd", "crowd-varies", "subjects", "wardrobe"):
        if getattr(arguments, option.replace("-", "_")) is not None:
            mend = f"Leave --{option} or --motion out"
            raise InputError("--motion", f"--{option} beside it", "a motion alone: it is filmed by itself", mend)
    subject = arguments.subject or "S1"
    if not re.fullmatch(r"S[1-9]\d*", subject):
        raise InputError("--subject", repr(subject), "a name such as S1 or S101", "Choose such a name")
    from preprocessing.capture import studio

    studio.capture_motion(arguments.out, arguments.motion, subject, arguments.seed)


def _film_preset(arguments: argparse.Namespace) -> None:
    from preprocessing.capture import studio
    from preprocessing.capture.variation import ASPECTS, Variation

    words = ",".join(ASPECTS) if arguments.crowd_varies is None else arguments.crowd_varies
    aspects = () if words == "none" else tuple(word.strip() for word in words.split(",") if word.strip())
    subjects = tuple(word.strip() for word in (arguments.subjects or "").split(",") if word.strip())
    variation = Variation(aspects, arguments.wardrobe or 0)
    preset = arguments.preset or PRESETS[0]
    studio.capture(arguments.out, preset, arguments.seed, arguments.crowd, arguments.workers, variation, subjects)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
