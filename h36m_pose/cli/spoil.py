"""Makes a copy of a synthetic capture with faults that real downloads have, to see what `h36m-pose doctor` and
`h36m-pose preprocess` say of them before the real files come. The original is never changed.

Only a capture of the studio is copied, which its capture.json tells from a real release.

  h36m-pose spoil --list
  h36m-pose spoil data/demo/raw data/demo/spoiled --faults truncated_video,swapped_cameras,nan_pose
"""

import argparse
import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preprocessing.rehearsal.faults import Fault
    from preprocessing.rehearsal.spoil import Done

_MOST_FILES = 2
"""Told of one fault; all are in SPOILED.json."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose spoil`."""
    parser.add_argument("raw", metavar="RAW", type=Path, nargs="?", help="the capture")
    parser.add_argument("out", metavar="OUT", type=Path, nargs="?", help="the spoiled copy, which must not exist yet")
    parser.add_argument(
        "--faults", metavar="NAMES", help='names between commas, or "all", which is all but cut_archive'
    )
    parser.add_argument("--seed", type=int, default=0, help="of the views that are chosen (default: 0)")
    parser.add_argument("--list", action="store_true", help="print all faults, and do nothing else")


def run(arguments: argparse.Namespace) -> None:
    """Prints the list, or makes the copy and tells what was done to it."""
    from h36m_pose.errors import InputError
    from h36m_pose.given_folders import require_place
    from preprocessing.rehearsal.faults import FAULTS, parse_faults

    if arguments.list:
        print("\n".join(line for fault in FAULTS.values() for line in _listed(fault)))
        return
    if arguments.raw is None or arguments.out is None:
        raise InputError("h36m-pose spoil", "no RAW and OUT", "a capture and a place for its copy", "Name two folders")
    if arguments.faults is None:
        raise InputError("--faults", "no name", "names between commas, or all", "h36m-pose spoil --list prints them")
    faults = parse_faults(arguments.faults)
    if not arguments.raw.is_dir():
        found = "a file" if arguments.raw.exists() else "nothing of that name"
        mend = f"Make one: h36m-pose capture {arguments.raw}"
        raise InputError(arguments.raw, found, "a synthetic capture", mend)
    require_place(arguments.out.parent)
    from preprocessing.rehearsal.spoil import LIST_NAME, spoil

    spoiled = spoil(arguments.raw, arguments.out, faults, arguments.seed)
    for done in spoiled.done:
        print("\n".join(_told(done)) + "\n")
    out = shlex.quote(str(arguments.out))
    count = len(spoiled.done)
    print(
        f"{arguments.out} has {count} fault{'s' if count > 1 else ''}; {spoiled.shared:,} of its {spoiled.files:,} "
        f"files are shared with the original, the others take {spoiled.bytes / 1e6:.1f} MB"
    )
    print(f"All that was done: {arguments.out / LIST_NAME}")
    print(f"Find it:           h36m-pose doctor {out}")
    print(f"                   h36m-pose preprocess {out} {shlex.quote(f'{arguments.out}-dataset')}")


def _listed(fault: "Fault") -> list[str]:
    """What a fault is, what it costs, and what the doctor says."""
    lines = [f"{fault.name}: {fault.does}", f"costs   {fault.costs}", f"doctor  {_says(fault)}"]
    return [
        *textwrap.wrap(lines[0], 110, subsequent_indent="    "),
        *(wrapped for line in lines[1:] for wrapped in textwrap.wrap(f"    {line}", 110, subsequent_indent=" " * 12)),
    ]


def _told(done: "Done") -> list[str]:
    """What was done to which files, and what is to be expected."""
    whose = done.views[0] + (f" and {len(done.views) - 1} more" if len(done.views) > 2 else "")
    whose = " and ".join(done.views) if len(done.views) == 2 else whose
    files = [f"    {path}: {words}" for path, words in done.files.items()]
    more = [f"    and {len(files) - _MOST_FILES} files more"] if len(files) > _MOST_FILES else []
    return [
        f"{done.fault.name}, {whose}",
        *files[:_MOST_FILES],
        *more,
        f"    costs   {done.fault.costs}",
        f"    doctor  {_says(done.fault)}",
    ]


def _says(fault: "Fault") -> str:
    return f"says: {fault.says}" if fault.says else "has nothing to say"
