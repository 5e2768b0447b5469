"""Every reader of raw files on spoiled bytes: it reads, or it raises our own error, in little time and memory.

Files that are in order are spoiled by flips, overwritten numbers, cuts, insertions, and parts that change places.
Spoils that once broke a reader are tried again each time; the slow tests look for new ones.
"""

import contextlib
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest
from bounded_readers import READERS, bounded, only_our_error, whole_files
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from h36m_pose.errors import InputError
from preprocessing import release
from preprocessing.calibration import calibrate
from preprocessing.catalog import CAMERAS, KINDS, find_views, parse_member
from preprocessing.member_names import file_name

NUMBERS = (0, 1, 2, 7, 8, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 2**64 - 1)
"""That readers stumble over: written big-endian and little-endian, in 1 to 8 bytes."""


@dataclasses.dataclass(frozen=True)
class Spoil:
    """One change to the bytes of a file.

    Attributes:
        how: "flip", "number", "cut", "insert", "remove" or "move".
        place: where, as a share of the file's length, from 0 to 1; numbers above are bytes.
        value: bit, index of a number and its width, or length, according to `how`.
    """

    how: str
    place: float
    value: int

    def apply(self, content: bytes) -> bytes:
        """The spoiled bytes."""
        size = len(content)
        place = min(int(self.place * size) if self.place <= 1 else int(self.place), max(0, size - 1))
        length = 1 + self.value % 64
        if size == 0:
            return content
        if self.how == "flip":
            return content[:place] + bytes([content[place] ^ 1 << self.value % 8]) + content[place + 1 :]
        if self.how == "number":
            width, order = (1, 2, 4, 8)[self.value % 4], ("big", "little")[self.value // 4 % 2]
            number = NUMBERS[self.value // 8 % len(NUMBERS)] % 256**width
            return (content[:place] + number.to_bytes(width, order) + content[place + width :])[:size]  # type: ignore
        if self.how == "cut":
            return content[:place]
        if self.how == "insert":
            return content[:place] + bytes([self.value % 256]) * length + content[place:]
        if self.how == "remove":
            return content[:place] + content[place + length :]
        start = self.value * 97 % size
        return content[:place] + content[start : start + length] + content[place + length :]


PLACES = st.one_of(st.floats(0, 1), st.integers(2, 1500).map(float))
SPOILS = st.lists(
    st.builds(Spoil, st.sampled_from(("flip", "number", "number", "cut", "insert", "remove", "move")), PLACES,
              st.integers(0, 10_000)),
    min_size=1, max_size=4,
)  # fmt: skip

quickly = settings(
    max_examples=60, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
at_length = settings(quickly, max_examples=5_000, derandomize=False)


def spoiled(content: bytes, spoils: list[Spoil]) -> bytes:
    for spoil in spoils:
        content = spoil.apply(content)
    return content


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of one file of each kind and way of storing."""
    return whole_files(tmp_path_factory.mktemp("whole"))


NAMES = (
    "rows.cdf", "columns.cdf", "values.cdf", "all.cdf", "cells.mat", "planes.mat", "mpeg4.mp4", "mpeg4-first.mp4",
    "h264-first.mp4", "fragments.mp4",
)  # fmt: skip


def read_spoiled(content: bytes, name: str, folder: Path) -> None:
    path = folder / f"Walking 1.54138969.{name[-3:]}"
    path.write_bytes(content)
    only_our_error(path, lambda: READERS[name[-3:]](path))


def test_whole_files_are_read(whole: dict[str, bytes], tmp_path: Path) -> None:
    assert sorted(whole) == sorted(NAMES)
    for name, content in whole.items():
        path = tmp_path / name
        path.write_bytes(content)
        with bounded():
            READERS[name[-3:]](path)


@pytest.mark.parametrize("name", NAMES)
@given(spoils=SPOILS)
@quickly
def test_spoiled_bytes(name: str, whole: dict[str, bytes], tmp_path: Path, spoils: list[Spoil]) -> None:
    read_spoiled(spoiled(whole[name], spoils), name, tmp_path)


FIXED = [
    # cdflib reads as many bytes as a record says it has.
    ("values.cdf", [Spoil("number", 434.0, 1426)]),
    ("columns.cdf", [Spoil("number", 316.0, 3347)]),
    ("all.cdf", [Spoil("insert", 1306.0, 4972)]),
    # h5py raises RuntimeError, not OSError, for damage in groups and in trees of chunks.
    ("cells.mat", [Spoil("move", 0.13958869843838762, 8611), Spoil("move", 0.21209149732767718, 5992)]),
    ("cells.mat", [Spoil("move", 1244.0, 8774)]),
    ("planes.mat", [Spoil("insert", 1028.0, 6320), Spoil("insert", 793.0, 4353), Spoil("flip", 327.0, 8126)]),
    # PyAV has no codec context for pictures in an unknown code.
    ("fragments.mp4", [Spoil("number", 0.8714047447242821, 3431), Spoil("number", 341.0, 2727)]),
    # FFmpeg sets memory aside for as many entries as a table announces, and for boxes longer than what is around them.
    ("fragments.mp4", [Spoil("move", 0.12198025994013206, 6654)]),
    ("fragments.mp4", [Spoil("cut", 871.0, 7636), Spoil("flip", 975.0, 4938)]),
    ("h264-first.mp4", [Spoil("number", 1491.0, 2879), Spoil("flip", 458.0, 3178)]),
    # A box that ends beyond 2 ** 63.
    ("mpeg4-first.mp4", [Spoil("flip", 52.0, 277), Spoil("move", 394.0, 5007)]),
]  # fmt: skip
"""Spoils that a reader once did not survive."""


@pytest.mark.parametrize(("name", "spoils"), FIXED, ids=[str(number) for number in range(len(FIXED))])
def test_spoiled_bytes_that_once_broke_a_reader(
    name: str, spoils: list[Spoil], whole: dict[str, bytes], tmp_path: Path
) -> None:
    read_spoiled(spoiled(whole[name], spoils), name, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", NAMES)
@given(spoils=SPOILS)
@at_length
def test_spoiled_bytes_at_length(name: str, whole: dict[str, bytes], tmp_path: Path, spoils: list[Spoil]) -> None:
    read_spoiled(spoiled(whole[name], spoils), name, tmp_path)


@given(
    numbers=st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=5, max_size=40),
    scale=st.sampled_from((0.0, 1e-9, 1.0, 1e6)),
)
@quickly
def test_any_joints_give_a_camera_or_leave_pixels(numbers: list[float], scale: float) -> None:
    """Whatever finite numbers there are: the fit ends, and says how far it is off."""
    values = np.resize(np.array(numbers), (4, 32, 5))
    cam = np.stack([values[..., 0] * scale, values[..., 1], 1 + np.abs(values[..., 2])], axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        fitted = calibrate(cam, values[..., 3:], values[..., :3], 500, 500)
    assert fitted.residual_px >= 0 or np.isnan(fitted.residual_px)


PIECES = st.one_of(
    st.sampled_from((
        "S1", "s1", "S01", "S", "S0", "Videos", "videos", "MyPoseFeatures", "D2_Positions", "Poses_D3_Positions", "..",
        ".", "", "Walking", "Walking 1", "walkingdog 2", "Eating", ".54138969", ".5413896", ".mp4", ".cdf", ".MAT", "/",
        "\\", "\0", "\n", " ", "MySegmentsMat/ground_truth_bs", "S1/Videos/Walking 1.54138969.mp4",
    )),
    st.text(max_size=5),
)  # fmt: skip


@given(name=st.lists(PIECES, max_size=9).map("".join) | st.lists(PIECES, max_size=6).map("/".join))
@example(name="S1/Videos/Walking 1.54138969.mp4")
@example(name="S" + "9" * 5000 + "/Videos/Walking 1.54138969.mp4")  # int() refuses so many digits
@quickly
def test_any_name_is_a_member_or_none(name: str) -> None:
    member = parse_member(name)
    if member is not None:
        assert member.kind in KINDS and member.action in release.ACTIONS
        assert member.camera_id in (CAMERAS if KINDS[member.kind].per_camera else ("",))
        assert ".." not in name.split("/") and not name.startswith("/")
        folder = KINDS[member.kind].folders[0]
        again = parse_member(f"{member.subject}/{folder}/{file_name(member.kind, member.trial, member.camera_id)}")
        assert again == member


@given(
    names=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40), max_size=5)
)
@quickly
def test_any_names_beside_a_view_are_passed_over(names: list[str], tmp_path: Path) -> None:
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    folder = root / "S1" / "Videos"
    folder.mkdir(parents=True)
    (folder / "Walking 1.54138969.mp4").touch()
    for place in (root, root / "S1", folder):
        for name in names:
            with contextlib.suppress(OSError):  # names that this file system does not take
                (place / name).touch()
    assert [view.name for view in find_views(root)] == ["S1 Walking 1.54138969"]


@given(words=st.text(max_size=30) | st.lists(st.sampled_from([*release.ACTIONS, "all", ",", " "])).map("".join))
@quickly
def test_any_words_are_actions_and_steps_or_refused(words: str) -> None:
    with contextlib.suppress(InputError):
        assert set(release.parse_actions(words)) <= set(release.ACTIONS)
    with contextlib.suppress(InputError):
        assert release.parse_every(words) >= 1
