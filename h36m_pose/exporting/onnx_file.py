"""A network as ONNX, its constants and model card in the file's metadata, and the same run by ONNX Runtime."""

import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose.atomic_files import replacing
from h36m_pose.data.dataset import CROP_PX
from h36m_pose.errors import InputError
from h36m_pose.exporting.facts import INPUT, OUTPUT
from h36m_pose.prediction import Predictor

OPSET = 20
"""Of 2023, which the runtimes in use read; nothing newer is needed."""
_INSTALL = "pip install 'h36m-pose[export]'"


def require_onnx() -> None:
    """Raises InputError if the packages that write and run ONNX are not installed."""
    for package in ("jax2onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            found = f"no package {package}"
            raise InputError("h36m-pose export", found, "it, for ONNX", f"Run {_INSTALL}, or add --no-onnx")


def write_onnx(path: Path, predictor: Predictor, constants: dict[str, Any], card: str) -> None:
    """Writes the file, atomically.

    Args:
        path: of the file.
        predictor: the loaded run.
        constants: of `facts.constants_of`, put under the key `constants` as JSON.
        card: the model card, put under the key `model_card`.
    """
    import jax2onnx

    logging.getLogger("onnx_ir.serde").setLevel(logging.ERROR)  # it warns of every intermediate shape without a type
    crops = jax.ShapeDtypeStruct(("batch", CROP_PX, CROP_PX), np.uint8)
    model = jax2onnx.to_onnx(
        lambda images: predictor.function(images)[0],
        inputs=[crops],
        model_name="h36m_pose",
        opset=OPSET,
        input_names=[INPUT],
        output_names=[OUTPUT],
    )
    for key, value in (("constants", json.dumps(constants)), ("model_card", card)):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


class OnnxNetwork:
    """An ONNX file in ONNX Runtime, on the CPU."""

    def __init__(self, path: Path):
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, crops: UInt8[ndarray, "batch 128 128"]) -> Float[ndarray, "batch 17 3"]:
        """Poses in mm."""
        poses: ndarray = self._session.run([OUTPUT], {INPUT: crops})[0]
        return poses

    @property
    def metadata(self) -> dict[str, str]:
        """What `write_onnx` put beside the network."""
        return dict(self._session.get_modelmeta().custom_metadata_map)
