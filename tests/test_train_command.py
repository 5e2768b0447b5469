"""`h36m-pose train` from outside: what it accepts, refuses and says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from stick_dataset import write_stick_dataset

from h36m_pose.cli.main import main, spell_out_settings
from h36m_pose.data.dataset_writer import write_manifest

TINY = ["model.stem_px=16", "model.widths=6", "model.blocks=0", "model.hidden=14", "grid.cells=3", "batch_size=6"]
TINY += ["data.frame=camera"]  # stick figures have no calibration


@pytest.fixture(scope="module")
def dataset_dir(tmp_path_factory):
    return write_stick_dataset(tmp_path_factory.mktemp("data")).folder


def words_for(dataset_dir, run_dir, stage="pretrain"):
    return ["train", stage, "--experiment", "demo", "--dataset", str(dataset_dir), "--run", str(run_dir)]


def test_a_stage_is_trained_once(dataset_dir, tmp_path):
    """In a process of its own, so that host settings and two devices are used."""
    words = [*words_for(dataset_dir, tmp_path), *TINY, "epochs=1"]
    command = [sys.executable, "-m", "h36m_pose.cli.main", *words]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert "all 71 frames are as they were written, checked in" in first.stdout
    assert "best validation loss" in first.stdout and "image/s" in first.stderr
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 0 and "finished before" in second.stdout
    third = subprocess.run([*command, "seed=3"], capture_output=True, text=True, check=False)
    assert third.returncode == 2 and "seed = 0 instead of 3" in third.stderr and third.stderr.count("\n") == 1
    (tmp_path / "pretrain" / "config.json").unlink()
    fourth = subprocess.run(command, capture_output=True, text=True, check=False)
    assert fourth.returncode == 2 and "trained with unknown settings" in fourth.stderr
    assert (tmp_path / "pretrain" / "finished.json").exists() and not (tmp_path / "pretrain" / "config.json").exists()


def test_a_wrong_bit_in_the_dataset_is_found_before_the_first_step(dataset_dir, tmp_path, capsys):
    spoiled = Path(shutil.copytree(dataset_dir, tmp_path / "spoiled"))
    images = spoiled / "S7" / "Walking_1.54138969" / "images.npy"
    content = bytearray(images.read_bytes())
    content[5000] ^= 1
    images.write_bytes(content)
    left_out = [{"subject": "S5", "trial": f"Walking {n}", "camera_id": "55011271", "reason": "cut"} for n in range(5)]
    write_manifest(spoiled, {"seed": 0}, left_out=left_out)
    assert main(words_for(spoiled, tmp_path / "run")) == 2
    told, error = capsys.readouterr()
    assert "goes without S5 Walking 0.55011271, S5 Walking 1.55011271, S5 Walking 2.55011271 and 2 more views" in told
    assert "found images.npy with other bytes than were written" in error and error.count("\n") == 1
    assert not (tmp_path / "run" / "pretrain" / "checkpoints").exists()


def test_settings_may_stand_anywhere():
    words = ["train", "pretrain", "epochs=3", "--run", "a=b", "--dataset=c=d", "optim.peak_lr=1"]
    expected = ["train", "pretrain", "--set=epochs=3", "--run", "a=b", "--dataset=c=d", "--set=optim.peak_lr=1"]
    assert spell_out_settings(words) == expected


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["optm.peak_lr=3"], "Did you mean optim.peak_lr"),
        (["epochs=many"], "a whole number"),
        (["--experiment", "demmo"], "Did you mean demo"),
        (["--dataset", "/none/such"], "no such folder"),
    ],
)
def test_bad_words_are_answered_in_one_line(dataset_dir, tmp_path, capsys, more, message):
    assert main([*words_for(dataset_dir, tmp_path / "run"), *more]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_settings_are_listed(capsys):
    assert main(["train", "finetune", "--experiment", "demo", "--keys", "epochs=3"]) == 0
    listed = capsys.readouterr().out
    assert "finetune.epochs = 3\n" in listed and "model.widths = " in listed


def test_folders_are_asked_for(capsys):
    assert main(["train", "finetune", "--experiment", "demo"]) == 2
    assert "Add --dataset FOLDER" in capsys.readouterr().err


def test_a_finetuning_without_its_pretraining_is_refused(dataset_dir, tmp_path, capsys):
    assert main(words_for(dataset_dir, tmp_path, "finetune")) == 2
    assert "no pretraining" in capsys.readouterr().err
