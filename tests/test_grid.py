from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from h36m_pose import grid, skeleton

OPTIONS = ("cells", "rule", "crop_px", "window_px", "bone_share")
cell_labels = jax.jit(grid.cell_labels, static_argnames=OPTIONS)
bone_shares = jax.jit(grid.bone_shares, static_argnames=OPTIONS[:1] + OPTIONS[2:4])
KNEE, ANKLE = skeleton.NAMES.index("right knee"), skeleton.NAMES.index("right ankle")


def poses(count: int, low: float = -20.0, high: float = 150.0, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (count, 17, 2)).astype(np.float32)


def shares_by_sampling(joints_px: np.ndarray, edges: np.ndarray, samples: int = 20000) -> np.ndarray:
    """The oracle: how many of many points along each bone lie in each cell."""
    along = ((np.arange(samples) + 0.5) / samples)[:, None]
    shares = np.zeros((len(joints_px), 16, len(edges), len(edges)))
    for frame, joints in enumerate(joints_px):
        for number, (parent, child) in enumerate(skeleton.BONES):
            points = joints[parent] + along * (joints[child] - joints[parent])
            inside = (points[:, :, None] >= edges[:, 0]) & (points[:, :, None] < edges[:, 1])
            shares[frame, number] = np.einsum("px,py->yx", inside[:, 0] * 1.0, inside[:, 1] * 1.0) / samples
    return shares.reshape(len(joints_px), 16, -1)


def one_bone(parent_px, child_px, **options) -> np.ndarray:
    """Labels (17, 10, 10) of a pose whose joints all lie far outside except the right knee and ankle."""
    joints = np.full((2, 17, 2), -1e4, np.float32)
    joints[:, KNEE], joints[:, ANKLE] = parent_px, child_px
    labels = cell_labels(jnp.asarray(joints), **options)
    return np.asarray(labels[0]).reshape(17, 10, 10)


@pytest.mark.parametrize("window_px", [None, grid.REPORT_WINDOW_PX])
def test_bone_shares_agree_with_dense_sampling(window_px):
    joints = poses(5)
    exact = bone_shares(jnp.asarray(joints), window_px=window_px)
    sampled = shares_by_sampling(joints, grid.window_edges(window_px=window_px))
    np.testing.assert_allclose(exact, sampled, atol=2e-4)


@pytest.mark.parametrize("window_px", [None, grid.REPORT_WINDOW_PX])
def test_labels_agree_with_the_definition_read_aloud(window_px):
    joints = poses(7, 10, 110, seed=11)
    edges = grid.window_edges(window_px=window_px)
    sampled = shares_by_sampling(joints, edges, samples=3000)
    clear = np.abs(sampled - 0.3) > 2e-3
    labels = np.asarray(cell_labels(jnp.asarray(joints), window_px=window_px))
    checked = 0
    for frame in range(7):
        for joint in range(17):
            for cell in range(100):
                row, column = divmod(cell, 10)
                x, y = joints[frame, joint]
                point = edges[column, 0] <= x < edges[column, 1] and edges[row, 0] <= y < edges[row, 1]
                bones = [number for number, bone in enumerate(skeleton.BONES) if joint in bone]
                if clear[frame, bones, cell].all():
                    assert labels[frame, joint, cell] == (point or (sampled[frame, bones, cell] > 0.3).any())
                    checked += 1
    assert checked > 11000
    assert labels.sum() > 150


def test_edges_tile_the_crop_or_are_the_report_s_windows():
    tiles = grid.window_edges()
    np.testing.assert_allclose(tiles[:, 1] - tiles[:, 0], 12.8)
    np.testing.assert_allclose(tiles[1:, 0], tiles[:-1, 1])
    windows = grid.window_edges(window_px=grid.REPORT_WINDOW_PX)
    np.testing.assert_allclose(windows[:, 1] - windows[:, 0], 13.0)
    for edges in (tiles, windows):
        assert edges[0, 0] == -0.5
        assert edges[-1, 1] == pytest.approx(127.5)
        np.testing.assert_allclose(np.diff(edges[:, 0]), np.diff(edges[:, 0])[0])


def test_a_bone_across_two_cells_marks_both_for_both_of_its_joints():
    # Columns 3 (37.9 to 50.7) and 4 (50.7 to 63.5), row 0: 5 px of 10 in each.
    labels = one_bone((45.7, 5.0), (55.7, 5.0))
    for joint in (KNEE, ANKLE):
        assert np.argwhere(labels[joint]).tolist() == [[0, 3], [0, 4]]
    alone = one_bone((45.7, 5.0), (55.7, 5.0), rule="point")
    assert np.argwhere(alone[KNEE]).tolist() == [[0, 3]]
    assert np.argwhere(alone[ANKLE]).tolist() == [[0, 4]]


@pytest.mark.parametrize(("inside_px", "positive"), [(2.9, False), (3.1, True)])
def test_more_than_thirty_percent_of_the_bone_is_needed(inside_px, positive):
    edge = 50.7
    labels = one_bone((edge + inside_px - 10.0, 70.0), (edge + inside_px, 70.0))
    assert labels[KNEE, 5, 4] == positive
    assert labels[ANKLE, 5, 4], "the ankle itself lies there"


def test_a_bone_may_mark_a_cell_that_holds_neither_of_its_joints():
    # 26 px long: 27 % in column 1, 49 % in column 2, 23 % in column 3.
    labels = one_bone((18.0, 127.0), (44.0, 127.0))
    assert np.argwhere(labels[KNEE]).tolist() == [[9, 1], [9, 2]]
    assert np.argwhere(labels[ANKLE]).tolist() == [[9, 2], [9, 3]]


def test_a_joint_belongs_to_one_cell_even_on_a_border():
    labels = one_bone((-0.5, -0.5), (127.49, 127.49), rule="point")
    assert np.argwhere(labels[KNEE]).tolist() == [[0, 0]]
    assert np.argwhere(labels[ANKLE]).tolist() == [[9, 9]]
    outside = one_bone((127.5, 60.0), (-0.6, 60.0), rule="point")
    assert not outside.any()


def test_a_joint_outside_has_no_cell_but_its_bone_inside_counts():
    # From x = -10.5 to 9.5: half the bone is inside, all of it in column 0.
    labels = one_bone((-10.5, 20.0), (9.5, 20.0))
    assert np.argwhere(labels[KNEE]).tolist() == [[1, 0]]
    assert not one_bone((-10.5, 20.0), (9.5, 20.0), rule="point")[KNEE].any()


def test_a_bone_without_length_marks_the_cell_it_lies_in():
    labels = one_bone((30.0, 30.0), (30.0, 30.0))
    assert np.argwhere(labels[KNEE]).tolist() == [[2, 2]]
    shares = bone_shares(jnp.full((2, 17, 2), 30.0))
    assert bool(jnp.isfinite(shares).all())
    np.testing.assert_allclose(shares.sum(-1), 1.0)


@pytest.mark.parametrize("axis", [0, 1])
def test_bones_along_an_axis_lose_nothing(axis):
    joints = poses(3, 0, 127)
    joints[:, :, axis] = 64.0
    np.testing.assert_allclose(bone_shares(jnp.asarray(joints)).sum(-1), 1.0, atol=1e-5)


coordinates = st.floats(-60, 190, width=32)
one_pose = st.lists(st.tuples(coordinates, coordinates), min_size=17, max_size=17)


@settings(max_examples=60, deadline=None)
@given(one_pose)
def test_shares_are_shares_and_add_up_to_the_length_inside(pose):
    joints = np.array([pose, pose], np.float32)
    shares = np.asarray(bone_shares(jnp.asarray(joints)))[0]
    assert (shares >= 0).all()
    assert (shares <= 1 + 1e-6).all()
    whole = np.asarray(bone_shares(jnp.asarray(joints), cells=1))[0, :, 0]
    np.testing.assert_allclose(shares.sum(-1), whole, atol=1e-4)
    assert ((shares > grid.BONE_SHARE).sum(-1) <= 3).all()


@settings(max_examples=60, deadline=None)
@given(one_pose)
def test_mirrored_joints_have_mirrored_labels(pose):
    joints = np.array([pose, pose], np.float32)
    edges = grid.window_edges().ravel()
    on_a_border = np.abs(joints[..., None] - edges).min() < 1e-3
    mirrored = joints[:, skeleton.MIRRORED] * np.float32([-1, 1]) + np.float32([127, 0])
    shares = np.asarray(bone_shares(jnp.asarray(joints)))
    if on_a_border or (np.abs(shares - 0.3) < 1e-4).any():
        return
    labels = np.asarray(cell_labels(jnp.asarray(joints))).reshape(2, 17, 10, 10)
    twin = np.asarray(cell_labels(jnp.asarray(mirrored))).reshape(2, 17, 10, 10)
    np.testing.assert_array_equal(twin, labels[:, skeleton.MIRRORED, :, ::-1])


def test_the_whole_rule_is_the_other_two_together():
    joints = jnp.asarray(poses(9, 30, 90))
    points, bones, whole = (cell_labels(joints, rule=rule) for rule in grid.RULES)
    np.testing.assert_array_equal(whole, points | bones)
    assert bool((points & ~bones).any()) and bool((bones & ~points).any())
    assert int(whole.sum()) > 1.5 * int(points.sum())


def test_compiled_and_mapped_give_the_same_labels():
    joints = jnp.asarray(poses(6))
    plain = grid.cell_labels(joints)
    np.testing.assert_array_equal(cell_labels(joints), plain)
    mapped = jax.vmap(grid.cell_labels)(joints.reshape(3, 2, 17, 2))
    np.testing.assert_array_equal(mapped.reshape(plain.shape), plain)
    assert plain.shape == (6, 17, 100)
    assert plain.dtype == bool


def test_no_broadcast_is_left_to_chance():
    with jax.numpy_rank_promotion("raise"):
        jax.eval_shape(partial(grid.cell_labels, window_px=grid.REPORT_WINDOW_PX), jnp.asarray(poses(2)))


def test_other_grids_keep_their_shape():
    assert cell_labels(jnp.asarray(poses(2, 0, 64)), cells=7, crop_px=64).shape == (2, 17, 49)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="point_or_bone"):
        grid.cell_labels(jnp.asarray(poses(2)), rule="bones")
