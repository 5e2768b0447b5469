"""Restores a dataset from a file that `h36m-pose pack` wrote, bit for bit, or says where the file is damaged.

The dataset appears whole or not at all. With --check, the file is read and checked and nothing is written.

  h36m-pose unpack dataset.h36mpack data/demo/dataset
  h36m-pose unpack --check dataset.h36mpack
"""

import argparse
import time
from pathlib import Path

from h36m_pose.given_folders import require_pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose unpack`."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the pack")
    parser.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="where the dataset shall stand")
    parser.add_argument("--check", action="store_true", help="only see whether the pack is whole")
    parser.add_argument("--overwrite", action="store_true", help="replace a dataset that is there already")


def run(arguments: argparse.Namespace) -> None:
    """Unpacks or checks, and prints what it came to."""
    require_pack(arguments.file)
    from h36m_pose.cli.pack import licence_note
    from h36m_pose.data.pack_files import sizes
    from h36m_pose.data.pack_reader import check, unpack
    from h36m_pose.errors import InputError

    started = time.monotonic()
    if arguments.check:
        index = check(arguments.file)
        done = f"{arguments.file} is whole"
    else:
        if arguments.folder is None:
            raise InputError("h36m-pose unpack", "no FOLDER", "where to put the dataset", "Name a new folder")
        index = unpack(arguments.file, arguments.folder, arguments.overwrite)
        done = f"{arguments.folder} is restored, bit for bit"
    seconds = time.monotonic() - started
    print(f"{done}: {index.frames:,} crops, {sizes(index.size)}, in {seconds:.1f} s")
    print(f"fingerprint {index.fingerprint}")
    for line in licence_note(index.synthetic):
        print(line)
