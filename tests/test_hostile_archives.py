"""Archives that mean harm: each is answered with one line, quickly, in little memory, and nothing is written elsewhere.

All are read in one interpreter that takes a child of its own for each, with ten seconds of processor time.
"""

import contextlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_archives import END, HOSTILE, VIDEO, entry, header, pax

import preprocessing.archive_source  # noqa: F401  # before the children are taken, or each would import it
from h36m_pose.errors import InputError
from preprocessing.archives import members
from preprocessing.raw_source import open_root

MOST_SECONDS = 10
MOST_MEGABYTES = 500


def use(place: Path) -> list[str]:
    """Does with the archive at `place`/root what a run does; returns what is on disk while members are in use."""
    (place / "dataset").mkdir()
    there = [""]
    with contextlib.closing(open_root(place / "root", place / "dataset", ("Walking",))) as source:
        for _ in source.batches(source.views):
            there = sorted(str(path.relative_to(place)) for path in place.rglob("*"))
    return there


def listing(folder: Path) -> list[tuple[str, int, int, int]]:
    """Everything below a folder, with inode, size and time."""
    return [(str(p), s.st_ino, s.st_size, s.st_mtime_ns) for p in sorted(folder.rglob("*")) for s in [p.lstat()]]


def child(place: Path) -> None:
    """Uses an archive in a process of its own, and writes what happened to a file."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    signal.alarm(200)  # for what waits without working
    with (place / "told").open("w") as told:
        os.dup2(told.fileno(), 2)
        try:
            there = use(place)
        except InputError as error:
            there = []
            print(f"error: {error}", file=sys.stderr, flush=True)
    (place / "there").write_text(json.dumps(there))
    os._exit(0)


if __name__ == "__main__":
    outcome = {}
    for folder in sys.argv[1:]:
        pid = os.fork()
        if pid == 0:
            child(Path(folder))
        _, status, usage = os.wait4(pid, 0)
        outcome[folder] = [os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
    print(json.dumps(outcome))
    sys.exit()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What became of each archive."""
    top = tmp_path_factory.mktemp("hostile")
    (top / "outside").mkdir()
    (top / "outside/keep").write_text("mine")
    places = {}
    for number, (name, (write, _)) in enumerate(HOSTILE.items()):
        places[name] = top / str(number)
        (places[name] / "root").mkdir(parents=True)
        write(places[name] / "root/x.tgz")
    before = {name: listing(place / "root") for name, place in places.items()}
    outside, home = listing(top / "outside"), sorted(top.iterdir())
    done = subprocess.run(
        [sys.executable, __file__, *map(str, places.values())],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answers = json.loads(done.stdout.splitlines()[-1])
    assert listing(top / "outside") == outside and sorted(top.iterdir()) == home
    results = {}
    for name, place in places.items():
        status, seconds, megabytes = answers[str(place)]
        results[name] = {
            "status": status, "seconds": seconds, "megabytes": megabytes, "place": place,
            "told": (place / "told").read_text().splitlines(), "unchanged": listing(place / "root") == before[name],
        }  # fmt: skip
        for archive in (place / "root").iterdir():
            archive.unlink()  # some are large
    return results


@pytest.mark.parametrize("name", HOSTILE)
def test_each_is_answered_with_one_line_and_does_no_harm(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    outcome = outcomes[name]
    assert outcome["status"] == 0, f"killed after {outcome['seconds']} s"
    lines = [line for line in outcome["told"] if "read archives" not in line and line.strip()]
    assert len(lines) == 1, lines
    assert re.search(HOSTILE[name][1], lines[0]), lines[0]
    assert all(letter.isprintable() for letter in lines[0])
    assert outcome["seconds"] < MOST_SECONDS
    assert outcome["megabytes"] < MOST_MEGABYTES
    assert outcome["unchanged"]
    place = outcome["place"]
    allowed = {"root", "told", "there", "dataset", "dataset/.state", "dataset/.state/archives.json"}
    assert {str(path.relative_to(place)) for path in place.rglob("*")} <= allowed
    for path in json.loads((place / "there").read_text()):
        assert path in {"", "root/x.tgz", *allowed} or path.startswith("dataset/.staging")


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 25


def test_whatever_is_broken_in_an_archive_only_our_own_error_escapes(tmp_path: Path) -> None:
    chance = random.Random(5)
    whole = entry("a") + pax(path=VIDEO.encode()) + entry("x", b"v" * 700) + header("S1/Videos", kind=b"5")
    whole += entry("n" * 90, b"long name", kind=b"L") + entry("S1/Videos/Walking.54138969.mp4", b"w" * 1500) + END
    path, errors = tmp_path / "x", 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3))):
            start = chance.randrange(len(data))
            what = chance.randrange(4)
            if what == 0:
                data[start] ^= 1 << chance.randrange(8)
            elif what == 1:
                del data[start : start + chance.choice((1, 511, 512, 700))]
            elif what == 2:
                data[start:start] = chance.randbytes(chance.choice((1, 512)))
            else:
                data[start : start + 12] = chance.randbytes(12)
        for block in range(0, len(data) - 511, 512):  # mend checksums, or little else would be tried
            if data[block + 257 : block + 262] == b"ustar":
                data[block + 148 : block + 156] = b" " * 8
                data[block + 148 : block + 155] = b"%06o\0" % sum(data[block : block + 512])
        path.write_bytes(data)
        try:
            for member in members(path, lambda name: True):
                assert len(member.stream.read()) == member.size
        except InputError:
            errors += 1
    assert errors > 50


def test_nothing_is_ever_extracted_by_name() -> None:
    for folder in ("preprocessing", "h36m_pose"):
        for source in (Path(__file__).parents[1] / folder).rglob("*.py"):
            text = source.read_text()
            assert "extractall" not in text and not re.search(r"\.extract\(|^import tarfile|from tarfile", text), source
