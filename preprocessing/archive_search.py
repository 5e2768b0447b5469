"""Finds archives by what is in them, and files that only look like archives."""

import re
import stat
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from h36m_pose.errors import InputError
from preprocessing.archive_headers import is_header
from preprocessing.archive_stream import BLOCK, GZIP, ArchiveStream, inflater
from preprocessing.member_names import KINDS, parse_subject

_MOST_DEPTH = 6
_HEAD = 64 << 10
_ARCHIVE = "an archive"
_CALLED_LIKE_ONE = re.compile(r".*\.(tgz|tar|tar\.\w+|gz|zip|7z|rar)", re.IGNORECASE)
_PICTURES = (".jpg", ".jpeg", ".png")
_PACKED = {
    b"PK\3\4": "a zip file", b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file", b"7z\xbc\xaf": "a 7z file",
    b"Rar!": "a rar file", b"\x28\xb5\x2f\xfd": "a zstd file",
}  # fmt: skip
_DATA_FOLDERS = {folder.split("/")[0].lower() for kind in KINDS.values() for folder in kind.folders}


def find_archives(root: str | Path) -> list[Path]:
    """Every tar archive below a folder, gzip'd or plain, whatever it is called.

    Folders of unpacked files, such as `S1/Videos`, are not searched, nor are names that begin with a dot.

    Args:
        root: a folder, or one archive.

    Returns:
        Paths in the order of their names.

    Raises:
        InputError: if a folder cannot be listed.
    """
    return [path for path in _files_below(Path(root)) if _what_is(path) == _ARCHIVE]


def impostors(root: str | Path) -> list[InputError]:
    """Complaints about files that are called like archives but are none, such as the web page of an expired login."""
    complaints = []
    for path in _files_below(Path(root)):
        what = _what_is(path) if _CALLED_LIKE_ONE.fullmatch(path.name) else _ARCHIVE
        if what != _ARCHIVE:
            mend = "Unpack it, or pack it again with tar czf" if what in _PACKED.values() else "Download it again"
            complaints.append(InputError(path, what, "a tar archive of the release, gzip'd or plain", mend))
    return complaints


def subjects_beside(root: Path, subjects: Collection[str]) -> dict[str, list[Path]]:
    """Archives directly in a folder that are of other subjects, by subject, as far as their first entry tells."""
    others: dict[str, list[Path]] = {}
    for path in sorted(root.iterdir()):
        if path.is_file() and _what_is(path) == _ARCHIVE:
            with ArchiveStream(path) as stream:
                parts = stream.read_whole(100).split(b"\0")[0].decode("utf-8", "replace").split("/")
            subject = next(filter(None, map(parse_subject, parts)), None)
            if subject and subject not in subjects:
                others.setdefault(subject, []).append(path)
    return others


def _files_below(root: Path) -> list[Path]:
    return sorted(_search(root, 0, set())) if root.is_dir() else [root] if root.is_file() else []


def _search(folder: Path, depth: int, visited: set[tuple[int, int]]) -> Iterator[Path]:
    """Regular files, also behind links; each folder once, since links may lead in circles."""
    status = folder.stat()
    if depth > _MOST_DEPTH or (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    try:
        children = sorted(folder.iterdir())
    except OSError as error:
        found = f"a folder that cannot be listed ({error.strerror})"
        mend = "Change its permissions, or move it away"
        raise InputError(folder, found, "a folder that may hold archives", mend) from error
    of_subject = parse_subject(folder.name) is not None
    for path in children:
        if path.name.startswith(".") or path.name == "lost+found":
            continue
        try:
            mode = path.stat().st_mode
        except OSError:  # a link that leads nowhere
            continue
        if stat.S_ISDIR(mode):
            if not (of_subject and path.name.lower() in _DATA_FOLDERS):
                yield from _search(path, depth + 1, visited)
        elif stat.S_ISREG(mode) and path.suffix.lower() not in _PICTURES:
            yield path


def _what_is(path: Path) -> str:
    """What a file is by its first bytes, in words: `_ARCHIVE`, or something else."""
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK)
            if head.startswith(GZIP):
                head += file.read(_HEAD)
    except OSError as error:
        return f"a file that cannot be read ({error.strerror})"
    if head.startswith(GZIP):
        try:
            inside = inflater().decompress(head, BLOCK)
        except zlib.error:
            return "a damaged gzip file"
        if is_header(inside):
            return _ARCHIVE
        return "a gzip'd file that holds no tar archive" if len(inside) == BLOCK else "a gzip'd file that is cut off"
    if is_header(head):
        return _ARCHIVE
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "a web page"
    words = [words for magic, words in _PACKED.items() if head.startswith(magic)]
    return words[0] if words else "something that is no archive" if head else "an empty file"
