"""The front door: helpful, quick, and never a traceback for the user's mistakes."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from h36m_pose.cli import demo, main
from h36m_pose.errors import InputError

COMMAND = [sys.executable, "-m", "h36m_pose.cli.main"]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("verb", [None, *main.VERBS])
def test_help_explains_every_verb(verb: str | None) -> None:
    outcome = _run(*([verb] if verb else []), "--help")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    for name in main.VERBS if verb is None else [f"h36m-pose {verb}"]:
        assert name in outcome.stdout


def loaded_by(words: list[str]) -> tuple[set[str], str]:
    """What a command imports, and what it says on standard error."""
    code = (
        "import sys; from h36m_pose.cli import main\n"
        "try: main.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *words]
    error = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr
    *said, modules = error.splitlines()
    return set(modules.split()), "\n".join(said)


HEAVY = {"jax", "flax", "numba", "cv2", "scipy", "matplotlib", "sklearn", "rerun", "onnxruntime"}


@pytest.mark.parametrize("verb", [None, *main.VERBS])
def test_help_loads_nothing_heavy(verb: str | None) -> None:
    modules, _ = loaded_by(([verb] if verb else []) + ["--help"])
    assert not HEAVY & modules


WRONG_PATHS = {
    "doctor": ["doctor", "nowhere"],
    "predict": ["predict", __file__, "--run", "nowhere"],
    "preprocess": ["preprocess", "nowhere", "out"],
    "inspect": ["inspect", "nowhere", "S1 Walking 1.54138969"],
    "capture": ["capture", "/dev/null/raw"],
    "spoil": ["spoil", "nowhere", "out", "--faults", "nan_pose"],
    "pack": ["pack", "nowhere"],
    "unpack": ["unpack", "nowhere", "out"],
    "train": ["train", "pretrain", "--experiment", "demo", "--dataset", "nowhere", "--run", "out"],
    "evaluate": ["evaluate", "nowhere"],
    "robustness": ["robustness", "nowhere"],
    "temporal": ["temporal", "nowhere"],
    "render": ["render", "nowhere", "--root", "nowhere"],
    "compare": ["compare", "nowhere", "nowhere"],
    "export": ["export", "nowhere"],
    "whence": ["whence", "nowhere"],
    "report": ["report", "nowhere"],
    "experiments": ["experiments", "--dataset", "nowhere"],
    "baseline": ["baseline", "hog_ridge", "--dataset", "nowhere", "--experiment", "demo", "--run", "out"],
    "bench": ["bench", "--dataset", "nowhere"],
}


@pytest.mark.parametrize("verb", WRONG_PATHS)
def test_wrong_paths_are_told_before_anything_heavy_is_loaded(verb: str) -> None:
    modules, said = loaded_by(WRONG_PATHS[verb])
    assert not HEAVY & modules
    assert said.startswith("h36m-pose: error: ") and "\n" not in said
    assert "/dev/null: found a file" in said if verb == "capture" else "nowhere: found " in said


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "/", "--out", __file__],
        ["export", "/", "--out", __file__],
        ["compare", "/", "/", "--out", __file__],
        ["paper", "/", "--out", __file__],
        ["train", "pretrain", "--experiment", "demo", "--dataset", "/", "--run", __file__],
        ["baseline", "hog_ridge", "--dataset", "/", "--experiment", "demo", "--run", __file__],
    ],
    ids=lambda words: words[0],
)
def test_a_file_where_a_folder_is_to_be_made_is_told_at_once(words: list[str]) -> None:
    modules, said = loaded_by(words)
    assert not HEAVY & modules
    assert said.startswith(f"h36m-pose: error: {__file__}: found a file; expected a folder, or nothing yet")


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["preproces"], "did you mean preprocess?"),
        (["demo", "--worker", "2"], "did you mean --workers?"),
        (["train", "pretrian", "--experiment", "demo"], "did you mean pretrain?"),
    ],
)
def test_a_mistyped_word_is_refused_with_the_nearest_one(words: list[str], suggestion: str) -> None:
    started = time.monotonic()
    outcome = _run(*words)
    assert outcome.returncode == 2
    assert suggestion in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert time.monotonic() - started < 5  # one second on a quiet machine


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            InputError("a.mp4", "72 frames", "75", "Copy it again"),
            "a.mp4: found 72 frames; expected 75. Copy it again.",
        ),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x.npy"), "x.npy: No space left on device. Free some space"),
        (
            NotADirectoryError(errno.ENOTDIR, "Not a directory", "a/b"),
            "a/b: Not a directory. Give another name",
        ),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/data"), "/data: Permission denied. Change its"),
    ],
)
def test_bad_input_is_one_line_and_status_two(
    problem: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: object) -> int:
        raise problem

    monkeypatch.setattr(demo, "run", fail)
    assert main.main(["demo"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"h36m-pose: error: {line}")
    assert error.count("\n") == 1


def test_our_own_defects_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(demo, "run", fail)
    with pytest.raises(ZeroDivisionError):
        main.main(["demo"])


def test_demo_stops_at_the_first_step_that_fails(tmp_path: Path) -> None:
    outcome = _run("demo", "--folder", str(tmp_path), "--preset", "dmeo")
    assert outcome.returncode == 2
    assert "[1/7]" in outcome.stdout
    assert "[2/7]" not in outcome.stdout
    assert "demo" in outcome.stderr


def test_a_reader_who_has_had_enough_ends_a_command_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        command = [*COMMAND, "experiments", "--list"]
        outcome = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (outcome.returncode, outcome.stderr) == (141, "")
