"""How fast training and evaluation run here: images per second of both stages, beside the machine's matrix product."""

import dataclasses
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from h36m_pose.data.dataset import Dataset
from h36m_pose.training.stage import Stage
from h36m_pose.training.step import evaluate

STAGES = ("pretrain", "finetune")
_MATRIX_SIDE = 2048


@dataclasses.dataclass(frozen=True)
class TrainingRates:
    """What was measured; every list holds one number per round.

    Attributes:
        first_step_s: seconds of each stage's first step, compilation included.
        train_images_per_s: of each stage's training step, augmentation included.
        evaluate_images_per_s: of the finetune stage's evaluation.
        matmul_gflops: of a float32 product of two square matrices, the machine's practical limit.
        batch_size: of each stage.
        devices: "2 cpu".
    """

    first_step_s: dict[str, float]
    train_images_per_s: dict[str, list[float]]
    evaluate_images_per_s: list[float]
    matmul_gflops: list[float]
    batch_size: dict[str, int]
    devices: str


def measure_training(config: ConfigDict, dataset: Dataset, rounds: int, steps: int) -> TrainingRates:
    """Times everything in turn, round after round, so that a drift of the machine's speed meets all alike.

    Args:
        config: an experiment.
        dataset: what it would train on.
        rounds: how often.
        steps: training steps per stage and round.
    """
    identity: dict[str, Any] = {"settings": {}, "dataset_fingerprint": dataset.fingerprint}
    work = {stage: Stage(config, stage, dataset, Path("unwritten"), identity) for stage in STAGES}
    takers = {stage: _step_taker(one) for stage, one in work.items()}
    first = {stage: _seconds(functools.partial(take, 1)) for stage, take in takers.items()}
    finetune = work["finetune"]
    images = len(finetune.validation.images)

    def assess() -> None:
        evaluate(
            finetune.devices,
            finetune.eval_step,
            finetune.task,
            finetune.state,
            finetune.validation,
            finetune.settings.batch_size,
        )

    assess()
    _matmul_gflops()
    rates = TrainingRates(
        first_step_s=first,
        train_images_per_s={stage: [] for stage in STAGES},
        evaluate_images_per_s=[],
        matmul_gflops=[],
        batch_size={stage: one.settings.batch_size for stage, one in work.items()},
        devices=f"{jax.device_count()} {jax.devices()[0].device_kind}",
    )
    for _ in range(rounds):
        for stage, take in takers.items():
            seconds = _seconds(functools.partial(take, steps))
            rates.train_images_per_s[stage].append(steps * rates.batch_size[stage] / seconds)
        rates.evaluate_images_per_s.append(images / _seconds(assess))
        rates.matmul_gflops.append(_matmul_gflops())
    return rates


def _step_taker(work: Stage) -> Callable[[int], None]:
    """A function that takes training steps and waits for the last."""
    work.state = work.devices.replicate(work.state)

    def take(steps: int) -> None:
        for step in range(steps):
            work.state, _ = work.train_step(work.state, *work.feed.at(step % work.steps))
        jax.block_until_ready(work.state)

    return take


def _matmul_gflops() -> float:
    matrix = np.random.default_rng(0).standard_normal((_MATRIX_SIDE, _MATRIX_SIDE), np.float32)
    seconds = min(_seconds(lambda: matrix @ matrix) for _ in range(3))
    return 2e-9 * _MATRIX_SIDE**3 / seconds


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
