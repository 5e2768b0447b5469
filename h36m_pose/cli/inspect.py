"""Draws a contact sheet of one view of a raw capture: what preprocessing makes of it, step by step, on some frames.

Each row shows the camera's picture with box and joints, the square of the crop, the silhouette, the crop with the 10x10
grid and its positive cells, and the numbers. Files, person and crop come from the functions that make the dataset.

  h36m-pose inspect data/demo/raw "S1 Walking 1.54138969"
  h36m-pose inspect /data/h36m "S9 Greeting.55011271" --frames 0,100,250 --output greeting.png
"""

import argparse
import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from h36m_pose.given_folders import require_raw

if TYPE_CHECKING:
    from preprocessing.catalog import ViewFiles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `h36m-pose inspect`."""
    parser.add_argument("root", metavar="ROOT", type=Path, help="folder of the raw files, unpacked or in archives")
    parser.add_argument("view", metavar="VIEW", help='such as "S1 Walking 1.54138969"')
    parser.add_argument("--frames", help="which frames, such as 0,100 (default: five, evenly spread)")
    parser.add_argument("--output", type=Path, help="the PNG to write (default: named after the view, here)")
    parser.add_argument("--margin", type=float, default=1.1, help="as of `h36m-pose preprocess` (default: 1.1)")


def run(arguments: argparse.Namespace) -> None:
    """Draws the sheet and prints its path, and what is to be looked at twice."""
    require_raw(arguments.root)
    import dataclasses
    import tempfile

    from h36m_pose import provenance
    from h36m_pose.errors import InputError
    from h36m_pose.rendering.contact_sheet import SheetRow, draw_sheet
    from h36m_pose.rendering.media_files import write_picture
    from preprocessing.contact_sheet import MOST_UNLIKE_MM, look_at_view
    from preprocessing.raw_source import open_root
    from preprocessing.release import ACTIONS
    from preprocessing.view import Parameters

    if arguments.output and arguments.output.suffix != ".png":
        raise InputError(arguments.output, "a name without .png", "a PNG to write", "Name it with .png at its end")
    parameters = Parameters(margin=arguments.margin)
    with tempfile.TemporaryDirectory(prefix="h36m-pose-") as folder:  # for what comes out of archives
        source = open_root(arguments.root, Path(folder), ACTIONS)
        chosen = choose_view(source.views, arguments.view, arguments.root)
        for files in (files for batch in source.batches([chosen]) for files in batch):
            fault = source.fault(files)
            if fault:
                raise fault
            look = look_at_view(files, arguments.frames, parameters)
    names = [field.name for field in dataclasses.fields(SheetRow)]
    rows = [SheetRow(**{name: getattr(frame, name) for name in names}) for frame in look.frames]
    output = arguments.output or Path(f"{look.name.replace(' ', '_')}.png")
    capture = "synthetic capture" if source.facts["synthetic"] else "Human3.6M"
    sheet = draw_sheet(f"{look.name}, {capture}", look.facts, rows, MOST_UNLIKE_MM)
    # Where the raw files lay is left out: the same files give the same picture, in folders or in archives.
    frames = ",".join(str(row.frame) for row in rows)
    command = f'h36m-pose inspect RAW "{look.name}" --frames {frames} --margin {arguments.margin}'
    comment = provenance.one_line(provenance.record(command=command), view=look.name, margin=arguments.margin)
    write_picture(output, sheet, look.name, comment)
    for words in [words for words, warn in look.facts if warn]:
        print(f"note: {words}")
    print(f"{output}: frames {', '.join(str(row.frame) for row in rows)} of {look.name}")


def choose_view(views: "list[ViewFiles]", words: str, root: Path) -> "ViewFiles":
    """The view of a name, however its words are joined: "S1 Walking 1.54138969", "S1/Walking_1.54138969.mp4".

    Raises:
        InputError: if there is none; it names the nearest.
    """
    from h36m_pose.errors import InputError

    by_name = {files.name.lower(): files for files in views}
    said = re.sub(r"[\s_/]+", " ", words.strip()).removesuffix(".mp4").lower()
    if said in by_name:
        return by_name[said]
    near = difflib.get_close_matches(said, by_name, n=1, cutoff=0.5)
    mend = f"Did you mean {by_name[near[0]].name}?" if near else "See h36m-pose doctor for those that there are"
    raise InputError(root, f"no view {words!r}", f"one of {len(views)}, such as {views[0].name}", mend)
