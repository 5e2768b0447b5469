"""Reads packs, see `pack_format`: nothing is believed before its digest is seen to be right."""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from h36m_pose.atomic_files import replacing
from h36m_pose.data.dataset import MANIFEST, open_dataset
from h36m_pose.data.pack_files import clear_leftovers, free_bytes, in_order, nobody_at_work, sizes, telling_full_disk
from h36m_pose.data.pack_format import (
    CHUNK_BYTES,
    HEADER_BYTES,
    MOST_JSON_BYTES,
    TRAILER_BYTES,
    TRAILER_START,
    Chunk,
    Header,
    Index,
    Malformed,
    PackedFile,
    crops_in,
    names_of,
    parse_header,
    parse_index,
)
from h36m_pose.errors import InputError
from h36m_pose.progress import bar

_AGAIN = "Copy the pack again from where it was made"
_NO_DATASET = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What a dataset that was never one of ours may raise when it is opened."""


class Pack:
    """An opened pack; given by `open_pack`.

    Attributes:
        path: of the file.
        index: what it holds.
    """

    def __init__(self, path: Path, stream: BinaryIO):
        self.path, self._stream = path, stream
        header = self._read_header()
        self._index_stored = self._read(header.index_start, header.index_stored)
        self._check(self._index_stored, header.index_sha256, header.index_start, "the index")
        self.index = self._parse_index(header)

    def pieces(self, workers: int | None = None) -> Iterator[tuple[PackedFile, bytes]]:
        """The contents of all files in order, piece by piece; after the last one the whole pack has been checked.

        Args:
            workers: threads that decompress; None for one per core.

        Raises:
            InputError: at the first damaged place, which it names.
        """
        whole = hashlib.sha256()
        for file, chunk, content in in_order(self._open_chunk, self._stored_chunks(whole), workers or _cores()):
            if content is None:
                raise self._damaged(chunk.start, chunk.stored, f"a part of {file.name}")
            yield file, content
        whole.update(self._index_stored)
        end = self._stream.seek(-TRAILER_BYTES, os.SEEK_END)
        if self._stream.read() != TRAILER_START + whole.digest():
            raise self._damaged(end, TRAILER_BYTES, "the end of the pack")

    def _read_header(self) -> Header:
        size = self._stream.seek(0, os.SEEK_END)
        self._stream.seek(0)
        try:
            header = parse_header(self._stream.read(HEADER_BYTES))
        except Malformed as error:
            found = "an empty file" if size == 0 else str(error)
            raise InputError(self.path, found, "a whole pack that this version reads", _AGAIN) from error
        if size != header.size:
            more = size - header.size
            found = f"a file cut at byte {size:,}" if more < 0 else f"{more:,} bytes after its end"
            raise InputError(self.path, found, f"{header.size:,} bytes", _AGAIN)
        if (
            header.index_start < HEADER_BYTES
            or header.index_start + header.index_stored + TRAILER_BYTES != size
            or not 0 < header.index_size <= MOST_JSON_BYTES
            or header.index_stored > MOST_JSON_BYTES
        ):
            raise InputError(self.path, "a header with impossible sizes, bytes 20 to 47", "a pack", _AGAIN)
        return header

    def _parse_index(self, header: Header) -> Index:
        content = _decompressed(self._index_stored, header.index_size)
        try:
            if content is None:
                raise Malformed("other bytes than are announced")
            return parse_index(content, header.index_start)
        except Malformed as error:
            place = f"an index (from byte {header.index_start:,} on) with {error}"
            raise InputError(self.path, place, "the index of a dataset", _AGAIN) from error

    def _stored_chunks(self, whole: "hashlib._Hash") -> Iterator[tuple[PackedFile, Chunk, bytes]]:
        for file in self.index.files:
            for chunk in file.chunks:
                stored = self._read(chunk.start, chunk.stored)
                whole.update(stored)
                yield file, chunk, stored

    @staticmethod
    def _open_chunk(read: tuple[PackedFile, Chunk, bytes]) -> tuple[PackedFile, Chunk, bytes | None]:
        """Its content; None if it is not as the index says. Runs in a thread."""
        file, chunk, stored = read
        intact = hashlib.sha256(stored).hexdigest() == chunk.sha256
        return file, chunk, _decompressed(stored, chunk.size) if intact else None

    def _read(self, start: int, count: int) -> bytes:
        self._stream.seek(start)
        content = self._stream.read(count)
        if len(content) < count:
            raise InputError(self.path, f"a file cut at byte {start + len(content):,}", "a whole pack", _AGAIN)
        return content

    def _check(self, content: bytes, digest: bytes, start: int, what: str) -> None:
        if hashlib.sha256(content).digest() != digest:
            raise self._damaged(start, len(content), what)

    def _damaged(self, start: int, count: int, what: str) -> InputError:
        place = f"damaged bytes somewhere from {start:,} to {start + count - 1:,}, {what}"
        return InputError(self.path, place, "bytes that fit their digest", _AGAIN)


def _cores() -> int:
    return os.cpu_count() or 1


def _decompressed(stored: bytes, size: int) -> bytes | None:
    """The content of one zstd frame that must be of just this size; None if it is not, before memory is spent on it."""
    try:
        facts = zstandard.get_frame_parameters(stored)
        if facts.content_size != size or facts.window_size > max(CHUNK_BYTES, size) or facts.dict_id:
            return None
        content = zstandard.ZstdDecompressor().decompress(stored, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError:
        return None
    return content if len(content) == size else None


@contextlib.contextmanager
def open_pack(path: Path) -> Iterator[Pack]:
    """Opens a pack and checks its header and index.

    Raises:
        InputError: if there is no such file, or if it is no pack, cut, or damaged.
    """
    try:
        stream = path.open("rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        found = "a folder" if isinstance(error, IsADirectoryError) else "no such file"
        raise InputError(path, found, "a pack", "Make one: h36m-pose pack DATASET FILE") from None
    with stream:
        yield Pack(path, stream)


def check(path: Path, workers: int | None = None) -> Index:
    """Reads a whole pack and writes nothing; raises InputError at the first damaged place."""
    with open_pack(path) as pack, bar(pack.index.frames, "check", " crop") as progress:
        for file, content in pack.pieces(workers):
            progress.update(crops_in(file.name, len(content)))
        return pack.index


def unpack(path: Path, folder: Path, overwrite: bool = False, workers: int | None = None) -> Index:
    """Restores a dataset bit for bit.

    Args:
        path: of the pack.
        folder: where the dataset shall stand; it appears whole or not at all.
        overwrite: replace a dataset that stands there.
        workers: threads; None for one per core.

    Raises:
        InputError: if the pack is damaged, if something is at `folder` already, or if the disk is or would be full.
    """
    with open_pack(path) as pack:
        _require_place(folder, overwrite)
        clear_leftovers(folder)
        _require_room(pack, folder)
        with nobody_at_work(folder), telling_full_disk(folder, pack.index.size), replacing(folder) as temporary:
            _write_files(pack, temporary, workers)
            _require_dataset(pack, temporary)
            return pack.index


def _require_place(folder: Path, overwrite: bool) -> None:
    """Refuses to put a dataset in the place of anything but, if told, a dataset."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_dir() and not folder.is_symlink():
        others = [entry.name for entry in folder.iterdir() if not re.fullmatch(r"S\d+|\..*", entry.name)]
        if not any(folder.iterdir()):
            return
        if others == [MANIFEST]:
            if overwrite:
                return
            mend = "Name another folder, or add --overwrite to replace it"
            raise InputError(folder, "a dataset", "a folder that is not there yet", mend)
    raise InputError(folder, "something that is no dataset", "a folder that is not there yet", "Name another folder")


def _require_room(pack: Pack, folder: Path) -> None:
    """What a pack announces is bounded by the disk, and a full one is not found out half way."""
    free = free_bytes(folder)
    if pack.index.size > free:
        mend = "Free some space or unpack to another disk"
        raise InputError(folder, f"{sizes(free)} free", f"{sizes(pack.index.size)} for {pack.path}", mend)


def _write_files(pack: Pack, folder: Path, workers: int | None) -> None:
    """Writes all files below a folder of our own making; raises InputError if the pack is not as it should be."""
    folder.mkdir(parents=True)
    current, stream, digest = None, None, hashlib.sha256()
    with contextlib.ExitStack() as open_file, bar(pack.index.frames, "unpack", " crop") as progress:
        for file, content in pack.pieces(workers):
            if file is not current or stream is None:
                _check_content(pack, current, digest)
                open_file.close()
                target = folder.joinpath(*file.name.split("/"))  # of a shape that `check_names` has seen
                target.parent.mkdir(parents=True, exist_ok=True)
                current, stream, digest = file, open_file.enter_context(target.open("xb")), hashlib.sha256()
            digest.update(content)
            stream.write(content)
            progress.update(crops_in(file.name, len(content)))
        _check_content(pack, current, digest)


def _check_content(pack: Pack, file: PackedFile | None, digest: "hashlib._Hash") -> None:
    if file and digest.hexdigest() != file.sha256:
        raise InputError(pack.path, f"other contents of {file.name} than were packed", "the same", _AGAIN)


def _require_dataset(pack: Pack, folder: Path) -> None:
    """Opens what was unpacked, and compares names and digests in it with those of the files just written."""
    try:
        listed = names_of(json.loads((folder / MANIFEST).read_bytes()))
        if listed != [file.name for file in pack.index.files]:
            raise Malformed("other files than the manifest lists")
        dataset = open_dataset(folder)
        recorded = {
            f"{view.folder.relative_to(folder).as_posix()}/{name}.npy": digest
            for view in dataset.views
            for name, digest in view.record["sha256"].items()
        }
    except InputError as error:
        raise InputError(pack.path, f"a dataset with {error.found}", error.expected, "Pack it again") from error
    except _NO_DATASET as error:
        found = str(error) if isinstance(error, Malformed) else "files that make no dataset"
        raise InputError(pack.path, found, "those of a dataset", "Pack it again") from error
    written = {file.name: file.sha256 for file in pack.index.files if file.name in recorded}
    if written != recorded or dataset.fingerprint != pack.index.fingerprint:
        raise InputError(pack.path, "arrays other than their records tell", "a dataset", "Pack it again")
