"""Packs made to deceive: every digest fits, and what the index says is a lie. All are refused, and cost nothing."""

import hashlib
import json
import shutil
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from pack_fixture import files_in, flipped, make_packed, refused

from h36m_pose.data import pack_format, pack_reader, pack_writer
from h36m_pose.data.checksum import text_of, with_checksum
from h36m_pose.errors import InputError


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset and its pack; not to be changed."""
    return make_packed(tmp_path_factory.mktemp("original"))


@pytest.fixture
def content(original: tuple[Path, Path]) -> bytes:
    return original[1].read_bytes()


Edit = Callable[[dict[str, Any], list[bytes]], None]


def forged(content: bytes, edit: Edit, index_size: int | None = None, index: bytes | None = None) -> bytes:
    """A pack with another index or other chunks, and digests that fit: what somebody could do on purpose."""
    start, stored = struct.unpack_from("<QQ", content, 32)
    value = json.loads(zstandard.ZstdDecompressor().decompress(content[start : start + stored]))
    chunks, place = [], 112
    for file in value["files"]:
        for size, _, _ in file["chunks"]:
            chunks.append(content[place : place + size])
            place += size
    edit(value, chunks)
    text = json.dumps(value).encode() if index is None else index
    body, packed = b"".join(chunks), zstandard.ZstdCompressor().compress(text)
    header = pack_format.Header(
        index_size or len(text), 112 + len(body) + len(packed) + 40, 112 + len(body), len(packed),
        hashlib.sha256(packed).digest(),
    )  # fmt: skip
    end = pack_format.TRAILER_START + hashlib.sha256(body + packed).digest()
    return pack_format.header_bytes(header) + body + packed + end


def with_chunk(stored: bytes, size: int, inside: bytes = b"") -> Edit:
    """Puts other bytes in the place of the first chunk, which is the whole manifest, and says so in the index."""

    def edit(value: dict[str, Any], chunks: list[bytes]) -> None:
        chunks[0] = stored
        entry = value["files"][0]["chunks"][0]
        entry[:] = len(stored), size, hashlib.sha256(stored).hexdigest()
        value["files"][0].update(size=size, sha256=hashlib.sha256(inside).hexdigest())

    return edit


def with_name(name: str, file: int = 3) -> Edit:
    return lambda value, chunks: value["files"][file].update(name=name)


def with_sizes(stored: Any, size: Any, whole: Any = None) -> Edit:
    def edit(value: dict[str, Any], chunks: list[bytes]) -> None:
        file = value["files"][1]
        file["chunks"][0][:2] = stored or file["chunks"][0][0], size
        file["size"] = size if whole is None else whole

    return edit


def nothing(value: dict[str, Any], chunks: list[bytes]) -> None:
    pass


@pytest.mark.parametrize(
    ("edit", "pattern"),
    [
        (with_name("../../evil.npy"), "the name '../../evil.npy', which no file of a dataset has"),
        (with_name("/tmp/evil.npy"), "which no file of a dataset has"),
        (with_name("S1/../../x/images.npy"), "which no file of a dataset has"),
        (with_name("S1/...1/images.npy"), "which no file of a dataset has"),
        (with_name("S1/Walking_1.54138969/images.npy\n"), "which no file of a dataset has"),
        (with_name("S1/Walking_1.54138969/images.npy\0"), "which no file of a dataset has"),
        (with_name("S1/Walking_1.54138969/evil.py"), "which no file of a dataset has"),
        (with_name("S1\\Walking_1.54138969\\images.npy"), "which no file of a dataset has"),
        (with_name("S1/WALKING_1.54138969/view.json"), "the name 'S1/WALKING_1.54138969/view.json' twice"),
        (with_name("S2/Walking_1.54138969/images.npy"), "other files than the manifest lists"),
        (with_name("S1/Walking_1.54138969/images.npy", file=0), "' twice|no manifest.json in the first place"),
        (with_sizes(None, 10**12), "impossible size"),
        (with_sizes(None, -1), "impossible size"),
        (with_sizes(None, 0), "impossible size"),
        (with_sizes(None, 2.0, whole=2), "not two sizes and a digest"),
        (with_sizes(True, True, whole=1), "not two sizes and a digest"),
        (with_sizes(-5, 100), "impossible size"),
        (with_sizes(10**9, 100), "impossible size"),
        (with_sizes(None, 100, whole=101), "do not add up"),
        (with_sizes(None, 100), "damaged bytes somewhere"),
        (with_sizes(7, 100), "chunks up to byte"),
        (lambda value, chunks: value.update(files=[]), "chunks up to byte"),
        (lambda value, chunks: value.update(format="zip"), "not those of an index"),
        (lambda value, chunks: value.update(fingerprint="\x1b[2J"), "not those of an index"),
        (lambda value, chunks: value.update(fingerprint="0" * 64), "arrays other than their records tell"),
        (lambda value, chunks: value.update(synthetic="yes"), "not those of an index"),
        (lambda value, chunks: value.pop("frames"), "lacks one of"),
        (lambda value, chunks: value["files"].append(7), "lacks one of"),
        (lambda value, chunks: value["files"][1].update(sha256="0" * 64), "other contents of S1/.*view.json"),
        (with_chunk(zstandard.compress(b"{}"), 2, b"{}"), "without a proper list of views"),
        (with_chunk(zstandard.compress(b"[" * 9999), 9999, b"[" * 9999), "files that make no dataset"),
        (with_chunk(b"no zstd at all", 2), "damaged bytes somewhere"),
        (with_chunk(b"\x50\x2a\x4d\x18\x02\0\0\0{}", 2), "damaged bytes somewhere"),  # a frame to be skipped
        (with_chunk(zstandard.compress(b"{}") * 2, 2), "damaged bytes somewhere"),  # a second frame behind
        (with_chunk(zstandard.compress(bytes(10**8)), 4 << 20), "damaged bytes somewhere"),  # a bomb
        (with_chunk(zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10**8)), 2), "damaged bytes"),
    ],
)  # fmt: skip
def test_an_index_is_not_believed(content: bytes, tmp_path: Path, edit: Edit, pattern: str) -> None:
    spoiled = forged(content, edit)
    tracemalloc.start()
    refused(tmp_path / "forged", spoiled, pattern)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


def test_a_forgery_that_changes_nothing_is_taken(content: bytes, original: tuple[Path, Path], tmp_path: Path) -> None:
    """The tests above would prove nothing if the forger's packs were refused for another reason."""
    (tmp_path / "forged").write_bytes(forged(content, nothing))
    pack_reader.unpack(tmp_path / "forged", tmp_path / "restored")
    assert files_in(tmp_path / "restored") == files_in(original[0])


@pytest.mark.parametrize(
    ("index", "index_size", "pattern"),
    [
        (b"no JSON", None, "an index .* with no JSON"),
        (b"\xff\xfe", None, "no JSON"),
        (b"[" * 100_000, None, "no JSON"),
        (b"[]", None, "lacks one of"),
        (b" " * 10**8, 2, "other bytes than are announced"),
        (b" " * 10**8, 10**8, "impossible sizes"),
    ],
)
def test_a_spoiled_index_is_refused(
    content: bytes, tmp_path: Path, index: bytes, index_size: int | None, pattern: str
) -> None:
    refused(tmp_path / "forged", forged(content, nothing, index_size, index), pattern)


def test_a_dataset_that_does_not_fit_its_own_records_is_refused(original: tuple[Path, Path], tmp_path: Path) -> None:
    """A pack may be made with care of a dataset that is not whole: it is opened before it takes its place."""
    dataset = Path(shutil.copytree(original[0], tmp_path / "dataset"))
    images = dataset / "S9" / "Walking_1.54138969" / "images.npy"
    images.write_bytes(flipped(images.read_bytes(), 5000, 2))
    with pytest.raises(InputError, match=r"S9/Walking_1.54138969/images.npy: found other bytes than were written"):
        pack_writer.pack(dataset, tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
    refused(tmp_path / "pack", forged(original[1].read_bytes(), _replacing(images)), "arrays other than their records")
    record = json.loads((images.parent / "view.json").read_text())
    for change, pattern in (({"frames": 5}, "images.npy of uint8"), ({"camera": 3}, "files that make no dataset")):
        (images.parent / "view.json").write_text(text_of(with_checksum(record | change)))
        spoiled = forged(original[1].read_bytes(), _replacing(images.parent / "view.json"))
        refused(tmp_path / "pack", spoiled, f"{pattern}|a view other than the manifest's")


def _replacing(path: Path) -> Edit:
    def edit(value: dict[str, Any], chunks: list[bytes]) -> None:
        name = path.relative_to(path.parents[2]).as_posix()
        first = 0
        for file in value["files"]:
            if file["name"] == name:
                stored = zstandard.compress(path.read_bytes())
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                chunks[first : first + len(file["chunks"])] = [stored]
                file.update(size=path.stat().st_size, sha256=digest)
                file["chunks"] = [[len(stored), file["size"], hashlib.sha256(stored).hexdigest()]]
                return
            first += len(file["chunks"])

    return edit
