"""Background subtraction against the silhouettes that were drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray
from raw_fixture import Scene, make_scene, write_video

from preprocessing.background import (
    Subtraction,
    _median,
    _median_outside,
    fits,
    intersection_over_union,
    plate_of,
    subtract,
)
from preprocessing.crop import box_of_joints
from preprocessing.masks import largest_component
from preprocessing.video import Picture, pictures

FRAMES = 41


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, list[Picture]]:
    path = tmp_path_factory.mktemp("room") / "Walking.mp4"
    scene = make_scene(1, FRAMES, 0)
    write_video(path, scene.images_bgr)
    return scene, [picture.copy() for picture in pictures(path)]


@given(st.integers(1, 9), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_the_median_is_numpys(count: int, seed: int) -> None:
    planes = np.random.default_rng(seed).integers(0, 256, (count, 5, 7), np.uint8)
    expected = np.sort(planes, axis=0)[(count - 1) // 2]
    np.testing.assert_array_equal(_median([plane.copy() for plane in planes]), expected)


@given(st.integers(2, 9), st.integers(0, 9999))
@settings(max_examples=60, deadline=None)
def test_the_median_leaves_out_what_is_in_the_boxes(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    planes = random.integers(0, 256, (count, 11, 13)).astype(np.uint8)
    boxes = [tuple(int(n) for n in random.integers(0, (8, 7, 6, 5))) if random.random() < 0.8 else None for _ in planes]
    kept = np.ones(planes.shape, bool)
    for keep, box in zip(kept, boxes, strict=True):
        if box:
            left, top, width, height = box
            keep[top : top + height + 1, left : left + width + 1] = False
    found = _median_outside(list(planes), boxes)
    for row, column in np.argwhere(kept.any(axis=0)):
        values = np.sort(planes[kept[:, row, column], row, column])
        # Of an even number, either of the two in the middle.
        assert found[row, column] in (values[(len(values) - 1) // 2], values[len(values) // 2])


def test_a_gap_goes_on_as_the_room_does_on_both_sides() -> None:
    rows = np.repeat(np.arange(0, 220, 20, dtype=np.uint8)[:, None], 13, axis=1)
    planes = [rows.copy(), rows.copy(), rows.copy()]
    for plane in planes:
        plane[3:7, 4:9] = 255
    boxes = [(4, 3, 4, 3)] * 3
    np.testing.assert_array_equal(_median_outside(planes, boxes), rows)
    at_the_rim = [plane[:, 4:].copy() for plane in planes]
    np.testing.assert_array_equal(_median_outside(at_the_rim, [(0, 3, 4, 3)] * 3), rows[:, 4:])


def test_the_figure_is_cut_out_as_it_was_drawn(filmed: tuple[Scene, list[Picture]]) -> None:
    scene, films = filmed
    samples = [(films[frame], box_of_joints(scene.joints_px[frame], 0.4, 500, 500)) for frame in range(0, FRAMES, 6)]
    plate = plate_of(samples)
    scores = []
    for frame in range(3, FRAMES, 6):
        truth = largest_component(scene.masks[frame])
        assert truth is not None
        found = subtract(films[frame], plate, scene.joints_px[frame], Subtraction())
        scores.append(intersection_over_union(found, truth))
    assert np.mean(scores) > 0.8
    assert min(scores) > 0.7


def test_an_empty_room_gives_nobody(filmed: tuple[Scene, list[Picture]]) -> None:
    scene, films = filmed
    samples = [(films[frame], box_of_joints(scene.joints_px[frame], 0.4, 500, 500)) for frame in range(0, FRAMES, 6)]
    plate = plate_of(samples)
    assert subtract(plate, plate, scene.joints_px[0], Subtraction()) is None
    elsewhere = scene.joints_px[3] - (0, 180)
    assert subtract(films[3], plate, elsewhere, Subtraction()) is None


def test_agreement_counts_pixels() -> None:
    def square(left: int, top: int, side: int) -> tuple[ndarray, tuple[int, int, int, int]]:
        return np.ones((side, side), np.uint8), (left, top, side, side)

    assert intersection_over_union(square(5, 7, 10), square(5, 7, 10)) == 1
    assert intersection_over_union(square(5, 7, 10), square(10, 7, 10)) == pytest.approx(50 / 150)
    assert intersection_over_union(square(5, 7, 10), square(50, 70, 10)) == 0
    assert intersection_over_union(None, square(50, 70, 10)) == 0


def test_a_silhouette_fits_its_own_joints_only() -> None:
    scene = make_scene(0, 3, 0)
    person = largest_component(scene.masks[1])
    assert person is not None
    assert fits(person, scene.joints_px[1])
    assert not fits(person, scene.joints_px[1] + (90, 0))
    assert not fits(person, scene.joints_px[1] * 2.5)
    mask, box = person
    assert not fits((mask * 0, box), scene.joints_px[1])
