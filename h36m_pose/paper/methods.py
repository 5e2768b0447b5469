"""The paragraph that says how a run was made and measured, out of what is stored with it and nothing else."""

from collections.abc import Sequence
from typing import Any

from h36m_pose import skeleton
from h36m_pose.configuration import settings_difference
from h36m_pose.data.chosen_views import training_views, validation_views
from h36m_pose.data.dataset import CROP_PX, Dataset, View
from h36m_pose.data.protocols import Split, is_crowd
from h36m_pose.evaluation import box_words
from h36m_pose.models.registry import NETWORKS
from h36m_pose.paper import statements
from h36m_pose.paper.latex import HEADER, between, code, count, escape, listed, plain, printable, prose, quantity
from h36m_pose.paper.tables import SHOWN, letters
from h36m_pose.paper.tested_runs import PaperRun, Weights
from h36m_pose.report.intervals import of_metric
from h36m_pose.report.material import StageFiles
from h36m_pose.summary import METRICS
from h36m_pose.training.run_folder import HOW_NOT_WHAT

_OTHER_SETTINGS = ("pretrain", "finetune", "grid", "log_every_steps", *HOW_NOT_WHAT)
"""Settings that are told elsewhere, or that say how to compute."""

_SHORT = 12
_CARRIED = {
    "convolutions": "its convolutions were carried over",
    "all_but_last": "all of it but the last layer was carried over, the features standardised in front of the new head",
    "none": "none of its weights were carried over",
}


Told = dict[str, list[str]]
"""Sentences under the titles of their paragraphs."""


def methods(runs: Sequence[PaperRun]) -> str:
    """`methods.tex`: what is true of all runs once, then of each run what tells it from others; digests as comments."""
    told = [sentences(run) for run in runs]
    common = {
        title: [each for each in own if all(each in others[title] for others in told)] for title, own in told[0].items()
    }
    parts = [_comments(run) for run in runs]
    parts += [prose([rf"\paragraph{{{title}.}}", *own]) for title, own in common.items() if own]
    if len(runs) > 1:
        for letter, run, own_words in zip(letters(runs), runs, told, strict=True):
            own = [each for title, words in own_words.items() for each in words if each not in common[title]]
            parts.append(prose([rf"\paragraph{{Run {letter}, {code(run.name)}.}}", *own]))
    return HEADER + "\n".join(parts)


def _comments(run: PaperRun) -> str:
    identity = {"run": run.name, **run.results["identity"]}
    return "".join(f"% {printable(f'{key}: {value}')}\n" for key, value in identity.items())


def sentences(run: PaperRun) -> Told:
    """All that is known of a run; each sentence stands alone, and each with a result says what it was measured on."""
    weights, stage = run.weights, run.second_stage
    if weights is None or stage is None:
        return {
            "Data": [_capture(run)], "Network": [_method_without_training(run)], "Training": [],
            "Evaluation": _test(run), "Reproduction": _provenance(run),
        }  # fmt: skip
    return {
        "Data": [_capture(run), *_data(run, weights, stage)],
        "Network": _network(weights, stage),
        "Training": [*_start(run, stage), *_training(run, weights, stage)],
        "Evaluation": _test(run),
        "Reproduction": _provenance(run),
    }


def _capture(run: PaperRun) -> str:
    if run.material.synthetic:
        return (
            r"All pictures are synthetic, drawn by the studio of \texttt{h36m\_pose} in the raw layout of Human3.6M; "
            "none is Human3.6M's."
        )
    if run.material.capture == "Human3.6M":
        return "All pictures are those of Human3.6M (Ionescu et al. 2014)."
    return "Where the pictures come from is not recorded."


def _method_without_training(run: PaperRun) -> str:
    identity = {key: str(value) for key, value in run.results["identity"].items() if key != "dataset_fingerprint"}
    name = identity.pop("baseline", None)
    what = f"The method {code(name)} is no network trained here" if name else "How the method was trained is not stored"
    known = [
        f"{escape(key)} {escape(value[:_SHORT] if key == 'weights' else value)}" for key, value in identity.items()
    ]
    return f"{what}{' (' + '; '.join(known) + ')' if known else ''}."


def _data(run: PaperRun, weights: Weights, stage: StageFiles) -> list[str]:
    settings = stage.config["settings"]
    found = [_subjects(weights.split, settings["data"]["protocol"])]
    dataset = run.material.dataset
    if dataset is not None and dataset.fingerprint == stage.config["dataset_fingerprint"]:
        found.append(_frames(dataset, weights.split, settings["data"]))
    else:
        found.append(f"For training, {_every(settings['data']['frame_step'])} of the dataset was taken.")
    crops = weights.crops or (dataset.manifest["parameters"] if dataset is not None else {})
    found.append(_crops(crops, run, settings))
    return found


def _subjects(split: Split, protocol: str) -> str:
    known = [subject for subject in split.train if not is_crowd(subject)]
    crowd = len(split.train) - len(known)
    train = listed([*known, f"a crowd of {count(crowd)} randomly drawn bodies"] if crowd else known)
    words = (
        f"Training was on {train}, the choice of the weights on {listed(split.validation)}, and the test on "
        f"{listed(split.test)} (protocol {code(protocol)})"
    )
    if split.left_out_cameras:
        words += f"; from {listed(split.left_out_cameras)}, the cameras of the test, nothing was learnt or chosen"
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
        f"Of the videos ({rates} frames per second) the dataset holds {_every(dataset.every)}, of which training took "
        f"{_every(data['frame_step'])}: {count(taken, 'frame')} of {count(len(training), 'view')} (a view is a trial "
        f"seen by one camera); validation was on {chosen}."
    )


def _crops(crops: dict[str, Any], run: PaperRun, settings: dict[str, Any]) -> str:
    side = int(crops.get("crop_px", CROP_PX))
    words = (
        "A picture is cut to a square around the person, grey, with the background set to zero, of "
        f"${side}\\times{side}$ pixels"
    )
    if "margin" in crops:
        words += f"; the square's side is {plain(crops['margin'])} times the longer side of the person's box"
    boxes = _box_words(run)
    words += f" ({escape(boxes)})" if boxes else ""
    input_px = _input_px(settings)
    if input_px is None:
        return f"{words}."
    if input_px < side:
        size = rf"${input_px}\times{input_px}$"
        return f"{words}; the network sees {size} of them, cut at random in training and from the middle in tests."
    return f"{words}; the network sees all of it."


def _box_words(run: PaperRun) -> str:
    if run.material.dataset is None:
        return ""
    tested: list[View] = [view for view, _, _ in run.material.tested_views()]
    return box_words(tested)


def _network(weights: Weights, stage: StageFiles) -> list[str]:
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


def _training(run: PaperRun, weights: Weights, stage: StageFiles) -> list[str]:
    settings, finished = stage.config["settings"], stage.finished or {}
    finetune = settings["finetune"]
    loss = f"The regression minimises MPJPE in units of {plain(finetune['loss_unit_mm'])}\\,mm"
    joint = finetune.get("grid_weight", 0.0)
    if joint:
        loss += (
            f" plus {plain(joint)} times the loss of a grid task, learnt at the same time by a head of its own: "
            f"{statements.grid_loss_words(settings['grid'], None)}. {statements.grid_words(settings['grid'])}"
        )
    input_px = _input_px(settings)
    return [
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
            f"Training started from a pretrained network (weights {code(init[:_SHORT])}, whose training is not stored "
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
            f"The first stage learnt from another dataset ({code(first.config['dataset_fingerprint'][:_SHORT])})."
        )
    apart = settings_difference(settings, stage.config["settings"], _OTHER_SETTINGS)
    if apart:
        found.append(f"In other settings the first stage differs from the second: {escape(apart)}.")
    return found


def _test(run: PaperRun) -> list[str]:
    results = run.results
    mirrored = results["identity"].get("mirror_average")
    stage = run.second_stage
    if mirrored is None and stage is not None:
        mirrored = "yes" if stage.config["settings"]["finetune"]["mirror_average"] else "no"
    average = {
        "yes": ["Each prediction is the mean of the picture's and its mirror image's, turned back."],
        "no": ["Each prediction is of the picture alone, without its mirror image."],
    }.get(str(mirrored), [])
    joints = listed(
        [name + (" (the root)" if joint == skeleton.ROOT else "") for joint, name in enumerate(skeleton.NAMES)]
    )
    defined = [(METRICS[key].title, METRICS[key].definition.replace("; ", ", ")) for key in SHOWN]
    metrics = "; ".join(f"{escape(title)}, {escape(words)}" for title, words in defined)
    mpjpe = results["metrics"]["mpjpe"]
    bounds = of_metric(results["per_view"], "mpjpe")
    span = rf" (95\,\% interval over sequences {between(bounds)})" if bounds else ""
    return [
        *average,
        f"Poses are of {skeleton.JOINTS} joints: {joints}; each is measured relative to its own pelvis, in the "
        "camera's frame, and the pelvis counts with its error of zero.",
        f"The metrics are {metrics}.",
        f"On {count(results['frames'], 'frame')} of {count(results['views'], 'sequence')} of "
        f"{escape(run.capture_words)}, MPJPE is {quantity(mpjpe['network'], 'mm')}{span}; always predicting the "
        f"training subjects' mean pose has {quantity(mpjpe['mean_pose'], 'mm')}, all joints on the pelvis "
        f"{quantity(mpjpe['zero_pose'], 'mm')}.",
        f"The protocol in full: {escape(results['protocol'])}.",
    ]


def _provenance(run: PaperRun) -> list[str]:
    identity, stage = run.results["identity"], run.second_stage
    known = [f"dataset {code(str(identity.get('dataset_fingerprint'))[:_SHORT])}"]
    if identity.get("weights"):
        known.insert(0, f"weights {code(str(identity['weights'])[:_SHORT])}")
    if stage is None:
        return [f"Digests: {listed(known)}."]
    found = [f"The seed was {stage.config['settings']['seed']}; digests: {listed(known)}."]
    if stage.config["dataset_fingerprint"] != identity.get("dataset_fingerprint"):
        found.append(f"The training was on another dataset ({code(stage.config['dataset_fingerprint'][:_SHORT])}).")
    environment = stage.environment
    git, packages, devices = (environment.get(name, {}) for name in ("git", "packages", "devices"))
    if git.get("commit"):
        changed = ", with uncommitted changes" if git.get("dirty") else ""
        found.append(f"The code was that of commit {code(git['commit'][:_SHORT])}{changed}.")
    if packages:
        versions = listed([f"{escape(name)} {escape(version)}" for name, version in packages.items()])
        found.append(f"Software: Python {escape(environment.get('python', 'of a version not recorded'))}, {versions}.")
    if devices:
        device = f"{count(devices['count'], 'device')} of kind {escape(str(devices['kind']))}"
        found.append(f"Training ran on {device}.")
    return found
