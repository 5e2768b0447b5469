"""Writes a preprocessed dataset as one compressed file to carry to another machine; `h36m-pose unpack` restores it.

Every part is under a digest: a pack that was cut or altered on its way is refused. The same dataset gives the same
file. A dataset made from Human3.6M stays under its licence: keep its packs to yourself.

  h36m-pose pack data/demo/dataset
  h36m-pose pack data/h36m/dataset /media/stick/h36m.h36mpack
"""

import argparse
import time
from pathlib import Path

from h36m_pose.given_folders import require_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose pack`."""
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="what `h36m-pose preprocess` wrote")
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="the pack (default: DATASET.h36mpack)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there already")


def run(arguments: argparse.Namespace) -> None:
    """Packs and prints what it came to."""
    require_dataset(arguments.dataset)
    from h36m_pose.data.pack_files import sizes
    from h36m_pose.data.pack_format import SUFFIX
    from h36m_pose.data.pack_writer import pack

    dataset = arguments.dataset.absolute()
    file = arguments.file or dataset.with_name(dataset.name + SUFFIX)
    started = time.monotonic()
    packed = pack(arguments.dataset, file, arguments.overwrite)
    seconds = time.monotonic() - started
    index = packed.index
    print(
        f"{file}: {index.frames:,} crops, {sizes(index.size)} as {sizes(packed.size)}, {index.size / packed.size:.1f} "
        f"times smaller, in {seconds:.1f} s"
    )
    print(f"fingerprint {index.fingerprint}")
    for line in licence_note(index.synthetic):
        print(line)


def licence_note(synthetic: bool | None) -> list[str]:
    """What to tell about passing a dataset on; nothing for one that the studio made."""
    if synthetic:
        return []
    origin = "was not made from a synthetic capture" if synthetic is False else "does not tell what it was made from"
    return [
        f"note: this dataset {origin}. Human3.6M's licence forbids to pass on its data and what is made from them: "
        "carry this pack between your own machines only."
    ]
