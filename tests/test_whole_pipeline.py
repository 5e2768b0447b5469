"""From raw files to a video by the commands that a user types, and what they answer when run again."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import raw_fixture

from h36m_pose.camera import camera_to_pixel, camera_to_world
from h36m_pose.data.dataset import open_dataset
from h36m_pose.predictions_file import read_predictions

SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
FRAMES = 7
QUICK = ["epochs=2", "batch_size=8", "model.widths=(8,12,16)", "model.blocks=(0,0,0)", "model.hidden=24"]


def _run(*words: str | Path, status: int = 0) -> str:
    command = [sys.executable, "-m", "h36m_pose.cli.main", *map(str, words)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert outcome.returncode == status, outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stderr
    return outcome.stderr if status else outcome.stdout


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with raw files of all seven subjects, their dataset and a run."""
    folder = tmp_path_factory.mktemp("pipeline")
    raw_fixture.make_capture(folder / "raw", [(subject, "Walking 1") for subject in SUBJECTS], (0, 1), FRAMES)
    _run("preprocess", folder / "raw", folder / "dataset", "--workers", "1")
    for stage in ("pretrain", "finetune"):
        _run("train", stage, *_trained(folder), *QUICK)
    _run("evaluate", folder / "run", "--dataset", folder / "dataset")
    _run("render", folder / "run", "--dataset", folder / "dataset", "--root", folder / "raw")
    return folder


def _trained(folder: Path) -> list[str | Path]:
    return ["--experiment", "demo", "--dataset", folder / "dataset", "--run", folder / "run"]


def test_results_count_the_test_frames_and_state_the_protocol(finished: Path) -> None:
    results = json.loads((finished / "run" / "results.json").read_text())
    assert results["frames"] == 2 * FRAMES
    assert "S11" in results["metrics"]["mpjpe"]["protocol"]
    predictions = np.load(finished / "run" / "predictions.npz")
    error = np.linalg.norm(predictions["predicted_root_mm"] - predictions["target_root_mm"], axis=-1).mean()
    assert results["metrics"]["mpjpe"]["network"] == pytest.approx(error, rel=1e-5)


def test_the_video_plays_and_has_a_frame_per_pose(finished: Path) -> None:
    with av.open(str(finished / "run" / "walking.mp4")) as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert sum(1 for _ in video.decode(stream)) == FRAMES
    assert (finished / "run" / "four_samples.png").stat().st_size > 10_000
    assert (finished / "run" / "learning_curves.png").stat().st_size > 10_000


def test_rerun_gets_what_all_cameras_saw_of_the_walk(finished: Path) -> None:
    from rerun.chunk import RrdReader

    file = finished / "walk.rrd"
    words = ["--dataset", finished / "dataset", "--root", finished / "raw", "--rerun", file, "--first", "2"]
    assert "2 cameras" in _run("render", finished / "run", *words, "--frames", "3")
    logged: dict[tuple[str, str], list[tuple[int, list]]] = {}
    for chunk in RrdReader(file).stream():
        batch = chunk.to_record_batch()
        for name in batch.schema.names:
            if ":" in name and "frame" in batch.schema.names:
                rows = zip(batch["frame"].to_pylist(), batch[name].to_pylist(), strict=True)
                logged.setdefault((str(chunk.entity_path), name), []).extend(row for row in rows if row[1] is not None)
    predictions = read_predictions(finished / "run" / "predictions.npz")
    dataset = open_dataset(finished / "dataset")
    for span, frames in predictions.by_view():
        (view,) = (view for view in dataset.views if view.name == span.name)
        for kind, poses in (("predicted", predictions.predicted_root_mm), ("true", predictions.target_root_mm)):
            places = dict(logged[f"/world/{kind}/{span.camera_id}", "Points3D:positions"])
            assert sorted(places) == [2, 3, 4]
            in_camera = poses[frames][4] + view.root_cam_mm[4]
            np.testing.assert_allclose(places[4], camera_to_world(in_camera, view.camera) / 1000, atol=1e-5)
            pixels = dict(logged[f"/world/{span.camera_id}/picture/{kind}", "Points2D:positions"])
            np.testing.assert_allclose(np.array(pixels[4]) - 0.5, camera_to_pixel(in_camera, view.camera), atol=0.1)
        pictures = dict(logged[f"/world/{span.camera_id}/picture", "EncodedImage:blob"])
        assert sorted(pictures) == [2, 3, 4] and bytes(pictures[2][0][:2]) == b"\xff\xd8"
    told = json.loads(_run("whence", file, "--json", "--verify"))
    assert told["record"]["run"] == "run" and told["again"][0].startswith("h36m-pose render ")
    assert {check["verdict"] for check in told["checks"]} == {"same"}
    wrong = _run("render", finished / "run", *words, "--first", "99", status=2)
    assert "--first / --frames" in wrong


def test_a_video_and_its_masks_are_predicted_as_they_were_tested(finished: Path) -> None:
    view = next(view for view in open_dataset(finished / "dataset").views if view.subject == "S11")
    trial = f"{view.trial}.{view.camera_id}"
    (finished / "camera.json").write_text(json.dumps(view.camera.as_json()))
    video = finished / "raw" / "S11" / "Videos" / f"{trial}.mp4"
    masks = finished / "raw" / "S11" / "MySegmentsMat" / "ground_truth_bs" / f"{trial}.mat"
    told = _run(
        "predict", video, "--run", finished / "run", "--out", finished / "poses", "--masks", masks,
        "--camera", finished / "camera.json",
    )  # fmt: skip
    assert "cut by the parameters stored in the checkpoint" in told
    assert "noted when it ended" in told
    tested = np.load(finished / "run" / "predictions.npz", allow_pickle=False)
    (place,) = (
        place for place, each in enumerate(json.loads(str(tested["views"]))) if each["camera_id"] == view.camera_id
    )
    expected = tested["predicted_root_mm"][tested["view_index"] == place]
    with np.load(finished / "poses" / "poses.npz", allow_pickle=False) as stored:
        assert np.abs(stored["joints_root_mm"][:FRAMES] - expected).max() < 0.01
    files = {path.name for path in (finished / "poses").iterdir()}
    assert files == {f"poses.{end}" for end in ("npz", "csv", "json", "bvh", "trc", "c3d")} | {"overlay.mp4"}


def test_a_second_time_nothing_changes(finished: Path) -> None:
    def times() -> dict[Path, int]:
        files = [path for path in finished.rglob("*") if path.is_file() and path.name != ".lock"]
        return {path: path.stat().st_mtime_ns for path in files}

    before = times()
    _run("preprocess", finished / "raw", finished / "dataset", "--workers", "1")
    for stage in ("pretrain", "finetune"):
        assert "nothing to do" in _run("train", stage, *_trained(finished), *QUICK)
    _run("evaluate", finished / "run", "--dataset", finished / "dataset")
    _run("render", finished / "run", "--dataset", finished / "dataset", "--root", finished / "raw")
    assert times() == before


def test_another_network_or_setting_is_refused_with_the_difference(finished: Path) -> None:
    line = _run("train", "finetune", *_trained(finished), *QUICK, "model.hidden=25", status=2)
    assert "24" in line
    assert "25" in line


def test_wrong_words_and_folders_are_one_line(finished: Path) -> None:
    data = ["--dataset", finished / "dataset", "--run", finished / "other"]
    for words, hint in (
        (["preprocess", finished / "nowhere", finished / "d"], "nowhere"),
        (["train", "pretrain", "--experiment", "defualt", *data], "default"),
        (["train", "pretrain", "--experiment", "demo", *data, "optm.peak_lr=1"], "optim.peak_lr"),
        (["evaluate", finished / "nowhere"], "nowhere"),
        (["render", finished / "nowhere", "--root", finished / "raw"], "nowhere"),
    ):
        line = _run(*words, status=2)
        assert hint in line
        assert line.count("\n") == 1
    assert not (finished / "d").exists()
    assert not (finished / "other").exists()
