"""Spoiled copies of a capture: the real doctor names every fault, and the original stays as it is, byte for byte."""

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import raw_fixture
from raw_fixture import CAMERAS, make_scene, write_scene
from small_release import SIZES, TRIALS

from h36m_pose.atomic_files import sha256_of, write_json
from h36m_pose.cli.main import main
from h36m_pose.errors import InputError
from preprocessing.capture.cast import PRESETS, Preset
from preprocessing.catalog import find_views
from preprocessing.doctor import USABLE, Diagnosis, diagnose
from preprocessing.doctor_findings import Finding
from preprocessing.rehearsal import spoil as spoiling
from preprocessing.rehearsal.faults import FAULTS, HARMLESS, parse_faults
from preprocessing.rehearsal.places import choose
from preprocessing.rehearsal.spoil import LIST_NAME, Done, spoil

FRAMES, TAIL = 14, 2
SUBJECTS = ("S1", "S5", "S9")
"""The third is the second again, since drawing takes long."""

VIDEOS_AND_MASKS = (
    "missing_video,empty_video,truncated_video,video_without_index,short_video,frozen_video,resized_video,flipped_bit,"
    "swapped_videos,missing_masks,few_masks,empty_masks,truncated_masks,matlab5_masks,swapped_masks,"
    "missing_view,copied_name,unfinished_download"
)
POSES = (
    "nan_pose,zero_pose,poses_in_metres,wrong_shape,truncated_poses,login_page,unlike_lengths,universal_skeleton,"
    "world_for_mono,missing_world,swapped_poses,swapped_cameras"
)
COPIES = {
    "videos and masks": ("capture", VIDEOS_AND_MASKS),
    "poses": ("capture", POSES),
    "letter case": ("two_subjects", "wrong_case,nan_pose"),
    "an archive": ("two_subjects", "left_packed,missing_video"),
    "archives": ("two_subjects", "cut_archive,zero_pose"),
}
"""Fixtures, and the faults that are put into one copy."""


def record(root: Path, **parameters: object) -> None:
    """Writes the studio's record of all files below a folder."""
    files = {
        path.relative_to(root).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(root.glob("S*/**/*.*"))
    }
    write_json(root / "capture.json", {"parameters": parameters, "files": files})


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three subjects, two trials each, four cameras, as a preset of the studio; not to be changed."""
    root = tmp_path_factory.mktemp("capture") / "raw"
    walk = raw_fixture.walk
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "small", Preset(dict.fromkeys(SUBJECTS, FRAMES), 0, 0, 0, 1))
        for subject, (place, trial) in itertools.product(SUBJECTS[:2], enumerate(TRIALS)):
            patch.setattr(raw_fixture, "walk", lambda frames, phase, size=SIZES[subject]: size * walk(frames, phase))
            for number, camera_id in enumerate(CAMERAS):
                write_scene(root, subject, trial, camera_id, make_scene(number, FRAMES, TAIL, 1.3 * place))
        shutil.copytree(root / SUBJECTS[1], root / SUBJECTS[2])
        record(root, preset="small", seed=0, crowd=0)
        yield root


@pytest.fixture
def four_views(raw_copy: Path) -> Path:
    """A capture of two cameras, driven by a motion from outside."""
    record(raw_copy)
    return raw_copy


@pytest.fixture
def two_subjects(raw_copy: Path) -> Path:
    """The same, twice."""
    shutil.copytree(raw_copy / "S1", raw_copy / "S5")
    record(raw_copy)
    return raw_copy


def contents(root: Path) -> dict[str, tuple[str, int]]:
    """Digests and times of everything below a folder."""
    return {
        path.relative_to(root).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def about(done: Done, diagnosis: Diagnosis) -> dict[str, list[Finding]]:
    """The findings that have the fault's words, by view; those on the root count for all of the fault's views."""
    words = re.compile(".+".join(map(re.escape, done.fault.says.split("..."))))
    general = [finding for finding in diagnosis.findings if words.fullmatch(finding.words)]
    findings = {view.name: view.findings for view in diagnosis.views}
    return {name: general or [each for each in findings[name] if words.fullmatch(each.words)] for name in done.views}


def test_every_fault_is_tried_and_documented() -> None:
    assert {fault.name for _, words in COPIES.values() for fault in parse_faults(words)} == set(FAULTS)
    assert set(spoiling.DAMAGE) == set(FAULTS)
    page = (Path(__file__).parents[1] / "docs/raw_files.md").read_text(encoding="utf-8")
    for fault in FAULTS.values():
        assert f"| {fault.does}<br>`{fault.name}` | {fault.says or 'nothing'} | {fault.costs} |" in page


@pytest.mark.parametrize("copy", COPIES)
def test_the_doctor_names_every_fault_and_no_other(copy: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    fixture, words = COPIES[copy]
    raw: Path = request.getfixturevalue(fixture)
    before = contents(raw)
    spoiled = spoil(raw, tmp_path / "copy", parse_faults(words))
    diagnosis = diagnose(tmp_path / "copy", ("Walking",))
    assert contents(raw) == before
    names = {view.name for view in diagnosis.views}
    assert (diagnosis.synthetic, diagnosis.exit_status) == (True, USABLE)
    assert names == {view.name for view in find_views(raw)}
    wrong: list[str] = []
    for done in spoiled.done:
        if done.fault.severity == HARMLESS:
            continue
        wrong += done.views
        told = about(done, diagnosis)
        assert all(told.values()), (done.fault.name, told)
        assert all({done.fault.severity} == {finding.severity for finding in each} for each in told.values())
    assert len(set(wrong)) == len(wrong) < len(names)
    assert [view.name for view in diagnosis.views if view.name not in wrong and view.findings] == []


def test_what_is_not_changed_is_shared_and_what_is_changed_is_not(capture: Path, tmp_path: Path) -> None:
    spoiled = spoil(
        capture, tmp_path / "copy", parse_faults("nan_pose,empty_masks,flipped_bit,missing_video,resized_video")
    )
    changed = {path for done in spoiled.done for path in done.files}
    there = {path.relative_to(tmp_path / "copy").as_posix(): path for path in (tmp_path / "copy").glob("S*/**/*.*")}
    for name, path in there.items():
        assert path.samefile(capture / name) == (name not in changed)
    assert len(changed) == 5 and len(there) == 6 * (4 * 4 + 1) - 1
    assert (spoiled.shared, spoiled.files) == (len(there) - 4, len(there) + 2)
    listed = json.loads((tmp_path / "copy" / LIST_NAME).read_text())
    assert {path for fault in listed["faults"] for path in fault["files"]} == changed
    recorded = json.loads((tmp_path / "copy/capture.json").read_text())["files"].keys()
    missing, flipped = (done for done in spoiled.done if done.fault.name in ("missing_video", "flipped_bit"))
    assert recorded == {*there, *missing.files} - (changed - {*missing.files, *flipped.files})


def test_places_and_bytes_depend_on_the_seed_alone(capture: Path, tmp_path: Path) -> None:
    faults = parse_faults("frozen_video,truncated_video,few_masks,matlab5_masks,wrong_shape,left_packed")
    for name in ("one", "two"):
        spoil(capture, tmp_path / name, faults, seed=3)
    one, two = ({name: digest for name, (digest, _) in contents(tmp_path / name).items()} for name in ("one", "two"))
    assert one == two and "S5.tgz" in one
    views = find_views(capture)
    everything = parse_faults(POSES)
    chosen = [choose(everything, views, seed) for seed in range(3)]
    assert chosen[0] == choose(everything[::-1], views, 0)
    assert chosen[0] != chosen[1] != chosen[2]
    subjects = [choose(parse_faults("nan_pose,zero_pose,missing_video"), views, seed) for seed in range(3)]
    assert all({place[0].subject for place in places.values()} == set(SUBJECTS) for places in subjects)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("nan_poses", "found 'nan_poses'; expected names between commas, or all. Did you mean nan_pose?"),
        ("nan_pose,truncated-vido", "Did you mean truncated_video?"),
        ("xyz", "h36m-pose spoil --list prints them."),
        (" , ", "found no name"),
        ("cut_archive,copied_name", "found copied_name beside cut_archive; expected faults that show in archives"),
        ("few_masks", "found no place for few_masks in this capture; expected a view with 14 poses or more"),
        ("left_packed", "expected a subject other than S1, S9, S11"),
        ("universal_skeleton", "expected S1 and another subject"),
        ("swapped_masks", "expected a trial in which two cameras have the person elsewhere in the picture"),
        ("nan_pose,zero_pose,empty_video,missing_video,login_page", "expected a view for each fault"),
    ],
)
def test_wrong_names_are_refused(
    words: str, told: str, four_views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spoil", str(four_views), str(tmp_path / "copy"), "--faults", words]) == 2
    line = capsys.readouterr().err
    assert line.startswith("h36m-pose: error: --faults: found ") and line.count("\n") == 1
    assert told in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def refusals(raw: Path, out: Path) -> Iterator[tuple[str, Path, Path]]:
    """Pairs of folders that are refused, made one after the other, each with what is told of it."""
    out.mkdir()
    yield f"{out}: found a folder of that name; expected nothing there yet", raw, out
    out.rmdir()
    out.write_text("mine")
    yield f"{out}: found a file of that name", raw, out
    out.unlink()
    yield "found a place within the capture", raw, raw / "S1" / "copy"
    yield "found nothing of that name", raw / "nowhere", out
    (raw / LIST_NAME).write_text("{}")
    yield f"found {LIST_NAME}: a copy that is spoiled already", raw, out
    (raw / LIST_NAME).unlink()
    shutil.copytree(raw / "S1", raw / "S7")
    yield "S7/Videos/Walking 1.54138969.mp4: found a file from elsewhere", raw, out
    shutil.rmtree(raw / "S7")
    video = raw / "S1/Videos/Walking.54138969.mp4"
    video.write_bytes(video.read_bytes()[:-1])
    yield f"{video}: found a file of another size", raw, out
    for files in ({"../out": {"bytes": 1}}, {"S1/Videos/Walking.54138969.mp4": {}}, []):
        write_json(raw / "capture.json", {"parameters": {}, "files": files})
        yield "expected", raw, out
    (raw / "capture.json").unlink()
    told = "found no capture.json, by which a capture of the studio is told from a real release; expected a synthetic"
    yield told, raw, out


def test_what_is_no_whole_capture_is_refused_and_nothing_is_left(
    four_views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for told, raw, out in refusals(four_views, tmp_path / "copy"):
        before = contents(tmp_path)
        assert main(["spoil", str(raw), str(out), "--faults", "nan_pose"]) == 2
        line = capsys.readouterr().err
        assert told in line and line.count("\n") == 1, line
        assert contents(tmp_path) == before


def test_the_command_tells_what_it_did(four_views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spoil", "--list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in listed if not line.startswith(" ")] == list(FAULTS)
    copy = tmp_path / "a copy"
    assert main(["spoil", str(four_views), str(copy), "--faults", "truncated_video,missing_view", "--seed", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("truncated_video, S1 Walking")
    assert f"Find it:           h36m-pose doctor '{copy}'" in lines
    assert main(["doctor", str(copy), "--workers", "1"]) == USABLE
    table = capsys.readouterr().out
    assert ": a cut file (" in table and "nothing of it is there" in table
    assert main(["spoil", str(four_views), "--faults", "nan_pose"]) == 2
    assert main(["spoil", str(four_views), str(tmp_path / "other")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert ["no RAW and OUT" in told[0], "--faults: found no name" in told[1]] == [True, True]


def test_files_are_copied_where_there_are_no_links(
    four_views: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    spoiled = spoil(four_views, tmp_path / "copy", parse_faults("missing_video"))
    (gone,) = spoiled.done[0].files
    before, after = contents(four_views), contents(tmp_path / "copy")
    assert spoiled.shared == 0
    for name in before.keys() - {gone, "capture.json"}:
        assert after[name][0] == before[name][0]
    assert after.keys() == (before.keys() | {LIST_NAME}) - {gone}


def test_what_is_interrupted_leaves_nothing(four_views: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = contents(tmp_path)
    monkeypatch.setitem(spoiling.DAMAGE, "zero_pose", stop)
    with pytest.raises(KeyboardInterrupt):
        spoil(four_views, tmp_path / "copy", parse_faults("nan_pose,zero_pose"))
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_a_copy_of_a_copy_is_refused(four_views: Path, tmp_path: Path) -> None:
    spoil(four_views, tmp_path / "copy", parse_faults("nan_pose"))
    with pytest.raises(InputError, match="Spoil the capture that it was copied from"):
        spoil(tmp_path / "copy", tmp_path / "other", parse_faults("zero_pose"))
