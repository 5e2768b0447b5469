"""Archives that are cut, spoiled, lost, doubled or changed, and runs killed: what is whole is used, no more."""

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_fixture import pack_subject, small, source
from build_runs import run, tree
from raw_fixture import make_capture
from test_archives import pack
from test_kill_preprocess import Harassed, harass

from h36m_pose.errors import InputError
from preprocessing import archive_source
from preprocessing.archive_staging import Staging
from preprocessing.archives import members
from preprocessing.raw_source import open_root


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


def test_roots_without_use_are_refused_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/Videos_S1.tgz").write_bytes(b"<html>Please log in</html>")
    with pytest.raises(InputError, match=r"Videos_S1.tgz: found a web page"):
        open_root(tmp_path / "a", tmp_path / "dataset", ("Walking",))
    small(tmp_path / "b", ("S1",), ("Eating",))
    with pytest.raises(InputError, match=r"5 archives without such files; expected archives with Walking files"):
        _ = source(tmp_path / "b", tmp_path / "dataset").views
