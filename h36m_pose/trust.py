"""A look at predicted poses without the true ones: which frames cannot be right?

Each check measures one number per frame and flags the frames where it is beyond a limit. The limits are set so that the
true poses of recorded and synthetic walks pass (`tests/test_trust.py` holds walks of the studio to that); a frame
without a flag may still be wrong. Frames that hold no pose (not a number) are never flagged, and nothing is compared
across them.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.signal import savgol_coeffs

from h36m_pose.skeleton import BONES, JOINTS, MIRRORED, NAMES, ROOT

Poses = Float[ndarray, "frames 17 3"]
Values = Float[ndarray, "frames"]


@dataclasses.dataclass(frozen=True)
class Check:
    """What is measured of each frame.

    Attributes:
        code: its stable name in files.
        words: what is wrong with a flagged frame.
        unit: of the number and its limit.
        limit: a frame is flagged beyond it.
        hint: what usually lies behind it.
    """

    code: str
    words: str
    unit: str
    limit: float
    hint: str


CHECKS = (
    Check("bone_length", "a bone is longer or shorter than in the rest of the sequence", "%", 25.0,
          "depth is guessed wrong, often where a limb points at the camera"),
    Check("asymmetry", "a limb is not as long as the same limb of the other side", "%", 30.0,
          "one side is hidden, or its depth is guessed wrong"),
    Check("knee", "a knee bends forward, or further than a knee can", "degrees", 25.0,
          "left and right, or front and back, may be confused"),
    Check("elbow", "a forearm lies in its upper arm", "degrees", 155.0, "the wrist is not seen"),
    Check("neck", "the head hangs below the neck", "degrees", 100.0, "the picture may be upside down or cut"),
    Check("twist", "the shoulders are turned against the hips", "degrees", 75.0,
          "front and back are confused for half of the body"),
    Check("jitter", "the pose shakes about its own smooth course", "mm", 25.0,
          "single frames differ; smoothing over time helps if their mean is right"),
    Check("jump", "the pose changes faster than a person moves", "m/s", 5.0,
          "front and back change places, or another person was taken"),
    Check("frozen", "the pose stands still while time goes on", "mm/s", 2.0, "the same picture again and again"),
    Check("mirror", "the mirrored picture gives another pose", "mm", 80.0,
          "the network is unsure; such frames err more than others"),
)  # fmt: skip
"""All checks. Every limit is an upper one, but that of `frozen`."""

_BY_CODE = {check.code: check for check in CHECKS}
_LIMBS = (((1, 2), (4, 5)), ((2, 3), (5, 6)), ((14, 15), (11, 12)), ((15, 16), (12, 13)))
"""Thighs, shanks, upper arms and forearms: right and left."""
_SHORT_BONE_MM = 150.0
"""Bones shorter than this are judged as if they were so long: a centimetre more or less is no sign."""
_KNEE_FOLDED = 150.0
_SMOOTH_SECONDS = 0.2
_FROZEN_SECONDS = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class TrustResult:
    """What the checks found.

    Attributes:
        values: by code, the number of each frame; not a number where there is none.
        flagged: by code, the frames beyond the limit.
        frames: how many there are; `poses`: how many of them hold a pose.
    """

    values: dict[str, Values]
    flagged: dict[str, Bool[ndarray, "frames"]]
    frames: int
    poses: int

    @property
    def any_flag(self) -> Bool[ndarray, "frames"]:
        """The frames with one flag or more."""
        return np.any(list(self.flagged.values()), axis=0) if self.flagged else np.zeros(self.frames, bool)

    def lines(self) -> list[str]:
        """For people: one line in all, then one per check that flags something."""
        flagged = int(self.any_flag.sum())
        lines = [f"trust check without ground truth: {flagged} of {self.poses} poses flagged"]
        for code, frames in self.flagged.items():
            if frames.any():
                check, share = _BY_CODE[code], 100 * frames.sum() / max(self.poses, 1)
                worst = np.nanmin(self.values[code]) if code == "frozen" else np.nanmax(self.values[code])
                where = spans_in_words(frames)
                lines.append(f"  {code}: {check.words} ({share:.0f} %, worst {worst:.0f} {check.unit}); {where}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values: per check its limit, the median and worst number, and the flagged frames counted from 0."""
        return {"frames": self.frames, "poses": self.poses, "flagged_frames": int(self.any_flag.sum())} | {
            "checks": {code: self._check_json(code) for code in self.values}
        }

    def _check_json(self, code: str) -> dict[str, Any]:
        check, values = _BY_CODE[code], self.values[code]
        known = values[np.isfinite(values)]
        worst = None if not len(known) else float(known.min() if code == "frozen" else known.max())
        return {
            "words": check.words, "unit": check.unit, "limit": check.limit, "hint": check.hint,
            "median": round(float(np.median(known)), 3) if len(known) else None,
            "worst": None if worst is None else round(worst, 3),
            "flagged": np.flatnonzero(self.flagged[code]).tolist(),
        }  # fmt: skip


def check(joints_mm: Poses, fps: float, mirrored_mm: Poses | None = None, averaged: bool = False) -> TrustResult:
    """Measures all checks on the consecutive frames of one person.

    Args:
        joints_mm: poses in mm, in any frame of reference that stays the same but for where the root is; frames without
            a pose are not a number.
        fps: frames per second.
        mirrored_mm: what the mirrored pictures gave, mirrored back; without it `mirror` is left out.
        averaged: whether the poses are means of the pictures' own and those: the two are then twice as far apart.
    """
    joints = np.asarray(joints_mm, np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (JOINTS, 3):
        raise ValueError(f"joints are {joints.shape}, expected (frames, {JOINTS}, 3)")
    joints = joints - joints[:, ROOT, None]
    there = np.isfinite(joints).all(axis=(1, 2))
    joints[~there] = np.nan
    values: dict[str, Values] = {code: measure(joints) for code, measure in _OF_A_POSE.items()}
    values |= {code: measure(joints, fps) for code, measure in _OVER_TIME.items()}
    if mirrored_mm is not None:
        other = np.asarray(mirrored_mm, np.float64)
        distance = np.linalg.norm(joints - (other - other[:, ROOT, None]), axis=-1)
        values["mirror"] = distance.mean(axis=1) * (2 if averaged else 1)
    with np.errstate(invalid="ignore"):
        flagged = {code: number > _BY_CODE[code].limit for code, number in values.items() if code != "frozen"}
        still = values["frozen"] < _BY_CODE["frozen"].limit
    flagged["frozen"] = _long_runs(still, max(2, round(_FROZEN_SECONDS * fps)))
    order = [each.code for each in CHECKS if each.code in values]
    return TrustResult({code: values[code] for code in order}, {code: flagged[code] for code in order},
                       len(joints), int(there.sum()))  # fmt: skip


def mirror_back(joints_mm: Poses) -> Poses:
    """The pose in the picture as it was, of one predicted for its mirror image: sides change names, x its sign."""
    return joints_mm[:, MIRRORED] * np.array([-1.0, 1.0, 1.0], joints_mm.dtype)


def spans_of(marked: Bool[ndarray, "frames"]) -> list[tuple[int, int]]:
    """First and last frame of each stretch that is marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


def spans_in_words(frames: Bool[ndarray, "frames"], most: int = 5) -> str:
    """ "frames 3, 10 to 14": where a flag is set, counted from 0; the longest spans first if there are too many."""
    spans = spans_of(frames)
    shown = sorted(sorted(spans, key=lambda span: span[0] - span[1])[:most])
    words = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in shown)
    rest = len(spans) - len(shown)
    return (
        ("frame " if len(spans) == 1 and spans[0][0] == spans[0][1] else "frames ")
        + words
        + (f" and {rest} more places" if rest else "")
    )


def bone_lengths(joints_mm: Poses) -> Float[ndarray, "frames 16"]:
    """Lengths in mm in the order of `skeleton.BONES`."""
    parents, children = np.array(BONES).T
    return np.linalg.norm(joints_mm[:, children] - joints_mm[:, parents], axis=-1)


def worst_bone(joints_mm: Poses) -> tuple[str, float]:
    """The bone whose length varies most, by its two joints, and its standard deviation in percent of its median."""
    lengths = bone_lengths(joints_mm[np.isfinite(joints_mm).all(axis=(1, 2))])
    median = np.maximum(np.median(lengths, axis=0), _SHORT_BONE_MM)
    spread = 100 * lengths.std(axis=0) / median
    parent, child = BONES[int(spread.argmax())]
    return f"{NAMES[parent]} to {NAMES[child]}", float(spread.max())


def _bone_length(joints: Poses) -> Values:
    lengths = bone_lengths(joints)
    there = np.isfinite(lengths).all(axis=1)
    if not there.any():
        return np.full(len(joints), np.nan)
    median = np.median(lengths[there], axis=0)
    return 100 * np.max(np.abs(lengths - median) / np.maximum(median, _SHORT_BONE_MM), axis=1)


def _asymmetry(joints: Poses) -> Values:
    sides = [[np.linalg.norm(joints[:, end] - joints[:, start], axis=1) for start, end in limb] for limb in _LIMBS]
    return np.max([200 * np.abs(right - left) / (right + left) for right, left in sides], axis=0)


def _knee(joints: Poses) -> Values:
    """Degrees past straight of the worse knee; 0 for one that is bent, from the limit on for one folded too far."""
    to_the_right = joints[:, 1] - joints[:, 4]
    worst = []
    for hip, knee, ankle in ((1, 2, 3), (4, 5, 6)):
        thigh, shank = _unit(joints[:, knee] - joints[:, hip]), joints[:, ankle] - joints[:, knee]
        forward = _unit(np.cross(to_the_right, thigh))
        bend = np.rad2deg(np.arctan2(_dot(shank, forward), _dot(shank, thigh)))
        past_folded = _angle(thigh, shank) - _KNEE_FOLDED + _BY_CODE["knee"].limit
        worst.append(np.maximum(np.where(bend > 0, bend, past_folded), 0.0))
    return np.max(worst, axis=0)


def _elbow(joints: Poses) -> Values:
    arms = ((11, 12, 13), (14, 15, 16))
    return np.max([_angle(joints[:, b] - joints[:, a], joints[:, c] - joints[:, b]) for a, b, c in arms], axis=0)


def _neck(joints: Poses) -> Values:
    return _angle(joints[:, 8] - joints[:, 0], joints[:, 10] - joints[:, 8])


def _twist(joints: Poses) -> Values:
    """Degrees between hips and shoulders, both seen along the spine."""
    spine = _unit(joints[:, 8] - joints[:, 0])
    axes = [joints[:, right] - joints[:, left] for right, left in ((1, 4), (14, 11))]
    flat = [axis - _dot(axis, spine)[:, None] * spine for axis in axes]
    return _angle(flat[0], flat[1])


def _jitter(joints: Poses, fps: float) -> Values:
    """Mean distance in mm of the joints from a parabola through the frames of a fifth of a second around each."""
    window = max(5, 2 * round(_SMOOTH_SECONDS * fps / 2) + 1)
    found = np.full(len(joints), np.nan)
    if len(joints) >= window:
        middle = slice(window // 2, len(joints) - window // 2)
        frames = np.lib.stride_tricks.sliding_window_view(joints, window, axis=0)
        smooth = frames @ savgol_coeffs(window, 2, use="dot")
        found[middle] = np.linalg.norm(joints[middle] - smooth, axis=-1).mean(axis=1)
    return found


def _jump(joints: Poses, fps: float) -> Values:
    return _mean_steps(joints) * fps / 1000.0


def _frozen(joints: Poses, fps: float) -> Values:
    return _mean_steps(joints) * fps


def _mean_steps(joints: Poses) -> Values:
    """Mean distance in mm of the joints from where they were a frame before; none for the first frame."""
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=1)
    return np.concatenate([np.full(min(1, len(joints)), np.nan), steps])


def _long_runs(marked: Bool[ndarray, "frames"], least: int) -> Bool[ndarray, "frames"]:
    """Of the marked frames, those in runs of at least so many."""
    kept = np.zeros(len(marked), bool)
    for first, last in spans_of(marked):
        kept[first : last + 1] = last + 1 - first >= least
    return kept


def _unit(vectors: Float[ndarray, "frames 3"]) -> Float[ndarray, "frames 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _dot(one: Float[ndarray, "frames 3"], other: Float[ndarray, "frames 3"]) -> Values:
    return np.einsum("fi,fi->f", one, other)


def _angle(one: Float[ndarray, "frames 3"], other: Float[ndarray, "frames 3"]) -> Values:
    return np.rad2deg(np.arccos(np.clip(_dot(_unit(one), _unit(other)), -1.0, 1.0)))


_OF_A_POSE: dict[str, Callable[[Poses], Values]] = {
    "bone_length": _bone_length, "asymmetry": _asymmetry, "knee": _knee, "elbow": _elbow, "neck": _neck,
    "twist": _twist,
}  # fmt: skip
_OVER_TIME: dict[str, Callable[[Poses, float], Values]] = {"jitter": _jitter, "jump": _jump, "frozen": _frozen}
