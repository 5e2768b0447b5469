"""The results of a set of predictions: every metric beside two baselines, as a dictionary and as a table for people."""

import dataclasses
import json
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import baselines, metrics, skeleton
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import ViewSpan

RESULTS_FILE = "results.json"
TABLE_WIDTH = 100


@dataclasses.dataclass(frozen=True)
class Metric:
    """One way to measure: its title, unit and definition in words, and whether less of it is better."""

    title: str
    unit: str
    definition: str
    measure: Callable[[ndarray, ndarray, ndarray], float]
    less_is_better: bool = True


METRICS = {
    "mpjpe": Metric(
        "MPJPE", "mm", "mean distance over frames and joints", lambda poses, true, _: metrics.mpjpe(poses, true)
    ),
    "pa_mpjpe": Metric(
        "PA-MPJPE",
        "mm",
        "MPJPE after aligning each frame by rotation (det +1), shift and scale",
        lambda poses, true, _: metrics.pa_mpjpe(poses, true),
    ),
    "n_mpjpe": Metric(
        "N-MPJPE",
        "mm",
        "MPJPE after scaling each frame about the root",
        lambda poses, true, _: metrics.n_mpjpe(poses, true),
    ),
    "mpjve": Metric(
        "MPJVE",
        "mm/frame",
        "MPJPE of the differences between consecutive frames, within each sequence and camera",
        metrics.mpjve,
    ),
    "constancy": Metric(
        "constancy",
        "%",
        "share of pairs of consecutive frames, within each sequence and camera, whose prediction moves less than a "
        "tenth as far as the truth (mean over joints)",
        metrics.constancy,
    ),
    "pck3d": Metric(
        "PCK3D@150",
        "%",
        "share of joints with an error under 150 mm",
        lambda poses, true, _: metrics.pck3d(poses, true),
        less_is_better=False,
    ),
    "auc3d": Metric(
        "AUC 0-150",
        "%",
        "mean of PCK3D over 31 thresholds from 0 to 150 mm; perfect is 96.77",
        lambda poses, true, _: metrics.auc3d(poses, true),
        less_is_better=False,
    ),
}


def root_centred(joints_mm: Float[ndarray, "frames joints 3"]) -> Float[ndarray, "frames joints 3"]:
    """Each pose minus its own pelvis, in double precision."""
    joints_mm = np.asarray(joints_mm, np.float64)
    return joints_mm - joints_mm[:, skeleton.ROOT, None]


def summarise(
    predicted_mm: Float[ndarray, "frames 17 3"],
    target_mm: Float[ndarray, "frames 17 3"],
    spans: Sequence[ViewSpan],
    train_mean_pose_mm: Float[ndarray, "17 3"],
    protocol: str,
) -> dict[str, Any]:
    """All results of one set of predictions.

    Args:
        predicted_mm: camera-frame poses, the views one after the other. They are centred on their roots here.
        target_mm: the true poses, likewise.
        spans: what the frames belong to, in order.
        train_mean_pose_mm: the mean pose of the training subjects, a baseline.
        protocol: in words: who was tested, on what, how the pictures were cut. It is repeated with every number.

    Returns:
        What `results.json` holds under "protocol", "frames", "metrics", "per_joint", "per_subject", "per_camera" and
        "per_view". Each value stands beside those of the baselines, as {"network", "mean_pose", "zero_pose"}.
    """
    number = np.repeat(np.arange(len(spans)), [span.frames for span in spans])
    if not len(predicted_mm) == len(target_mm) == len(number):
        raise ValueError(f"{len(predicted_mm)} predicted and {len(target_mm)} true poses for {len(number)} frames")
    target = root_centred(target_mm)
    poses = {
        "network": root_centred(predicted_mm),
        "mean_pose": np.broadcast_to(root_centred(train_mean_pose_mm[None]), target.shape),
        "zero_pose": np.broadcast_to(baselines.zero_pose(), target.shape),
    }

    def measured(chosen: ndarray) -> dict[str, dict[str, float]]:
        return {
            key: {who: metric.measure(each[chosen], target[chosen], number[chosen]) for who, each in poses.items()}
            for key, metric in METRICS.items()
        }

    def by(label: Callable[[ViewSpan], str]) -> dict[str, Any]:
        labels = [label(span) for span in spans]
        groups = {}
        for name in dict.fromkeys(labels):
            chosen = np.array([each == name for each in labels])[number]
            groups[name] = {"frames": int(chosen.sum()), **measured(chosen)}
        return groups

    per_joint = {who: metrics.joint_errors(each, target).mean(0) for who, each in poses.items()}
    return {
        "protocol": protocol,
        "frames": len(target),
        "views": len(spans),
        "metrics": {
            key: {**values, "unit": METRICS[key].unit, "protocol": f"{METRICS[key].definition}; {protocol}"}
            for key, values in measured(np.ones(len(target), bool)).items()
        },
        "per_joint": {
            name: {who: float(errors[joint]) for who, errors in per_joint.items()}
            for joint, name in enumerate(skeleton.NAMES)
        },
        "per_subject": by(lambda span: span.subject),
        "per_camera": by(lambda span: span.camera_id),
        "per_view": by(lambda span: span.name),
    }


def read_results(path: Path) -> dict[str, Any]:
    """Reads a `results.json`.

    Raises:
        InputError: if it is not there or not JSON.
    """
    path = Path(path)
    mend = f"h36m-pose evaluate {path.parent}"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(path, "no file", "the results of a test", f"Run: {mend}") from None
    except ValueError:
        raise InputError(path, "damaged JSON", "the results of a test", f"Remove it and run: {mend}") from None


def format_results(results: dict[str, Any]) -> str:
    """The results as one table for people, the protocol above it."""
    lines = textwrap.wrap(f"Test on {results['frames']:,} frames, {results['protocol']}.", TABLE_WIDTH)
    lines += ["", f"{'':20}{'network':>12}{'mean pose':>12}{'zero pose':>12}{'network / mean pose':>22}"]
    for key, metric in METRICS.items():
        values = results["metrics"][key]
        share = f"{values['network'] / values['mean_pose']:.3f}" if metric.less_is_better else ""
        numbers = "".join(f"{values[who]:12.1f}" for who in ("network", "mean_pose", "zero_pose"))
        lines.append(f"{f'{metric.title} ({metric.unit})':20}{numbers}{share:>22}".rstrip())
    for title, key in (("subject", "per_subject"), ("camera", "per_camera")):
        parts = [f"{name} {group['mpjpe']['network']:.1f}" for name, group in results[key].items()]
        lines += ["", *_wrapped(f"MPJPE (mm) by {title}: ", parts)]
    parts = [f"{name} {values['network']:.1f}" for name, values in results["per_joint"].items()]
    lines += ["", *_wrapped("MPJPE (mm) by joint: ", parts)]
    return "\n".join(lines)


def _wrapped(start: str, parts: list[str]) -> list[str]:
    """`start` and the parts, comma between them, on lines that never break within a part."""
    text = start + ", ".join(part.replace(" ", "\u00a0") for part in parts)
    lines = textwrap.wrap(text, TABLE_WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]
