"""The outermost boxes of an mp4 file, which tell how long the file was when it was written."""

from pathlib import Path

_OUTERMOST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"udta", b"pdin", b"meta")
_MOST_BOXES = 1000
"""Real files have a handful; a spoiled one of nothing but empty boxes would take for ever."""


def bytes_announced(path: Path) -> int | None:
    """How many bytes an mp4 file should have, if it ends inside one of its outermost boxes; None if it does not.

    The index and the pictures are such boxes, each with its length before it. What follows the last box that is known
    does not matter.
    """
    there, place = path.stat().st_size, 0
    with path.open("rb") as stream:
        for _ in range(_MOST_BOXES):
            stream.seek(place)
            head = stream.read(16)
            if len(head) < 8 or head[4:8] not in _OUTERMOST:
                return None
            size = int.from_bytes(head[:4], "big")
            if size == 1:  # a large box, whose length comes after its name
                size = int.from_bytes(head[8:16], "big")
            if size < 8:  # 0 stands for a box that goes on to the end of the file
                return None
            place += size
            if place > there:
                return place
    return None
