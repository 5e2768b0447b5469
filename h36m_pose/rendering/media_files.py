"""Reads frames of a video, and writes videos and pictures that say where they come from."""

import contextlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy import ndarray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from h36m_pose.atomic_files import replacing
from h36m_pose.errors import InputError


def read_frames(path: Path, first: int, count: int, every: int = 1) -> Iterator[ndarray]:
    """Frames `first` to `first + count` of every `every`th frame of a video, as RGB.

    Raises:
        InputError: if there is no such file, it cannot be decoded, or it ends too early.
    """
    mend = "Copy it again, or name another view with --view"
    expected = f"a video of at least {(first + count - 1) * every + 1} frames"
    if not path.is_file():
        raise InputError(path, "no file", expected, "Check --root, or name another view with --view")
    given = decoded = 0
    try:
        with av.open(str(path)) as container:
            # Counted, not sought: frame i of the video is pose i, and time stamps are not to be trusted for that.
            for number, frame in enumerate(container.decode(video=0)):
                decoded += 1
                if number < first * every or number % every:
                    continue
                yield frame.to_ndarray(format="rgb24")
                given += 1
                if given == count:
                    return
    except (av.error.InvalidDataError, IndexError) as error:
        raise InputError(path, "data that cannot be decoded", expected, mend) from error
    raise InputError(path, f"only {decoded} frames", expected, mend)


class VideoWriter:
    """Takes the frames of a video one by one; given by `new_video`."""

    def __init__(self, container: av.container.OutputContainer, stream: av.VideoStream):
        self._container, self._stream = container, stream

    def add(self, image: ndarray) -> None:
        """Appends one RGB frame."""
        # OpenCV converts five times faster than the encoder's own scaler. Its colour matrix is that of BT.601.
        planes = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).astype(np.uint8, copy=False)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.colorspace, frame.color_range = Colorspace.ITU601, ColorRange.MPEG
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Writes what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


@contextlib.contextmanager
def new_video(
    path: Path, width: int, height: int, fps: int | Fraction, title: str, comment: str
) -> Iterator[VideoWriter]:
    """Yields the writer of an mp4 that browsers play: H.264, yuv420p, its index in front.

    Args:
        path: where it will stand when the block has ended without error.
        width: even.
        height: even.
        fps: frames per second of the playback.
        title: stored in the file.
        comment: where the pictures come from; stored in the file.
    """
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        container.metadata.update({"title": title, "comment": comment})
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "superfast", "crf": "21"}
        context = stream.codec_context
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU601
        context.color_primaries = context.color_trc = 1  # of BT.709, as on every screen
        writer = VideoWriter(container, stream)
        yield writer
        writer.close()


def write_picture(path: Path, image: ndarray, title: str, comment: str) -> None:
    """Writes a PNG with its title and where it comes from, atomically."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Title", title)
    words.add_text("Comment", comment)
    with replacing(path) as temporary:
        Image.fromarray(np.ascontiguousarray(image)).save(temporary, pnginfo=words)


def comment_of(path: Path) -> dict[str, Any] | None:
    """What `new_video` or `write_picture` stored as the comment, if it is JSON; None otherwise or without a file."""
    try:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                words = picture.info.get("Comment", "")
        else:
            with av.open(str(path)) as container:
                words = container.metadata.get("comment", "")
        comment = json.loads(words)
    except (FileNotFoundError, UnidentifiedImageError, av.error.InvalidDataError, json.JSONDecodeError):
        return None
    return comment if isinstance(comment, dict) else None
