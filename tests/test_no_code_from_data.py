"""Files hold data. Whatever stands in one, reading it runs nothing."""

import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pack_fixture import make_packed

import experiments
import h36m_pose
import preprocessing
from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.pack_reader import unpack
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import read_predictions
from h36m_pose.training.run_folder import read_json
from preprocessing.archives import ArchiveReader
from preprocessing.masks import open_masks
from preprocessing.metadata import read_cameras
from preprocessing.poses import read_positions
from preprocessing.video import probe

DANGEROUS = {
    "pickle": r"\b(c?pickle|cloudpickle|dill|marshal|shelve|joblib)\b(?!=)",
    "allow_pickle": r"allow_pickle\s*=\s*(?!False)",
    "np.load without allow_pickle=False": r"\bnp\.load\((?!.*allow_pickle=False)",
    "eval or exec": r"(?<![\w.])(eval|exec|compile|__import__)\(|literal_eval|exec_module|run_path",
    "yaml": r"\byaml\b",
    "unpacking by name": r"\bextract(all)?\(|unpack_archive|\bimport tarfile|\bfrom tarfile",
    "a shell": r"shell\s*=\s*True|os\.(system|popen)\(",
    "XML with entities": r"\bxml\.(sax|dom|etree)\b",
}

ALLOWED = {
    # An experiment is a Python file that the user names: it is the user's own program, and says so.
    ("h36m_pose/configuration.py", "eval or exec", "specification.loader.exec_module(module)"),
    # An archive is written here, none is read.
    ("preprocessing/rehearsal/name_damage.py", "unpacking by name", "import tarfile"),
}


def hits(text: str) -> list[tuple[str, str]]:
    """Which dangers stand in which lines."""
    return [
        (what, line.strip()) for line in text.splitlines() for what, how in DANGEROUS.items() if re.search(how, line)
    ]


def test_nothing_in_the_source_turns_data_into_code() -> None:
    found, files = set(), 0
    for package in (h36m_pose, preprocessing, experiments):
        folder = Path(next(iter(package.__path__)))
        for path in folder.rglob("*.py"):
            files += 1
            name = path.relative_to(folder.parent).as_posix()
            found |= {(name, what, line) for what, line in hits(path.read_text(encoding="utf-8"))}
    assert files > 100
    assert found - ALLOWED == set()
    assert ALLOWED - found == set()  # what is no longer needed is no longer allowed


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from cloudpickle import loads",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle = flag)",
        "np.load(path)",
        "value = eval(text)",
        "exec(code)",
        "module = __import__(name)",
        "yaml.load(stream)",
        "archive.extractall(folder)",
        "archive.extract(member)",
        "import tarfile",
        "subprocess.run(words, shell=True)",
        "os.system(words)",
        "from xml.etree import ElementTree",
    ],
)
def test_the_search_finds(line: str) -> None:
    assert hits(f"    {line}")


@pytest.mark.parametrize(
    "line", ["np.load(path, mmap_mode='r', allow_pickle=False)", "model.eval()", "retrieval(x)", "re.compile(words)"]
)
def test_the_search_leaves_alone(line: str) -> None:
    assert not hits(line)


class Sentinel:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path):
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self._path,)


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    return tmp_path / "it ran"


def test_the_sentinel_works(sentinel: Path) -> None:
    pickle.loads(pickle.dumps(Sentinel(sentinel)))
    assert sentinel.exists()


def test_objects_in_arrays_are_not_made(tmp_path: Path, sentinel: Path) -> None:
    evil = np.array([Sentinel(sentinel)] * 9, dtype=object)
    np.savez(tmp_path / "predictions.npz", views=evil, predicted_root_mm=evil, target_root_mm=evil)
    with pytest.raises(InputError, match="allow_pickle=False"):
        read_predictions(tmp_path / "predictions.npz")
    dataset, _ = make_packed(tmp_path)
    for array in ("images", "joints_px", "box_px"):
        spoiled = Path(shutil.copytree(dataset, tmp_path / array))
        np.save(spoiled / "S1" / "Walking_1.54138969" / f"{array}.npy", evil, allow_pickle=True)
        for verify in (False, True):
            with pytest.raises(InputError, match=f"a damaged {array}.npy"):
                open_dataset(spoiled, verify=verify)
    assert not sentinel.exists()


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize(
    "read",
    [
        lambda path: read_positions(path, 3),
        lambda path: open_masks(path).__enter__(),
        probe,
        read_cameras,
        lambda path: unpack(path, path.with_name("unpacked")),
        lambda path: list(ArchiveReader(path).members(lambda name: True)),
        lambda path: open_dataset(path.parent),
        read_json,
    ],
)
def test_pickles_are_refused_by_every_reader(
    tmp_path: Path, sentinel: Path, read: Callable[[Path], object], protocol: int
) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(pickle.dumps(Sentinel(sentinel), protocol=protocol))
    with pytest.raises(InputError):
        read(path)
    assert not sentinel.exists()
