"""What an exported network must carry besides its weights: how its input is made and what its output means."""

from pathlib import Path
from typing import Any

from h36m_pose import provenance, skeleton
from h36m_pose.data.dataset import CROP_PX, MANIFEST
from h36m_pose.errors import InputError
from h36m_pose.prediction import Predictor
from h36m_pose.summary import RESULTS_FILE, read_results
from h36m_pose.training import run_folder

INPUT = "crops"
OUTPUTS = ("poses_mm", "features", "mirrored_poses_mm")
"""By their places; a network that does not average with mirror images has no third."""
OUTPUT = OUTPUTS[0]


def constants_of(predictor: Predictor, run_dir: Path) -> dict[str, Any]:
    """What a program needs to know that runs the network without this project; plain JSON values.

    Args:
        predictor: the loaded run.
        run_dir: its folder.
    """
    manifest = _manifest_of(run_dir)
    frame = predictor.config["data"]["frame"]
    averaged = bool(predictor.config["finetune"]["mirror_average"])
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
            "frame": turning if frame == "crop" else "Poses are in the camera's frame.",
        },
        "further_outputs": {
            OUTPUTS[1]: f"(batch, {predictor.features}) float32, what the last layer sees of each crop",
            **({OUTPUTS[2]: "poses of the mirrored crops, mirrored back: half of each mean"} if averaged else {}),
        },
        "joints": list(skeleton.NAMES),
        "parents": list(skeleton.PARENTS),
        "model": predictor.config["model"]["name"],
        "frame": frame,
        "features": predictor.features,
        "mirror_average": averaged,
        "preprocessing": predictor.crops or manifest.get("parameters", {}),
        "synthetic": manifest.get("synthetic"),
        "weights": predictor.checkpoint_digest,
        "step": predictor.checkpoint_step,
        "dataset_fingerprint": predictor.dataset_fingerprint,
        provenance.KEY: provenance.record(**provenance.of_run(run_dir)),
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


_NEEDED = {
    "weights": str, "step": int, "model": str, "frame": str, "features": int, "mirror_average": bool,
    "preprocessing": dict, "dataset_fingerprint": str,
}  # fmt: skip
"""Of the constants, by the types of their values, what `h36m-pose predict` needs."""


def require_network(path: Path, constants: Any, takes: list[tuple[tuple[int, ...], str]], outputs: int) -> None:
    """Raises InputError unless a file that was read is an exported network of ours.

    Args:
        path: of the file.
        constants: what it carries.
        takes: shape of one row and type of each of its inputs.
        outputs: how many it gives.
    """
    mend = "Give one that `h36m-pose export` of this version wrote"
    wrong = (
        [name for name, kind in _NEEDED.items() if not isinstance(constants.get(name), kind)]
        if isinstance(constants, dict)
        else list(_NEEDED)
    )
    if wrong:
        raise InputError(path, f"nothing of its {wrong[0]}", "a network with the constants that belong to it", mend)
    if takes != [((CROP_PX, CROP_PX), "uint8")] or outputs != (3 if constants["mirror_average"] else 2):
        expected = f"a network from crops of {CROP_PX}x{CROP_PX} uint8 to {', '.join(OUTPUTS)}"
        raise InputError(path, f"a network from {takes} to {outputs} outputs", expected, mend)
