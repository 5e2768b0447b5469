"""Where pictures come from: a video, a folder of pictures, one picture, or an array; always a stream, never a heap.

A `Shot` is one picture with its time. Its planes are those of `preprocessing.video.Picture`, since crops are made from
luma as in preprocessing. Sides that are odd lose their last column or row, as chroma has half of both.
"""

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import av
import cv2
import numpy as np
from numpy import ndarray
from PIL import Image, ImageOps, UnidentifiedImageError

from h36m_pose.errors import InputError
from preprocessing.mp4_boxes import bytes_announced
from preprocessing.video import Picture

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
FOLDER_FPS = 25.0
"""Of pictures in a folder, unless it is told."""

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf,gif,h264,hevc,m4v,mpegvideo,mjpeg,ivf,mxf"
"""Containers that hold their pictures themselves; lists of other files are not followed."""

_OPTIONS = {"format_whitelist": _FORMATS, "max_pixels": str(2**26)}
_LEAST_SIDE_PX = 32
_COPY = "Copy the file again, or convert it: ffmpeg -i FILE new.mp4"


@dataclasses.dataclass(frozen=True, eq=False)
class Shot:
    """One picture of some footage.

    Attributes:
        index: its number, from 0.
        time_s: when it is shown.
        picture: luma and chroma, sides even.
        rgb: gives it as (height, width, 3) uint8.
    """

    index: int
    time_s: float
    picture: Picture
    rgb: Callable[[], ndarray]


@runtime_checkable
class Footage(Protocol):
    """What can be predicted on.

    Attributes:
        name: what people are told.
        fps: pictures per second.
        frames: how many are announced; 0 if nothing is.
        problem: after a pass over the shots, why there were fewer than announced; empty if there were not.
    """

    name: str
    fps: float
    frames: int
    problem: str

    def shots(self) -> Iterator[Shot]:
        """All pictures in their order; may be called again."""
        ...


def open_footage(source: str | Path | ndarray, fps: float | None = None) -> Footage:
    """Opens a video, a folder of pictures, one picture, or an array.

    Args:
        source: a path, or (frames, height, width, 3) uint8 RGB.
        fps: pictures per second of a folder or an array; a video knows its own.

    Raises:
        InputError: if it is none of these, or empty.
    """
    if isinstance(source, ndarray):
        if source.ndim != 4 or source.shape[-1] != 3 or source.dtype != np.uint8 or not len(source):
            found = f"an array of {source.dtype} {source.shape}"
            raise InputError("frames", found, "(frames, height, width, 3) uint8, RGB", "Stack the pictures like this")
        return ArrayFootage(source, fps or FOLDER_FPS)
    path = Path(source)
    if path.is_dir():
        return PictureFootage(path, pictures_in(path), fps or FOLDER_FPS)
    if not path.is_file():
        expected = "a video, a folder of pictures, or a picture"
        raise InputError(path, "no such file or folder", expected, "Correct the name")
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return PictureFootage(path, [path], fps or FOLDER_FPS)
    return VideoFootage(path)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order in which a person counts: 2 before 10.

    Raises:
        InputError: if there are none.
    """
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.name[0] != "."]
    if not found:
        expected = f"files that end in {', '.join(PICTURE_SUFFIXES)}"
        raise InputError(folder, "no pictures", expected, "Name the folder that holds the pictures themselves")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", path.name)]


def read_picture(path: Path) -> ndarray:
    """A picture as RGB, turned as its camera noted.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        with Image.open(path, formats=_PICTURE_FORMATS) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        found = "an empty file" if path.is_file() and not path.stat().st_size else "a file that is no whole picture"
        raise InputError(path, found, "a picture such as PNG or JPEG", "Copy it again, or remove it") from error


def picture_of(rgb: ndarray) -> Picture:
    """Luma and chroma of a picture, as every video has them: BT.601, luma 16 to 235."""
    height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
    planes = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb[:height, :width]), cv2.COLOR_RGB2YUV_I420), np.uint8)
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    return Picture(planes[:height], chroma[0], chroma[1], False)


def _require_size(path: str | Path, height: int, width: int) -> None:
    if min(height, width) < _LEAST_SIDE_PX:
        expected = f"{_LEAST_SIDE_PX} pixels or more on both sides"
        raise InputError(path, f"pictures of {width}x{height}", expected, "Give the original pictures")


class ArrayFootage:
    """Pictures of an array."""

    def __init__(self, frames: ndarray, fps: float):
        _require_size("frames", *frames.shape[1:3])
        self.name, self.fps, self.frames, self.problem = "an array", fps, len(frames), ""
        self._array = frames

    def shots(self) -> Iterator[Shot]:
        """See `Footage`."""
        for index, rgb in enumerate(self._array):
            yield Shot(index, index / self.fps, picture_of(rgb), functools.partial(np.asarray, rgb))


class PictureFootage:
    """Pictures in files of their own."""

    def __init__(self, path: Path, paths: list[Path], fps: float):
        self.name, self.fps, self.frames, self.problem = str(path), fps, len(paths), ""
        self.paths = paths

    def shots(self) -> Iterator[Shot]:
        """See `Footage`; raises InputError if a picture cannot be read or is of another size than the first."""
        first: tuple[int, ...] | None = None
        for index, path in enumerate(self.paths):
            rgb = read_picture(path)
            first = first or rgb.shape
            _require_size(path, *rgb.shape[:2])
            if rgb.shape != first:
                found, expected = (f"{shape[1]}x{shape[0]} pixels" for shape in (rgb.shape, first))
                raise InputError(path, found, f"{expected}, as {self.paths[0].name}", "Give pictures of one size")
            yield Shot(index, index / self.fps, picture_of(rgb), functools.partial(np.asarray, rgb))


class VideoFootage:
    """A video in any container and code that PyAV knows, turned as its file says.

    Raises:
        InputError: if it cannot be opened or holds no pictures.
    """

    def __init__(self, path: Path):
        self.name, self.problem, self._path = str(path), "", path
        with self._opened() as container:
            stream = container.streams.video[0]
            self.fps = float(stream.average_rate or stream.guessed_rate or FOLDER_FPS)
            seconds = float(container.duration or 0) / av.time_base
            self.frames = stream.frames or round(seconds * self.fps)
            self._exact = stream.frames > 0

    def shots(self) -> Iterator[Shot]:
        """See `Footage`; ends before the first picture that cannot be decoded."""
        done, why, start_s = 0, "", None
        size: tuple[int, int] | None = None
        with self._opened() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            decoded = container.decode(stream)
            while True:
                try:
                    frame = next(decoded)
                except StopIteration:
                    break
                except av.error.FFmpegError:
                    why = "the data after them cannot be decoded"
                    break
                size = size or (frame.width, frame.height)
                if frame.is_corrupt or (frame.width, frame.height) != size:
                    why = "the next one is damaged" if frame.is_corrupt else "the next one is of another size"
                    break
                _require_size(self._path, frame.height, frame.width)
                start_s = frame.time if start_s is None else start_s
                time_s = done / self.fps if frame.time is None or start_s is None else frame.time - start_s
                yield Shot(done, time_s, _turned_planes(frame), functools.partial(_turned_rgb, frame))
                done += 1
        self.problem = self._missing(done, why)

    def _missing(self, done: int, why: str) -> str:
        """Why there are fewer pictures than announced; empty if there are not."""
        announced = bytes_announced(self._path)
        size = f" ({self._path.stat().st_size:,} of {announced:,} bytes)" if announced else ""
        # Only a count is exact: a duration may include a second of sound after the last picture.
        fewer = (self._exact and done < self.frames) or done < 0.9 * self.frames - self.fps
        if not (why or size or fewer):
            return ""
        of = f" of {self.frames}" if self.frames > done else ""
        return f"{done}{of} frames: a cut or damaged file{size}" + (f", {why}" if why else "")

    def _opened(self) -> av.container.InputContainer:
        expected = "a video, a folder of pictures, or a picture"
        try:
            container = av.open(f"file:{self._path}", options=_OPTIONS, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            found = "a file that is no video, or a cut one" if self._path.stat().st_size else "an empty file"
            raise InputError(self._path, found, expected, _COPY) from error
        if not container.streams.video or container.streams.video[0].codec_context is None:
            container.close()
            raise InputError(self._path, "no pictures in it that can be decoded", expected, _COPY)
        return container


def _quarter_turns(frame: av.VideoFrame) -> int:
    """By how many quarter turns, counter-clockwise, the file wants its pictures shown."""
    return round(frame.rotation / 90) % 4


def _turned_rgb(frame: av.VideoFrame) -> ndarray:
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), _quarter_turns(frame)))


def _turned_planes(frame: av.VideoFrame) -> Picture:
    """Luma and chroma in memory of their own."""
    full_range = frame.format.name.startswith("yuvj") or frame.color_range == av.video.reformatter.ColorRange.JPEG
    planar = frame
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        planar, full_range = frame.reformat(format="yuv420p"), False
    height, width = frame.height // 2 * 2, frame.width // 2 * 2
    planes = []
    for plane, step in zip(planar.planes, (1, 2, 2), strict=True):
        values = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        cut = values[: height // step, : width // step]
        planes.append(np.ascontiguousarray(np.rot90(cut, _quarter_turns(frame))).copy())
    luma, blue, red = planes
    return Picture(luma, blue, red, full_range)


def first_shots(footage: Footage, count: int) -> Iterator[Shot]:
    """The first `count` pictures."""
    return itertools.islice(footage.shots(), count)
