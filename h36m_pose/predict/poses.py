"""What a prediction comes to: poses per frame, gaps as NaN, and all that says how they came about."""

import dataclasses
import json
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from h36m_pose.errors import InputError
from h36m_pose.trust import spans_of

POSES_FILE = "poses.npz"
SCHEMA = 1

_NOT_OURS = (
    ValueError, TypeError, KeyError, AttributeError, EOFError, SyntaxError, MemoryError, NotImplementedError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclasses.dataclass(frozen=True, eq=False)
class Poses:
    """Poses of one person in the pictures of some footage; frame i of all arrays is picture i. NaN where nobody is.

    Attributes:
        joints_root_mm: as the network predicted them: millimetres, relative to the pelvis, in the camera's axes (x
            right, y down, z forward), joints as in `h36m_pose.skeleton.NAMES`.
        smoothed_root_mm: the same smoothed over time; None if that was not asked for.
        mirrored_root_mm: predicted from the mirrored crops and mirrored back: how far they differ tells how sure the
            network is.
        joints_px: the joints on the picture; the pose is placed by the silhouette's height, for drawing.
        box_px: the crop's square in the picture: left and top edge, side.
        silhouette_px: the silhouette's box: left, top, width, height.
        valid: whether there is a pose.
        time_s: when the picture is shown.
        domain_score: how strange the crop is to the network: 1 is the 99th percentile of people it was validated on;
            NaN also if that cannot be told.
        fps: pictures per second, on average.
        about: plain values: how the person was found, the camera, the run, words of warning.
    """

    joints_root_mm: Float[ndarray, "frames 17 3"]
    smoothed_root_mm: Float[ndarray, "frames 17 3"] | None
    mirrored_root_mm: Float[ndarray, "frames 17 3"]
    joints_px: Float[ndarray, "frames 17 2"]
    box_px: Float[ndarray, "frames 3"]
    silhouette_px: Float[ndarray, "frames 4"]
    valid: Bool[ndarray, "frames"]
    time_s: Float[ndarray, "frames"]
    domain_score: Float[ndarray, "frames"]
    fps: float
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.valid)

    @property
    def best_root_mm(self) -> Float[ndarray, "frames 17 3"]:
        """The smoothed poses if there are any, else those predicted: what goes into files that hold one of both."""
        return self.joints_root_mm if self.smoothed_root_mm is None else self.smoothed_root_mm

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """First and last frame of each stretch without a pose."""
        return spans_of(~self.valid)


def write_poses(path: Path, poses: Poses) -> None:
    """Writes `poses.npz`: the fields of `Poses` by their names, `about` as JSON text; atomically."""
    arrays = {field.name: getattr(poses, field.name) for field in dataclasses.fields(poses)}
    arrays = {name: value for name, value in arrays.items() if isinstance(value, ndarray)}
    about = json.dumps(poses.about, sort_keys=True, allow_nan=False)
    with replacing(path) as temporary:
        np.savez_compressed(temporary, schema=SCHEMA, fps=poses.fps, about=np.array(about), **arrays)


def read_poses(path: Path) -> Poses:
    """Reads `poses.npz` back.

    Raises:
        InputError: if it is not there, or not what `write_poses` wrote.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = [field.name for field in dataclasses.fields(Poses) if field.name not in ("fps", "about")]
            arrays: dict[str, Any] = {name: stored[name] for name in names if name in stored}
            arrays.setdefault("smoothed_root_mm", None)
            return Poses(**arrays, fps=float(stored["fps"]), about=json.loads(str(stored["about"])))
    except FileNotFoundError:
        raise InputError(path, "no file", "poses of `h36m-pose predict`", "Run: h36m-pose predict") from None
    except _NOT_OURS as error:
        mend = "Run `h36m-pose predict` again"
        raise InputError(path, f"a damaged file ({error})", "poses of `h36m-pose predict`", mend) from error
