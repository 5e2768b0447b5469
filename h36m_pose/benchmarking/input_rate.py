"""How fast the training frames of a dataset are streamed from disk, by the pipeline that training uses."""

import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from h36m_pose.benchmarking.rounds import spread
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.streaming import Batches, stream
from h36m_pose.training.stage import training_frames


def measure_streaming(folder: Path, config: ConfigDict, batch_size: int, rounds: int) -> dict[str, float]:
    """Images per second over whole epochs in random order, nothing else going on; files may be in the page cache.

    Args:
        folder: of the dataset.
        config: an experiment, for its split.
        batch_size: images per batch.
        rounds: how many epochs.
    """
    frames = training_frames(config, open_dataset(folder))
    steps = len(frames) // batch_size
    order = np.random.default_rng(0).permutation(len(frames))
    rates = []
    for _ in range(rounds):
        started = time.perf_counter()
        batches = sum(1 for _ in stream(Batches(frames, lambda epoch: order, batch_size, slice(None), steps)))
        rates.append(batches * batch_size / (time.perf_counter() - started))
    return spread(rates)
