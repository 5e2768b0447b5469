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
from h36m_pose.exporting.facts import INPUT, OUTPUT, OUTPUTS, require_network
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


def require_onnx_runtime() -> None:
    """Raises InputError if the package that runs ONNX is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        mend = f"Run {_INSTALL}, or leave --runtime out"
        raise InputError("--runtime onnx", "no package onnxruntime", "it, to run ONNX", mend)


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
        predictor.function,
        inputs=[crops],
        model_name="h36m_pose",
        opset=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS[: 3 if constants["mirror_average"] else 2]),
    )
    for key, value in (("constants", json.dumps(constants)), ("model_card", card)):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


class OnnxNetwork:
    """An ONNX file in ONNX Runtime, on the CPU.

    Attributes:
        constants: of `facts.constants_of`.

    Raises:
        InputError: if it is not there, damaged or something else.
    """

    def __init__(self, path: Path):
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        expected, mend = "an exported network", "Give a file that `h36m-pose export` of this version wrote"
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            self.constants: dict[str, Any] = json.loads(self.metadata.get("constants", "null"))
        except (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NotImplemented,
                state.NoSuchFile, state.RuntimeException, ValueError) as error:  # fmt: skip
            raise InputError(path, f"no ONNX file ({str(error).splitlines()[0][:200]})", expected, mend) from None
        takes = [
            (tuple(value.shape[1:]), value.type.removeprefix("tensor(")[:-1]) for value in self._session.get_inputs()
        ]
        require_network(path, self.constants, takes, len(self._session.get_outputs()))

    def __call__(self, crops: UInt8[ndarray, "batch 128 128"]) -> Float[ndarray, "batch 17 3"]:
        """Poses in mm."""
        poses: ndarray = self._session.run([OUTPUT], {INPUT: crops})[0]
        return poses

    def outputs(self, crops: UInt8[ndarray, "batch 128 128"]) -> list[ndarray]:
        """All that `facts.OUTPUTS` names, as far as this network has it."""
        return [np.asarray(output) for output in self._session.run(None, {INPUT: crops})]

    @property
    def metadata(self) -> dict[str, str]:
        """What `write_onnx` put beside the network."""
        return dict(self._session.get_modelmeta().custom_metadata_map)
