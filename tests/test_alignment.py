import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.transform import Rotation
from skimage.transform import SimilarityTransform

from h36m_pose.alignment import align_by_scale, align_by_similarity, best_similarity


def pair(frames: int = 5, joints: int = 17) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(7)
    return draw.normal(size=(frames, joints, 3)) * 300, draw.normal(size=(frames, joints, 3)) * 200 + [50, 0, 4000]


def moved(points: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    rotation, scale, shift = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix(), 1.7, np.array([10.0, -200.0, 33.0])
    return scale * points @ rotation.T + shift, scale, rotation, shift


def test_a_known_transform_is_found():
    source, _ = pair()
    target, scale, rotation, shift = moved(source)
    found = best_similarity(source, target)
    np.testing.assert_allclose(found.scale, scale)
    np.testing.assert_allclose(found.rotation, np.broadcast_to(rotation, (5, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(found.translation, np.broadcast_to(shift, (5, 3)), atol=1e-9)


def test_it_agrees_with_scikit_image():
    source, target = pair()
    aligned = align_by_similarity(source, target)
    for one, other, ours in zip(source, target, aligned, strict=True):
        theirs = SimilarityTransform.from_estimate(one, other)
        np.testing.assert_allclose(ours, theirs(one), atol=1e-8)


def test_without_scale_it_agrees_with_scipy():
    source, target = pair()
    found = best_similarity(source, target, with_scale=False)
    np.testing.assert_array_equal(found.scale, 1.0)
    for frame in range(5):
        one, other = source[frame] - source[frame].mean(0), target[frame] - target[frame].mean(0)
        theirs, _ = Rotation.align_vectors(other, one)
        np.testing.assert_allclose(found.rotation[frame], theirs.as_matrix(), atol=1e-10)


def test_a_mirrored_pose_is_not_mirrored_back():
    source, _ = pair()
    mirrored = source * [-1, 1, 1]
    found = best_similarity(source, mirrored)
    np.testing.assert_allclose(np.linalg.det(found.rotation), 1.0)
    assert np.linalg.norm(found.apply(source) - mirrored, axis=-1).mean() > 50
    # Free of the sign, the orthogonal Procrustes solution would be a perfect mirror.
    free, _ = scipy.linalg.orthogonal_procrustes(source[2] - source[2].mean(0), mirrored[2] - mirrored[2].mean(0))
    assert np.linalg.det(free) < 0


def test_no_small_change_does_better():
    source, target = pair()
    best = np.sum((align_by_similarity(source, target) - target) ** 2)
    found = best_similarity(source, target)
    draw = np.random.default_rng(1)
    for _ in range(20):
        turn = Rotation.from_rotvec(draw.normal(size=3) * 0.02).as_matrix()
        near = found._replace(
            rotation=turn @ found.rotation,
            scale=found.scale * (1 + draw.normal() * 0.02),
            translation=found.translation + draw.normal(size=3) * 3,
        )
        assert np.sum((near.apply(source) - target) ** 2) > best


def test_flat_and_collapsed_poses_stay_finite():
    source, target = pair()
    source[0, :, 2] = 0
    source[1, :, 1:] = 0
    source[2] = [4.0, 5.0, 6.0]
    aligned = align_by_similarity(source, target)
    assert np.isfinite(aligned).all()
    np.testing.assert_allclose(aligned[2], np.broadcast_to(target[2].mean(0), (17, 3)))
    assert np.isfinite(align_by_scale(source * 0, target)).all()


def test_scale_is_the_least_squares_one():
    source, target = pair()
    aligned = align_by_scale(source, target)
    for frame in range(5):
        scale = np.linalg.lstsq(source[frame].reshape(-1, 1), target[frame].ravel())[0][0]
        np.testing.assert_allclose(aligned[frame], scale * source[frame])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_precision_is_raised_to_double(dtype):
    source, target = pair()
    assert align_by_similarity(source.astype(dtype), target.astype(dtype)).dtype == np.float64
