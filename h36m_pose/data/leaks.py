"""Are test frames among the training frames? Then no error measured on them means anything.

Splits are by subject, but folders can be copied, renamed and merged. The original's test set held rows of a training
subject; nobody noticed for years, because nothing looked.
"""

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from h36m_pose.data.dataset import View

_POSE_STEP_MM = 0.1
"""Poses that agree after rounding to this, in all joints, are of one moment and one camera."""
_FEW = 3


@dataclasses.dataclass(frozen=True)
class Leak:
    """Test frames that were trained or validated on.

    Attributes:
        frames: how many of the tested ones.
        tested: how many are tested.
        examples: some of them, in words.
    """

    frames: int
    tested: int
    examples: tuple[str, ...]


def find_leak(learnt: Sequence[View], tested: Sequence[View]) -> Leak | None:
    """The tested frames whose crop, or whose pose, is that of a frame that was learnt from; None if there is none.

    Poses all of whose joints are on the pelvis count as no pose.

    Args:
        learnt: views that train or validate.
        tested: views that test.
    """
    wanted = {key for view in tested for _, _, key in _keys(view)}
    seen: dict[bytes, str] = {}
    for view in learnt:
        for frame, _, key in _keys(view):
            if key in wanted:
                seen.setdefault(key, f"{view.name} frame {frame}")
    leaked: dict[str, str] = {}
    for view in tested if seen else ():
        for frame, kind, key in _keys(view):
            if key in seen:
                leaked.setdefault(f"{view.name} frame {frame}", f"the {kind} of {seen[key]}")
    if not leaked:
        return None
    examples = [f"{place} has {words}" for place, words in list(leaked.items())[:_FEW]]
    return Leak(len(leaked), sum(view.frames for view in tested), tuple(examples))


def _keys(view: View) -> Iterator[tuple[int, str, bytes]]:
    """Of each frame: its number, "crop" or "pose", and what tells it from others."""
    poses = np.round(np.asarray(view.joints_root_mm, np.float64) / _POSE_STEP_MM).astype(np.int32)
    for frame in range(view.frames):
        image = np.ascontiguousarray(view.images[frame])
        if image.any():
            yield frame, "crop", b"c" + hashlib.sha256(image.data).digest()[:12]
        if poses[frame].any():
            yield frame, "pose", b"p" + hashlib.sha256(poses[frame].tobytes()).digest()[:12]
