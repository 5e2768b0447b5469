"""What the boxes of an mp4 file say before a decoder believes them.

A file is a row of boxes, each with its length and name before it; some of them hold boxes again. The outermost ones
tell how long the file was when it was written. The tables of the index tell how many entries they have, and a decoder
sets memory aside for as many as that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_OUTERMOST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"udta", b"pdin", b"meta")
_WITH_BOXES = (
    dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf"), 0)
    | {b"stsd": 8}
    | dict.fromkeys((b"mp4v", b"avc1", b"avc3", b"hvc1", b"hev1"), 78)
)
"""Where in each box that holds others the first of them begins, in bytes after the box's own head."""

_TABLES = dict.fromkeys((b"stts", b"ctts", b"stsc", b"stco", b"co64", b"stss", b"elst", b"trun"), 4) | {b"stsz": 8}
"""Where in each table the number of its entries stands, in bytes after the box's own head."""

_MOST_ENTRIES = 1_000_000
"""Of a table: more than five hours of video."""

_MOST_BOXES = 100_000
"""Real files have a few dozen; a spoiled one of nothing but empty boxes would take for ever."""


def bytes_announced(path: Path) -> int | None:
    """How many bytes an mp4 file should have, if it ends inside one of its outermost boxes; None if it does not.

    What follows the last box that is known does not matter.
    """
    there = path.stat().st_size
    with path.open("rb") as stream:
        for name, _, end in _boxes(stream, 0, there):
            if name not in _OUTERMOST:
                return None
            if end > there:
                return end
    return None


def has_spoiled_index(path: Path) -> bool:
    """Whether a table of the index has more entries than a video, or a box is longer than the one around it."""
    waiting = [(0, path.stat().st_size, True)]
    with path.open("rb") as stream:
        for _ in range(_MOST_BOXES):
            if not waiting:
                return False
            place, limit, outermost = waiting.pop()
            for name, start, end in _boxes(stream, place, limit):
                if end > limit and not outermost:
                    return True
                if name in _WITH_BOXES:
                    waiting.append((start + _WITH_BOXES[name], end, False))
                elif name in _TABLES:
                    stream.seek(start + _TABLES[name])
                    if int.from_bytes(stream.read(4).ljust(4, b"\0"), "big") > _MOST_ENTRIES:
                        return True
    return True


def _boxes(stream: BinaryIO, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin of the content, and end, which may lie beyond the file's, of one box after the other."""
    for _ in range(_MOST_BOXES):
        if place >= end:
            return
        stream.seek(place)
        head = stream.read(16)
        if len(head) < 8:
            return
        size, start = int.from_bytes(head[:4], "big"), place + 8
        if size == 1:  # a large box, whose length comes after its name
            size, start = int.from_bytes(head[8:16], "big"), place + 16
        if size == 0:  # a box that goes on to the end
            size = end - place
        if size < 8:
            return
        place += size
        yield head[4:8], start, place
