"""Where the raw files of a capture come from: folders that were unpacked, or the release's archives as they are.

`open_root` looks which of the two a root is. The build asks a source for its views, for the reasons to make one of them
again, and for batches of views whose files lie on disk until the next batch is asked for; it knows nothing of archives.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from h36m_pose.errors import InputError
from preprocessing.archive_search import find_archives, impostors, subjects_beside
from preprocessing.catalog import ViewFiles, find_views
from preprocessing.sources import CHANGED, Stamps, has_changed, remember, stamps_of

STATE = ".state"
"""Folder of a dataset for what may be lost: it only saves the reading of raw files that were read before."""

STUDIO_RECORD = "capture.json"
"""Stands beside the subjects of a synthetic capture; the release has none. Results say which of the two they are of."""


class RawSource(Protocol):
    """A root of raw files.

    Nothing may be written before `views` is asked for the first time: by then the run has the dataset to itself.
    """

    @property
    def views(self) -> list[ViewFiles]:
        """Every view of the wanted actions, sorted as `catalog.find_views` sorts; files need not be on disk yet."""
        ...

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest tells of the capture, such as {"synthetic": True}; the same for folders and archives."""
        ...

    def changed(self, files: ViewFiles, record: dict[str, Any], verify: bool) -> str | None:
        """Why a finished view must be made again, in words that many views may share; None if it need not.

        Args:
            files: one of `views`.
            record: its `view.json`; `record["sources"]` is what `sources.describe` gave when it was made.
            verify: compare the bytes, not sizes and times.
        """
        ...

    def batches(self, todo: Sequence[ViewFiles]) -> Iterator[Sequence[ViewFiles]]:
        """All of `todo`, part by part; the files of a part are on disk until the next one is asked for.

        What is handed out may differ from what was listed in its paths and in `missing`.
        """
        ...

    def fault(self, files: ViewFiles) -> InputError | None:
        """Why a view of the present batch cannot be made, if the source knows better than its `missing` tells."""
        ...

    def finished(self, files: ViewFiles, record: dict[str, Any]) -> None:
        """Told of each view of the present batch as it is made: the time to remember what it was made from."""
        ...

    def close(self) -> None:
        """Removes what was put on disk for this run; to be called before the dataset is given up."""
        ...


class FolderSource:
    """Unpacked files, in either public layout; one batch.

    Raises:
        InputError: if the root is no folder or holds no view of the actions.
    """

    def __init__(self, root: Path, dataset: Path, actions: Sequence[str]):
        self.views = find_views(root, tuple(actions))
        self.facts: dict[str, Any] = {"synthetic": (root / STUDIO_RECORD).is_file()}
        self._root, self._state = root, dataset / STATE
        self._stamps: dict[str, Stamps] = {}

    def changed(self, files: ViewFiles, record: dict[str, Any], verify: bool) -> str | None:
        """See `RawSource`. A file of the same place, size and time is taken to be the same; others are read."""
        return CHANGED if has_changed(files, record["sources"], self._root, self._state, verify) else None

    def batches(self, todo: Sequence[ViewFiles]) -> Iterator[Sequence[ViewFiles]]:
        """See `RawSource`."""
        self._stamps = {files.name: stamps_of(files, self._root) for files in todo}
        yield todo

    def fault(self, files: ViewFiles) -> InputError | None:
        """See `RawSource`: `missing` tells all."""
        return None

    def finished(self, files: ViewFiles, record: dict[str, Any]) -> None:
        """See `RawSource`. Files that changed while they were in use are not remembered."""
        stamps = stamps_of(files, self._root)
        if stamps == self._stamps[files.name]:
            remember(files, record["sources"], stamps, self._state)

    def close(self) -> None:
        """See `RawSource`: there is nothing to remove."""


def open_root(root: Path, dataset: Path, actions: Sequence[str]) -> RawSource:
    """The source that fits a root: folders where there are folders of subjects, or else archives.

    Args:
        root: of the raw files.
        dataset: the folder that is made from them; sources keep what they remember in its `STATE`.
        actions: the release's names.

    Raises:
        InputError: if there is nothing to make a dataset from.
    """
    from preprocessing.archive_source import ArchiveSource  # here, since it is a `RawSource` itself

    try:
        source = FolderSource(root, dataset, actions)
    except InputError:
        if not find_archives(root) and not impostors(root):
            raise
        return ArchiveSource(root, dataset, actions)
    others = subjects_beside(root, {files.subject for files in source.views})
    if others:
        names = f"{', '.join(others)} ({', '.join(path.name for paths in others.values() for path in paths)})"
        mend = "Unpack these too, or give a folder of archives only"
        print(f"h36m-pose: {root}: archives of {names} are not read beside unpacked subjects. {mend}.", file=sys.stderr)
    return source
