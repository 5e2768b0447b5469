"""How batches come to the training step: the whole dataset on the devices where it fits, else streamed from disk."""

import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Int
from numpy import ndarray

from h36m_pose.data import pipeline
from h36m_pose.data.frames import Frames
from h36m_pose.errors import InputError
from h36m_pose.training.parallel import Devices

INPUTS = ("auto", "resident", "streaming")
_SHARE_OF_MEMORY = 0.5
"""The part of a device's memory that the dataset may take."""


class ResidentFeed:
    """All examples lie on every device; a step is told the epoch's order and fetches its batch itself."""

    resident = True

    def __init__(self, frames: Frames, order: Callable[[int], ndarray], devices: Devices, steps_per_epoch: int):
        self._order_of, self._devices, self._steps_per_epoch = order, devices, steps_per_epoch
        self._examples = devices.replicate(frames.all())
        self._epoch: int | None = None
        self._order: Any = None
        self.words = f"resident in device memory, {frames.bytes / 1e6:,.0f} MB"

    def at(self, step: int) -> tuple[Any, ...]:
        """What the training step takes besides the state."""
        epoch = step // self._steps_per_epoch
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._devices.replicate(self._order_of(epoch))
        return self._examples, self._order


class StreamedFeed:
    """Batches are read from disk by a Grain pipeline; each process reads its own rows of them."""

    resident = False

    def __init__(
        self,
        frames: Frames,
        order: Callable[[int], ndarray],
        devices: Devices,
        batch_size: int,
        steps: int,
    ):
        from h36m_pose.data.streaming import Batches, stream  # Grain takes a second to import

        self._devices = devices
        self._batches = stream(Batches(frames, order, batch_size, devices.rows(batch_size), steps))
        self._next = 0
        self.words = f"streamed from disk, {frames.bytes / 1e6:,.0f} MB"

    def at(self, step: int) -> tuple[Any, ...]:
        """What the training step takes besides the state. Steps out of turn are sought."""
        if step != self._next:
            self._batches.set_state({"next_index": step})
        self._next = step + 1
        return (self._devices.shard(next(self._batches)),)


Feed = ResidentFeed | StreamedFeed


def make_feed(
    frames: Frames, key: jax.Array, devices: Devices, batch_size: int, steps: int, choice: str = "auto"
) -> Feed:
    """The feed of a stage.

    Args:
        frames: the training frames.
        key: of the epochs' orders.
        devices: where batches go.
        batch_size: examples per step, over all devices.
        steps: length of the stage.
        choice: one of `INPUTS`. "auto" means resident if the dataset takes at most half of each device's memory; with
            several processes it means streaming, so that none reads more than it needs.
    """
    if choice not in INPUTS:
        raise InputError("data.input", repr(choice), f"one of {', '.join(INPUTS)}", "Choose one of these")
    count = len(frames)
    host = jax.local_devices(backend="cpu")[0]
    key_data = np.asarray(jax.random.key_data(key))

    def order(epoch: int) -> Int[ndarray, "frames"]:
        with jax.default_device(host):
            data, number = jax.device_put((key_data, np.int32(epoch)))
            return jax.device_get(pipeline.epoch_order(jax.random.wrap_key_data(data), number, count))

    if choice == "auto":
        fits = frames.bytes <= _SHARE_OF_MEMORY * memory_for_examples()
        choice = "resident" if fits and jax.process_count() == 1 else "streaming"
    if choice == "resident":
        return ResidentFeed(frames, order, devices, pipeline.steps_per_epoch(count, batch_size))
    return StreamedFeed(frames, order, devices, batch_size, steps)


def memory_for_examples() -> float:
    """Bytes of memory that each device has; CPU devices share the host's."""
    device = jax.local_devices()[0]
    statistics = device.memory_stats() if device.platform != "cpu" else None
    if statistics and "bytes_limit" in statistics:
        return float(statistics["bytes_limit"])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / jax.local_device_count()
