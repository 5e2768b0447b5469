"""Bodies: their surfaces are closed and true to size, they follow their bones, and their clothes stay whole."""

import numpy as np
import pytest

from preprocessing.capture.anatomy import BONES, RELEASE_SUBJECTS, draw_person
from preprocessing.capture.body import BodyMesh, build_body
from preprocessing.capture.clothing import draw_wardrobe
from preprocessing.capture.gait import walk
from preprocessing.capture.motion import Motion, rest_pose
from preprocessing.capture.skinning import bone_matrices, move
from preprocessing.capture.solids import Shape
from preprocessing.capture.surface import clip, mesh_of, tuck

SUBJECT = "S7"


@pytest.fixture(scope="module")
def body() -> BodyMesh:
    person = draw_person(SUBJECT, 0)
    return build_body(person, draw_wardrobe(person, 0))


def posed(body: BodyMesh, motion: Motion, frame: int) -> np.ndarray:
    """The vertices (n, 3) of a body in one frame of a motion."""
    matrices = bone_matrices(body.rest_rotation, body.rest_origin_mm, motion)[frame].reshape(-1, 12)
    vertices, normals = np.empty_like(body.vertices_mm), np.empty_like(body.normals)
    move(body.vertices_mm, body.normals, body.bones, body.weights, matrices, vertices, normals)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-3)
    return vertices


def volume_litres(mesh) -> float:
    """What a closed mesh holds, positive if its triangles turn outwards."""
    a, b, c = mesh.vertices_mm[mesh.triangles].astype(float).transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6e6)


def test_distances_are_those_of_the_closed_formulas():
    points = np.random.default_rng(0).uniform(-200, 200, (57, 3)).astype(np.float32)
    ball = Shape().cone([10, 20, 30], [10, 20, 90], 40, 40).distance(points)
    nearest = np.stack([np.full(57, 10), np.full(57, 20), np.clip(points[:, 2], 30, 90)], axis=1)
    expected = np.linalg.norm(points - nearest, axis=1) - 40
    assert np.allclose(ball, expected, atol=1e-2)
    tube = [(0.0, 0, 0, 50, 50, 50, 50), (1.0, 0, 0, 50, 50, 50, 50)]
    loft = Shape().loft([0, 0, -300], [0, 0, 300], [1, 0, 0], tube).distance(points)
    assert np.allclose(loft, np.linalg.norm(points[:, :2], axis=1) - 50, atol=0.1)


def test_a_loft_is_wide_where_its_stations_say():
    stations = [(0.0, 0, 0, 60, 90, 30, 40), (1.0, 0, 0, 60, 90, 30, 40)]
    shape = Shape().loft([0, 0, 0], [0, 0, 400], [1, 0, 0], stations)
    edges = np.array([[60, 0, 200], [-90, 0, 200], [0, 30, 200], [0, -40, 200]], np.float32)
    assert np.allclose(shape.distance(edges), 0, atol=0.2)
    assert (shape.distance(edges * np.array([0.9, 0.9, 1])) < -2).all()


def test_smooth_union_holds_both_and_difference_carves():
    both = Shape().ellipsoid([-40, 0, 0], [60, 60, 60]).ellipsoid([40, 0, 0], [60, 60, 60], blend=30)
    assert both.distance(np.array([[0, 55, 0]], np.float32))[0] < 16, "melts into the waist between two balls"
    carved = Shape().ellipsoid([0, 0, 0], [60, 60, 60]).ellipsoid([60, 0, 0], [30, 30, 30], operation=1)
    assert carved.distance(np.array([[45, 0, 0]], np.float32))[0] > 5
    assert carved.distance(np.array([[-45, 0, 0]], np.float32))[0] < -5


@pytest.mark.parametrize("cell_mm", [9.0, 17.0])
def test_meshes_are_closed_turn_outwards_and_lie_on_the_surface(cell_mm):
    shape = Shape().ellipsoid([5, -3, 8], [120, 120, 120])
    mesh = mesh_of(shape, cell_mm)
    edges = np.sort(np.concatenate([mesh.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert volume_litres(mesh) == pytest.approx(4 / 3 * np.pi * 1.2**3, rel=0.02)
    assert np.abs(shape.distance(mesh.vertices_mm)).max() < 0.3
    outward = (mesh.vertices_mm - [5, -3, 8]) / 120
    assert np.allclose(mesh.normals, outward, atol=0.02)


def test_clipping_cuts_along_the_line_and_keeps_the_area_below_it():
    mesh = mesh_of(Shape().ellipsoid([0, 0, 0], [100, 100, 100]), 14.0)
    cut = clip(mesh, 30 - mesh.vertices_mm[:, 2])
    assert cut.vertices_mm[:, 2].max() == pytest.approx(30, abs=1e-3)
    a, b, c = cut.vertices_mm[cut.triangles].astype(float).transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(2 * np.pi * 100 * 130, rel=0.02), "the area of a sphere's zone"
    on_edge = cut.rim_mm == 0
    assert on_edge.sum() > 20
    assert np.allclose(cut.vertices_mm[on_edge, 2], 30, atol=1e-3)


def test_tucking_brings_cloth_under_cloth():
    inner = mesh_of(Shape().ellipsoid([0, 0, 0], [104, 104, 104]), 15.0)
    outer = Shape().ellipsoid([0, 0, 0], [100, 100, 100])
    depth = np.where(inner.vertices_mm[:, 2] > 0, 6.0, 0.0)
    distance = outer.distance(tuck(inner, outer, depth).vertices_mm)
    assert distance[depth > 0].max() < -5
    assert distance[depth == 0].min() > 3


def test_body_stands_on_the_floor_and_is_as_tall_as_the_person(body):
    person = draw_person(SUBJECT, 0)
    low, high = body.vertices_mm[:, 2].min(), body.vertices_mm[:, 2].max()
    assert 0 <= low < 6
    assert person.height_mm - 5 < high < person.height_mm + 55, "hair and soles add to the stature"
    assert len(body.triangles) < 45_000, "the rasteriser's budget"


def test_same_person_and_wardrobe_give_the_same_body(body):
    person = draw_person(SUBJECT, 0)
    again = build_body(person, draw_wardrobe(person, 0))
    for name in ("vertices_mm", "triangles", "weights", "texture", "open_sky"):
        assert np.array_equal(getattr(again, name), getattr(body, name)), name


def test_weights_sum_to_one_and_texels_lie_on_their_tiles(body):
    assert np.allclose(body.weights.sum(axis=1), 1, atol=1e-5)
    assert body.bones.min() >= 0
    assert body.bones.max() < len(BONES)
    sizes = body.tiles[body.texels[:, 2].astype(int), 1:]
    assert (body.texels[:, :2] >= 0).all()
    assert (body.texels[:, :2] <= sizes - 1).all()
    tiles_of_corners = body.texels[body.triangles][..., 2]
    assert (tiles_of_corners == tiles_of_corners[:, :1]).all(), "no triangle spans two tiles"


def test_rest_pose_leaves_the_body_as_it_was_built(body):
    vertices = posed(body, rest_pose(draw_person(SUBJECT, 0)), 0)
    assert np.allclose(vertices, body.vertices_mm, atol=0.02)


def test_turning_all_bones_turns_the_body(body):
    rest = rest_pose(draw_person(SUBJECT, 0))
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    shift = np.array([310.0, -70, 20])
    turned = Motion(
        rest.joints_world_mm @ turn.T + shift,
        turn @ rest.bone_rotation,
        rest.bone_origin_mm @ turn.T + shift,
        rest.flat_foot,
        50.0,
    )
    assert np.allclose(posed(body, turned, 0), body.vertices_mm @ turn.T + shift, atol=0.05)


def test_hands_and_feet_move_rigidly_with_their_bones(body):
    motion = walk(draw_person(SUBJECT, 0), 60, seed=4)
    vertices = posed(body, motion, 37)
    for bone in ("left hand", "right foot"):
        mine = (body.bones[:, 0] == BONES.index(bone)) & (body.weights[:, 0] > 0.999)
        assert mine.sum() > 100
        number = BONES.index(bone)
        local = (body.vertices_mm[mine] - body.rest_origin_mm[number]) @ body.rest_rotation[number]
        expected = local @ motion.bone_rotation[37, number].T + motion.bone_origin_mm[37, number]
        assert np.allclose(vertices[mine], expected, atol=0.3)


def test_walking_tears_nothing(body):
    motion = walk(draw_person(SUBJECT, 0), 50, seed=4)
    corners = body.vertices_mm[body.triangles]
    rest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    for frame in (3, 17, 31, 44):
        moved = posed(body, motion, frame)[body.triangles]
        longest = np.linalg.norm(moved - np.roll(moved, 1, axis=1), axis=2).max(axis=1)
        assert (longest - rest).max() < 90, "a triangle torn between two limbs would span them"
        assert np.percentile(longest - rest, 99.5) < 16


def test_legs_are_not_glued_together(body):
    """No triangle below the crotch belongs to both legs."""
    left, right = (np.zeros(len(body.weights)) for _ in range(2))
    for side, share in (("left", left), ("right", right)):
        for limb in ("thigh", "shank", "foot", "toes"):
            share += np.where(body.bones == BONES.index(f"{side} {limb}"), body.weights, 0).sum(axis=1)
    knees = body.rest_origin_mm[BONES.index("left shank"), 2]
    low = body.vertices_mm[body.triangles][..., 2].max(axis=1) < knees + 150
    both = (left[body.triangles] > 0.02).any(axis=1) & (right[body.triangles] > 0.02).any(axis=1)
    assert low.sum() > 3000
    assert not (low & both).any()


def test_release_subjects_wear_different_colours_and_every_seed_another_wardrobe():
    wardrobes = [draw_wardrobe(draw_person(name, 0), 0) for name in RELEASE_SUBJECTS]
    colours = np.array([wardrobe.top_colour for wardrobe in wardrobes])
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)[~np.eye(len(colours), dtype=bool)]
    assert apart.min() > 25
    person = draw_person("S104", 0)
    assert draw_wardrobe(person, 3) == draw_wardrobe(person, 3)
    assert draw_wardrobe(person, 3) != draw_wardrobe(person, 4)


def test_heavier_people_are_wider():
    people = [draw_person(f"S{number}", 0) for number in range(101, 140)]
    slim, heavy = min(people, key=lambda person: person.build), max(people, key=lambda person: person.build)
    girths = []
    for person in (slim, heavy):
        mesh = build_body(person, draw_wardrobe(person, 0))
        waist = np.abs(mesh.shadow_vertices_mm[:, 2] / person.height_mm - 0.62) < 0.03
        near = waist & (np.abs(mesh.shadow_vertices_mm[:, 1]) < 260)
        girths.append(np.ptp(mesh.shadow_vertices_mm[near, 0]) / person.height_mm)
    assert girths[1] > 1.15 * girths[0]
