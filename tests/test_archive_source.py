"""Datasets straight from archives: the same bytes as from folders, each archive read once, and nothing left behind."""

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixture import KINDS, pack_subject, small, source, staged
from build_runs import run, tree
from test_archives import pack

from h36m_pose.errors import InputError
from preprocessing.archive_source import ArchiveSource
from preprocessing.build import Choices
from preprocessing.one_view import files_of_view
from preprocessing.raw_source import open_root


def one_archive(raw: Path, root: Path) -> None:
    """Everything in one plain archive, under a folder and a name of somebody's own, with links to nowhere between."""
    root.mkdir()
    with tarfile.open(root / "my backup", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(raw, "data/h36m")


def site_archives(raw: Path, root: Path) -> None:
    pack_subject(raw, root, called="{kind}SubjectSpecific_1.tgz")


def renamed_archives(raw: Path, root: Path) -> None:
    pack_subject(raw, root, called="{subject}/{kind}")
    (root / "S1").rename(root / "s1")


@pytest.mark.parametrize("arrange", [one_archive, site_archives, renamed_archives])
@pytest.mark.parametrize("kept_ahead", [0, 1 << 30], indirect=True, ids=["by subject", "kept ahead"])
def test_the_dataset_is_the_same_as_from_folders(
    original: tuple[Path, dict, Path], tmp_path: Path, arrange: Callable[[Path, Path], None], kept_ahead: None
) -> None:
    raw, _, dataset = original
    arrange(raw, tmp_path / "archives")
    before = sorted((tmp_path / "archives").rglob("*"))
    built, _ = run(tmp_path / "archives", tmp_path / "dataset")
    assert len(built.made) == 4
    assert tree(tmp_path / "dataset") == tree(dataset)
    assert not (tmp_path / "dataset/.staging").exists()
    assert sorted((tmp_path / "archives").rglob("*")) == before
    again, _ = run(tmp_path / "archives", tmp_path / "dataset")
    assert again.made == () and again.kept == 4


def test_folders_and_archives_may_take_turns(
    original: tuple[Path, dict, Path], tmp_path: Path, dataset_copy: Path
) -> None:
    pack_subject(original[0], tmp_path / "archives")
    built, _ = run(tmp_path / "archives", dataset_copy)
    assert built.made == ()
    built, _ = run(original[0], dataset_copy)
    assert built.made == ()
    assert tree(dataset_copy) == tree(original[2])


def test_every_archive_is_read_once_and_the_second_run_reads_none(tmp_path: Path, opened: list[str]) -> None:
    root, dataset = small(tmp_path / "archives"), tmp_path / "dataset"
    first = source(root, dataset)
    todo = first.views
    assert [files.name for files in todo[:2]] == ["S1 Walking 1.54138969", "S1 Walking 1.55011271"] and len(todo) == 4
    assert [len(batch) for batch in first.batches(todo)] == [2, 2]
    assert sorted(opened) == sorted(path.name for path in root.iterdir())
    opened.clear()
    second = source(root, dataset)
    assert second.views == todo and opened == []
    s5 = [files for files in todo if files.subject == "S5"]
    assert [len(batch) for batch in second.batches(s5)] == [2]
    assert sorted(opened) == sorted(path.name for path in root.iterdir() if "_S5" in path.name)


@pytest.mark.parametrize("kept_ahead", [0], indirect=True)
def test_only_what_is_wanted_is_on_disk_and_only_while_it_is_in_use(tmp_path: Path, kept_ahead: None) -> None:
    root, dataset = small(tmp_path / "a", trials=("Eating", "Walking 1", "Walking")), tmp_path / "dataset"
    raw = source(root, dataset)
    todo = [files for files in raw.views if files.camera_id == "55011271" and files.trial == "Walking 1"]
    assert staged(dataset) == []
    for batch in raw.batches(todo):
        (files,) = batch
        assert files.missing == ("box_masks",)
        for kind in ("video", "poses_2d", "poses_mono", "poses_world", "masks"):
            path = getattr(files, kind)
            assert path.read_bytes() == path.relative_to(dataset / ".staging").as_posix().encode() * 99
        assert staged(dataset) == sorted(
            f"{files.subject}/{kind}/Walking 1{'' if kind.endswith('D3_Positions') else '.55011271'}{suffix}"
            for kind, suffix in KINDS.items()
        )
    assert not (dataset / ".staging").exists()


@pytest.mark.parametrize("kept_ahead", [0], indirect=True)
@pytest.mark.parametrize("order", [1, -1])
def test_an_archive_of_several_subjects_is_read_once_whatever_its_order(
    tmp_path: Path, kept_ahead: None, opened: list[str], order: int
) -> None:
    content = {
        f"{subject}/Videos/Walking 1.{camera}.mp4": subject.encode()
        for camera in ("54138969", "60457274")
        for subject in ("S1", "S5", "S9")[::order]
    }
    root, dataset = pack(tmp_path / "a/all", content).parent, tmp_path / "dataset"
    raw = source(root, dataset)
    todo = raw.views
    opened.clear()
    for batch in raw.batches(todo):
        assert [files.video.read_bytes().decode() for files in batch] == [batch[0].subject] * 2
    assert opened == ["all"]


@pytest.mark.parametrize("kept_ahead", [0], indirect=True)
def test_an_archive_is_read_no_further_than_to_the_last_wanted_member(tmp_path: Path, kept_ahead: None) -> None:
    content = {f"S1/Videos/{trial}.54138969.mp4": os.urandom(3_000_000) for trial in ("Walking", "Eating", "Posing")}
    raw = source(pack(tmp_path / "a/x", content).parent, tmp_path / "dataset")
    todo = raw.views
    path = tmp_path / "a/x"
    with path.open("r+b") as file:
        file.seek(4_000_000)
        file.write(b"damaged since")
    for (files,) in raw.batches(todo):
        assert files.video.stat().st_size == 3_000_000


def test_one_view_can_be_looked_at_again(tmp_path: Path, opened: list[str]) -> None:
    archives, dataset = small(tmp_path / "archives"), tmp_path / "dataset"
    assert source(archives, dataset).views
    before = tree(dataset)
    opened.clear()
    with files_of_view(archives, dataset, "S5 Walking 1.55011271") as files:
        assert files.video.read_bytes() == b"S5/Videos/Walking 1.55011271.mp4" * 99
        assert not files.video.is_relative_to(dataset)
    assert not files.video.exists()
    assert opened and all("_S5" in name for name in opened)
    assert tree(dataset) == before
    with pytest.raises(InputError, match="no files of S7 Walking"), files_of_view(archives, dataset, "S7 Walking.1"):
        raise AssertionError("not reached")


def test_other_actions_are_taken_from_the_same_index(tmp_path: Path, opened: list[str]) -> None:
    root, dataset = small(tmp_path / "a", ("S1",), ("WalkingDog 1", "Walking", "Walking 1")), tmp_path / "dataset"
    assert [files.trial for files in source(root, dataset).views] == ["Walking 1", "Walking 1", "Walking", "Walking"]
    opened.clear()
    assert [files.trial for files in source(root, dataset, ("WalkDog",)).views] == ["WalkingDog 1", "WalkingDog 1"]
    assert opened == []


def test_a_changed_archive_is_read_again_and_its_views_are_made_again(
    original: tuple[Path, dict, Path], tmp_path: Path
) -> None:
    raw, _, dataset = original
    pack_subject(raw, tmp_path / "a")
    run(tmp_path / "a", tmp_path / "dataset")
    masks = tmp_path / "a/MySegmentsMat_ground_truth_bs_S1.tgz"
    status = masks.stat()
    content = {}
    with tarfile.open(masks) as archive:
        for entry in archive:
            file = archive.extractfile(entry)
            if file:
                content[entry.name] = file.read()
    first, second, *_ = content
    swapped = {**content, first: content[second], second: content[first]}
    pack(masks, swapped)
    built, _ = run(tmp_path / "a", tmp_path / "dataset", choices=Choices())
    assert set(built.made) | {one.name for one in built.left_out} == {"S1 Walking 1.54138969", "S1 Walking 1.55011271"}
    pack(masks, content)
    os.utime(masks, ns=(status.st_atime_ns, status.st_mtime_ns))
    run(tmp_path / "a", tmp_path / "dataset")
    assert tree(tmp_path / "dataset") == tree(dataset)


def test_verifying_reads_every_archive_again(tmp_path: Path, opened: list[str]) -> None:
    root, dataset = small(tmp_path / "a", ("S1",)), tmp_path / "dataset"
    raw = source(root, dataset)
    (batch,) = raw.batches(raw.views)
    files = batch[0]
    index = json.loads((dataset / ".state/archives.json").read_text())["archives"]
    held = {member[0]: member for each in index.values() for member in each["members"] if member[3] in ("54138969", "")}
    record = {"sources": {kind: {"size": m[4], "sha256": m[5]} for kind, m in held.items()}}
    assert set(held) == {"video", "poses_2d", "poses_mono", "poses_world", "masks"}
    path = root / "MyPoseFeatures_D3_Positions_S1.tgz"
    status = path.stat()
    raw = source(root, dataset)
    assert raw.views and raw.changed(files, record, verify=False) is None
    opened.clear()
    assert raw.changed(files, record, verify=True) is None and len(opened) == 5
    content = b"S1/MyPoseFeatures/D3_Positions/Walking 1.cdf" * 99
    pack(path, {"S1/MyPoseFeatures/D3_Positions/Walking 1.cdf": content.replace(b"Walking", b"walking")})
    path.write_bytes(path.read_bytes().ljust(status.st_size, b"\0")[: status.st_size])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    raw = source(root, dataset)
    assert raw.views and raw.changed(files, record, verify=False) is None
    assert raw.changed(files, record, verify=True) == "with changed raw files"


def test_a_synthetic_capture_is_known_by_its_record_beside_or_inside(tmp_path: Path) -> None:
    root, dataset = small(tmp_path / "a", ("S1",)), tmp_path / "dataset"
    assert source(root, dataset).facts == {"synthetic": False}
    record = {"files": {}}
    (root / "capture.json").write_text(json.dumps(record))
    raw = source(root, dataset)
    for _ in raw.batches(raw.views):
        assert json.loads((dataset / ".staging/capture.json").read_text()) == record
    assert raw.facts == {"synthetic": True}
    (root / "capture.json").unlink()
    pack(root / "z.tgz", {"raw/capture.json": b'{"files": {"x": 1}}'})
    for _ in range(2):
        raw = source(root, dataset)
        for _ in raw.batches(raw.views):
            assert "x" in json.loads((dataset / ".staging/capture.json").read_text())["files"]
        assert raw.facts == {"synthetic": True}


def test_unpacked_subjects_come_before_archives_and_archives_of_others_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    for subject in ("S1", "s5"):
        (raw / subject / "Videos").mkdir(parents=True)
        (raw / subject / "Videos/Walking 1.54138969.mp4").write_bytes(b"film")
    small(raw, ("S1", "S5"))
    assert not isinstance(open_root(raw, tmp_path / "dataset", ("Walking",)), ArchiveSource)
    assert capsys.readouterr().err == ""
    pack(raw / "one.tgz", {"./s11/Videos/Walking 1.54138969.mp4": b"film"})
    pack(raw / "two.tgz", {"S9/Videos/Walking 1.54138969.mp4": b"film"})
    open_root(raw, tmp_path / "dataset", ("Walking",))
    assert "archives of S11, S9 (one.tgz, two.tgz) are not read beside" in capsys.readouterr().err
