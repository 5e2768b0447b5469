"""Records a camera into a video, each picture at the time when it came."""

import contextlib
import dataclasses
import math
import signal
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from h36m_pose.errors import InputError
from h36m_pose.progress import bar
from h36m_pose.training.interruption import Interruption

_TICKS = 90_000
"""Per second, of the time stamps."""

_NOMINAL_FPS = 30
_QUALITY = "12"
"""Of H.264: no difference is seen; 0 would be lossless at ten times the size."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """What was recorded.

    Attributes:
        path: of the video.
        times_s: when each picture came, from the first on.
        why_ended: in words; empty if the time was up.
    """

    path: Path
    times_s: list[float]
    why_ended: str

    @property
    def words(self) -> str:
        """How much there is, at which measured rate."""
        count, seconds = len(self.times_s), self.times_s[-1]
        rate = f"{seconds:.1f} s at {(count - 1) / seconds:.2f} pictures a second" if count > 1 else "one picture"
        return f"{count} pictures, {rate}, as measured" + (f"; {self.why_ended}" if self.why_ended else "")


def path_beside(out: Path | None) -> Path:
    """Where a recording goes: beside the folder of the results, or here under the time of day.

    Raises:
        InputError: if there is a file.
    """
    path = Path(time.strftime("webcam-%Y%m%d-%H%M%S.mp4")) if out is None else out.with_name(f"{out.name}.mp4")
    if path.exists():
        raise InputError(path, "a file", "nothing yet, to record into", "Move it away, or give another --out")
    return path


def record(device: str, path: Path, seconds: float, silent: bool = False) -> Recording:
    """Records until the time is up, the camera ends, or Ctrl-C is pressed; the video is whole in each case.

    Args:
        device: number of the camera, or what else OpenCV opens: a path or an address.
        path: of the video, an mp4 with H.264.
        seconds: how long.
        silent: show no progress.

    Raises:
        InputError: if there is no camera, or if it gives no pictures.
    """
    times: list[float] = []
    why = ""
    with (
        Interruption() as interruption,
        _opened(device) as (capture, picture),
        bar(math.ceil(seconds), "record", " s", silent=silent) as progress,
        replacing(path) as temporary,
        av.open(str(temporary), "w") as container,
    ):
        stream = container.add_stream("libx264", rate=_NOMINAL_FPS)
        stream.height, stream.width = (side // 2 * 2 for side in picture.shape[:2])
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast", "crf": _QUALITY}
        stream.codec_context.time_base = Fraction(1, _TICKS)
        started = now = time.monotonic()
        ticks = -1
        while True:
            ticks = max(round((now - started) * _TICKS), ticks + 1)
            times.append(ticks / _TICKS)
            container.mux(stream.encode(_frame_of(picture[: stream.height, : stream.width], ticks)))
            progress.update(min(int(times[-1]), progress.total) - progress.n)
            if interruption.signal_number:
                why = "ended by Ctrl-C"
                break
            if times[-1] >= seconds:
                break
            there = capture.grab()
            now = time.monotonic()
            there, picture = capture.retrieve() if there else (False, picture)
            if not there:
                why = f"the camera ended before the {seconds:g} s were up"
                break
        container.mux(stream.encode(None))
    if interruption.signal_number == signal.SIGTERM:
        sys.exit(interruption.exit_status)
    return Recording(path, times, why)


def _frame_of(picture: ndarray, ticks: int) -> av.VideoFrame:
    """A picture of OpenCV's, blue first, with its time."""
    planes = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2YUV_I420)
    frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), format="yuv420p")
    frame.pts, frame.time_base = ticks, Fraction(1, _TICKS)
    return frame


@contextlib.contextmanager
def _opened(device: str) -> Iterator[tuple[cv2.VideoCapture, ndarray]]:
    """An open camera and its first picture; what OpenCV would say of its attempts is not shown."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        capture = cv2.VideoCapture(int(device)) if device.isdigit() else cv2.VideoCapture(device)
    finally:
        cv2.utils.logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            others = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
            expected = f"one; this machine has {others or 'no /dev/video*'}" if sys.platform == "linux" else "one"
            mend = "Plug one in, or name another with --device"
            raise InputError("webcam", f"no camera at device {device}", expected, mend)
        there, picture = capture.read()
        if not there:
            mend = "Close other programmes that use it, or name another with --device"
            raise InputError("webcam", f"no pictures from device {device}", "a camera that gives some", mend)
        yield capture, picture
    finally:
        capture.release()
