"""The check without ground truth: real walks pass, and each fault is found where it was put, and not elsewhere."""

import functools

import numpy as np
import pytest

from h36m_pose import trust
from h36m_pose.skeleton import EVALUATED, MIRRORED
from preprocessing.capture.anatomy import draw_person
from preprocessing.capture.gait import walk

FPS = 50.0
FRAMES = 240


@functools.cache
def walked(name: str = "S11", path: str = "ellipse right", seed: int = 3) -> np.ndarray:
    """A true walk, (240, 17, 3) mm, relative to the pelvis."""
    joints = walk(draw_person(name, 0), FRAMES, seed=seed, path=path).joints_world_mm[:, EVALUATED]
    return joints - joints[:, :1]


def codes_of(joints: np.ndarray, mirrored: np.ndarray | None = None, fps: float = FPS) -> dict[str, list[int]]:
    """The flags that are set, each with its frames."""
    result = trust.check(joints, fps, mirrored)
    return {code: np.flatnonzero(flags).tolist() for code, flags in result.flagged.items() if flags.any()}


@pytest.mark.parametrize("name", ["S1", "S8", "S9", "S104", "S131"])
@pytest.mark.parametrize("path", ["there and back", "wander"])
def test_true_walks_have_no_flag(name, path):
    joints = walked(name, path, 5)
    assert codes_of(joints, joints) == {}
    for step in (2, 5):
        assert codes_of(joints[::step], fps=FPS / step) == {}


def longer_shank(joints):
    joints[50:53, 3] += 0.4 * (joints[50:53, 3] - joints[50:53, 2])


def folded_elbow(joints):
    joints[50:53, 13] = joints[50:53, 11] + 0.1 * (joints[50:53, 12] - joints[50:53, 11])


def hanging_head(joints):
    joints[50:53, 9:11] = joints[50:53, 8, None] - (joints[50:53, 9:11] - joints[50:53, 8, None])


def turned_shoulders(joints):
    joints[50:53, 11:17] = joints[50:53][:, [14, 15, 16, 11, 12, 13]]


def swapped_legs(joints):
    joints[50:53, 1:7] = joints[50:53][:, [4, 5, 6, 1, 2, 3]]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (longer_shank, "bone_length"),
        (longer_shank, "asymmetry"),
        (folded_elbow, "elbow"),
        (hanging_head, "neck"),
        (turned_shoulders, "twist"),
        (swapped_legs, "twist"),
    ],
)
def test_a_fault_of_the_pose_is_found_where_it_is(spoil, code):
    joints = walked().copy()
    spoil(joints)
    assert codes_of(joints)[code] == [50, 51, 52]


def test_knees_that_bend_the_wrong_way_are_told_from_bent_ones():
    joints = walked()
    hip, knee = joints[:, 1], joints[:, 2]
    thigh = (knee - hip) / np.linalg.norm(knee - hip, axis=1, keepdims=True)
    forward = np.cross(joints[:, 1] - joints[:, 4], thigh)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    length = np.linalg.norm(joints[:, 3] - knee, axis=1, keepdims=True)
    for degrees, flagged in ((60, True), (15, False), (-60, False), (-140, False), (-175, True)):
        bent = joints.copy()
        angle = np.deg2rad(degrees)
        bent[:, 3] = knee + length * (np.cos(angle) * thigh + np.sin(angle) * forward)
        assert ("knee" in codes_of(bent)) == flagged, degrees


def test_faults_over_time_are_found():
    joints = walked().copy()
    joints[100:] = joints[100:, :] * [-1.0, -1.0, 1.0]  # suddenly faces the other way
    assert codes_of(joints)["jump"] == [100]
    shaky = walked() + np.random.default_rng(0).normal(0, 30, (FRAMES, 17, 3))
    assert len(codes_of(shaky)["jitter"]) > 0.9 * FRAMES
    still = walked().copy()
    still[60:72] = still[60]
    assert codes_of(still)["frozen"] == list(range(61, 72))
    still[60:66] = walked()[60:66]
    still[66:72] = still[66]
    assert "frozen" not in codes_of(still)  # a tenth of a second is no sign


def test_mirrored_predictions_are_compared_in_the_picture_s_own_sides():
    joints = walked()
    seen_in_mirror = joints[:, MIRRORED] * [-1, 1, 1]
    np.testing.assert_array_equal(trust.mirror_back(seen_in_mirror), joints)
    other = joints.copy()
    other[7, 1:] += 100.0
    assert codes_of(joints, other) == {"mirror": [7]}


def test_of_averaged_predictions_the_disagreement_is_that_of_the_two_that_were_averaged():
    joints = walked()
    twins = joints + np.random.default_rng(0).normal(0, 20, joints.shape) * (np.arange(17) > 0)[:, None]
    apart = trust.check(joints, FPS, twins).values["mirror"]
    averaged = trust.check((joints + twins) / 2, FPS, twins, averaged=True).values["mirror"]
    np.testing.assert_allclose(averaged, apart, rtol=1e-6)
    assert apart.min() > 20


def test_gaps_are_neither_flagged_nor_bridged():
    joints = walked().copy()
    joints[50:60] = np.nan
    joints[60:] = joints[60:] * [-1.0, -1.0, 1.0]  # nobody can tell what happened in between
    result = trust.check(joints, FPS)
    assert not result.any_flag.any() and result.poses == FRAMES - 10
    assert trust.check(np.full((4, 17, 3), np.nan), FPS).poses == 0
    assert trust.check(joints[:0], FPS).lines() == ["trust check without ground truth: 0 of 0 poses flagged"]


def test_what_people_and_programs_read():
    joints = walked().copy()
    longer_shank(joints)
    joints[200, 3] += 0.4 * (joints[200, 3] - joints[200, 2])
    result = trust.check(joints, FPS)
    lines = result.lines()
    flagged = int(result.any_flag.sum())
    assert lines[0] == f"trust check without ground truth: {flagged} of 240 poses flagged" and flagged >= 4
    assert any(line.startswith("  bone_length: ") and line.endswith("; frames 50 to 52, 200") for line in lines)
    found = result.to_json()["checks"]["bone_length"]
    assert found["flagged"] == [50, 51, 52, 200] and found["worst"] == pytest.approx(40, abs=1)
    assert found["median"] < 1
    bone, spread = trust.worst_bone(joints)
    assert bone == "right knee to right ankle" and 3 < spread < 8


def test_spans_in_words():
    frames = np.zeros(40, bool)
    frames[[3]] = True
    assert trust.spans_in_words(frames) == "frame 3"
    frames[[10, 11, 12, 20, 24, 26, 28, 30, 31]] = True
    assert trust.spans_in_words(frames) == "frames 3, 10 to 12, 20, 24, 30 to 31 and 2 more places"
