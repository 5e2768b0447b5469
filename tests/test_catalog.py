"""Names of the release: both folder layouts, decoys, missing files, and the refusals."""

from pathlib import Path

import pytest

from h36m_pose.errors import InputError
from preprocessing import catalog


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
    touch(tmp_path / "s8" / "Videos" / "walking 1.54138969.MP4")
    (view,) = catalog.find_views(tmp_path)
    assert (view.subject, view.trial, view.camera_id) == ("S8", "Walking 1", "54138969")
    assert view.video.is_file() and set(view.missing) == set(catalog.KINDS) - {"video"}


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
