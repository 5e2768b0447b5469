"""The poses that a network predicted for its test views, kept in one file beside its results."""

import dataclasses
import json
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import provenance
from h36m_pose.atomic_files import replacing
from h36m_pose.errors import InputError
from h36m_pose.skeleton import JOINTS

PREDICTIONS_FILE = "predictions.npz"


@dataclasses.dataclass(frozen=True)
class ViewSpan:
    """The frames of one view, all of them, among those of many."""

    subject: str
    trial: str
    camera_id: str
    frames: int

    @property
    def name(self) -> str:
        """What people are told: "S11 Walking 1.54138969"."""
        return f"{self.subject} {self.trial}.{self.camera_id}"


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted and true poses, the views one after the other.

    Attributes:
        predicted_root_mm: (frames, 17, 3), camera frame, pelvis at the origin.
        target_root_mm: likewise.
        spans: which view the frames belong to, in order.
    """

    predicted_root_mm: Float[ndarray, "frames 17 3"]
    target_root_mm: Float[ndarray, "frames 17 3"]
    spans: tuple[ViewSpan, ...]

    def by_view(self) -> Iterator[tuple[ViewSpan, slice]]:
        """Each view with the frames that are its own."""
        first = 0
        for span in self.spans:
            yield span, slice(first, first + span.frames)
            first += span.frames


def write_predictions(path: Path, predictions: Predictions, record: provenance.Record | None = None) -> None:
    """Writes the file, atomically.

    Args:
        path: of the file.
        predictions: to write.
        record: where they come from, of `provenance.record`; None for what can be told without a run.
    """
    frames = [span.frames for span in predictions.spans]
    with replacing(path) as temporary:
        np.savez(
            temporary,
            predicted_root_mm=predictions.predicted_root_mm.astype(np.float32),
            target_root_mm=predictions.target_root_mm.astype(np.float32),
            view_index=np.repeat(np.arange(len(frames)), frames).astype(np.int32),
            frame_index=np.concatenate([np.arange(count) for count in frames]).astype(np.int32),
            views=np.array(json.dumps([dataclasses.asdict(span) for span in predictions.spans])),
            whence=np.array(json.dumps(record or provenance.record())),  # its name is `provenance.KEY`
        )


def read_predictions(path: Path) -> Predictions:
    """Reads the file back.

    Raises:
        InputError: if it is not there, or not what `write_predictions` wrote.
    """
    mend = f"h36m-pose evaluate {path.parent}"
    if not path.exists():
        raise InputError(path, "no file", "the predictions of a test", f"Run: {mend}")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            spans = tuple(ViewSpan(**fields) for fields in json.loads(str(stored["views"])))
            arrays = {name: stored[name] for name in ("predicted_root_mm", "target_root_mm")}
        problem = _disagreement(arrays, spans)
    except NOT_OURS as error:
        problem = f"a damaged file ({error})"
    if problem:
        raise InputError(path, problem, "the predictions of a test", f"Remove it and run: {mend}")
    return Predictions(**arrays, spans=spans)


NOT_OURS = (
    ValueError, TypeError, KeyError, AttributeError, EOFError, SyntaxError, MemoryError, NotImplementedError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy, zipfile and json raise for a file that is cut, altered or another one altogether."""


def _disagreement(arrays: dict[str, ndarray], spans: tuple[ViewSpan, ...]) -> str | None:
    """How the arrays differ from what their views ask for; None if they fit."""
    frames = sum(span.frames for span in spans)
    for name, array in arrays.items():
        if array.shape != (frames, JOINTS, 3) or array.dtype != np.float32:
            return f"{name} of {array.dtype} {array.shape} for {frames} frames"
        if not np.isfinite(array).all():
            return f"{name} with values that are not finite"
    return None
