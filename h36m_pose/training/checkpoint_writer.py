"""Checkpoints written while training goes on, and when the next one is due."""

import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from h36m_pose.models.parameters import Arrays
from h36m_pose.training import checkpoint


class CheckpointWriter:
    """Hands checkpoints to one thread, which writes them in order; used as a context.

    The arrays must be copies on the host that nobody changes. At most one checkpoint waits: handing over a third stands
    still until the first is written, so that memory stays bounded. What goes wrong in the thread is raised by the next
    call, or at the end of the context.

    Args:
        folder: the stage's folder of checkpoints.
        keep: how many of the latest are kept.
    """

    def __init__(self, folder: Path, keep: int):
        self._folder, self._keep = folder, keep
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._unfinished: list[Future[None]] = []

    def step(self, arrays: Arrays, about: dict[str, Any]) -> None:
        """Writes the checkpoint of a step, then deletes what is not needed any more."""

        def write() -> None:
            checkpoint.save(checkpoint.folder_of(self._folder, checkpoint.STEP, about["step"]), arrays, about)
            checkpoint.prune(self._folder, self._keep)

        self._hand_over(write)

    def best(self, arrays: Arrays, about: dict[str, Any]) -> None:
        """Writes the weights that did best."""
        folder = checkpoint.folder_of(self._folder, checkpoint.BEST, about["step"])
        self._hand_over(lambda: checkpoint.save(folder, arrays, about))

    def _hand_over(self, write: Callable[[], None]) -> None:
        while len(self._unfinished) > 1 or (self._unfinished and self._unfinished[0].done()):
            self._unfinished.pop(0).result()
        self._unfinished.append(self._thread.submit(write))

    def wait(self) -> None:
        """Waits until everything is written."""
        while self._unfinished:
            self._unfinished.pop(0).result()

    def __enter__(self) -> "CheckpointWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *problem: object) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._thread.shutdown()


@dataclasses.dataclass
class Schedule:
    """When a checkpoint is due: by steps, and by time that grows from a first, short interval.

    A machine that is stopped again and again, soon after each start, still advances; one that is not loses little time
    to writing.

    Attributes:
        first_seconds: from the start to the first checkpoint. Each interval is twice the one before.
        every_seconds: the longest interval.
        every_steps: also after so many steps; 0 for by time alone.
    """

    first_seconds: float
    every_seconds: float
    every_steps: int
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._interval, self._last = self.first_seconds, self.clock()

    def due(self, step: int) -> bool:
        """Whether one is due after `step` steps."""
        by_steps = self.every_steps > 0 and step % self.every_steps == 0
        return by_steps or self.clock() - self._last >= self._interval

    def saved(self) -> None:
        """Notes that one was written."""
        self._last = self.clock()
        self._interval = min(2 * self._interval, self.every_seconds)
