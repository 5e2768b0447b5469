"""A short walk filmed by the studio on small pictures, and the writing of videos from it; for tests."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera
from preprocessing.capture.anatomy import draw_person
from preprocessing.capture.body import build_body
from preprocessing.capture.clothing import draw_wardrobe
from preprocessing.capture.gait import walk
from preprocessing.capture.picture import Photographer
from preprocessing.capture.room import draw_room

SIDE, FRAMES, EVERY = 400, 15, 8
FPS = 50 / EVERY
_COARSE = 1.3


@dataclasses.dataclass(frozen=True)
class Film:
    """What one camera saw.

    Attributes:
        images: (frames, SIDE, SIDE, 3) RGB.
        masks: (frames, SIDE, SIDE), 1 on the person.
        empty: (SIDE, SIDE, 3), the room.
    """

    images: ndarray
    masks: ndarray
    empty: ndarray


@functools.cache
def film() -> Film:
    """The walk: 2.4 seconds of it, from the side."""
    person = draw_person("S9", 0)
    motion = walk(person, FRAMES * EVERY, seed=2)
    middle = motion.joints_world_mm[:, 0].mean(axis=0)
    across = motion.joints_world_mm[-1, 0] - motion.joints_world_mm[0, 0]
    side = np.array([-across[1], across[0], 0.0]) / np.linalg.norm(across)
    camera = _camera(middle + 4300 * side + (0, 0, 500), middle)
    photographer = Photographer(
        build_body(person, draw_wardrobe(person, 0), _COARSE), draw_room(5), [camera], 1, room_step=2
    )
    empty = photographer.empty()[0].image()[..., ::-1].copy()
    images, masks = [], []
    for frame, moves in enumerate(photographer.matrices(motion)[::EVERY]):
        (shot,) = photographer.draw(moves, moment=(frame,))
        images.append(shot.picture.image()[..., ::-1].copy())
        masks.append(shot.mask.copy())
    return Film(np.stack(images), np.stack(masks), empty)


def _camera(centre: ndarray, target: ndarray) -> Camera:
    forward = (target - centre) / np.linalg.norm(target - centre)
    right = np.cross(forward, (0, 0, 1.0))
    right /= np.linalg.norm(right)
    return Camera(
        rotation=np.stack([right, np.cross(forward, right), forward]),
        centre_mm=centre,
        focal_px=np.array([460.0, 459.0]),
        principal_px=np.array([203.0, 198.0]),
        radial=np.zeros(3),
        tangential=np.zeros(2),
        width_px=SIDE,
        height_px=SIDE,
    )


def write_film(path: Path, images: Sequence[ndarray] | ndarray, codec: str = "libx264", fps: int = 8) -> Path:
    """Writes RGB pictures as a video; the container follows from the name."""
    options = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if codec == "mpeg4":
            stream.codec_context.qmin = stream.codec_context.qmax = 2
        else:
            stream.options = {"preset": "ultrafast", "crf": "18", "g": "6"}
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())
    return path
