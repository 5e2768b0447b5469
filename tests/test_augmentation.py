"""Augmentation: pixels, joints and poses move together."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from h36m_pose import skeleton
from h36m_pose.data import augmentation
from h36m_pose.data.augmentation import Augmentation, Move

SIDE = 128
EVERYTHING = Augmentation(
    shift_px=9.0,
    scale=0.2,
    turn_degrees=25.0,
    stretch=0.15,
    mirror=0.5,
    gain=0.3,
    offset=0.1,
    gamma=0.3,
    noise=0.02,
    erase_px=30.0,
)
draw_move = jax.jit(augmentation.draw_move, static_argnames="options")
move_images = jax.jit(augmentation.move_images)
move_joints_px = jax.jit(augmentation.move_joints_px, static_argnames="side")
move_joints_root_mm = jax.jit(augmentation.move_joints_root_mm)
vary_light = jax.jit(augmentation.vary_light, static_argnames="options")
augment = jax.jit(augmentation.augment, static_argnames="options")


def keys(count, seed=0):
    return jax.random.split(jax.random.key(seed), count)


def dot_images(places):
    """One picture per joint of each example, a soft dot at the joint."""
    grid_x, grid_y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    squared = (grid_x - places[..., 0, None, None]) ** 2 + (grid_y - places[..., 1, None, None]) ** 2
    return np.exp(-squared / (2 * 2.0**2)).astype(np.float32)


def centres(images):
    grid_x, grid_y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    total = images.sum((-2, -1))
    return np.stack([(images * grid_x).sum((-2, -1)) / total, (images * grid_y).sum((-2, -1)) / total], -1)


@pytest.mark.parametrize("mirror", [0.0, 1.0])
def test_dots_and_joints_move_together(mirror):
    options = dataclasses.replace(EVERYTHING, mirror=mirror)
    rng = np.random.default_rng(0)
    joints = rng.uniform(45, 83, (5, 17, 2)).astype(np.float32)
    move = draw_move(keys(5), options)
    moved = np.asarray(move_joints_px(joints, move, SIDE))
    for joint in (0, 2, 13, 16):
        seen = centres(np.asarray(move_images(dot_images(joints[:, joint]), move)))
        named = skeleton.MIRRORED[joint] if mirror else joint
        np.testing.assert_allclose(seen, moved[:, named], atol=0.05)
    assert np.abs(moved - joints).max() > 5


def test_poses_stretch_turn_and_mirror_as_the_picture_does():
    """Under an orthographic camera, the picture of the moved pose is the moved picture of the pose."""
    options = Augmentation(turn_degrees=40.0, stretch=0.2, mirror=0.5)
    rng = np.random.default_rng(1)
    poses = rng.normal(0, 300, (7, 17, 3)).astype(np.float32)
    joints = poses[..., :2] * 0.05 + (SIDE - 1) / 2
    move = draw_move(keys(7, 3), options)
    assert 0 < int(move.mirrored.sum()) < 7 and np.ptp(np.asarray(move.wider)) > 0.1
    moved_poses = np.asarray(move_joints_root_mm(poses, move))
    moved_joints = np.asarray(move_joints_px(joints, move, SIDE))
    np.testing.assert_allclose(moved_poses[..., :2] * 0.05 + (SIDE - 1) / 2, moved_joints, atol=1e-3)
    swapped = np.where(np.asarray(move.mirrored)[:, None], poses[:, skeleton.MIRRORED, 2], poses[..., 2])
    np.testing.assert_array_equal(moved_poses[..., 2], swapped)


def test_mirroring_twice_is_nothing():
    poses = np.random.default_rng(2).normal(0, 300, (3, 17, 3)).astype(np.float32)
    move = draw_move(keys(3), Augmentation(mirror=1.0))
    once = move_joints_root_mm(poses, move)
    np.testing.assert_array_equal(once[:, 4, 0], -poses[:, 1, 0])
    np.testing.assert_array_equal(move_joints_root_mm(once, move), poses)


def test_mirror_images_are_exact_and_nothing_changes_nothing():
    images = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE), np.uint8)
    still = draw_move(keys(3), Augmentation())
    np.testing.assert_allclose(move_images(images, still), images, atol=0.01)
    mirrored = draw_move(keys(3), Augmentation(mirror=1.0))
    np.testing.assert_allclose(move_images(images, mirrored), images[:, :, ::-1], atol=0.01)


def test_what_comes_from_outside_is_background():
    images = np.full((2, SIDE, SIDE), 200, np.uint8)
    shift = jnp.array([[30.0, -20.0], [-SIDE - 5.0, 0.0]])
    move = Move(jnp.tile(jnp.eye(2), (2, 1, 1)), shift, jnp.zeros(2, bool), jnp.zeros(2), jnp.ones(2))
    moved = np.asarray(move_images(images, move))
    assert not moved[0, :, :29].any() and not moved[0, 108:].any() and not moved[1].any()
    np.testing.assert_allclose(moved[0, :107, 31:], 200)


def test_light_leaves_the_background_alone_and_stays_in_range():
    images = np.zeros((4, SIDE, SIDE), np.float32)
    images[:, 30:90, 50:80] = np.linspace(0.05, 1, 60)[:, None]
    lit = np.asarray(vary_light(images, keys(4), EVERYTHING))
    assert lit.min() >= 0 and lit.max() <= 1
    assert not lit[images == 0].any()
    assert np.abs(lit - images).mean() > 0.005
    assert not np.allclose(lit[0], lit[1])
    np.testing.assert_array_equal(vary_light(images, keys(4), Augmentation()), images)


def test_each_example_has_its_own_key_wherever_it_stands():
    rng = np.random.default_rng(0)
    batch = (
        rng.integers(0, 256, (4, SIDE, SIDE), np.uint8),
        rng.uniform(0, SIDE, (4, 17, 2)).astype(np.float32),
        rng.normal(0, 300, (4, 17, 3)).astype(np.float32),
    )
    run = augment
    whole = run(*batch, keys(4), EVERYTHING)
    part = run(*(array[2:] for array in batch), keys(4)[2:], EVERYTHING)
    for ours, theirs in zip(whole, part, strict=True):
        np.testing.assert_allclose(ours[2:], theirs, rtol=1e-5, atol=1e-5)
