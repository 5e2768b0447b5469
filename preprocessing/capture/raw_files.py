"""Writers of the release's three formats: MPEG-4 video, CDF poses, MATLAB v7.3 masks.

Video and masks are written frame by frame, so that no trial has to fit in memory. Every writer puts its file in place
only when it is whole, and the same input gives the same bytes.
"""

import contextlib
import errno
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import h5py
import numpy as np
from cdflib.cdfwrite import CDF
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from preprocessing.capture.planes import Planes

_CDF_FLOAT = 44
_QUANTISER = 3
"""MPEG-4's 1 (finest) to 31. 3 keeps a noisy 1000x1000 frame at 39 dB in 5 kB; 2 takes 9 kB for 0.7 dB more."""

_MASK_CHUNK = (250, 250)
_DEFLATE_LEVEL = 1
_USER_BLOCK_BYTES = 512


class VideoWriter:
    """Appends pictures to an open MPEG-4 file, as `open_video` gives it."""

    def __init__(self, container: av.container.OutputContainer, width_px: int, height_px: int, fps: int):
        self._container = container
        self._stream = container.add_stream("mpeg4", rate=fps)
        self._stream.width, self._stream.height = width_px, height_px
        self._stream.pix_fmt = "yuv420p"
        codec = self._stream.codec_context
        codec.qmin = codec.qmax = _QUANTISER
        # One thread: the studio keeps every core busy with processes, and slices would depend on the machine.
        codec.thread_count = 1

    def append(self, picture: Planes) -> None:
        """Encodes one more picture."""
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(picture.data, format="yuv420p")))

    def finish(self) -> None:
        """Encodes what the encoder still holds."""
        self._container.mux(self._stream.encode())


@contextlib.contextmanager
def open_video(path: Path, width_px: int, height_px: int, fps: int) -> Iterator[VideoWriter]:
    """Yields a writer of an MPEG-4 video; the file stands at `path` when the block ends without error.

    Args:
        path: ends in `.mp4`.
        width_px: even, as the chroma planes are halved.
        height_px: even.
        fps: pictures per second.
    """
    with _plain_errors(path), replacing(path) as temporary, av.open(str(temporary), "w") as container:
        writer = VideoWriter(container, width_px, height_px, fps)
        yield writer
        writer.finish()


class MaskWriter:
    """Appends masks to an open MATLAB v7.3 file, as `open_masks` gives it.

    MATLAB stores arrays by columns, so HDF5 shows each mask transposed, (width, height). Only the chunks that the
    person touches are stored; the others read as zero. Chunks are deflated here and handed over whole, which takes
    two thirds of the time of assigning a slice.
    """

    def __init__(self, file: h5py.File, width_px: int, height_px: int):
        self._elements = file.create_group("#refs#")
        self._shape = (width_px, height_px)
        self._space = h5py.h5s.create_simple(self._shape)
        self._layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        self._layout.set_chunk(_MASK_CHUNK)
        self._layout.set_deflate(_DEFLATE_LEVEL)
        self._layout.set_obj_track_times(False)
        self._scalar = h5py.h5s.create(h5py.h5s.SCALAR)
        self._full = zlib.compress(np.ones(_MASK_CHUNK, np.uint8).tobytes(), _DEFLATE_LEVEL)
        self.references: list[h5py.Reference] = []

    def append_silhouette(self, mask: UInt8[ndarray, "height width"], box: tuple[int, int, int, int]) -> None:
        """Adds a mask of zeros and ones; nothing outside `box` (left, top, right, bottom; half-open) is looked at."""
        element = self._new_element()
        for chunk, (left, top, right, bottom) in _chunks(box):
            x, y = left - chunk[0], top - chunk[1]
            part = np.zeros(_MASK_CHUNK, np.uint8)
            part[x : x + right - left, y : y + bottom - top] = mask[top:bottom, left:right].T
            element.write_direct_chunk(chunk, zlib.compress(part.tobytes(), _DEFLATE_LEVEL))

    def append_box(self, box: tuple[int, int, int, int]) -> None:
        """Adds a mask that is one inside the box (left, top, right, bottom; half-open) and zero outside."""
        element = self._new_element()
        for chunk, (left, top, right, bottom) in _chunks(box):
            if (right - left, bottom - top) == _MASK_CHUNK:
                element.write_direct_chunk(chunk, self._full)
                continue
            x, y = left - chunk[0], top - chunk[1]
            part = np.zeros(_MASK_CHUNK, np.uint8)
            part[x : x + right - left, y : y + bottom - top] = 1
            element.write_direct_chunk(chunk, zlib.compress(part.tobytes(), _DEFLATE_LEVEL))

    def _new_element(self) -> h5py.h5d.DatasetID:
        name = f"r{len(self.references):05d}".encode()
        element = h5py.h5d.create(self._elements.id, name, h5py.h5t.STD_U8LE, self._space, self._layout)
        _mark_class(element, b"uint8", self._scalar)
        self.references.append(h5py.Dataset(element).ref)
        return element


@contextlib.contextmanager
def open_masks(path: Path, width_px: int, height_px: int) -> Iterator[MaskWriter]:
    """Yields a writer of the cell array `Masks` of a MATLAB v7.3 file, one cell per frame.

    Args:
        path: ends in `.mat`.
        width_px: of every mask.
        height_px: of every mask.
    """
    with _plain_errors(path), replacing(path) as temporary:
        with h5py.File(temporary, "w", userblock_size=_USER_BLOCK_BYTES) as file:
            writer = MaskWriter(file, width_px, height_px)
            yield writer
            cells = np.empty((len(writer.references), 1), dtype=h5py.ref_dtype)
            cells[:, 0] = writer.references
            masks = file.create_dataset("Masks", data=cells)
            _mark_class(masks.id, b"cell", h5py.h5s.create(h5py.h5s.SCALAR))
        with temporary.open("r+b") as stream:
            stream.write(_matlab_header())


def write_poses(path: Path, values: Float[ndarray, "frames numbers"]) -> None:
    """Writes a CDF file with the one variable `Pose`, float32, which reads as (1, frames, numbers).

    The release's files come from MATLAB and run by columns; so do these, since a reader has to cope with it.

    Args:
        path: ends in `.cdf`.
        values: 96 numbers per frame in mm, or 64 in px; joint by joint, x, y (, z).
    """
    frames, numbers = values.shape
    # cdflib stores the bytes as they come, whatever the order that the file declares: columns first is up to us.
    by_columns = np.ascontiguousarray(values.astype(np.float32).T).reshape(1, frames, numbers)
    with _plain_errors(path), replacing(path) as temporary:
        file = CDF(temporary, cdf_spec={"Majority": "Column_major", "Compressed": 0})
        description = {
            "Variable": "Pose",
            "Data_Type": _CDF_FLOAT,
            "Num_Elements": 1,
            "Rec_Vary": True,
            "Dim_Sizes": [frames, numbers],
            "Compress": 0,
        }
        file.write_var(description, var_data=by_columns)
        file.close()


@contextlib.contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Turns the libraries' several ways of saying that a disk is full into the usual one, with the file's name."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # HDF5 says it once more, as a RuntimeError with the number in its text, when the broken file is closed.
        told = re.search(r"errno = (\d+)", str(error))
        number = error.errno if isinstance(error, OSError) else int(told[1]) if told else None
        if number not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _chunks(
    box: tuple[int, int, int, int],
) -> Iterator[tuple[tuple[int, int], tuple[int, int, int, int]]]:
    """The origins (x, y) of the chunks that a box touches, each with the part of the box that lies in it."""
    left, top, right, bottom = box
    wide, high = _MASK_CHUNK
    for x in range(left // wide * wide, right, wide):
        for y in range(top // high * high, bottom, high):
            yield (x, y), (max(left, x), max(top, y), min(right, x + wide), min(bottom, y + high))


def _mark_class(element: h5py.h5d.DatasetID, name: bytes, scalar: h5py.h5s.SpaceID) -> None:
    """Sets the attribute by which MATLAB knows the class of an array."""
    value = np.array(name)
    h5py.h5a.create(element, b"MATLAB_class", h5py.h5t.py_create(value.dtype), scalar).write(value)


def _matlab_header() -> bytes:
    """The first 128 bytes of a v7.3 file, in the block that HDF5 leaves to its user; a fixed date for equal bytes."""
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Thu Jan  1 00:00:00 2015 HDF5 schema 1.00 ."
    return text.ljust(116) + bytes(8) + b"\x00\x02IM"
