"""Sentences about settings: the grid task, the network, the optimiser, the augmentation; each follows from its values.

Settings are those of a stage's config.json, as plain nested values.
"""

from collections.abc import Iterator
from typing import Any

from h36m_pose import skeleton
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.dataset import CROP_PX
from h36m_pose.models.parameters import Arrays, named_leaves
from h36m_pose.models.parameters import count as count_parameters
from h36m_pose.models.pose_output import PARENT_TANH_MM, POSE_OUTPUTS
from h36m_pose.paper.latex import code, count, escape, listed, plain

Settings = dict[str, Any]

_RULES = {
    "point": "that holds the joint",
    "bone": "that holds more than {share} of the length of a bone that ends at the joint",
    "point_or_bone": "that holds the joint or more than {share} of the length of a bone that ends at it",
}
_NETWORKS = {
    "strided": "The network first lays squares of {stem_px} by {stem_px} pixels into channels; each of its {stages} "
    "groups is a convolution of stride 2 followed by {blocks} residual blocks of two convolutions (in this order), "
    "with layer normalisation and SiLU.",
    "jha_2015": r"Each convolution is followed by $2\times2$ max pooling, and tanh is the activation (Jha 2015).",
    "li_chan_2014": r"Pools of $3\times3$ with stride 2, ReLU and local response normalisation are those of Li and "
    "Chan (2014), with dropout after the first hidden layer; the grey picture enters as {channels} channels.",
    "resnet_18": "The network is a ResNet-18 (He et al. 2016) with one input channel and group normalisation in the "
    "place of batch normalisation.",
}
_TARGETS = {
    "mean_pose": "they are deviations from the mean training pose in units of the training deviation",
    "metres": "they are joint positions in metres",
    "parent_tanh": f"they are the place of each joint relative to its parent, {PARENT_TANH_MM:g}\\,mm times tanh",
}


def grid_words(grid: Settings) -> str:
    """What the grid task asks."""
    cells, window = grid["cells"], grid["window_px"]
    share = rf"{plain(100 * grid['bone_share'])}\,\%"
    size = f"windows of {plain(window)}/{CROP_PX} of its side, spread evenly" if window else "cells that tile it"
    rule = _RULES[grid["rule"]].format(share=share)
    return (
        f"The grid task asks for each of the {skeleton.JOINTS} joints which cells of a ${cells}\\times{cells}$ grid "
        f"over the input are positive ({size}; {count(outputs_of_grid(grid))} logits): every cell {rule}"
    )


def outputs_of_grid(grid: Settings) -> int:
    """How many logits the grid task has."""
    return int(skeleton.JOINTS * grid["cells"] ** 2)


def grid_loss_words(grid: Settings, scale: float | None) -> str:
    """The loss of the grid task; `scale` is what its mean is multiplied by, None if that is not recorded."""
    parts = "the sigmoid cross-entropy, averaged over frames, joints and cells"
    if grid["smoothing"]:
        parts += f", with labels smoothed to {plain(grid['smoothing'] / 2)} and {plain(1 - grid['smoothing'] / 2)}"
    if grid["positive_weight"] != 1:
        parts += f", positive cells counted {plain(grid['positive_weight'])} times"
    if scale is None:
        return f"{parts} and multiplied by the loss scale of the first stage, which this run did not record"
    return parts + (f" and multiplied by {plain(scale)}" if scale != 1 else "")


def network_words(model: Settings, params: Arrays) -> list[str]:
    """The network in sentences, by its name and by the shapes of its stored arrays."""
    options = {key: value for key, value in model.items() if key != "name"}
    name = model["name"]
    layers = list(_layers(params.get("convolutions", {})))
    hidden = [shape[-1] for shape in _shapes(params.get("hidden", {})) if len(shape) == 2]
    parts = [f"{count(sum(times for _, times in layers), 'convolution')} ({listed_layers(layers)})"] if layers else []
    if hidden:
        parts.append(f"{'hidden layers' if len(hidden) > 1 else 'a hidden layer'} of {_units(hidden)}")
    if name in _NETWORKS:
        filled = {key: _value(value) for key, value in options.items()} | {"stages": len(options.get("widths", []))}
        more = _NETWORKS[name].format(**filled)
    else:
        known = [code(f"{key} = {value}") for key, value in options.items()]
        more = f"The network's options are {listed(known)}." if known else ""
    outputs, learnt = int(params["head"]["kernel"].shape[-1]), count_parameters(params)
    return [
        f"The network is {code(name)}: {listed([*parts, 'a linear head'])}.",
        more,
        f"The head has {count(outputs, 'output')}, and the network in all {count(learnt, 'parameter')}.",
    ]


def _units(widths: list[int]) -> str:
    return f"{listed([count(width) for width in widths])} units"


def _value(value: Any) -> str:
    return listed([str(each) for each in value]) if isinstance(value, list) else str(value)


def listed_layers(layers: list[tuple[str, int]]) -> str:
    """Layers of convolutions in words, repeated ones once."""
    return ", ".join(f"{times} of {words}" if times > 1 else words for words, times in layers)


def _layers(convolutions: Arrays) -> Iterator[tuple[str, int]]:
    """Kernel sizes and maps of successive convolutions, alike ones counted."""
    words = [
        rf"${shape[0]}\times{shape[1]}$ to {shape[3]} maps" for shape in _shapes(convolutions) if len(shape) == 4
    ]  # fmt: skip
    while words:
        times = next((number for number, each in enumerate(words) if each != words[0]), len(words))
        yield words[0], times
        words = words[times:]


def _shapes(part: Arrays) -> list[tuple[int, ...]]:
    """Shapes of kernels from the input to the output: in the order of the layers' numbers, then of their maps."""

    def place(kernel: tuple[str, tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
        layer = kernel[0].split("/")[0]
        return int(layer) if layer.isdigit() else 0, kernel[1][-2:]

    kernels = [(name, tuple(array.shape)) for name, array in named_leaves(part) if name.endswith("kernel")]
    return [shape for _, shape in sorted(kernels, key=place)]


def optimiser_words(optim: Settings, steps: int) -> str:
    """The optimiser and its schedule over so many steps."""
    warmup = min(optim["warmup_steps"], steps // 4)  # as training shortens it
    if optim["name"] == "adamw":
        name = rf"AdamW ($\beta_1={optim['momentum']:g}$, $\beta_2={optim['beta2']:g}$"
    else:
        name = f"{escape(optim['name'].upper())} (momentum {plain(optim['momentum'])}"
    name += f", weight decay {plain(optim['weight_decay'])} of kernels alone)"
    peak = plain(optim["peak_lr"])
    if optim["schedule"] == "cosine":
        rate = f"a learning rate that falls from {peak} to 0 along a cosine"
    else:
        rate = f"a constant learning rate of {peak}"
    if warmup:
        rate += f" after a linear rise over {count(warmup, 'step')}"
    clip = f"gradients clipped to a norm of {plain(optim['clip_norm'])}" if optim["clip_norm"] else "no clipping"
    return f"{name}, {rate}, {clip}"


def length_words(group: Settings, steps: int) -> str:
    """Epochs, batches and steps of a stage."""
    return f"{count(group['epochs'], 'epoch')} ({count(steps, 'step')}) in batches of {count(group['batch_size'])}"


def averaging_words(averaging: float) -> str:
    """Whether the weights were averaged over training."""
    if not averaging:
        return "Weights were not averaged over training."
    return (
        f"The weights validated and kept are a moving average over the steps (decay {averaging:g}, with a shorter "
        "memory in the first steps)."
    )


def pose_output_words(target: str) -> str:
    """What the outputs of the regression mean."""
    return (
        f"The {POSE_OUTPUTS} outputs for the pose are {skeleton.JOINTS} joints in three dimensions; {_TARGETS[target]}"
    )


def augmentation_words(augmentation: Settings, cut: bool = False) -> str:
    """How training pictures are varied; `cut` where the network's random cut of the crop is told already."""
    how = Augmentation(**augmentation)
    parts = [
        (how.shift_px, rf"shifted by up to {plain(how.shift_px)}\,px along each axis"),
        (how.scale, rf"scaled by up to {plain(100 * how.scale)}\,\%"),
        (how.turn_degrees, rf"turned by up to {plain(how.turn_degrees)}$^\circ$"),
        (how.stretch, rf"stretched, the pose with them, by up to {plain(100 * how.stretch)}\,\% across"),
        (how.mirror, f"mirrored with probability {plain(how.mirror)}"),
        (how.gain, rf"multiplied in grey by $1\pm{how.gain:g}$"),
        (how.offset, rf"shifted in grey by up to $\pm{how.offset:g}$ of the range"),
        (how.gamma, rf"raised to a power of $e^{{\pm{how.gamma:g}}}$"),
        (how.noise, f"given pixel noise of a standard deviation of up to {plain(how.noise)} of the range"),
        (how.erase_px, rf"in every other case blanked in a rectangle of sides up to {plain(how.erase_px)}\,px"),
        (how.blur_px, rf"in every other case blurred by a Gaussian of up to {plain(how.blur_px)}\,px"),
        (how.leak_px, rf"in half of the cases masked wrongly at the rim by up to {plain(how.leak_px)}\,px"),
        (how.halves, rf"with probability {plain(how.halves)} hidden from one side by 30 to 60\,\%"),
    ]
    chosen = [words for amount, words in parts if amount]
    if not chosen:
        return f"Training pictures were not augmented{' beyond the random cut' if cut else ''}."
    return f"Training pictures were augmented at random: {listed(chosen)} (uniform distributions)."


def precision_words(precision: str) -> str:
    """The numbers that training computed with."""
    if precision == "float32":
        return "Training computed in float32."
    return f"Training computed activations below the head in {escape(precision)}, and sums, head and losses in float32."
