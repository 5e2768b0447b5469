"""Which views of a dataset train, validate and test: those of a split's subjects, from the cameras that it asks for."""

import numpy as np

from h36m_pose.data.dataset import Dataset, View
from h36m_pose.data.protocols import Split, is_crowd
from h36m_pose.errors import InputError

APART_MM = 1000.0
"""How far from the cameras that are left out those of the crowd must stand."""


def training_views(dataset: Dataset, split: Split) -> tuple[View, ...]:
    """The views to learn from.

    Cameras are left out by their ids. The studio's crowd was filmed from anywhere, so that there an id means nothing:
    of the crowd, the views go that were taken within `APART_MM` of a place where a camera left out stood for anybody
    else, and those whose place is not known.
    """
    views = dataset.select(split.train)
    if not split.left_out_cameras:
        return views
    places_mm = [
        view.camera.centre_mm
        for view in dataset.views
        if view.camera_id in split.left_out_cameras and not is_crowd(view.subject)
        if view.camera is not None and view.camera_in_world
    ]
    return tuple(
        view for view in views if (_far_from(view, places_mm) if is_crowd(view.subject) else _kept(view, split))
    )


def validation_views(dataset: Dataset, split: Split) -> tuple[View, ...]:
    """The views that choose the checkpoint."""
    return tuple(view for view in dataset.select(split.validation) if _kept(view, split))


def views_to_test(dataset: Dataset, split: Split) -> tuple[View, ...]:
    """The views to test on: of the cameras that were left out, if any were.

    Raises:
        InputError: if there is none.
    """
    views = dataset.select(split.test)
    if not views:
        raise InputError(dataset.folder, "no test subject", f"some of {', '.join(split.test)}", "Preprocess them")
    left_out = split.left_out_cameras
    chosen = tuple(view for view in views if not left_out or view.camera_id in left_out)
    if not chosen:
        found = f"no view of the test subjects by {', '.join(left_out)}"
        raise InputError(dataset.folder, found, "the cameras that training left out", "Preprocess their views")
    return chosen


def _kept(view: View, split: Split) -> bool:
    return view.camera_id not in split.left_out_cameras


def _far_from(view: View, places_mm: list[np.ndarray]) -> bool:
    if view.camera is None or not view.camera_in_world:
        return False
    return all(np.linalg.norm(view.camera.centre_mm - place) >= APART_MM for place in places_mm)
