"""Views by subject and camera: what was left out is neither learnt from nor validated, and it alone is tested."""

import dataclasses
import json

import numpy as np
import pytest
from raw_fixture import camera_of
from stick_dataset import write_stick_dataset

from h36m_pose import configuration
from h36m_pose.data.chosen_views import APART_MM, training_views, validation_views, views_to_test
from h36m_pose.data.dataset import Dataset, View
from h36m_pose.data.protocols import split
from h36m_pose.errors import InputError
from h36m_pose.prediction import _split_of
from h36m_pose.training.stage import split_of, training_frames

FRAMES = {"S1": 3, "S5": 2, "S6": 2, "S7": 2, "S8": 3, "S9": 2, "S11": 2, "S101": 5, "S102": 7}
CAMERAS = ("54138969", "54138970", "54138971")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three cameras, placed; one of the crowd's six stands where the second one of the others does."""
    found = write_stick_dataset(tmp_path_factory.mktemp("sticks") / "dataset", FRAMES, views=3)
    return dataclasses.replace(found, views=tuple(map(_placed, found.views)))


def _placed(view: View) -> View:
    number = CAMERAS.index(view.camera_id)
    camera = camera_of(number)
    if view.subject in ("S101", "S102"):
        centre = camera.centre_mm * 1.6
        if (view.subject, number) == ("S102", 2):
            centre = camera_of(1).centre_mm + np.array([0, APART_MM / 2, 0])
        camera = dataclasses.replace(camera, centre_mm=centre)
    return dataclasses.replace(view, camera=camera, camera_in_world=True)


def names(views: tuple[View, ...]) -> list[tuple[str, int]]:
    return [(view.subject, CAMERAS.index(view.camera_id)) for view in views]


def test_all_cameras_serve_all_sides_unless_told(dataset: Dataset) -> None:
    parts = split(dataset.subjects, "s11", ("S8",), True, (), CAMERAS)
    assert training_views(dataset, parts) == dataset.select(parts.train)
    assert names(validation_views(dataset, parts)) == [("S8", 0), ("S8", 1), ("S8", 2)]
    assert names(views_to_test(dataset, parts)) == [("S11", 0), ("S11", 1), ("S11", 2)]


def test_left_out_cameras_test_alone(dataset: Dataset) -> None:
    parts = split(dataset.subjects, "s11", ("S8",), True, (CAMERAS[1],), CAMERAS)
    learnt = names(training_views(dataset, parts))
    assert all(camera != 1 for subject, camera in learnt if subject not in ("S101", "S102"))
    assert [each for each in learnt if each[0] in ("S101", "S102")] == [
        ("S101", 0), ("S101", 1), ("S101", 2), ("S102", 0), ("S102", 1),
    ]  # fmt: skip
    assert names(validation_views(dataset, parts)) == [("S8", 0), ("S8", 2)]
    assert names(views_to_test(dataset, parts)) == [("S11", 1)]


def test_a_crowd_from_unknown_places_is_left_out_too(dataset: Dataset) -> None:
    views = tuple(
        dataclasses.replace(view, camera_in_world=False) if view.subject == "S101" else view for view in dataset.views
    )
    parts = split(dataset.subjects, "s11", ("S8",), True, (CAMERAS[0],), CAMERAS)
    learnt = names(training_views(dataclasses.replace(dataset, views=views), parts))
    assert {subject for subject, _ in learnt} == {"S1", "S5", "S6", "S7", "S9", "S102"}


def test_a_dataset_without_the_cameras_to_test_on_is_refused(dataset: Dataset) -> None:
    parts = split(dataset.subjects, "s11", ("S8",), False, (CAMERAS[2],), CAMERAS)
    others = dataclasses.replace(dataset, views=tuple(view for view in dataset.views if view.camera_id != CAMERAS[2]))
    with pytest.raises(InputError, match="no view of the test subjects by 54138971"):
        views_to_test(others, parts)


def test_the_setting_reaches_the_frames_that_are_learnt(dataset: Dataset) -> None:
    config = configuration.load_experiment("demo")
    every = len(training_frames(_in_camera_frame(config), dataset))
    configuration.apply_overrides(config, ["data.left_out_cameras=54138970", "data.crowd=False"])
    parts = split_of(config, dataset)
    assert parts.left_out_cameras == ("54138970",) and "54138970 alone" in parts.words
    assert every == 3 * 23 and len(training_frames(config, dataset)) == 2 * 11


def _in_camera_frame(config):
    return configuration.apply_overrides(config, ["data.frame=camera"])


def test_splits_of_old_checkpoints_load(dataset: Dataset) -> None:
    parts = split(dataset.subjects, "s11", ("S8",), True, (CAMERAS[1],), CAMERAS)
    stored = json.loads(json.dumps(dataclasses.asdict(parts)))
    assert _split_of(stored) == parts
    del stored["left_out_cameras"]
    assert _split_of(stored).left_out_cameras == ()
    assert np.array_equal(_split_of(stored).train, parts.train)
