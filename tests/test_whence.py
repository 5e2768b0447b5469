"""Where files come from: every writer leaves a record, and whence reads it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import ezc3d
import numpy as np
import pytest
from made_files import WEIGHTS, ask, verdicts, write_video
from PIL import Image

from h36m_pose import command_words, provenance
from h36m_pose.atomic_files import write_json
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.rendering.media_files import write_picture
from h36m_pose.training import checkpoint, run_folder
from h36m_pose.whence import places

TOLD = {
    "runs/tiny/results.json": ("the results of a test", "h36m-pose evaluate runs/tiny"),
    "runs/tiny/predictions.npz": ("predicted and true poses of a test", "h36m-pose evaluate runs/tiny"),
    "runs/tiny/robustness.json": ("what spoilt pictures cost", "h36m-pose robustness runs/tiny --only dark --every 5"),
    "runs/tiny/robustness.png": ("what spoilt pictures cost", "h36m-pose robustness runs/tiny --only dark --every 5"),
    "runs/tiny/walking.mp4": ("the video of a test walk", "h36m-pose render runs/tiny --root raw"),
    "runs/tiny/four_samples.png": ("the picture of four test samples", "h36m-pose render runs/tiny --root raw"),
    "poses/poses.npz": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/poses.json": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/poses.c3d": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/poses.csv": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/poses.bvh": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/poses.trc": ("predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses/overlay.mp4": ("the video of predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "poses": ("a folder with predicted poses", "h36m-pose predict pictures --run runs/tiny"),
    "runs/tiny": ("a run, pretrained and finetuned, tested", "h36m-pose train pretrain --experiment demo"),
    "runs/tiny/finetune": ("finetune, a stage of the run tiny", "h36m-pose train finetune --experiment demo"),
    "runs/tiny/finetune/config.json": ("part of finetune", "h36m-pose train finetune --experiment demo"),
    str(WEIGHTS): ("a checkpoint of the stage finetune, step 12", "h36m-pose train finetune --experiment demo"),
}


@pytest.mark.parametrize("name", TOLD)
def test_every_file_tells_run_weights_settings_dataset_and_command(name, made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    told, (what, command) = ask(capsys, name), TOLD[name]
    record, settings = told["record"], json.loads(Path("runs/tiny/finetune/config.json").read_text())["settings"]
    assert told["what"].startswith(what)
    assert told["again"][0].startswith(command)
    assert record["run"] == "tiny"
    assert record["weights"] == checkpoint.digest(WEIGHTS)
    assert record["settings"] == provenance.settings_digest(settings)
    assert record["dataset"] == open_dataset("data").fingerprint
    assert str(made) not in json.dumps(told)
    checks = ask(capsys, name, "--verify")["checks"]
    assert {check["verdict"] for check in checks} == {"same"}
    assert len(checks) >= 3


@pytest.mark.parametrize("name", ["comparison/comparison.json", "comparison/comparison.md", "comparison/curves.png"])
def test_a_comparison_tells_all_of_its_runs(name, made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    told = ask(capsys, name)
    assert told["again"] == ["h36m-pose compare runs/tiny runs/other"]
    assert [run["run"] for run in told["record"]["runs"]] == ["tiny", "tiny"]  # one is a copy
    assert {run["weights"] for run in told["record"]["runs"]} == {checkpoint.digest(WEIGHTS)}


@pytest.mark.parametrize("name", ["data", "data/S1/Walking_1.54138969", "data/S11/Walking_1.54138969/images.npy"])
def test_a_dataset_and_its_parts_tell_its_fingerprint(name, made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    told = ask(capsys, name, "--verify")
    assert told["record"] == {"dataset": open_dataset("data").fingerprint}
    assert verdicts(told) == {"dataset": "same", "files of the dataset": "same"}


def test_a_capture_tells_the_command_that_films_the_same(tmp_path, capsys):
    raw = tmp_path / "raw"
    words = ["--preset", "tiny", "--subjects", "S11", "--wardrobe", "2", "--crowd-varies", "none", "--seed", "3"]
    assert main(["capture", str(raw), *words, "--workers", "1"]) == 0
    before = (raw / "capture.json").read_bytes()
    capsys.readouterr()
    assert main(["whence", str(raw), "--json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)["again"]
    assert main([*shlex.split(again)[1:], "--workers", "1"]) == 0  # a folder filmed otherwise would be refused
    assert (raw / "capture.json").read_bytes() == before


def test_the_row_of_a_study_tells_its_commands(capsys):
    row = Path(__file__).parents[1] / "docs/results/pretraining/pretrained.seed0.json"
    told, held = ask(capsys, row), json.loads(row.read_text())
    assert told["again"] == held["commands"] and len(told["again"]) == 3
    assert told["record"]["dataset"] == held["dataset"]["fingerprint"]
    assert told["record"]["trained_by"] == held["environment"]["commit"]


def test_the_record_stands_where_each_format_has_a_place_for_it(made):
    record = json.loads((made / "poses/poses.json").read_text())["info"]["whence"]
    assert record["made_by"].startswith("h36m-pose ")
    parameters = ezc3d.c3d(str(made / "poses/poses.c3d"))["parameters"]["WHENCE"]
    told = {name.lower(): each["value"][0] for name, each in parameters.items() if name != "__METADATA__"}
    assert told == record
    with Image.open(made / "runs/tiny/four_samples.png") as picture:
        assert json.loads(picture.text["Comment"])["whence"]["weights"] == record["weights"]
    with np.load(made / "runs/tiny/predictions.npz", allow_pickle=False) as stored:
        assert json.loads(str(stored["whence"]))["weights"] == record["weights"]


def test_the_same_input_gives_the_same_bytes(made_copy):
    assert main(["evaluate", "runs/tiny", "--out", "elsewhere"]) == 0
    for name in ("results.json", "predictions.npz"):
        assert Path("elsewhere", name).read_bytes() == Path("runs/tiny", name).read_bytes()


def test_files_from_before_there_were_records_tell_what_they_can(made_copy, capsys):
    results = json.loads(Path("runs/tiny/results.json").read_text())
    record = results.pop("whence")
    write_json("old/results.json", results)
    told = ask(capsys, "old/results.json")
    assert told["record"] == {name: record[name] for name in ("weights", "dataset")} | {"protocol": results["protocol"]}
    assert told["again"] == ["h36m-pose evaluate RUN"] and "usual" in told["notes"][-1]
    with np.load("runs/tiny/predictions.npz") as stored:
        np.savez("runs/tiny/predictions.npz", **{name: stored[name] for name in stored if name != "whence"})
    told = ask(capsys, "runs/tiny/predictions.npz")
    assert told["record"]["weights"] == record["weights"] and "nothing itself" in told["notes"][0]
    shutil.copy("runs/tiny/predictions.npz", "old.npz")
    assert main(["whence", "old.npz"]) == 2
    assert "without a word of where it comes from" in capsys.readouterr().err


def test_for_people_it_is_a_few_lines(made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    capsys.readouterr()
    assert main(["whence", "runs/tiny/walking.mp4", "--verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "runs/tiny/walking.mp4: the video of a test walk"
    assert f"  run        tiny, weights {checkpoint.digest(WEIGHTS)[:12]}" in lines
    assert "  again      h36m-pose render runs/tiny --root raw" in lines
    assert sum(line.startswith("  same ") for line in lines) == 5 and len(lines) < 16


def _foreign(folder: Path) -> dict[str, Path]:
    """Files that are not ours, and some that are no files of their kind at all."""
    write_picture(folder / "foreign.png", np.zeros((4, 4, 3), np.uint8), "a title", "words")
    write_video(folder / "foreign.mp4", 2)
    np.savez(folder / "foreign.npz", a=np.arange(3))
    contents = {
        "foreign.json": b'{"annotations": [], "categories": [], "info": {}}', "list.json": b"[1]", "cut.json": b'{"a',
        "foreign.csv": b"a,b\n1,2\n", "page.html": b"<html></html>", "notes.md": b"# notes", "text.onnx": b"hello",
        "varints.onnx": b"\xff" * 40, "text.zip": b"PK\x03\x04", "points.c3d": b"\x02P" + bytes(600), "x.png": b"",
        "x.mp4": b"\0" * 64, "x.npz": b"PK\x03\x04 nonsense", "x.h36mpack": b"no pack", "plain": b"\0",
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "empty").mkdir()
    return {name: folder / name for name in (*contents, "foreign.png", "foreign.mp4", "foreign.npz", "empty", "none")}


def test_what_is_not_ours_gets_one_line(tmp_path, capsys):
    for path in _foreign(tmp_path).values():
        assert main(["whence", str(path)]) == 2, path
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1, path
        assert said.err.startswith(f"h36m-pose: error: {path}: found ")


def test_neither_homes_nor_what_changes_nothing_get_into_a_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere/alice")
    inside = str(tmp_path / "runs" / "my run")
    words = [
        "predict",
        "/somewhere/alice/a walk.mp4",
        "--run",
        inside,
        "--out=x",
        "--workers",
        "3",
        f"init_from={inside}",
    ]
    expected = "h36m-pose predict ~/'a walk.mp4' --run 'runs/my run' init_from='runs/my run'"
    assert command_words.typed(words) == expected
    assert command_words.typed(["pack", "/data/h36m", "--overwrite"]) == "h36m-pose pack /data/h36m"
    assert command_words.current() == ""


def test_settings_that_say_how_and_not_what_do_not_count():
    settings = {"seed": 0, "host_devices": 1, "data": {"input": "auto", "crowd": True}, "writers": ["a"]}
    same = {"seed": 0, "host_devices": 8, "data": {"input": "resident", "crowd": True}, "writers": []}
    assert provenance.settings_digest(settings) == provenance.settings_digest(same)
    assert provenance.settings_digest(settings) != provenance.settings_digest(same | {"seed": 1})


def test_names_of_checkpoints_are_those_of_training(made):
    stage = made / "runs/tiny/finetune"
    assert places.best_checkpoint(stage) == run_folder.best_weights(stage)
    assert places.weights_of(run_folder.best_weights(stage)) == checkpoint.digest(run_folder.best_weights(stage))


def test_it_answers_without_jax(made):
    code = "import sys; from h36m_pose.cli.main import main; main(sys.argv[1:]); print('jax' in sys.modules)"
    words = ["whence", "runs/tiny", "--verify"]
    outcome = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=made, capture_output=True, text=True, check=True, env=os.environ
    )
    assert outcome.stdout.splitlines()[-1] == "False"
