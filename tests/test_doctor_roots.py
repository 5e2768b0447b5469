"""The doctor before roots of every sort: what it takes them for, what it says, and which command it gives."""

import itertools
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from build_runs import FRAMES, NAME, copy_to_layout_of_h36m_fetch
from clean_trees import CLEAN, Clean
from metadata_fixture import fixture_camera, write_metadata
from raw_fixture import CAMERAS, make_scene, write_scene, write_video
from small_release import exchange, file_of, state_of
from spoiled_trees import SPOILED
from spoiling import BAD, GOOD, PHASE, TAIL, TRIAL, Spoiled, Tree
from spoiling import FRAMES as SPOILED_FRAMES
from test_studio import film_quickly

from h36m_pose.camera import Camera
from h36m_pose.cli.main import main
from preprocessing import catalog, doctor_pool
from preprocessing.capture.cast import PRESETS, Preset
from preprocessing.doctor import NOT_USABLE, READY, USABLE, Diagnosis, diagnose
from preprocessing.doctor_findings import BROKEN
from preprocessing.doctor_report import as_json, as_text, next_command
from preprocessing.doctor_video import look_at_video
from preprocessing.release import parse_actions

ABSENT = {f"S1 {trial}.{camera_id}" for trial in ("Walking 1", "Walking") for camera_id in CAMERAS[2:]}
"""Views that the capture of `conftest` has not."""


@pytest.fixture
def one_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release of S1 alone, with small pictures, as `conftest` films it."""
    monkeypatch.setattr(catalog, "WALKING_POSES", {"S1": {"Walking 1": FRAMES, "Walking": FRAMES}})
    monkeypatch.setattr("preprocessing.doctor_expected.RELEASE_SUBJECTS", ("S1",))
    monkeypatch.setattr(catalog, "WIDTH_PX", 500)
    monkeypatch.setattr(catalog, "picture_height_px", lambda _, camera_id: 502 if camera_id in CAMERAS[::3] else 500)


def unsound(diagnosis: Diagnosis) -> dict[str, str]:
    return {
        view.name: "; ".join(finding.words for finding in view.findings) for view in diagnosis.views if not view.sound
    }


@pytest.mark.usefixtures("one_subject")
def test_the_command_gives_one_document_and_a_command_that_works(
    raw_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = state_of(raw_copy)
    assert main(["doctor", str(raw_copy), "--json"]) == USABLE
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "usable with gaps"
    assert document["exit_status"] == USABLE
    assert (document["views_sound"], len(document["views"])) == (4, 8)
    first = document["views"][0]
    assert (first["subject"], first["trial"], first["camera_id"], first["origin"]) == ("S1", *NAME.split("."), "files")
    assert (first["poses"], first["poses_expected"], first["masks"]) == (FRAMES, FRAMES, FRAMES + 3)
    assert (first["width_px"], first["height_px"], first["fps"]) == (500, 502, 50)
    assert first["projection_px"] < 0.01
    assert first["findings"] == []
    assert {view["name"] for view in document["views"] if not view["sound"]} == ABSENT
    assert main(["doctor", str(raw_copy)]) == USABLE
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"Next:    {document['next_command']}"
    assert state_of(raw_copy) == before
    assert main([*shlex.split(document["next_command"])[1:], "--workers", "1"]) == 0
    assert (tmp_path / "data/h36m/dataset/manifest.json").is_file()


@pytest.mark.usefixtures("one_subject")
def test_both_layouts_are_the_same_to_it(raw_copy: Path, tmp_path: Path) -> None:
    copy_to_layout_of_h36m_fetch(raw_copy, tmp_path / "fetched")
    other = diagnose(tmp_path / "fetched", ("Walking",))
    assert as_json(other)["views"] == as_json(diagnose(raw_copy, ("Walking",)))["views"]
    assert other.exit_status == USABLE


@pytest.mark.usefixtures("one_subject")
def test_cameras_of_metadata_are_compared(raw_copy: Path) -> None:
    path = raw_copy / "code" / "metadata.xml"
    write_metadata(path)
    diagnosis = diagnose(raw_copy, ("Walking",))
    assert diagnosis.metadata == path
    assert set(unsound(diagnosis)) == ABSENT
    assert all(view.metadata_px < 0.01 for view in diagnosis.views if view.metadata_px is not None)
    assert sum(view.metadata_px is not None for view in diagnosis.views) == 4
    for kind in ("video", "2d", "mono", "masks"):
        exchange(file_of(raw_copy, kind, "S1", "Walking", 0), file_of(raw_copy, kind, "S1", "Walking", 1))
    told = unsound(diagnose(raw_copy, ("Walking",)))
    assert f"poses of camera {CAMERAS[1]}, by metadata.xml" in told[f"S1 Walking.{CAMERAS[0]}"]
    assert f"poses of camera {CAMERAS[0]}, by metadata.xml" in told[f"S1 Walking.{CAMERAS[1]}"]
    assert set(told) == ABSENT | {f"S1 Walking.{camera_id}" for camera_id in CAMERAS[:2]}

    def another(subject: str, camera_id: str) -> Camera:
        camera = fixture_camera(subject, camera_id)
        return Camera(**{**vars(camera), "principal_px": camera.principal_px + 20})

    write_metadata(path, another)
    told = {view.name: [finding.words for finding in view.findings] for view in diagnose(raw_copy, ("Walking",)).views}
    assert told[f"S1 {NAME}"] == ["2D joints 28.3 px off the camera of metadata.xml"]
    path.write_text("<metadata>")
    (finding,) = diagnose(raw_copy, ("Walking",)).findings
    assert finding.words.startswith("code/metadata.xml: no XML, or a cut file")


def test_a_capture_of_the_studio_is_held_against_its_own_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "tiny", Preset({"S9": 5}, crowd=1, crowd_frames=3, crowd_fps=10, decoy_frames=2))
    root = tmp_path / "raw"
    film_quickly(root)
    diagnosis = diagnose(root, ("Walking",))
    assert (diagnosis.synthetic, diagnosis.exit_status, len(diagnosis.views)) == (True, READY, 12)
    lines = as_text(diagnosis).splitlines()
    assert lines[0].startswith("Synthetic capture, Walking, in ")
    assert any(line.startswith("ok  S101, of the crowd") and line.endswith("4 views") for line in lines)
    assert next_command(diagnosis) == f"h36m-pose preprocess {root} {tmp_path / 'dataset'}"
    changed = root / "S101/MySegmentsMat/ground_truth_bs/Walking 1.60457274.mat"
    content = bytearray(changed.read_bytes())
    content[20] ^= 1  # in the free text at the beginning
    changed.write_bytes(content)
    (root / "S9/Videos/Walking.54138969.mp4").unlink()
    for path in root.glob("S9/*/**/Walking 1.*"):
        path.unlink()
    diagnosis = diagnose(root, ("Walking",))
    told = unsound(diagnosis)
    assert told["S101 Walking 1.60457274"] == "masks: not the file that the studio wrote"
    assert told["S9 Walking.54138969"] == "no video"
    assert set(told.values()) == {"masks: not the file that the studio wrote", "no video", "nothing of it is there"}
    assert len(told) == 6
    lines = as_text(diagnosis).splitlines()
    assert any(line.startswith("none  S9 Walking 1, all cameras  ") for line in lines)
    assert lines[-1] == f"Next:    h36m-pose capture {root} --preset tiny --seed 0 --crowd 1  (when mended)"
    (root / "capture.json").write_text("{")
    diagnosis = diagnose(root, ("Walking",))
    assert [finding.kind for finding in diagnosis.findings] == ["bad record"]
    assert diagnosis.exit_status == USABLE


def test_other_processes_find_the_same(
    original: tuple[Path, dict, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One view: each process takes seconds to start."""
    for path in original[0].glob(f"*/**/{NAME[:9]}*"):
        if path.is_file() and CAMERAS[1] not in path.name:
            copy = tmp_path / path.relative_to(original[0])
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    alone = diagnose(tmp_path, ("Walking",))
    monkeypatch.setattr(doctor_pool, "FEW", 0)
    shared = diagnose(tmp_path, ("Walking",), workers=2)
    assert [view.name for view in alone.views if view.poses] == [f"S1 {NAME}"]
    assert as_json(shared) == as_json(alone)


@pytest.mark.parametrize("place", ["empty", "S1", "above", "far above"])
def test_where_nothing_is_the_next_step_is_told(
    place: str, original: tuple[Path, dict, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "far above" / "above").mkdir(parents=True)
    (tmp_path / "far above" / "above" / "my data").symlink_to(original[0])
    roots = {"S1": original[0] / "S1", "above": tmp_path / "far above" / "above", "far above": tmp_path / "far above"}
    root = roots.get(place, tmp_path / place)
    assert main(["doctor", str(root), "--json"]) == NOT_USABLE
    document = json.loads(capsys.readouterr().out)
    assert (document["status"], document["views"]) == ("not usable", [])
    assert [finding["kind"] for finding in document["findings"]] == ["root"]
    meant = {"S1": original[0], "above": tmp_path / "far above/above/my data"}.get(place)
    meant = tmp_path / "far above/above/my data" if place == "far above" else meant
    assert document["next_command"] == f"h36m-pose doctor {shlex.quote(str(meant or root))}"
    assert main(["doctor", str(root)]) == NOT_USABLE
    printed = capsys.readouterr()
    assert "Verdict: not usable. Nothing of Human3.6M is here." in printed.out
    assert "Traceback" not in printed.err


def test_words_that_are_no_options_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(tmp_path), "--actions", "Runing", "--json"]) == 2
    assert main(["doctor", str(tmp_path), "--workers", "0", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("h36m-pose: error: ") == 2


def test_a_frozen_stretch_is_found_where_it_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (4, 25), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    noise = np.stack([noise] * 3, axis=-1)
    frozen = range(80, 110)
    write_video(path, [noise[:, 80 if number in frozen else number :][:, :64] for number in range(300)])
    quick, whole = look_at_video(path, 290, False), look_at_video(path, 290, True)
    assert whole.repeats(None).longest == len(frozen)
    assert len(whole.differences) == 289
    assert quick.repeats(None).longest == 1
    assert 100 < len(quick.differences) < 120
    at_rest = np.zeros((290, 32, 2))
    assert whole.repeats(at_rest).longest == 1
    assert look_at_video(path, 100, False).repeats(None).longest == 20


@pytest.fixture(scope="module")
def two_views(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The tree that `spoiled_trees` and `clean_trees` start from; not to be changed."""
    root = tmp_path_factory.mktemp("two views") / "raw"
    scenes = {camera: make_scene(CAMERAS.index(camera), SPOILED_FRAMES, TAIL, PHASE) for camera in (BAD, GOOD)}
    for camera, scene in scenes.items():
        write_scene(root, "S1", TRIAL, camera, scene)
    return Tree(root, scenes[BAD], scenes[GOOD])


@pytest.fixture
def two_views_copy(two_views: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setattr(catalog, "WALKING_POSES", {"S1": {TRIAL: SPOILED_FRAMES}})
    monkeypatch.setattr("preprocessing.doctor_expected.RELEASE_SUBJECTS", ())
    monkeypatch.setattr(catalog, "WIDTH_PX", 500)
    monkeypatch.setattr(catalog, "picture_height_px", lambda *_: 500)
    return Tree(Path(shutil.copytree(two_views.root, tmp_path / "raw")), two_views.bad, two_views.good)


OF_PREPROCESSING = ("an unknown action", "an unknown step")
IN_EVERY_COPY = (
    "a withheld subject",
    "another withheld subject",
    "a broken video of the release, taken all the same",
)
"""Of the release: the doctor does not complain."""
LESS_THAN_WHOLE = ("no masks", "no world poses", "a video twice as long as the poses", "an empty mask")
"""What preprocessing makes up for without a word, and the doctor tells."""


def actions_of(entry: Spoiled | Clean) -> tuple[str, ...]:
    words = dict(itertools.pairwise(entry.options))
    return parse_actions(words.get("--actions", "Walking"))


def half(entries: list[Any]) -> list[Any]:
    """Every other one is for patient people."""
    return [
        pytest.param(entry, id=entry.name, marks=[pytest.mark.slow] if number % 2 else [])
        for number, entry in enumerate(entries)
        if entry.name not in OF_PREPROCESSING
    ]


@pytest.mark.parametrize("entry", half(SPOILED))
def test_what_preprocessing_leaves_out_the_doctor_calls_broken(entry: Spoiled, two_views_copy: Tree) -> None:
    entry.spoil(two_views_copy)
    diagnosis = diagnose(two_views_copy.root, actions_of(entry))
    broken = {view.name for view in diagnosis.views if any(found.severity == BROKEN for found in view.findings)}
    if entry.name in IN_EVERY_COPY:
        assert not broken
    elif entry.views:
        assert broken == set(entry.views)
        assert diagnosis.exit_status == (NOT_USABLE if len(broken) == len(diagnosis.views) else USABLE)
    else:
        assert diagnosis.exit_status == NOT_USABLE
    json.dumps(as_json(diagnosis), allow_nan=False)
    assert all("\n" not in line for line in as_text(diagnosis).split("\n"))


@pytest.mark.parametrize("entry", half(CLEAN))
def test_what_preprocessing_takes_raises_no_alarm(entry: Clean, two_views_copy: Tree) -> None:
    root = entry.change(two_views_copy) or two_views_copy.root
    diagnosis = diagnose(root, actions_of(entry))
    assert unsound(diagnosis) == {}
    assert diagnosis.exit_status == (USABLE if entry.name in LESS_THAN_WHOLE else READY), as_text(diagnosis)
