"""`whence --verify`: what has changed or is gone is told, and nothing else."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_files import FRAMES, WEIGHTS, ask, flip, verdicts
from stick_dataset import write_stick_dataset

from h36m_pose.atomic_files import write_json
from h36m_pose.data.dataset import open_dataset
from h36m_pose.training import checkpoint


def _train_anew() -> None:
    about = json.loads((WEIGHTS / "about.json").read_text())
    checkpoint.save(WEIGHTS, {"params": {"a": np.zeros(3)}}, about)


def _change_a_setting() -> None:
    path = Path("runs/tiny/finetune/config.json")
    config = json.loads(path.read_text())
    config["settings"]["finetune"]["optim"]["peak_lr"] *= 2
    write_json(path, config)


def _move_the_predictions() -> None:
    path = Path("runs/tiny/results.json")
    results = json.loads(path.read_text())
    results["metrics"]["mpjpe"]["network"] += 1
    write_json(path, results)


CHANGES = {
    "bit": (lambda: flip(WEIGHTS / "about.json"), "runs/tiny/finetune", "files of the checkpoint"),
    "weights": (_train_anew, "runs/tiny/walking.mp4", "weights"),
    "setting": (_change_a_setting, "poses/overlay.mp4", "settings"),
    "results": (_move_the_predictions, "runs/tiny/results.json", "results"),
    "predictions": (lambda: flip(Path("runs/tiny/predictions.npz")), "runs/tiny/walking.mp4", "predictions.npz"),
    "table": (lambda: flip(Path("poses/poses.csv")), "poses/poses.csv", "poses.csv"),
    "dataset": (lambda: write_stick_dataset(Path("data"), FRAMES, seed=1), "runs/tiny/predictions.npz", "dataset"),
    "crop": (lambda: flip(Path("data/S5/Walking_1.54138969/images.npy")), "data", "files of the dataset"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_changed_is_told_and_nothing_else(name, made_copy, capsys):
    change, path, subject = CHANGES[name]
    change()
    told = verdicts(ask(capsys, path, "--verify", status=1))
    assert [each for each, verdict in told.items() if verdict == "changed"] == [subject]


def test_what_is_not_there_is_told_and_found_where_it_was_moved_to(made_copy, capsys):
    shutil.copy("poses/poses.npz", "alone.npz")
    Path("runs").rename("moved")
    Path("data").rename("crops")
    told = verdicts(ask(capsys, "alone.npz", "--verify", status=1))
    assert told == {"weights": "not there", "dataset": "not there"}
    told = verdicts(ask(capsys, "alone.npz", "--verify", "--run", "moved/tiny", "--dataset", "crops"))
    assert told == dict.fromkeys(("weights", "files of the checkpoint", "settings", "dataset"), "same")


def test_a_pack_tells_its_dataset_and_is_read_to_the_end(made_copy, capsys):
    told = ask(capsys, "data.h36mpack", "--verify", "--dataset", "data")
    assert told["record"]["dataset"] == open_dataset("data").fingerprint
    assert verdicts(told) == {"dataset": "same", "contents of the pack": "same"}
    content = bytearray(Path("data.h36mpack").read_bytes())
    content[len(content) // 2] ^= 1
    Path("data.h36mpack").write_bytes(content)
    told = ask(capsys, "data.h36mpack", "--verify", "--dataset", "data", status=1)
    assert verdicts(told)["contents of the pack"] == "changed"
