"""Datasets straight from archives: the same bytes as from folders, each archive read once, and nothing left behind."""

import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from build_runs import run, tree
from raw_fixture import make_capture
from test_archives import pack
from test_kill_preprocess import Harassed, harass

from h36m_pose.errors import InputError
from preprocessing import archive_source
from preprocessing.archive_source import ArchiveSource
from preprocessing.archive_staging import Staging
from preprocessing.archive_stream import ArchiveStream
from preprocessing.archives import members
from preprocessing.build import Choices
from preprocessing.one_view import files_of_view
from preprocessing.raw_source import open_root

KINDS = {
    "Videos": ".mp4",
    "MyPoseFeatures/D2_Positions": ".cdf",
    "MyPoseFeatures/D3_Positions_mono": ".cdf",
    "MyPoseFeatures/D3_Positions": ".cdf",
    "MySegmentsMat/ground_truth_bs": ".mat",
}


def pack_subject(raw: Path, archives: Path, subject: str = "S1", called: str = "{kind}_{subject}.tgz") -> None:
    """Packs the files of a subject as the download site does: an archive per kind."""
    for kind in KINDS:
        name = called.format(kind=kind.replace("/", "_"), subject=subject)
        files = sorted((raw / subject / kind).iterdir())
        pack(archives / name, {f"{subject}/{kind}/{path.name}": path.read_bytes() for path in files})


def small(archives: Path, subjects: tuple[str, ...] = ("S1", "S5"), trials: tuple[str, ...] = ("Walking 1",)) -> Path:
    """Archives whose files are no videos and poses at all, for what does not look into them."""
    for subject in subjects:
        for kind, suffix in KINDS.items():
            cameras = [""] if kind.endswith("D3_Positions") else [".54138969", ".55011271"]
            names = [f"{subject}/{kind}/{trial}{camera}{suffix}" for trial in trials for camera in cameras]
            pack(archives / f"{kind.replace('/', '_')}_{subject}.tgz", {name: name.encode() * 99 for name in names})
    return archives


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the archives that are read, in turn."""
    names: list[str] = []
    start = ArchiveStream.__init__

    def note(self: ArchiveStream, path: Path) -> None:
        names.append(path.name)
        start(self, path)

    monkeypatch.setattr(ArchiveStream, "__init__", note)
    return names


@pytest.fixture
def kept_ahead(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets how much is kept on disk while archives are read for the first time."""
    monkeypatch.setattr(archive_source, "MOST_KEPT_AHEAD", request.param)


def source(root: Path, dataset: Path, actions: tuple[str, ...] = ("Walking",)) -> ArchiveSource:
    dataset.mkdir(exist_ok=True)
    return ArchiveSource(root, dataset, actions)


def staged(dataset: Path) -> list[str]:
    folder = dataset / ".staging"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


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


def test_what_a_killed_run_left_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    root, dataset = small(tmp_path / "a"), tmp_path / "dataset"
    (dataset / ".staging/S1/Videos").mkdir(parents=True)
    (dataset / ".staging/S1/Videos/Walking 1.54138969.mp4").write_bytes(b"half")
    raw = source(root, dataset)
    for batch in raw.batches(raw.views):
        assert batch[0].video.read_bytes() != b"half"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/film").write_bytes(b"precious")
    (dataset / ".staging").symlink_to(tmp_path / "mine")
    raw = source(root, dataset)
    assert len(list(raw.batches(raw.views))) == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["film"]


@pytest.mark.parametrize("damage", ["cut", "spoiled"])
def test_a_broken_archive_costs_its_own_views_until_it_is_mended(
    original: tuple[Path, dict, Path], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, _, dataset = original
    pack_subject(raw, tmp_path / "a")
    path = tmp_path / "a/Videos_S1.tgz"
    whole = path.read_bytes()
    place = len(whole) * 9 // 10
    path.write_bytes(whole[:place] if damage == "cut" else whole[:place] + b"\0" * 50 + whole[place + 50 :])
    if damage == "cut":
        built, _ = run(tmp_path / "a", tmp_path / "dataset")
        assert len(built.made) == 3
        (entry,) = built.manifest["left_out"]
        for words in (
            "Videos_S1.tgz: found",
            "ends inside S1/Videos/Walking.55011271.mp4",
            "last good member is S1/Vid",
        ):
            assert words in entry["reason"]
        assert str(tmp_path) not in entry["reason"]
        assert (
            tree(tmp_path / "dataset").items()
            >= {n: d for n, d in tree(dataset).items() if "Walking.54138969" in n}.items()
        )
    else:
        with pytest.raises(InputError, match="4 views, none of which"):
            run(tmp_path / "a", tmp_path / "dataset")
    assert capsys.readouterr().err.count("Videos_S1.tgz: found an archive that") >= 1
    assert not list((tmp_path / "dataset").glob(".staging"))
    path.write_bytes(whole)
    built, _ = run(tmp_path / "a", tmp_path / "dataset")
    assert len(built.made) == (1 if damage == "cut" else 4)
    assert tree(tmp_path / "dataset") == tree(dataset)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_change_nothing(tmp_path: Path) -> None:
    trials = [(subject, trial) for subject in ("S1", "S5") for trial in ("Walking", "Walking 1")]
    make_capture(tmp_path / "raw", trials, frames=40)
    for subject in ("S1", "S5"):
        pack_subject(tmp_path / "raw", tmp_path / "archives", subject)
    moments = Harassed(tmp_path / "raw", tmp_path / "undisturbed", 1, "Walking", seed=0).measure()
    for kept_ahead in (True, False):
        archives = tmp_path / "archives"
        if not kept_ahead:  # an index that is there already: members are brought subject by subject
            shutil.copytree(tmp_path / "by 2, 0/.state", tmp_path / "later/by 2, 0/.state")
        folder = tmp_path if kept_ahead else tmp_path / "later"
        harass(archives, folder, tmp_path / "undisturbed", 2, "Walking", 10, moments)
        assert not list(folder.glob("*/.staging"))


def test_half_a_member_does_not_stay_on_disk(tmp_path: Path) -> None:
    path = pack(tmp_path / "x", {"S1/Videos/Walking.54138969.mp4": os.urandom(3_000_000)})
    os.truncate(path, 2_000_000)
    staging = Staging(tmp_path / "staging")
    each = members(path, lambda name: True)
    member = next(each)
    with pytest.raises(InputError, match="ends inside"):
        staging.take(member, keep=True)
    assert member.name not in staging and not staging.path(member.name).exists()


def test_views_do_without_masks_that_are_not_there_but_not_without_lost_ones(tmp_path: Path) -> None:
    root = small(tmp_path / "a")
    (root / "MySegmentsMat_ground_truth_bs_S5.tgz").unlink()
    masks = root / "MySegmentsMat_ground_truth_bs_S1.tgz"
    names = [f"S1/MySegmentsMat/ground_truth_bs/Walking 1.{camera}.mat" for camera in ("54138969", "55011271")]
    pack(masks, {name: os.urandom(9000) for name in names})
    for size, lost in ((15_000, ["S1 Walking 1.55011271"]), (5000, ["S1 Walking 1.54138969", "S1 Walking 1.55011271"])):
        os.truncate(masks, size)
        raw = source(root, tmp_path / "dataset")
        assert [files.name for files in raw.views if raw.fault(files)] == lost


def test_the_same_file_in_two_archives_is_fine_and_different_ones_are_not(tmp_path: Path) -> None:
    root, dataset = small(tmp_path / "a", ("S1",)), tmp_path / "dataset"
    shutil.copy(root / "Videos_S1.tgz", root / "Videos_S1 (1).tgz")
    raw = source(root, dataset)
    assert {raw.fault(files) for files in raw.views} == {None}
    assert len(list(raw.batches(raw.views))) == 1
    pack(root / "z.tgz", {"s1/Videos/walking 1.55011271.mp4": b"another"})
    raw = source(root, dataset)
    first, second = (raw.fault(files) for files in raw.views)
    assert first is None
    assert "z.tgz: found another S1/Videos/Walking 1.55011271.mp4 than in" in str(second)
    for one, other in raw.batches(raw.views):
        assert "video" not in one.missing and "video" in other.missing and not other.video.exists()


def test_a_refused_file_is_the_reason_why_its_view_cannot_be_made(tmp_path: Path) -> None:
    root = small(tmp_path / "a", ("S1",))
    with tarfile.open(root / "Videos_S1.tgz", "w:gz") as archive:
        for camera in ("54138969", "55011271"):
            entry = tarfile.TarInfo(f"S1/Videos/Walking 1.{camera}.mp4")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/data/films/1.mp4"
            archive.addfile(entry)
    raw = source(root, tmp_path / "dataset")
    assert len(raw.views) == 2
    for files in raw.views:
        assert "found a symbolic link for S1/Videos/Walking 1." in str(raw.fault(files))


def _damaged(path: Path) -> None:
    path.write_text(path.read_text().replace('"size"', '"Size"').replace("99", "98"))


@pytest.mark.parametrize("lose", [lambda path: path.unlink(), _damaged, lambda path: path.write_text("[" * 99_999)])
def test_a_lost_index_costs_time_only(tmp_path: Path, opened: list[str], lose: Callable[[Path], None]) -> None:
    root, dataset = small(tmp_path / "a"), tmp_path / "dataset"
    before = source(root, dataset).views
    lose(dataset / ".state/archives.json")
    opened.clear()
    assert source(root, dataset).views == before
    assert len(opened) == 10


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


@pytest.mark.parametrize("kept_ahead", [0], indirect=True)
def test_an_archive_that_changes_during_the_run_stops_it_and_is_read_anew(tmp_path: Path, kept_ahead: None) -> None:
    root, dataset = small(tmp_path / "a", ("S1",)), tmp_path / "dataset"
    names = [f"S1/Videos/Walking 1.{camera}.mp4" for camera in ("54138969", "55011271")]
    path = pack(root / "Videos_S1.tgz", dict.fromkeys(names, b"older"), mode="w")
    raw = source(root, dataset)
    todo = raw.views
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"older", b"newer"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(InputError, match=r"Videos_S1.tgz: found other contents than when it was listed"):
        list(raw.batches(todo))
    assert not (dataset / ".staging").exists()
    raw = source(root, dataset)
    for batch in raw.batches(raw.views):
        assert batch[0].video.read_bytes() == b"newer"


def test_nothing_out_of_a_spoiled_archive_is_used(tmp_path: Path) -> None:
    root, dataset = small(tmp_path / "a", ("S1",)), tmp_path / "dataset"
    spoiled = pack(root / "0.tgz", {"S1/Videos/Walking 1.54138969.mp4": b"wrong"})
    spoiled.write_bytes(spoiled.read_bytes()[:-8] + bytes(8))
    raw = source(root, dataset)
    for batch in raw.batches(raw.views):
        assert [files.video.read_bytes()[:5] for files in batch] == [b"S1/Vi"] * 2


@pytest.mark.parametrize("kept_ahead", [0], indirect=True)
def test_a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, kept_ahead: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = source(small(tmp_path / "a"), tmp_path / "dataset")
    todo = raw.views
    monkeypatch.setattr(archive_source.Staging, "free_bytes", lambda self: 1000)
    with pytest.raises(InputError, match="0 MB free; expected 0 MB for the raw files of S1"):
        list(raw.batches(todo))
    assert not (tmp_path / "dataset/.staging").exists()


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


def test_roots_without_use_are_refused_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/Videos_S1.tgz").write_bytes(b"<html>Please log in</html>")
    with pytest.raises(InputError, match=r"Videos_S1.tgz: found a web page"):
        open_root(tmp_path / "a", tmp_path / "dataset", ("Walking",))
    small(tmp_path / "b", ("S1",), ("Eating",))
    with pytest.raises(InputError, match=r"5 archives without such files; expected archives with Walking files"):
        _ = source(tmp_path / "b", tmp_path / "dataset").views


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
