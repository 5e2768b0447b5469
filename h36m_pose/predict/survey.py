"""A first look over all pictures: how many there are, what the empty room may look like, whether the camera moves."""

import dataclasses
import itertools

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.predict.footage import Footage
from h36m_pose.progress import bar
from preprocessing.video import Picture

SMALL_PX = 320
"""Longer side of the pictures that motion is measured on."""

PAIR_S = 0.2
"""Between the two pictures of a pair."""

FIXED_SHARE = 0.004
"""Of the picture's longer side: how far the background of a fixed camera's pictures may seem to move."""

_LEAST_FEATURES = 12
_MOST_SAMPLES, _FEWEST_SAMPLES = 16, 8
_SAMPLE_BYTES = 100_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """What a pass over all pictures told.

    Attributes:
        frames: that can be decoded.
        width_px: of each.
        height_px: of each.
        samples: some, spread evenly, with their numbers.
        fixed: whether the camera stands still.
        why: how that is known, in words.
        problem: why there are fewer pictures than announced; empty if there are not.
        times_s: when each is shown.
    """

    frames: int
    width_px: int
    height_px: int
    samples: list[tuple[int, Picture]]
    fixed: bool
    why: str
    problem: str
    times_s: ndarray


def survey(footage: Footage, silent: bool = False) -> Survey:
    """Passes over all pictures once; memory does not grow with their number."""
    samples: list[tuple[int, Picture]] = []
    times: list[float] = []
    moves: list[float | None] = []
    step, most, width, height = 1, _MOST_SAMPLES, 0, 0
    every = max(1, round(PAIR_S * footage.fps))
    before: ndarray | None = None
    with bar(footage.frames, "look", " frame", silent=silent) as progress:
        for shot in footage.shots():
            height, width = shot.picture.luma.shape
            most = int(np.clip(_SAMPLE_BYTES // (2 * width * height), _FEWEST_SAMPLES, _MOST_SAMPLES))
            if shot.index % step == 0:
                samples.append((shot.index, shot.picture))
            if len(samples) > most:
                samples, step = samples[::2], 2 * step
            if shot.index % every == 0:
                now = small(shot.picture)
                moves += [] if before is None else [moved_px(before, now)]
                before = now
            times.append(shot.time_s)
            progress.update()
    scale = max(width, height) / min(SMALL_PX, max(width, height)) if times else 1.0
    fixed, why = _judged(moves, _between(samples), scale, max(width, height))
    return Survey(len(times), width, height, samples, fixed, why, footage.problem, np.array(times))


def small(picture: Picture) -> ndarray:
    """Luma on few pixels."""
    height, width = picture.luma.shape
    scale = min(1.0, SMALL_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture.luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def moved_px(first: ndarray, second: ndarray) -> float | None:
    """How far most of a picture went from one to another, the mean over its corners; None if it cannot be told.

    Corners are followed (Lucas & Kanade) and the similarity that most of them agree on is taken (RANSAC): people who
    move are outvoted by the room.
    """
    corners = cv2.goodFeaturesToTrack(first, 200, 0.02, 6)
    if corners is None or len(corners) < _LEAST_FEATURES:
        return None
    found, there, _ = cv2.calcOpticalFlowPyrLK(first, second, corners, np.empty_like(corners))
    kept = there.ravel() == 1
    if kept.sum() < _LEAST_FEATURES:
        return None
    transform, inliers = cv2.estimateAffinePartial2D(
        corners[kept], found[kept], method=cv2.RANSAC, ransacReprojThreshold=1.5
    )
    if transform is None or inliers.sum() < max(_LEAST_FEATURES / 2, 0.3 * kept.sum()):
        return None
    height, width = first.shape
    frame = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return float(np.linalg.norm(frame @ transform.T - frame[:, :2], axis=1).mean())


def _between(samples: list[tuple[int, Picture]]) -> list[float | None]:
    """How far the picture went from sample to sample: a slow pan shows only here."""
    views = [small(picture) for _, picture in samples]
    return [moved_px(first, second) for first, second in itertools.pairwise(views)]


def _judged(near: list[float | None], far: list[float | None], scale: float, side_px: int) -> tuple[bool, str]:
    """Whether the camera stands still, and why.

    Args:
        near: how far the background went between pictures that follow each other, in small pixels.
        far: the same between the samples.
        scale: pixels per small pixel.
        side_px: the picture's longer side.
    """
    limit_px = FIXED_SHARE * side_px
    close, apart = (np.array([move for move in moves if move is not None]) * scale for moves in (near, far))
    if not len(near) and not len(far):
        return False, "a single picture"
    if len(close) < 0.3 * len(near) and len(apart) < 0.3 * len(far):
        return True, "too little texture to tell whether the camera moves; taken as fixed"
    median, still = (
        float(np.median(close)) if len(close) else 0.0,
        float(np.mean(close <= limit_px)) if len(close) else 1.0,
    )
    drift = float(np.median(apart)) if len(apart) else median
    words = (
        f"the background moves by {median:.1f} px in {PAIR_S:g} s (median of {len(close)} pairs) and by {drift:.1f} px "
        f"between {len(far) + 1} pictures spread over the whole; up to {limit_px:.1f} px count as still"
    )
    fixed = still >= 0.8 and drift <= limit_px
    return fixed, f"{'fixed' if fixed else 'moving'} camera: {words}"
