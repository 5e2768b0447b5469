"""Spoilt crops: what each condition does, that it does it again, and the measurement of a run under them."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy import ndarray
from stick_dataset import draw, poses, write_stick_dataset

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import Dataset, View
from h36m_pose.data.protocols import Split
from h36m_pose.errors import InputError
from h36m_pose.evaluation import evaluate_run
from h36m_pose.robustness import measurement
from h36m_pose.robustness.conditions import CONDITIONS
from h36m_pose.robustness.measurement import chosen_conditions, format_robustness, measure_robustness

RISING = (
    ("noise_2", "noise_5", "noise_10", "noise_20"), ("blur_1", "blur_2", "blur_4"),
    ("coarse_64", "coarse_32", "coarse_16"), ("box_105", "box_110", "box_125"), ("dark", "very_dark"),
    ("hidden_10", "hidden_25"),
    ("ring_1", "ring_2", "ring_4", "ring_8"), ("blobs_2", "blobs_6"), ("rim_1", "rim_2", "rim_4"),
    ("holes_2", "holes_6"),
)  # fmt: skip
NO_NEW_PERSON = ("clean", "noise", "dark", "very", "bright", "flat", "harsh")


@pytest.fixture(scope="module")
def crops() -> ndarray:
    """Figures with flesh on them."""
    joints = poses(7, 1.0, np.random.default_rng(3))
    joints_px = (joints[..., :2] * (50 / 900) + (63.5, 63.5)).astype(np.float32)
    return np.stack([draw(*each) for each in zip(joints_px, joints[..., 2], strict=True)])


def box(image: ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_conditions_repeat_themselves_and_leave_the_crops_alone(crops: ndarray, name: str) -> None:
    before = crops.copy()
    spoilt = CONDITIONS[name].apply(crops, 5)
    np.testing.assert_array_equal(crops, before)
    assert spoilt.shape == crops.shape and spoilt.dtype == np.uint8
    np.testing.assert_array_equal(CONDITIONS[name].apply(crops, 5), spoilt)
    np.testing.assert_array_equal(CONDITIONS[name].apply(crops[:3], 5), spoilt[:3])
    np.testing.assert_array_equal(CONDITIONS[name].apply_to(crops[2], 5, 2), spoilt[2])
    assert (name == "clean") == np.array_equal(spoilt, crops)
    if name.split("_")[0] in NO_NEW_PERSON:
        np.testing.assert_array_equal(spoilt > 0, crops > 0)
    nobody = np.zeros_like(crops[:2])
    if name.split("_")[0] not in ("ring", "blobs"):
        np.testing.assert_array_equal(CONDITIONS[name].apply(nobody, 5), nobody)


@pytest.mark.parametrize("family", RISING, ids=lambda family: family[0])
def test_the_stronger_changes_more(crops: ndarray, family: tuple[str, ...]) -> None:
    changes = [np.abs(CONDITIONS[name].apply(crops, 1).astype(int) - crops).mean() for name in family]
    assert changes == sorted(changes) and changes[0] > 0 and changes[-1] > 1.3 * changes[0]


@pytest.mark.parametrize("side", ["lower", "upper", "left", "right"])
def test_half_of_the_person_s_box_is_hidden(crops: ndarray, side: str) -> None:
    for image, spoilt in zip(crops, CONDITIONS[f"{side}_half"].apply(crops, 0), strict=True):
        left, top, right, bottom = box(image)
        x, y = left + (right - left) // 2, top + (bottom - top) // 2
        hidden = {
            "lower": np.s_[y:, :], "upper": np.s_[:y, :], "left": np.s_[:, :x], "right": np.s_[:, x:]
        }[side]  # fmt: skip
        wanted = image.copy()
        wanted[hidden] = 0
        np.testing.assert_array_equal(spoilt, wanted)
        assert 0.2 < (spoilt > 0).sum() / (image > 0).sum() < 0.8


@pytest.mark.parametrize(("name", "factor"), [("box_90", 0.9), ("box_110", 1.1), ("box_125", 1.25)])
def test_a_box_of_another_size_shows_the_person_smaller_or_larger(name: str, factor: float) -> None:
    rows, columns = np.mgrid[:128, :128]
    image = np.where((abs(rows - 70) <= 30) & (abs(columns - 60) <= 15), 90, 0).astype(np.uint8)
    spoilt = CONDITIONS[name].apply_to(image, 0, 0)
    assert spoilt.max() == 90 and spoilt.sum() == pytest.approx(image.sum() / factor**2, rel=0.02)
    middles = [np.average(places, weights=spoilt) for places in (rows, columns)]
    assert middles == pytest.approx([63.5 + 6.5 / factor, 63.5 - 3.5 / factor], abs=0.1)


def test_masks_that_are_too_wide_or_too_tight(crops: ndarray) -> None:
    rows, columns = np.mgrid[:128, :128]
    image = np.where(np.hypot(rows - 60, columns - 50) <= 20, 90, 0).astype(np.uint8)
    distance = np.hypot(rows - 60, columns - 50)
    for width in (2, 4):
        wide = CONDITIONS[f"ring_{width}"].apply_to(image, 1, 0)
        np.testing.assert_array_equal(wide[image > 0], 90)
        assert (wide[distance <= 20 + width - 1.5] > 0).all() and not wide[distance > 20 + width + 1.5].any()
        tight = CONDITIONS[f"rim_{width}"].apply_to(image, 1, 0)
        assert (tight[distance < 20 - width - 1.5] == 90).all() and not tight[distance > 20 - width + 1.5].any()
    texture = CONDITIONS["ring_8"].apply(np.stack([image] * 5), 1)[:, image == 0]
    assert len({zlib.crc32(each.tobytes()) for each in texture}) == 5
    blobs, holes = (CONDITIONS[name].apply(crops, 1) for name in ("blobs_6", "holes_6"))
    np.testing.assert_array_equal(blobs[crops > 0], crops[crops > 0])
    assert ((blobs > 0).sum((1, 2)) > (crops > 0).sum((1, 2)) + 100).all()
    assert ((holes == 0) | (holes == crops)).all() and ((holes > 0).sum((1, 2)) < (crops > 0).sum((1, 2)) - 20).all()


def test_light_goes_the_way_it_is_called(crops: ndarray) -> None:
    person = crops > 0
    means = {name: CONDITIONS[name].apply(crops, 0)[person].mean() / crops[person].mean() for name in CONDITIONS}
    assert means["dark"] == pytest.approx(0.5, abs=0.02) and means["very_dark"] == pytest.approx(0.25, abs=0.02)
    assert means["bright"] > 1.3 and means["flat"] == pytest.approx(1, abs=0.02)
    spreads = {name: CONDITIONS[name].apply(crops, 0)[person].std() for name in ("flat", "clean", "harsh")}
    assert spreads["flat"] == pytest.approx(0.5 * spreads["clean"], rel=0.05) and spreads["harsh"] > spreads["clean"]
    noisy = CONDITIONS["noise_5"].apply(crops, 0).astype(float) - crops
    assert noisy[person & (crops > 60) & (crops < 195)].std() == pytest.approx(255 * 0.05, rel=0.05)


class ErrsByWhatIsMissing:
    """A predictor that knows the truth, and errs by as many mm at one joint as grey levels differ from the crop's."""

    def __init__(self, dataset: Dataset, fingerprint: str | None = None):
        self.config = {"finetune": {"mirror_average": False}}
        self.train_mean_pose_mm = np.zeros((17, 3))
        self.split = Split(("S1",), ("S8",), ("S9", "S11"), "train S1; test S9 and S11")
        self.dataset_fingerprint = fingerprint or dataset.fingerprint
        self._images = {view.name: np.asarray(view.images) for view in dataset.views}
        self.calls = 0

    frame_words = ""

    def predict_view_mm(self, view: View) -> ndarray:
        self.calls += 1
        if self.calls == getattr(self, "stop_at", 0):
            raise KeyboardInterrupt
        apart = np.abs(np.asarray(view.images, float) - self._images[view.name]).mean((1, 2))
        predicted = np.array(view.joints_root_mm)
        predicted[:, 5, 0] += 30 + apart
        return predicted


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_stick_dataset(tmp_path_factory.mktemp("sticks") / "dataset", {"S1": 3, "S9": 4, "S11": 5}, views=2)


def test_a_run_is_measured_once_and_added_to(dataset: Dataset, tmp_path: Path) -> None:
    predictor, identity = ErrsByWhatIsMissing(dataset), {"weights": "a"}
    some = chosen_conditions(["lower_half", "noise_5"])
    assert [condition.name for condition in some] == ["clean", "noise_5", "lower_half"]
    results = measure_robustness(tmp_path, dataset.folder, lambda: predictor, identity, some)
    assert results["fresh"] and predictor.calls == 3 * 4 and results["frames"] == 18
    assert results["protocol"].count("train S1; test S9 and S11") == 1
    evaluated = evaluate_run(tmp_path, dataset.folder, lambda: predictor, identity)
    clean = results["conditions"]["clean"]
    assert clean["mpjpe"] == evaluated["metrics"]["mpjpe"]["network"] and clean["ratio"] == 1
    assert clean["pa_mpjpe"] == evaluated["metrics"]["pa_mpjpe"]["network"]
    assert results["protocol"] == evaluated["protocol"]
    views = dataset.select(("S9", "S11"))
    spoilt = [CONDITIONS["lower_half"].apply(view.images, measurement.seed_of(view)) for view in views]
    apart = np.concatenate(
        [np.abs(s.astype(float) - v.images).mean((1, 2)) for s, v in zip(spoilt, views, strict=True)]
    )
    half = results["conditions"]["lower_half"]
    assert half["mpjpe"] == pytest.approx((30 + apart.mean()) / 17, rel=1e-5)
    assert half["ratio"] == pytest.approx(half["mpjpe"] / clean["mpjpe"])
    table = format_robustness(results).splitlines()
    assert [line.split()[0] for line in table[1:]] == ["clean", "lower_half", "noise_5"]

    again = measure_robustness(tmp_path, dataset.folder, lambda: pytest.fail("loaded again"), identity, some[:2])
    assert not again["fresh"] and again["conditions"] == results["conditions"]
    calls = predictor.calls
    more = chosen_conditions(["blur_4"])
    added = measure_robustness(tmp_path, dataset.folder, lambda: predictor, identity, more)
    assert predictor.calls == calls + 4
    assert list(added["conditions"]) == ["clean", "noise_5", "blur_4", "lower_half"]
    stored = json.loads((tmp_path / "robustness.json").read_text())
    assert stored["conditions"] == added["conditions"] and stored["identity"]["weights"] == "a"
    assert measure_robustness(tmp_path, dataset.folder, lambda: predictor, {"weights": "b"}, some)["fresh"]
    assert predictor.calls == calls + 4 + 12
    assert sorted(path.name for path in tmp_path.iterdir() if "robust" in path.name) == [
        "robustness.json", "robustness.png",
    ]  # fmt: skip


def test_an_interrupted_measurement_goes_on(dataset: Dataset, tmp_path: Path) -> None:
    some = chosen_conditions(["blur_1", "blur_2"])
    predictor = ErrsByWhatIsMissing(dataset)
    whole = measure_robustness(tmp_path / "whole", dataset.folder, lambda: predictor, {}, some)
    predictor.calls, predictor.stop_at = 0, 10
    with pytest.raises(KeyboardInterrupt):
        measure_robustness(tmp_path / "cut", dataset.folder, lambda: predictor, {}, some)
    assert not (tmp_path / "cut" / "robustness.json").exists()
    predictor.stop_at = 0
    resumed = measure_robustness(tmp_path / "cut", dataset.folder, lambda: predictor, {}, some)
    assert predictor.calls == 10 + 4 and resumed["conditions"] == whole["conditions"]


def test_a_part_of_the_frames_is_spoilt_as_in_the_whole(dataset: Dataset, tmp_path: Path) -> None:
    predictor = ErrsByWhatIsMissing(dataset)
    predictor._images = {name: images[::2] for name, images in predictor._images.items()}
    some = chosen_conditions(["noise_20"])
    results = measure_robustness(tmp_path, dataset.folder, lambda: predictor, {}, some, every=2)
    views = dataset.select(("S9", "S11"))
    spoilt = [CONDITIONS["noise_20"].apply(view.images, measurement.seed_of(view)) for view in views]
    apart = [np.abs(s.astype(float) - v.images).mean((1, 2))[::2] for s, v in zip(spoilt, views, strict=True)]
    assert results["frames"] == 10 and "; of these, one of 2" in results["protocol"]
    assert results["conditions"]["noise_20"]["mpjpe"] == pytest.approx((30 + np.concatenate(apart).mean()) / 17)
    assert measure_robustness(tmp_path, dataset.folder, lambda: ErrsByWhatIsMissing(dataset), {}, some)["frames"] == 18


def test_another_dataset_must_be_meant_and_may_lack_subjects(dataset: Dataset, tmp_path: Path) -> None:
    other = write_stick_dataset(tmp_path / "other", {"S11": 4}, seed=2)
    predictor, some = ErrsByWhatIsMissing(other, dataset.fingerprint), chosen_conditions(["dark"])
    with pytest.raises(InputError, match="--allow-other-dataset"):
        measure_robustness(tmp_path, other.folder, lambda: predictor, {}, some)
    results = measure_robustness(tmp_path, other.folder, lambda: predictor, {}, some, True)
    assert "without S9, whom the dataset does not have" in results["protocol"]
    assert "another dataset than it was trained on" in results["protocol"]
    assert (tmp_path / "robustness.png").exists()


def test_predictions_that_are_not_numbers_are_not_scored(dataset: Dataset, tmp_path: Path) -> None:
    predictor = ErrsByWhatIsMissing(dataset)
    predictor.predict_view_mm = lambda view: np.full((view.frames, 17, 3), np.nan)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=r"not finite in .* under clean"):
        measure_robustness(tmp_path, dataset.folder, lambda: predictor, {}, chosen_conditions(["dark"]))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--only", "blur_3"], "blur_3; expected some of clean"),
        (["--every", "0"], "--every"),
        ([], "no finetune stage"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    assert main(["robustness", str(tmp_path / "run"), *words]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
