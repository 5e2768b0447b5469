"""Where the weights of the second stage come from."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from h36m_pose.data import pipeline
from h36m_pose.errors import InputError
from h36m_pose.models import parameters
from h36m_pose.models.parameters import Arrays
from h36m_pose.training import checkpoint, run_folder

if TYPE_CHECKING:
    from h36m_pose.training.stage import Stage

_FRAMES_FOR_STATISTICS = 512


def initial_weights(stage: "Stage", say: Callable[[str], None]) -> tuple[Arrays, Arrays]:
    """The parameters and constants that the second stage starts from; says which were carried over.

    Args:
        stage: the second stage, built but not started.
        say: told what was done.
    """
    params, constants = stage.fresh
    folder = run_folder.pretrained_folder(stage.run_dir, stage.settings.init_from)
    what = stage.settings.carry_over
    if what not in parameters.CARRIED:
        known = ", ".join(parameters.CARRIED)
        raise InputError("finetune.carry_over", repr(what), f"one of {known}", "Choose one of these")
    if folder is None:
        say(f"from scratch: {parameters.count(params):,} new parameters")
        return params, constants
    origin = run_folder.best_weights(folder)
    arrays, _ = checkpoint.load(origin)
    carried = parameters.CARRIED[what]
    problem = parameters.difference(_only(arrays["params"], carried), _only(params, carried))
    if problem:
        raise InputError(
            origin, f"weights of another network ({problem})", "this experiment's", "Start from another run"
        )
    params = jax.tree.map(jnp.asarray, parameters.carry_over(arrays["params"], params, what))
    say(f"starting from {origin}\n{parameters.carry_over_table(params, what)}")
    if "hidden" in carried:
        constants = _standardised(stage, params, constants)
        say("the carried features were standardised in front of the new head")
    return params, constants


def _only(params: Arrays, parts: tuple[str, ...]) -> Arrays:
    return {part: params.get(part, {}) for part in parts}


def _standardised(stage: "Stage", params: Arrays, constants: Arrays) -> Arrays:
    """The constants with the standardiser set to the carried features' statistics on training frames."""
    total = len(stage.frames)
    chosen = np.linspace(0, total - 1, min(_FRAMES_FOR_STATISTICS, total)).round().astype(int)
    batch = pipeline.plain_batch(stage.frames.fetch(chosen), stage.input_px)
    compute = jax.jit(lambda params, constants, images: stage.assemble(params, constants).features(images))
    features = np.asarray(compute(params, constants, batch.images))
    return parameters.with_features_standardised(constants, features.mean(0), features.std(0))
