"""How fast the training frames of a dataset are streamed from disk, by the pipeline that training uses."""

import time
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from h36m_pose.benchmarking.rounds import spread
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.frames import Frames
from h36m_pose.data.protocols import split
from h36m_pose.data.streaming import Batches, stream


def measure_streaming(folder: Path, config: ConfigDict, batch_size: int, rounds: int) -> dict[str, float]:
    """Images per second over whole epochs in random order, nothing else going on; files may be in the page cache.

    Args:
        folder: of the dataset.
        config: an experiment, for its split.
        batch_size: images per batch.
        rounds: how many epochs.
    """
    dataset, data = open_dataset(folder), config.data
    training = split(dataset.subjects, data.protocol, data.validation_subjects, data.crowd).train
    frames = Frames(dataset.select(training), data.frame_step, data.frame)
    steps = len(frames) // batch_size
    order = np.random.default_rng(0).permutation(len(frames))
    rates = []
    for _ in range(rounds):
        started = time.perf_counter()
        batches = sum(1 for _ in stream(Batches(frames, lambda epoch: order, batch_size, slice(None), steps)))
        rates.append(batches * batch_size / (time.perf_counter() - started))
    return spread(rates)
