"""Walking people: do feet stand still, knees bend, arms swing and bones keep their lengths as real ones do?"""

import functools
import itertools

import numpy as np
import pytest

from h36m_pose.skeleton import EVALUATED, PARENTS_32
from preprocessing.capture.anatomy import BONES, RELEASE_SUBJECTS, SIDES, clothed_half_widths_mm, draw_person, seeded
from preprocessing.capture.gait import walk, walk_on
from preprocessing.capture.motion import BONE_INDEX, Motion, rest_pose
from preprocessing.capture.paths import PATHS, WalkingPath, draw_path

WALKS = [
    ("S1", "there and back", 1),
    ("S5", "ellipse right", 2),
    ("S8", "figure eight", 3),
    ("S9", "wander", 4),
    ("S11", "there and back", 5),
    ("S107", "ellipse left", 6),
    ("S112", "wander", 7),
    ("S131", "figure eight", 8),
]
every_walk = pytest.mark.parametrize(("name", "path", "seed"), WALKS)
FOOT_JOINTS = {"left": (8, 9, 10), "right": (3, 4, 5)}
KNEE_OF_MANY = np.array(
    [5.5, 18.9, 16.9, 10.8, 6.8, 11.6, 34.1, 59.4, 50.8, 19.0],
)
"""Mean knee flexion in degrees at 0, 10, ... 90 % of the stride, after Schwartz et al., J. Biomechanics 41 (2008)."""


@functools.cache
def walked(name: str, path: str, seed: int) -> Motion:
    return walk(draw_person(name, 0), 500, seed=seed, path=path)


@functools.cache
def walked_straight(name: str) -> Motion:
    """Along a circle of 100 m radius, where nothing turns."""
    angle = np.linspace(0, 2 * np.pi, 1600, endpoint=False)
    route = WalkingPath(1e5 * np.stack([np.cos(angle), np.sin(angle)], axis=-1))
    return walk_on(route, draw_person(name, 0), 400, seeded("straight", name), 50.0)


def knee_degrees(motion: Motion, side: str) -> np.ndarray:
    thigh = motion.bone_rotation[:, BONE_INDEX[f"{side} thigh"], :, 2]
    shank = motion.bone_rotation[:, BONE_INDEX[f"{side} shank"], :, 2]
    return np.degrees(np.arccos(np.clip(np.sum(thigh * shank, axis=-1), -1, 1)))


def strides(motion: Motion, side: str) -> list[tuple[int, int]]:
    """From one foot-flat to the next, as (first frame, frame after the last)."""
    flat = motion.flat_foot[:, SIDES.index(side)].astype(int)
    starts = np.flatnonzero(np.diff(flat) == 1) + 1
    return list(itertools.pairwise(starts))


def sole_mm(motion: Motion, name: str, side: str) -> np.ndarray:
    """Heights of heel, ball and tip of the toes, their undersides, (frames, 3)."""
    lengths = draw_person(name, 0).lengths_mm
    foot, toes = BONE_INDEX[f"{side} foot"], BONE_INDEX[f"{side} toes"]
    origin, turned = motion.bone_origin_mm, motion.bone_rotation
    heel = origin[:, foot] + turned[:, foot] @ np.array([-lengths.heel, 0, -lengths.ankle_height])
    ball = origin[:, toes, 2] - lengths.ball_height
    tip = (origin[:, toes] + turned[:, toes] @ np.array([lengths.toes, 0, 0]))[:, 2] - lengths.ball_height
    return np.stack([heel[:, 2], ball, tip], axis=-1)


@every_walk
def test_flat_feet_stand_still(name, path, seed):
    motion = walked(name, path, seed)
    for column, side in enumerate(SIDES):
        still = motion.flat_foot[1:, column] & motion.flat_foot[:-1, column]
        speed = 50 * np.linalg.norm(np.diff(motion.joints_world_mm[:, FOOT_JOINTS[side]], axis=0), axis=-1)
        assert speed[still].max() < 60
        assert 0.2 < motion.flat_foot[:, column].mean() < 0.4


@every_walk
def test_feet_neither_sink_nor_float(name, path, seed):
    motion = walked(name, path, seed)
    soles = [sole_mm(motion, name, side) for side in SIDES]
    assert np.min(soles) > -3
    assert np.max(np.min([sole.min(axis=-1) for sole in soles], axis=0)) < 3  # one foot is always down
    for column, sole in enumerate(soles):
        assert np.abs(sole[motion.flat_foot[:, column]]).max() < 3


@every_walk
def test_feet_do_not_pass_through_each_other(name, path, seed):
    joints = walked(name, path, seed).joints_world_mm

    def along_foot(side: str) -> np.ndarray:
        ankle, ball, tip = (joints[:, joint] for joint in FOOT_JOINTS[side])
        return np.stack([ankle, (2 * ankle + ball) / 3, (ankle + 2 * ball) / 3, ball, tip], axis=1)

    between = along_foot("left")[:, :, None] - along_foot("right")[:, None]
    assert np.linalg.norm(between, axis=-1).min() > 55


@pytest.mark.parametrize("name", [*RELEASE_SUBJECTS, "S107", "S112", "S131"])
def test_knees_bend_as_far_as_people_s(name):
    motion = walked_straight(name)
    peaks, stance, curves = [], [], []
    for side in SIDES:
        knee = knee_degrees(motion, side)
        for first, end in strides(motion, side):
            peaks.append(knee[first:end].max())
            stance.append(knee[first : first + (end - first) // 5].max())
            phase = np.mod(np.arange(0, 100, 10) - 9, 100) / 100
            curves.append(np.interp(phase * (end - first), np.arange(end - first), knee[first:end]))
    assert len(peaks) >= 8
    assert 60 <= np.median(peaks) <= 66
    assert 12 <= np.median(stance) <= 22
    assert np.sqrt(np.mean((np.mean(curves, axis=0) - KNEE_OF_MANY) ** 2)) < 6


@every_walk
def test_knees_never_lock_or_collapse(name, path, seed):
    motion = walked(name, path, seed)
    for side in SIDES:
        knee = knee_degrees(motion, side)
        assert knee.min() > 1.5
        assert knee.max() < 85
        assert 58 <= np.median([knee[first:end].max() for first, end in strides(motion, side)]) <= 70
        assert np.abs(np.diff(knee)).max() < 14  # degrees in 20 ms; people reach about 9
        ankle = (
            motion.bone_rotation[:, BONE_INDEX[f"{side} shank"]],
            motion.bone_rotation[:, BONE_INDEX[f"{side} thigh"]],
        )
        forward = np.einsum("nij,ni->nj", ankle[1], -ankle[0][:, :, 2])[:, 0]
        assert forward.max() < 1e-9  # the shank never points forward of the thigh


@every_walk
def test_arms_swing_with_the_other_side_s_leg(name, path, seed):
    motion = walked(name, path, seed)
    facing = motion.bone_rotation[:, 0, :, 0]

    def forward(bone: str) -> np.ndarray:
        return -np.sum(motion.bone_rotation[:, BONE_INDEX[bone], :, 2] * facing, axis=-1)

    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        assert np.corrcoef(forward(f"{side} upper arm"), forward(f"{other} thigh"))[0, 1] > 0.8
        assert np.corrcoef(forward(f"{side} upper arm"), forward(f"{side} thigh"))[0, 1] < -0.5


@every_walk
def test_wrists_pass_the_hips_at_a_distance(name, path, seed):
    motion, person = walked(name, path, seed), draw_person(name, 0)
    _, half_width = clothed_half_widths_mm(person.height_mm, person.build)
    for wrist, sign in ((19, 1), (27, -1)):
        away = motion.joints_world_mm[:, wrist] - motion.joints_world_mm[:, 0]
        inside = np.einsum("nij,ni->nj", motion.bone_rotation[:, 0], away)
        beside = np.abs(inside[:, 0]) < 130
        assert (sign * inside[beside, 1]).min() > half_width + 8


@every_walk
def test_nothing_jerks(name, path, seed):
    joints = walked(name, path, seed).joints_world_mm[:, EVALUATED]
    acceleration = np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1) * 2.5  # m/s2
    assert np.percentile(acceleration, 99.9) < 80
    assert np.percentile(acceleration, 99) < 45


@every_walk
def test_pelvis_is_at_a_human_height(name, path, seed):
    height = walked(name, path, seed).joints_world_mm[:, 0, 2]
    assert 0.51 < height.mean() / draw_person(name, 0).height_mm < 0.57
    assert 8 < np.ptp(height) / 2 < 35


@every_walk
def test_bones_keep_their_lengths_and_both_sides_agree(name, path, seed):
    joints = walked(name, path, seed).joints_world_mm
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS_32[1:])], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-6
    right, left = list(range(5)) + list(range(23, 31)), list(range(5, 10)) + list(range(15, 23))
    np.testing.assert_allclose(lengths[:, right], lengths[:, left], atol=1e-6)


def test_joints_recorded_twice_are_at_one_place():
    joints = walked(*WALKS[0]).joints_world_mm
    for same in ((13, 16, 24), (19, 20), (27, 28), (22, 23), (30, 31), (0, 11)):
        for joint in same[1:]:
            np.testing.assert_array_equal(joints[:, joint], joints[:, same[0]])


@every_walk
def test_bones_are_rotations_that_start_at_their_joints(name, path, seed):
    motion = walked(name, path, seed)
    product = motion.bone_rotation @ np.swapaxes(motion.bone_rotation, -1, -2)
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), product.shape), atol=1e-9)
    assert np.linalg.det(motion.bone_rotation).min() > 0.999
    starts = {"left thigh": 6, "left foot": 8, "right shank": 2, "right forearm": 26, "left hand": 19, "head": 13}
    for bone, joint in starts.items():
        np.testing.assert_array_equal(motion.bone_origin_mm[:, BONE_INDEX[bone]], motion.joints_world_mm[:, joint])


@every_walk
def test_walkers_face_where_they_go_and_stay_in_the_room(name, path, seed):
    motion = walked(name, path, seed)
    pelvis = motion.joints_world_mm[:, 0, :2]
    velocity = np.gradient(pelvis, axis=0)
    facing = motion.bone_rotation[:, 0, :2, 0]
    cosine = np.sum(velocity * facing, axis=-1) / np.linalg.norm(velocity, axis=-1) / np.linalg.norm(facing, axis=-1)
    assert np.median(cosine) > 0.95
    assert 500 < 50 * np.median(np.linalg.norm(velocity, axis=-1)) < 1600
    assert (np.abs(pelvis) < np.array([1700, 2200])).all()


def test_same_arguments_give_the_same_bytes_and_others_do_not():
    person = draw_person("S104", 3)
    first, again = (walk(person, 40, seed=5) for _ in range(2))
    assert first.joints_world_mm.tobytes() == again.joints_world_mm.tobytes()
    assert first.bone_rotation.tobytes() == again.bone_rotation.tobytes()
    assert not np.allclose(first.joints_world_mm, walk(person, 40, seed=6).joints_world_mm)


def test_lower_rates_sample_the_same_walk():
    person = draw_person("S6", 0)
    fast, slow = walk(person, 100, seed=9, path="wander"), walk(person, 20, seed=9, path="wander", fps=10.0)
    assert slow.fps == 10
    np.testing.assert_array_equal(slow.joints_world_mm.shape, (20, 32, 3))
    np.testing.assert_allclose(
        np.ptp(slow.joints_world_mm[:, 0, :2], axis=0), np.ptp(fast.joints_world_mm[::5, 0, :2], axis=0)
    )
    np.testing.assert_array_equal(slow.joints_world_mm, fast.joints_world_mm[::5])


def test_an_odd_rate_is_refused():
    with pytest.raises(ValueError, match="50 divided by"):
        walk(draw_person("S1", 0), 10, seed=0, fps=30.0)


def test_people_differ_and_stay_themselves():
    people = [draw_person(name, 0) for name in (*RELEASE_SUBJECTS, *(f"S{number}" for number in range(101, 161)))]
    heights = np.array([person.height_mm for person in people])
    assert len(set(heights)) == len(people)
    assert heights.min() >= 1500
    assert heights.max() <= 1980
    assert np.ptp(heights) > 250
    assert {person.sex for person in people} == {"female", "male"}
    assert np.ptp([person.build for person in people]) > 0.25
    assert np.ptp([person.gait.cadence_per_min for person in people]) > 12
    assert draw_person("S9", 0) == draw_person("S9", 7)
    assert draw_person("S140", 0) == draw_person("S140", 0)
    assert draw_person("S140", 0) != draw_person("S140", 7)


@pytest.mark.parametrize("name", ["S1", "S8", "S103"])
def test_rest_pose_stands_on_the_floor(name):
    person = draw_person(name, 0)
    rest = rest_pose(person)
    joints = rest.joints_world_mm[0]
    for side in SIDES:
        np.testing.assert_allclose(sole_mm(rest, name, side), 0, atol=1e-9)
    assert abs(joints[15, 2] - person.height_mm) < 30
    np.testing.assert_allclose(joints[6] - joints[1], [0, 2 * person.lengths_mm.hip_offset, 0], atol=1e-9)
    arm = joints[19] - joints[17]
    np.testing.assert_allclose(np.degrees(np.arctan2(arm[1], -arm[2])), 30)
    np.testing.assert_array_equal(rest.bone_rotation[0, BONES.index("left thigh")], np.eye(3))


@pytest.mark.parametrize("name", PATHS)
def test_paths_close_and_their_headings_follow_them(name):
    path = draw_path(name, np.random.default_rng(0))
    walked_mm = np.linspace(0, 2.5 * path.length_mm, 700)
    np.testing.assert_allclose(path.position_mm(walked_mm), path.position_mm(walked_mm + path.length_mm), atol=1e-6)
    ahead = path.position_mm(walked_mm + 1) - path.position_mm(walked_mm - 1)
    heading = path.heading(walked_mm)
    cosine = (ahead[:, 0] * np.cos(heading) + ahead[:, 1] * np.sin(heading)) / np.linalg.norm(ahead, axis=-1)
    assert cosine.min() > 0.999
    assert np.abs(np.diff(heading)).max() < 0.3  # no jumps by a whole turn
    np.testing.assert_allclose(np.linalg.norm(ahead, axis=-1), 2, rtol=0.02)


def test_unknown_path_is_refused():
    with pytest.raises(ValueError, match="there and back"):
        draw_path("moonwalk", np.random.default_rng(0))
