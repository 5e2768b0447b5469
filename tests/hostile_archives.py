"""Archives that mean harm, written block by block: `tarfile` would refuse to write most of them."""

import gzip
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

VIDEO = "S1/Videos/Walking 1.54138969.mp4"
END = bytes(1024)


def header(name: str | bytes, size: int | bytes = 0, kind: bytes = b"0", link: str = "") -> bytes:
    """One ustar header; a size given as bytes is written as it is."""
    field = size if isinstance(size, bytes) else b"%011o\0" % size
    text = name if isinstance(name, bytes) else name.encode()
    block = struct.pack(
        "100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x",
        text, b"0000644\0", b"0000000\0", b"0000000\0", field, b"00000000000\0", b" " * 8, kind, link.encode(),
        b"ustar\0", b"00", b"", b"", b"", b"", b"",
    )  # fmt: skip
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def entry(name: str, data: bytes = b"data", kind: bytes = b"0", link: str = "") -> bytes:
    """A header with its data."""
    return header(name, len(data), kind, link) + data + bytes(-len(data) % 512)


def pax(kind: bytes = b"x", **records: bytes) -> bytes:
    """A pax header."""
    data = b""
    for key, value in records.items():
        body = b" " + key.replace("__", ".").encode() + b"=" + value + b"\n"
        length = len(body) + 1
        while length != len(str(length)) + len(body):
            length = len(str(length)) + len(body)
        data += str(length).encode() + body
    return entry("pax", data, kind)


def zeros(before: bytes, after: bytes = b"") -> bytes:
    """A gzip'd file of 1 GB of zeros between other bytes; the zeros are compressed once and repeated."""
    piece = bytes(16 << 20)
    engine = zlib.compressobj(9, wbits=-15)
    first = engine.compress(before) + engine.flush(zlib.Z_FULL_FLUSH)
    repeated = engine.compress(piece) + engine.flush(zlib.Z_FULL_FLUSH)
    last = engine.compress(after) + engine.flush()
    check = zlib.crc32(before)
    for _ in range(64):
        check = zlib.crc32(piece, check)
    end = struct.pack("<II", zlib.crc32(after, check), (len(before) + 64 * len(piece) + len(after)) % (1 << 32))
    return b"\x1f\x8b\x08" + bytes(7) + first + 64 * repeated + last + end


def _binary(value: int) -> bytes:
    return value.to_bytes(12, "big", signed=True)


def _chain() -> bytes:
    """Links through links, longer than the longest path of the system, as in CVE-2025-4517."""
    blocks, place = b"", ""
    for step in "abcdefghijklmnop":
        place += f"{step * 247}/"
        blocks += pax(path=place[:-1].encode()) + header("d", kind=b"5")
        blocks += pax(path=f"{place}{step}".encode(), linkpath=b"d" * 247) + header("l", kind=b"2", link="l")
    place += "l" * 254
    blocks += pax(path=place.encode(), linkpath=b"../" * 16) + header("l", kind=b"2", link="l")
    blocks += pax(path=b"escape", linkpath=f"{place}/../../../../outside".encode()) + header("l", kind=b"2", link="l")
    return blocks + entry("escape/evil") + entry(VIDEO) + END


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]


def _with_a_hole(name: str, size: int) -> Callable[[Path], None]:
    """A file that is truly as large as its header says, though it takes no room on disk."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(header(name, size))
            file.seek(size, os.SEEK_CUR)
            file.write(entry("S1/Videos/Walking.54138969.mp4") + END)

    return write


def _plain(data: bytes) -> Callable[[Path], None]:
    return lambda path: _write(path, data)


def _stored(make: Callable[[], bytes]) -> Callable[[Path], None]:
    """For what takes long to make."""
    return lambda path: _write(path, make())


def _gzipped(data: bytes) -> Callable[[Path], None]:
    return lambda path: _write(path, gzip.compress(data, 1))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


_BEFORE = entry("S1/Videos/Walking 1.55011271.mp4")
_MORE = "S1/Videos/Walking 1.58860488.mp4"
_TWO = entry(VIDEO, os.urandom(5000)) + entry("S1/Videos/Walking.54138969.mp4", os.urandom(9000)) + END
_REFUSED = r"found {} entries that are refused, the first is .*{}"
_LAST_GOOD = r".*its last good member is S1/Videos/Walking 1\.55011271\.mp4; expected"

HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "name with dots": (_plain(entry(f"S1/../../{VIDEO}") + END), _REFUSED.format(1, "leads outside")),
    "name with dots at its end": (_plain(entry("S1/Videos/..") + END), _REFUSED.format(1, "leads outside")),
    "absolute name": (_gzipped(entry(f"/tmp/{VIDEO}") + END), _REFUSED.format(1, "leads outside")),
    "absolute name in pax": (_plain(pax(path=b"/etc/cron.d/x") + entry(VIDEO) + END), _REFUSED.format(1, "outside")),
    "name of another system": (_plain(entry("C:\\..\\" + VIDEO) + END), _REFUSED.format(1, "leads outside")),
    "name with a zero byte": (
        _plain(pax(path=VIDEO.encode() + b"\0.sh") + entry("x") + END), _REFUSED.format(1, "leads outside"),
    ),
    "name with codes for the terminal": (
        _plain(b"".join(entry(f"/\x1b]0;evil\x07\n{number}") for number in range(9)) + END),
        _REFUSED.format(9, r"/\?\]0;evil\?\?0: a name that leads outside"),
    ),
    "symbolic link for a video": (
        _plain(header(VIDEO, kind=b"2", link="/etc/passwd") + END), _REFUSED.format(1, "a symbolic link"),
    ),
    "file below a link": (
        _plain(header("S1/Videos", kind=b"2", link="../../../outside") + entry(VIDEO) + END),
        _REFUSED.format(1, "a symbolic link"),
    ),
    "hard link": (_plain(header(VIDEO, kind=b"1", link="../outside/keep") + END), _REFUSED.format(1, "a hard link")),
    "link that replaces a video": (
        _plain(entry(VIDEO) + header(VIDEO, kind=b"2", link="/etc/passwd") + END),
        _REFUSED.format(1, "a symbolic link"),
    ),
    "chain of long links": (_gzipped(_chain()), _REFUSED.format(18, "a symbolic link")),
    "character device": (_plain(header(VIDEO, kind=b"3") + END), _REFUSED.format(1, "a character device")),
    "block device": (_plain(header(VIDEO, kind=b"4") + END), _REFUSED.format(1, "a block device")),
    "fifo": (_plain(header(VIDEO, kind=b"6") + END), _REFUSED.format(1, "a fifo")),
    "entry of no type": (_plain(entry(VIDEO, kind=b"Z") + END), _REFUSED.format(1, "an entry of type b'Z'")),
    "sparse file of GNU": (_plain(header(VIDEO, 0, kind=b"S") + END), _REFUSED.format(1, "a sparse file")),
    "sparse file of pax": (
        _plain(pax(GNU__sparse__realsize=b"9" * 15) + entry(VIDEO) + END), _REFUSED.format(1, "a sparse file"),
    ),
    "repeated name": (_plain(entry(VIDEO) + entry(VIDEO, b"other") + END), _REFUSED.format(1, "more than once")),
    "repeated name in another spelling": (
        _plain(entry(VIDEO) + entry("./x/s01/videos/WALKING 1.54138969.MP4") + END),
        _REFUSED.format(1, "more than once"),
    ),
    "video of 6 GB": (_with_a_hole(VIDEO, 6 << 30), _REFUSED.format(1, "6442450944 bytes")),
    "poses of 300 MB": (
        _with_a_hole("S1/MyPoseFeatures/D3_Positions/Walking.cdf", 300 << 20),
        _REFUSED.format(1, "314572800 bytes"),
    ),
    "negative size": (_plain(_BEFORE + header(_MORE, _binary(-512)) + END), f"negative size{_LAST_GOOD}"),
    "negative size of an extended header": (
        _plain(_BEFORE + header("pax", _binary(-1024), kind=b"x") + END), f"negative size{_LAST_GOOD}",
    ),
    "negative size in octal": (_plain(_BEFORE + header(_MORE, b"-0000001000\0") + END), f"is no number{_LAST_GOOD}"),
    "negative size in pax": (_plain(_BEFORE + pax(size=b"-512") + entry(_MORE) + END), f"is no number{_LAST_GOOD}"),
    "size of a thousand digits": (
        _plain(_BEFORE + pax(size=b"9" * 1000) + entry(_MORE) + END), f"is no number{_LAST_GOOD}",
    ),
    "size beyond all disks": (_plain(_BEFORE + header(_MORE, b"\x80" + b"\xff" * 11) + END), f"absurd{_LAST_GOOD}"),
    "size that is no number": (_plain(_BEFORE + header(_MORE, b"hello world\0") + END), f"is no number{_LAST_GOOD}"),
    "size beyond the end": (_plain(_BEFORE + header(_MORE, 3 << 30) + b"x" * 2048 + END), f"ends inside{_LAST_GOOD}"),
    "size beyond the end, gzip'd": (
        _gzipped(_BEFORE + header(_MORE, 3 << 30) + b"x" * 2048 + END), f"ends inside{_LAST_GOOD}",
    ),
    "size that hides a header": (
        _plain(_BEFORE + header("other", 100) + b"x" * 4096 + END), "something that is no header.* is other;",
    ),
    "folder that claims data": (
        _plain(_BEFORE + header("x", 1 << 30, kind=b"5") + b"x" * 512), f"no header{_LAST_GOOD}",
    ),
    "long name of 1 GB": (
        _stored(lambda: zeros(_BEFORE + header("././@LongLink", 1 << 30, kind=b"L"), entry(_MORE) + END)),
        f"extended header of 1073741824 bytes{_LAST_GOOD}",
    ),
    "pax header of 1 GB": (
        _stored(lambda: zeros(_BEFORE + header("pax", 1 << 30, kind=b"x"), entry(_MORE) + END)),
        f"extended header of 1073741824 bytes{_LAST_GOOD}",
    ),
    "pax header of digits": (
        _plain(_BEFORE + entry("pax", b"1" * 1_000_000, kind=b"x") + entry(_MORE) + END),
        f"damaged extended header{_LAST_GOOD}",
    ),
    "global header that renames": (_plain(_BEFORE + pax(b"g", path=b"x") + END), f"global header{_LAST_GOOD}"),
    "bomb in a video": (
        _stored(lambda: zeros(_BEFORE + header(_MORE, 1 << 30), END)),
        f"inflates to more than 200 times its size{_LAST_GOOD}",
    ),
    "bomb in something else": (
        _stored(lambda: zeros(_BEFORE + header("readme", 1 << 30), END)),
        f"inflates to more than 200 times its size{_LAST_GOOD}",
    ),
    "bomb after the end": (_stored(lambda: zeros(_BEFORE + END)), f"goes on after its end{_LAST_GOOD}"),
    "a million members": (
        _stored(lambda: gzip.compress(header("x") * 10_000, 1) * 100 + gzip.compress(END)),
        "holds more than 50000 entries",
    ),
    "a million empty gzip pieces": (
        _stored(lambda: gzip.compress(_BEFORE) + gzip.compress(b"") * 1_000_000 + gzip.compress(END)),
        f"endless gzip pieces{_LAST_GOOD}",
    ),
    "cut": (_stored(lambda: gzip.compress(_BEFORE + _TWO, 1)[:9000]), "ends inside .*Walking.54138969"),
    "cut, not gzip'd": (_plain((_BEFORE + _TWO)[:5000]), f"ends inside S1/Videos/Walking 1.54138969{_LAST_GOOD}"),
    "cut between members": (_plain(_BEFORE), f"ends without an end mark{_LAST_GOOD}"),
    "flipped bit": (
        _stored(lambda: _flipped(gzip.compress(_TWO, 1), 3000)), "nothing of it is used",
    ),
    "wrong checksum": (
        _stored(lambda: _flipped(gzip.compress(_BEFORE + END), -5)), f"gzip checksum{_LAST_GOOD}",
    ),
    "wrong checksum of a header": (
        _plain(_BEFORE + _flipped(entry(_MORE), 20) + END), f"something that is no header{_LAST_GOOD}",
    ),
    "gzip in gzip": (_gzipped(gzip.compress(_TWO)), "a gzip'd file that holds no tar archive"),
    "endless device": (_device, "nothing of that name|no archive|an empty folder|x.tgz;"),
}  # fmt: skip
"""What writes each archive, and a pattern for the one line that it must be answered with."""
