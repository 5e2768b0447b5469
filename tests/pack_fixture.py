"""A small dataset and its pack, and whether a spoiled pack is refused as it should be; for tests."""

from pathlib import Path

import pytest
from stick_dataset import write_stick_dataset

from h36m_pose.atomic_files import sha256_of
from h36m_pose.data import pack_reader, pack_writer
from h36m_pose.data.dataset_writer import write_manifest
from h36m_pose.errors import InputError


def make_packed(folder: Path) -> tuple[Path, Path]:
    """A dataset of 38 frames in six views, and its pack, in which the images take several chunks."""
    write_stick_dataset(folder / "dataset", {"S1": 9, "S9": 4, "S101": 6}, views=2)
    write_manifest(folder / "dataset", {"seed": 0}, synthetic=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack_writer, "CHUNK_BYTES", 60_000)
        pack_writer.pack(folder / "dataset", folder / "dataset.h36mpack")
    return folder / "dataset", folder / "dataset.h36mpack"


def files_in(folder: Path) -> dict[str, str]:
    """Digests of all files below a folder, by their names."""
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


def flipped(content: bytes, place: int, bit: int) -> bytes:
    """The same with one other bit."""
    spoiled = bytearray(content)
    spoiled[place] ^= 1 << bit
    return bytes(spoiled)


def refused(path: Path, content: bytes, pattern: str) -> None:
    """Asserts that a pack of this content is refused in one line that names the file, with nothing left behind."""
    path.write_bytes(content)
    there = sorted(path.parent.iterdir())
    with pytest.raises(InputError, match=pattern) as caught:
        pack_reader.unpack(path, path.parent / "restored", workers=1)
    assert str(caught.value).startswith(f"{path}: found ")
    assert str(caught.value).count("\n") == 0
    assert sorted(path.parent.iterdir()) == there
