"""Batches: a function of seed and step, cut as the network wants them, padded with care."""

import jax
import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose.data import frames, pipeline
from h36m_pose.data.augmentation import Augmentation
from h36m_pose.data.frames import Examples
from h36m_pose.errors import InputError

training_batch = jax.jit(pipeline.training_batch, static_argnames=("options", "input_px"))
plain_batch = jax.jit(pipeline.plain_batch, static_argnames="input_px")
example_keys = jax.jit(pipeline.example_keys, static_argnames="batch_size")


def examples_of(count):
    rng = np.random.default_rng(0)
    images = np.zeros((count, 128, 128), np.uint8)
    images[np.arange(count), 20 + np.arange(count), 64] = 255
    joints = np.tile(np.stack([np.full(count, 64), 20 + np.arange(count)], -1)[:, None], (1, 17, 1))
    return Examples(images, joints.astype(np.float32), rng.normal(0, 300, (count, 17, 3)).astype(np.float32))


def test_views_are_gathered_thinned_and_limited(tmp_path):
    dataset = write_stick_dataset(tmp_path, {"S1": 9, "S5": 7}, views=2)
    whole = frames.gather_views(dataset.views)
    assert whole.images.shape == (32, 128, 128) and whole.images.dtype == np.uint8
    assert whole.joints_px.shape == (32, 17, 2) and whole.joints_root_mm.shape == (32, 17, 3)
    third = frames.gather_views(dataset.views, frame_step=3)
    assert len(third.images) == 2 * (3 + 3)
    np.testing.assert_array_equal(third.joints_px[1], whole.joints_px[3])
    few = frames.gather_views(dataset.views, at_most=5)
    np.testing.assert_array_equal(few.images[[0, -1]], whole.images[[0, -1]])
    assert len(few.images) == 5


def test_an_epoch_holds_each_frame_once_in_an_order_of_its_own():
    key = jax.random.key(0)
    first, second = (np.asarray(pipeline.epoch_order(key, epoch, 50)) for epoch in (0, 1))
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    assert (first != second).any()
    np.testing.assert_array_equal(first, pipeline.epoch_order(key, 0, 50))
    assert (first != np.asarray(pipeline.epoch_order(jax.random.key(1), 0, 50))).any()


def test_the_order_of_seed_0_stays_what_it_is():
    """Resumed runs rely on it; if JAX changes its permutation, old checkpoints no longer resume exactly."""
    assert pipeline.epoch_order(jax.random.key(0), 3, 11).tolist() == PINNED_ORDER


PINNED_ORDER = [8, 10, 2, 9, 1, 7, 4, 3, 5, 6, 0]


def test_steps_per_epoch():
    assert pipeline.steps_per_epoch(23, 7) == 3
    with pytest.raises(InputError, match="at most 5"):
        pipeline.steps_per_epoch(5, 7)


def test_batches_fetch_what_is_chosen():
    examples = examples_of(13)
    keys = example_keys(jax.random.key(0), 4, 3)
    chosen = Examples(*(array[[11, 2, 5]] for array in examples))
    batch = training_batch(chosen, keys, Augmentation())
    assert batch.images.shape == (3, 128, 128, 1) and float(batch.images.max()) <= 1
    np.testing.assert_allclose(batch.joints_root_mm, examples.joints_root_mm[[11, 2, 5]])
    assert np.asarray(batch.images)[1, 22, 64, 0] == pytest.approx(1, abs=0.01)


def test_keys_differ_by_example_and_step():
    drawn = [np.asarray(jax.random.key_data(example_keys(jax.random.key(0), step, 5))) for step in (0, 1, 0)]
    assert len({tuple(key) for key in np.concatenate(drawn[:2])}) == 10
    np.testing.assert_array_equal(drawn[0], drawn[2])
    rest = example_keys(jax.random.key(0), 0, 2, 3)
    np.testing.assert_array_equal(jax.random.key_data(rest), drawn[0][3:])


def test_smaller_pictures_are_cut_with_their_joints():
    examples = examples_of(13)
    middle = plain_batch(examples, input_px=112)
    assert middle.images.shape == (13, 112, 112, 1)
    np.testing.assert_allclose(middle.images[3, :, :, 0], examples.images[3, 8:120, 8:120] / 255, rtol=1e-6)
    keys = example_keys(jax.random.key(0), 0, 13)
    cut = training_batch(examples, keys, Augmentation(), input_px=112)
    places = {np.unravel_index(image.argmax(), (112, 112)) for image in np.asarray(cut.images)[..., 0]}
    assert len({row - 20 - place for place, (row, _) in enumerate(sorted(places))}) > 1
    for image, joints in zip(np.asarray(cut.images)[..., 0], np.asarray(cut.joints_px), strict=True):
        row, column = np.unravel_index(image.argmax(), image.shape)
        np.testing.assert_allclose((joints[4] + 0.5) * 112 / 128 - 0.5, (column, row), atol=0.01)


@pytest.mark.parametrize("batch_size", [2, 5, 13, 20])
def test_padding_counts_for_nothing(batch_size):
    examples = examples_of(13)
    total = weight = 0.0
    for batch, weights in frames.padded_batches(examples, batch_size):
        assert len(batch.images) == batch_size
        total += float(weights @ batch.joints_px[:, 0, 1])
        weight += float(weights.sum())
    assert (total, weight) == (sum(range(20, 33)), 13)


def test_poses_that_are_not_numbers_are_refused(tmp_path):
    dataset = write_stick_dataset(tmp_path, {"S1": 9})
    poses = np.array(dataset.views[0].joints_root_mm)
    poses[3, 2, 1] = np.nan
    np.save(dataset.views[0].folder / "joints_root_mm.npy", poses)
    from h36m_pose.data.dataset import open_dataset

    with pytest.raises(InputError, match="NaN in joints_root_mm"):
        frames.gather_views(open_dataset(tmp_path).views)
