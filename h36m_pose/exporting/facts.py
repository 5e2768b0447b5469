"""What an exported network must carry besides its weights: how its input is made and what its output means."""

from pathlib import Path
from typing import Any

from h36m_pose import skeleton
from h36m_pose.data.dataset import CROP_PX, MANIFEST
from h36m_pose.prediction import Predictor
from h36m_pose.summary import RESULTS_FILE, read_results
from h36m_pose.training import run_folder

INPUT, OUTPUT = "crops", "poses_mm"


def constants_of(predictor: Predictor, run_dir: Path) -> dict[str, Any]:
    """What a program needs to know that runs the network without this project; plain JSON values.

    Args:
        predictor: the loaded run.
        run_dir: its folder.
    """
    manifest = _manifest_of(run_dir)
    in_crop_frame = predictor.config["data"]["frame"] == "crop"
    turning = (
        "Poses are in the crop's frame: of a camera that looks straight at the crop's middle. With the ray (x, y, 1) "
        "of that middle in the camera's frame, z' = ray / |ray|, x' = (z'_z, 0, -z'_x) / norm, y' = z' cross x'; a "
        "pose in the camera's frame is x * x' + y * y' + z * z'."
    )
    return {
        "input": {
            "name": INPUT,
            "shape": ["batch", CROP_PX, CROP_PX],
            "dtype": "uint8",
            "meaning": "grey crops of one person each, 0 outside the person's silhouette",
        },
        "output": {
            "name": OUTPUT,
            "shape": ["batch", skeleton.JOINTS, 3],
            "dtype": "float32",
            "meaning": "joints in mm relative to the pelvis; x right, y down, z away from the camera",
            "frame": turning if in_crop_frame else "Poses are in the camera's frame.",
        },
        "joints": list(skeleton.NAMES),
        "parents": list(skeleton.PARENTS),
        "mirror_average": bool(predictor.config["finetune"]["mirror_average"]),
        "preprocessing": manifest.get("parameters", {}),
        "synthetic": manifest.get("synthetic"),
        "weights": predictor.checkpoint_digest,
        "dataset_fingerprint": predictor.dataset_fingerprint,
    }


def _manifest_of(run_dir: Path) -> dict[str, Any]:
    """The manifest of the dataset that the run was trained on; empty if the dataset is gone."""
    environment = run_folder.read_json(run_dir / "finetune" / run_folder.ENVIRONMENT)
    manifest = Path(environment.get("dataset", "")) / MANIFEST
    return dict(run_folder.read_json(manifest)) if manifest.is_file() else {}


def results_of(run_dir: Path, predictor: Predictor) -> dict[str, Any] | None:
    """The test results of these very weights; None if they were not tested."""
    if not (run_dir / RESULTS_FILE).exists():
        return None
    results = read_results(run_dir / RESULTS_FILE)
    return results if results["identity"].get("weights") == predictor.checkpoint_digest else None
