"""Looks at a folder of Human3.6M, unpacked or in archives, or at a synthetic capture, and tells for each view what was
found and what was expected. Nothing is changed on disk.

Exit status: 0 ready, 1 usable with gaps, 2 not usable.

  h36m-pose doctor /data/h36m
  h36m-pose doctor /data/h36m --actions all --json > report.json
"""

import argparse
import json
import os
from pathlib import Path

from h36m_pose.given_folders import require_raw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose doctor`."""
    parser.add_argument("root", metavar="ROOT", type=Path, help="folder of the raw files or of the archives")
    parser.add_argument(
        "--actions", default="Walking", metavar="NAMES", help='names between commas, or "all" (default: Walking)'
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document to standard output, nothing else")
    parser.add_argument(
        "--thorough", action="store_true", help="decode all pictures and read all masks: minutes instead of seconds"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the diagnosis; returns the exit status."""
    require_raw(arguments.root)
    from h36m_pose.errors import InputError
    from preprocessing.doctor import diagnose
    from preprocessing.doctor_report import as_json, as_text
    from preprocessing.release import parse_actions

    if arguments.workers < 1:
        raise InputError("--workers", str(arguments.workers), "1 or more", "Give the number of processes")
    actions = parse_actions(arguments.actions)
    diagnosis = diagnose(arguments.root, actions, arguments.thorough, arguments.workers)
    print(json.dumps(as_json(diagnosis), indent=1) if arguments.json else as_text(diagnosis))
    return diagnosis.exit_status
