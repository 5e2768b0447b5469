"""A spoiled release is told in one line per view, stays as it is, and spoils no other view; clean ones raise no alarm.

All runs are `h36m-pose preprocess` in this process, on copies of a tree with two views.
"""

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest
from clean_trees import CLEAN, Clean
from raw_fixture import CAMERAS, make_scene, write_scene, write_video
from spoiled_trees import SPOILED
from spoiling import BAD, FRAMES, GOOD, PHASE, TAIL, TRIAL, Spoiled, Tree

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset

LINE = re.compile(r"h36m-pose: left out (?P<view>S\d+ .+?\.\d{8}): (?P<path>.+?): found .+; expected .+\. .+[.?]")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, Path]:
    """The tree of two views, and the dataset of the one that is not spoiled; not to be changed."""
    folder = tmp_path_factory.mktemp("base")
    scenes = {camera: make_scene(CAMERAS.index(camera), FRAMES, TAIL, PHASE) for camera in (BAD, GOOD)}
    for camera, scene in scenes.items():
        write_scene(folder / "raw", "S1", TRIAL, camera, scene)
    assert main(["preprocess", str(folder / "raw"), str(folder / "dataset"), "--workers", "1"]) == 0
    shutil.rmtree(folder / "dataset/S1/Walking_1.55011271")
    return Tree(folder / "raw", scenes[BAD], scenes[GOOD]), folder / "dataset"


@pytest.fixture
def tree(base: tuple[Tree, Path], tmp_path: Path) -> Tree:
    """A copy of the tree, to be spoiled."""
    return Tree(Path(shutil.copytree(base[0].root, tmp_path / "raw")), base[0].bad, base[0].good)


@pytest.fixture
def dataset(base: tuple[Tree, Path], tmp_path: Path) -> Path:
    """A copy of the dataset, in which the spoiled view is still to be made."""
    return Path(shutil.copytree(base[1], tmp_path / "dataset"))


def state_of(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: kinds, permissions, times, contents, targets of links."""
    state: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        state[str(path.relative_to(root))] = (status.st_mode, status.st_mtime_ns, content)
    return state


def run(root: Path, dataset: Path, *options: str) -> int:
    return main(["preprocess", str(root), str(dataset), "--workers", "1", *options])


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("h36m-pose")]


def test_the_corpus_is_large_and_has_no_two_of_a_name() -> None:
    assert len(SPOILED) >= 60
    assert len(CLEAN) >= 20
    assert len({entry.name for entry in [*SPOILED, *CLEAN]}) == len(SPOILED) + len(CLEAN)


@pytest.mark.parametrize("entry", SPOILED, ids=lambda entry: entry.name)
def test_a_spoiled_tree(entry: Spoiled, tree: Tree, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry.spoil(tree)
    before = state_of(tree.root)
    assert run(tree.root, dataset, *entry.options) == 2
    lines = told(capsys)
    assert state_of(tree.root) == before
    *views, last = lines
    assert not last.startswith("h36m-pose: left out")
    if not entry.views:
        assert len(lines) == 1
        assert re.search(entry.found, last), last
        assert re.fullmatch(r"h36m-pose: error: .+: found .+; expected .+\. .+[.?]", last)
        return
    if len(views) == 0 and len(entry.views) == 1:  # the only view there is
        views = [last.replace("h36m-pose: error:", f"h36m-pose: left out {entry.views[0]}:")]
    matches = [LINE.fullmatch(line) for line in views]
    assert all(matches), views
    assert sorted(match["view"] for match in matches if match) == sorted(entry.views)
    for match in matches:
        assert match and re.search(entry.found, match[0]), match and match[0]
        assert str(tree.root) in match["path"] or match["path"].startswith("--")
    if entry.views == (f"S1 {TRIAL}.{BAD}",):
        made = open_dataset(dataset, verify=True)
        assert [view.name for view in made.views] == [f"S1 {TRIAL}.{GOOD}"]
        (left_out,) = made.manifest["left_out"]
        assert (left_out["trial"], left_out["camera_id"]) == (TRIAL, BAD)
        assert str(tree.root) not in left_out["reason"]
        assert not list(dataset.glob("S1/.*")) and not list(dataset.glob("S1/*55011271"))


@pytest.mark.parametrize("entry", CLEAN, ids=lambda entry: entry.name)
def test_a_clean_tree(entry: Clean, tree: Tree, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = entry.change(tree) or tree.root
    before = state_of(root)
    assert run(root, dataset, *entry.options) == 0
    assert told(capsys) == []
    assert state_of(root) == before
    made = open_dataset(dataset, verify=True)
    assert len(made.views) == entry.views
    assert len(made.manifest["left_out"]) == entry.left_out


@pytest.mark.parametrize("kind", ["video", "2d", "mono", "masks"])
@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read(
    kind: str,
    code: int,
    tree: Tree,
    dataset: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Permissions do not bind everybody who runs tests; so opening fails by the system's word for it."""
    opening = Path.open

    def refuse(path: Path, *words: object, **options: object) -> object:
        if path == tree.path(kind):
            raise OSError(code, os.strerror(code), str(path))
        return opening(path, *words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    assert run(tree.root, dataset) == 2
    line, _ = told(capsys)
    words = "may not be read" if code == errno.EACCES else r"cannot be read \(Input/output error\)"
    assert re.search(rf"{tree.path(kind)}: found a file that ({words}|cannot be read \(Permission denied\)); ", line)


def test_a_folder_that_may_not_be_listed_ends_the_run_in_one_line(
    tree: Tree, dataset: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Path.iterdir

    def refuse(path: Path) -> object:
        if path == tree.path("2d").parent:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert run(tree.root, dataset) == 2
    (line,) = told(capsys)
    assert "D2_Positions: found a folder that cannot be listed (Permission denied)" in line


def test_a_video_of_another_trial_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Poses and masks fit each other and the size fits all, so that only the pictures themselves can tell."""
    scene, other = (make_scene(0, FRAMES, TAIL, phase) for phase in (PHASE, PHASE + 2.4))
    write_scene(tmp_path / "raw", "S1", TRIAL, CAMERAS[0], scene)
    assert run(tmp_path / "raw", tmp_path / "one") == 0
    assert "see whether the video is of this trial and camera" not in capsys.readouterr().out
    write_video(tmp_path / f"raw/S1/Videos/{TRIAL}.{CAMERAS[0]}.mp4", other.images_bgr)
    assert run(tmp_path / "raw", tmp_path / "two") == 0
    assert "see whether the video is of this trial and camera" in capsys.readouterr().out
