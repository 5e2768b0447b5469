"""Reads the release's silhouettes: MATLAB v7.3 (HDF5) files with a cell array `Masks`, one mask per frame."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import h5py
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from h36m_pose.errors import InputError
from preprocessing.raw_file import require_file

VARIABLE = "Masks"
Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels; left and top are the first column and row."""

Person = tuple[UInt8[ndarray, "rows columns"], Box]
"""A silhouette, 1 on the person and 0 elsewhere, cut to its box, and where that lies in the picture."""

_MOST_PIXELS, _MOST_MASKS = 2**24, 10**6
"""Sixteen times the release's pictures, and a hundred times its longest trial."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_AGAIN = "Unpack this file from its archive again"


class MaskFile:
    """The masks of one view, read one at a time; given by `open_masks`.

    Attributes:
        width_px: columns of every mask.
        height_px: rows of every mask.
    """

    def __init__(self, path: Path, file: h5py.File):
        self._path, self._file = path, file
        with self._translated("a damaged HDF5 file"):
            self._references = self._cells(file)
        if not len(self):
            raise InputError(path, "no masks", "one per frame", _AGAIN)
        with self._translated("a damaged mask of frame 0"):
            first = h5py.h5r.dereference(self._references[0], file.id)
            if not isinstance(first, h5py.h5d.DatasetID):
                raise ValueError("no array")
            shape: tuple[int, ...] = first.shape
            if len(shape) not in (2, 3) or first.dtype.kind not in "ub" or not 0 < math.prod(shape) <= _MOST_PIXELS:
                found = f"a first mask of {first.dtype} {shape}"
                raise InputError(path, found, "zeros and ones, one per pixel", _AGAIN)
        self._shape = shape
        self.width_px, self.height_px = shape[-2], shape[-1]

    def __len__(self) -> int:
        return len(self._references)

    def read(self, frame: int) -> UInt8[ndarray, "height width"]:
        """The mask of a frame: 1 on the person, 0 elsewhere."""
        part, (left, top, width, height) = self.read_part(frame)
        mask = np.zeros((self.height_px, self.width_px), np.uint8)
        mask[top : top + height, left : left + width] = part
        return mask

    def read_part(self, frame: int) -> tuple[UInt8[ndarray, "rows columns"], Box]:
        """The part of a frame's mask that the file stores, and where it lies; all else is zero.

        A file need not store chunks of zeros only. The part comes as MATLAB keeps it, with columns together.
        """
        with self._translated(f"a damaged mask of frame {frame}"):
            element, storage = self._element(frame)
            start, stop = _stored_region(element, storage)
            part = np.zeros([end - begin for begin, end in zip(start, stop, strict=True)], np.uint8)
            if part.size:
                region = element.get_space()
                region.select_hyperslab(start, part.shape)
                element.read(h5py.h5s.create_simple(part.shape), region, part)
        if part.ndim == 3:  # MATLAB's third axis is HDF5's first; the release's own code takes its first plane
            part = part[0]
        return part.T, (start[-2], start[-1], part.shape[0], part.shape[1])

    def stored_bytes(self, frame: int) -> int:
        """How many bytes the file keeps for a frame's mask: few, if it is compressed, for an empty one."""
        with self._translated(f"a damaged mask of frame {frame}"):
            return int(self._element(frame)[0].get_storage_size())

    def _cells(self, file: h5py.File) -> ndarray:
        """The references to the masks."""
        cells = file.get(VARIABLE) if isinstance(file.get(VARIABLE, getlink=True), h5py.HardLink) else None
        if not isinstance(cells, h5py.Dataset) or cells.dtype != h5py.ref_dtype:
            found = f"no cell array `{VARIABLE}`, only {', '.join(sorted(file)) or 'nothing'}"
            expected = f"`{VARIABLE}`, one cell per frame"
            raise InputError(self._path, found, expected, "Give the files of Segments/mat_gt_bs")
        if math.prod(cells.shape) > _MOST_MASKS:
            raise InputError(self._path, f"{math.prod(cells.shape)} masks", "one per frame", _AGAIN)
        _storage_of(cells.id)
        return np.asarray(cells).reshape(-1)

    def _element(self, frame: int) -> tuple[h5py.h5d.DatasetID, h5py.h5p.PropDCID]:
        """The array of a frame's mask, and how it is stored."""
        element = h5py.h5r.dereference(self._references[frame], self._file.id)
        if not isinstance(element, h5py.h5d.DatasetID):
            raise ValueError("no array")
        if element.shape != self._shape:
            found = f"a mask of shape {element.shape} in frame {frame}"
            raise InputError(self._path, found, f"{self._shape}, as in frame 0", _AGAIN)
        return element, _storage_of(element)

    @contextlib.contextmanager
    def _translated(self, found: str) -> Iterator[None]:
        """Turns what h5py raises, according to where in a file the damage is, into our own error."""
        try:
            yield
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise InputError(self._path, found, "a whole file", _AGAIN) from error


def _storage_of(element: h5py.h5d.DatasetID) -> h5py.h5p.PropDCID:
    """How an array is stored: in this file, and so that reading it takes little memory.

    Raises:
        ValueError: if it is stored otherwise.
    """
    storage = element.get_create_plist()
    layout = storage.get_layout()
    if layout == h5py.h5d.VIRTUAL or storage.get_external_count():
        raise ValueError("values in another file")
    if layout == h5py.h5d.CHUNKED:
        count, chunk = math.prod(element.shape), storage.get_chunk()
        chunks = math.prod(-(-length // step) for length, step in zip(element.shape, chunk, strict=True))
        if max(math.prod(chunk), count) > _MOST_PIXELS or element.get_num_chunks() > chunks:
            raise ValueError("parts that are larger than the whole")
        # A mask of zeros and ones deflates to an eighth at most, and nothing inflates to more than a thousandfold.
        limit = 0.25 if element.get_type().get_class() == h5py.h5t.INTEGER else 8
        if storage.get_nfilters() and element.get_storage_size() > limit * count + 4096 * chunks:
            raise ValueError("values that are no compressed mask")
    return storage


def _stored_region(element: h5py.h5d.DatasetID, storage: h5py.h5p.PropDCID) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First and last index (exclusive) along each axis of what is stored: all, or the chunks that are there."""
    shape = element.shape
    start, stop = (0,) * len(shape), shape
    if storage.get_layout() == h5py.h5d.CHUNKED:
        chunk = storage.get_chunk()
        count = element.get_num_chunks()
        if count == 0:
            stop = start
        elif count < math.prod(-(-length // step) for length, step in zip(shape, chunk, strict=True)):
            origins = [element.get_chunk_info(index).chunk_offset for index in range(count)]
            start = tuple(map(min, *origins, origins[0]))
            ends = map(max, *origins, origins[0])
            stop = tuple(min(end + step, length) for end, step, length in zip(ends, chunk, shape, strict=True))
    if len(shape) == 3:
        start, stop = (0, *start[1:]), (min(1, stop[0] - start[0]), *stop[1:])
    return start, stop


@contextlib.contextmanager
def open_masks(path: Path) -> Iterator[MaskFile]:
    """Opens the masks of one view.

    Raises:
        InputError: if the file is not MATLAB v7.3, damaged, or has no cell array `Masks`.
    """
    require_file(path, "a MATLAB v7.3 file of the release")
    with path.open("rb") as stream:
        head = stream.read(1024)
    if not any(head[start : start + 8] == _HDF5 for start in (0, 512)):
        if head.startswith(b"MATLAB 5.0"):
            mend = f"Convert it in MATLAB: load it, then save(file, '-v7.3', '{VARIABLE}')"
            raise InputError(path, "a MATLAB 5 file", "MATLAB v7.3, as the release has", mend)
        found = "an empty file" if not head else "no MATLAB file"
        raise InputError(path, found, "a MATLAB v7.3 file of the release", _AGAIN)
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError) as error:
        raise InputError(path, "a damaged or cut HDF5 file", "a whole MATLAB v7.3 file", _AGAIN) from error
    with file:
        yield MaskFile(path, file)


def largest_component(mask: UInt8[ndarray, "height width"]) -> Person | None:
    """The largest 8-connected part of a mask, cut out, and its box; None if the mask is empty.

    The release's own code does the same, since its masks have specks.
    """
    by_columns = mask.flags.f_contiguous and not mask.flags.c_contiguous
    stored = mask.T if by_columns else np.ascontiguousarray(mask)  # OpenCV wants rows together
    left, top, width, height = cv2.boundingRect(stored)
    if width == 0 or height == 0:
        return None
    count, labels = cv2.connectedComponents(
        stored[top : top + height, left : left + width], connectivity=8, ltype=cv2.CV_16U
    )
    if count == 2:
        part = np.asarray(labels, np.uint8)
    else:
        best = (labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(best)
        part = best[y : y + height, x : x + width]
        left, top = left + x, top + y
    if by_columns:
        return np.asarray(cv2.transpose(part), np.uint8), (top, left, height, width)
    return part, (left, top, width, height)
