"""The doctor before trees in which everything that can be wrong is wrong, each fault in a view of its own."""

import json
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from build_runs import run
from raw_fixture import CAMERAS
from small_release import SIZES, Scenes, exchange, file_of, make_release, plant, state_of, take_for_the_release

from preprocessing.doctor import READY, USABLE, Diagnosis, diagnose
from preprocessing.doctor_report import as_text


@pytest.fixture(autouse=True)
def small_release(monkeypatch: pytest.MonkeyPatch) -> None:
    take_for_the_release(monkeypatch)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scenes]:
    """The whole small release; not to be changed."""
    root = tmp_path_factory.mktemp("clean") / "h36m"
    return root, make_release(root)


@pytest.fixture
def tree(clean: tuple[Path, Scenes], tmp_path: Path) -> Path:
    """A copy, to be spoiled."""
    return Path(shutil.copytree(clean[0], tmp_path / "h36m"))


def found_in(diagnosis: Diagnosis) -> dict[str, set[str]]:
    """The kinds of the findings by the names of their views; views without are left out."""
    kinds = {view.name: {finding.kind for finding in view.findings} for view in diagnosis.views}
    return {name: found for name, found in kinds.items() if found}


NORMAL = {f"S9 Walking.{camera_id}": {"short poses"} for camera_id in CAMERAS}
"""What is said of the clean tree; it is no fault."""


def test_a_clean_tree_is_ready(clean: tuple[Path, Scenes]) -> None:
    diagnosis = diagnose(clean[0], ("Walking",))
    assert found_in(diagnosis) == NORMAL
    assert diagnosis.findings == []
    assert len(diagnosis.views) == 24
    assert diagnosis.exit_status == READY
    lines = as_text(diagnosis).splitlines()
    assert "ok  S1 Walking 1.54138969     19  16/16     19  500x502  0.00 mm  0.00 px" in lines
    assert [line for line in lines if "poses for the first 16 of 28 frames: normal for this trial" in line][3:]
    assert not any(line.startswith(("BAD", "gap", "none", "To mend")) for line in lines)
    assert lines[-2:] == [
        "Verdict: ready. All 24 views are sound.",
        f"Next:    h36m-pose preprocess {clean[0]} data/h36m/dataset",
    ]


def test_every_fault_is_found_in_its_own_view_and_nowhere_else(
    tree: Path, clean: tuple[Path, Scenes], tmp_path: Path
) -> None:
    planted = plant(tree, clean[1])
    before = state_of(tree)
    diagnosis = diagnose(tree, ("Walking",))
    assert state_of(tree) == before
    assert found_in(diagnosis) == planted
    assert len(planted) == 24
    assert diagnosis.exit_status == USABLE
    by_name = {view.name: view for view in diagnosis.views}
    lines = as_text(diagnosis).splitlines()
    for words in (
        "none  S5 Walking.60457274 - -/16 - - - - nothing of it is there",
        "gap S1 Walking 1.60457274 19 16/16 19 500x502 0.00 mm 0.00 px 3 of 16 masks are empty (frame 4, ...)",
        "BAD S1 Walking 1.54138969 - 16/16 19 - 0.00 mm 0.00 px no video",
    ):
        assert words.split() in [line.split() for line in lines]
    for view in diagnosis.views:
        (line,) = [line for line in lines[: lines.index("To mend:")] if f" {view.name} " in line]
        assert all(finding.words in line for finding in view.findings)
        assert line.startswith(("none", "BAD")) != view.sound
    for words in (
        "video: 12 equal frames in a row (14 of 15 repeat)",
        "3 of 16 masks are empty (frame 4, ...)",
        "left and right bones differ, to the wrist by 74 mm",
        "video: 13 frames for 16 poses",
        "D3_Positions_mono_universal in the place of D3_Positions_mono: the bone lengths are those of S1",
        "poses: 12 equal ones in a row (14 of 16 repeat)",
        "12 poses, the release has 16",
        "25 pictures per second, the release has 50",
        "pictures of 250x250, the release's are 500x500",
    ):
        assert any(words in line for line in lines), words

    left_out = {name for name in planted if {finding.severity for finding in by_name[name].findings} & {"broken"}}
    wrong = {name for name in planted if not by_name[name].sound} - left_out
    told = f"1 not there, {len(left_out) - 1} left out by preprocessing, {len(wrong)} taken, but wrong."
    assert lines[-2] == f"Verdict: usable with gaps. 7 of 24 views are sound; {told}"
    assert lines[-1] == f"Next:    h36m-pose doctor {tree}  (when mended)"
    run(tree, tmp_path / "dataset")
    manifest = json.loads((tmp_path / "dataset" / "manifest.json").read_text())
    names = {f"{view['subject']} {view['trial']}.{view['camera_id']}" for view in manifest["left_out"]}
    assert names == left_out - {"S5 Walking.60457274"}


def test_files_that_changed_places_are_found(tree: Path, clean: tuple[Path, Scenes]) -> None:
    """Pairs of cameras with pictures of one size, so that nothing but their content tells."""

    def swap(kind: str, subject: str, trial: str, one: int, other: int) -> None:
        exchange(file_of(tree, kind, subject, trial, one), file_of(tree, kind, subject, trial, other))

    swap("2d", "S1", "Walking 1", 0, 3)
    swap("video", "S1", "Walking", 1, 2)
    swap("masks", "S5", "Walking 1", 1, 2)
    for kind in ("video", "2d", "mono", "masks"):
        swap(kind, "S5", "Walking", 0, 3)
    swap("video", "S9", "Walking 1", 0, 1)
    exchange(file_of(tree, "video", "S9", "Walking 1", 3), file_of(tree, "video", "S9", "Walking", 3))
    diagnosis = diagnose(tree, ("Walking",))
    words = {
        view.name: "; ".join(finding.words for finding in view.findings) for view in diagnosis.views if not view.sound
    }
    first, second, third, fourth = CAMERAS
    for name, told in {
        f"S1 Walking 1.{first}": f"D3_Positions_mono fits D2_Positions of S1 Walking 1.{fourth}",
        f"S1 Walking 1.{fourth}": f"D3_Positions_mono fits D2_Positions of S1 Walking 1.{first}",
        f"S1 Walking.{second}": f"video of another view: the joints of S1 Walking.{third} fit it",
        f"S1 Walking.{third}": f"video of another view: the joints of S1 Walking.{second} fit it",
        f"S5 Walking 1.{second}": f"masks of another view: the joints of S5 Walking 1.{third} fit them",
        f"S5 Walking 1.{third}": f"masks of another view: the joints of S5 Walking 1.{second} fit them",
        f"S5 Walking.{first}": f"poses of camera {fourth}, by where they place it",
        f"S5 Walking.{fourth}": f"poses of camera {first}, by where they place it",
        f"S9 Walking 1.{first}": "pictures of 500x500, the release's are 500x502",
        f"S9 Walking 1.{second}": "pictures of 500x502, the release's are 500x500",
        f"S9 Walking 1.{fourth}": f"the joints of S9 Walking.{fourth} fit it",
        f"S9 Walking.{fourth}": f"the joints of S9 Walking 1.{fourth} fit it",
    }.items():
        assert told in words.pop(name)
    assert words == {}


def table_of(diagnosis: Diagnosis) -> list[dict[str, object]]:
    """What was seen of the views, but for where."""
    return [{**view.as_json(), "origin": ""} for view in diagnosis.views]


def pack(tree: Path, downloads: Path) -> list[Path]:
    """One archive per subject and kind, under names that tell nothing, as a download site or a colleague gives them."""
    downloads.mkdir()
    paths = []
    for subject in SIZES:
        for folder in ("Videos", "MyPoseFeatures/D2_Positions", "MyPoseFeatures/D3_Positions_mono",
                       "MyPoseFeatures/D3_Positions", "MySegmentsMat/ground_truth_bs"):  # fmt: skip
            path = downloads / f"part {len(paths):02d}"
            with tarfile.open(path, "w:gz", compresslevel=1) as archive:
                archive.add(tree / subject / folder, f"{subject.lower()}/{folder}")
            paths.append(path)
    return paths


def test_archives_are_seen_as_what_they_hold(clean: tuple[Path, Scenes], tree: Path, tmp_path: Path) -> None:
    plant(tree, clean[1])
    archives = pack(tree, tmp_path / "downloads")
    before = state_of(tmp_path / "downloads")
    diagnosis = diagnose(tmp_path / "downloads", ("Walking",))
    assert state_of(tmp_path / "downloads") == before
    assert table_of(diagnosis) == table_of(diagnose(tree, ("Walking",)))
    assert {view.origin for view in diagnosis.views} == {"archives", "nothing"}
    assert len(diagnosis.archives) == 15
    lines = as_text(diagnosis).splitlines()
    assert lines[0].endswith("24 views, read from archives")
    assert (
        "      15 archives, 0.0 GB: 22 videos, 23 D2_Positions, 23 D3_Positions_mono, 5 D3_Positions, 22 masks" in lines
    )
    archives[5].write_bytes(archives[5].read_bytes()[:-2000])
    (tmp_path / "downloads" / "Videos_S5.tgz").write_text("<html>Please log in</html>")
    diagnosis = diagnose(tmp_path / "downloads", ("Walking",))
    lines = as_text(diagnosis).splitlines()
    broken = re.compile(r"gap   part 05: an archive that .+, its last good member is s5/Videos/Walking\.\d{8}\.mp4")
    assert any(broken.fullmatch(line) for line in lines)
    assert any("no video" in line for line in lines if " S5 Walking.58860488 " in line)
    assert any(line.startswith("note  Videos_S5.tgz: ") for line in lines)
    assert diagnosis.exit_status == USABLE
