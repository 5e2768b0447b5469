import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from h36m_pose.camera import Camera, camera_to_pixel, camera_to_world, pixel_to_ray, ray_to_pixel, world_to_camera

# Camera 54138969 as subject S1 was filmed: numbers of the release's metadata.xml (w0).
ANGLES = (-1.38382776, -3.16734304, 0.41363631)
CENTRE_MM = np.array([1841.1070, 4955.2846, 1563.4454])


def release_camera(**changed) -> Camera:
    x, y, z = (Rotation.from_euler(axis, angle).as_matrix() for axis, angle in zip("xyz", ANGLES, strict=True))
    fields = {
        "rotation": x @ y @ z,
        "centre_mm": CENTRE_MM,
        "focal_px": np.array([1145.04940458804, 1143.78109572365]),
        "principal_px": np.array([512.541504956548, 515.4514869776]),
        "radial": np.array([-0.207098910824901, 0.247775183068982, -0.00307515035078854]),
        "tangential": np.array([-0.00142447157470321, -0.000975698859470499]),
        "width_px": 1000,
        "height_px": 1002,
    }
    return Camera(**{**fields, **changed})


def points_in_front(count: int = 50) -> np.ndarray:
    draw = np.random.default_rng(5)
    return np.stack(
        [draw.uniform(-1500, 1500, count), draw.uniform(-1200, 1200, count), draw.uniform(3500, 7000, count)], axis=-1
    )


def closed_formula(point, camera: Camera) -> tuple[float, float]:
    """`ProjectPointRadial`, written out number by number."""
    x, y = point[0] / point[2], point[1] / point[2]
    squared = x * x + y * y
    k1, k2, k3 = camera.radial
    p1, p2 = camera.tangential
    radial = 1 + k1 * squared + k2 * squared**2 + k3 * squared**3
    tangential = p1 * y + p2 * x
    return (
        camera.focal_px[0] * (x * (radial + tangential) + p2 * squared) + camera.principal_px[0],
        camera.focal_px[1] * (y * (radial + tangential) + p1 * squared) + camera.principal_px[1],
    )


def opencv_pixels(points_mm: np.ndarray, camera: Camera) -> np.ndarray:
    matrix = np.array(
        [[camera.focal_px[0], 0, camera.principal_px[0]], [0, camera.focal_px[1], camera.principal_px[1]], [0, 0, 1]]
    )
    distortion = np.array([*camera.radial[:2], *camera.tangential, camera.radial[2]])
    return cv2.projectPoints(points_mm[:, None], np.zeros(3), np.zeros(3), matrix, distortion)[0][:, 0]


def test_projection_follows_the_closed_formula():
    camera, points = release_camera(), points_in_front()
    expected = np.array([closed_formula(point, camera) for point in points])
    np.testing.assert_allclose(camera_to_pixel(points, camera), expected, atol=1e-9)


def test_projection_is_opencvs_without_tangential_terms():
    camera, points = release_camera(tangential=np.zeros(2)), points_in_front()
    np.testing.assert_allclose(camera_to_pixel(points, camera), opencv_pixels(points, camera), atol=1e-9)


def test_projection_differs_from_opencvs_by_less_than_half_a_pixel_with_them():
    camera, points = release_camera(), points_in_front()
    pixels = camera_to_pixel(points, camera)
    in_picture = np.all((pixels > 0) & (pixels < 1000), axis=-1)
    apart = np.linalg.norm(pixels - opencv_pixels(points, camera), axis=-1)[in_picture]
    assert in_picture.sum() > 25
    assert 0.02 < apart.max() < 0.4


def test_world_to_camera_is_the_release_s_formula_and_looks_at_the_room():
    camera = release_camera()
    middle_of_the_room = np.array([0.0, 0.0, 900.0])
    expected = camera.rotation @ (middle_of_the_room - CENTRE_MM)
    np.testing.assert_allclose(world_to_camera(middle_of_the_room, camera), expected)
    pixels = camera_to_pixel(expected, camera)
    assert 300 < pixels[0] < 700
    assert 300 < pixels[1] < 700
    above = camera_to_pixel(world_to_camera(middle_of_the_room + np.array([0, 0, 500]), camera), camera)
    assert above[1] < pixels[1] - 50, "up in the world is up in the picture"


finite = st.floats(-4000, 4000)


@given(st.lists(st.tuples(finite, finite, finite), min_size=2, max_size=7))
def test_world_and_camera_frames_are_inverse(points):
    camera, points = release_camera(), np.array(points)
    back = camera_to_world(world_to_camera(points, camera), camera)
    np.testing.assert_allclose(back, points, atol=1e-8)
    distances = np.linalg.norm(world_to_camera(points, camera), axis=-1)
    np.testing.assert_allclose(distances, np.linalg.norm(points - CENTRE_MM, axis=-1), rtol=1e-12)


@given(st.lists(st.tuples(st.floats(-0.5, 999.5), st.floats(-0.5, 1001.5)), min_size=2, max_size=7))
def test_pixels_and_rays_are_inverse(pixels):
    camera, pixels = release_camera(), np.array(pixels)
    np.testing.assert_allclose(ray_to_pixel(pixel_to_ray(pixels, camera), camera), pixels, atol=1e-6)


def test_projection_keeps_any_batch_shape():
    points = points_in_front(3 * 5).reshape(3, 5, 3)
    camera = release_camera()
    assert camera_to_pixel(points, camera).shape == (3, 5, 2)
    np.testing.assert_array_equal(camera_to_pixel(points, camera)[2, 4], camera_to_pixel(points[2, 4], camera))


def test_a_camera_survives_json():
    camera = release_camera()
    back = Camera.from_json(json.loads(json.dumps(camera.as_json())))
    for name, value in camera.as_json().items():
        assert back.as_json()[name] == value
    assert back.width_px == 1000


@pytest.mark.parametrize("depth_mm", [2000.0, 6000.0])
def test_a_point_on_the_axis_falls_on_the_principal_point(depth_mm):
    camera = release_camera()
    np.testing.assert_allclose(camera_to_pixel(np.array([0.0, 0.0, depth_mm]), camera), camera.principal_px)
