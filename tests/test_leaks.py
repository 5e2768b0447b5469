"""Test frames among the training frames are found, by crop or by pose, and no number is printed for them."""

import dataclasses
import shutil

import numpy as np
import pytest
from stick_dataset import write_stick_dataset

from h36m_pose.data.dataset import open_dataset
from h36m_pose.data.dataset_writer import write_manifest, write_view
from h36m_pose.data.leaks import find_leak
from h36m_pose.data.protocols import split
from h36m_pose.errors import InputError
from h36m_pose.evaluation import require_no_leak


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_stick_dataset(tmp_path_factory.mktemp("leaks") / "data")


def test_subjects_that_differ_share_nothing(dataset):
    assert find_leak(dataset.select(("S1", "S5", "S101")), dataset.select(("S11",))) is None


@pytest.mark.parametrize("kind", ["crop", "pose"])
def test_a_frame_of_which_only_crop_or_pose_is_the_same_is_found(dataset, kind):
    (tested,), (learnt,) = dataset.select(("S11",)), dataset.select(("S1",))
    images, joints = np.array(learnt.images), np.array(learnt.joints_root_mm)
    if kind == "crop":
        images[[3, 5]] = tested.images[[7, 2]]
    else:
        joints[[3, 5]] = tested.joints_root_mm[[7, 2]]
    spoilt = dataclasses.replace(learnt, images=images, joints_root_mm=joints)
    leak = find_leak((spoilt,), (tested,))
    assert leak is not None and (leak.frames, leak.tested) == (2, tested.frames)
    assert leak.examples[0] == f"{tested.name} frame 2 has the {kind} of {learnt.name} frame 5"


def test_black_crops_and_lacking_poses_are_no_leak(dataset):
    nothing = [
        dataclasses.replace(view, images=np.zeros_like(view.images), joints_root_mm=np.zeros_like(view.joints_root_mm))
        for view in (*dataset.select(("S1",)), *dataset.select(("S11",)))
    ]
    assert find_leak(nothing[:1], nothing[1:]) is None


def test_a_copied_sequence_is_refused_before_any_number(dataset, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(dataset.folder, folder)
    (tested,) = dataset.select(("S11",))
    arrays = {
        name: np.array(getattr(tested, name)) for name in ("joints_px", "joints_root_mm", "root_cam_mm", "box_px")
    }
    write_view(folder, "S5", "Walking 2", tested.camera_id, images=list(tested.images), mask_source="release", **arrays)
    write_manifest(folder, {"seed": 1})
    copied = open_dataset(folder)
    sides = split(copied.subjects, "s11", ("S8",), True)
    with pytest.raises(
        InputError, match=f"found {tested.frames} of {tested.frames} test frames among those learnt from"
    ):
        require_no_leak(copied, sides, copied.select(("S11",)))
    require_no_leak(dataset, sides, dataset.select(("S11",)))
