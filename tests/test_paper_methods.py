"""The paragraph of methods is true of every experiment, and no setting that matters is left out of it."""

import copy
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from h36m_pose import comparison, skeleton
from h36m_pose.configuration import apply_overrides, flat_items, load_experiment, stage_settings
from h36m_pose.data.protocols import split
from h36m_pose.models.registry import draw_model
from h36m_pose.paper.methods import sentences
from h36m_pose.paper.tested_runs import PaperRun, Weights
from h36m_pose.predictions_file import Predictions, ViewSpan
from h36m_pose.report.material import SYNTHETIC, Material, StageFiles
from h36m_pose.summary import summarise

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11", "S101", "S102")
FIRST_WEIGHTS = "ab" * 32
GRID = "cross-entropy"
TANH_SGD = ("SGD (momentum 0.9, weight decay 0.0005 of kernels alone), a constant learning rate of 0.001, no clipping",)
NO_AVERAGE = ("Weights were not averaged over training.", "without its mirror image", "predicts in the camera's frame")

EXPECTED: dict[str, tuple[str, ...]] = {
    "demo": ("8 epochs (4,000 steps) in batches of 64", "2,918,259", "convolutions were carried over", "decay 0.99,"),
    "default": ("10 epochs (4,000 steps)", "(decay 0.998,", "mean of the picture's and its mirror image's", "AdamW"),
    "jha_2015": (*TANH_SGD, *NO_AVERAGE, "tanh is the activation", r"$5\times5$ to 32 maps", "not augmented.", "metres",
                 "windows of 13", "multiplied by 1700", r"units of 1000\,mm"),
    "li_chan_2014": (*TANH_SGD, *NO_AVERAGE, r"$112\times112$ of them, cut at random", "S9 and S11",
                     "beyond the random",
                     "1200\\,mm times tanh", "as 3 channels"),
    "resnet_18": ("All weights were drawn at random", "group normalisation", "a linear head", "from 0.001 to 0"),
    "robust": ("hidden from one side", r"Gaussian of up to 3\,px", r"rectangle of sides up to 40\,px", "up to 0.15"),
}  # fmt: skip
NEVER = {
    "jha_2015": ("AdamW", "cosine", "SiLU", "crop's middle"),
    "li_chan_2014": ("AdamW", "SiLU", "sees all of it"),
    "resnet_18": (GRID, "first stage learnt", "hidden layer", "carried over"),
    "demo": ("SGD", "Gaussian", "no first stage", "constant learning rate"),
}


@functools.cache
def drawn_params(model: str, outputs: int) -> Any:
    options = json.loads(model)
    return draw_model(options.pop("name"), outputs, 0, **options)[1]


def paper_run(experiment: str, *words: str) -> PaperRun:
    """A run as its files would tell it, of an experiment with some settings changed."""
    second = apply_overrides(load_experiment(experiment), words, "finetune")
    settings, first_settings = stage_settings(second, "finetune"), stage_settings(second, "pretrain")
    scratch = settings["finetune"]["init_from"] == "none"
    split_of = split(SUBJECTS, settings["data"]["protocol"], settings["data"]["validation_subjects"],
                     settings["data"]["crowd"])  # fmt: skip
    mark = {"steps": 4000, "best_step": 380, "best": 50.0}
    environment = {"python": "3.11", "git": {"commit": "c" * 40}, "packages": {"jax": "0"}}
    config = {"settings": settings, "dataset_fingerprint": "d" * 64, "init": "none" if scratch else FIRST_WEIGHTS}
    stages = {"finetune": StageFiles(config, environment, {**mark, "weights": "e" * 64}, [])}
    first = None
    if not scratch:
        before = {"settings": first_settings, "dataset_fingerprint": "d" * 64, "init": "none"}
        first = StageFiles(before, environment, {**mark, "weights": FIRST_WEIGHTS}, [])
    spans = (ViewSpan("S11", "Walking", "a", 3),)
    poses = np.random.default_rng(0).normal(0, 100, (3, 17, 3)).astype(np.float32)
    results = summarise(poses + 1, poses, spans, poses[0], f"a protocol; {SYNTHETIC}")
    results |= {"identity": {"stage": "finetune", "weights": "e" * 64, "dataset_fingerprint": "d" * 64}}
    material = Material(Path("run"), results, None, None, Path("gone"), stages)
    predictions = Predictions(poses, poses, spans)
    outputs = 51 + (17 * settings["grid"]["cells"] ** 2 if settings["finetune"]["grid_weight"] else 0)
    params = drawn_params(json.dumps(settings["model"]), outputs)
    weights = Weights(params, poses[0].astype(np.float64), 380, split_of, {"crop_px": 128, "margin": 1.1})
    tested = comparison.TestedRun("run", Path("run"), results, predictions, {})
    return PaperRun("run", material, predictions, tested, weights, first)


def told(run: PaperRun) -> str:
    return " ".join(" ".join(part) for part in sentences(run).values())


@pytest.mark.parametrize("experiment", sorted(EXPECTED))
def test_every_experiment_is_told_truly(experiment):
    text = told(paper_run(experiment))
    for words in EXPECTED[experiment]:
        assert words in text, words
    for words in NEVER.get(experiment, ()):
        assert words not in text, words
    for sentence in text.split(". "):
        if "MPJPE is" in sentence or "the best (" in sentence:
            assert "synthetic capture" in sentence


def test_joint_training_is_told_as_such():
    text = told(paper_run("demo", "grid_weight=0.1", "init_from=none"))
    assert "plus 0.1 times the loss of a grid task, learnt at the same time" in text
    assert "there was no first stage" in text and "The head has 1,751 outputs" in text
    assert "and multiplied by 100" in text  # pretrain.loss_scale


def test_a_first_stage_that_is_not_here_is_not_made_up():
    run = paper_run("demo")
    run = PaperRun(run.name, run.material, run.predictions, run.tested, run.weights, None)
    text = told(run)
    assert r"pretrained network (weights \texttt{abababababab}, whose training is not stored with the run)" in text
    assert GRID not in text


ELSEWHERE = {"finetune.init_from", "data.protocol", "data.validation_subjects", "data.crowd", "data.left_out_cameras"}
"""Settings that are told by what followed from them: weights and subjects."""

COMPUTING = (
    "writers",
    "parallel",
    "host_devices",
    "checkpoint",
    "data.input",
    "log_every_steps",
    "finetune.accumulate",
)
SHAPES = ("model.widths", "model.hidden")
"""Told by the shapes of the weights."""


def silent_keys(run: PaperRun, stage: StageFiles, keys: list[str]) -> list[str]:
    """Settings of a stage that can change without a word of the text changing."""
    before, settings, defaults = told(run), stage.config["settings"], dict(flat_items(load_experiment("demo")))
    silent = []
    for key in keys:
        stage.config["settings"] = place = copy.deepcopy(settings)
        *groups, last = key.split(".")
        for part in groups:
            place = place[part]
        place[last] = other_value(key, defaults[key])
        silent += [key] if told(run) == before else []
    stage.config["settings"] = settings
    return silent


def test_every_setting_that_matters_changes_the_text():
    keys = [key for key, _ in flat_items(load_experiment("demo")) if not key.startswith(("pretrain.", *COMPUTING))]
    second = [key for key in keys if key not in ELSEWHERE and not key.startswith(SHAPES)]
    scratch = paper_run("demo", "grid_weight=0.1", "init_from=none")
    silent = silent_keys(scratch, scratch.second_stage, second)
    assert len(second) > 35 and silent == ["data.validation_at_most", "finetune.carry_over"]
    run = paper_run("demo")
    assert silent_keys(run, run.second_stage, ["finetune.carry_over"]) == []
    first = [key for key in keys if not key.startswith("finetune.")]
    first += [f"pretrain.{key}" for key in ("epochs", "batch_size", "loss_scale", "averaging", "optim.peak_lr")]
    assert silent_keys(run, run.first_stage, first) == []


CHOICES = {
    "rule": "point", "frame": "camera", "name": "jha_2015", "target": "metres", "carry_over": "all_but_last",
    "precision": "bfloat16", "protocol": "s9_s11", "input": "streaming", "schedule": "constant", "init_from": "x",
}  # fmt: skip


def other_value(key: str, value: Any) -> Any:
    last = key.split(".")[-1]
    if key.endswith("optim.name"):
        return "sgd"
    if last in CHOICES:
        return CHOICES[last]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + (0.5 if isinstance(value, float) else 1)
    return ["other"] if not value or isinstance(value[0], str) else [each + 1 for each in value]


def test_numbers_of_the_release_are_not_called_synthetic():
    run = paper_run("demo")
    run.results["protocol"] = "a protocol; Human3.6M"
    text = told(run)
    assert "All pictures are those of Human3.6M" in text and "synthetic" not in text
    assert "On 3 frames of 1 sequence of Human3.6M, MPJPE is" in text


def test_joints_and_metrics_are_those_of_the_project():
    text = told(paper_run("demo"))
    assert (
        all(name in text for name in skeleton.NAMES) and "PA-MPJPE, MPJPE after aligning each frame by rotation" in text
    )
