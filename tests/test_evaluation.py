import dataclasses
import json

import numpy as np
import pytest

from h36m_pose import metrics, skeleton
from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.dataset_writer import write_manifest, write_view
from h36m_pose.data.protocols import Split
from h36m_pose.errors import InputError
from h36m_pose.evaluation import evaluate_run, protocol_words
from h36m_pose.predictions_file import Predictions, ViewSpan, read_predictions, write_predictions
from h36m_pose.summary import METRICS, format_results, read_results, summarise

SPANS = (
    ViewSpan("S9", "Walking", "54138969", 4),
    ViewSpan("S9", "Walking", "60457274", 7),
    ViewSpan("S11", "Walking 1", "54138969", 5),
)
PROTOCOL = "root-relative, 17 joints including the root; test S9 and S11"


def poses(frames: int = 16, seed: int = 0, size_mm: float = 300.0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(frames, 17, 3)) * size_mm
    return drawn - drawn[:, :1]


def summary_of(noise_mm: float = 40.0) -> tuple[dict, np.ndarray, np.ndarray]:
    target = poses()
    predicted = target + poses(seed=1, size_mm=noise_mm)
    return summarise(predicted, target, SPANS, target.mean(0), PROTOCOL), predicted, target


def test_the_totals_are_the_public_metrics():
    results, predicted, target = summary_of()
    total = results["metrics"]
    assert total["mpjpe"]["network"] == metrics.mpjpe(predicted, target)
    assert total["pa_mpjpe"]["network"] == metrics.pa_mpjpe(predicted, target)
    assert total["n_mpjpe"]["network"] == metrics.n_mpjpe(predicted, target)
    assert total["pck3d"]["network"] == metrics.pck3d(predicted, target)
    assert total["auc3d"]["network"] == metrics.auc3d(predicted, target)
    sequence = np.repeat([0, 1, 2], [4, 7, 5])
    assert total["mpjve"]["network"] == metrics.mpjve(predicted, target, sequence)
    assert total["mpjve"]["network"] != metrics.mpjve(predicted, target)


def test_baselines_stand_beside_every_value():
    results, _, target = summary_of()
    mean = np.broadcast_to(target.mean(0), target.shape)
    for key, measure in (("mpjpe", metrics.mpjpe), ("pa_mpjpe", metrics.pa_mpjpe), ("auc3d", metrics.auc3d)):
        assert results["metrics"][key]["mean_pose"] == measure(mean, target)
        assert results["metrics"][key]["zero_pose"] == measure(target * 0, target)
    for part in ("per_subject", "per_camera", "per_view"):
        for group in results[part].values():
            for key in METRICS:
                assert set(group[key]) == {"network", "mean_pose", "zero_pose"}
    assert results["metrics"]["mpjpe"]["network"] < results["metrics"]["mpjpe"]["mean_pose"]


def test_groups_hold_their_own_frames():
    results, predicted, target = summary_of()
    assert results["frames"] == 16
    assert {name: group["frames"] for name, group in results["per_subject"].items()} == {"S9": 11, "S11": 5}
    assert {name: group["frames"] for name, group in results["per_camera"].items()} == {"54138969": 9, "60457274": 7}
    assert results["per_subject"]["S11"]["mpjpe"]["network"] == metrics.mpjpe(predicted[11:], target[11:])
    one_camera = np.r_[0:4, 11:16]
    assert results["per_camera"]["54138969"]["mpjpe"]["network"] == metrics.mpjpe(
        predicted[one_camera], target[one_camera]
    )
    assert results["per_camera"]["54138969"]["mpjve"]["network"] == metrics.mpjve(
        predicted[one_camera], target[one_camera], one_camera > 8
    )
    assert list(results["per_view"]) == ["S9 Walking.54138969", "S9 Walking.60457274", "S11 Walking 1.54138969"]


def test_joints_average_to_the_total_and_the_root_is_free():
    results, _, _ = summary_of()
    assert tuple(results["per_joint"]) == skeleton.NAMES
    assert results["per_joint"]["pelvis"]["network"] == 0
    mean = np.mean([values["network"] for values in results["per_joint"].values()])
    assert mean == pytest.approx(results["metrics"]["mpjpe"]["network"])


def test_poses_are_centred_on_their_roots_first():
    results, predicted, target = summary_of()
    shifted = summarise(predicted + 70.0, target - 20.0, SPANS, target.mean(0) + 5.0, PROTOCOL)
    for key in METRICS:
        for who in ("network", "mean_pose", "zero_pose"):
            assert shifted["metrics"][key][who] == pytest.approx(results["metrics"][key][who])


def test_every_number_carries_its_protocol():
    results, _, _ = summary_of()
    for values in results["metrics"].values():
        assert PROTOCOL in values["protocol"]
        assert values["unit"]
    assert "det +1" in results["metrics"]["pa_mpjpe"]["protocol"]
    json.dumps(results, allow_nan=False)


def test_frames_must_be_accounted_for():
    with pytest.raises(ValueError, match="16 predicted and 16 true poses for 11 frames"):
        summarise(poses(), poses(), SPANS[:2], poses()[0], PROTOCOL)


def test_predictions_that_are_not_finite_are_refused():
    broken = poses()
    broken[3, 5] = np.nan
    with pytest.raises(ValueError, match="first in frame 3"):
        summarise(broken, poses(), SPANS, poses()[0], PROTOCOL)


def test_the_table_is_neat_and_complete():
    results, _, _ = summary_of()
    table = format_results(results)
    assert max(len(line) for line in table.splitlines()) <= 100
    assert PROTOCOL in " ".join(table.split())
    for metric in METRICS.values():
        assert metric.title in table
    row = next(line for line in table.splitlines() if line.startswith("MPJPE (mm) "))
    values = results["metrics"]["mpjpe"]
    assert row.split()[2:] == [
        f"{values['network']:.1f}",
        f"{values['mean_pose']:.1f}",
        f"{values['zero_pose']:.1f}",
        f"{values['network'] / values['mean_pose']:.3f}",
    ]
    for name in (*skeleton.NAMES, "S9", "S11", "60457274"):
        assert name in table


def test_predictions_survive_their_file(tmp_path):
    written = Predictions(poses(seed=1).astype(np.float32), poses().astype(np.float32), SPANS)
    write_predictions(tmp_path / "predictions.npz", written)
    back = read_predictions(tmp_path / "predictions.npz")
    np.testing.assert_array_equal(back.predicted_root_mm, written.predicted_root_mm)
    np.testing.assert_array_equal(back.target_root_mm, written.target_root_mm)
    assert back.spans == SPANS
    assert [(frames.start, frames.stop) for _, frames in back.by_view()] == [(0, 4), (4, 11), (11, 16)]
    with np.load(tmp_path / "predictions.npz") as stored:
        assert stored["view_index"].tolist() == [0] * 4 + [1] * 7 + [2] * 5
        assert stored["frame_index"].tolist() == [*range(4), *range(7), *range(5)]
    with pytest.raises(InputError, match="h36m-pose evaluate"):
        read_predictions(tmp_path / "nowhere" / "predictions.npz")


def test_spoiled_predictions_are_told_in_one_line(tmp_path):
    """Cut anywhere, altered anywhere, or another file altogether: an InputError, never wrong poses in silence."""
    path = tmp_path / "predictions.npz"
    written = Predictions(poses(seed=1).astype(np.float32), poses().astype(np.float32), SPANS)
    write_predictions(path, written)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    spoiled = [content[: len(content) * share // 9] for share in range(9)] + [b"neither", b"[]" * 40]
    for place in rng.integers(0, len(content), 300):
        altered = bytearray(content)
        altered[place] ^= 1 << int(rng.integers(8))
        spoiled.append(bytes(altered))
    told = 0
    for each in spoiled:
        path.write_bytes(each)
        try:
            back = read_predictions(path)
        except InputError as error:
            told += 1
            assert "h36m-pose evaluate" in str(error) and "\n" not in str(error)
        else:
            np.testing.assert_array_equal(back.predicted_root_mm, written.predicted_root_mm)
            np.testing.assert_array_equal(back.target_root_mm, written.target_root_mm)
            assert back.spans == SPANS
    assert told > 250


@pytest.mark.parametrize(
    ("predicted", "message"),
    [
        (np.zeros((15, 17, 3), np.float32), r"predicted_root_mm of float32 \(15, 17, 3\) for 16 frames"),
        (np.zeros((16, 17, 3), np.int32), "predicted_root_mm of int32"),
        (np.full((16, 17, 3), np.nan, np.float32), "not finite"),
    ],
)
def test_predictions_that_do_not_fit_their_views_are_told(tmp_path, predicted, message):
    path = tmp_path / "predictions.npz"
    views = np.array(json.dumps([dataclasses.asdict(span) for span in SPANS]))
    np.savez(path, predicted_root_mm=predicted, target_root_mm=poses().astype(np.float32), views=views)
    with pytest.raises(InputError, match=message):
        read_predictions(path)


def write_dataset(folder, seed: int = 0):
    for number, (subject, trial, camera, frames) in enumerate(
        [("S1", "Walking", "54138969", 3), *((span.subject, span.trial, span.camera_id, span.frames) for span in SPANS)]
    ):
        root_mm = poses(frames, seed=seed + number)
        images = np.full((frames, 128, 128), 10 * number, np.uint8)
        images[:, 0, 0] = np.arange(frames)
        write_view(
            folder,
            subject,
            trial,
            camera,
            images=images,
            joints_px=np.full((frames, 17, 2), 64.0),
            joints_root_mm=root_mm,
            root_cam_mm=np.full((frames, 3), 4000.0),
            box_px=np.full((frames, 3), 300.0),
            mask_source="release",
        )
    write_manifest(folder, {"margin": 0.1})
    return open_dataset(folder)


class KnowsTheAnswer:
    """A predictor that looks its answers up and errs by 30 mm in x at one joint."""

    def __init__(self, dataset, fingerprint=None):
        self.config = {"finetune": {"mirror_average": True}}
        self.train_mean_pose_mm = poses(5, seed=9).mean(0)
        self.split = Split(("S1",), ("S5",), ("S9", "S11"), "train S1; test S9 and S11")
        self.dataset_fingerprint = fingerprint or dataset.fingerprint
        self._views = dataset.views
        self.calls = 0

    frame_words = "boxes known"

    def predict_view_mm(self, view):
        self.calls += 1
        assert view.images[0, 1, 1] // 10 == [each.name for each in self._views].index(view.name)
        predicted = np.array(view.joints_root_mm)
        predicted[:, 5, 0] += 30
        return predicted


def test_a_run_is_evaluated_once(tmp_path):
    dataset = write_dataset(tmp_path / "data")
    predictor = KnowsTheAnswer(dataset)
    run = tmp_path / "run"
    results = evaluate_run(run, dataset.folder, lambda: predictor, {"checkpoint": "a"})
    assert results["fresh"]
    assert results["metrics"]["mpjpe"]["network"] == pytest.approx(30 / 17, rel=1e-5)
    assert results["frames"] == 16
    assert "S1" not in results["per_subject"]
    assert "train S1; test S9 and S11" in results["protocol"]
    assert "true silhouettes" in results["protocol"]
    assert "unknown origin" in results["protocol"]
    assert "mirror image" in results["protocol"] and "boxes known" in results["protocol"]
    stored = read_results(run / "results.json")
    assert stored["metrics"] == results["metrics"]
    assert [span.name for span in read_predictions(run / "predictions.npz").spans] == list(results["per_view"])

    again = evaluate_run(run, dataset.folder, lambda: pytest.fail("loaded again"), {"checkpoint": "a"})
    assert not again["fresh"]
    assert again["metrics"] == results["metrics"]
    assert predictor.calls == 3

    assert evaluate_run(run, dataset.folder, lambda: predictor, {"checkpoint": "b"})["fresh"]
    (run / "predictions.npz").unlink()
    assert evaluate_run(run, dataset.folder, lambda: predictor, {"checkpoint": "b"})["fresh"]


def test_the_protocol_tells_which_frames_of_which_actions(tmp_path):
    dataset = write_dataset(tmp_path / "data")
    assert "; every frame of 2 Walking trials from 2 cameras; " in protocol_words("", dataset, dataset.views[1:])
    sparse = dataclasses.replace(dataset, manifest=dataset.manifest | {"parameters": {"every": 5}})
    views = [dataset.views[1], dataclasses.replace(dataset.views[2], trial="Eating 1")]
    assert "; one of every 5 frames of 2 trials of 2 actions from 2 cameras; " in protocol_words("", sparse, views)


def test_another_dataset_is_refused_unless_meant(tmp_path):
    dataset = write_dataset(tmp_path / "data")
    predictor = KnowsTheAnswer(dataset, fingerprint="f" * 64)
    with pytest.raises(InputError, match="--allow-other-dataset"):
        evaluate_run(tmp_path / "run", dataset.folder, lambda: predictor, {})
    assert not (tmp_path / "run").exists()
    results = evaluate_run(tmp_path / "run", dataset.folder, lambda: predictor, {}, allow_other_dataset=True)
    assert "another dataset than it was trained on" in results["protocol"]


def test_a_dataset_without_the_test_subjects_is_refused(tmp_path):
    dataset = write_dataset(tmp_path / "data")
    predictor = KnowsTheAnswer(dataset)
    predictor.split = dataclasses.replace(predictor.split, test=("S6", "S7"))
    with pytest.raises(InputError, match="S6, S7"):
        evaluate_run(tmp_path / "run", dataset.folder, lambda: predictor, {})


def test_a_network_that_predicts_nan_is_not_scored(tmp_path):
    dataset = write_dataset(tmp_path / "data")
    predictor = KnowsTheAnswer(dataset)
    predictor.predict_view_mm = lambda view: np.full((view.frames, 17, 3), np.nan)
    with pytest.raises(ValueError, match="not finite"):
        evaluate_run(tmp_path / "run", dataset.folder, lambda: predictor, {})
    assert not (tmp_path / "run" / "results.json").exists()


def test_results_that_are_not_there_or_damaged_are_told(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_results(tmp_path / "results.json")
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(InputError, match="damaged JSON"):
        read_results(tmp_path / "results.json")


def test_the_verb_tells_what_is_missing(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "nowhere")]) == 2
    told = capsys.readouterr().err
    assert "found no such folder; expected a run's folder. Train one" in told
    assert told.count("\n") == 1
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", str(tmp_path / "empty")]) == 2
    assert "no finetune stage" in capsys.readouterr().err
    (tmp_path / "run" / "finetune").mkdir(parents=True)
    assert main(["evaluate", str(tmp_path / "run")]) == 2
    assert "unfinished finetune stage" in capsys.readouterr().err
    write_json(tmp_path / "run" / "finetune" / "finished.json", {"weights": "abc"})
    write_json(tmp_path / "run" / "finetune" / "environment.json", {"python": "3.11"})
    assert main(["evaluate", str(tmp_path / "run")]) == 2
    assert "--dataset" in capsys.readouterr().err
