"""Runs beside each other: known differences come out, other frames are refused, settings and curves are told."""

import json
from pathlib import Path

import numpy as np
import pytest

from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.comparison import compare, read_runs
from h36m_pose.predictions_file import Predictions, ViewSpan, write_predictions
from h36m_pose.summary import summarise

SPANS = tuple(ViewSpan("S11", trial, camera, 20) for trial in ("Walking", "Walking 1") for camera in ("a", "b", "c"))


def write_run(folder: Path, errors_mm: list[float], spans=SPANS, truth: int = 0, **settings: object) -> Path:
    """A run whose every joint but the pelvis is off by so much, view by view."""
    rng = np.random.default_rng(truth)
    target = rng.normal(0, 300, (sum(span.frames for span in spans), 17, 3)).astype(np.float32)
    target[:, 0] = 0
    predicted = target.copy()
    for number, error in enumerate(errors_mm):
        predicted[20 * number : 20 * (number + 1), 1:, 0] += error
    folder.mkdir()
    write_predictions(folder / "predictions.npz", Predictions(predicted, target, spans))
    write_json(folder / "results.json", summarise(predicted, target, spans, target.mean(0), "protocol of a test"))
    stage = folder / "finetune"
    stage.mkdir()
    batch = {"finetune": {"batch_size": 50, **settings}, "seed": 0}
    (stage / "config.json").write_text(json.dumps({"settings": batch}))
    rows = [{"split": "validation", "step": step, "mpjpe_mm": 90.0 - step} for step in (10, 20)]
    (stage / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_differences_are_paired_and_have_intervals(tmp_path):
    first = write_run(tmp_path / "first", [17, 34, 51, 17, 34, 51])
    better = write_run(tmp_path / "better", [8.5, 25.5, 42.5, 8.5, 25.5, 42.5])
    mixed = write_run(tmp_path / "mixed", [34, 17, 51, 34, 17, 51])
    found = compare(read_runs([first, better, mixed]))["metrics"]["mpjpe"]
    assert found["values"] == pytest.approx([32, 24, 32], abs=1e-3)
    all_better, no_better = found["differences"]
    assert all_better["difference"] == pytest.approx(-8, abs=1e-3)
    assert all_better["interval"] == pytest.approx((-8, -8), abs=1e-3)  # each sequence differs by as much
    low, high = no_better["interval"]
    assert no_better["difference"] == pytest.approx(0, abs=1e-3) and low < -4 and high > 4


def test_the_command_writes_table_numbers_and_chart(tmp_path, capsys):
    first = write_run(tmp_path / "first", [17, 34, 51, 17, 34, 51], peak_lr=0.1)
    second = write_run(tmp_path / "second", [8.5, 25.5, 42.5, 8.5, 25.5, 42.5], peak_lr=0.2)
    assert main(["compare", str(first), str(second), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "| MPJPE (mm) | 32.0 | 24.0 | -8.00 [-8.00, -8.00] better |" in told
    assert "| `finetune.peak_lr` | 0.1 | 0.2 |" in told and "batch_size" not in told
    assert "120 frames of 6 sequences (2 trials of one subject" in told
    assert told.splitlines()[0] in (tmp_path / "out" / "comparison.md").read_text()
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["joints_mm"]["pelvis"] == [0.0, 0.0]
    assert (tmp_path / "out" / "curves.png").stat().st_size > 5000


def test_runs_that_cannot_be_compared_are_told_in_a_line(tmp_path, capsys):
    first = write_run(tmp_path / "first", [1] * 6)
    fewer = write_run(tmp_path / "fewer", [1] * 5, spans=SPANS[:5])
    others = write_run(tmp_path / "others", [1] * 6, truth=1)
    for words, line in (
        ([first], "found one run; expected two or more"),
        ([first, tmp_path / "nowhere"], "found no folder"),
        ([first, fewer], "found 100 frames of 5 views; expected the frames that"),
        ([first, others], "found the same views with other true poses"),
    ):
        assert main(["compare", *map(str, words), "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert line in error and error.count("\n") == 1
    (first / "predictions.npz").write_bytes(b"cut")
    assert main(["compare", str(fewer), str(first)]) == 2
    assert "a damaged file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
