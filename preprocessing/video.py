"""Reads the release's videos picture by picture: frame i of a video is pose i, and the tail without poses is dropped.

PyAV with one thread is the fastest per second of processor time, and its luma plane needs no conversion to grey: the
work is spread over views, one process each.
"""

import contextlib
import dataclasses
import fractions
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from h36m_pose.errors import InputError

_AGAIN = "Unpack or copy this file again"
_PLANAR_420 = ("yuv420p", "yuvj420p")


@dataclasses.dataclass(frozen=True)
class VideoFacts:
    """What a video's container says of it; `present` is counted.

    Attributes:
        width_px: columns.
        height_px: rows.
        fps: frames per second.
        frames: as the container's header says; 0 if it does not.
        present: pictures whose bytes are in the file.
    """

    width_px: int
    height_px: int
    fps: float
    frames: int
    present: int


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture; its planes lie in the decoder's own memory, which lives as long as they do.

    Attributes:
        luma: one value per pixel.
        blue: chroma, half as many columns and rows.
        red: the same.
        full_range: whether luma runs from 0 to 255, not from 16 to 235.
    """

    luma: UInt8[ndarray, "height width"]
    blue: UInt8[ndarray, "half_height half_width"]
    red: UInt8[ndarray, "half_height half_width"]
    full_range: bool

    def copy(self) -> "Picture":
        """The same picture in memory of its own."""
        return Picture(self.luma.copy(), self.blue.copy(), self.red.copy(), self.full_range)

    def cut(self, left: int, top: int, right: int, bottom: int) -> "Picture":
        """A part of the picture; all four are even, as chroma has half the columns and rows."""
        half = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
        return Picture(self.luma[top:bottom, left:right], self.blue[half], self.red[half], self.full_range)


def probe(path: Path) -> VideoFacts:
    """Reads a video's size and rate, and counts its pictures without decoding them.

    Raises:
        InputError: if it is no video, or holds fewer pictures than its header announces: a cut file, which other
            readers take for a short one.
    """
    with _opened(path) as (container, stream):
        present = 0
        try:
            for packet in container.demux(stream):
                present += bool(packet.size) and not packet.is_corrupt
        except av.error.FFmpegError:
            pass  # the count tells
        rate = stream.average_rate or stream.guessed_rate or fractions.Fraction(0)
        codec = stream.codec_context
        facts = VideoFacts(codec.width, codec.height, float(rate), stream.frames, present)
    if facts.present < facts.frames:
        raise InputError(path, f"{facts.present} of its {facts.frames} frames: a cut file", "all of them", _AGAIN)
    if facts.present == 0:
        raise InputError(path, "no frames", "a video", _AGAIN)
    return facts


def pictures(path: Path, frames: int | None = None) -> Iterator[Picture]:
    """Decodes the first `frames` pictures, or all.

    Raises:
        InputError: if there are fewer, or if one cannot be decoded; it says how many could be.
    """
    for frame in _decoded(path, frames):
        yield _planes(frame)


def color_frames(path: Path, frames: int | None = None) -> Iterator[UInt8[ndarray, "height width 3"]]:
    """Decodes the first `frames` pictures, or all, to blue, green, red; raises as `pictures` does."""
    for frame in _decoded(path, frames):
        yield frame.to_ndarray(format="bgr24")


def sample_pictures(path: Path, frames: int, most: int) -> list[tuple[int, Picture]]:
    """At most `most` of the first `frames` pictures, spread evenly, each with its number.

    Pictures that can be decoded alone are preferred: finding them costs little. If there are fewer than half of what is
    asked for, the video is decoded from its beginning.
    """
    keys = _key_frames(path, frames)
    most = min(most, frames)
    if 2 * len(keys) >= most:
        numbers = sorted(keys)
        wanted = {numbers[round(place)] for place in np.linspace(0, len(numbers) - 1, min(most, len(numbers)))}
        return list(_decode_alone(path, {keys[number]: number for number in wanted}))
    wanted = {round(place) for place in np.linspace(0, frames - 1, most)}
    return [(number, picture.copy()) for number, picture in enumerate(pictures(path, frames)) if number in wanted]


def _key_frames(path: Path, frames: int) -> dict[int, int]:
    """Time stamps of those of the first `frames` pictures that can be decoded alone, by their number."""
    with _opened(path) as (container, stream):
        try:
            packets = [(packet.pts, packet.is_keyframe) for packet in container.demux(stream) if packet.size]
        except av.error.FFmpegError as error:
            raise _broken(path, 0, frames) from error
    if any(time is None for time, _ in packets):
        return {}
    shown = sorted((time, alone) for time, alone in packets if time is not None)
    return {number: time for number, (time, alone) in enumerate(shown[:frames]) if alone}


def _decode_alone(path: Path, numbers: dict[int, int]) -> Iterator[tuple[int, Picture]]:
    """Decodes the pictures with the given time stamps, each without its neighbours."""
    with _opened(path) as (container, stream):
        stream.codec_context.skip_frame = "NONKEY"
        try:
            for packet in container.demux(stream):
                if packet.pts in numbers or not packet.size:  # the empty packet at the end sends out what is held back
                    for frame in packet.decode():
                        if isinstance(frame, av.VideoFrame) and frame.pts in numbers:
                            yield numbers[frame.pts], _planes(frame).copy()
        except av.error.FFmpegError as error:
            raise _broken(path, 0, None) from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    with path.open("rb"):
        pass  # a file that is absent or not ours to read is an OSError of its own
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        found = "an empty file" if path.stat().st_size == 0 else "a file that is no video, or a cut one"
        raise InputError(path, found, "an mp4 video", _AGAIN) from error
    with container:
        if not container.streams.video:
            raise InputError(path, "no pictures in it", "an mp4 video", _AGAIN)
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        yield container, stream


def _decoded(path: Path, frames: int | None) -> Iterator[av.VideoFrame]:
    done = 0
    with _opened(path) as (container, stream):
        size = stream.codec_context.width, stream.codec_context.height
        try:
            for frame in container.decode(stream):
                if (frame.width, frame.height) != size:
                    found = f"frame {done} of {frame.width}x{frame.height}"
                    raise InputError(path, found, f"{size[0]}x{size[1]} as before", _AGAIN)
                yield frame
                done += 1
                if done == frames:
                    return
        except av.error.FFmpegError as error:
            raise _broken(path, done, frames or stream.frames) from error
        if done < (frames or stream.frames):
            raise _broken(path, done, frames or stream.frames)


def _broken(path: Path, done: int, frames: int | None) -> InputError:
    expected = f"{frames} frames" if frames else "a whole video"
    return InputError(path, f"only {done} frames that can be decoded", expected, _AGAIN)


def _planes(frame: av.VideoFrame) -> Picture:
    full_range = frame.format.name.startswith("yuvj") or frame.color_range == av.video.reformatter.ColorRange.JPEG
    if frame.format.name not in _PLANAR_420:
        frame = frame.reformat(format="yuv420p")
        full_range = False
    luma, blue, red = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return Picture(luma, blue, red, full_range)
