"""The fitted camera is the one that made the poses."""

import numpy as np
import pytest
from raw_fixture import camera_of, walk

from h36m_pose.camera import camera_to_pixel, world_to_camera
from preprocessing.calibration import LEVEL_ROTATION, calibrate


@pytest.mark.parametrize(("number", "frames"), [(0, 5), (1, 60), (2, 300)])
def test_every_number_of_the_camera_is_recovered(number: int, frames: int) -> None:
    """From poses rounded to float32, as the release stores them."""
    camera, world = camera_of(number), walk(frames)
    cam = world_to_camera(world, camera).astype(np.float32).astype(float)
    pixels = camera_to_pixel(world_to_camera(world, camera), camera).astype(np.float32).astype(float)
    found = calibrate(cam, pixels, world, 500, 502)
    assert found.in_world
    assert found.residual_px < 1e-4
    assert found.world_residual_mm < 1e-3
    np.testing.assert_allclose(found.camera.rotation, camera.rotation, atol=1e-6)
    np.testing.assert_allclose(found.camera.centre_mm, camera.centre_mm, atol=1e-2)
    np.testing.assert_allclose(found.camera.focal_px, camera.focal_px, atol=1e-3)
    np.testing.assert_allclose(found.camera.principal_px, camera.principal_px, atol=1e-3)
    np.testing.assert_allclose(found.camera.tangential, camera.tangential, atol=1e-5)
    np.testing.assert_allclose(found.camera.radial[:2], camera.radial[:2], atol=1e-3)
    assert (found.camera.width_px, found.camera.height_px) == (500, 502)


def test_poses_of_another_camera_leave_a_large_residual() -> None:
    world = walk(40)
    cam = world_to_camera(world, camera_of(0))
    pixels = camera_to_pixel(world_to_camera(world, camera_of(1)), camera_of(1))
    assert calibrate(cam, pixels, world, 500, 502).residual_px > 5


def test_without_world_poses_the_camera_looks_level() -> None:
    camera = camera_of(3)
    cam = world_to_camera(walk(9), camera)
    found = calibrate(cam, camera_to_pixel(cam, camera), None, 500, 502)
    assert not found.in_world
    assert found.residual_px < 1e-4
    np.testing.assert_array_equal(found.camera.rotation, LEVEL_ROTATION)
    up_in_camera = found.camera.rotation @ (0, 0, 1)
    np.testing.assert_array_equal(up_in_camera, (0, -1, 0))
    assert np.linalg.det(found.camera.rotation) == pytest.approx(1)
