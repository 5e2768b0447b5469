"""Reads the release's videos picture by picture: frame i of a video is pose i, and the tail without poses is dropped.

PyAV with one thread is the fastest per second of processor time, and its luma plane needs no conversion to grey: the
work is spread over views, one process each.
"""

import collections
import contextlib
import dataclasses
import fractions
import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from h36m_pose.errors import InputError
from preprocessing.mp4_boxes import bytes_announced, has_spoiled_index
from preprocessing.raw_file import require_file

_AGAIN = "Unpack or copy this file again"
_PLANAR_420 = ("yuv420p", "yuvj420p")
_BOUNDS = {"max_pixels": str(2**24)}
"""Of a picture, sixteen times the release's: a spoiled header may ask for gigabytes."""

_MOST_REORDERED = 32
"""Pictures between which a video may change the order; no codec has more than 16."""


class BrokenVideo(InputError):
    """A video that cannot be decoded to its end; `good` pictures before the first that cannot are in order."""

    def __init__(self, path: str | Path, found: str, expected: str, mend: str, good: int):
        super().__init__(path, found, expected, mend)
        self.args = path, found, expected, mend, good  # for the way from one process to another
        self.good = good


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


def probe(path: Path, may_be_cut: bool = False) -> VideoFacts:
    """Reads a video's size and rate, and counts its pictures without decoding them.

    Raises:
        InputError: if it is no video, holds no picture, or, unless it may be cut, holds fewer pictures than its header
            announces: a cut file, which other readers take for a short one.
    """
    with _opened(path) as (container, stream):
        present = sum(1 for _ in _packets(container, stream))
        rate = stream.average_rate or stream.guessed_rate or fractions.Fraction(0)
        codec = stream.codec_context
        facts = VideoFacts(codec.width, codec.height, float(rate), stream.frames, present)
    cut = _cut(path)
    if (facts.present < facts.frames or cut) and not may_be_cut:
        raise InputError(path, f"{facts.present} of its {facts.frames} frames: a cut file{cut}", "all of them", _AGAIN)
    if facts.present == 0:
        raise InputError(path, "no frames", "a video", _AGAIN)
    return facts


def pictures(path: Path, frames: int | None = None) -> Iterator[Picture]:
    """Decodes the first `frames` pictures, or all.

    Raises:
        BrokenVideo: if there are fewer, or if one cannot be decoded.
        InputError: if it is no video.
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
        samples = list(_decode_alone(path, {keys[number]: number for number in wanted}))
        if samples:
            return samples
    wanted = {round(place) for place in np.linspace(0, frames - 1, most)}
    return [(number, picture.copy()) for number, picture in enumerate(pictures(path, frames)) if number in wanted]


def _key_frames(path: Path, frames: int) -> dict[int, int]:
    """Time stamps of those of the first `frames` pictures that can be decoded alone, by their number."""
    with _opened(path) as (container, stream):
        packets = [(packet.pts, packet.is_keyframe) for packet in _packets(container, stream)]
    shown = sorted((time, alone) for time, alone in packets if time is not None)
    if len(shown) < len(packets):
        return {}
    return {number: time for number, (time, alone) in enumerate(shown[:frames]) if alone}


def _decode_alone(path: Path, numbers: dict[int, int]) -> Iterator[tuple[int, Picture]]:
    """Decodes the pictures with the given time stamps, each without its neighbours, as far as the video is whole."""
    with _opened(path) as (container, stream):
        size = stream.codec_context.width, stream.codec_context.height
        stream.codec_context.skip_frame = "NONKEY"
        try:
            for packet in container.demux(stream):
                if packet.pts in numbers or not packet.size:  # the empty packet at the end sends out what is held back
                    for frame in packet.decode():
                        if isinstance(frame, av.VideoFrame) and (frame.width, frame.height) == size:
                            number = None if frame.pts is None else numbers.get(frame.pts)
                            if number is not None:
                                yield number, _planes(frame).copy()
        except av.error.FFmpegError:
            return  # whoever decodes the pictures in their order will tell


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    require_file(path, "an mp4 video")
    if has_spoiled_index(path):
        raise InputError(path, "a file whose index of frames is spoiled", "an mp4 video", _AGAIN)
    try:
        # The path is no address in a network, whatever it is called; the file no list of other files, whatever it
        # holds; and its title may be in any encoding.
        container = av.open(f"file:{path}", format="mp4", options=_BOUNDS, metadata_errors="replace")
    except av.error.FFmpegError as error:
        found = "a file that is no video, or a cut one" if path.stat().st_size else "an empty file"
        if _cut(path):
            found += f": none of its frames can be found{_cut(path)}"
        raise InputError(path, found, "an mp4 video", _AGAIN) from error
    with container:
        if not container.streams.video:
            raise InputError(path, "no pictures in it", "an mp4 video", _AGAIN)
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise InputError(path, "pictures in an unknown code", "an mp4 video", _AGAIN)
        stream.codec_context.options = _BOUNDS
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        yield container, stream


def _decoded(path: Path, frames: int | None) -> Iterator[av.VideoFrame]:
    """The pictures in the order in which they are shown, as long as each is what was filmed, as far as can be told."""
    done = 0
    waiting: dict[int, int] = {}  # packets whose pictures were not shown yet: when they are due, and where they stand
    shown: collections.deque[tuple[int, int]] = collections.deque(maxlen=_MOST_REORDERED)

    def before(place: int) -> int:
        """Pictures before the one of a packet. Those that come later in the file may have been made from it."""
        return min([done, *(index for index, later in shown if later > place)])

    with _opened(path) as (container, stream):
        size = stream.codec_context.width, stream.codec_context.height
        expected = frames or stream.frames
        try:
            for number, packet in enumerate(itertools.chain(_packets(container, stream), [None])):
                if packet is None and number < stream.frames:
                    break  # of a cut file, what the decoder holds back for the order may have gaps
                if packet is not None and packet.pts is not None and not packet.is_discard:
                    waiting[packet.pts] = number
                for frame in stream.codec_context.decode(packet):
                    place = number if frame.pts is None else waiting.pop(frame.pts, number)
                    if frame.is_corrupt:
                        raise _broken(path, before(place), expected, f", frame {done} is damaged")
                    if frame.pts is not None and min(waiting, default=frame.pts) < frame.pts:
                        lost = waiting[min(waiting)]
                        raise _broken(path, before(lost), expected, f", frame {done} gives no picture")
                    if (frame.width, frame.height) != size:
                        found = f"frame {done} of {frame.width}x{frame.height}"
                        raise BrokenVideo(path, found, f"{size[0]}x{size[1]} as before", _AGAIN, done)
                    shown.append((done, place))
                    yield frame
                    done += 1
                    if done == frames:
                        return
        except av.error.FFmpegError as error:
            raise _broken(path, done, expected) from error
        if done < expected:
            raise _broken(path, done, expected)


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """The compressed pictures in the order in which they are decoded, as far as the file goes."""
    with contextlib.suppress(av.error.FFmpegError):
        for packet in container.demux(stream):
            if packet.is_corrupt:
                return  # what is left of the last one in a cut file
            if packet.size:
                yield packet


def _broken(path: Path, good: int, frames: int, why: str = "") -> BrokenVideo:
    expected = f"{frames} frames" if frames else "a whole video"
    return BrokenVideo(path, f"only {good} frames that can be decoded{why}", expected, _AGAIN, good)


def _cut(path: Path) -> str:
    """How much of a file is there, in words to put behind others; nothing if it is not cut, or cannot be told."""
    announced = bytes_announced(path)
    return f" ({path.stat().st_size:,} of {announced:,} bytes)" if announced else ""


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
