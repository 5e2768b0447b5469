"""Motion from outside: CMU skeletons whose poses are known by hand, and joints stored in an .npz."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from h36m_pose.errors import InputError
from h36m_pose.skeleton import PARENTS_32
from preprocessing.capture.anatomy import BONES, SIDES, draw_person
from preprocessing.capture.cmu_mocap import place_ends, read_frames, read_skeleton, turn_bones
from preprocessing.capture.gait import walk
from preprocessing.capture.motion import BONE_INDEX, rest_pose
from preprocessing.capture.outside_motion import read_motion

HEADER = """# a comment
:version 1.10
:name TEST
:units
  mass 1.0
  length {unit}
  angle {angle}
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
"""

TWO_BONES = """  begin
     id 1
     name upper
     direction 0 -2 0
     length 3
     axis 0 0 0 XYZ
    dof rx
    limits (-160.0 20.0)
  end
  begin
     id 2
     name lower
     direction 1 0 0
     length 5
     axis 0 0 {quarter} XYZ
    dof rx
    limits (-10.0 170.0)
  end
:hierarchy
  begin
    root upper
    upper lower
  end
"""

AMC_HEADER = ":FULLY-SPECIFIED\n:DEGREES\n"

PERSON = {  # name: (parent, direction and length in inches of 0.45 units: y up, x left, z forward)
    "lhipjoint": ("root", (1.6, -1.0, 0.0)),
    "lfemur": ("lhipjoint", (0.0, -7.4, 0.0)),
    "ltibia": ("lfemur", (0.0, -7.3, 0.0)),
    "lfoot": ("ltibia", (0.0, -1.0, 2.2)),
    "ltoes": ("lfoot", (0.0, 0.0, 1.1)),
    "lowerback": ("root", (0.0, 2.1, 0.0)),
    "upperback": ("lowerback", (0.0, 2.1, 0.0)),
    "thorax": ("upperback", (0.0, 2.1, 0.0)),
    "lowerneck": ("thorax", (0.0, 1.5, 0.2)),
    "upperneck": ("lowerneck", (0.0, 1.5, 0.3)),
    "head": ("upperneck", (0.0, 1.6, -0.2)),
    "lclavicle": ("thorax", (3.2, 0.8, 0.0)),
    "lhumerus": ("lclavicle", (0.0, -5.0, 0.0)),
    "lradius": ("lhumerus", (0.0, -3.6, 0.3)),
    "lwrist": ("lradius", (0.0, -1.5, 0.0)),
    "lhand": ("lwrist", (0.0, -0.8, 0.0)),
    "lthumb": ("lwrist", (0.0, -0.6, 0.7)),
}
PERSON |= {
    "r" + name[1:]: (parent if parent in ("root", "thorax") else "r" + parent[1:], (-x, y, z))
    for name, (parent, (x, y, z)) in PERSON.items()
    if name.startswith("l") and name not in ("lowerback", "lowerneck")
}
MM = 25.4 / 0.45


def write_two_bones(folder, unit=0.45, angle="deg"):
    quarter = 90 if angle == "deg" else np.pi / 2
    path = folder / "07.asf"
    path.write_text(HEADER.format(unit=unit, angle=angle) + TWO_BONES.format(quarter=quarter))
    return path


def write_person(path, leave_out=()):
    blocks = []
    for number, (name, (_, offset)) in enumerate(PERSON.items(), start=1):
        if name not in leave_out:
            direction = " ".join(str(value) for value in offset)
            length = float(np.linalg.norm(offset))
            moving = "    dof rx ry rz\n" if name.endswith(("femur", "humerus")) else ""
            blocks.append(
                f"  begin\n  id {number}\n  name {name}\n  direction {direction}\n  length {length}\n"
                f"  axis 0 0 20 XYZ\n{moving}  end\n"
            )
    joined = [f"{parent} {name}" for name, (parent, _) in PERSON.items() if name not in leave_out]
    hierarchy = ":hierarchy\n  begin\n" + "".join(f"    {line}\n" for line in joined) + "  end\n"
    path.write_text(HEADER.format(unit=0.45, angle="deg") + "".join(blocks) + hierarchy)


def write_walk(path, frames=121, speed=10.0, heading=(0.6, 0.8), swing=25.0):
    """A stiff walk at `speed` file units a second towards `heading` (x, z), legs swinging once a second."""
    yaw = np.degrees(np.arctan2(heading[0], heading[1]))
    lines = [AMC_HEADER]
    for frame in range(frames):
        time = frame / 120
        angle = swing * np.sin(2 * np.pi * time)
        x, z = 3 + speed * time * heading[0], -8 + speed * time * heading[1]
        lines.append(f"{frame + 1}\nroot {x} 31.5 {z} 0 {yaw} 0\n")
        lines.append(f"lfemur {-angle} 0 0\nrfemur {angle} 0 0\nlhumerus {angle} 0 0\nrhumerus {-angle} 0 0\n")
    path.write_text("".join(lines))


def test_two_bones_stand_where_they_do_on_paper(tmp_path):
    skeleton = read_skeleton(write_two_bones(tmp_path))
    (tmp_path / "07_01.amc").write_text(
        AMC_HEADER
        + "1\nroot 1 2 4 0 0 0\nupper 90\nlower 90\n"
        + "2\nroot 1 2 4 90 0 90\nupper 0\nlower 0\n"
        + "3\nroot 0 0 0 0 0 0\nupper 0\nlower 30\n"
    )
    root_mm, turned = turn_bones(skeleton, read_frames(tmp_path / "07_01.amc", skeleton))
    ends = place_ends(skeleton, root_mm, turned) / MM
    # upper turns down to backward; lower's own x axis is the world's y: it turns x to -z and is carried on to up
    np.testing.assert_allclose(ends[0], [[1, 2, 4], [1, 2, 1], [1, 7, 1]], atol=1e-9)
    # the root turns about x first and then about z: down goes backward and stays so; x goes to y
    np.testing.assert_allclose(ends[1], [[1, 2, 4], [1, 2, 1], [1, 7, 1]], atol=1e-9)
    np.testing.assert_allclose(ends[2, 2], [5 * np.cos(np.pi / 6), -3, -2.5], atol=1e-9)


def test_units_of_length_and_angle_come_from_the_file(tmp_path):
    skeleton = read_skeleton(write_two_bones(tmp_path, unit=1.0, angle="rad"))
    (tmp_path / "a.amc").write_text(f"1\nroot 1 0 0 0 0 0\nupper {np.pi / 2}\nlower 0\n" * 2)
    ends = place_ends(skeleton, *turn_bones(skeleton, read_frames(tmp_path / "a.amc", skeleton)))
    np.testing.assert_allclose(ends[1, 1], [25.4, 0, -3 * 25.4], atol=1e-9)


def test_cmu_walk_is_laid_into_the_room(tmp_path):
    write_person(tmp_path / "07.asf")
    write_walk(tmp_path / "07_01.amc")
    person, motion = read_motion(tmp_path / "07_01.amc")
    joints = motion.joints_world_mm
    assert motion.fps == 50
    assert len(motion) == 51
    pelvis = joints[:, 0]
    np.testing.assert_allclose(np.gradient(pelvis[:, 1]) * 50, 10 * MM, rtol=1e-6)  # straight along y
    np.testing.assert_allclose(pelvis[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(pelvis[0, 1], -pelvis[-1, 1])
    hips = joints[:, [1, 6]].mean(axis=1)
    np.testing.assert_allclose(pelvis, hips, atol=1e-9)  # and not CMU's root, which lies 1.0 higher
    np.testing.assert_allclose((joints[:, 12, 2] - pelvis[:, 2]).mean(), (1.0 + 2.1) * MM)
    assert (joints[:, 6, 0] < joints[:, 1, 0] - 100).all()  # who walks towards y has the left hip at -x
    assert (joints[:, 15, 2] > joints[:, 0, 2]).all()
    assert 10 < joints[:, [4, 9], 2].min() < 30  # feet on the floor
    forward = motion.bone_rotation[:, 0, :, 0]
    np.testing.assert_allclose(forward, np.broadcast_to([0, 1, 0], forward.shape), atol=1e-6)
    assert person.name == "07_01"
    np.testing.assert_allclose(person.lengths_mm.thigh, 7.4 * MM)
    np.testing.assert_allclose(person.lengths_mm.upper_arm, 5.0 * MM)
    np.testing.assert_allclose(person.lengths_mm.hip_offset, 1.6 * MM)
    np.testing.assert_allclose(person.lengths_mm.shoulder_drop, -0.8 * MM)


def test_resampling_keeps_angles_and_bone_lengths(tmp_path):
    write_person(tmp_path / "07.asf")
    write_walk(tmp_path / "07_01.amc")
    joints = read_motion(tmp_path / "07_01.amc")[1].joints_world_mm
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, list(PARENTS_32[1:])], axis=-1)
    assert np.ptp(lengths, axis=0).max() < 1e-6
    thigh = joints[:, 7] - joints[:, 6]
    swing = np.degrees(np.arctan2(thigh[:, 1], -thigh[:, 2]))
    # own axes are turned by 20 degrees about z, so the swing is tilted sideways and a little shorter seen from the side
    wanted = 25 * np.sin(2 * np.pi * np.arange(51) / 50)
    assert np.abs(swing - wanted).max() < 2.5
    assert np.corrcoef(swing, wanted)[0, 1] > 0.9999


def test_long_walks_are_cut_to_the_room(tmp_path):
    write_person(tmp_path / "07.asf")
    write_walk(tmp_path / "07_01.amc", frames=1201, speed=20.0)
    motion = read_motion(tmp_path / "07_01.amc")[1]
    assert np.abs(motion.joints_world_mm[:, 0, 1]).max() < 2500
    assert len(motion) == pytest.approx(5000 / (20 * MM) * 50, abs=2)


def test_skeleton_is_found_by_stem_or_prefix_or_alone(tmp_path):
    write_walk(tmp_path / "07_01.amc")
    with pytest.raises(InputError, match=r"0 \.asf files beside it"):
        read_motion(tmp_path / "07_01.amc")
    write_person(tmp_path / "someone.asf")
    assert len(read_motion(tmp_path / "07_01.amc")[1]) == 51
    (tmp_path / "other.asf").write_text(":units\n")
    with pytest.raises(InputError, match=r"2 \.asf files beside it"):
        read_motion(tmp_path / "07_01.amc")
    write_person(tmp_path / "07.asf")
    assert len(read_motion(tmp_path / "07_01.amc")[1]) == 51


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda f: (f / "07.asf").write_text("nothing"), "cannot be read"),
        (lambda f: write_person(f / "07.asf", leave_out=("lthumb",)), "without lthumb"),
        (lambda f: (f / "07_01.amc").write_text("1\nroot 1 2 3 4 5 6\nnose 3\n"), "line 3: 'nose 3'"),
        (lambda f: (f / "07_01.amc").write_text("1\nroot 1 2\n"), "line 2"),
        (lambda f: (f / "07_01.amc").write_text("1\nroot 1 2 x 4 5 6\n"), "line 2"),
        (lambda f: (f / "07_01.amc").write_text(AMC_HEADER), "0 frames a bone"),
        (lambda f: (f / "07_01.amc").unlink(), "no such file"),
    ],
)
def test_broken_cmu_files_are_named(tmp_path, break_it, words):
    write_person(tmp_path / "07.asf")
    write_walk(tmp_path / "07_01.amc", frames=20)
    break_it(tmp_path)
    with pytest.raises(InputError, match=words):
        read_motion(tmp_path / "07_01.amc")


@pytest.mark.parametrize(("name", "path"), [("S8", "ellipse left"), ("S103", "there and back")])
def test_joints_alone_give_back_the_walk(tmp_path, name, path):
    person = draw_person(name, 0)
    walked = walk(person, 300, seed=3, path=path)
    np.savez(tmp_path / "walk.npz", joints_world_mm=walked.joints_world_mm, fps=50.0)
    stranger, motion = read_motion(tmp_path / "walk.npz")
    np.testing.assert_array_equal(motion.joints_world_mm, walked.joints_world_mm)
    np.testing.assert_allclose(motion.bone_origin_mm, walked.bone_origin_mm, atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(motion.bone_rotation), 1)
    for index, bone in enumerate(BONES):
        ours, theirs = (Rotation.from_matrix(each.bone_rotation[:, index]) for each in (walked, motion))
        error = np.degrees((ours.inv() * theirs).magnitude())
        assert error.mean() < 3, bone
        assert error.max() < 20, bone
    assert abs(stranger.height_mm - person.height_mm) < 15
    assert np.mean(motion.flat_foot == walked.flat_foot) > 0.8
    for part in (
        "thigh",
        "shank",
        "foot",
        "spine",
        "chest",
        "upper_arm",
        "forearm",
        "shoulder_offset",
        "shoulder_drop",
    ):
        assert getattr(stranger.lengths_mm, part) == pytest.approx(getattr(person.lengths_mm, part), abs=1e-6)
    for part in ("ankle_height", "ball_height", "heel"):
        assert getattr(stranger.lengths_mm, part) == pytest.approx(getattr(person.lengths_mm, part), abs=8)


def test_straight_limbs_still_have_a_roll(tmp_path):
    standing = rest_pose(draw_person("S6", 0)).joints_world_mm
    np.savez(tmp_path / "rest.npz", joints_world_mm=np.repeat(standing, 7, axis=0), fps=50)
    motion = read_motion(tmp_path / "rest.npz")[1]
    for side in SIDES:
        for bone in ("thigh", "shank", "foot", "toes", "upper arm", "forearm", "hand"):
            turned = motion.bone_rotation[3, BONE_INDEX[f"{side} {bone}"]]
            assert turned[0, 0] == pytest.approx(1, abs=1e-6), bone
    assert motion.flat_foot.all()


def test_other_rates_are_resampled(tmp_path):
    walked = walk(draw_person("S5", 0), 201, seed=1, path="wander")
    np.savez(tmp_path / "slow.npz", joints_world_mm=walked.joints_world_mm[::2], fps=25)
    motion = read_motion(tmp_path / "slow.npz")[1]
    assert len(motion) == 201
    np.testing.assert_allclose(motion.joints_world_mm[::2], walked.joints_world_mm[::2], atol=1e-6)
    assert np.abs(motion.joints_world_mm - walked.joints_world_mm).max() < 15


def stored(**arrays):
    joints = walk(draw_person("S1", 0), 20, seed=1).joints_world_mm
    return {"joints_world_mm": joints, "fps": 50.0} | arrays


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a | {"joints_world_mm": a["joints_world_mm"] / 1000}, "Multiply metres by 1000"),
        (lambda a: a | {"joints_world_mm": a["joints_world_mm"] / 10}, "Convert the joints to mm"),
        (lambda a: a | {"joints_world_mm": a["joints_world_mm"][:, :17]}, r"\(20, 17, 3\)"),
        (lambda a: a | {"joints_world_mm": a["joints_world_mm"][..., [0, 2, 1]]}, "z up"),
        (lambda a: a | {"joints_world_mm": np.where(np.arange(3) == 2, np.nan, a["joints_world_mm"])}, "not numbers"),
        (lambda a: a | {"fps": 0}, "fps = 0"),
        (lambda a: a | {"fps": "fast"}, "fps = fast"),
        (lambda a: {"fps": a["fps"]}, "Add joints_world_mm"),
        (lambda a: {"joints_world_mm": a["joints_world_mm"]}, "Add fps"),
    ],
)
def test_unusable_joints_are_refused(tmp_path, change, words):
    np.savez(tmp_path / "walk.npz", **change(stored()))
    with pytest.raises(InputError, match=words):
        read_motion(tmp_path / "walk.npz")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "walk.npz").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match="no readable"):
        read_motion(tmp_path / "walk.npz")
    with pytest.raises(InputError, match="no readable"):
        read_motion(tmp_path / "absent.npz")
    with pytest.raises(InputError, match=r"\*\.bvh"):
        read_motion(tmp_path / "walk.bvh")
