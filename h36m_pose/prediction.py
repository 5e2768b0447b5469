"""A trained run as something that predicts: pictures in, poses in mm out, whatever the batch size."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.data import crop_frame, pipeline
from h36m_pose.data.dataset import CROP_PX, View
from h36m_pose.data.frames import Examples
from h36m_pose.data.protocols import Split
from h36m_pose.errors import InputError
from h36m_pose.models.parameters import Arrays, Assemble, difference
from h36m_pose.models.pose_output import POSE_OUTPUTS, to_mm
from h36m_pose.models.registry import draw_model
from h36m_pose.training import checkpoint, run_folder

_BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A trained network with its checkpoint's facts.

    Attributes:
        config: the settings it was trained with, as plain values.
        train_mean_pose_mm: (17, 3), the baseline, in the camera's frame.
        split: which subjects trained, validated and test.
        dataset_fingerprint: of the dataset it was trained on.
        checkpoint_digest: tells its weights from others.
        checkpoint_step: the step they are of.
        parameters: how many numbers were learnt.
        features: how many the head sees.
        crops: the parameters that its crops were cut with; None in runs from before they were stored.
        function: what is computed, to be traced by JAX: crops (batch, 128, 128) uint8 to poses (batch, 17, 3) in mm in
            the network's own frame, and features; of a network that averages, also the poses of the mirrored crops,
            mirrored back. The weights are constants in it.
    """

    config: dict[str, Any]
    train_mean_pose_mm: Float[ndarray, "17 3"]
    split: Split
    dataset_fingerprint: str
    checkpoint_digest: str
    checkpoint_step: int
    parameters: int
    features: int
    crops: dict[str, Any] | None
    function: Callable[[jax.Array], tuple[jax.Array, ...]] = dataclasses.field(repr=False)
    _compute: Any = dataclasses.field(repr=False)

    @property
    def frame_words(self) -> str:
        """What predictions rest on besides the pixels, in words; empty for nothing."""
        if self.config["data"]["frame"] == "camera":
            return ""
        return "predicted in the crop's own frame and turned to the camera's by the crop's box and the calibration"

    def predict_view_mm(self, view: View) -> Float[ndarray, "frames 17 3"]:
        """Poses of all frames of a view in mm, camera frame, relative to the pelvis."""
        if self.config["data"]["frame"] == "camera":
            return self.predict_mm(view.images)
        return self.predict_mm(view.images, crop_frame.crop_rotations(view))

    def predict_mm(
        self, images: UInt8[ndarray, "frames height width"], rotations: Float[ndarray, "frames 3 3"] | None = None
    ) -> Float[ndarray, "frames 17 3"]:
        """Poses in mm relative to the pelvis, which is exactly 0; in the camera's frame, unless it says otherwise.

        Every picture is predicted by the same program on a batch of the same size, so that it does not matter which
        pictures it comes with.

        Args:
            images: crops of 128x128 as `h36m-pose preprocess` makes them.
            rotations: of `crop_frame.crop_rotations`, for a network that was trained with data.frame=crop. Without
                them its poses stay in the crops' own frames.
        """
        poses, _ = self.observe(images)
        return poses if rotations is None else crop_frame.turn_back(poses, rotations)

    def observe(
        self, images: UInt8[ndarray, "frames height width"]
    ) -> tuple[Float[ndarray, "frames 17 3"], Float[ndarray, "frames features"]]:
        """Poses as the network's own frame has them, and what its head saw of each picture (not of its mirror image).

        Args:
            images: see `predict_mm`.
        """
        poses, features = in_batches(self._compute, images, ((skeleton.JOINTS, 3), (self.features,)))
        return poses, features


def in_batches(
    compute: Callable[[ndarray], Sequence[Any]],
    images: UInt8[ndarray, "frames height width"],
    shapes: Sequence[tuple[int, ...]],
) -> list[ndarray]:
    """Computes on batches of always the same size, the last one filled up.

    Args:
        compute: from a batch of crops to arrays, a row for each crop.
        images: crops of 128x128.
        shapes: of one row of each array.
    """
    images = np.asarray(images)
    if images.shape[1:] != (CROP_PX, CROP_PX) or images.dtype != np.uint8:
        expected = f"(frames, {CROP_PX}, {CROP_PX}) uint8"
        raise ValueError(f"images are {images.shape} {images.dtype}, expected {expected}")
    arrays = [np.empty((len(images), *shape), np.float32) for shape in shapes]
    batch = np.zeros((_BATCH_SIZE, CROP_PX, CROP_PX), np.uint8)
    for start in range(0, len(images), _BATCH_SIZE):
        some = images[start : start + _BATCH_SIZE]
        batch[: len(some)] = some
        for array, outputs in zip(arrays, compute(batch), strict=True):
            array[start : start + len(some)] = np.asarray(outputs)[: len(some)]
    return arrays


def run_identity(run_dir: str | Path, stage: str = "finetune") -> dict[str, Any]:
    """What tells a finished stage's network from others, without loading it: stage and digest of its weights.

    Raises:
        InputError: if the stage is missing or not finished.
    """
    folder = _finished_stage(Path(run_dir), stage)
    return {"stage": stage, "weights": run_folder.read_json(folder / run_folder.FINISHED)["weights"]}


def _finished_stage(run_dir: Path, stage: str) -> Path:
    folder = run_dir / stage
    if not (folder / run_folder.FINISHED).exists():
        found = "a stage that is not finished" if (folder / run_folder.CONFIG).exists() else "no such stage"
        mend = f"Run `h36m-pose train {stage}` to its end; run again, it goes on where it stopped"
        raise InputError(folder, found, "a finished one", mend)
    return folder


def load_run(run_dir: str | Path, stage: str = "finetune", mirror_average: bool | None = None) -> Predictor:
    """Loads the weights of a finished stage that did best on validation.

    Args:
        run_dir: the run's folder.
        stage: the regression stage.
        mirror_average: whether a prediction is the mean of the picture's and its mirror image's; None for what the
            run's settings say.

    Raises:
        InputError: if the stage is missing, not finished or damaged, or if its weights are of another network.
    """
    folder = _finished_stage(Path(run_dir), stage)
    weights = run_folder.best_weights(folder)
    arrays, about = checkpoint.load(weights)
    settings = about["settings"]
    if mirror_average is not None:
        settings["finetune"]["mirror_average"] = mirror_average
    if about["stage"] != "finetune":
        raise InputError(weights, f"a network of the stage {about['stage']}", "one of finetune", "Give another stage")
    model = dict(settings["model"])
    cells = skeleton.JOINTS * settings["grid"]["cells"] ** 2
    joint = settings["finetune"].get("grid_weight")  # not there in runs from before there was joint training
    assemble, params, constants = draw_model(model.pop("name"), POSE_OUTPUTS + (cells if joint else 0), 0, **model)
    problem = difference(arrays["params"], params) or difference(arrays["constants"], constants)
    if problem:
        raise InputError(
            weights,
            f"a checkpoint of another network ({problem})",
            f"one of {settings['model']['name']}",
            "Use the version of h36m-pose that made it (see environment.json), or train again",
        )
    function, compute = functions_of(assemble, arrays, settings["finetune"])
    return Predictor(
        config=settings,
        train_mean_pose_mm=np.asarray(arrays["baseline"]["train_mean_pose_mm"]),
        split=_split_of(about["split"]),
        dataset_fingerprint=about["dataset_fingerprint"],
        checkpoint_digest=checkpoint.digest(weights),
        checkpoint_step=about["step"],
        parameters=sum(array.size for array in jax.tree.leaves(arrays["params"])),
        features=len(arrays["params"]["head"]["kernel"]),
        crops=about.get("crops"),
        function=function,
        _compute=compute,
    )


def _split_of(sides: dict[str, Any]) -> Split:
    """The split that a checkpoint tells; those from before cameras could be left out have none that were."""
    lists = {name: tuple(value) for name, value in sides.items() if name != "words"}
    return Split(**lists, words=sides["words"])


def functions_of(assemble: Assemble, arrays: Arrays, settings: dict[str, Any]):
    """From a batch of crops to poses in mm and the features that the head sees: to be traced, and compiled.

    What is to be traced also gives the poses of the mirrored crops, mirrored back, if they are averaged with.
    """
    params, constants, statistics = (
        jax.tree.map(jnp.asarray, arrays[name]) for name in ("params", "constants", "statistics")
    )
    input_px = assemble(params, constants).input_px

    def predict(params: Arrays, constants: Arrays, statistics: Arrays, images: jax.Array):
        nothing = jnp.zeros((images.shape[0], skeleton.JOINTS, 3))
        batch = pipeline.plain_batch(Examples(images, nothing[..., :2], nothing), input_px)
        network = assemble(params, constants)
        features = network.seen_by_head(batch.images)
        return to_mm(network.head(features)[:, :POSE_OUTPUTS], statistics, settings["target"]), features

    def predict_both(params: Arrays, constants: Arrays, statistics: Arrays, images: jax.Array):
        poses, features = predict(params, constants, statistics, images)
        if not settings["mirror_average"]:
            return poses - poses[:, skeleton.ROOT, None], features
        twin, _ = predict(params, constants, statistics, images[:, :, ::-1])
        twin = twin[:, skeleton.MIRRORED] * jnp.asarray([[[-1.0, 1.0, 1.0]]])
        poses = (poses + twin) / 2
        return poses - poses[:, skeleton.ROOT, None], features, twin - twin[:, skeleton.ROOT, None]

    compiled = jax.jit(lambda *numbers: predict_both(*numbers)[:2])
    numbers = (params, constants, statistics)
    return (lambda images: predict_both(*numbers, images)), (lambda images: compiled(*numbers, images))
