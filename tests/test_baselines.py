import numpy as np
import pytest

from h36m_pose.baselines import mean_pose, zero_pose


def test_every_frame_weighs_the_same():
    draw = np.random.default_rng(0)
    sequences = [draw.normal(size=(frames, 17, 3)).astype(np.float32) * 300 for frames in (2, 7, 5)]
    np.testing.assert_allclose(mean_pose(sequences), np.concatenate(sequences).mean(0, dtype=np.float64), atol=1e-9)
    assert not np.allclose(mean_pose(sequences), np.mean([part.mean(0) for part in sequences], axis=0), atol=1)


def test_the_mean_pose_is_summed_in_double_precision():
    sequence = np.full((100_000, 17, 3), 1000.1, np.float32)
    np.testing.assert_allclose(mean_pose([sequence]), np.float64(np.float32(1000.1)), rtol=1e-9)


def test_no_training_pose_is_refused():
    with pytest.raises(ValueError, match="no training pose"):
        mean_pose([])


def test_the_zero_pose_is_the_pelvis():
    assert zero_pose().shape == (17, 3)
    assert not zero_pose().any()
