"""The crop, step by step, against OpenCV's resize and against the joints' own transform."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from h36m_pose.data.dataset import frame_to_crop
from preprocessing.crop import box_of_joints, crop_person, grey_levels, square_around

ALL_LEVELS = np.arange(256, dtype=np.uint8)


@given(st.integers(0, 900), st.integers(0, 900), st.integers(5, 400), st.integers(5, 500), st.floats(1, 2))
def test_the_square_is_centred_and_holds_the_box(left: int, top: int, width: int, height: int, margin: float) -> None:
    x, y, side = square_around((left, top, width, height), margin)
    longest = max(width, height)
    assert margin * longest <= side < margin * longest + 4
    assert abs(x + side / 2 - left - width / 2) <= 0.5
    assert abs(y + side / 2 - top - height / 2) <= 0.5
    assert x <= left
    assert x + side >= left + width
    assert y <= top
    assert y + side >= top + height


@given(
    st.integers(0, 400), st.integers(0, 300), st.integers(3, 180), st.integers(3, 290), st.integers(0, 1), st.integers()
)
@settings(max_examples=40, deadline=None)
def test_the_crop_is_the_masked_square_resized(
    left: int, top: int, width: int, height: int, rim: int, seed: int
) -> None:
    """The short cut over empty quarters gives what the whole square gives, beyond the picture's rim as well."""
    random = np.random.default_rng(abs(seed))
    left = 0 if rim else left
    luma = random.integers(0, 256, (600, 580), np.uint8)
    mask = (random.random((height, width)) < 0.7).astype(np.uint8)
    box = left, top, width, height
    square = square_around(box, 1.1)
    crop = crop_person(luma, ALL_LEVELS, mask, box, square)
    canvas = np.zeros((2000, 2000), np.uint8)
    canvas[700 + top : 700 + top + height, 700 + left : 700 + left + width] = (
        luma[top : top + height, left : left + width] * mask
    )
    x, y, side = square
    way = cv2.INTER_AREA if side >= 128 else cv2.INTER_LINEAR
    expected = cv2.resize(canvas[700 + y : 700 + y + side, 700 + x : 700 + x + side], (128, 128), interpolation=way)
    difference = np.abs(crop.astype(int) - expected)
    assert difference.max() <= 1


@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(130, 500))
@settings(max_examples=60, deadline=None)
def test_a_dot_lands_where_its_joint_does(seed: int, across: float, down: float, height: int) -> None:
    random = np.random.default_rng(seed)
    width = int(random.integers(60, 400))
    left, top = int(random.integers(0, 600)), int(random.integers(0, 500))
    dot = np.array([left + across * width, top + down * height])
    luma = np.zeros((1002, 1000), np.uint8)
    rows, columns = np.mgrid[:1002, :1000]
    luma[:] = 255 * np.exp(-((columns - dot[0]) ** 2 + (rows - dot[1]) ** 2) / (2 * 4.0**2))
    mask = np.ones((height, width), np.uint8)
    box = left, top, width, height
    square = square_around(box, 1.1)
    crop = crop_person(luma, ALL_LEVELS, mask, box, square).astype(float)
    inside = min(dot - (left, top)) > 12 and min(np.array([left + width, top + height]) - dot) > 12
    if not inside:
        return
    found = np.array([(crop.sum(0) * np.arange(128)).sum(), (crop.sum(1) * np.arange(128)).sum()]) / crop.sum()
    joint = frame_to_crop(dot[None, None], np.array([square], float))[0, 0]
    assert np.abs(found - joint).max() < 0.1


def test_background_is_zero_and_grey_is_stretched() -> None:
    luma = np.full((400, 300), 126, np.uint8)
    mask = np.zeros((200, 100), np.uint8)
    mask[:, 20:80] = 1
    crop = crop_person(
        luma, grey_levels(full_range=False), mask, (50, 90, 100, 200), square_around((50, 90, 100, 200), 1.1)
    )
    assert set(np.unique(crop[20:100, 60:68])) == {128}  # (126 - 16) * 255 / 219
    assert crop[:, :30].max() == 0
    assert crop[:3].max() == 0


def test_levels_are_those_of_the_standard() -> None:
    video, full = grey_levels(False), grey_levels(True)
    assert (video[16], video[235], video[0], video[255]) == (0, 255, 0, 255)
    np.testing.assert_array_equal(full, ALL_LEVELS)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ((100, 200), (200, 500), (90, 170, 121, 361)),
        ((-50, 900), (60, 1100), (0, 880, 72, 122)),
        ((-90, -80), (-20, -30), (0, 0, 2, 2)),
        ((1100, 1200), (1300, 1290), (998, 1000, 2, 2)),
    ],
)
def test_the_box_of_joints_grows_and_stays_in_the_picture(low: tuple, high: tuple, expected: tuple) -> None:
    joints = np.array([low, high, np.mean([low, high], axis=0)], float)
    assert box_of_joints(joints, 0.2, 1000, 1002) == expected
