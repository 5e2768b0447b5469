"""Archives of the release: found by content, read forward only, and told about when they are broken."""

import bz2
import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from h36m_pose.errors import InputError
from preprocessing.archives import find_archives, impostors, members, shown, survey
from preprocessing.member_names import MemberName

VIDEO = MemberName("video", "S1", "Walking 1", "54138969")
CONTENT = {
    "S1/Videos/Walking 1.54138969.mp4": os.urandom(3000),
    "S1/Videos/Directions.55011271.mp4": os.urandom(70_000),
    "S1/Videos/_ALL.54138969.mp4": os.urandom(513),
    "S1/Videos/Walking.54138969.mp4": os.urandom(1024),
}


def pack(
    path: Path, content: dict[str, bytes] | None = None, mode: str = "w:gz", form: int = tarfile.GNU_FORMAT
) -> Path:
    """Writes an archive as `tar` would, with an entry for a folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        content = CONTENT if content is None else content
        folder = tarfile.TarInfo(next(iter(content)).rpartition("/")[0] or "folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_members_are_read_in_one_pass(tmp_path: Path, form: int, mode: str) -> None:
    path = pack(tmp_path / "any name", mode=mode, form=form)
    asked = []

    def wanted(name: MemberName) -> bool:
        asked.append(name)
        return name.trial != "Directions"

    read = [(member.name, member.size, member.stream.read()) for member in members(path, wanted)]
    first, _, _, last = CONTENT.values()
    assert read == [(VIDEO, 3000, first), (MemberName("video", "S1", "Walking", "54138969"), 1024, last)]
    assert [name.trial for name in asked] == ["Walking 1", "Directions", "Walking"]
    seen = survey(path)
    assert seen.whole and seen.others == 1 and seen.refused == () and seen.counts == {"video": 3}
    assert seen.last_good == "S1/Videos/Walking.54138969.mp4"


def test_long_names_of_both_kinds_are_read(tmp_path: Path) -> None:
    name = f"{'deep/' * 60}s5/MyPoseFeatures/D3_Positions/walking.CDF"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        (member,) = members(pack(tmp_path / "x", {name: b"poses"}, form=form), lambda name: True)
        assert member.name == MemberName("poses_world", "S5", "Walking", "")


def test_a_members_bytes_end_with_it_and_are_gone_when_the_next_is_asked_for(tmp_path: Path) -> None:
    each = members(pack(tmp_path / "x.tgz"), lambda name: True)
    first = next(each)
    assert first.stream.read(10) == CONTENT["S1/Videos/Walking 1.54138969.mp4"][:10]
    assert len(first.stream.read()) == 2990 and first.stream.read(1) == b""
    second = next(each)
    with pytest.raises(ValueError, match="closed"):
        first.stream.read(1)
    assert second.stream.read() == CONTENT["S1/Videos/Directions.55011271.mp4"]


def test_several_gzip_members_are_one_archive(tmp_path: Path) -> None:
    data = pack(tmp_path / "plain", mode="w").read_bytes()
    parts = [data[start : start + 7000] for start in range(0, len(data), 7000)]
    (tmp_path / "x.tgz").write_bytes(b"".join(gzip.compress(part) for part in parts) + bytes(512))
    assert survey(tmp_path / "x.tgz").counts == {"video": 3}


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_a_cut_archive_gives_what_is_whole_and_names_the_last_good_member(tmp_path: Path, mode: str) -> None:
    whole = pack(tmp_path / "whole", mode=mode).read_bytes()
    path = tmp_path / "Videos_S1.tgz"
    path.write_bytes(whole[: len(whole) * 3 // 5])
    read: list[MemberName] = []
    with pytest.raises(InputError) as caught:
        read.extend(member.name for member in members(path, lambda name: True))
    line = str(caught.value)
    assert read[0] == VIDEO
    for words in (
        str(path),
        "ends inside S1/Videos/Directions.55011271.mp4",
        "last good member is S1/Videos/Walking 1.5",
    ):
        assert words in line
    seen = survey(path)
    assert seen.members == ((VIDEO, 3000),) and str(seen.broken) == line and not seen.spoiled


def test_reading_a_cut_member_raises_and_does_not_give_less(tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:40_000])
    each = members(tmp_path / "cut", lambda name: name.trial == "Directions")
    with pytest.raises(InputError, match="ends inside"):
        next(each).stream.read()


def test_an_archive_without_its_end_mark_was_cut_between_members(tmp_path: Path) -> None:
    data = pack(tmp_path / "plain", mode="w").read_bytes()
    end = data.rindex(CONTENT["S1/Videos/Walking.54138969.mp4"]) + 1024
    for name, stored in (("x", data[:end]), ("y", gzip.compress(data[:end]))):
        (tmp_path / name).write_bytes(stored)
        seen = survey(tmp_path / name)
        assert "without an end mark" in str(seen.broken) and seen.counts == {"video": 3}


@pytest.mark.parametrize("place", [0.5, 1.0], ids=["in the data", "in the check"])
def test_of_a_damaged_gzip_file_nothing_is_trusted(tmp_path: Path, place: float) -> None:
    data = bytearray(pack(tmp_path / "x.tgz").read_bytes())
    data[int(place * len(data)) - (8 if place == 1 else 0)] ^= 4
    (tmp_path / "x.tgz").write_bytes(data)
    seen = survey(tmp_path / "x.tgz")
    assert seen.spoiled and seen.members == () and "nothing of it is used" in str(seen.broken)


def test_repeated_files_are_withdrawn_but_not_others(tmp_path: Path) -> None:
    again = {
        "S1/Videos/Walking 1.54138969.mp4": b"a",
        "S1/Videos/Walking.54138969.mp4": b"b",
        "./s1/videos/walking 1.54138969.mp4": b"c",
    }
    seen = survey(pack(tmp_path / "x.tgz", again))
    assert [name.trial for name, _ in seen.members] == ["Walking"]
    assert seen.refused == ("./s1/videos/walking 1.54138969.mp4: a name that occurs more than once",)
    assert list(seen.withdrawn) == [VIDEO]


def test_the_record_of_a_synthetic_capture_is_seen(tmp_path: Path) -> None:
    assert not survey(pack(tmp_path / "x.tgz")).synthetic
    assert survey(pack(tmp_path / "y.tgz", {"raw/capture.json": b"{}"})).synthetic


def test_archives_are_found_by_content_whatever_they_are_called(tmp_path: Path) -> None:
    names = [
        "Videos_S1.tgz",
        "PosesD2_PositionsSubjectSpecific_1.tgz",
        "s1/Videos.tgz",
        "a/b/no suffix",
        "film.mp4",
        "x.tar",
    ]
    for name in names:
        pack(tmp_path / name, mode="w" if name == "x.tar" else "w:gz")
    for name in ("S1/Videos/inside a subject", ".hidden.tgz"):
        pack(tmp_path / name)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "zeros").write_bytes(bytes(10240))
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "fifo.tgz")
    assert find_archives(tmp_path) == sorted(tmp_path / name for name in names)
    assert find_archives(tmp_path / "x.tar") == [tmp_path / "x.tar"]
    assert find_archives(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n<!DOCTYPE html><html>Please log in</html>", "a web page"),
        (b"", "an empty file"),
        (b"PK\3\4" + bytes(600), "a zip file"),
        (bz2.compress(bytes(600)), "a bzip2 file"),
        (gzip.compress(bytes(600)), "a gzip'd file that holds no tar archive"),
        (gzip.compress(os.urandom(600))[:300], "a gzip'd file that is cut off"),
        (b"\x1f\x8b\x08" + b"\xff" * 600, "a damaged gzip file"),
        (b"hello", "something that is no archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # a gzip'd file's own bytes hold the time
)
def test_files_that_only_look_like_archives_are_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "Videos_S5.tgz").write_bytes(content)
    pack(tmp_path / "Videos_S1.tgz")
    (line,) = (str(complaint) for complaint in impostors(tmp_path))
    assert f"Videos_S5.tgz: found {words}; expected" in line
    assert find_archives(tmp_path) == [tmp_path / "Videos_S1.tgz"]


def test_names_are_shown_without_codes_for_the_terminal() -> None:
    assert shown("S1/\x1b[2J\nx\udcff") == "S1/?[2J?x?"
    assert len(shown("a" * 9000)) < 150
