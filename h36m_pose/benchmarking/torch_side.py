"""What is measured of PyTorch, in a process of its own."""

import os
import time
from collections.abc import Callable
from typing import Any

import torch

from h36m_pose.benchmarking.job import Job
from h36m_pose.benchmarking.setting import Setting
from h36m_pose.benchmarking.torch_networks import build_twin
from h36m_pose.benchmarking.torch_step import TorchGridLoss, TorchPoseLoss, TorchTrainer


class TorchSide:
    """PyTorch's steps on the same batch: eager and channels-last; on a GPU compiled as well.

    Attributes:
        measures: by name, what does it so many times and waits for the end.
        first_step_s: seconds of the first training step.
    """

    def __init__(self, job: Job):
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        if self._device == "cpu":
            torch.set_num_threads(
                len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            )
        else:
            torch.set_float32_matmul_precision("high")  # TF32, as XLA's default on GPUs
        self._setting = Setting(job)
        images, targets = self._setting.ready_batch()
        self._images = torch.tensor(images, device=self._device)
        self._targets = torch.tensor(targets, device=self._device)
        self._eager = self._trainer()
        started = time.perf_counter()
        self._train(self._eager, 1)
        self.first_step_s = time.perf_counter() - started
        self.measures: dict[str, Callable[[int], Any]] = {
            "train": lambda times: self._train(self._eager, times),
            "predict": lambda times: self._predict(self._eager, times),
        }
        if self._device == "cuda":
            compiled = self._trainer()
            compiled.use_compiler()
            self.measures["train_compiled"] = lambda times: self._train(compiled, times)
            self.measures["predict_compiled"] = lambda times: self._predict(compiled, times)

    def _trainer(self) -> TorchTrainer:
        setting, settings = self._setting, self._setting.settings
        _, params, constants = setting.network
        twin = build_twin(setting.name, setting.outputs, params, constants, **setting.options).to(self._device)
        loss: TorchPoseLoss | TorchGridLoss
        if setting.stage == "finetune":
            loss = TorchPoseLoss(settings.target, settings.loss_unit_mm, setting.statistics, self._device)
        else:
            loss = TorchGridLoss(settings.loss_scale)
        rates, optim = [settings.optim.peak_lr], dict(settings.optim)
        return TorchTrainer(twin, loss, rates, optim, settings.averaging, setting.config.precision)

    def _wait(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()

    def _train(self, trainer: TorchTrainer, times: int) -> None:
        trainer.network.train()
        for _ in range(times):
            trainer.train_step(self._images, self._targets)
        self._wait()

    def _predict(self, trainer: TorchTrainer, times: int) -> None:
        trainer.network.eval()
        for _ in range(times):
            trainer.predict(self._images)
        self._wait()

    def about(self) -> dict[str, Any]:
        """What is measured here, and where."""
        return {
            "torch": torch.__version__,
            "platform": "gpu" if self._device == "cuda" else "cpu",
            "threads": torch.get_num_threads(),
            "first_step_s": self.first_step_s,
        }

    def memory(self) -> dict[str, int]:
        """Peak bytes on the GPU."""
        return {"device_bytes": torch.cuda.max_memory_allocated()} if self._device == "cuda" else {}
