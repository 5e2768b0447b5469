"""An exported network made ready for pictures from outside, without the run that it came from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy import ndarray

from h36m_pose import provenance, skeleton, trust
from h36m_pose.domain import read_domain
from h36m_pose.errors import InputError
from h36m_pose.exporting import folder as exported_folder
from h36m_pose.exporting.onnx_file import OnnxNetwork, require_onnx_runtime
from h36m_pose.exporting.stablehlo import ExportedNetwork, read_stablehlo
from h36m_pose.predict.network import Network, crop_parameters, load_network
from h36m_pose.prediction import in_batches


def open_network(folder: str | Path, runtime: str = "stablehlo") -> Network:
    """Loads a run, or a folder that `h36m-pose export` wrote.

    Args:
        folder: of either.
        runtime: what runs an exported network: "stablehlo" (JAX) or "onnx" (ONNX Runtime).

    Raises:
        InputError: if it is neither, damaged, or cannot be used.
    """
    folder = Path(folder)
    if runtime not in exported_folder.RUNTIMES:
        expected = f"one of {', '.join(exported_folder.RUNTIMES)}"
        raise InputError("--runtime", repr(runtime), expected, "Choose one of these")
    if exported_folder.is_export(folder):
        return _load_exported(folder, runtime)
    if runtime != "stablehlo":
        mend = f"Export it: h36m-pose export {folder}; or leave --runtime out"
        raise InputError(folder, "a run", f"an exported network, for --runtime {runtime}", mend)
    return load_network(folder)


def _load_exported(folder: Path, runtime: str) -> Network:
    if runtime == "onnx":
        require_onnx_runtime()
    path, compared = exported_folder.whole_file(folder, exported_folder.RUNTIMES[runtime])
    network = OnnxNetwork(path) if runtime == "onnx" else read_stablehlo(path)
    facts = network.constants
    try:
        parameters, crop_words = crop_parameters(facts["preprocessing"], path)
    except (TypeError, ValueError) as error:
        mend = "Export the run again"
        raise InputError(path, f"crop parameters that are none ({error})", "those of training", mend) from None
    notes = exported_folder.domain_file(folder)
    domain = read_domain(notes, facts["weights"]) if notes else None
    if domain is None:
        domain_words = "cannot be told from this exported network: no notes on the training's crops came with it"
    else:
        domain_words = f"{domain.crops:,}, noted in the export"
    return Network(
        run=folder,
        predict=_predicting(network),
        facts={
            "model": facts["model"],
            "checkpoint_digest": facts["weights"],
            "checkpoint_step": facts["step"],
            "dataset_fingerprint": facts["dataset_fingerprint"],
            "mirror_average": facts["mirror_average"],
            "frame_of_the_network": facts["frame"],
        },
        whence=provenance.of_results(facts),
        parameters=parameters,
        crop_words=crop_words.replace("checkpoint", "exported network"),
        domain=domain,
        domain_words=domain_words,
        origin=f"exported, {path.name}; by its model card it differs from the run by {compared or 'nobody knows what'}",
    )


def _predicting(
    network: OnnxNetwork | ExportedNetwork,
) -> Callable[[ndarray], tuple[ndarray, ndarray, ndarray]]:
    """What `Network.predict` is to be."""
    shapes = ((skeleton.JOINTS, 3), (network.constants["features"],), (skeleton.JOINTS, 3))
    averages = network.constants["mirror_average"]

    def predict(crops: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        poses, features, *twins = in_batches(network.outputs, crops, shapes if averages else shapes[:2])
        if averages:
            return poses, twins[0], features
        mirrored, _ = in_batches(network.outputs, np.ascontiguousarray(crops[:, :, ::-1]), shapes[:2])
        return poses, trust.mirror_back(mirrored), features

    return predict
