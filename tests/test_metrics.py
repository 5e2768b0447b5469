import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy.spatial.transform import Rotation

from h36m_pose import metrics
from h36m_pose.alignment import align_by_scale, align_by_similarity
from h36m_pose.metrics import auc3d, constancy, joint_errors, mpjpe, mpjve, n_mpjpe, pa_mpjpe, pck3d

WRONG_SHAPE = (ValueError, TypeCheckError)  # the latter when the annotations are checked as well
ALL = (mpjpe, pa_mpjpe, n_mpjpe, mpjve, pck3d, auc3d)

# Poses and results of mmpose's unit test tests/test_evaluation/test_functional/test_keypoint_eval.py (Apache-2.0).
PREDICTED = np.array([
    [(1, 0, 0), (2, 2, 0), (0, 0, -1), (3, 3, 1), (0, 1, 1)],
    [(1, 0, 0), (2, 2, 1), (-1, 0, 0), (0, 0, 3), (0, 0, 1)],
], float)  # fmt: skip
TARGET = np.array([
    [(1, 0, 0), (1, 1, 1), (-1, 0, 0), (3, 3, 1), (0, 1, 0)],
    [(1, 1, 0), (1, 0, 1), (-1, 0, 0), (0, 0, 3), (1, 1, 0)],
], float)  # fmt: skip
COUNTED = np.array([0, 1, 3, 4])


def walk(frames: int = 12, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    target = np.cumsum(draw.normal(size=(frames, 17, 3)) * 20, axis=0) + draw.normal(size=(17, 3)) * 300
    return target + draw.normal(size=target.shape) * 60, target


def test_values_of_mmpose():
    assert mpjpe(PREDICTED, TARGET) == pytest.approx(0.9114383155010639, abs=1e-12)
    assert pa_mpjpe(PREDICTED, TARGET) == pytest.approx(0.9841229198883152, abs=1e-12)
    assert n_mpjpe(PREDICTED, TARGET) == pytest.approx(0.9839702092347377, abs=1e-12)


def test_values_of_mmpose_with_a_joint_left_out_of_the_mean():
    for predicted, expected in (
        (PREDICTED, 0.9625211990796929),
        (align_by_similarity(PREDICTED, TARGET), 1.0047897634604497),
        (align_by_scale(PREDICTED, TARGET), 1.0277129678465953),
    ):
        assert joint_errors(predicted, TARGET)[:, COUNTED].mean() == pytest.approx(expected, abs=1e-12)


def test_mpjpe_by_hand():
    target = np.zeros((2, 17, 3))
    predicted = target.copy()
    predicted[0, 5] = [3, 4, 0]
    predicted[1, 2] = [0, 0, 12]
    assert mpjpe(predicted, target) == pytest.approx((5 + 12) / 34)
    assert joint_errors(predicted, target)[0, 5] == 5.0


def test_nothing_is_centred_on_the_root():
    _, target = walk()
    shifted = target + np.array([100, 0, 0])
    assert mpjpe(shifted, target) == pytest.approx(100)
    assert n_mpjpe(shifted, target) > 10
    assert pa_mpjpe(shifted, target) == pytest.approx(0, abs=1e-9)


def test_pa_mpjpe_forgives_a_similarity_but_no_mirror():
    _, target = walk()
    turned = 0.8 * target @ Rotation.from_rotvec([0.3, 2.0, -0.5]).as_matrix().T + [5, 6, 7]
    assert pa_mpjpe(turned, target) == pytest.approx(0, abs=1e-9)
    assert pa_mpjpe(turned, target, with_scale=False) > 10
    assert pa_mpjpe(target * [-1, 1, 1], target) > 50


def test_n_mpjpe_forgives_a_scale_alone():
    _, target = walk()
    assert n_mpjpe(0.6 * target, target) == pytest.approx(0, abs=1e-9)
    assert n_mpjpe(target @ Rotation.from_rotvec([0.3, 0, 0]).as_matrix(), target) > 10


def test_mpjve_is_blind_to_a_constant_offset_and_counts_mm_per_frame():
    _, target = walk()
    assert mpjve(target + np.array([70, -20, 4]), target) == pytest.approx(0, abs=1e-9)
    drifting = target + 2.5 * np.arange(12)[:, None, None] * [0, 1, 0]
    assert mpjve(drifting, target) == pytest.approx(2.5)


def test_mpjve_crosses_no_border():
    first, second = walk(5, seed=1), walk(8, seed=9)
    predicted, target = (np.concatenate(parts) for parts in zip(first, second, strict=True))
    predicted[5:] += 5000.0
    sequence = np.array(["S9 Walking 54138969"] * 5 + ["S9 Walking 55011271"] * 8)
    expected = (4 * mpjve(*first) + 7 * mpjve(*second)) / 11
    assert mpjve(predicted, target, sequence) == pytest.approx(expected)
    assert mpjve(predicted, target) > expected + 300
    with pytest.raises(ValueError, match="consecutive"):
        mpjve(predicted, target, np.arange(13))
    with pytest.raises(WRONG_SHAPE, match=r"frame"):
        mpjve(predicted, target, sequence[:-1])


def test_pck_is_strict():
    target = np.zeros((2, 5, 3))
    predicted = target.copy()
    predicted[:, :, 0] = [0, 149.999, 150, 151, 10]
    assert pck3d(predicted, target) == pytest.approx(60)


def test_auc_by_definition_and_of_a_perfect_prediction():
    predicted, target = walk()
    assert auc3d(target, target) == pytest.approx(100 * 30 / 31)
    by_definition = [pck3d(predicted, target, threshold) for threshold in np.linspace(0, 150, 31)]
    assert auc3d(predicted, target) == pytest.approx(np.mean(by_definition), abs=1e-12)
    assert 20 < auc3d(predicted, target) < 80
    target = np.round(target)
    assert auc3d(target + np.array([5, 0, 0]), target) == pytest.approx(100 * 29 / 31)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 200))
def test_properties(seed, noise):
    draw = np.random.default_rng(seed)
    target = draw.normal(size=(3, 17, 3)) * 300
    predicted = target + draw.normal(size=target.shape) * noise
    turn = Rotation.random(rng=draw).as_matrix()
    for metric in ALL:
        assert metric(predicted @ turn, target @ turn) == pytest.approx(metric(predicted, target), abs=1e-6)
    assert mpjpe(predicted, target) == pytest.approx(mpjpe(target, predicted))
    assert mpjpe(2 * predicted, 2 * target) == pytest.approx(2 * mpjpe(predicted, target))
    squared = np.sum((align_by_similarity(predicted, target) - target) ** 2)
    assert squared <= np.sum((align_by_scale(predicted, target) - target) ** 2) * (1 + 1e-9)
    assert squared <= np.sum((predicted - target) ** 2) * (1 + 1e-9)


@pytest.mark.parametrize("metric", ALL)
def test_bad_input_is_refused(metric):
    predicted, target = walk()
    for bad in (np.nan, np.inf):
        broken = predicted.copy()
        broken[7, 3, 1] = bad
        with pytest.raises(ValueError, match="first in frame 7"):
            metric(broken, target)
        with pytest.raises(ValueError, match="not finite"):
            metric(target, broken)
    with pytest.raises(WRONG_SHAPE, match=r"shape|type"):
        metric(predicted[:, :16], target)
    with pytest.raises(WRONG_SHAPE, match=r"shape|type"):
        metric(predicted[0], target[0])
    with pytest.raises(ValueError, match="no pose"):
        metric(predicted[:0], target[:0])


@pytest.mark.parametrize("metric", ALL)
def test_each_returns_a_plain_float_from_single_precision(metric):
    predicted, target = walk()
    value = metric(predicted.astype(np.float32), target.astype(np.float32))
    assert type(value) is float
    assert value == pytest.approx(metric(predicted, target), rel=1e-4)


def test_thresholds_are_those_of_mpi_inf_3dhp():
    assert metrics.AUC_THRESHOLDS_MM.tolist() == list(range(0, 151, 5))


def test_constancy_counts_pairs_that_hardly_move():
    target = np.zeros((6, 17, 3))
    target[:, :, 0] = 10 * np.arange(6)[:, None]
    predicted = np.zeros_like(target)
    predicted[:, :, 1] = np.cumsum([0, 0.99, 1.01, 0, 30, 0.5])[:, None]
    assert constancy(predicted, target) == pytest.approx(60)
    assert constancy(predicted, target, share=0.05) == pytest.approx(20)
    one_joint = np.zeros_like(target)
    one_joint[:, 4, 2] = 17 * 1.01 * np.arange(6)
    assert constancy(one_joint, target) == 0
    assert constancy(target * 0 + target.mean(0), target) == 100


def test_constancy_leaves_out_borders_and_pairs_whose_truth_stands_still():
    target = np.zeros((6, 17, 3))
    target[:, :, 0] = np.array([0, 10, 10, 500, 510, 520])[:, None]
    predicted = target.copy()
    predicted[5] = predicted[4]
    sequence = np.array([1, 1, 1, 2, 2, 2])
    assert constancy(predicted, target, sequence) == pytest.approx(100 / 3)
    assert constancy(predicted * 0, target, sequence) == 100
    assert constancy(predicted, target * 0, sequence) == 0
    with pytest.raises(ValueError, match="consecutive"):
        constancy(predicted, target, np.arange(6))
