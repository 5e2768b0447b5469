"""What is measured of ours, in a process of its own."""

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from h36m_pose.benchmarking import our_step
from h36m_pose.benchmarking.job import Job
from h36m_pose.benchmarking.setting import Setting
from h36m_pose.benchmarking.whole_step import WholeStep
from h36m_pose.training.environment import describe_environment
from h36m_pose.training.observation import device_peak_bytes
from h36m_pose.training.optimizer import make_optimizer
from h36m_pose.training.parallel import Devices
from h36m_pose.training.state import new_state

_STEPS = 100_000
_MATRIX_SIDE = {"cpu": 2048, "gpu": 8192}


class OurSide:
    """Our steps on one batch.

    Attributes:
        measures: by name, what does it so many times and waits for the end.
        first_step_s: seconds of the first training step from its tracing on.
    """

    def __init__(self, job: Job):
        self._setting = setting = Setting(job)
        devices = Devices()
        assemble, params, constants = setting.network
        settings = setting.settings
        optimizer = make_optimizer(steps=_STEPS, **settings.optim)
        statistics = devices.replicate(setting.statistics)
        state = new_state(params, constants, statistics, optimizer, settings.averaging)
        self._state, self._weights = devices.replicate((state, (params, constants)))
        self._batch = devices.shard(our_step.ReadyBatch(*setting.ready_batch()))
        self._step = our_step.make_ready_step(
            devices, assemble, setting.task, optimizer, settings.averaging, setting.config.precision
        )
        self._predict = our_step.make_ready_predict(assemble)
        self._whole = WholeStep(
            setting.config, job.stage, assemble, setting.task, optimizer, setting.examples, setting.input_px
        )
        started = time.perf_counter()
        self._train(1)
        self.first_step_s = time.perf_counter() - started
        self.measures: dict[str, Callable[[int], Any]] = {
            "train": self._train,
            "predict": self._predict_times,
            "train_augmented": self._train_augmented,
            "input": self._fetch,
            **_matrix_products(),
        }

    def _train(self, times: int) -> None:
        for _ in range(times):
            self._state, _ = self._step(self._state, self._batch)
        jax.block_until_ready(self._state)

    def _predict_times(self, times: int) -> None:
        params, constants = self._weights
        jax.block_until_ready([self._predict(params, constants, self._batch.images) for _ in range(times)])

    def _train_augmented(self, times: int) -> None:
        for _ in range(times):
            self._state = self._whole.train(self._state)
        jax.block_until_ready(self._state)

    def _fetch(self, times: int) -> None:
        jax.block_until_ready([self._whole.fetch(step) for step in range(times)])

    def about(self) -> dict[str, Any]:
        """What is measured here, and where."""
        setting = self._setting
        pictures = jax.ShapeDtypeStruct((1, setting.input_px, setting.input_px, 1), np.float32)
        assemble, params, constants = setting.network
        forward: Any = jax.jit(lambda images: assemble(params, constants)(images))
        cost: Any = forward.lower(pictures).cost_analysis()
        return {
            "environment": describe_environment(),
            "network": {"name": setting.name, **setting.options},
            "outputs": setting.outputs,
            "batch_size": setting.settings.batch_size,
            "precision": setting.config.precision,
            "forward_flops_by_xla": float(cost["flops"]),
            "matrix_side": _MATRIX_SIDE.get(jax.default_backend(), _MATRIX_SIDE["gpu"]),
            "platform": jax.default_backend(),
            "devices": f"{jax.local_device_count()} {jax.devices()[0].device_kind}",
            "first_step_s": self.first_step_s,
        }

    def memory(self) -> dict[str, int]:
        """Peak bytes on the first device, where it counts them."""
        used = device_peak_bytes()
        return {} if used is None else {"device_bytes": used}


def _repeat(product: Callable[..., jax.Array], one: jax.Array, times: int) -> None:
    jax.block_until_ready([product(one, one) for _ in range(times)])


def _matrix_products() -> dict[str, Callable[[int], Any]]:
    """Square products: by NumPy on a CPU, whose library uses all cores; on a GPU by JAX, in bfloat16, too."""
    if jax.default_backend() == "cpu":
        matrix = np.random.default_rng(0).standard_normal((_MATRIX_SIDE["cpu"],) * 2, np.float32)
        return {"matmul": lambda times: [matrix @ matrix for _ in range(times)]}
    product = jax.jit(jax.numpy.matmul)
    measures: dict[str, Callable[[int], Any]] = {}
    for name, kind in (("matmul", jax.numpy.float32), ("matmul_bfloat16", jax.numpy.bfloat16)):
        one = jax.random.normal(jax.random.key(0), (_MATRIX_SIDE["gpu"],) * 2, kind)
        measures[name] = functools.partial(_repeat, product, one)
    return measures
