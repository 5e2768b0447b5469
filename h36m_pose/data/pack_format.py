"""The format of a pack: a whole dataset in one compressed file, every byte of which is under a digest.

    offset   bytes
    0        8      50 2A 4D 18 68 00 00 00: to zstd, a frame of 104 bytes to be skipped
    8        8      89 48 33 36 4D 0D 0A 1A, the mark of packs
    16       4      version of the format, 1
    20       4      size of the index before compression
    24       8      size of the whole file
    32       8      where the index begins
    40       8      how many bytes it takes here
    48       32     SHA-256 of these bytes
    80       32     SHA-256 of bytes 0 to 79
    112             the chunks, without gaps: zstd frames of at most 4 MiB of content each
                    the index: one zstd frame
    size-40  8      50 2A 4D 18 20 00 00 00: to zstd, a frame of 32 bytes to be skipped
    size-32  32     SHA-256 of everything from byte 112 to here (the 8 bytes before excepted)

Numbers are unsigned, the lowest byte first. Because header and end look like frames to be skipped, any zstd tool can
open a pack: `zstd -dc` gives the contents of all files, one after the other, and then the index, which tells where to
cut. The index is JSON:

    {"format": "h36m-pose pack", "fingerprint": of the dataset, "synthetic": as in its manifest, "frames": in all,
     "files": [{"name": "manifest.json", "size": in bytes, "sha256": of the content, "chunks": [[bytes taken here,
                bytes of content, SHA-256 of the bytes here], ...]}, ...]}

The files are the manifest and then, view by view in its order, `view.json` and the arrays. There is no place for other
files, for folders' rights or for times: the same dataset gives the same pack, as long as zstd itself stays the same.
The digests are against accidents; who alters a pack on purpose can mend them. What such a pack can do at worst is to
hold another dataset: names are matched, sizes are bounded, and nothing in it is ever run.
"""

import dataclasses
import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any

from h36m_pose.data.dataset import ARRAYS, CROP_PX, MANIFEST, RECORD, view_folder

SUFFIX = ".h36mpack"
VERSION = 1
CHUNK_BYTES = 4 << 20
"""Of content; a reader holds a few chunks in memory and nothing larger."""

MOST_STORED_BYTES = CHUNK_BYTES + (CHUNK_BYTES >> 8) + 64
"""Of a chunk that cannot be compressed, by zstd's own bound."""

MOST_JSON_BYTES = 64 << 20
"""Of the index and of each JSON file: they are read in one piece."""

FORMAT = "h36m-pose pack"
MARK = b"\x89H36M\r\n\x1a"
_SKIPPED = b"\x50\x2a\x4d\x18"
_FIELDS = struct.Struct("<4sI8sIIQQQ32s")
_DIGEST_BYTES = 32
HEADER_BYTES = _FIELDS.size + _DIGEST_BYTES
TRAILER_START = _SKIPPED + struct.pack("<I", _DIGEST_BYTES)
TRAILER_BYTES = len(TRAILER_START) + _DIGEST_BYTES

_FILES_OF_A_VIEW = (RECORD, *(f"{array}.npy" for array in ARRAYS))
_NAME = re.compile(
    rf"{re.escape(MANIFEST)}|S[1-9][0-9]{{0,3}}/[A-Z][A-Za-z0-9_]{{0,60}}\.[0-9]{{1,12}}/"
    rf"(?:{'|'.join(map(re.escape, _FILES_OF_A_VIEW))})"
)
_SHA256 = re.compile("[0-9a-f]{64}")


class Malformed(ValueError):
    """A part of a pack is not as it has to be; says why in a few words, the reader adds file and place."""


@dataclasses.dataclass(frozen=True)
class Header:
    """The numbers at the beginning of a pack.

    Attributes:
        index_size: of the index before compression, as the following in bytes.
        size: of the whole file.
        index_start: where the index begins.
        index_stored: how much of the file it takes.
        index_sha256: digest of that part.
    """

    index_size: int
    size: int
    index_start: int
    index_stored: int
    index_sha256: bytes


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A zstd frame with a piece of one file.

    Attributes:
        start: its first byte in the pack.
        stored: how many bytes it takes there.
        size: how many bytes of content it holds.
        sha256: of the bytes in the pack, in hexadecimal.
    """

    start: int
    stored: int
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class PackedFile:
    """One file of the dataset; `sha256` is that of its content, in hexadecimal."""

    name: str
    size: int
    sha256: str
    chunks: tuple[Chunk, ...]


@dataclasses.dataclass(frozen=True)
class Index:
    """What a pack holds.

    Attributes:
        fingerprint: of the dataset.
        synthetic: whether it was made from a synthetic capture; None if nobody knows.
        frames: in all views together.
        files: in their order.
    """

    fingerprint: str
    synthetic: bool | None
    frames: int
    files: tuple[PackedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def names_of(manifest: Any) -> list[str]:
    """The names of all files of a dataset, in the order of a pack.

    Raises:
        Malformed: if the manifest has no list of views, or a view whose name is none.
    """
    names = [MANIFEST]
    views = manifest.get("views") if isinstance(manifest, dict) else None
    for view in views if isinstance(views, list) else [None]:
        parts = [view.get(key) if isinstance(view, dict) else None for key in ("subject", "trial", "camera_id")]
        words = [part for part in parts if isinstance(part, str)]
        if len(words) < 3:
            raise Malformed("a manifest without a proper list of views")
        folder = view_folder(Path(), *words).as_posix()
        names += [f"{folder}/{name}" for name in _FILES_OF_A_VIEW]
    check_names(names)
    return names


def check_names(names: list[str]) -> None:
    """Refuses names that are not those of a dataset's files, or that a disk might take for the same.

    Raises:
        Malformed: naming the first.
    """
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            raise Malformed(f"the name {name[:80]!r}, which no file of a dataset has")
        if name.casefold() in seen:
            raise Malformed(f"the name {name!r} twice")
        seen.add(name.casefold())


def crops_in(name: str, size: int) -> int:
    """How many crops a piece of so many bytes of a file holds, for counting; a file's few other bytes do not matter."""
    return round(size / CROP_PX**2) if name.endswith("/images.npy") else 0


def header_bytes(header: Header) -> bytes:
    """The first `HEADER_BYTES` of a pack."""
    fields = _FIELDS.pack(
        _SKIPPED, HEADER_BYTES - 8, MARK, VERSION,
        header.index_size, header.size, header.index_start, header.index_stored, header.index_sha256,
    )  # fmt: skip
    return fields + hashlib.sha256(fields).digest()


def parse_header(content: bytes) -> Header:
    """Reads the first `HEADER_BYTES` of a pack.

    Raises:
        Malformed: if this is no pack, one of another version, or a damaged one.
    """
    if content[8:16] != MARK:
        raise Malformed("a file that does not begin as a pack does")
    if len(content) < HEADER_BYTES:
        raise Malformed(f"{len(content)} bytes, a cut file")
    _, _, _, version, *numbers = _FIELDS.unpack(content[: _FIELDS.size])
    header = Header(*numbers)
    if content == header_bytes(header):
        return header
    if version != VERSION:
        raise Malformed(f"version {version} of the format, or a damaged header")
    raise Malformed(f"a damaged header, bytes 0 to {HEADER_BYTES - 1}")


def index_bytes(index: Index) -> bytes:
    """The JSON of an index, before compression."""
    files = [
        {
            "name": file.name,
            "size": file.size,
            "sha256": file.sha256,
            "chunks": [[chunk.stored, chunk.size, chunk.sha256] for chunk in file.chunks],
        }
        for file in index.files
    ]
    about = {"fingerprint": index.fingerprint, "synthetic": index.synthetic, "frames": index.frames}
    return json.dumps({"format": FORMAT, **about, "files": files}, separators=(",", ":")).encode()


def parse_index(content: bytes, end: int) -> Index:
    """Reads an index and checks all of its claims that can be checked without the chunks.

    Args:
        content: the JSON.
        end: the byte of the pack at which the chunks must end.

    Raises:
        Malformed: if anything in it is not as it has to be.
    """
    try:
        value = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None
    about = _members(value, {"format": str, "fingerprint": str, "frames": int, "files": list}, "entry")
    synthetic = value.get("synthetic")
    known = about["format"] == FORMAT and _SHA256.fullmatch(about["fingerprint"])
    if not known or not (synthetic is None or type(synthetic) is bool):
        raise Malformed("entries that are not those of an index")
    files, start = [], HEADER_BYTES
    for entry in about["files"]:
        file = _parse_file(entry, start)
        start += sum(chunk.stored for chunk in file.chunks)
        files.append(file)
    check_names([file.name for file in files])
    if start != end:
        raise Malformed(f"chunks up to byte {start:,} instead of {end:,}")
    if not files or files[0].name != MANIFEST:
        raise Malformed(f"no {MANIFEST} in the first place")
    return Index(about["fingerprint"], synthetic, about["frames"], tuple(files))


def _parse_file(entry: Any, start: int) -> PackedFile:
    known = _members(entry, {"name": str, "size": int, "sha256": str, "chunks": list}, "file")
    name = known["name"][:80]
    chunks = []
    for chunk in known["chunks"]:
        if not isinstance(chunk, list) or [type(part) for part in chunk] != [int, int, str]:
            raise Malformed(f"a chunk of {name!r} that is not two sizes and a digest")
        stored, size, digest = chunk
        if not (0 < size <= CHUNK_BYTES and 0 < stored <= MOST_STORED_BYTES and _SHA256.fullmatch(digest)):
            raise Malformed(f"a chunk of {name!r} of impossible size, or without a digest")
        chunks.append(Chunk(start, stored, size, digest))
        start += stored
    if sum(chunk.size for chunk in chunks) != known["size"] or not _SHA256.fullmatch(known["sha256"]):
        raise Malformed(f"chunks of {name!r} that do not add up to its size, or no digest of it")
    if name.endswith(".json") and known["size"] > MOST_JSON_BYTES:
        raise Malformed(f"{known['size']:,} bytes of {name!r}")
    return PackedFile(known["name"], known["size"], known["sha256"], tuple(chunks))


def _members(value: Any, types: dict[str, type], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or any(type(value.get(name)) is not kind for name, kind in types.items()):
        raise Malformed(f"an {what} that lacks one of {', '.join(types)}")
    return {name: value[name] for name in types}
