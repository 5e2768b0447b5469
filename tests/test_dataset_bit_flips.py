"""One wrong bit anywhere in a dataset is found, and only what it spoiled is made again."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pack_fixture import flipped
from raw_fixture import make_capture

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import open_dataset
from h36m_pose.errors import InputError
from preprocessing.build import Choices, build

FLIPS = 300


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A capture of three views and its dataset; not to be changed."""
    folder = tmp_path_factory.mktemp("original")
    make_capture(folder / "raw", trials=[("S1", "Walking 1")], cameras=[0, 1], frames=6)
    make_capture(folder / "raw", trials=[("S9", "Walking")], cameras=[2], frames=5)
    build(folder / "raw", folder / "dataset", say=lambda line: None)
    return folder / "raw", folder / "dataset"


@pytest.fixture
def dataset(original: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the dataset."""
    return Path(shutil.copytree(original[1], tmp_path / "dataset"))


def flips(files: list[Path], count: int, seed: int) -> Iterator[tuple[Path, bytes]]:
    """Puts one other bit into each file in turn, and the right one back; every second time in its first 128 bytes."""
    shuffled = random.Random(seed)
    for number in range(count):
        path = files[number % len(files)]
        content = path.read_bytes()
        most = min(128, len(content)) if number // len(files) % 2 else len(content)
        path.write_bytes(flipped(content, shuffled.randrange(most), shuffled.randrange(8)))
        yield path, content
        path.write_bytes(content)


def made_files(dataset: Path) -> list[Path]:
    return sorted(path for path in [dataset / "manifest.json", *dataset.glob("S*/*/*")] if path.is_file())


def test_every_wrong_bit_is_found(dataset: Path) -> None:
    """When all is read, always; when it is not, what is found is told in the same way."""
    files, found, found_at_once = made_files(dataset), 0, 0
    assert len(files) == 1 + 3 * 6
    for path, _ in flips(files, FLIPS, seed=1):
        with pytest.raises(InputError) as caught:
            open_dataset(dataset, verify=True)
        assert str(path.parent) in str(caught.value)
        assert path.name in str(caught.value)
        found += 1
        if found % 3 == 0:
            try:
                open_dataset(dataset)
            except InputError:
                found_at_once += 1
    assert found == FLIPS
    assert found_at_once > FLIPS / 12  # the JSON files among them, and headers
    open_dataset(dataset, verify=True)


def test_bits_that_chance_rarely_meets(original: tuple[Path, Path], dataset: Path) -> None:
    """The number of the schema, which tells how to read the rest; a manifest that is no text any more."""
    record = dataset / "S1" / "Walking_1.54138969" / "view.json"
    content = record.read_bytes()
    record.write_bytes(flipped(content, content.index(b'"schema": ') + len(b'"schema": '), 0))
    with pytest.raises(InputError, match=r"view.json: found a text other than was written"):
        open_dataset(dataset)
    record.write_bytes(content)
    manifest = (dataset / "manifest.json").read_bytes()
    (dataset / "manifest.json").write_bytes(flipped(manifest, 50, 7))
    with pytest.raises(InputError, match=r"manifest.json: found damaged JSON"):
        open_dataset(dataset)
    assert build(original[0], dataset, say=lambda line: None).made == ()
    assert (dataset / "manifest.json").read_bytes() == manifest


def repair(raw: Path, dataset: Path, count: int, seed: int) -> None:
    """Asserts that each of so many flips is mended, by making the view that it is in and nothing else."""
    whole = {path: path.read_bytes() for path in made_files(dataset)}
    for path, _ in flips(made_files(dataset), count, seed):
        times = {other: other.stat().st_mtime_ns for other in whole}
        built = build(raw, dataset, choices=Choices(verify=True), say=lambda line: None)
        spoiled = [] if path.name == "manifest.json" else [path.parent.name.replace("_", " ")]
        assert [name.split(" ", 1)[1] for name in built.made] == spoiled
        assert {path: path.read_bytes() for path in made_files(dataset)} == whole
        touched = {other for other in whole if other.stat().st_mtime_ns != times[other]}
        allowed = {dataset / "manifest.json", *(path.parent.iterdir() if spoiled else ())}
        assert touched <= allowed
        open_dataset(dataset, verify=True)


def test_only_what_is_bad_is_made_again(original: tuple[Path, Path], dataset: Path) -> None:
    repair(original[0], dataset, count=len(made_files(dataset)), seed=2)


@pytest.mark.slow
def test_only_what_is_bad_is_made_again_300_times(original: tuple[Path, Path], dataset: Path) -> None:
    repair(original[0], dataset, FLIPS, seed=3)


def test_wrong_bits_in_what_is_remembered_do_no_harm(original: tuple[Path, Path], dataset: Path) -> None:
    """The notes on raw files only save the reading of them."""
    notes = sorted((dataset / ".state").rglob("*.json"))
    whole = {path: path.read_bytes() for path in made_files(dataset)}
    assert len(notes) == 3
    for _ in flips(notes, 60, seed=4):
        assert build(original[0], dataset, say=lambda line: None).made == ()
    assert {path: path.read_bytes() for path in made_files(dataset)} == whole


def test_the_command_mends(original: tuple[Path, Path], dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = dataset / "S9" / "Walking.58860488" / "images.npy"
    images.write_bytes(flipped(images.read_bytes(), 3000, 5))
    with pytest.raises(InputError, match=r"images.npy with other bytes .* preprocess` again with --verify"):
        open_dataset(dataset, verify=True)
    command = ["preprocess", str(original[0]), str(dataset), "--workers", "1"]
    assert main(command) == 0
    assert "was complete" in capsys.readouterr().out  # sizes and headers are right
    assert main([*command, "--repair"]) == 0
    assert "1 to make (1 damaged)" in capsys.readouterr().out
    open_dataset(dataset, verify=True)
