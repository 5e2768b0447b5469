"""Recording a camera: OpenCV opens files as it opens cameras, so real files stand in for one."""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import predict_runs
import pytest
from film_fixture import FRAMES, film, write_film
from PIL import Image

from h36m_pose.cli.main import main
from h36m_pose.predict.footage import open_footage
from h36m_pose.predict.poses import read_poses
from h36m_pose.predict.recording import record


def test_all_pictures_are_recorded_at_the_times_when_they_came(tmp_path: Path) -> None:
    source = write_film(tmp_path / "camera.mkv", film().images[:, :-1, :-1], "ffv1")
    recording = record(str(source), tmp_path / "recorded.mp4", 60, silent=True)
    assert "the camera ended before the 60 s were up" in recording.words
    assert f"{FRAMES} pictures" in recording.words
    footage = open_footage(recording.path)
    shots = list(footage.shots())
    np.testing.assert_allclose([shot.time_s for shot in shots], recording.times_s, atol=1e-4)
    gaps_s, last_s = np.diff(recording.times_s), recording.times_s[-1]
    assert (gaps_s > 0).all()
    assert footage.frames == FRAMES
    longest_s = max(gaps_s.max(), 1 / 30)  # that the encoder may give to the last picture, after which none came
    assert FRAMES / (last_s + longest_s + 0.001) <= footage.fps <= FRAMES / last_s
    for shot, filmed in zip(shots, open_footage(source).shots(), strict=True):
        height, width = shot.picture.luma.shape
        assert (height, width) == (398, 398)
        assert np.abs(shot.picture.luma.astype(int) - filmed.picture.luma[:height, :width]).mean() < 2
    once = record(str(source), tmp_path / "once.mp4", 1e-9, silent=True)
    assert len(once.times_s) <= 2
    assert once.why_ended == ""


def test_ctrl_c_ends_the_recording_and_keeps_it(tmp_path: Path) -> None:
    """A stream that goes on and on, through a pipe that holds a few pictures of it."""
    stream = write_film(tmp_path / "a.mpg", np.concatenate([film().images] * 3), "mpeg1video", 25).read_bytes()
    pipe = tmp_path / "pipe.mpg"
    os.mkfifo(pipe)
    parts = 60

    def feed() -> None:
        try:
            with pipe.open("wb", buffering=0) as writer:
                for part in range(parts):
                    writer.write(stream)
                    if part == 5:
                        os.kill(os.getpid(), signal.SIGINT)
        except BrokenPipeError:
            pass  # the recorder has closed its end

    feeder = threading.Thread(target=feed)
    feeder.start()
    recording = record(str(pipe), tmp_path / "recorded.mp4", 600, silent=True)
    feeder.join(30)
    assert recording.why_ended == "ended by Ctrl-C"
    assert 1 <= len(recording.times_s) < parts * 3 * FRAMES
    assert sum(1 for _ in open_footage(recording.path).shots()) == len(recording.times_s)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # ends a program again, as it did before


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    run = predict_runs.write_run(tmp_path / "run", crops=predict_runs.CROPS)
    return ["predict", "webcam", "--run", str(run), "--out", str(tmp_path / "poses"), "--no-overlay"]


def test_a_recording_is_predicted_on_and_stays(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(film().empty).save("plate.png")
    camera = write_film(tmp_path / "camera.mp4", film().images[:3])
    words += ["--background", "plate.png", "--device", str(camera)]
    assert main(words) == 0
    assert "poses.mp4: 3 pictures, " in capsys.readouterr().out
    poses = read_poses(tmp_path / "poses" / "poses.npz")
    assert len(poses) == poses.valid.sum() == 3
    assert poses.about["source"] == str(tmp_path / "poses.mp4")
    assert main(words) == 2
    assert "poses.mp4: found a file; expected nothing yet, to record into" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (["--device", "/dev/null/camera"], "webcam: found no camera at device /dev/null/camera"),
        (["--device", "97"], "webcam: found no camera at device 97"),
        (["--seconds", "0"], "--seconds: found 0.0; expected a number above 0"),
        (["--masks", "."], "--masks: found webcam"),
    ],
)
def test_no_camera_is_one_line(
    more: list[str], found: str, words: list[str], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([*words, *more]) == 2
    error = capfd.readouterr().err
    assert found in error
    assert error.count("\n") == 1
    assert not (tmp_path / "poses.mp4").exists()


def test_a_file_of_that_name_is_no_camera(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("webcam").mkdir()
    assert main(words) == 2
    assert "Rename it, or give its whole path" in capsys.readouterr().err
    words[1] = str(tmp_path / "run")
    assert main([*words, "--seconds", "3"]) == 2
    assert "Leave --seconds out" in capsys.readouterr().err
