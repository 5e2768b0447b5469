"""What kinds of files there are: in words, and the command that makes them, where they do not tell it themselves."""

from pathlib import Path
from typing import NamedTuple

from h36m_pose.provenance import KEY
from h36m_pose.whence.containers import Held


class Kind(NamedTuple):
    """A kind of file: what it is, in words, and the command that makes it, with {run} for the run."""

    words: str
    command: str


RESULTS = Kind("the results of a test", "evaluate {run}")
PREDICTIONS = Kind("predicted and true poses of a test", "evaluate {run}")
ROBUSTNESS = Kind("what spoilt pictures cost", "robustness {run}")
TEMPORAL = Kind("predictions smoothed over time", "temporal {run}")
VIDEO = Kind("the video of a test walk", "render {run} --root RAW")
SAMPLES = Kind("the picture of four test samples", "render {run} --root RAW")
RERUN = Kind("a test walk for the Rerun viewer", "render {run} --root RAW --rerun FILE")
POSES = Kind("predicted poses of a video or of pictures", "predict SOURCE --run {run}")
OVERLAY = Kind("the video of predicted poses", POSES.command)
REPORT = Kind("the page about a run", "report {run}")
NETWORK = Kind("an exported network", "export {run}")
CARD = Kind("the model card of an exported network", "export {run}")
COMPARISON = Kind("a comparison of runs", "compare RUN RUN")
ROW = Kind("the result of a study's row", "experiments STUDY")
PAPER = Kind("tables, words or figures about runs for a paper", "paper {run}")
CHART = Kind("the chart of a study", "experiments --page-only")
SHEET = Kind("a look at what preprocessing makes of a view", "inspect RAW VIEW")
BENCH = Kind("rates of a machine", "bench")
PACK = Kind("a packed dataset", "pack DATASET")
DOMAIN = Kind("what training noted of its crops, for predict", "train finetune --run {run}")
CURVES = Kind("the learning curves of a run", "train finetune --run {run}")
OTHER = Kind("a file of h36m-pose", "VERB")

_JSON = (
    ({"identity", "metrics", "protocol"}, RESULTS),
    ({"identity", "conditions"}, ROBUSTNESS),
    ({"identity", "variants", "recipe"}, TEMPORAL),
    ({"runs", "joints_mm", "metrics"}, COMPARISON),
    ({"annotations", "categories", "checkpoint_digest"}, POSES),
    ({"study", "row", "commands"}, ROW),
    ({"rounds", KEY}, BENCH),
)
_ARRAYS = (
    ({"predicted_root_mm", "target_root_mm", "views"}, PREDICTIONS),
    ({"joints_root_mm", "mirrored_root_mm", "about"}, POSES),
    ({"components", "reference", "weights"}, DOMAIN),
    ({"features_0", "poses_0"}, TEMPORAL),
)
_COMMENTS = (
    ({"predictions_sha256", "view"}, VIDEO),
    ({"predictions_sha256"}, SAMPLES),
    ({"checkpoint_digest", "source"}, OVERLAY),
    ({"margin", "view"}, SHEET),
    ({"identity"}, ROBUSTNESS),
    ({"curves"}, CURVES),
)
_TABLES = {".json": _JSON, ".npz": _ARRAYS, ".png": _COMMENTS, ".mp4": _COMMENTS}
_PAPER = (".tex", ".pdf", ".svg")
_BY_SUFFIX = {
    ".html": REPORT, ".onnx": NETWORK, ".zip": NETWORK, ".c3d": POSES, ".rrd": RERUN, ".h36mpack": PACK
}  # fmt: skip


def kind_of(path: Path, held: Held) -> Kind | None:
    """The kind of a file; None if it says nothing that we would have said.

    Args:
        path: of the file.
        held: of `containers.held_in`.
    """
    suffix = path.suffix.lower()
    names = set(held.get("arrays", held))
    found = next((kind for needed, kind in _TABLES.get(suffix, ()) if needed <= names), None)
    record = held.get(KEY)
    if found or not isinstance(record, dict):
        if suffix in (".onnx", ".zip"):
            return NETWORK if {"weights", "dataset_fingerprint"} <= names else None
        return found or (CARD if held.get("card") else _BY_SUFFIX.get(suffix))
    if suffix in _PAPER:
        return PAPER
    if "study" in record:
        return CHART
    if "runs" in record:
        return COMPARISON
    return CARD if suffix == ".md" else _BY_SUFFIX.get(suffix, OTHER)
