"""What makes views again and changes the dataset's fingerprint, and what does neither."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from build_runs import copy_to_layout_of_h36m_fetch, run, tree
from raw_fixture import CAMERAS, make_scene, write_cdf, write_scene, write_video

from h36m_pose.data.dataset import open_dataset
from preprocessing import transform
from preprocessing.view import Parameters

SCENE = make_scene(1, 4, tail=0)
NAME = f"Walking 1.{CAMERAS[1]}"
CODE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a capture of one view, and the dataset made of it."""
    folder = tmp_path_factory.mktemp("before")
    write_scene(folder / "raw", "S1", "Walking 1", CAMERAS[1], SCENE)
    run(folder / "raw", folder / "dataset")
    return folder


@pytest.fixture
def now(before: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed."""
    return Path(shutil.copytree(before, tmp_path / "now"))


def elsewhere(now: Path, code: Path, **environment: str) -> list[str]:
    """Builds in a process of its own, from another folder; returns the names of the views that were made."""
    work = "import json, sys; from preprocessing import build; print(build.__file__); "
    work += "print(json.dumps(build.build('raw', 'dataset', say=lambda line: None).made))"
    done = subprocess.run(
        [sys.executable, "-c", work],
        env=os.environ | {"PYTHONPATH": str(code)} | environment, cwd=now, capture_output=True, text=True, check=True,
    )  # fmt: skip
    where, made = done.stdout.splitlines()
    assert Path(where).is_relative_to(code)
    return json.loads(made)


def one_pixel(now: Path, patch: pytest.MonkeyPatch) -> dict[str, object]:
    images = [image.copy() for image in SCENE.images_bgr]
    rows, columns = np.nonzero(SCENE.masks[2])
    images[2][rows[50], columns[50]] ^= 255
    write_video(now / f"raw/S1/Videos/{NAME}.mp4", images)
    return {}


def one_joint(now: Path, patch: pytest.MonkeyPatch) -> dict[str, object]:
    joints = SCENE.joints_cam_mm.copy()
    joints[3, 2, 1] += 1e-3
    write_cdf(now / f"raw/S1/MyPoseFeatures/D3_Positions_mono/{NAME}.cdf", joints)
    return {}


def one_parameter(now: Path, patch: pytest.MonkeyPatch) -> dict[str, object]:
    return {"parameters": Parameters(margin=1.11)}


def one_minor_version(now: Path, patch: pytest.MonkeyPatch) -> dict[str, object]:
    patch.setattr(cv2, "__version__", "4.99.0")
    return {}


@pytest.mark.parametrize("change", [one_pixel, one_joint, one_parameter, one_minor_version])
def test_what_changes_the_dataset(before: Path, now: Path, change: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    options = change(now, monkeypatch)
    assert run(now / "raw", now / "dataset", **options)[0].made == (f"S1 {NAME}",)
    assert open_dataset(now / "dataset").fingerprint != open_dataset(before / "dataset").fingerprint


def test_one_line_of_the_transform_changes_the_dataset(before: Path, now: Path, tmp_path: Path) -> None:
    for package in ("h36m_pose", "preprocessing"):
        shutil.copytree(CODE / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert elsewhere(now, tmp_path) == []
    path = tmp_path / "preprocessing" / "crop.py"
    path.write_text(path.read_text().replace("np.clip(grey, 0, 255)", "np.clip(grey, 0, 254)"))
    assert elsewhere(now, tmp_path) == [f"S1 {NAME}"]
    assert open_dataset(now / "dataset").fingerprint != open_dataset(before / "dataset").fingerprint


def other_times(now: Path, patch: pytest.MonkeyPatch) -> Path:
    for path in now.rglob("*"):
        os.utime(path, (10**9, 10**9))
    return now / "raw"


def another_folder(now: Path, patch: pytest.MonkeyPatch) -> Path:
    return (now / "raw").rename(now / "moved")


def another_layout(now: Path, patch: pytest.MonkeyPatch) -> Path:
    copy_to_layout_of_h36m_fetch(now / "raw", now / "other")
    return now / "other"


def another_order(now: Path, patch: pytest.MonkeyPatch) -> Path:
    listed = Path.iterdir
    patch.setattr(Path, "iterdir", lambda folder: sorted(listed(folder), reverse=True))
    return now / "raw"


def another_patch_release(now: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setattr(cv2, "__version__", ".".join([*cv2.__version__.split(".")[:2], "999"]))
    return now / "raw"


@pytest.mark.parametrize("change", [other_times, another_folder, another_layout, another_order, another_patch_release])
def test_what_changes_nothing(before: Path, now: Path, change: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = change(now, monkeypatch)
    assert run(raw, now / "dataset")[0].made == ()
    run(raw, now / "made anew")
    assert tree(now / "dataset") == tree(now / "made anew") == tree(before / "dataset")


def test_another_machine_changes_nothing(before: Path, now: Path) -> None:
    """As far as a process can tell: another user, home, zone and language, one core, other random hashes."""
    words = {"HOME": "/nowhere", "USER": "other", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    shutil.rmtree(now / "dataset")
    assert elsewhere(now, CODE, **words, **threads) == [f"S1 {NAME}"]
    assert tree(now / "dataset") == tree(before / "dataset")


def test_comments_docstrings_and_blank_lines_are_no_code() -> None:
    source = (
        '"""Module."""\n\nLEVELS = "# 255"  # of grey\n"""All."""\n\n\ndef half(x):\n    """Of x."""\n    return x\n'
    )
    assert transform.code_of(source) == 'LEVELS = "# 255"\ndef half(x):\n    return x'


HARMLESS = {
    "h36m_pose": "no more than the version",
    "h36m_pose.atomic_files": "how files are replaced",
    "h36m_pose.data.checksum": "of the JSON files",
    "h36m_pose.errors": "words",
    "h36m_pose.given_folders": "whether folders are there",
    "preprocessing": "empty",
    "preprocessing.catalog": "where files lie",
    "preprocessing.cdf_structure": "whether a file of poses is whole",
    "preprocessing.member_names": "how files are called",
    "preprocessing.mp4_boxes": "whether a video is cut",
    "preprocessing.raw_file": "whether a file can be read",
    "preprocessing.release": "words about known faults",
    "preprocessing.transform": "the digest itself",
}
"""Modules that the making of a view uses and that do not decide its arrays, and why not."""


def imported_by(name: str, found: set[str]) -> None:
    """Adds a module of this project, and all that it imports of it, to `found`."""
    specification = importlib.util.find_spec(name)
    if name in found or specification is None or specification.origin is None:
        return
    found.add(name)
    for node in ast.walk(ast.parse(Path(specification.origin).read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for each in names:
            if each.split(".")[0] in ("h36m_pose", "preprocessing") and is_module(each):
                imported_by(each, found)


def is_module(name: str) -> bool:
    """Whether there is a module of that name, not a function or class."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_every_module_that_makes_a_view_is_in_the_digest_or_known_to_be_harmless() -> None:
    found: set[str] = set()
    imported_by("preprocessing.view", found)
    assert found - set(HARMLESS) == set(transform.MODULES)
