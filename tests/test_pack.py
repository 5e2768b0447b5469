"""A dataset as one file: restored bit for bit, the same every time, and refused wherever it was touched."""

import fcntl
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zstandard
from pack_fixture import files_in, flipped, make_packed, refused
from stick_dataset import write_stick_dataset

from h36m_pose.cli.main import main
from h36m_pose.data import pack_files, pack_format, pack_reader, pack_writer
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.dataset_writer import write_manifest
from h36m_pose.errors import InputError


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset and its pack; not to be changed."""
    return make_packed(tmp_path_factory.mktemp("original"))


@pytest.fixture
def content(original: tuple[Path, Path]) -> bytes:
    return original[1].read_bytes()


def test_a_dataset_is_restored_bit_for_bit(original: tuple[Path, Path], tmp_path: Path) -> None:
    dataset, file = original
    index = pack_reader.unpack(file, tmp_path / "deep" / "restored")
    assert max(len(packed.chunks) for packed in index.files) > 2
    assert files_in(tmp_path / "deep" / "restored") == files_in(dataset)
    restored = open_dataset(tmp_path / "deep" / "restored", verify=True)
    assert restored.fingerprint == open_dataset(dataset).fingerprint == index.fingerprint
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["restored"]


def test_the_same_dataset_gives_the_same_bytes(original: tuple[Path, Path], tmp_path: Path) -> None:
    dataset = original[0]
    moved = Path(shutil.copytree(dataset, tmp_path / "moved"))
    (moved / ".state").mkdir()
    (moved / ".state" / "cache.json").write_text("{}")
    (moved / "S1" / "notes.txt").write_text("mine")
    for path in moved.rglob("*"):
        os.utime(path, (10**9, 10**9))
    packs = []
    for name, folder, workers in (("a", dataset, 1), ("b", dataset, 3), ("c", moved, 2)):
        packed = pack_writer.pack(folder, tmp_path / name, workers=workers)
        assert (tmp_path / name).stat().st_size == packed.size
        packs.append((tmp_path / name).read_bytes())
    assert packs[0] == packs[1] == packs[2]


def test_any_zstd_tool_can_open_it(original: tuple[Path, Path]) -> None:
    dataset, file = original
    with file.open("rb") as stream:
        everything = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()
    with pack_reader.open_pack(file) as pack:
        for packed in pack.index.files:
            assert everything[: packed.size] == (dataset / packed.name).read_bytes()
            everything = everything[packed.size :]
    assert json.loads(everything)["format"] == "h36m-pose pack"


def test_every_wrong_bit_is_found(content: bytes, tmp_path: Path) -> None:
    """All bits of the header; of the rest a sample, at the parts' edges too."""
    path = tmp_path / "spoiled"
    for place in range(112):
        for bit in range(8):
            path.write_bytes(flipped(content, place, bit))
            with pytest.raises(InputError) as caught, pack_reader.open_pack(path):
                pass
            assert re.match("a damaged header|a file that does not begin|version", caught.value.found)
    index_start = struct.unpack_from("<Q", content, 32)[0]
    shuffled = random.Random(3)
    places = [112, 113, index_start - 1, index_start, index_start + 1, len(content) - 41]
    places += [shuffled.randrange(112, index_start) for _ in range(60)]
    places += [shuffled.randrange(index_start, len(content) - 40) for _ in range(30)]
    for place in (*places, *range(len(content) - 40, len(content))):
        path.write_bytes(flipped(content, place, shuffled.randrange(8)))
        with pytest.raises(InputError) as caught, pack_reader.open_pack(path) as pack:
            for _ in pack.pieces(1):
                pass
        found = re.fullmatch(r"damaged bytes somewhere from ([\d,]+) to ([\d,]+), (.*)", caught.value.found)
        assert found, caught.value.found
        first, last = (int(number.replace(",", "")) for number in found.groups()[:2])
        assert first <= place <= last
        what = (
            "the end of the pack"
            if place >= len(content) - 40
            else "the index"
            if place >= index_start
            else "a part of"
        )
        assert found[3].startswith(what)


def test_a_wrong_bit_leaves_nothing_behind(content: bytes, tmp_path: Path) -> None:
    for place in (3, 50, 200, len(content) // 2, len(content) - 300, len(content) - 1):
        refused(tmp_path / "spoiled", flipped(content, place, 4), "damaged")


def test_a_cut_or_longer_file_is_refused(content: bytes, tmp_path: Path) -> None:
    shuffled = random.Random(5)
    for length in (1, 15, 16, 111, 112, 113, len(content) - 1, *(shuffled.randrange(len(content)) for _ in range(40))):
        refused(tmp_path / "cut", content[:length], f"does not begin|cut file|cut at byte {length:,};")
    refused(tmp_path / "cut", b"", "an empty file")
    for more in (b"\0", content):
        refused(tmp_path / "longer", content + more, rf"{len(more):,} bytes after its end; expected {len(content):,}")
    refused(tmp_path / "shorter", content[:-60] + content[-40:], "a file cut at byte")
    refused(tmp_path / "other", b"PK\x03\x04" + bytes(500), "a file that does not begin as a pack does")


def test_what_is_there_is_not_overwritten_unless_told(original: tuple[Path, Path], tmp_path: Path) -> None:
    dataset, file = original
    copy = Path(shutil.copy(file, tmp_path / "copy"))
    with pytest.raises(InputError, match="a file that is there already"):
        pack_writer.pack(dataset, copy)
    copy.write_bytes(b"old")
    pack_writer.pack(dataset, copy, overwrite=True)
    pack_reader.check(copy)
    with pytest.raises(InputError, match="found a folder"):
        pack_writer.pack(dataset, tmp_path, overwrite=True)

    (tmp_path / "place").mkdir()
    pack_reader.unpack(file, tmp_path / "place")  # an empty folder may be filled
    with pytest.raises(InputError, match=r"found a dataset; .* or add --overwrite"):
        pack_reader.unpack(file, tmp_path / "place")
    (tmp_path / "place" / "manifest.json").write_text("{}")
    (tmp_path / "place" / ".lock").write_text("")
    pack_reader.unpack(file, tmp_path / "place", overwrite=True)
    assert files_in(tmp_path / "place") == files_in(dataset)
    (tmp_path / "place" / "thesis.tex").write_text("years of work")
    (tmp_path / "link").symlink_to(tmp_path / "place")
    for place in ("place", "link", "copy", "."):
        with pytest.raises(InputError, match="something that is no dataset"):
            pack_reader.unpack(file, tmp_path / place, overwrite=True)
    assert (tmp_path / "place" / "thesis.tex").read_text() == "years of work"


def test_a_dataset_at_work_is_left_alone(original: tuple[Path, Path], tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(original[0], tmp_path / "dataset"))
    with (dataset / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="a run of preprocess at work on it"):
            pack_writer.pack(dataset, tmp_path / "pack")
        with pytest.raises(InputError, match="a run of preprocess at work on it"):
            pack_reader.unpack(original[1], dataset, overwrite=True)
    pack_writer.pack(dataset, tmp_path / "pack")


def test_what_was_killed_before_is_cleared_away(original: tuple[Path, Path], tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    for name in (f".restored.part-{int(dead.stdout)}", ".restored.part-1", f".other.part-{int(dead.stdout)}"):
        (tmp_path / name).mkdir()
    pack_reader.unpack(original[1], tmp_path / "restored")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f".other.part-{int(dead.stdout)}", ".restored.part-1", "restored"]  # fmt: skip


def test_too_small_a_disk_is_noticed_first(
    original: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_reader, "free_bytes", lambda path: 10_000)
    with pytest.raises(InputError, match=r"restored: found 10.0 kB free; expected \d+ kB for .*dataset.h36mpack"):
        pack_reader.unpack(original[1], tmp_path / "restored")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["pack", "unpack"])
def test_a_full_disk_leaves_nothing(original: tuple[Path, Path], tmp_path: Path, verb: str) -> None:
    """The file size limit of a process stands in for the disk (`file_limit` says why there is no bytecode then)."""
    source, limit = (original[0], 10_000) if verb == "pack" else (original[1], 70_000)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from h36m_pose.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-B", "-c", code, verb, str(source), str(tmp_path / "made")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    told = done.stderr.splitlines()[-1]
    assert "made: found a disk or limit that does not take files this large" in told
    assert "nothing was left behind" in told
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("synthetic", "words"),
    [(True, None), (False, "was not made from a synthetic capture"), (None, "does not tell what it was made from")],
)
def test_the_command_packs_and_unpacks(
    original: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], synthetic: bool, words: str | None
) -> None:
    dataset = Path(shutil.copytree(original[0], tmp_path / "data.v1"))
    manifest = write_manifest(dataset, {"seed": 0}, **({} if synthetic is None else {"synthetic": synthetic}))
    assert main(["pack", str(dataset)]) == 0
    told = capsys.readouterr()
    assert "data.v1.h36mpack: 38 crops, " in told.out and " times smaller, in " in told.out
    assert manifest["fingerprint"] in told.out
    assert "crop/s" in told.err  # the progress bar
    notes = [told.out]
    assert main(["unpack", str(tmp_path / "data.v1.h36mpack"), str(tmp_path / "restored")]) == 0
    told = capsys.readouterr()
    assert "restored is restored, bit for bit: 38 crops" in told.out and "crop/s" in told.err
    notes.append(told.out)
    assert main(["unpack", "--check", str(tmp_path / "data.v1.h36mpack")]) == 0
    notes.append(capsys.readouterr().out)
    for note in notes:
        assert (words is None) == ("licence" not in note)
        assert words is None or words in note
    assert open_dataset(tmp_path / "restored", verify=True).manifest == open_dataset(dataset).manifest


def test_bad_words_are_answered_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("hello")
    for words, told in (
        (["pack", str(tmp_path / "none")], "no such folder"),
        (["pack", str(tmp_path / "text")], "found a file; expected a preprocessed dataset"),
        (["unpack", str(tmp_path / "none"), str(tmp_path / "made")], "none: found no such file; expected a pack"),
        (["unpack", str(tmp_path), str(tmp_path / "made")], "found a folder; expected a pack"),
        (["unpack", str(tmp_path / "text"), str(tmp_path / "made")], "does not begin as a pack does"),
        (["unpack", str(tmp_path / "text")], "no FOLDER"),
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert told in error and error.count("\n") == 1


def test_names_of_every_action_are_taken() -> None:
    trials = ("Walking 1", "Walking", "WalkDog 1", "WalkTogether", "TakingPhoto 1", "_ALL 1", "Phoning 3")
    views = [{"subject": "S11", "trial": trial, "camera_id": "54138969"} for trial in trials if trial[0] != "_"]
    assert len(pack_format.names_of({"views": views})) == 1 + 6 * len(views)
    with pytest.raises(pack_format.Malformed, match=r"the name 'S11/_ALL_1.54138969/view.json', which"):
        pack_format.names_of({"views": [{"subject": "S11", "trial": "_ALL 1", "camera_id": "54138969"}]})


def test_sizes_are_told_as_people_say_them() -> None:
    told = [pack_files.sizes(number) for number in (7, 999, 1000, 85_123_456, 999_600, 10**9, 3.4e12)]
    assert told == ["7 bytes", "999 bytes", "1.0 kB", "85.1 MB", "1.0 MB", "1.0 GB", "3.4 TB"]


@pytest.mark.slow
def test_a_pack_is_read_fast(tmp_path: Path) -> None:
    """20,000 crops/s on a core of today; a tenth of that would be a defect on any."""
    write_stick_dataset(tmp_path / "dataset", {"S1": 6000})
    packed = pack_writer.pack(tmp_path / "dataset", tmp_path / "pack")
    started = time.process_time()
    pack_reader.check(tmp_path / "pack", workers=1)
    rate = 6000 / (time.process_time() - started)
    print(f"{packed.index.size / packed.size:.1f} times smaller, read at {rate:,.0f} crops/s of processor time")
    assert rate > 2000
