"""Finds and reads the archives of the release: forward only, in bounded memory, and without unpacking anything.

An archive is known by what is in it, whatever it is called. Names of members are parsed to tell which file of the
release a member is; they are never used as paths. Whatever a member says that it is besides a plain file (a link, a
device), and every name that leads elsewhere, is refused and passed over.
"""

import collections
import contextlib
import dataclasses
import io
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from h36m_pose.errors import InputError
from preprocessing.archive_headers import A_FILE, A_FOLDER, Entry, read_entries
from preprocessing.archive_search import find_archives, impostors
from preprocessing.archive_stream import ArchiveStream, BrokenArchive
from preprocessing.member_names import KINDS, MemberName, parse_member
from preprocessing.raw_source import STUDIO_RECORD

__all__ = ["ArchiveReader", "Member", "Survey", "find_archives", "impostors", "members", "shown", "survey"]

MOST_BYTES = {".mp4": 4 << 30, ".cdf": 200 << 20, ".mat": 8 << 30}
"""By suffix; the longest files of the release are of 100 MB, 3 MB and 100 MB."""

_MOST_RECORD = 4 << 20
_MOST_TOLD = 20
_MOST_SHOWN = 120


@dataclasses.dataclass(frozen=True)
class Member:
    """A file of the release in an archive.

    Attributes:
        name: which it is.
        size: bytes.
        stream: its bytes, from the first on; readable until the next member is asked for. Reading raises InputError
            where the archive is broken.
    """

    name: MemberName
    size: int
    stream: BinaryIO


@dataclasses.dataclass(frozen=True)
class Survey:
    """What an archive holds.

    Attributes:
        path: of the archive.
        members: names and sizes in bytes of the files of the release in it that can be used, in their order there.
        about: kinds and subjects that it has files of, whether or not they are whole and can be used.
        others: how many other files it holds.
        refused: what was refused, one line each, such as "S1/Videos/x.mp4: a symbolic link"; the first few.
        refused_count: how many there were.
        withdrawn: files of the release that were refused, with the reason.
        broken: why it could not be read to its end, or None.
        last_good: name of the last member that could be read whole; "" if there is none.
        spoiled: whether it is broken in such a way that nothing of it can be trusted.
        synthetic: whether it holds the record of a synthetic capture.
    """

    path: Path
    members: tuple[tuple[MemberName, int], ...]
    about: frozenset[tuple[str, str]]
    others: int
    refused: tuple[str, ...]
    refused_count: int
    withdrawn: dict[MemberName, str]
    broken: InputError | None
    last_good: str
    spoiled: bool
    synthetic: bool

    @property
    def whole(self) -> bool:
        """Whether the archive could be read to its end."""
        return self.broken is None

    @property
    def counts(self) -> dict[str, int]:
        """How many files of each kind there are, by the keys of `catalog.KINDS`."""
        return dict(collections.Counter(name.kind for name, _ in self.members))


def members(path: str | Path, wanted: Callable[[MemberName], bool]) -> Iterator[Member]:
    """Yields the wanted files of the release in an archive, in one pass; what is refused is passed over.

    Args:
        path: of the archive.
        wanted: tells which members to hand out.

    Raises:
        InputError: where the archive is broken, after the whole members before that; it names the last of them.
    """
    return ArchiveReader(Path(path)).members(wanted)


def survey(path: str | Path) -> Survey:
    """Reads an archive through to its end and tells what is in it; if the archive is broken, that is told too."""
    reader = ArchiveReader(Path(path))
    with contextlib.suppress(InputError):
        for _ in reader.members(lambda name: False):
            raise AssertionError("nothing was wanted")
    return reader.survey()


def shown(name: str) -> str:
    """A member's name as it can be printed: it may hold anything, such as codes that a terminal obeys."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean if len(clean) <= _MOST_SHOWN else f"{clean[: _MOST_SHOWN // 2]}...{clean[-_MOST_SHOWN // 2 :]}"


class ArchiveReader:
    """One pass through an archive, and what was seen on the way.

    Attributes:
        consumed: bytes of the file read so far.
        studio_record: bytes of the record of a synthetic capture, if one was passed.
    """

    def __init__(self, path: Path):
        self.consumed = 0
        self.studio_record: bytes | None = None
        self._path = path
        self._found: dict[MemberName, int] = {}
        self._withdrawn: dict[MemberName, str] = {}
        self._about: set[tuple[str, str]] = set()
        self._others = self._refused_count = 0
        self._refused: list[str] = []
        self._last_good = ""
        self._broken: InputError | None = None
        self._spoiled = False

    def members(self, wanted: Callable[[MemberName], bool]) -> Generator[Member, None, None]:
        """See the function `members`; to be called once."""
        entry: Entry | None = None
        with ArchiveStream(self._path) as stream:
            try:
                for entry in read_entries(stream):
                    name = parse_member(entry.name)
                    admitted = self._admit(entry, name)
                    if admitted and name:
                        self._about.add((name.kind, name.subject))
                    if admitted and name and wanted(name):
                        bytes_of_it = io.BufferedReader(_MemberBytes(entry, stream, self._break_off), 1 << 16)
                        yield Member(name, entry.size, bytes_of_it)
                        bytes_of_it.close()
                    elif admitted and _is_studio_record(entry):
                        self.studio_record = stream.read_whole(entry.size)
                        entry.left -= len(self.studio_record)
                    stream.skip(entry.left)
                    entry.left = 0
                    self.consumed = stream.consumed
                    if entry.kind == A_FILE:
                        self._last_good = entry.name
                    if admitted and name:
                        self._found[name] = entry.size
                    elif admitted:
                        self._others += 1
                    entry = None
            except BrokenArchive as error:
                raise self._break_off(error, entry) from error

    def survey(self) -> Survey:
        """What was seen so far."""
        usable = {} if self._spoiled else self._found
        return Survey(
            path=self._path,
            members=tuple((name, size) for name, size in usable.items() if name not in self._withdrawn),
            about=frozenset(self._about),
            others=self._others,
            refused=tuple(self._refused),
            refused_count=self._refused_count,
            withdrawn=dict(self._withdrawn),
            broken=self._broken,
            last_good=shown(self._last_good),
            spoiled=self._spoiled,
            synthetic=self.studio_record is not None,
        )

    def _admit(self, entry: Entry, name: MemberName | None) -> bool:
        """Whether an entry is a file that may be read; notes what is refused."""
        words = self._objection(entry, name)
        if words:
            self._refused_count += 1
            if len(self._refused) < _MOST_TOLD:
                self._refused.append(f"{shown(entry.name)}: {words}")
            if name:
                self._withdrawn.setdefault(name, words)
        return entry.kind == A_FILE and not words

    def _objection(self, entry: Entry, name: MemberName | None) -> str | None:
        """Why an entry is refused, if it is."""
        parts = entry.name.replace("\\", "/").split("/")
        if parts[0] == "" or parts[0].endswith(":") or ".." in parts or "\0" in entry.name:
            return "a name that leads outside"
        if entry.kind not in (A_FILE, A_FOLDER):
            return entry.kind
        if name and entry.kind == A_FILE:
            if entry.size > MOST_BYTES[KINDS[name.kind].suffix]:
                return f"{entry.size} bytes"
            if name in self._found or name in self._withdrawn:
                return "a name that occurs more than once"
        return None

    def _break_off(self, error: BrokenArchive, entry: Entry | None) -> InputError:
        self._spoiled |= error.spoiled
        place = f" inside {shown(entry.name)}" if entry else ""
        last = f"its last good member is {shown(self._last_good)}" if self._last_good else "not one member is whole"
        mend = "Download it again; " + (
            "nothing of it is used, since any part may be damaged" if self._spoiled else "what comes before is used"
        )
        self._broken = InputError(
            self._path, f"an archive that {error.words}{place}, {last}", "a whole archive of the release", mend
        )
        return self._broken


def _is_studio_record(entry: Entry) -> bool:
    return entry.kind == A_FILE and entry.name.split("/")[-1] == STUDIO_RECORD and entry.size <= _MOST_RECORD


class _MemberBytes(io.RawIOBase):
    """The data of one entry, for `io.BufferedReader`."""

    def __init__(self, entry: Entry, stream: ArchiveStream, break_off: Callable[[BrokenArchive, Entry], InputError]):
        super().__init__()
        self._entry, self._stream, self._break_off = entry, stream, break_off

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # no name for buffers before Python 3.12
        count = min(len(buffer), self._entry.left)
        if not count:
            return 0
        try:
            data = self._stream.read(count)
            if not data:
                raise BrokenArchive("ends", spoiled=False)
        except BrokenArchive as error:
            raise self._break_off(error, self._entry) from error
        buffer[: len(data)] = data
        self._entry.left -= len(data)
        return len(data)
