"""Members of archives on disk while they are in use, under paths of our own making, in a folder of the dataset."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from h36m_pose.atomic_files import remove
from preprocessing.archives import Member
from preprocessing.catalog import CAMERAS, files_of
from preprocessing.member_names import MemberName

_PIECE = 1 << 20


class Staging:
    """A folder that is emptied at the start and at the end.

    Args:
        folder: is made when it is first written to.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._held: set[MemberName] = set()

    def __contains__(self, name: MemberName) -> bool:
        return name in self._held

    def path(self, name: MemberName) -> Path:
        """Where a member stands, or would; its own name in the archive plays no part."""
        files = files_of(self.folder / name.subject, name.subject, name.trial, name.camera_id or CAMERAS[0])
        path: Path = getattr(files, name.kind)
        return path

    def take(self, member: Member, keep: bool) -> str:
        """Reads a member to its end, and keeps a copy if asked to; returns its SHA-256.

        Raises:
            InputError: if the archive is broken there; then nothing is kept.
            OSError: if the disk is full; the same.
        """
        digest = hashlib.sha256()
        if not keep:
            while piece := member.stream.read(_PIECE):
                digest.update(piece)
            return digest.hexdigest()
        path = self.path(member.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = False
        try:
            with path.open("xb") as copy:
                while piece := member.stream.read(_PIECE):
                    digest.update(piece)
                    copy.write(piece)
            whole = True
        finally:
            if not whole:
                path.unlink(missing_ok=True)
        self._held.add(member.name)
        return digest.hexdigest()

    def put(self, path: Path, name: str) -> None:
        """Copies a file to where the subjects' folders are."""
        self.folder.mkdir(exist_ok=True)
        shutil.copyfile(path, self.folder / name)

    def keep_only(self, names: Iterable[MemberName]) -> None:
        """Removes all others."""
        self.drop(self._held - set(names))

    def drop(self, names: Iterable[MemberName]) -> None:
        """Removes some members."""
        for name in names:
            self.path(name).unlink(missing_ok=True)
            self._held.discard(name)

    def clear(self) -> None:
        """Removes all, and what a run that was killed left."""
        remove(self.folder)
        self._held.clear()

    def free_bytes(self) -> int:
        """What the disk has room for."""
        return shutil.disk_usage(self.folder.parent).free
