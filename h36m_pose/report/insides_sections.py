"""The sections that look inside the networks: the first stage's grid, and maps of what the second looks at."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.data import crop_frame
from h36m_pose.data.frames import Examples
from h36m_pose.report.frames import Frame, median_frames, worst_frames
from h36m_pose.report.material import Material
from h36m_pose.report.network_insides import grid_answer, load_network, saliency
from h36m_pose.report.pictures import png_uri
from h36m_pose.report.section import Section, missing, packed, text

_MAP_PX = 64
"""Finer maps are averaged to this, which also calms the input's."""

_BRIGHTEST = 99.7
"""Percentile of a map that is drawn at full brightness."""

_SHOWN_FIRST = 8
"""The last layer with at least so many places along a side is shown at first."""

_FIRST_JOINT = skeleton.NAMES.index("right wrist")

_WHICH = "Below: two ordinary frames, then the two worst, with the error of the whole predicted pose."

GRID_TITLE, MAPS_TITLE = "Where it thinks each joint is", "What it looks at"


def shown_frames(material: Material) -> list[Frame]:
    """The frames that both sections show: two ordinary ones and the two worst."""
    return [*median_frames(material, 2), *worst_frames(material, 2)]


def grid_section(material: Material) -> Section:
    """The grid's probabilities over the picture; of a joint training those of its one stage."""
    stage = _stage_with_grid(material)
    if stage is None:
        command = f"h36m-pose train pretrain --run {material.run_dir}, with --experiment and --dataset"
        return missing("grid", GRID_TITLE, "The first stage, which learns this, was not trained in this run.", command)
    frames = shown_frames(material)
    network = load_network(material.run_dir / stage)
    answer = grid_answer(network, _examples(frames, in_crop_frame=False))
    shown = [
        {
            "words": frame.words,
            "picture": png_uri(answer.inputs[number]),
            "probabilities": packed(answer.probabilities[number] * 255, "u1"),
            "labels": packed(answer.labels[number], "u1"),
        }
        for number, frame in enumerate(frames)
    ]
    data = {"cells": answer.cells, "names": list(skeleton.NAMES), "frames": shown}
    joints = _joint_options(_FIRST_JOINT)
    body = f"""
<p>The first stage cuts the picture into {answer.cells}&times;{answer.cells} cells and says for each of the 17 joints
how likely it is that the joint, or a good part of a bone that ends at it, lies in the cell. The fuller the colour, the
surer it is. White frames are the true cells. {_WHICH}</p>
<div class="row"><label>Joint <select id="grid-joint">
<option value="all">all: the surest joint of each cell</option>{joints}</select></label></div>
<div class="cards small" id="grid-frames">{_canvases("grid", frames)}</div><ul class="legend" id="grid-legend"></ul>"""
    return Section("grid", GRID_TITLE, body, data)


def _stage_with_grid(material: Material) -> str | None:
    first, second = material.stages.get("pretrain"), material.stages.get("finetune")
    if first is not None and first.finished:
        return "pretrain"
    joint = second is not None and second.finished and second.config["settings"]["finetune"].get("grid_weight")
    return "finetune" if joint else None


def maps_section(material: Material) -> Section:
    """Maps of the input and of every convolution layer, for each joint and for the pose's error."""
    stage = material.stages.get("finetune")
    if stage is None or not stage.finished:
        command = f"h36m-pose train finetune --run {material.run_dir}, with --experiment and --dataset"
        return missing("maps", MAPS_TITLE, "There is no trained network in this run.", command)
    frames = shown_frames(material)
    network = load_network(material.run_dir / "finetune")
    found = saliency(network, _examples(frames, stage.config["settings"]["data"]["frame"] == "crop"))
    layers = [
        {
            "name": name,
            "height": (small := _reduced(maps)).shape[2],
            "width": small.shape[3],
            "maps": [packed(_brightness(small[number]), "u1") for number in range(len(frames))],
        }
        for name, maps in zip(found.layers, found.maps, strict=True)
    ]
    pictures = [png_uri(image) for image in found.inputs]
    data = {"layers": layers, "frames": [{"picture": uri} for uri in pictures]}
    shown = max(number for number, each in enumerate(layers) if each["height"] >= _SHOWN_FIRST or number == 0)
    names = "".join(
        f'<option value="{number}"{" selected" if number == shown else ""}>{text(each["name"])}</option>'
        for number, each in enumerate(layers)
    )
    body = f"""
<p>Bright places are those whose change would move the answer most. For the input: by how much the chosen joint would
move if this pixel became a little lighter. For a layer: where in the picture that layer's findings bear on the joint
most (Grad-CAM, with each place's own gradient). Early layers are fine-grained, late ones coarse; each map is scaled
to its own brightest place. A map tells where the network looks, not whether it is right. Around the person the input is
black: bright spots there are places where a light pixel would be taken for a part of the body. {_WHICH}</p>
<div class="row"><label>Layer <select id="maps-layer">{names}</select></label>
<label>For <select id="maps-target"><option value="0">the error of the whole pose</option>
{_joint_options(_FIRST_JOINT, first=1)}</select></label></div>
<div class="cards small" id="maps-frames">{_canvases("maps", frames)}</div>"""
    return Section("maps", MAPS_TITLE, body, data)


def _examples(frames: Sequence[Frame], in_crop_frame: bool) -> Examples:
    poses = []
    for frame in frames:
        pose = np.asarray(frame.view.joints_root_mm[frame.number : frame.number + 1])
        rotation = crop_frame.crop_rotations(frame.view)[frame.number, None] if in_crop_frame else np.eye(3)[None]
        poses.append(crop_frame.turn(pose, rotation)[0])
    return Examples(
        np.stack([frame.view.images[frame.number] for frame in frames]),
        np.stack([frame.view.joints_px[frame.number] for frame in frames]),
        np.stack(poses),
    )


def _joint_options(chosen: int, first: int = 0) -> str:
    return "".join(
        f'<option value="{number + first}"{" selected" if number == chosen else ""}>{text(name)}</option>'
        for number, name in enumerate(skeleton.NAMES)
    )


def _canvases(kind: str, frames: Sequence[Frame]) -> str:
    return "".join(
        f'<figure class="card"><canvas id="{kind}-{number}" width="256" height="256" role="img" '
        f'aria-label="{text(frame.words)}"></canvas><figcaption><strong>{frame.error_mm:.0f} mm</strong> '
        f"{text(frame.words)}</figcaption></figure>"
        for number, frame in enumerate(frames)
    )


def _reduced(maps: Float[ndarray, "frames targets height width"]) -> Float[ndarray, "frames targets rows columns"]:
    """Maps of at most `_MAP_PX` pixels a side, by averaging."""
    height, width = maps.shape[2:]
    if max(height, width) <= _MAP_PX:
        return maps
    flat = maps.reshape(-1, height, width)
    small = np.stack([cv2.resize(each, (_MAP_PX, _MAP_PX), interpolation=cv2.INTER_AREA) for each in flat])
    return small.reshape(*maps.shape[:2], _MAP_PX, _MAP_PX)


def _brightness(maps: Float[ndarray, "targets height width"]) -> Float[ndarray, "targets height width"]:
    """Each map from 0 to 255 by itself."""
    brightest = np.percentile(maps, _BRIGHTEST, axis=(1, 2), keepdims=True)
    return 255 * np.clip(maps / np.maximum(brightest, 1e-12), 0, 1)
