"""How a run was trained, sentence by sentence: its data, its network, its stages; out of what is stored with it."""

from typing import Any

from h36m_pose.configuration import settings_difference
from h36m_pose.data.chosen_views import training_views, validation_views
from h36m_pose.data.dataset import CROP_PX, Dataset
from h36m_pose.data.protocols import Split, is_crowd
from h36m_pose.evaluation import box_words
from h36m_pose.models.registry import NETWORKS
from h36m_pose.paper import statements
from h36m_pose.paper.latex import code, count, escape, listed, plain, quantity
from h36m_pose.paper.tested_runs import PaperRun, Weights
from h36m_pose.report.material import StageFiles
from h36m_pose.training.run_folder import HOW_NOT_WHAT

SHORT = 12
"""Digits of digests in print."""

_OTHER_SETTINGS = ("pretrain", "finetune", "grid", "log_every_steps", *HOW_NOT_WHAT)
"""Settings that are told elsewhere, or that say how to compute."""

_CARRIED = {
    "convolutions": "its convolutions were carried over",
    "all_but_last": "all of it but the last layer was carried over, the features standardised in front of the new head",
    "none": "none of its weights were carried over",
}


def data_sentences(run: PaperRun, weights: Weights, stage: StageFiles) -> list[str]:
    """Subjects, frames and crops; frames only with the dataset of the training at hand."""
    settings, dataset = stage.config["settings"], run.material.dataset
    found = [_subjects(weights.split, settings["data"]["protocol"])]
    if dataset is None or dataset.fingerprint != stage.config["dataset_fingerprint"]:
        found.append(f"For training, {_every(settings['data']['frame_step'])} of the dataset was taken.")
        return [*found, _crops(weights.crops or {}, "", settings)]
    found.append(_frames(dataset, weights.split, settings["data"]))
    return [*found, _crops(weights.crops or dataset.manifest["parameters"], box_words(dataset.views), settings)]


def _subjects(split: Split, protocol: str) -> str:
    known = [subject for subject in split.train if not is_crowd(subject)]
    crowd = len(split.train) - len(known)
    train = listed([*known, f"a crowd of {count(crowd)} (bodies drawn at random)"] if crowd else known)
    words = (
        f"Training was on {train}, the choice of the weights on {listed(split.validation)}, and the test on "
        f"{listed(split.test)} (protocol {code(protocol)})"
    )
    if split.left_out_cameras:
        words += (
            f"; the cameras of the test, {listed(split.left_out_cameras)}, were left out of training and validation"
        )
    return f"{words}."


def _every(step: int) -> str:
    return "every frame" if step == 1 else f"one of every {count(step, 'frame')}"


def _frames(dataset: Dataset, split: Split, data: dict[str, Any]) -> str:
    training, validation = training_views(dataset, split), validation_views(dataset, split)
    taken = sum(-(-view.frames // data["frame_step"]) for view in training)
    there, most = sum(view.frames for view in validation), data["validation_at_most"]
    chosen = f"{count(there, 'frame')} of {count(len(validation), 'view')}"
    if most and there > most:
        chosen = f"{count(most)} frames, evenly spaced over the {chosen}"
    elif most:
        chosen += f" (at most {count(most)} would have been taken)"
    rates = listed([plain(rate) for rate in sorted({view.fps for view in dataset.views})])
    return (
        f"The dataset holds {_every(dataset.every)} of the videos, which makes {rates} frames per second; of these "
        f"training took {_every(data['frame_step'])}: {count(taken, 'frame')} of {count(len(training), 'view')} (a "
        f"view is a trial seen by one camera). Validation was on {chosen}."
    )


def _crops(crops: dict[str, Any], boxes: str, settings: dict[str, Any]) -> str:
    side = int(crops.get("crop_px", CROP_PX))
    words = (
        "A picture is cut to a square around the person, grey, with the background set to zero, of "
        f"${side}\\times{side}$ pixels"
    )
    if "margin" in crops:
        words += f"; the square's side is {plain(crops['margin'])} times the longer side of the person's box"
    words += f" ({escape(boxes)})" if boxes else ""
    input_px = _input_px(settings)
    if input_px is None:
        return f"{words}."
    if input_px < side:
        size = rf"${input_px}\times{input_px}$"
        return f"{words}; the network sees {size} of them, cut at random in training and from the middle in tests."
    return f"{words}; the network sees all of it."


def network_sentences(weights: Weights, stage: StageFiles) -> list[str]:
    """The network, what its outputs mean, and in which frame."""
    settings = stage.config["settings"]
    if settings["data"]["frame"] == "crop":
        frame = (
            "The network predicts in the frame of the crop, that of a camera looking straight at the crop's middle; "
            "the box and the calibration turn its poses to the camera's frame before anything is measured."
        )
    else:
        frame = f"The network predicts in the {escape(settings['data']['frame'])}'s frame."
    return [
        *statements.network_words(settings["model"], weights.params),
        f"{statements.pose_output_words(settings['finetune']['target'])}.",
        frame,
    ]


def training_sentences(run: PaperRun, weights: Weights, stage: StageFiles) -> list[str]:
    """Both stages, as far as there were two: losses, optimisers, augmentation, choice of the weights."""
    settings, finished = stage.config["settings"], stage.finished or {}
    finetune = settings["finetune"]
    loss = f"The regression minimises MPJPE in units of {plain(finetune['loss_unit_mm'])}\\,mm"
    joint = finetune.get("grid_weight", 0.0)
    if joint:
        scale = settings.get("pretrain", {}).get("loss_scale")
        loss += (
            f" plus {plain(joint)} times the loss of a grid task, learnt at the same time by a head of its own: "
            f"{statements.grid_loss_words(settings['grid'], scale)}. {statements.grid_words(settings['grid'])}"
        )
    input_px = _input_px(settings)
    return [
        *_start(run, stage),
        f"{loss}.",
        f"The regression took {statements.length_words(finetune, finished['steps'])} with "
        f"{statements.optimiser_words(finetune['optim'], finished['steps'])}.",
        statements.averaging_words(finetune["averaging"]),
        statements.augmentation_words(settings["augmentation"], cut=input_px is not None and input_px < CROP_PX),
        statements.precision_words(settings["precision"]),
        _choice(run, weights, finished),
    ]


def _input_px(settings: dict[str, Any]) -> int | None:
    """Side of the pictures that the network takes; None for a network that this version does not know."""
    network = NETWORKS.get(settings["model"]["name"])
    return getattr(network, "input_px", None)


def _choice(run: PaperRun, weights: Weights, finished: dict[str, Any]) -> str:
    value = f" ({quantity(finished['best'], 'mm')}, on {escape(run.capture_words)})" if "best" in finished else ""
    return (
        f"After each epoch MPJPE was measured on the validation frames, and the weights of step {count(weights.step)}, "
        f"the best{value}, were kept."
    )


def _start(run: PaperRun, stage: StageFiles) -> list[str]:
    """Where the second stage's weights came from."""
    init, first = stage.config["init"], run.first_stage
    if init == "none":
        return ["All weights were drawn at random; there was no first stage."]
    carried = _CARRIED[stage.config["settings"]["finetune"]["carry_over"]]
    if first is None:
        return [
            f"Training started from a pretrained network (weights {code(init[:SHORT])}, whose training is not stored "
            f"with the run): {carried}."
        ]
    settings, finished = first.config["settings"], first.finished or {}
    group = settings["pretrain"]
    found = [
        "A first stage learnt the grid task from random weights, with a head of its own. "
        f"{statements.grid_words(settings['grid'])}.",
        f"The first stage's loss is {statements.grid_loss_words(settings['grid'], group['loss_scale'])}.",
        f"The first stage took {statements.length_words(group, finished['steps'])} with "
        f"{statements.optimiser_words(group['optim'], finished['steps'])}; of its weights the best by the loss on the "
        f"validation frames were kept, those of step {count(finished['best_step'])}. "
        f"{statements.averaging_words(group['averaging'])}",
        f"The second stage, the regression, started from the first: {carried}, the rest drawn at random.",
    ]
    if first.config["dataset_fingerprint"] != stage.config["dataset_fingerprint"]:
        found.append(
            f"The first stage learnt from another dataset ({code(first.config['dataset_fingerprint'][:SHORT])})."
        )
    apart = settings_difference(settings, stage.config["settings"], _OTHER_SETTINGS)
    if apart:
        found.append(f"In other settings the first stage differs from the second: {escape(apart)}.")
    return found
