"""Regression from hand-made features, the state of the art before networks: HOG, then neighbours or kernel ridge.

The family of the Human3.6M paper's own baselines (Ionescu et al., TPAMI 2014, section 4: k-nearest neighbours, kernel
ridge regression and LinKDE, on pyramids of HOG inside the silhouette). The features are scikit-image's HOG (Dalal &
Triggs 2005) of the same crops that the networks see, the methods scikit-learn's; what they leave open is chosen on the
validation subjects.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from ml_collections import ConfigDict
from numpy import ndarray

from h36m_pose import baselines, skeleton
from h36m_pose.data import crop_frame, frames
from h36m_pose.data.chosen_views import training_views, validation_views
from h36m_pose.data.dataset import Dataset, View
from h36m_pose.data.protocols import Split
from h36m_pose.metrics import mpjpe
from h36m_pose.progress import bar
from h36m_pose.training.stage import split_of

_CELL_PX, _BLOCK_CELLS, _ORIENTATIONS = 16, 2, 9
_NEIGHBOURS = (1, 3, 5, 10, 20, 40)
_WIDTHS = (0.5, 1.0, 2.0)
"""Of the Gaussian kernel, times the median distance between training frames."""
_PENALTIES = (1e-3, 1e-2, 1e-1)
_RIDGE_FRAMES = 8000
"""Kernel ridge regression solves a system of as many equations as there are frames: they are thinned to this."""

Predict = Callable[[Float[ndarray, "frames features"]], Float[ndarray, "frames 51"]]


def hog_features(images: UInt8[ndarray, "frames 128 128"], silent: bool = False) -> Float[ndarray, "frames 1764"]:
    """Histograms of oriented gradients, 9 orientations in cells of 16x16 pixels, blocks of 2x2 cells, float32."""
    from skimage.feature import hog

    side = images.shape[1] // _CELL_PX - _BLOCK_CELLS + 1
    features = np.empty((len(images), side**2 * _BLOCK_CELLS**2 * _ORIENTATIONS), np.float32)
    with bar(len(images), "hog", " frame", silent=silent) as progress:
        for place, image in enumerate(images):
            features[place] = hog(
                image,
                orientations=_ORIENTATIONS,
                pixels_per_cell=(_CELL_PX, _CELL_PX),
                cells_per_block=(_BLOCK_CELLS, _BLOCK_CELLS),
            )
            progress.update()
    return features


@dataclasses.dataclass(eq=False)
class FeaturePredictor:
    """A fitted method, as `evaluation.evaluate_run` wants it.

    Attributes:
        config: the settings it was fitted with, as plain values.
        train_mean_pose_mm: (17, 3), in the camera's frame.
        split: which subjects trained, validated and test.
        dataset_fingerprint: of the dataset.
        chosen: what was chosen on the validation subjects, in words.
        frame_words: see `evaluation.Predictor`.
    """

    config: dict[str, Any]
    train_mean_pose_mm: Float[ndarray, "17 3"]
    split: Any
    dataset_fingerprint: str
    chosen: str
    frame_words: str
    _predict: Callable[[View], ndarray] = dataclasses.field(repr=False)

    def predict_view_mm(self, view: View) -> Float[ndarray, "frames 17 3"]:
        """The poses of all frames of a view in mm, camera frame, relative to the pelvis."""
        return self._predict(view)


def fit(name: str, config: ConfigDict, dataset: Dataset) -> FeaturePredictor:
    """Fits a method on the training subjects.

    Args:
        name: "zero_pose", "mean_pose", "hog_nearest" or "hog_ridge".
        config: an experiment, of which the group `data` counts.
        dataset: what to learn from.
    """
    data, sides = config.data, split_of(config, dataset)
    training = training_views(dataset, sides)
    mean_mm = frames.mean_pose(training, data.frame_step)
    if name in ("zero_pose", "mean_pose"):
        pose = mean_mm if name == "mean_pose" else baselines.zero_pose().astype(np.float32)
        predict, chosen, words = (lambda view: np.broadcast_to(pose, (view.frames, *pose.shape))), "", ""
    else:
        chosen, from_features = _fitted(name, config, dataset, sides)
        in_crop = data.frame == "crop"
        words = "predicted in the crop's own frame and turned to the camera's" if in_crop else ""
        predict = _view_predictor(from_features, in_crop)
    plain = {"finetune": {"mirror_average": False}, "data": data.to_dict()}
    return FeaturePredictor(plain, mean_mm, sides, dataset.fingerprint, chosen, words, predict)


def _view_predictor(from_features: Predict, in_crop: bool) -> Callable[[View], ndarray]:
    def predict(view: View) -> ndarray:
        poses = from_features(hog_features(np.asarray(view.images), silent=True)).reshape(-1, skeleton.JOINTS, 3)
        return crop_frame.turn_back(poses, crop_frame.crop_rotations(view)) if in_crop else poses

    return predict


def _fitted(name: str, config: ConfigDict, dataset: Dataset, sides: Split) -> tuple[str, Predict]:
    """The variant that does best on the validation subjects: words for it, and what it predicts."""
    data = config.data
    at_most = _RIDGE_FRAMES if name == "hog_ridge" else 0
    learnt = frames.gather_views(training_views(dataset, sides), data.frame_step, at_most, data.frame)
    held_out = frames.gather_views(validation_views(dataset, sides), 1, data.validation_at_most, data.frame)
    features, targets = hog_features(learnt.images), learnt.joints_root_mm.reshape(len(learnt.images), -1)
    tested = hog_features(held_out.images)
    variants = _neighbours(features, targets) if name == "hog_nearest" else _ridges(features, targets)
    best: tuple[float, str, Predict] | None = None
    for words, predict in variants:
        error = mpjpe(predict(tested).reshape(-1, skeleton.JOINTS, 3), held_out.joints_root_mm)
        print(f"{name}: {words}: validation mpjpe_mm {error:.4g}", flush=True)
        if best is None or error < best[0]:
            best = error, words, predict
    assert best is not None
    return f"{best[1]}, of {len(features):,} training frames", best[2]


def _neighbours(features: ndarray, targets: ndarray) -> Iterator[tuple[str, Predict]]:
    from sklearn.neighbors import KNeighborsRegressor

    for count in _NEIGHBOURS:
        if count <= len(features):
            method = KNeighborsRegressor(count, weights="distance", algorithm="brute").fit(features, targets)
            yield f"{count} neighbours", method.predict


def _ridges(features: ndarray, targets: ndarray) -> Iterator[tuple[str, Predict]]:
    from sklearn.kernel_ridge import KernelRidge

    mean = targets.mean(0)
    some = features[:: max(1, len(features) // 500)]
    squares = ((some[:, None] - some[None]) ** 2).sum(-1)
    median = np.median(squares[squares > 0])
    for width in _WIDTHS:
        for penalty in _PENALTIES:
            method = KernelRidge(alpha=penalty, kernel="rbf", gamma=0.5 / (width**2 * median))
            method.fit(features, targets - mean)
            yield f"kernel width {width:g}, penalty {penalty:g}", _plus(method, mean)


def _plus(method: Any, mean: ndarray) -> Predict:
    return lambda features: method.predict(features) + mean
