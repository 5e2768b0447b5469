"""What happens inside a trained network: the grid's probabilities, and which pixels and places move which joint.

Maps of convolution layers are Grad-CAM's (Selvaraju et al., ICCV 2017) in the form that keeps each place's own gradient
(HiResCAM, Draelos & Carin 2020): gradient times activation, summed over channels. Our networks read the last map place
by place instead of averaging it, so that averaged gradients would not tell where.
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from h36m_pose import grid, skeleton
from h36m_pose.data import pipeline
from h36m_pose.data.frames import Examples
from h36m_pose.errors import InputError
from h36m_pose.models.parameters import Arrays, Assemble, difference, named_leaves
from h36m_pose.models.pose_output import POSE_OUTPUTS, to_mm
from h36m_pose.models.registry import draw_model
from h36m_pose.training import checkpoint, run_folder

_CONVOLUTION = "conv_general_dilated"


@dataclasses.dataclass(frozen=True)
class TrainedNetwork:
    """The best weights of a stage with what puts them together.

    Attributes:
        settings: the stage's.
        arrays: of the checkpoint.
        assemble: makes the network.
        input_px: side of the pictures that it takes.
    """

    settings: dict[str, Any]
    arrays: Arrays
    assemble: Assemble
    input_px: int


@dataclasses.dataclass(frozen=True)
class GridAnswer:
    """What the grid task's network says of some crops.

    Attributes:
        inputs: what it saw.
        probabilities: of each cell, row by row.
        labels: the true cells.
        cells: along each side.
    """

    inputs: UInt8[ndarray, "frames side side"]
    probabilities: Float[ndarray, "frames 17 cells_squared"]
    labels: Bool[ndarray, "frames 17 cells_squared"]
    cells: int


@dataclasses.dataclass(frozen=True)
class Saliency:
    """Where the pose network looks.

    Attributes:
        inputs: what it saw.
        layers: names of the layers, "input" first.
        maps: per layer (frames, targets, height, width), 0 and more; the targets are the error of the pose, in mm per
            unit of grey or activation, then the place of each joint.
    """

    inputs: UInt8[ndarray, "frames side side"]
    layers: tuple[str, ...]
    maps: tuple[Float[ndarray, "frames targets _height _width"], ...]


def load_network(stage_dir: Path) -> TrainedNetwork:
    """Loads the best weights of a finished stage, whichever of the two it is.

    Raises:
        InputError: if it is not finished, damaged, or of a network that this version does not know.
    """
    weights = run_folder.best_weights(stage_dir)
    arrays, about = checkpoint.load(weights)
    settings = about["settings"]
    model = dict(settings["model"])
    outputs = len(arrays["params"]["head"]["bias"])
    assemble, params, constants = draw_model(model.pop("name"), outputs, 0, **model)
    problem = difference(arrays["params"], params) or difference(arrays["constants"], constants)
    if problem:
        mend = "Use the version of h36m-pose that made it (see environment.json), or train again"
        raise InputError(weights, f"a checkpoint of another network ({problem})", "this version's", mend)
    arrays = jax.tree.map(jnp.asarray, {name: arrays[name] for name in ("params", "constants", "statistics")})
    return TrainedNetwork(settings, arrays, assemble, assemble(arrays["params"], arrays["constants"]).input_px)


def _seen(network: TrainedNetwork, examples: Examples) -> tuple[pipeline.Batch, ndarray]:
    """The batch as the network takes it, and its pictures as they can be shown."""
    batch = pipeline.plain_batch(examples, network.input_px)
    return batch, np.round(np.asarray(batch.images[..., 0]) * 255).astype(np.uint8)


def grid_answer(network: TrainedNetwork, examples: Examples) -> GridAnswer:
    """The probabilities of the grid's cells for some crops; of a joint training the grid's part of the outputs."""
    settings = network.settings["grid"]
    cells = settings["cells"]
    batch, inputs = _seen(network, examples)

    def logits(params: Arrays, constants: Arrays, images: jax.Array) -> jax.Array:
        outputs = network.assemble(params, constants)(images)
        return outputs[:, -skeleton.JOINTS * cells**2 :]

    answer = jax.jit(logits)(network.arrays["params"], network.arrays["constants"], batch.images)
    options = {"window_px": settings["window_px"] or None, "bone_share": settings["bone_share"]}
    label = functools.partial(grid.cell_labels, cells=cells, rule=settings["rule"], **options)
    labels = jax.jit(label)(jnp.asarray(batch.joints_px))
    probabilities = np.asarray(jax.nn.sigmoid(answer)).reshape(len(inputs), skeleton.JOINTS, cells**2)
    return GridAnswer(inputs, probabilities, np.asarray(labels), cells)


def saliency(network: TrainedNetwork, examples: Examples) -> Saliency:
    """Maps of the input and of every convolution layer for some crops.

    Of the pose's error the maps are |d error / d pixel|, or |sum over channels of gradient times activation|. Of a
    joint's place they are the root of the sum of these squared over x, y and z.

    Args:
        network: of the second stage.
        examples: crops with true poses in the frame that the network predicts in.
    """
    batch, inputs = _seen(network, examples)
    truth = jnp.asarray(batch.joints_root_mm)

    def poses(params: Arrays, images: jax.Array) -> jax.Array:
        outputs = network.assemble(params, network.arrays["constants"])(images)
        mm = to_mm(outputs[:, :POSE_OUTPUTS], network.arrays["statistics"], network.settings["finetune"]["target"])
        return mm - mm[:, skeleton.ROOT, None]

    probed = _with_probes(poses, network.arrays["params"], batch.images)

    def scalar(images: jax.Array, probes: list[jax.Array], weights: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
        """The error times the first weight plus all coordinates times the others, summed over the frames."""
        mm, activations = probed.compute(images, probes)
        error = jnp.sqrt(jnp.sum((mm - truth) ** 2, axis=-1) + 1e-6).mean()
        return (error * weights[0] + jnp.sum(mm.reshape(len(mm), -1) @ weights[1:])) * 1.0, activations

    slopes = jax.jit(jax.grad(scalar, argnums=(0, 1), has_aux=True))
    zeros = [jnp.zeros(shape, jnp.float32) for shape in probed.shapes]
    squares = [
        np.zeros((len(inputs), 1 + skeleton.JOINTS, *shape[1:3]), np.float32)
        for shape in (batch.images.shape, *probed.shapes)
    ]
    for number, weights in enumerate(np.eye(1 + POSE_OUTPUTS, dtype=np.float32)):
        target = 0 if number == 0 else 1 + (number - 1) // 3
        (of_images, of_probes), activations = slopes(batch.images, zeros, weights)
        maps = [of_images[..., 0], *(jnp.sum(g * a, -1) for g, a in zip(of_probes, activations, strict=True))]
        for total, each in zip(squares, maps, strict=True):
            total[:, target] += np.square(np.asarray(each, np.float32))
    return Saliency(inputs, ("input", *probed.names), tuple(np.sqrt(each) for each in squares))


@dataclasses.dataclass(frozen=True)
class _Probed:
    """A function whose convolutions can be added to.

    Attributes:
        compute: from images and one array per convolution, added to its outputs, to the result and the outputs.
        shapes: of the convolutions' outputs.
        names: of the convolutions, with what they give.
    """

    compute: Callable[[jax.Array, list[jax.Array]], tuple[jax.Array, list[jax.Array]]]
    shapes: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]


def _with_probes(function: Callable[[Arrays, jax.Array], jax.Array], params: Arrays, images: jax.Array) -> _Probed:
    """Opens a function of parameters and images at its convolutions, whatever network it is of.

    Its steps are traced once and then computed one by one, so that networks need no hooks.
    """
    closed = jax.make_jaxpr(function)(params, images)
    jaxpr = closed.jaxpr
    leaves = jax.tree.leaves(params)
    paths = {id(leaf): name for name, leaf in named_leaves(params)}
    kernels = {variable: paths[id(leaf)] for variable, leaf in zip(jaxpr.invars, leaves, strict=False)}
    found = [step for step in jaxpr.eqns if step.primitive.name == _CONVOLUTION]

    def compute(images: jax.Array, probes: list[jax.Array]) -> tuple[jax.Array, list[jax.Array]]:
        values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
        values |= dict(zip(jaxpr.invars, [*leaves, images], strict=True))
        outputs: list[jax.Array] = []
        for step in jaxpr.eqns:
            inputs = [each.val if isinstance(each, Literal) else values[each] for each in step.invars]
            bound = step.primitive.get_bind_params(step.params)
            functions, options = bound if isinstance(bound, tuple) else ((), bound)  # JAX before 0.10 gives both
            result = step.primitive.bind(*functions, *inputs, **options)
            if step.primitive.name == _CONVOLUTION:
                result = result + probes[len(outputs)].astype(result.dtype)
                outputs.append(result)
            values |= dict(zip(step.outvars, result if step.primitive.multiple_results else [result], strict=True))
        (answer,) = jaxpr.outvars
        return values[answer], outputs

    shapes = tuple(tuple(step.outvars[0].aval.shape) for step in found)
    names = []
    for number, (step, shape) in enumerate(zip(found, shapes, strict=True), 1):
        path = kernels.get(step.invars[1], "").removeprefix("convolutions/").removesuffix("/kernel").replace("/", ".")
        names.append(
            f"convolution {number}{f' ({path})' if path else ''}: {shape[1]} by {shape[2]}, {shape[3]} channels"
        )
    return _Probed(compute, shapes, tuple(names))
