"""Reads the headers of tar archives (v7, ustar, GNU and pax), strictly and one at a time.

Python's `tarfile` is not used, since an archive may be anybody's. As it comes with Python 3.11.7, in its forward-only
mode too, it reads an extended header into memory however large it says it is (4 MB of gzip'd archive put 2 GB in use),
did not come to an end within half a minute on a pax header like that, nor on a million empty members. What this reader
does not understand ends the archive there: better a complaint than a guess about where the next member begins.
"""

import dataclasses
import struct
from collections.abc import Iterator

from preprocessing.archive_stream import BLOCK, ArchiveStream, BrokenArchive

MOST_ENTRIES = 50_000
"""The seven subjects in one archive, with all that the release has of them, are 15,000."""

_MOST_NAME = 64 << 10
_MOST_PAX = 1 << 20
_MOST_DIGITS = 19

A_FILE, A_FOLDER = "a file", "a folder"

_FILE_TYPES = (b"0", b"\0", b"7")
_WORDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": A_FOLDER,
    b"6": "a fifo",
    b"S": "a sparse file",
}
_WITHOUT_DATA = b"123456"


@dataclasses.dataclass
class Entry:
    """One entry of an archive, while it is being passed.

    Attributes:
        name: as the archive tells it, to be shown and parsed, never to be opened.
        kind: `A_FILE`, `A_FOLDER`, or other words, such as "a symbolic link".
        size: bytes of data that follow.
        left: of these, how many were not read yet.
    """

    name: str
    kind: str
    size: int
    left: int


def read_entries(stream: ArchiveStream) -> Iterator[Entry]:
    """Yields the entries in turn; what the caller does not read of an entry's data is passed over.

    Whoever reads from the stream lessens `Entry.left` by as much.

    Raises:
        BrokenArchive: where the archive ends too early, or something stands that is no proper header.
    """
    name, pax = b"", _Pax()
    for _ in range(MOST_ENTRIES):
        header = stream.read_whole(BLOCK)
        if header == bytes(BLOCK):
            stream.finish()
            return
        if len(header) < BLOCK:
            raise BrokenArchive("ends without an end mark", spoiled=False)
        _check(header)
        kind, size = header[156:157], _number(header[124:136])
        if kind in (b"L", b"K"):
            text = _extension(stream, size, _MOST_NAME).split(b"\0")[0]
            name = text if kind == b"L" else name
        elif kind in (b"x", b"g"):
            read = _parse_pax(_extension(stream, size, _MOST_PAX))
            if kind == b"x":
                pax = read
            elif read != _Pax():
                raise BrokenArchive("renames or resizes all its members in a global header")
        else:
            if pax.size is not None:
                size = pax.size
            entry = _entry(stream, header, kind, pax.path or name or _plain_name(header), size, pax.sparse)
            yield entry
            stream.skip(entry.left + -entry.size % BLOCK)
            name, pax = b"", _Pax()
    raise BrokenArchive(f"holds more than {MOST_ENTRIES} entries")


def is_header(block: bytes) -> bool:
    """Whether a block begins an archive: its checksum holds."""
    try:
        _check(block)
    except BrokenArchive:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class _Pax:
    """What is used of a pax header."""

    path: bytes = b""
    size: int | None = None
    sparse: bool = False


def _entry(stream: ArchiveStream, header: bytes, kind: bytes, name: bytes, size: int, sparse: bool) -> Entry:
    if kind == b"S":
        extended = header[482]
        while extended:
            extended = stream.read_whole(BLOCK).ljust(BLOCK, b"\0")[504]
    if kind in _FILE_TYPES:
        words = "a sparse file" if sparse else A_FOLDER if name.endswith(b"/") else A_FILE
    else:
        words = _WORDS.get(kind, f"an entry of type {kind!r}")
    if kind in _WITHOUT_DATA:
        size = 0
    return Entry(name.decode("utf-8", "surrogateescape"), words, size, size)


def _check(header: bytes) -> None:
    """The sum of a header's bytes stands in it; some old programs took them for signed."""
    if len(header) < BLOCK or header == bytes(BLOCK):
        raise BrokenArchive("has no header")
    rest = header[:148] + b" " * 8 + header[156:BLOCK]
    field = header[148:156].strip(b" \0")
    told = -1 if not field or field.strip(b"01234567") else int(field, 8)
    if told != sum(rest) and told != sum(struct.unpack(f"{BLOCK}b", rest)):
        raise BrokenArchive("has something that is no header")


def _number(field: bytes) -> int:
    """Octal digits, or since GNU tar a binary number behind a byte 0x80."""
    if field[0] == 0x80:
        value = int.from_bytes(field[1:], "big")
    elif field[0] == 0xFF:
        raise BrokenArchive("has an entry of negative size")
    else:
        digits = field.strip(b" \0")
        if digits.strip(b"01234567"):
            raise BrokenArchive("has an entry whose size is no number")
        value = int(digits or b"0", 8)
    if value >= 1 << 62:
        raise BrokenArchive("has an entry of absurd size")
    return value


def _plain_name(header: bytes) -> bytes:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    is_posix = header[257:263] == b"ustar\0"
    return prefix + b"/" + name if is_posix and prefix else name


def _extension(stream: ArchiveStream, size: int, most: int) -> bytes:
    """The data of an entry that describes the next one."""
    if size > most:
        raise BrokenArchive(f"has an extended header of {size} bytes")
    data = stream.read_whole(size + -size % BLOCK)
    if len(data) < size:
        raise BrokenArchive("ends", spoiled=False)
    return data[:size]


def _parse_pax(data: bytes) -> _Pax:
    """Reads records such as `21 path=S1/a b.mp4\\n`, whose number is their length."""
    path, size, sparse, position = b"", None, False, 0
    while position < len(data):
        length, space, _ = data[position : position + 12].partition(b" ")
        end = position + (int(length) if space and length.isdigit() else 0)
        key, equals, value = data[position + len(length) + 1 : end - 1].partition(b"=")
        if not equals or end > len(data) or data[end - 1 : end] != b"\n":
            raise BrokenArchive("has a damaged extended header")
        if key == b"path":
            path = value
        elif key == b"size":
            if not value.isdigit() or len(value) > _MOST_DIGITS:
                raise BrokenArchive("has an entry whose size is no number")
            size = int(value)
        sparse |= key.startswith(b"GNU.sparse.")
        position = end
    return _Pax(path, size, sparse)
