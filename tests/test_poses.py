"""The pose reader on files that cdflib wrote, whole and spoiled."""

import random
from pathlib import Path

import numpy as np
import pytest
from cdflib.cdfwrite import CDF
from raw_fixture import walk, write_cdf

from h36m_pose.errors import InputError
from preprocessing.poses import read_positions

FRAMES = 7


def write_pose(path: Path, values: np.ndarray, data_type: int = 44) -> Path:
    """Writes `Pose` as one record of exactly this shape."""
    path.unlink(missing_ok=True)
    file = CDF(path, cdf_spec={"Majority": "Row_major", "Compressed": 0})
    file.write_var(
        {"Variable": "Pose", "Data_Type": data_type, "Num_Elements": 1, "Rec_Vary": True,
         "Dim_Sizes": list(values.shape)}, var_data=values[None])  # fmt: skip
    file.close()
    return path


@pytest.mark.parametrize("by_columns", [False, True])
@pytest.mark.parametrize("axes", [2, 3])
def test_both_orders_of_storage_read_the_same(tmp_path: Path, by_columns: bool, axes: int) -> None:
    joints = walk(FRAMES)[..., :axes]
    write_cdf(tmp_path / "Walking.cdf", joints, by_columns)
    read = read_positions(tmp_path / "Walking.cdf", axes)
    assert read.shape == (FRAMES, 32, axes)
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, joints.astype(np.float32))


def test_poses_one_record_per_frame_are_read_too(tmp_path: Path) -> None:
    joints = walk(FRAMES).reshape(FRAMES, 96).astype(np.float32)
    file = CDF(tmp_path / "Walking.cdf", cdf_spec={"Majority": "Row_major"})
    file.write_var({"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Dim_Sizes": [96]},
                   var_data=joints)  # fmt: skip
    file.close()
    np.testing.assert_array_equal(read_positions(tmp_path / "Walking.cdf", 3).reshape(FRAMES, 96), joints)


def test_a_single_frame_is_a_trial(tmp_path: Path) -> None:
    write_cdf(tmp_path / "Walking.cdf", walk(1))
    assert read_positions(tmp_path / "Walking.cdf", 3).shape == (1, 32, 3)


def test_each_kind_of_wrong_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "Walking 1.54138969.cdf"
    joints = walk(FRAMES)
    write_cdf(path, joints, variable="Angles")
    with pytest.raises(InputError, match=r"Walking 1.54138969.cdf: found no variable `Pose`, only Angles; expected"):
        read_positions(path, 3)
    write_cdf(path, joints[..., :2])
    with pytest.raises(InputError, match=r"shape \(1, 7, 64\); expected \(1, frames, 96\)"):
        read_positions(path, 3)
    write_cdf(path, joints[:, :26])
    with pytest.raises(InputError, match=r"shape \(1, 7, 78\)"):
        read_positions(path, 3)
    joints[4, 5, 1] = np.nan
    write_cdf(path, joints)
    with pytest.raises(InputError, match="not finite in 1 of 7 frames, the first is 4"):
        read_positions(path, 3)
    write_pose(path, np.ones((FRAMES, 96), np.int32), data_type=4)
    with pytest.raises(InputError, match="of type int32"):
        read_positions(path, 3)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="an empty file"):
        read_positions(path, 3)
    path.write_text("<html>Please log in</html>")
    with pytest.raises(InputError, match="no CDF file"):
        read_positions(path, 3)


def test_damage_anywhere_raises_nothing_but_our_own_error(tmp_path: Path) -> None:
    """Cuts and overwritten bytes: what is read is whole, or an InputError says that it is not."""
    path = tmp_path / "Walking.cdf"
    write_cdf(path, walk(FRAMES))
    whole = path.read_bytes()
    chance = random.Random(0)
    told = 0
    for trial in range(120):
        spoiled = bytearray(whole[: chance.randrange(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(chance.randrange(1, 9)):
            if spoiled:
                spoiled[chance.randrange(min(len(spoiled), 900))] = chance.randrange(256)
        path.write_bytes(spoiled)
        try:
            assert read_positions(path, 3).shape[1:] == (32, 3)
        except InputError as error:
            assert "Walking.cdf" in str(error)
            told += 1
    assert told > 40
