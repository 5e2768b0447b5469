from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.special import expit

from h36m_pose.losses import grid_cross_entropy, mpjpe_loss, safe_norm
from h36m_pose.metrics import mpjpe


def drawn(*shape: int, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_cross_entropy_is_the_mean_negative_log_likelihood():
    logits, labels = drawn(3, 1700) * 2, drawn(3, 17, 100, seed=5) > 1
    probability = expit(logits.astype(np.float64)).reshape(labels.shape)
    expected = -np.log(np.where(labels, probability, 1 - probability)).mean()
    assert float(grid_cross_entropy(jnp.asarray(logits), jnp.asarray(labels))) == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_pairs_joint_major_logits_with_their_cells():
    labels = np.zeros((2, 17, 100), bool)
    labels[:, 3, 42] = True
    logits = np.full((2, 1700), -20, np.float32)
    logits[:, 3 * 100 + 42] = 20
    assert float(grid_cross_entropy(jnp.asarray(logits), jnp.asarray(labels))) < 1e-6
    assert float(grid_cross_entropy(jnp.zeros((2, 1700)), jnp.asarray(labels))) == pytest.approx(np.log(2))


def test_cross_entropy_stays_finite_for_huge_logits():
    labels = jnp.asarray(drawn(2, 17, 100) > 1)
    value, slope = jax.value_and_grad(grid_cross_entropy)(jnp.full((2, 1700), 1e4), labels)
    assert np.isfinite(value)
    assert bool(jnp.isfinite(slope).all())


def test_mpjpe_loss_is_the_metric():
    predicted, target = drawn(5, 17, 3) * 300, drawn(5, 17, 3, seed=8) * 300
    assert float(mpjpe_loss(jnp.asarray(predicted), jnp.asarray(target))) == pytest.approx(
        mpjpe(predicted, target), rel=1e-6
    )


def test_an_exact_root_gives_no_nan_gradient():
    predicted, target = drawn(5, 17, 3), drawn(5, 17, 3, seed=8)
    predicted[:, 0] = target[:, 0] = 0
    value, slope = jax.jit(jax.value_and_grad(mpjpe_loss))(jnp.asarray(predicted), jnp.asarray(target))
    assert np.isfinite(value)
    assert bool(jnp.isfinite(slope).all())
    np.testing.assert_array_equal(slope[:, 0], 0)
    np.testing.assert_allclose(np.linalg.norm(slope[:, 1:], axis=-1), 1 / 85, rtol=1e-5)


def test_gradients_agree_with_finite_differences():
    check = partial(check_grads, order=1, modes=["rev"], atol=1e-2, rtol=1e-2)
    predicted, target = jnp.asarray(drawn(2, 17, 3)), jnp.asarray(drawn(2, 17, 3, seed=8))
    check(lambda poses: mpjpe_loss(jnp.asarray(poses), target), (predicted,))
    labels = jnp.asarray(drawn(2, 17, 4) > 0)
    check(lambda logits: grid_cross_entropy(jnp.asarray(logits), labels), (jnp.asarray(drawn(2, 68)),))


def test_safe_norm_is_the_norm():
    vectors = drawn(2, 7, 3)
    np.testing.assert_allclose(safe_norm(jnp.asarray(vectors)), np.linalg.norm(vectors, axis=-1), rtol=1e-6)
    assert float(safe_norm(jnp.zeros(3))) == 0
