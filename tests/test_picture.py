"""Pictures: they obey the lens, masks and pictures and joints agree, and chance depends on the seeds alone."""

import dataclasses

import cv2
import numpy as np
import pytest
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, world_to_camera
from h36m_pose.skeleton import EVALUATED
from preprocessing.capture import lighting, rasterizer, room_rays, skinning, solids
from preprocessing.capture.anatomy import draw_person
from preprocessing.capture.body import build_body
from preprocessing.capture.clothing import draw_wardrobe
from preprocessing.capture.gait import walk
from preprocessing.capture.motion import Motion
from preprocessing.capture.picture import Photographer
from preprocessing.capture.rasterizer import draw_triangles, lens_numbers, project
from preprocessing.capture.room import draw_room, floor_places, photograph
from preprocessing.capture.warm_up import SHARES

CENTRES = ((1900, 4950, 1560), (-1700, -3850, 1560))
HEIGHTS = (1002, 1000)


def aimed_camera(centre: tuple[float, float, float], height_px: int) -> Camera:
    """A camera of the studio's kind that looks at the middle of the room."""
    forward = np.array([0.0, 300, 900]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    return Camera(
        rotation=np.stack([right, np.cross(forward, right), forward]),
        centre_mm=np.array(centre, float),
        focal_px=np.array([1146.0, 1144.0]),
        principal_px=np.array([512.3, 507.1]),
        radial=np.array([-0.204, 0.24, -0.002]),
        tangential=np.array([0.0012, -0.0009]),
        width_px=1000,
        height_px=height_px,
    )


@pytest.fixture(scope="module")
def cameras() -> list[Camera]:
    return [aimed_camera(centre, height) for centre, height in zip(CENTRES, HEIGHTS, strict=True)]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return walk(draw_person("S9", 0), 90, seed=2)


@pytest.fixture(scope="module")
def photographer(cameras) -> Photographer:
    person = draw_person("S9", 0)
    return Photographer(build_body(person, draw_wardrobe(person, 0)), draw_room(5), cameras, seed=1)


@pytest.fixture(scope="module")
def moves(photographer, motion) -> ndarray:
    return photographer.matrices(motion)


def test_vertices_are_projected_by_the_releases_formula(cameras):
    points = np.random.default_rng(0).uniform([-1500, -1500, 0], [1500, 1500, 1900], (211, 3))
    for camera in cameras:
        found = np.empty((211, 3), np.float32)
        project(points.astype(np.float32), lens_numbers(camera), np.float32(1), found)
        in_camera = world_to_camera(points, camera)
        assert np.abs(found[:, :2] - camera_to_pixel(in_camera, camera)).max() < 0.01
        assert np.allclose(found[:, 2], in_camera[:, 2], atol=0.01)
        enlarged = np.empty((211, 3), np.float32)
        project(points.astype(np.float32), lens_numbers(camera), np.float32(2), enlarged)
        assert np.allclose((enlarged[:, :2] + 0.5) / 2, found[:, :2] + 0.5, atol=1e-3), "edges stay edges"


def test_nearer_triangles_hide_farther_ones_and_back_faces_are_left_out():
    screen = np.array([[2, 2, 900], [2, 40, 900], [40, 2, 900], [2, 2, 500], [2, 20, 500], [20, 2, 500]], np.float32)
    triangles = np.array([[0, 1, 2], [3, 4, 5], [0, 2, 1]], np.int32)
    texels = np.zeros((6, 3), np.float32)
    texels[3:, 0] = 1
    light = np.ones((6, 3), np.float32)
    texture = np.array([200, 100 << 8], np.uint32)  # a blue texel and a green one
    depth, picture = np.full((45, 45), 1e9, np.float32), np.zeros((45, 45), np.uint32)
    tiles = np.array([[0, 2, 1]], np.int32)
    draw_triangles(screen, np.float32(0), np.float32(0), triangles, texels, light, texture, tiles, depth, picture)
    channels = picture.view(np.uint8).reshape(45, 45, 4)
    assert channels[5, 5].tolist() == [0, 100, 0, 255], "the near, green one"
    assert channels[25, 5].tolist() == [200, 0, 0, 255], "the far, blue one"
    assert channels[40, 40].tolist() == [0, 0, 0, 0]
    columns = np.arange(45)
    inside = (columns[:, None] + columns[None] <= 42) & (columns[:, None] >= 2) & (columns[None] >= 2)
    assert (inside == (channels[..., 3] == 255)).mean() > 0.98


def test_pictures_have_their_cameras_sizes(photographer, moves):
    for shot, height in zip(photographer.draw(moves[0]), HEIGHTS, strict=True):
        image = shot.picture.image()
        assert image.shape == (height, 1000, 3)
        assert shot.mask.shape == (height, 1000)
        assert image.dtype == shot.mask.dtype == np.uint8
        assert set(np.unique(shot.mask)) == {0, 1}
        left, top, right, bottom = shot.box_px
        assert shot.mask.sum() == shot.mask[top:bottom, left:right].sum() > 8000


def test_joints_lie_on_the_mask(photographer, moves, motion, cameras):
    on_mask = []
    for frame in range(0, 90, 9):
        for shot, camera in zip(photographer.draw(moves[frame]), cameras, strict=True):
            joints = world_to_camera(motion.joints_world_mm[frame, EVALUATED], camera)
            column, row = np.rint(camera_to_pixel(joints, camera)).astype(int).T
            on_mask.append(shot.mask[row, column])
    assert np.mean(on_mask) >= 0.97


def test_mask_is_where_the_picture_shows_the_person(photographer, moves):
    """Far from the person the picture is the empty room, bit by bit; on the mask it is not."""
    empty = [picture.image() for picture in photographer.empty((7, 3))]
    for shot, room in zip(photographer.draw(moves[40], moment=(7, 3)), empty, strict=True):
        changed = np.abs(shot.picture.image().astype(int) - room).max(axis=2)
        inside = cv2.erode(shot.mask, np.ones((3, 3), np.uint8)) == 1
        assert (changed[inside] > 4).mean() > 0.93
        rows = np.flatnonzero(shot.mask.any(axis=1))
        above_the_floor = slice(0, rows[0] + (rows[-1] - rows[0]) // 3)
        outside = cv2.dilate(shot.mask, np.ones((7, 7), np.uint8)) == 0
        assert (changed[above_the_floor][outside[above_the_floor]] == 0).all(), (
            "upper bodies change nothing but themselves"
        )


def test_masks_follow_the_silhouette_to_half_a_pixel(photographer, moves, cameras):
    """The mask agrees with the triangles filled by OpenCV on a picture sixteen times as fine."""
    shots = photographer.draw(moves[25])
    for shot, camera in zip(shots, cameras, strict=True):
        points = np.empty_like(photographer._vertices)
        project(photographer._vertices, lens_numbers(camera), np.float32(1), points)
        left, top, right, bottom = shot.box_px
        fine = np.zeros(((bottom - top) * 4, (right - left) * 4), np.uint8)
        corners = (points[photographer.body.triangles][..., :2] + 0.5 - [left, top]) * 4 - 0.5
        for triangle in np.round(corners * 16).astype(np.int32):
            cv2.fillConvexPoly(fine, triangle, 255, shift=4)
        cover = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        found, expected = shot.mask[top:bottom, left:right] == 1, cover >= 128
        assert (found & expected).sum() / (found | expected).sum() > 0.965
        assert not (found & (cv2.dilate(cover, np.ones((3, 3), np.uint8)) == 0)).any()
        assert not (~found & (cv2.erode(cover, np.ones((5, 5), np.uint8)) == 255)).any(), "no holes"


def test_the_floor_is_darker_under_the_person(photographer, moves, motion, cameras):
    empty = [picture.image().astype(float) for picture in photographer.empty((1,))]
    for shot, room, camera in zip(photographer.draw(moves[10], moment=(1,)), empty, cameras, strict=True):
        floor = (
            motion.joints_world_mm[10, [2 + 1, 7 + 1]] * [1, 1, 0] + np.array([[120.0, 90, 0], [-120, -90, 0]])[:, None]
        )
        column, row = np.rint(camera_to_pixel(world_to_camera(floor.reshape(-1, 3), camera), camera)).astype(int).T
        free = shot.mask[row, column] == 0
        darker = room[row, column].mean(axis=1) - shot.picture.image()[row, column].mean(axis=1)
        assert free.sum() >= 2
        assert darker[free].mean() > 5


def test_noise_depends_on_moment_and_camera_only(photographer, moves):
    def pictures(**choice):
        return [shot.picture.image() for shot in photographer.draw(moves[33], **choice)]

    both = pictures(moment=(4, 33))
    photographer.draw(moves[2], moment=(4, 2))
    alone = pictures(moment=(4, 33), views=[1])
    assert np.array_equal(alone[0], both[1])
    other = pictures(moment=(4, 34))
    noise = other[0][:100].astype(int) - both[0][:100]
    assert 1 < noise.std() < 5, "the same room with other noise"


def test_floor_places_are_projected_back_to_their_pixels(cameras):
    for camera in cameras:
        places = floor_places(camera, 4)
        rows, columns = np.nonzero(places[..., 0] < 5000)
        chosen = np.linspace(0, len(rows) - 1, 97).astype(int)
        rows, columns = rows[chosen], columns[chosen]
        points = np.append(places[rows, columns].astype(float), np.zeros((97, 1)), axis=1)
        pixels = camera_to_pixel(world_to_camera(points, camera), camera)
        assert np.abs(pixels - np.stack([columns, rows], axis=1) * 4 - 1.5).max() < 0.6


def test_rooms_differ_by_seed_and_show_straight_lines_bent_by_the_lens(cameras):
    room = draw_room(5)
    first = photograph(room, cameras[0])
    assert np.array_equal(first, photograph(draw_room(5), cameras[0]))
    other = photograph(draw_room(6), cameras[0])
    assert np.abs(first.astype(int) - other).mean() > 5
    assert 60 < first.mean() < 215
    # The edge between floor and far wall, projected, lies on a strong step of brightness or colour.
    x = np.linspace(room.box_mm[0] + 900, room.box_mm[3] - 900, 9)
    edge = np.stack([x, np.full(9, room.box_mm[1]), np.zeros(9)], axis=1)
    pixels = camera_to_pixel(world_to_camera(edge, cameras[0]), cameras[0])
    seen = (pixels[:, 0] > 20) & (pixels[:, 0] < 980)
    column, row = np.rint(pixels[seen]).astype(int).T
    steps = np.abs(first[row - 5, column].astype(int) - first[row + 5, column]).max(axis=1)
    assert np.median(steps) > 12


def test_kernels_are_compiled_for_one_combination_of_types(photographer, moves, cameras):
    """That of the warm-up: processes that share the compiling then find everything, and nothing is compiled twice."""
    for share in SHARES:
        share()
    photographer.draw(moves[12])
    photographer.draw(moves[80], views=[0])
    sideways = dataclasses.replace(cameras[1], rotation=np.asfortranarray(cameras[1].rotation))
    photograph(draw_room(6), sideways, cameras)
    modules = (solids, skinning, rasterizer, lighting, room_rays)
    kernels = [item for module in modules for item in vars(module).values() if hasattr(item, "signatures")]
    assert len({kernel.py_func for kernel in kernels}) >= 10
    for kernel in kernels:
        assert len(kernel.signatures) <= 1, kernel.py_func.__name__
