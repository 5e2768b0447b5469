"""Walks through the records of a CDF file and makes sure that cdflib can read it in little time and memory.

cdflib believes the numbers in a file: in a spoiled one it looks for four thousand million variables, one by one, or
inflates a few bytes to gigabytes. The layout is that of NASA's "CDF Internal Format Description": a descriptor record
(CDR), a global one (GDR), a chain of variables (VDR), each with a tree of indices (VXR) to its values (VVR, or CVVR if
they are compressed). Versions 2.6 to 2.7 have offsets of 4 bytes and names of 64, version 3 has 8 and 256.
"""

import dataclasses
import math
import struct
import zlib
from collections.abc import Iterator

_VERSION_3, _VERSION_2 = b"\xcd\xf3\x00\x01", b"\xcd\xf2\x60\x02"
_PLAIN, _COMPRESSED = b"\x00\x00\xff\xff", b"\xcc\xcc\x00\x01"
_CDR, _GDR, _R_VDR, _VXR, _VVR, _Z_VDR, _CCR, _CPR, _CVVR = 1, 2, 3, 6, 7, 8, 10, 11, 13
_GZIP, _IS_COMPRESSED = 5, 4

_LEAST_RECORD_BYTES = 50
"""Of any record that describes a variable or an attribute."""

MOST_BYTES = 256 * 2**20
"""Of all values of a file, inflated; the release's longest trial has 2.5 MB."""
_MOST_RECORDS, _MOST_SPARSE = 200_000, 1_000
_MOST_AXES, _MOST_ELEMENTS = 10, 1_000
_WIDEST_NUMBER = 16


def is_cdf(content: bytes) -> bool:
    """Whether these are the first bytes of a CDF file of version 2.6 or later."""
    return content[:4] in (_VERSION_3, _VERSION_2)


def variable_names(content: bytes) -> list[str]:
    """Walks through a whole file.

    Returns:
        Names of its variables.

    Raises:
        ValueError: if it is cut, contradicts itself, or would be larger than `MOST_BYTES`.
        struct.error: if a record ends beyond the file.
        zlib.error: if compressed values are damaged.
    """
    if content[4:8] == _COMPRESSED:
        content = _inflated_file(content)
    elif content[4:8] != _PLAIN:
        raise ValueError("neither plain nor compressed")
    return [variable.name for variable in _Walk(content).variables()]


@dataclasses.dataclass(frozen=True)
class _Variable:
    """What a VDR tells: its name, where its index begins, and how many records there are."""

    name: str
    index: int
    records: int


class _Walk:
    """One walk through the records of an uncompressed file."""

    def __init__(self, content: bytes):
        self._content = content
        self._word = "q" if content[:4] == _VERSION_3 else "i"
        self._name_bytes = 256 if self._word == "q" else 64
        self._seen: set[int] = set()
        self._bytes_left = MOST_BYTES

    def variables(self) -> Iterator[_Variable]:
        """Every variable whose record, index and values are in order."""
        size, _, place = self._record(8, _CDR, self._word)
        if place != 8 + size:
            raise ValueError("a spoiled descriptor")
        _, _, r_first, z_first, _, end = self._record(place, _GDR, f"4{self._word}")
        if end > len(self._content):
            raise ValueError(f"{len(self._content):,} of {end:,} bytes")
        after = place + struct.calcsize(f">{self._word}i4{self._word}")
        in_r, attributes, _, r_axes, in_z = self._unpack(after, "5i")
        most = len(self._content) // _LEAST_RECORD_BYTES
        if not all(0 <= count <= most for count in (in_r, in_z, attributes)):
            raise ValueError("a spoiled directory")
        r_sizes = self._sizes(after + struct.calcsize(f">5i{self._word}3i"), r_axes)
        for first, count, kind in ((r_first, in_r, _R_VDR), (z_first, in_z, _Z_VDR)):
            place = first
            for _ in range(count):
                following, variable = self._variable(place, kind, r_sizes)
                self._check_values(variable)
                yield variable
                place = following

    def _variable(self, place: int, kind: int, r_sizes: tuple[int, ...]) -> tuple[int, _Variable]:
        layout = f"{self._word}ii{self._word}{self._word}ii12xii{self._word}i{self._name_bytes}s"
        _, _, following, _, last, index, _, flags, sparse, elements, _, parameters, _, raw = self._record(
            place, kind, layout
        )
        sizes = r_sizes
        if kind == _Z_VDR:
            after = place + struct.calcsize(f">{self._word}i{layout}")
            (axes,) = self._unpack(after, "i")
            sizes = self._sizes(after + 4, axes)
        if flags & _IS_COMPRESSED:
            self._record(parameters, _CPR, "ii")
        if not -1 <= last < _MOST_RECORDS or (sparse and last > _MOST_SPARSE):
            raise ValueError("a spoiled description of a variable")
        most_bytes = math.prod(sizes) * (last + 1) * elements * _WIDEST_NUMBER
        if not 1 <= elements <= _MOST_ELEMENTS or most_bytes > MOST_BYTES:
            raise ValueError("a spoiled description of a variable")
        return following, _Variable(raw.split(b"\0")[0].decode("ascii"), index, last + 1)

    def _sizes(self, place: int, axes: int) -> tuple[int, ...]:
        if not 0 <= axes <= _MOST_AXES:
            raise ValueError("a spoiled number of axes")
        sizes = self._unpack(place, f"{axes}i")
        if min(sizes, default=1) < 1:
            raise ValueError("a spoiled length of an axis")
        return sizes

    def _check_values(self, variable: _Variable) -> None:
        """Walks the tree of indices; every record of it is met once."""
        waiting = [variable.index] if variable.records else []
        while waiting:
            place = waiting.pop()
            _, _, following, count, used = self._record(place, _VXR, f"{self._word}ii")
            if not 0 <= used <= count or place in self._seen:
                raise ValueError("a spoiled index")
            self._seen.add(place)
            if following:
                waiting.append(following)
            after = place + struct.calcsize(f">{self._word}i{self._word}ii")
            self._unpack(after, f"{2 * count}i")
            for offset in self._unpack(after + 8 * count, f"{count}{self._word}")[:used]:
                _, kind = self._unpack(offset, f"{self._word}i")
                if kind == _VXR:
                    waiting.append(offset)
                else:
                    self._check_block(offset, kind)

    def _check_block(self, place: int, kind: int) -> None:
        size, _ = self._unpack(place, f"{self._word}i")
        head = struct.calcsize(f">{self._word}i")
        if place in self._seen or not head <= size <= len(self._content) - place:
            raise ValueError("a spoiled block of values")
        self._seen.add(place)
        if kind == _CVVR:
            (packed,) = self._unpack(place + head + 4, self._word)
            start = place + head + 4 + struct.calcsize(f">{self._word}")
            if packed < 0:
                raise ValueError("a spoiled block of values")
            size = len(inflated(self._content[start : start + packed], self._bytes_left))
        elif kind != _VVR:
            raise ValueError("a spoiled block of values")
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ValueError("more values than a file of the release holds")

    def _record(self, place: int, kind: int, layout: str) -> tuple:
        """Size, kind and fields of a record, which lies within the file."""
        fields = self._unpack(place, f"{self._word}i{layout}")
        if fields[1] != kind or not 8 <= fields[0] <= len(self._content) - place:
            raise ValueError(f"a spoiled record at byte {place}")
        return fields

    def _unpack(self, place: int, layout: str) -> tuple:
        if place < 0:
            raise ValueError("a place before the file")
        return struct.unpack_from(f">{layout}", self._content, place)


def _inflated_file(content: bytes) -> bytes:
    """A file that was compressed as a whole, as it was before."""
    word = "q" if content[:4] == _VERSION_3 else "i"
    layout = f">{word}i{word}{word}i"
    size, kind, parameters, _, _ = struct.unpack_from(layout, content, 8)
    start = 8 + struct.calcsize(layout)
    if kind != _CCR or not start <= 8 + size <= len(content) or parameters < 8:
        raise ValueError("a spoiled record of the compression")
    size_of_parameters, kind, method = struct.unpack_from(f">{word}ii", content, parameters)
    if kind != _CPR or size_of_parameters > len(content) or method != _GZIP:
        raise ValueError("a compression other than GZIP")
    return content[:4] + _PLAIN + inflated(content[start : 8 + size], MOST_BYTES)


def inflated(packed: bytes, most: int) -> bytes:
    """Inflates GZIP data, which must end in `packed` and give no more than `most` bytes.

    Raises:
        ValueError: if there is more, or no end.
        zlib.error: if it is damaged.
    """
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = stream.decompress(packed, most + 1)
    if len(content) > most:
        raise ValueError("more values than a file of the release holds")
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise ValueError("compressed values without an end, or with more behind it")
    return content
