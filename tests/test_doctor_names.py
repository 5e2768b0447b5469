"""Files under the name of a second copy or of an unfinished download are found beside the missing one."""

from pathlib import Path

import pytest

from preprocessing.doctor_names import misnamed

EXPECTED = "Walking 1.54138969.mp4"


@pytest.mark.parametrize(
    "name",
    ["Walking 1.54138969 (1).mp4", "Walking 1.54138969 - Copy.mp4",
     "Copy of Walking 1.54138969.mp4", "Walking_1.54138969.mp4", "walking-1.54138969.MP4", "Walking1.54138969.mp4"],
)  # fmt: skip
def test_another_name_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert misnamed(tmp_path / EXPECTED) == (name, f"Rename it to {EXPECTED}, as the release has it")


@pytest.mark.parametrize("mark", [".crdownload", ".part", ".PARTIAL", ".tmp"])
def test_an_unfinished_download_is_told(mark: str, tmp_path: Path) -> None:
    (tmp_path / (EXPECTED + mark)).touch()
    found = misnamed(tmp_path / EXPECTED)
    assert found and found[0] == EXPECTED + mark and found[1].startswith("Finish this download")


@pytest.mark.parametrize(
    "name",
    ["Walking.54138969.mp4", "Walking 2.54138969.mp4", "Walking 1.55011271.mp4", "Walking 1.54138969.avi",
     "WalkingDog 1.54138969.mp4", "Walking 1.54138969 old.mp4", "Walking 1 (2).54138969.mp4"],
)  # fmt: skip
def test_what_belongs_to_others_is_not(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert misnamed(tmp_path / EXPECTED) is None


def test_where_there_is_no_folder_nothing_is_told(tmp_path: Path) -> None:
    assert misnamed(tmp_path / "Videos" / EXPECTED) is None
