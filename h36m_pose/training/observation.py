"""How fast training goes and what it takes: rates, memory, and a trace for a profiler."""

import time
from pathlib import Path
from typing import Any

import jax

from h36m_pose.training.host import host_peak_bytes
from h36m_pose.training.metric_writer import MetricWriter

_SETTLING_STEPS = 5
"""Steps before a trace begins: the first ones compile."""

PROFILE = "profile"


class Rates:
    """Images per second and memory, over windows of steps in which nothing but training was done.

    Args:
        batch_size: images per step, over all devices.
        every_steps: length of a window.
    """

    def __init__(self, batch_size: int, every_steps: int):
        self._batch_size, self._every = batch_size, every_steps
        self.skip()

    def skip(self) -> None:
        """Begins a new window: what came before is not to be counted."""
        self._since: tuple[int, float] | None = None

    def note(self, step: int, writer: MetricWriter) -> None:
        """Called when the metrics of `step` steps are there; writes a row at the end of a window."""
        if self._since is None:
            self._since = step, time.perf_counter()
            return
        first, started = self._since
        if step - first < self._every:
            return
        seconds = (time.perf_counter() - started) / (step - first)
        writer.write_rates(step, {"images_per_s": self._batch_size / seconds, "step_ms": 1000 * seconds, **memory_mb()})
        self.skip()


def memory_mb() -> dict[str, float]:
    """Peak memory in MB: of this process, and of its first device if that one tells."""
    used, on_device = {"host_peak_mb": host_peak_bytes() / 1e6}, device_peak_bytes()
    return used if on_device is None else {**used, "device_peak_mb": on_device / 1e6}


def device_peak_bytes() -> int | None:
    """The most memory in use on the first device so far; None if it does not tell, as CPUs do not."""
    statistics = jax.local_devices()[0].memory_stats() or {}
    return statistics.get("peak_bytes_in_use")


class Profile:
    """Writes a JAX profiler trace of some steps, for TensorBoard's profile page or Perfetto; used as a context.

    Args:
        folder: of the stage; the trace goes into its `profile`.
        steps: how many; 0 for none.
    """

    def __init__(self, folder: Path, steps: int):
        self._folder, self._steps, self._running = folder / PROFILE, steps, False

    def before(self, steps_done: int) -> None:
        """Called before each step with the number of steps done since the start."""
        if self._steps and steps_done == _SETTLING_STEPS:
            jax.profiler.start_trace(str(self._folder))
            self._running = True

    def after(self, steps_done: int, state: Any) -> None:
        """Called after each step with the same number and the new state."""
        if self._running and steps_done == _SETTLING_STEPS + self._steps - 1:
            jax.block_until_ready(state)
            self._stop()
            print(f"\nwritten: a trace of {self._steps} steps in {self._folder}")

    def _stop(self) -> None:
        jax.profiler.stop_trace()
        self._running = False

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._running:  # training ended before the trace
            self._stop()
