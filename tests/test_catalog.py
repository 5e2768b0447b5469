"""Names of the release: both folder layouts, decoys, missing files, and the refusals."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from h36m_pose.errors import InputError
from preprocessing import catalog, release


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def lay_out_like_release(root: Path, subject: str, trial: str, cameras: tuple[str, ...] = catalog.CAMERAS) -> None:
    for camera in cameras:
        touch(root / subject / "Videos" / f"{trial}.{camera}.mp4")
        for kind in ("D2_Positions", "D3_Positions_mono"):
            touch(root / subject / "MyPoseFeatures" / kind / f"{trial}.{camera}.cdf")
        for kind in ("ground_truth_bs", "ground_truth_bb"):
            touch(root / subject / "MySegmentsMat" / kind / f"{trial}.{camera}.mat")
    touch(root / subject / "MyPoseFeatures" / "D3_Positions" / f"{trial}.cdf")


def lay_out_like_h36m_fetch(root: Path, subject: str, trial: str) -> None:
    for camera in catalog.CAMERAS:
        touch(root / subject / "Videos" / f"{trial}.{camera}.mp4")
        for kind in ("D2_Positions", "D3_Positions_mono"):
            touch(root / subject / f"Poses_{kind}" / f"{trial}.{camera}.cdf")
    touch(root / subject / "Poses_D3_Positions" / f"{trial}.cdf")


def test_release_layout_is_found_in_order_without_decoys(tmp_path: Path) -> None:
    for subject, trials in (
        ("S11", ("Walking", "Walking 1")),
        ("S1", ("Walking 1", "Walking")),
        ("S101", ("Walking 1",)),
    ):
        for trial in trials:
            lay_out_like_release(tmp_path, subject, trial)
    for decoy in ("WalkingDog", "WalkingDog 1", "WalkTogether 1", "Walking 12", "_ALL"):
        lay_out_like_release(tmp_path, "S1", decoy)
    touch(tmp_path / "S1" / "Videos" / "._Walking 1.54138969.mp4")
    views = catalog.find_views(tmp_path)
    assert [(view.subject, view.trial) for view in views[::4]] == [
        ("S1", "Walking 1"), ("S1", "Walking"), ("S11", "Walking 1"), ("S11", "Walking"), ("S101", "Walking 1"),
    ]  # fmt: skip
    assert [view.camera_id for view in views[:4]] == list(catalog.CAMERAS)
    for view in views:
        assert view.missing == ()
        for kind in catalog.KINDS:
            assert getattr(view, kind).is_file()
    assert views[1].video == tmp_path / "S1/Videos/Walking 1.55011271.mp4"
    assert views[1].poses_world == tmp_path / "S1/MyPoseFeatures/D3_Positions/Walking 1.cdf"
    assert views[1].masks == tmp_path / "S1/MySegmentsMat/ground_truth_bs/Walking 1.55011271.mat"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S1/Videos/Walking 1.54138969.mp4", ("video", "S1", "Walking 1", "54138969")),
        ("./s1/Videos/Walking.55011271.mp4", ("video", "S1", "Walking", "55011271")),
        ("S1/MyPoseFeatures/D2_Positions/Walking 1.54138969.cdf", ("poses_2d", "S1", "Walking 1", "54138969")),
        ("extracted/S7/Poses_D3_Positions_mono/Walking 2.58860488.cdf", ("poses_mono", "S7", "Walking 2", "58860488")),
        ("S1/MyPoseFeatures/D3_Positions/WalkingDog 1.cdf", ("poses_world", "S1", "WalkingDog 1", "")),
        ("a/b/./S11/MySegmentsMat/ground_truth_bs/Phoning 3.60457274.mat", ("masks", "S11", "Phoning 3", "60457274")),
        ("S5/Segments_mat_gt_bb/photo 2.60457274.MAT", ("box_masks", "S5", "Photo 2", "60457274")),
        ("s01/videos/SITTINGDOWN.54138969.MP4", ("video", "S1", "SittingDown", "54138969")),
    ],
)
def test_members_are_recognised_by_folders_and_name(name: str, expected: tuple[str, ...]) -> None:
    member = catalog.parse_member(name)
    assert member is not None
    assert (member.kind, member.subject, member.trial, member.camera_id) == expected


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "S1", "S1/Videos", "S1/Videos/", "Videos/Walking 1.54138969.mp4", "S1/Walking 1.54138969.mp4",
        "/S1/Videos/Walking 1.54138969.mp4", "../S1/Videos/Walking 1.54138969.mp4",
        "S5/../S1/Videos/Walking 1.54138969.mp4", "S1//Videos/Walking 1.54138969.mp4",
        "S1/Videos/Walking 1.54138969.mp4/", "S1\\Videos\\Walking 1.54138969.mp4",
        "S1/Videos/_ALL 1.54138969.mp4", "S1/Videos/._Walking 1.54138969.mp4", "S1/Videos/Walking 1.54138969.mp4.part",
        "S1/Videos/Walking 12.54138969.mp4", "S1/Videos/Walking-1.54138969.mp4", "S1/Videos/Walking 1.12345678.mp4",
        "S1/Videos/Walking 1.mp4", "S1/Videos/Walking 1.54138969.avi", "S1/Videos/Walking 1.54138969.mp4\n",
        "S1/Videos/Walking  1.54138969.mp4", "S1/Videos/Running 1.54138969.mp4",
        "S1/MyPoseFeatures/D3_Positions/Walking 1.54138969.cdf", "S1/MyPoseFeatures/D3_Angles/Walking 1.cdf",
        "S1/MyPoseFeatures/D3_Positions_mono_universal/Walking 1.54138969.cdf",
        "S1/MySegmentsMat/ground_truth_bs/Walking 1.54138969.mp4", "S1/D2_Positions/Walking 1.54138969.cdf",
        "Sx/Videos/Walking 1.54138969.mp4", "S0/Videos/Walking 1.54138969.mp4", "S/Videos/Walking 1.54138969.mp4",
        "S1234567/Videos/Walking 1.54138969.mp4", "S\uff11/Videos/Walking 1.54138969.mp4",
        "\u017f1/Videos/Walking 1.54138969.mp4", "S1/Videos/Wal\u212aing 1.54138969.mp4",
        "S1/Videos/Walking \uff11.54138969.mp4",
    ],
)  # fmt: skip
def test_anything_else_is_no_member(name: str) -> None:
    assert catalog.parse_member(name) is None


def test_actions_are_found_by_the_names_of_each_subject(tmp_path: Path) -> None:
    for subject, trials in (
        ("S1", ("WalkingDog 1", "WalkingDog", "TakingPhoto", "Walking 1", "WalkTogether 1", "Eating 2", "Eating")),
        ("S5", ("WalkDog 1", "Photo 2", "Walking", "WalkTogether")),
    ):
        for trial in trials:
            lay_out_like_release(tmp_path, subject, trial, cameras=catalog.CAMERAS[:1])

    def found(*actions: str) -> list[tuple[str, str, str]]:
        return [(view.subject, view.action, view.trial) for view in catalog.find_views(tmp_path, actions)]

    assert found("Walking") == [("S1", "Walking", "Walking 1"), ("S5", "Walking", "Walking")]
    assert found("WalkDog") == [
        ("S1", "WalkDog", "WalkingDog 1"), ("S1", "WalkDog", "WalkingDog"), ("S5", "WalkDog", "WalkDog 1"),
    ]  # fmt: skip
    assert found("Walking", "Photo", "Eating") == [
        ("S1", "Eating", "Eating"), ("S1", "Eating", "Eating 2"), ("S1", "Photo", "TakingPhoto"),
        ("S1", "Walking", "Walking 1"), ("S5", "Photo", "Photo 2"), ("S5", "Walking", "Walking"),
    ]  # fmt: skip
    assert len(found(*release.ACTIONS)) == 11
    with pytest.raises(InputError, match="subject folders with Smoking, Sitting files"):
        found("Smoking", "Sitting")


def test_absent_views_of_all_actions_are_named(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S1", "WalkingDog 1")
    views = catalog.find_views(tmp_path, ("WalkDog",))
    assert catalog.absent_release_views(views, ("WalkDog",)) == [
        f"S1 WalkingDog.{camera}" for camera in catalog.CAMERAS
    ]
    assert len(catalog.absent_release_views(views, release.ACTIONS)) == 29 * 4


def test_of_two_files_of_one_name_the_release_s_own_place_and_spelling_count(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S1", "Walking", cameras=catalog.CAMERAS[:1])
    lay_out_like_h36m_fetch(tmp_path / "extracted", "S1", "Walking")
    touch(tmp_path / "S1" / "Videos" / "walking.54138969.MP4")
    first, *others = catalog.find_views(tmp_path)
    assert first == catalog.files_of(tmp_path / "S1", "S1", "Walking", catalog.CAMERAS[0])
    assert [view.missing for view in others] == [("masks", "box_masks")] * 3
    first.video.unlink()
    first.video.mkdir()  # a folder gives way to a file, and to nothing else
    assert catalog.find_views(tmp_path)[0].video.name == "walking.54138969.MP4"


def test_what_is_no_file_is_listed_for_its_reader_to_tell(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S1", "Walking", cameras=catalog.CAMERAS[:1])
    (view,) = catalog.find_views(tmp_path)
    view.masks.unlink()
    view.masks.mkdir()
    view.video.unlink()
    view.video.symlink_to(view.video)
    assert catalog.find_views(tmp_path) == [view]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out_like_release(tmp_path, "S1", "Walking", cameras=catalog.CAMERAS[:1])
    listing = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder.name == "D2_Positions":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return listing(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"D2_Positions: found a folder that cannot be listed \(Permission denied\)"):
        catalog.find_views(tmp_path)


def test_names_written_are_the_names_read(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S7", "Walking 2")
    for view in catalog.find_views(tmp_path):
        assert view == catalog.files_of(tmp_path / "S7", "S7", "Walking 2", view.camera_id)


@pytest.mark.parametrize("start", [".", "extracted"])
@pytest.mark.parametrize("masks", ["processed/S5/MySegmentsMat/ground_truth_bs", "extracted/S5/Segments_mat_gt_bs"])
def test_h36m_fetch_layout_with_masks_in_two_places(tmp_path: Path, start: str, masks: str) -> None:
    lay_out_like_h36m_fetch(tmp_path / "extracted", "S5", "Walking")
    for camera in catalog.CAMERAS:
        touch(tmp_path / masks / f"Walking.{camera}.mat")
    views = catalog.find_views(tmp_path / start)
    assert len(views) == 4
    for view in views:
        assert view.missing == ("box_masks",) and view.missing_required == ()
        assert view.masks.resolve() == (tmp_path / masks / f"Walking.{view.camera_id}.mat").resolve()
        assert view.poses_mono.parent.name == "Poses_D3_Positions_mono"


def test_missing_files_are_told_with_the_path_where_they_belong(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S6", "Walking 1", cameras=catalog.CAMERAS[:3])
    video = tmp_path / "S6/Videos/Walking 1.58860488.mp4"
    video.unlink()
    masks = tmp_path / "S6/MySegmentsMat/ground_truth_bs/Walking 1.54138969.mat"
    masks.unlink()
    first, second, third = catalog.find_views(tmp_path)
    assert first.missing == ("masks",) and first.masks == masks
    assert second.missing == ()
    assert third.missing == ("video",) == third.missing_required and third.video == video
    absent = catalog.absent_release_views([first, second, third])
    assert absent == ["S6 Walking 1.60457274", *(f"S6 Walking.{camera}" for camera in catalog.CAMERAS)]


def test_letter_case_does_not_matter(tmp_path: Path) -> None:
    touch(tmp_path / "s8" / "videos" / "walking 1.54138969.MP4")
    touch(tmp_path / "s8" / "myposefeatures" / "d2_positions" / "WALKING 1.54138969.Cdf")
    (view,) = catalog.find_views(tmp_path)
    assert (view.subject, view.trial, view.camera_id) == ("S8", "Walking 1", "54138969")
    assert view.video.is_file() and view.poses_2d.is_file()
    assert set(view.missing) == set(catalog.KINDS) - {"video", "poses_2d"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, ["nothing of that name"]),
        (lambda root: root.write_bytes(b""), ["a file"]),
        (lambda root: root.mkdir(), ["an empty folder", "Videos", "Poses/D3_Positions_mono", "Segments/mat_gt_bs"]),
        (lambda root: touch(root / "Videos_S1.tgz"), ["Videos_S1.tgz", "tar xzf"]),
        (lambda root: touch(root / "S1/Videos/WalkingDog.54138969.mp4"), ["found S1;", "Poses/D2_Positions"]),
    ],
)
def test_refusals_say_what_was_seen_and_what_to_do(tmp_path: Path, make, words: list[str]) -> None:
    root = tmp_path / "h36m"
    make(root)
    with pytest.raises(InputError) as caught:
        catalog.find_views(root)
    line = str(caught.value)
    assert str(root) in line and "\n" not in line
    for word in words:
        assert word in line


def test_one_subject_s_folder_is_recognised(tmp_path: Path) -> None:
    lay_out_like_release(tmp_path, "S9", "Walking")
    with pytest.raises(InputError, match=f"Give its parent, {tmp_path}"):
        catalog.find_views(tmp_path / "S9")


def test_published_numbers() -> None:
    assert sum(sum(trials.values()) for trials in catalog.WALKING_POSES.values()) == 33_186 + 7_316
    tall = {
        (s, c) for s in catalog.RELEASE_SUBJECTS for c in catalog.CAMERAS if catalog.picture_height_px(s, c) == 1002
    }
    assert tall == {(s, c) for s in catalog.RELEASE_SUBJECTS for c in ("54138969", "60457274")} | {
        ("S7", c) for c in catalog.CAMERAS
    }
    assert catalog.is_crowd("S101") and not catalog.is_crowd("S11")
