"""The mask reader on files that h5py and the studio wrote, whole and spoiled."""

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import scipy.io
from numpy import ndarray
from raw_fixture import write_masks

from h36m_pose.errors import InputError
from preprocessing.capture import raw_files
from preprocessing.masks import largest_component, open_masks

WIDTH, HEIGHT, FRAMES = 1000, 1002, 5


def ellipses() -> list[ndarray]:
    masks = [np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(FRAMES)]
    for frame, mask in enumerate(masks[1:], start=1):  # the first is empty
        cv2.ellipse(mask, (90 + 200 * frame, 500), (40, 150), 10 * frame, 0, 360, 1, -1)
    return masks


@pytest.mark.parametrize("third_axis", [False, True])
def test_masks_read_back_upright(tmp_path: Path, third_axis: bool) -> None:
    write_masks(tmp_path / "Walking.mat", ellipses(), third_axis)
    with open_masks(tmp_path / "Walking.mat") as masks:
        assert (len(masks), masks.width_px, masks.height_px) == (FRAMES, WIDTH, HEIGHT)
        for frame, expected in enumerate(ellipses()):
            np.testing.assert_array_equal(masks.read(frame), expected)


def test_the_part_that_is_stored_holds_everything(tmp_path: Path) -> None:
    with raw_files.open_masks(tmp_path / "Walking.mat", WIDTH, HEIGHT) as writer:
        for mask in ellipses():
            left, top, width, height = cv2.boundingRect(mask)
            writer.append_silhouette(mask, (left, top, left + width, top + height))
    with open_masks(tmp_path / "Walking.mat") as masks:
        for frame, expected in enumerate(ellipses()):
            part, (left, top, width, height) = masks.read_part(frame)
            assert part.shape == (height, width)
            assert part.size < expected.size
            np.testing.assert_array_equal(part, expected[top : top + height, left : left + width])
            assert part.sum() == expected.sum()
            np.testing.assert_array_equal(masks.read(frame), expected)


def test_unlike_sizes_are_refused(tmp_path: Path) -> None:
    masks = ellipses()
    masks[3] = masks[3][:-2]
    write_masks(tmp_path / "Walking.mat", masks)
    with open_masks(tmp_path / "Walking.mat") as file:
        file.read(2)
        with pytest.raises(InputError, match=r"shape \(1000, 1000\) in frame 3; expected \(1000, 1002\)"):
            file.read(3)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "Walking 1.54138969.mat"

    def told(pattern: str) -> None:
        with pytest.raises(InputError, match=pattern), open_masks(path) as masks:
            masks.read(len(masks) - 1)

    scipy.io.savemat(path, {"Masks": np.zeros((3, 4))})
    told(r"Walking 1.54138969.mat: found a MATLAB 5 file; expected MATLAB v7.3.*save\(file, '-v7.3'")
    path.write_bytes(b"")
    told("an empty file")
    path.write_text("not at all")
    told("no MATLAB file")
    with h5py.File(path, "w", userblock_size=512) as file:
        file["Feat"] = np.zeros(3)
    told("no cell array `Masks`, only Feat")
    with h5py.File(path, "w") as file:
        file["Masks"] = np.zeros((3, 5, 7), np.uint8)
    told("no cell array `Masks`, only Masks")
    write_masks(path, ellipses())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    told("a damaged or cut HDF5 file")


def test_a_spoiled_chunk_is_told_with_its_frame(tmp_path: Path) -> None:
    path = tmp_path / "Walking.mat"
    write_masks(path, ellipses())
    with h5py.File(path) as file:
        chunk = h5py.h5r.dereference(file["Masks"][3, 0], file.id).get_chunk_info(0)
    content = bytearray(path.read_bytes())
    place = chunk.byte_offset + 512  # after MATLAB's own block
    content[place : place + 8] = bytes(8)
    path.write_bytes(content)
    with open_masks(path) as masks:
        masks.read(2)
        with pytest.raises(InputError, match="a damaged mask of frame 3"):
            masks.read(3)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("highest", [1, 255])
def test_the_largest_part_stays(order: str, highest: int) -> None:
    person = np.zeros((60, 50), np.uint8)
    cv2.ellipse(person, (21, 33), (9, 20), 0, 0, 360, 1, -1)
    specks = person.copy()
    specks[2:5, 40:47] = specks[55:59, 3:9] = 1
    found = largest_component(np.asarray(specks * highest, np.uint8, order=order))
    assert found is not None
    mask, (left, top, width, height) = found
    assert (left, top, width, height) == cv2.boundingRect(person)
    np.testing.assert_array_equal(mask, person[top : top + height, left : left + width])
    alone = largest_component(np.asarray(person * highest, np.uint8, order=order))
    assert alone is not None
    np.testing.assert_array_equal(alone[0], mask)


def test_parts_that_touch_at_corners_are_one() -> None:
    mask = np.zeros((9, 11), np.uint8)
    mask[1:4, 2:5] = mask[4:6, 5:9] = 1
    found = largest_component(mask)
    assert found is not None
    assert found[1] == (2, 1, 7, 5)


def test_an_empty_mask_has_no_part() -> None:
    assert largest_component(np.zeros((9, 11), np.uint8)) is None
    assert largest_component(np.zeros((0, 0), np.uint8)) is None
