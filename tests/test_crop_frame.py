"""The crop's own frame: a rotation, inverted exactly, in which place in the picture does not matter."""

import dataclasses

import numpy as np
import pytest
from stick_dataset import poses, write_stick_dataset

from h36m_pose.camera import Camera
from h36m_pose.data import crop_frame
from h36m_pose.errors import InputError

RAYS = np.array([[0.0, 0.0], [0.4, -0.1], [-0.3, 0.2], [0.1, 0.5]])


def test_the_ray_becomes_the_axis_without_roll():
    rotations = crop_frame.rotations_to_rays(RAYS)
    identity = np.tile(np.eye(3), (4, 1, 1))
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    rays = np.concatenate([RAYS, np.ones((4, 1))], 1)
    turned = np.einsum("fij,fj->fi", rotations, rays)
    np.testing.assert_allclose(turned / np.linalg.norm(rays, axis=1)[:, None], np.tile([0, 0, 1.0], (4, 1)), atol=1e-12)
    np.testing.assert_allclose(rotations[0], np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotations[:, 0, 1], 0)  # the new x axis stays level
    assert (rotations[:, 1, 1] > 0).all()


def test_turning_back_is_the_inverse_and_keeps_distances():
    joints = poses(4, 1.0, np.random.default_rng(0))
    rotations = crop_frame.rotations_to_rays(RAYS)
    turned = crop_frame.turn(joints, rotations)
    np.testing.assert_allclose(crop_frame.turn_back(turned, rotations), joints, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(joints, axis=-1), rtol=1e-5)
    assert np.abs(turned - joints).max() > 10


def test_a_person_carried_around_the_camera_keeps_its_pose_in_the_crop_frame():
    joints = poses(4, 1.0, np.random.default_rng(1))[:1].repeat(4, 0)
    about_y = np.arctan(RAYS[:, 0])
    cosine, sine, zero = np.cos(about_y), np.sin(about_y), np.zeros(4)
    around = np.stack([np.stack([cosine, zero, sine], -1), np.stack([zero, zero + 1, zero], -1),
                       np.stack([-sine, zero, cosine], -1)], 1)  # fmt: skip
    carried = crop_frame.turn(joints, around)
    level = np.stack([RAYS[:, 0], zero], 1)
    turned = crop_frame.turn(carried, crop_frame.rotations_to_rays(level))
    np.testing.assert_allclose(turned, joints, atol=1e-3)


def test_the_box_and_the_camera_give_the_ray(tmp_path):
    view = write_stick_dataset(tmp_path, {"S1": 9}).views[0]
    with pytest.raises(InputError, match="without a camera"):
        crop_frame.crop_rotations(view)
    camera = Camera(
        np.eye(3),
        np.zeros(3),
        np.array([1000.0, 1100.0]),
        np.array([500.0, 510.0]),
        np.zeros(3),
        np.zeros(2),
        1000,
        1002,
    )
    box = np.tile([600.5, 210.5, 200.0], (9, 1))  # the middle is at pixel (700, 310)
    rotations = crop_frame.crop_rotations(dataclasses.replace(view, camera=camera, box_px=box))
    np.testing.assert_allclose(rotations, crop_frame.rotations_to_rays(np.tile([0.2, -200 / 1100], (9, 1))), atol=1e-9)
