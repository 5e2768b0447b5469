"""Single-image 3D human pose on Human3.6M: train it, measure it, watch it walk."""

import os
import pathlib
import typing

if typing.TYPE_CHECKING:
    from h36m_pose.predict.workflow import VideoPredictor

__version__ = "0.1.0"


def load(run: "str | os.PathLike[str]", runtime: str = "stablehlo") -> "VideoPredictor":
    """Loads a trained run, or its export, for pictures of any origin; nothing heavy is imported before.

        predictor = h36m_pose.load("runs/demo")
        poses = predictor("walk.mp4")  # or an array (frames, height, width, 3), uint8 RGB
        poses.joints_root_mm           # (frames, 17, 3), NaN where nobody was found

    Args:
        run: the run's folder, or that of its export.
        runtime: of an export, "stablehlo" or "onnx".

    Raises:
        InputError: if the run is not trained to the end, or if the export is damaged.
    """
    from h36m_pose.predict.workflow import load as load_predictor

    return load_predictor(pathlib.Path(run), runtime)
