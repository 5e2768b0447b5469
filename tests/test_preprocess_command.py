"""The verb `h36m-pose preprocess`, and the rate that `h36m-pose bench` measures."""

from pathlib import Path

import pytest
from build_runs import Scenes

from h36m_pose.cli.main import main
from preprocessing.rate import measure_rate


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


def test_the_rate_is_a_good_share_of_decoding_and_reading(original: tuple[Path, Scenes, Path]) -> None:
    """These views are tiny, and most of the time goes into each view's other work; on real ones it is above 0.7."""
    rate = measure_rate(original[0], most_views=2, rounds=3)
    assert rate.frames == 22
    assert rate.share > 0.2
