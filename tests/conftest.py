"""What holds for every test: annotated shapes are checked, and no axis is broadcast unsaid. A capture to build from."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Before JAX is imported, by whichever test comes first.
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Tests compile many small programs and run each a few times: most of their time would go into optimising machine code.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
# What one test or one of its processes has compiled, the next need not. Each worker has its own: JAX writes in place.
_COMPILED = tempfile.mkdtemp(prefix="compiled-")
atexit.register(shutil.rmtree, _COMPILED, ignore_errors=True)
os.environ |= {"JAX_COMPILATION_CACHE_DIR": _COMPILED, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}

install_import_hook("h36m_pose", "runtime_types.check")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, Path]:
    """A capture of four views, its scenes, and the dataset made of it; not to be changed."""
    from build_runs import FRAMES, run
    from raw_fixture import make_capture

    folder = tmp_path_factory.mktemp("original")
    scenes = make_capture(folder / "raw", frames=FRAMES)
    run(folder / "raw", folder / "dataset")
    return folder / "raw", scenes, folder / "dataset"


@pytest.fixture
def raw_copy(original: tuple[Path, dict, Path], tmp_path: Path) -> Path:
    """A copy of the capture, to be spoiled."""
    return Path(shutil.copytree(original[0], tmp_path / "raw"))


@pytest.fixture
def dataset_copy(original: tuple[Path, dict, Path], tmp_path: Path) -> Path:
    """A copy of the dataset made of the capture."""
    return Path(shutil.copytree(original[2], tmp_path / "dataset"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the archives that are read, in turn."""
    from preprocessing.archive_stream import ArchiveStream

    names: list[str] = []
    start = ArchiveStream.__init__

    def note(self: object, path: Path) -> None:
        names.append(path.name)
        start(self, path)

    monkeypatch.setattr(ArchiveStream, "__init__", note)
    return names


@pytest.fixture
def kept_ahead(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets how much is kept on disk while archives are read for the first time."""
    from preprocessing import archive_source

    monkeypatch.setattr(archive_source, "MOST_KEPT_AHEAD", request.param)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every verb has written what it writes; not to be changed."""
    from made_files import write_made

    return write_made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def made_copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to be changed, and to work in."""
    copy = shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(copy)
    return copy
