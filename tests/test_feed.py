"""Batches from the device and from disk: the same, in the same order, from any step on."""

import itertools
from pathlib import Path

import jax
import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose.data import pipeline
from h36m_pose.data.dataset import Dataset
from h36m_pose.data.frames import Frames
from h36m_pose.data.streaming import Batches, stream
from h36m_pose.training import feed
from h36m_pose.training.parallel import Devices

BATCH, STEPS = 7, 24
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_stick_dataset(tmp_path_factory.mktemp("data"), {"S1": 20, "S5": 17, "S6": 13})


@pytest.fixture(scope="module")
def frames(dataset: Dataset) -> Frames:
    return Frames(dataset.views)


def order_of(frames: Frames):
    return lambda epoch: np.asarray(pipeline.epoch_order(KEY, epoch, len(frames)))


def digests(batches) -> list[bytes]:
    return [b"".join(np.asarray(array).tobytes() for array in batch) for batch in batches]


def test_frames_are_fetched_in_the_order_asked_for(dataset: Dataset) -> None:
    frames = Frames(dataset.views, frame_step=3)
    assert len(frames) == 7 + 6 + 5 and frames.bytes == 18 * (128 * 128 + 17 * 5 * 4)
    everything = frames.all()
    chosen = np.array([17, 0, 8, 6, 7, 13, 8])
    for ours, theirs in zip(frames.fetch(chosen), everything, strict=True):
        np.testing.assert_array_equal(ours, theirs[chosen])
    np.testing.assert_array_equal(frames.fetch(np.array([8])).images[0], dataset.views[1].images[3])


def test_the_stream_can_be_taken_up_at_every_step(frames: Frames) -> None:
    """Of an epoch and three steps into the next, whatever the number of threads that read ahead."""
    batches = Batches(frames, order_of(frames), BATCH, slice(None), STEPS)
    whole = digests(stream(batches))
    assert len(whole) == STEPS and len(set(whole)) == STEPS
    per_epoch = len(frames) // BATCH
    for step in range(per_epoch + 3):
        first = stream(batches)
        for _ in itertools.islice(first, step):
            pass
        again = stream(batches)
        again.set_state(first.get_state())
        assert digests(itertools.islice(again, 4)) == whole[step : step + 4]


def test_processes_read_their_own_rows(frames: Frames) -> None:
    order = order_of(frames)
    whole = digests(stream(Batches(frames, order, 6, slice(None), 8)))
    parts = [list(stream(Batches(frames, order, 6, rows, 8))) for rows in (slice(0, 3), slice(3, 6))]
    together = [
        [np.concatenate(arrays) for arrays in zip(first, second, strict=True)]
        for first, second in zip(*parts, strict=True)
    ]
    assert digests(together) == whole


@pytest.mark.parametrize("mode", ["jit", "pmap"])
def test_both_feeds_give_the_same_batches(frames: Frames, mode: str) -> None:
    devices = Devices(mode)
    resident = feed.make_feed(frames, KEY, devices, BATCH, STEPS, "resident")
    streamed = feed.make_feed(frames, KEY, devices, BATCH, STEPS, "streaming")
    assert (resident.resident, streamed.resident) == (True, False)
    per_epoch = len(frames) // BATCH
    for step in (0, 1, 2, per_epoch - 1, per_epoch, per_epoch + 1, 3, 20):  # in turn, and sought
        examples, order = (devices.to_host(part) for part in resident.at(step))
        place = step % per_epoch * BATCH
        (batch,) = streamed.at(step)
        for array, all_of_them in zip(batch, examples, strict=True):
            found = np.asarray(array).reshape(BATCH, *array.shape[2 if mode == "pmap" else 1 :])
            np.testing.assert_array_equal(found, all_of_them[order[place : place + BATCH]])


def test_size_decides_unless_forced(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(choice: str = "auto") -> str:
        return feed.make_feed(frames, KEY, Devices(), BATCH, STEPS, choice).words

    assert chosen() == "resident in device memory, 1 MB"
    assert chosen("streaming") == "streamed from disk, 1 MB"
    monkeypatch.setattr(feed, "memory_for_examples", lambda: 2 * frames.bytes - 1)
    assert chosen() == "streamed from disk, 1 MB"
    assert chosen("resident") == "resident in device memory, 1 MB"
    monkeypatch.setattr(feed, "memory_for_examples", lambda: 2 * frames.bytes)
    assert chosen() == "resident in device memory, 1 MB"


def test_memory_is_looked_up() -> None:
    assert 2**28 < feed.memory_for_examples() < 2**50


def test_nothing_is_read_that_is_not_asked_for(dataset: Dataset, tmp_path: Path) -> None:
    """A picture that is gone is missed when its batch comes, not before."""
    frames = Frames(dataset.views)
    batches = Batches(frames, lambda epoch: np.arange(len(frames)), BATCH, slice(None), 7)
    assert isinstance(frames._images[0], np.memmap)
    np.testing.assert_array_equal(batches[3].images, frames.all().images[21:28])
