"""Writes a dataset as one file, see `pack_format`: every array is compared with its digest on the way."""

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from h36m_pose.atomic_files import replacing
from h36m_pose.data.checksum import text_of
from h36m_pose.data.dataset import MANIFEST, RECORD, Dataset, open_dataset, view_folder
from h36m_pose.data.pack_files import clear_leftovers, in_order, nobody_at_work, telling_full_disk
from h36m_pose.data.pack_format import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TRAILER_BYTES,
    TRAILER_START,
    Chunk,
    Header,
    Index,
    Malformed,
    PackedFile,
    crops_in,
    header_bytes,
    index_bytes,
    names_of,
)
from h36m_pose.errors import InputError
from h36m_pose.progress import bar

LEVEL = 1
"""Of zstd. On crops, level 12 gains 2 % of the size and takes ten times as long."""


@dataclasses.dataclass(frozen=True)
class Packed:
    """What was written: the pack's size in bytes, and what it holds."""

    size: int
    index: Index


def pack(dataset: Path, file: Path, overwrite: bool = False, workers: int | None = None) -> Packed:
    """Writes a dataset as one file. The same dataset gives the same bytes.

    Args:
        dataset: the folder. What does not belong to the dataset in there is left out.
        file: where the pack shall stand; it appears whole or not at all.
        overwrite: replace a file that stands there.
        workers: threads; None for one per core.

    Raises:
        InputError: if the dataset is unfinished or damaged, if `file` is there already, or if the disk is full.
    """
    if file.is_dir() or (file.exists() and not overwrite):
        found = "a folder" if file.is_dir() else "a file that is there already"
        mend = "Name another file" if file.is_dir() else "Name another file, or add --overwrite to replace it"
        raise InputError(file, found, "the name of a new file", mend)
    with nobody_at_work(dataset):
        opened = open_dataset(dataset)
        clear_leftovers(file)
        with telling_full_disk(file, _size_of(opened)), replacing(file) as temporary, temporary.open("wb") as stream:
            index = _write(opened, stream, workers or os.cpu_count() or 1)
            return Packed(stream.tell(), index)


def _size_of(dataset: Dataset) -> int:
    return sum(path.stat().st_size for view in dataset.views for path in view.folder.glob("*.npy"))


def _write(dataset: Dataset, stream: BinaryIO, workers: int) -> Index:
    """Everything, and the header last, since only then its numbers are known."""
    stream.write(bytes(HEADER_BYTES))
    place, whole = HEADER_BYTES, hashlib.sha256()
    contents = _Contents(dataset)
    chunks: dict[str, list[Chunk]] = {name: [] for name in contents.names}
    with bar(dataset.manifest["frames"], "pack", " crop") as progress:
        for name, stored, size in in_order(_compress, contents.pieces(), workers):
            stream.write(stored)
            whole.update(stored)
            chunks[name].append(Chunk(place, len(stored), size, hashlib.sha256(stored).hexdigest()))
            place += len(stored)
            progress.update(crops_in(name, size))
    files = tuple(
        PackedFile(name, sum(chunk.size for chunk in parts), contents.digests[name], tuple(parts))
        for name, parts in chunks.items()
    )
    manifest = dataset.manifest
    index = Index(manifest["fingerprint"], manifest.get("synthetic"), manifest["frames"], files)
    content = index_bytes(index)
    stored = zstandard.ZstdCompressor(level=LEVEL).compress(content)
    whole.update(stored)
    stream.write(stored + TRAILER_START + whole.digest())
    size = place + len(stored) + TRAILER_BYTES
    stream.seek(0)
    stream.write(header_bytes(Header(len(content), size, place, len(stored), hashlib.sha256(stored).digest())))
    stream.seek(0, os.SEEK_END)
    return index


def _compress(piece: tuple[str, bytes]) -> tuple[str, bytes, int]:
    name, content = piece
    return name, zstandard.ZstdCompressor(level=LEVEL).compress(content), len(content)


class _Contents:
    """The files of a dataset, in the order of a pack.

    Attributes:
        names: of the files.
        digests: SHA-256 of each content; complete after the last piece.
    """

    def __init__(self, dataset: Dataset):
        self._folder = dataset.folder
        self.digests: dict[str, str] = {}
        # What was read and found whole when the dataset was opened, not what may stand in these files by now.
        self._texts = {MANIFEST: text_of(dataset.manifest)}
        self._expected: dict[str, str] = {}
        for view in dataset.views:
            folder = view_folder(Path(), view.subject, view.trial, view.camera_id).as_posix()
            self._texts[f"{folder}/{RECORD}"] = text_of(view.record)
            self._expected |= {f"{folder}/{array}.npy": digest for array, digest in view.record["sha256"].items()}
        try:
            self.names = names_of(dataset.manifest)
        except Malformed as error:
            mend = "Make the dataset with h36m-pose preprocess, which gives the release's names"
            raise InputError(dataset.folder / MANIFEST, str(error), "views named as in the release", mend) from error

    def pieces(self) -> Iterator[tuple[str, bytes]]:
        """Name and content, at most `CHUNK_BYTES` at a time."""
        for name in self.names:
            digest = hashlib.sha256()
            for piece in self._read(name):
                digest.update(piece)
                yield name, piece
            self.digests[name] = digest.hexdigest()
            if self._expected.get(name, self.digests[name]) != self.digests[name]:
                mend = "Run `h36m-pose preprocess` again with --verify: it makes this view anew"
                raise InputError(
                    self._folder / name, "other bytes than were written", "an array that fits its digest", mend
                )

    def _read(self, name: str) -> Iterator[bytes]:
        if name in self._texts:
            content = self._texts[name].encode()
            yield from (content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES))
            return
        with (self._folder / name).open("rb") as stream:
            while piece := stream.read(CHUNK_BYTES):
                yield piece
