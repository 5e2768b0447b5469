"""The raw files of a single view, out of folders or archives, for whoever wants to look at its pictures again."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from h36m_pose.errors import InputError
from preprocessing.catalog import ViewFiles
from preprocessing.raw_source import STATE, open_root
from preprocessing.release import ACTIONS


@contextlib.contextmanager
def files_of_view(root: Path, dataset: Path, name: str) -> Iterator[ViewFiles]:
    """Yields the files of a view; those out of archives lie in a temporary folder as long as the block lasts.

    Args:
        root: of the raw files.
        dataset: made from them; if it notes what is in the archives, only those that hold the view are read.
        name: "S11 Walking 1.54138969".

    Raises:
        InputError: if the root has no such view.
    """
    with tempfile.TemporaryDirectory(prefix="h36m-pose-") as folder:
        if (dataset / STATE).is_dir():
            shutil.copytree(dataset / STATE, Path(folder) / STATE)
        source = open_root(root, Path(folder), ACTIONS)
        chosen = [files for files in source.views if files.name == name]
        if not chosen:
            mend = "Give the raw files that the dataset was made from"
            raise InputError(root, f"no files of {name}", "those of a view of the dataset", mend)
        with contextlib.closing(source):
            for (files,) in source.batches(chosen):  # one batch, since there is one view
                yield files
