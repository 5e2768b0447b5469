"""Windows of consecutive frames that never cross a view's border."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.errors import InputError

KINDS = ("centred", "causal")
"""'centred': the target is the window's middle frame, half a window of later frames is needed. 'causal': its last."""


def frames_before(window: int, kind: str) -> int:
    """How many frames of a window come before its target."""
    return window - 1 if kind == "causal" else window // 2


def frames_after(window: int, kind: str) -> int:
    """How many frames of a window come after its target: the delay of what it predicts, in frames."""
    return window - 1 - frames_before(window, kind)


def padded(frames: Float[ndarray, "frames *axes"], window: int, kind: str) -> Float[ndarray, "padded *axes"]:
    """A view with its first and last frames repeated, so that each of its frames is the target of one whole window."""
    width = [(frames_before(window, kind), frames_after(window, kind))] + [(0, 0)] * (frames.ndim - 1)
    return np.pad(frames, width, mode="edge")


def check(window: int, kind: str) -> None:
    """Refuses windows that have no middle, and unknown kinds.

    Raises:
        InputError: if the window is even or below 3, or the kind is unknown.
    """
    if window < 3 or window % 2 == 0:
        raise InputError("--windows", str(window), "odd numbers of frames, 3 or more", "Choose such windows")
    if kind not in KINDS:
        raise InputError("--kinds", repr(kind), f"some of {', '.join(KINDS)}", "Choose among these")
