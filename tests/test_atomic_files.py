"""Files are whole or not there, whatever happens while they are written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from h36m_pose import atomic_files
from h36m_pose.errors import InputError


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "poses.json"
    atomic_files.write_json(target, {"frames": 5})
    with pytest.raises(RuntimeError), atomic_files.replacing(target) as temporary:
        temporary.write_text("half a fi")
        raise RuntimeError
    assert json.loads(target.read_text()) == {"frames": 5}
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "view"
    for content in ("first", "second"):
        with atomic_files.replacing(target) as temporary:
            temporary.mkdir()
            (temporary / f"{content}.npy").write_text(content)
    assert [path.name for path in target.iterdir()] == ["second.npy"]


def test_the_suffix_is_kept_for_writers_that_go_by_it(tmp_path: Path) -> None:
    with atomic_files.replacing(tmp_path / "walking.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        temporary.write_bytes(b"x")


def test_a_killed_writer_leaves_only_a_marked_file_that_the_next_run_removes(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "images.npy"
    code = (
        "import sys, time; from h36m_pose.atomic_files import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half'); print('written', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not target.exists()
    assert len(list(target.parent.iterdir())) == 1
    atomic_files.remove_leftovers(tmp_path)
    assert list(target.parent.iterdir()) == []


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        atomic_files.write_json(tmp_path / "results.json", {"mpjpe_mm": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_an_input_error_is_one_line_that_names_all_four() -> None:
    line = str(InputError("S1/Walking.cdf", "no variable\n 'Pose'", "a variable 'Pose'", "Download it again"))
    assert line == "S1/Walking.cdf: found no variable 'Pose'; expected a variable 'Pose'. Download it again."


def test_only_marked_files_count_as_leftovers(tmp_path: Path) -> None:
    keep = tmp_path / ".gitignore"
    keep.write_text("data\n")
    atomic_files.remove_leftovers(tmp_path)
    assert keep.exists()
