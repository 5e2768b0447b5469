import numpy as np

from h36m_pose import skeleton

REPORT_BONES_FROM_1 = "1,2;2,3;3,4;1,5;5,6;6,7;1,8;8,9;9,10;10,11;9,12;12,13;13,14;9,15;15,16;16,17"
"""The 16 edges as the original report prints them."""


def test_bones_are_those_of_the_original_report():
    report = {tuple(int(end) - 1 for end in edge.split(",")) for edge in REPORT_BONES_FROM_1.split(";")}
    assert set(skeleton.BONES) == report
    assert [child for _, child in skeleton.BONES] == list(range(1, 17))


def test_the_evaluated_joints_are_those_of_the_issue_and_carry_the_right_names():
    assert skeleton.EVALUATED.tolist() == [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
    recorded = [skeleton.NAMES_32[joint] for joint in skeleton.EVALUATED]
    parts = {
        "Hips": "pelvis", "UpLeg": "hip", "Leg": "knee", "Foot": "ankle", "Spine1": "spine", "Neck": "thorax",
        "Head": "nose", "HeadTop": "head", "Arm": "shoulder", "ForeArm": "elbow", "Hand": "wrist",
    }  # fmt: skip
    for name, ours in zip(recorded, skeleton.NAMES, strict=True):
        side = "left " if name.startswith("Left") else "right " if name.startswith("Right") else ""
        assert side + parts[name.removeprefix("Left").removeprefix("Right")] == ours


def test_mirroring_twice_changes_nothing_and_swaps_the_sides():
    assert skeleton.MIRRORED[skeleton.MIRRORED].tolist() == list(range(skeleton.JOINTS))
    for joint, twin in enumerate(skeleton.MIRRORED.tolist()):
        swapped = {"left": "right", "right": "left", "centre": "centre"}[skeleton.side_of(joint)]
        assert skeleton.side_of(twin) == swapped
        assert skeleton.NAMES[joint].split()[-1] == skeleton.NAMES[twin].split()[-1]


def test_mirroring_keeps_the_bones():
    mirrored = {tuple(skeleton.MIRRORED[list(bone)].tolist()) for bone in skeleton.BONES}
    assert mirrored == set(skeleton.BONES)


def test_every_joint_hangs_from_the_root():
    for joint in range(skeleton.JOINTS):
        steps = 0
        while joint != skeleton.ROOT:
            joint, steps = skeleton.PARENTS[joint], steps + 1
            assert steps < skeleton.JOINTS
    for joint, parent in enumerate(skeleton.PARENTS_32):
        assert parent < joint


def test_sides_agree_with_the_names():
    for joint, name in enumerate(skeleton.NAMES):
        assert skeleton.side_of(joint) == (name.split()[0] if " " in name else "centre")
    assert np.array_equal(np.sort(np.r_[skeleton.LEFT, skeleton.RIGHT]), [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16])
