"""What can be wrong with videos: cut, short, frozen, small, a wrong bit, another view's.

Each function is the fault of its name in `faults.FAULTS`: it is given the views and returns what was done, by file.
"""

from pathlib import Path

import av
import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from preprocessing.capture.planes import Planes
from preprocessing.capture.raw_files import open_video
from preprocessing.poses import read_positions
from preprocessing.rehearsal.places import Place
from preprocessing.rehearsal.rewriting import Changes, cut, exchange, remove, rewrite
from preprocessing.video import Picture, pictures, probe

_KEPT = 0.6
_KEY_FRAMES_APART = 12


def missing_video(place: Place) -> Changes:
    return {view.video: remove(view.video) for view in place}


def empty_video(place: Place) -> Changes:
    for view in place:
        rewrite(view.video, b"")
    return {view.video: "emptied" for view in place}


def truncated_video(place: Place) -> Changes:
    for view in place:
        _remux(view.video, index_first=True)
    return {view.video: f"index put first, then {cut(view.video, _KEPT)}" for view in place}


def video_without_index(place: Place) -> Changes:
    return {view.video: f"{cut(view.video, _KEPT)}: without the index at its end" for view in place}


def short_video(place: Place) -> Changes:
    changes = {}
    for view in place:
        poses = len(read_positions(view.poses_2d, 2))
        frames = max(1, int(0.8 * poses))
        _remux(view.video, frames)
        changes[view.video] = f"written again with {frames} frames, for {poses} poses"
    return changes


def frozen_video(place: Place) -> Changes:
    for view in place:
        _freeze(view.video)
    return {
        view.video: f"written again with every {_KEY_FRAMES_APART}th frame in the place of the next" for view in place
    }


def resized_video(place: Place) -> Changes:
    changes = {}
    for view in place:
        facts = probe(view.video)
        width, height = facts.width_px // 4 * 2, facts.height_px // 4 * 2
        with open_video(view.video, width, height, round(facts.fps)) as writer:
            for picture in pictures(view.video):
                writer.append(Planes.over(_shrunk(picture, width, height)))
        changes[view.video] = (
            f"written again with {width}x{height} pixels instead of {facts.width_px}x{facts.height_px}"
        )
    return changes


def flipped_bit(place: Place) -> Changes:
    changes = {}
    for view in place:
        content = bytearray(view.video.read_bytes())
        where = len(content) // 2
        content[where] ^= 1
        rewrite(view.video, bytes(content))
        changes[view.video] = f"the lowest bit of byte {where:,} turned over"
    return changes


def swapped_videos(place: Place) -> Changes:
    one, other = place
    return exchange(one.video, other.video)


def _remux(path: Path, frames: int | None = None, index_first: bool = False) -> None:
    """Writes the compressed pictures, or the first of them, into a new container."""
    options = {"movflags": "+faststart"} if index_first else {}
    with (
        replacing(path) as temporary,
        av.open(str(path)) as source,
        av.open(str(temporary), "w", options=options) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        for packet in packets[:frames]:
            packet.stream = stream
            target.mux(packet)


def _freeze(path: Path) -> None:
    """Shows one picture out of so many until the next one is due."""
    facts = probe(path)
    with open_video(path, facts.width_px, facts.height_px, round(facts.fps)) as writer:
        shown = None
        for number, picture in enumerate(pictures(path)):
            if number % _KEY_FRAMES_APART == 0:
                shown = Planes.over(_one_array(picture.luma, picture.blue, picture.red).copy())
            assert shown is not None
            writer.append(shown)


def _shrunk(picture: Picture, width: int, height: int) -> ndarray:
    def smaller(plane: ndarray, columns: int, rows: int) -> ndarray:
        return cv2.resize(np.ascontiguousarray(plane), (columns, rows), interpolation=cv2.INTER_AREA)

    half = width // 2, height // 2
    return _one_array(smaller(picture.luma, width, height), smaller(picture.blue, *half), smaller(picture.red, *half))


def _one_array(luma: ndarray, blue: ndarray, red: ndarray) -> ndarray:
    """Three planes in one, as `Planes` has them."""
    return np.concatenate([plane.reshape(-1) for plane in (luma, blue, red)]).reshape(-1, luma.shape[1])


DAMAGE = {
    damage.__name__: damage
    for damage in (
        missing_video, empty_video, truncated_video, video_without_index, short_video, frozen_video, resized_video,
        flipped_bit, swapped_videos,
    )
}  # fmt: skip
