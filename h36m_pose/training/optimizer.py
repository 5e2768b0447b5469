"""Optimisers from plain words and numbers."""

import jax
import optax

from h36m_pose.errors import InputError

NAMES = ("adamw", "sgd")
SCHEDULES = ("cosine", "constant")


def make_schedule(schedule: str, peak_lr: float, warmup_steps: int, steps: int) -> optax.Schedule:
    """The learning rate of each step: a linear rise to `peak_lr`, then 'cosine' to 0 at the end, or 'constant'."""
    if schedule not in SCHEDULES:
        raise InputError("optim.schedule", repr(schedule), f"one of {', '.join(SCHEDULES)}", "Choose one of these")
    warmup_steps = min(warmup_steps, steps // 4)
    if schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(0.0, peak_lr, warmup_steps, max(steps, warmup_steps + 1))
    if not warmup_steps:
        return optax.constant_schedule(peak_lr)
    return optax.linear_schedule(0.0, peak_lr, warmup_steps)


def make_optimizer(
    *,
    steps: int,
    name: str,
    peak_lr: float,
    schedule: str,
    warmup_steps: int,
    weight_decay: float,
    momentum: float,
    beta2: float,
    clip_norm: float,
) -> optax.GradientTransformation:
    """Builds the optimiser of a stage.

    Args:
        steps: length of the whole stage.
        name: 'adamw', or 'sgd' with momentum, whose weight decay is added to the gradient.
        peak_lr: the largest learning rate.
        schedule: see `make_schedule`.
        warmup_steps: see `make_schedule`; at most a quarter of all steps.
        weight_decay: of kernels alone; biases and scales are left.
        momentum: decay of the gradients' mean.
        beta2: decay of their mean square; adamw alone.
        clip_norm: largest norm of the whole gradient; 0 for no clipping.
    """
    rate = make_schedule(schedule, peak_lr, warmup_steps, steps)
    parts = [optax.clip_by_global_norm(clip_norm)] if clip_norm else []
    if name == "adamw":
        parts.append(optax.adamw(rate, b1=momentum, b2=beta2, weight_decay=weight_decay, mask=_kernels))
    elif name == "sgd":
        parts.append(optax.add_decayed_weights(weight_decay, mask=_kernels))
        parts.append(optax.sgd(rate, momentum=momentum))
    else:
        raise InputError("optim.name", repr(name), f"one of {', '.join(NAMES)}", "Choose one of these")
    return optax.chain(*parts)


def _kernels(params):
    return jax.tree.map(lambda array: array.ndim > 1, params)
