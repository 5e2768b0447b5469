"""Batches read from disk while others are computed, for datasets that do not fit the device: a Grain pipeline.

An element of the pipeline is a whole batch, or this process's rows of it, and its number is the step: the order is that
of `pipeline.epoch_order`, the same as for a dataset that lies on the device, whatever the number of reading threads.
"""

import functools
from collections.abc import Callable

import grain
import numpy as np
from jaxtyping import Int
from numpy import ndarray

from h36m_pose.data.frames import Examples, Frames

THREADS = 4
"""Reading one batch each; reading is waiting for a disk, not computing."""

BATCHES_AHEAD = 8


class Batches:
    """The batches of a stage by their steps: what Grain calls a random access data source.

    Args:
        frames: what to read.
        order: from the number of an epoch to the order of all frames in it.
        batch_size: examples per step, over all processes.
        rows: which of a batch's examples this process reads.
        steps: length of the stage.
    """

    def __init__(
        self, frames: Frames, order: Callable[[int], Int[ndarray, "frames"]], batch_size: int, rows: slice, steps: int
    ):
        self._frames, self._batch_size, self._rows, self._steps = frames, batch_size, rows, steps
        self._order = functools.lru_cache(maxsize=2)(order)  # two epochs meet in what is read ahead

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Examples:
        epoch, place = divmod(step, len(self._frames) // self._batch_size)
        first = place * self._batch_size
        chosen = np.asarray(self._order(epoch))[first : first + self._batch_size][self._rows]
        return self._frames.fetch(chosen)


def stream(batches: Batches) -> grain.DatasetIterator:
    """Iterates over the batches, some being read ahead; `get_state` and `set_state` are Grain's own."""
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=BATCHES_AHEAD)
    return iter(grain.MapDataset.source(batches).to_iter_dataset(options))
