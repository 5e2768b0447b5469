"""From a raw capture on disk to the dataset, and what is made again when something has changed."""

import json
import os
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from build_runs import FRAMES, NAME, Scenes, copy_to_layout_of_h36m_fetch, run, tree
from raw_fixture import CAMERAS, make_capture, make_scene, write_cdf

from h36m_pose.data.dataset import crop_to_frame, open_dataset
from h36m_pose.errors import InputError
from h36m_pose.skeleton import EVALUATED
from preprocessing.build import Choices
from preprocessing.view import Parameters


def test_crops_and_joints_are_those_of_the_scene(original: tuple[Path, Scenes, Path]) -> None:
    _, scenes, folder = original
    dataset = open_dataset(folder, verify=True)
    assert len(dataset.views) == 4
    for view in dataset.views:
        scene = scenes[view.subject, view.trial, view.camera_id]
        assert view.frames == FRAMES
        assert view.fps == 50
        cam = scene.joints_cam_mm[:, EVALUATED]
        np.testing.assert_allclose(view.root_cam_mm, cam[:, 0], atol=1e-2)
        np.testing.assert_allclose(view.joints_root_mm, cam - cam[:, :1], atol=1e-2)
        np.testing.assert_allclose(crop_to_frame(view.joints_px, view.box_px), scene.joints_px[:, EVALUATED], atol=1e-3)
        assert view.camera is not None
        assert view.camera_in_world
        np.testing.assert_allclose(view.camera.centre_mm, scene.camera.centre_mm, atol=0.1)
        assert view.record["notes"] == []
        assert view.record["frames_by_source"] == {"release": FRAMES, "background plate": 0, "joints' box": 0}
        if view.camera_id == CAMERAS[0]:  # of trials as short as this, one camera is compared
            assert view.record["plate_agreement_iou"] > 0.7
        else:
            assert view.record["plate_agreement_iou"] is None
        for frame in (0, 7):
            left, top, side = (int(value) for value in view.box_px[frame])
            padded = np.pad(scene.masks[frame], 500)[500 + top :, 500 + left :][:side, :side]
            assert padded.sum() == scene.masks[frame].sum()  # nothing of the person is cut off
            there = cv2.resize(padded * 255, (128, 128), interpolation=cv2.INTER_AREA)
            assert (view.images[frame][there == 0] == 0).all()
            assert (view.images[frame][there == 255] > 0).mean() > 0.99
            rows, columns = np.nonzero(view.images[frame])
            assert 110 <= max(np.ptp(rows), np.ptp(columns)) <= 120  # 128 / 1.1
            assert abs(rows.min() + rows.max() - 127) <= 3  # in the middle
            assert abs(columns.min() + columns.max() - 127) <= 3
    assert dataset.manifest["frames_by_source"] == {"release": 44, "background plate": 0, "joints' box": 0}
    assert dataset.manifest["plate_agreement"]["frames"] == 2


def test_layouts_workers_and_places_do_not_matter(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    copy_to_layout_of_h36m_fetch(original[0], tmp_path / "other")
    built, _ = run(tmp_path / "other", tmp_path / "by two", workers=2)
    assert len(built.made) == 4
    assert tree(tmp_path / "by two") == tree(original[2])


def test_every_so_many_frames_can_be_taken(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    run(original[0], tmp_path / "dataset", parameters=Parameters(every=3))
    for view, whole in zip(open_dataset(tmp_path / "dataset").views, open_dataset(original[2]).views, strict=True):
        assert view.frames == 4
        assert view.fps == pytest.approx(50 / 3)
        for name in ("images", "joints_px", "joints_root_mm", "root_cam_mm", "box_px"):
            np.testing.assert_array_equal(getattr(view, name), getattr(whole, name)[::3])
    with pytest.raises(InputError, match="found 0; expected 1 or more"):
        Parameters(every=0)


def test_other_actions_are_taken_when_they_are_asked_for(tmp_path: Path) -> None:
    make_capture(tmp_path / "raw", [("S1", "WalkingDog 1"), ("S1", "Walking")], [1], frames=3)
    assert len(run(tmp_path / "raw", tmp_path / "dataset")[0].made) == 1
    built, _ = run(tmp_path / "raw", tmp_path / "dataset", choices=Choices(("WalkDog", "Walking")))
    assert (built.made, built.kept) == (("S1 WalkingDog 1.55011271",), 1)


def test_a_second_run_changes_nothing(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in dataset_copy.rglob("*.*") if path.name != ".lock"}

    before = times()
    started = time.process_time()
    built, lines = run(original[0], dataset_copy)
    assert time.process_time() - started < 1
    assert (built.made, built.kept, lines) == ((), 4, [])
    assert times() == before


def test_only_the_view_that_was_deleted_is_made_again(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    before = open_dataset(dataset_copy).fingerprint
    shutil.rmtree(dataset_copy / "S1" / "Walking_1.55011271")
    built, lines = run(original[0], dataset_copy)
    assert (built.made, built.kept) == (("S1 Walking 1.55011271",), 3)
    assert lines[0] == "4 views: 3 complete, 1 to make (1 missing)"
    assert open_dataset(dataset_copy, verify=True).fingerprint == before
    assert tree(dataset_copy) == tree(original[2])


def test_raw_files_with_the_same_bytes_and_other_times_are_the_same(raw_copy: Path, dataset_copy: Path) -> None:
    for path in raw_copy.rglob("*.*"):
        if path.is_file():
            os.utime(path, (10**9, 10**9))
    assert run(raw_copy, dataset_copy)[0].made == ()
    assert run(raw_copy, dataset_copy, choices=Choices(verify=True))[0].made == ()


def test_what_is_remembered_of_raw_files_may_be_lost(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    notes = sorted((dataset_copy / ".state").rglob("*.json"))
    assert len(notes) == 4
    before = [path.read_bytes() for path in notes]
    notes[0].unlink()
    notes[1].write_text("{")
    assert run(original[0], dataset_copy)[0].made == ()
    assert [path.read_bytes() for path in notes] == before
    shutil.rmtree(dataset_copy / ".state")
    assert run(original[0], dataset_copy)[0].made == ()
    assert tree(dataset_copy) == tree(original[2])


def test_only_the_view_whose_raw_file_changed_is_made_again(raw_copy: Path, dataset_copy: Path) -> None:
    path = raw_copy / f"S1/MyPoseFeatures/D2_Positions/{NAME}.cdf"
    scene = make_scene(0, FRAMES)
    write_cdf(path, scene.joints_px + 1e-3)
    built, lines = run(raw_copy, dataset_copy)
    assert built.made == (f"S1 {NAME}",)
    assert "1 with changed raw files" in lines[0]


def test_a_change_that_keeps_the_size_is_noticed_by_its_time(raw_copy: Path, dataset_copy: Path) -> None:
    path = raw_copy / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat"
    content = bytearray(path.read_bytes())
    content[20] ^= 1  # in the free text at the beginning
    path.write_bytes(content)
    assert run(raw_copy, dataset_copy)[0].made == (f"S1 {NAME}",)


def test_damage_in_the_dataset_is_mended(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    before = open_dataset(dataset_copy).fingerprint
    images = dataset_copy / "S1" / "Walking.54138969" / "images.npy"
    content = bytearray(images.read_bytes())
    images.write_bytes(content[:-99])
    assert run(original[0], dataset_copy)[0].made == ("S1 Walking.54138969",)
    content[-5] ^= 1
    images.write_bytes(content)
    assert run(original[0], dataset_copy)[0].made == ()  # a quick look does not find it
    assert run(original[0], dataset_copy, choices=Choices(verify=True))[0].made == ("S1 Walking.54138969",)
    (images.parent / "view.json").write_text("{")
    assert run(original[0], dataset_copy)[0].made == ("S1 Walking.54138969",)
    assert open_dataset(dataset_copy, verify=True).fingerprint == before


def test_other_parameters_make_everything_again(original: tuple[Path, Scenes, Path], dataset_copy: Path) -> None:
    built, lines = run(original[0], dataset_copy, parameters=Parameters(margin=1.3))
    assert len(built.made) == 4
    assert "4 made with other parameters" in lines[0]
    assert open_dataset(dataset_copy).fingerprint != open_dataset(original[2]).fingerprint
    assert open_dataset(dataset_copy).manifest["parameters"]["margin"] == 1.3


def test_views_that_are_no_longer_there_are_left_out(raw_copy: Path, dataset_copy: Path) -> None:
    for path in list(raw_copy.rglob("Walking.55011271.*")):
        path.unlink()
    built, lines = run(raw_copy, dataset_copy)
    assert built.made == ()
    assert lines[-1].startswith("1 views are not among the raw files")
    assert len(open_dataset(dataset_copy).views) == 3
    assert (dataset_copy / "S1" / "Walking.55011271").is_dir()


def test_poses_for_half_of_the_video_are_normal(tmp_path: Path) -> None:
    make_capture(tmp_path / "raw", [("S9", "Walking")], [3], frames=9, tail=9)
    run(tmp_path / "raw", tmp_path / "dataset")
    view = open_dataset(tmp_path / "dataset").views[0]
    assert (view.frames, view.record["video_frames"]) == (9, 18)
    assert view.record["notes"] == ["poses for the first 9 of 18 frames only"]


def test_without_world_poses_there_is_a_camera_all_the_same(raw_copy: Path) -> None:
    for path in (raw_copy / "S1/MyPoseFeatures/D3_Positions").iterdir():
        path.unlink()
    run(raw_copy, raw_copy.parent / "dataset")
    view = open_dataset(raw_copy.parent / "dataset").views[0]
    assert view.camera is not None
    assert not view.camera_in_world
    assert view.record["notes"][0].startswith("no D3_Positions")


def test_the_record_is_plain_json(original: tuple[Path, Scenes, Path]) -> None:
    record = json.loads((original[2] / "S1" / "Walking.54138969" / "view.json").read_text())
    assert set(record["sources"]["video"]) == {"name", "size", "sha256"}
    assert record["sources"]["video"]["name"] == "Walking.54138969.mp4"
    assert set(record["sources"]) == {"video", "poses_2d", "poses_mono", "poses_world", "masks"}
    assert record["parameters"] == Parameters().as_json()
