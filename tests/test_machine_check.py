"""`h36m-pose system`: what is wrong is told with the line that mends it."""

import json
import os
from pathlib import Path

import pytest

from h36m_pose import machine_check
from h36m_pose.cli.main import main


def install(folder: Path, package: str, version: str) -> None:
    """Leaves the traces of an installed package."""
    place = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8")


def add_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's command that tells of two GPUs."""
    folder.mkdir()
    command = folder / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'NVIDIA H100, 550.54'\necho 'NVIDIA H100, 550.54'\n", encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_a_sound_machine_has_nothing_to_mend(capsys):
    assert main(["system", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == []
    assert any("cpu" in line for line in found["facts"]["devices"])
    assert any("writes libx264" in line for line in found["facts"]["video"])


def test_a_gpu_that_jax_does_not_use_and_doubled_packages_are_told(tmp_path, monkeypatch, capsys):
    add_gpu(tmp_path / "driver", monkeypatch)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    install(tmp_path / "packages", "opencv-python", "4.12.0.88")
    install(tmp_path / "packages", "flax", "0.8.0")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    assert main(["system", "--folder", str(tmp_path / "not" / "there")]) == 1
    told = capsys.readouterr().out
    assert "there is a GPU (NVIDIA H100, driver 550.54, and 1 more), and JAX computes on the CPU" in told
    assert 'pip install "jax[cuda12]==' in told
    assert "pip uninstall opencv-python opencv-python-headless" in told
    assert "flax 0.8.0; this version of h36m-pose wants" in told


def test_a_jax_that_does_not_start_is_told_in_its_own_last_words(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "abacus")
    found, words = machine_check.ask_jax()
    assert found is None and "abacus" in words
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert machine_check.ask_jax() == ([("cpu", "cpu")], "")


def test_jax_kept_from_the_gpu_by_a_setting(tmp_path, monkeypatch, capsys):
    add_gpu(tmp_path / "driver", monkeypatch)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert main(["system"]) == 1
    assert "unset JAX_PLATFORMS" in capsys.readouterr().out
