"""Methods on HOG features: the features themselves, what is chosen, and their way through the command."""

from pathlib import Path

import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose import configuration, feature_regression
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import Dataset
from h36m_pose.summary import read_results


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    frames = {"S1": 40, "S5": 40, "S6": 40, "S7": 40, "S8": 15, "S9": 40, "S11": 25}
    return write_stick_dataset(tmp_path_factory.mktemp("sticks"), frames)


def test_features_tell_the_direction_of_edges() -> None:
    """A vertical edge has a horizontal gradient: the first orientation of nine holds it, in each of the 49 blocks."""
    image = np.zeros((128, 128), np.uint8)
    image[:, 64:] = 200
    features = feature_regression.hog_features(np.stack([image, image.T]), silent=True)
    assert features.shape == (2, 1764) and features.dtype == np.float32
    strengths = features.reshape(2, 49 * 4, 9).sum(1)
    assert strengths[0].argmax() == 0 and strengths[1].argmax() == 4
    assert np.count_nonzero(strengths[0]) == 1 and np.count_nonzero(strengths[1]) == 1


@pytest.mark.parametrize(("name", "below"), [("hog_nearest", 0.95), ("hog_ridge", 0.85)])
def test_they_beat_the_mean_pose(dataset: Dataset, tmp_path: Path, capsys, name: str, below: float) -> None:
    words = ["--experiment", "demo", "--dataset", str(dataset.folder), "--run", str(tmp_path), "data.frame=camera"]
    assert main(["baseline", name, *words]) == 0
    told = capsys.readouterr().out
    tried = [float(line.rsplit(" ", 1)[1]) for line in told.splitlines() if "validation mpjpe_mm" in line]
    chosen = next(line for line in told.splitlines() if "chosen on the validation subjects" in line)
    best = next(line for line in told.splitlines() if f"validation mpjpe_mm {min(tried):.4g}" in line)
    assert len(tried) >= 5 and best.split(": ")[1] in chosen
    errors = read_results(tmp_path / "results.json")["metrics"]["mpjpe"]
    assert errors["network"] < below * errors["mean_pose"]


def test_the_mean_pose_is_the_results_own_baseline(dataset: Dataset, tmp_path: Path) -> None:
    for name in ("zero_pose", "mean_pose"):
        fixed = ["--experiment", "demo", "--dataset", str(dataset.folder), "--run", str(tmp_path / name)]
        assert main(["baseline", name, *fixed]) == 0
        errors = read_results(tmp_path / name / "results.json")["metrics"]["mpjpe"]
        assert errors["network"] == pytest.approx(errors[name], rel=1e-6)


def test_a_training_frame_is_its_own_nearest_neighbour(dataset: Dataset) -> None:
    config = configuration.load_experiment("demo")
    config.data.frame = "camera"
    view = dataset.select(("S1",))[0]
    predictor = feature_regression.fit("hog_nearest", config, dataset)
    np.testing.assert_allclose(predictor.predict_view_mm(view), view.joints_root_mm, atol=1e-2)
    assert predictor.frame_words == ""
