"""Tells versions, devices, codecs and space on this machine, and for what is wrong the line that mends it.

The exit status is 0 if nothing is to be mended, 1 otherwise.

  h36m-pose system
  h36m-pose system --json
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose system`."""
    parser.add_argument("--folder", type=Path, default=Path(), help="whose disk is looked at (default: this folder)")
    parser.add_argument("--json", action="store_true", help="the same for programs")


def run(arguments: argparse.Namespace) -> int:
    """Prints what was found; returns the exit status."""
    import json

    from h36m_pose.machine_check import check_machine

    found = check_machine(arguments.folder)
    print(json.dumps(found.to_json(), indent=1) if arguments.json else "\n".join(found.lines()))
    return 1 if found.problems else 0
