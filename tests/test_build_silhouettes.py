"""How the build finds the person where the release's masks are missing, empty or short."""

from pathlib import Path

import numpy as np
from build_runs import FRAMES, NAME, Scenes, run
from raw_fixture import CAMERAS, make_scene, write_masks, write_scene, write_video

from h36m_pose.data.dataset import open_dataset


def test_without_masks_the_person_is_cut_out_by_subtraction(
    raw_copy: Path, original: tuple[Path, Scenes, Path]
) -> None:
    (raw_copy / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat").unlink()
    run(raw_copy, raw_copy.parent / "dataset")
    view = next(v for v in open_dataset(raw_copy.parent / "dataset").views if v.name == f"S1 {NAME}")
    truth = next(v for v in open_dataset(original[2]).views if v.name == f"S1 {NAME}")
    assert view.record["mask_source"] == "background plate"
    assert view.record["frames_by_source"]["background plate"] == FRAMES
    assert view.record["plate_agreement_iou"] is None
    assert "no release masks" in view.record["notes"][0]
    assert np.abs(view.box_px - truth.box_px).max() < 25
    common = (view.images > 0) & (truth.images > 0)
    assert common.sum() / ((view.images > 0) | (truth.images > 0)).sum() > 0.5


def test_empty_and_missing_masks_are_made_up_for(raw_copy: Path, original: tuple[Path, Scenes, Path]) -> None:
    """The fourth mask is empty, and the file ends two masks before the poses do."""
    masks = [mask.copy() for mask in original[1]["S1", "Walking 1", CAMERAS[0]].masks[: FRAMES - 2]]
    masks[3][:] = 0
    write_masks(raw_copy / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", masks)
    run(raw_copy, raw_copy.parent / "dataset")
    record = next(v for v in open_dataset(raw_copy.parent / "dataset").views if v.name == f"S1 {NAME}").record
    assert record["frames_by_source"] == {"release": FRAMES - 3, "background plate": 3, "joints' box": 0}
    assert record["mask_source"] == "release"
    assert "absent, empty or beside the person in 3 of 11 frames" in record["notes"][0]


def test_where_nothing_stands_out_the_box_of_the_joints_is_taken(tmp_path: Path) -> None:
    scene = make_scene(0, FRAMES)
    flat = [np.full_like(image, 120) for image in scene.images_bgr]
    write_scene(tmp_path / "raw", "S1", "Walking 1", CAMERAS[0], scene, masks=False)
    write_video(tmp_path / f"raw/S1/Videos/{NAME}.mp4", flat)
    run(tmp_path / "raw", tmp_path / "dataset")
    view = open_dataset(tmp_path / "dataset").views[0]
    assert view.record["frames_by_source"]["joints' box"] == FRAMES
    assert any("the whole box of the 2D joints" in note for note in view.record["notes"])
    assert np.abs(view.joints_px - 63.5).max() < 64
