"""The bytes of a tar archive, gzip'd or plain, read forward only and in bounded memory and time.

`gzip.open` would do for archives that mean well. This reader also refuses what grows without end: a gzip file that
inflates to far more than its size warrants, or that consists of endless empty pieces.
"""

import os
import zlib
from pathlib import Path
from typing import BinaryIO, Self

BLOCK = 512
"""Bytes; everything in a tar archive begins on a multiple of it."""

GZIP = b"\x1f\x8b\x08"
"""What a gzip'd file begins with."""

_CHUNK = 1 << 18
_PIECE = 1 << 20

_FREE_OUTPUT = 64 << 20
_MOST_INFLATED = 200
"""Times what was read, beyond the free output. Poses shrink by 2, masks by 3, zeros by 1,000."""

_FREE_PARTS = 1000
_LEAST_PER_PART = 4096
"""Bytes per gzip member, beyond the free ones: `gzip` writes one in all, `pigz -i` one per 128 KB, `bgzip` 64."""

_MOST_AFTER_END = 64 << 20
"""Bytes between the end of the tar archive and that of the file; `tar` pads with 10 KB of zeros at most."""


class BrokenArchive(Exception):
    """Raised where an archive cannot be read further; what is wrong, in a few words.

    Args:
        words: what is wrong.
        spoiled: whether what was read before may be wrong too. It is not if the file just ends too early; for the rest,
            gzip checks its data only at their very end.
    """

    def __init__(self, words: str, spoiled: bool = True):
        super().__init__(words)
        self.words, self.spoiled = words, spoiled


class ArchiveStream:
    """Reads a file, and inflates it if it is gzip'd; a context manager.

    Attributes:
        consumed: bytes of the file read so far.
        produced: bytes of the archive handed out so far.
    """

    def __init__(self, path: Path):
        self._file: BinaryIO = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size
        self.consumed = self.produced = 0
        head = self._file.read(len(GZIP))
        self._file.seek(0)
        self._inflate = inflater() if head == GZIP else None
        self._input = b""
        self._inflated = 0
        self._parts = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def read(self, count: int) -> bytes:
        """The next bytes: at least one and at most `count`, or none at the end of the file.

        Raises:
            BrokenArchive: if the gzip data are cut, damaged, or a bomb.
        """
        data = self._from_file(count) if self._inflate is None else self._from_gzip(count)
        self.produced += len(data)
        return data

    def read_whole(self, count: int) -> bytes:
        """Exactly `count` bytes, or fewer at the end of the file."""
        pieces = []
        while count and (piece := self.read(count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Passes over bytes; plain files are not read for that.

        Raises:
            BrokenArchive: if the file ends before.
        """
        if self._inflate is None:
            if count > self._size - self.consumed:
                raise BrokenArchive("ends", spoiled=False)
            self._file.seek(count, os.SEEK_CUR)
            self.consumed += count
            self.produced += count
            return
        while count:
            piece = self.read(min(count, _PIECE))
            if not piece:
                raise BrokenArchive("ends", spoiled=False)
            count -= len(piece)

    def finish(self) -> None:
        """Reads what follows the tar archive's end, for gzip's own check of all that it held.

        Raises:
            BrokenArchive: if the check fails, or if far more follows than padding.
        """
        if self._inflate is None:
            return
        end = self.produced
        while self.read(_PIECE):
            if self.produced - end > _MOST_AFTER_END:
                raise BrokenArchive("goes on after its end")

    def _from_file(self, count: int) -> bytes:
        data = self._file.read(min(count, _PIECE))
        self.consumed += len(data)
        return data

    def _from_gzip(self, count: int) -> bytes:
        while True:
            assert self._inflate is not None
            if self._inflate.eof and not self._next_part():
                return b""
            if not self._input:
                self._input = self._file.read(_CHUNK)
                self.consumed += len(self._input)
                if not self._input:
                    raise BrokenArchive("ends", spoiled=False)
            try:
                data = self._inflate.decompress(self._input, min(count, _PIECE))
            except zlib.error as error:
                words = "does not match its gzip checksum" if "check" in str(error) else "has damaged gzip data"
                raise BrokenArchive(words) from error
            self._input = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if data:
                self._inflated += len(data)
                if self._inflated > _FREE_OUTPUT + _MOST_INFLATED * self.consumed:
                    raise BrokenArchive(f"inflates to more than {_MOST_INFLATED} times its size")
                return data

    def _next_part(self) -> bool:
        """Goes on to the next gzip member, if another follows; whatever else follows is none of ours."""
        following = self._input.lstrip(b"\0")
        while len(following) < len(GZIP):
            more = self._file.read(_CHUNK)
            if not more:
                return False
            self.consumed += len(more)
            following = (following + more).lstrip(b"\0")
        if not following.startswith(GZIP):
            return False
        self._parts += 1
        if self._parts > _FREE_PARTS + self._inflated // _LEAST_PER_PART:
            raise BrokenArchive("consists of endless gzip pieces")
        self._input, self._inflate = following, inflater()
        return True


def inflater() -> "zlib._Decompress":
    """Inflates one gzip member; a file may consist of several."""
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
