"""The verb `h36m-pose preprocess`, and the rate that `h36m-pose bench` measures."""

from pathlib import Path

import pytest
from build_runs import NAME, Scenes
from raw_fixture import CAMERAS, make_capture

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from preprocessing.rate import measure_rate, measure_scaling


def test_the_command_tells_and_leaves_with_two(
    raw_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["preprocess", str(raw_copy), str(tmp_path / "made"), "--workers", "1"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "4 views, 44 frames; 4 views made" in told
    assert "mean IoU 0." in told
    assert main(command) == 0
    assert "was complete: 4 views, 44 frames" in capsys.readouterr().out
    assert main(["preprocess", str(raw_copy / "nothing"), str(tmp_path / "made")]) == 2
    assert main(["preprocess", str(raw_copy), str(raw_copy)]) == 2
    assert main([*command, "--margin", "0.5"]) == 2
    assert main([*command[:3], "--workers", "0"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("h36m-pose: error:") == 4
    assert "Traceback" not in errors


def test_what_is_left_out_is_told_and_leaves_with_two(
    raw_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = raw_copy / f"S1/Videos/{NAME}.mp4"
    video.write_bytes(b"cut")
    command = ["preprocess", str(raw_copy), str(tmp_path / "made"), "--workers", "1", "--every", "5"]
    assert main(command) == 2
    told, errors = capsys.readouterr()
    assert "3 views, 9 frames; 3 views made" in told
    lines = [line for line in errors.splitlines() if line.startswith("h36m-pose: ")]
    assert lines[0].startswith(f"h36m-pose: left out S1 {NAME}: {video}: found ")
    assert lines[1].startswith("h36m-pose: 1 views are left out. Mend the files named above")
    assert open_dataset(tmp_path / "made").left_out == (f"S1 {NAME}",)
    assert main([*command, "--strict"]) == 2
    assert f"h36m-pose: error: {video}: found " in capsys.readouterr().err
    assert not (tmp_path / "made" / "manifest.json").exists()
    assert main([*command, "--actions", "Walkin"]) == 2
    assert "Did you mean Walking?" in capsys.readouterr().err
    assert main([*command, "--every", "0"]) == 2


def test_known_faults_of_the_release_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_capture(tmp_path / "raw", [("S11", "Directions")], frames=3)
    command = ["preprocess", str(tmp_path / "raw"), str(tmp_path / "made"), "--workers", "1", "--actions", "all"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert f"left out unless --with-faults is given: S11 Directions.{CAMERAS[0]}: known fault of the release" in told
    assert main([*command, "--with-faults"]) == 0
    assert "left out" not in capsys.readouterr().out


def test_the_rate_is_a_good_share_of_decoding_and_reading(original: tuple[Path, Scenes, Path]) -> None:
    """These views are tiny, and most of the time goes into each view's other work; on real ones it is above 0.7."""
    rate = measure_rate(original[0], most_views=2, rounds=3)
    assert rate.frames == 22
    assert rate.share > 0.2
    assert rate.decoding_share > 0


@pytest.mark.slow
def test_several_processes_are_compared_with_one_on_the_same_views(original: tuple[Path, Scenes, Path]) -> None:
    scaling = measure_scaling(original[0], most_views=2, rounds=2)
    assert (scaling.processes, scaling.frames, len(scaling.one), len(scaling.several)) == (2, 22, 2, 2)
    assert scaling.ratio > 0
