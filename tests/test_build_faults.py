"""What the build does about views whose files cannot be used, and about known faults of the release."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from build_runs import FRAMES, NAME, Scenes, copy_to_layout_of_h36m_fetch, run, tree
from raw_fixture import CAMERAS, make_capture, write_cdf, write_masks, write_video

from h36m_pose.data.dataset import View, open_dataset
from h36m_pose.errors import InputError
from preprocessing import sources
from preprocessing.build import Choices

VIEW = f"S1 {NAME}"
VIDEO = f"S1/Videos/{NAME}.mp4"


def cut(path: Path) -> bytes:
    """Halves a file; returns what it was."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return content


def the_view(dataset: Path) -> View:
    """The first view of the capture."""
    return next(view for view in open_dataset(dataset).views if view.name == VIEW)


def cut_behind_its_index(path: Path, scenes: Scenes) -> None:
    """Makes a video whose index is in front, and halves it: other readers take it for a short one."""
    write_video(path, scenes["S1", "Walking 1", CAMERAS[0]].images_bgr, options={"movflags": "+faststart"})
    cut(path)


def test_a_bad_view_is_left_out_until_it_is_mended(raw_copy: Path, original: tuple[Path, Scenes, Path]) -> None:
    dataset = raw_copy.parent / "dataset"
    content = cut(raw_copy / VIDEO)
    built, _ = run(raw_copy, dataset)
    (left_out,) = built.left_out
    assert (left_out.name, left_out.expected, len(built.made)) == (VIEW, False, 3)
    assert left_out.told.startswith(f"{raw_copy}/{VIDEO}: found a file that is no video, or a cut one")
    opened = open_dataset(dataset, verify=True)
    assert len(opened.views) == 3
    (entry,) = opened.manifest["left_out"]
    assert [entry[key] for key in ("subject", "trial", "camera_id")] == ["S1", "Walking 1", CAMERAS[0]]
    assert entry["reason"].startswith(f"{VIDEO}: found a file that is no video")
    assert str(raw_copy.parent) not in (dataset / "manifest.json").read_text()
    assert run(raw_copy, dataset)[0].kept == 3
    (raw_copy / VIDEO).write_bytes(content)
    assert run(raw_copy, dataset)[0].made == (VIEW,)
    assert tree(dataset) == tree(original[2])


def test_reasons_are_the_same_in_every_layout(
    original: tuple[Path, Scenes, Path], raw_copy: Path, tmp_path: Path
) -> None:
    pixels = raw_copy / "S1/MyPoseFeatures/D2_Positions"
    write_cdf(pixels / f"{NAME}.cdf", original[1]["S1", "Walking 1", CAMERAS[1]].joints_px)
    write_cdf(pixels / "Walking.54138969.cdf", original[1]["S1", "Walking", CAMERAS[0]].joints_px[1:])
    copy_to_layout_of_h36m_fetch(raw_copy, tmp_path / "other")
    run(raw_copy, tmp_path / "one")
    run(tmp_path / "other", tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    first, second = open_dataset(tmp_path / "one").manifest["left_out"]
    assert "S1/MyPoseFeatures/D3_Positions_mono" in first["reason"]
    assert f"expected {FRAMES - 1}, as in S1/MyPoseFeatures/D2_Positions/Walking.54138969.cdf" in second["reason"]


def test_strict_stops_at_the_first_fault(raw_copy: Path, tmp_path: Path) -> None:
    cut(raw_copy / VIDEO)
    for workers in (1, 2):
        dataset = tmp_path / f"by {workers}"
        with pytest.raises(InputError, match=rf"{NAME}.mp4: found a file that is no video"):
            run(raw_copy, dataset, workers=workers, choices=Choices(strict=True))
        assert not (dataset / "manifest.json").exists()
        assert not list(dataset.rglob(".*.part-*"))
    assert not list((tmp_path / "by 1").rglob("view.json"))  # the faulty one was the first


def test_without_a_usable_view_there_is_no_manifest(
    raw_copy: Path, dataset_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos = list(raw_copy.rglob("*.mp4"))
    for path in videos:
        cut(path)
    with pytest.raises(InputError, match="4 views, none of which can be used"):
        run(raw_copy, dataset_copy)
    assert capsys.readouterr().err.count(".mp4: found a file that is no video") == 4
    with pytest.raises(InputError, match="an unfinished dataset"):
        open_dataset(dataset_copy)
    for path in videos[1:]:
        for file in raw_copy.rglob(f"{path.stem}.*"):
            file.unlink()
    with pytest.raises(InputError, match=f"{videos[0].name}: found a file that is no video"):
        run(raw_copy, dataset_copy)


def test_a_cut_video_can_be_taken_as_far_as_it_goes(
    raw_copy: Path, original: tuple[Path, Scenes, Path], tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    cut_behind_its_index(raw_copy / VIDEO, original[1])
    assert f"{NAME}.mp4: found 6 of its 14 frames: a cut file" in run(raw_copy, dataset)[0].left_out[0].told
    assert run(raw_copy, dataset, choices=Choices(allow_partial=True))[0].left_out == ()
    view, whole = the_view(dataset), the_view(original[2])
    assert (view.frames, view.record["frames_lost"]) == (6, FRAMES - 6)
    assert view.record["notes"] == ["only the first 6 of 11 frames: the video is broken after them"]
    np.testing.assert_array_equal(view.joints_root_mm, whole.joints_root_mm[:6])
    np.testing.assert_array_equal(view.images, whole.images[:6])
    built, lines = run(raw_copy, dataset)
    assert lines[0] == "4 views: 3 complete, 1 to make (1 partial)"
    assert [one.name for one in built.left_out] == [VIEW]


def test_without_masks_a_cut_video_can_be_taken_as_far_as_it_goes(
    raw_copy: Path, original: tuple[Path, Scenes, Path], tmp_path: Path
) -> None:
    cut_behind_its_index(raw_copy / VIDEO, original[1])
    (raw_copy / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat").unlink()
    run(raw_copy, tmp_path / "dataset", choices=Choices(allow_partial=True))
    assert the_view(tmp_path / "dataset").record["frames_by_source"]["background plate"] == 6


def test_whole_views_are_the_same_with_and_without_partial_ones(
    original: tuple[Path, Scenes, Path], tmp_path: Path
) -> None:
    run(original[0], tmp_path / "dataset", choices=Choices(allow_partial=True))
    assert tree(tmp_path / "dataset") == tree(original[2])


def test_a_dataset_is_closed_while_it_changes(raw_copy: Path, dataset_copy: Path) -> None:
    """A run that is stopped leaves no manifest that lists what is gone."""
    cut(raw_copy / VIDEO)
    with pytest.raises(InputError):
        run(raw_copy, dataset_copy, choices=Choices(strict=True))
    with pytest.raises(InputError, match="an unfinished dataset"):
        open_dataset(dataset_copy)
    run(raw_copy, dataset_copy)
    assert len(open_dataset(dataset_copy).views) == 3


def test_files_that_do_not_belong_together_are_refused(raw_copy: Path, original: tuple[Path, Scenes, Path]) -> None:
    dataset, features = raw_copy.parent / "dataset", raw_copy / "S1/MyPoseFeatures"
    scene, other = (original[1]["S1", "Walking 1", camera] for camera in CAMERAS[:2])

    def attempt(path: Path, pattern: str, views: int = 1) -> None:
        left_out = run(raw_copy, dataset)[0].left_out
        assert len(left_out) == views
        assert pattern in left_out[0].told
        assert left_out[0].told.startswith(str(path))
        shutil.copy(original[0] / path.relative_to(raw_copy), path)

    d2, mono, world = features / "D2_Positions", features / "D3_Positions_mono", features / "D3_Positions"
    masks = raw_copy / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat"
    write_video(raw_copy / VIDEO, scene.images_bgr[:8])
    attempt(raw_copy / VIDEO, "found 8 frames; expected 11 or more, as there are poses")
    write_cdf(mono / f"{NAME}.cdf", scene.joints_cam_mm[:-2])
    attempt(mono / f"{NAME}.cdf", f"found 9 frames; expected 11, as in {d2}")
    write_cdf(d2 / f"{NAME}.cdf", other.joints_px)
    attempt(d2 / f"{NAME}.cdf", "px off any projection of the 3D joints")
    write_cdf(mono / f"{NAME}.cdf", scene.joints_world_mm - (0, 0, 900))
    attempt(mono / f"{NAME}.cdf", "joints behind the camera")
    write_masks(masks, [mask[:-2] for mask in scene.masks])
    attempt(masks, "masks of 500x500; expected 500x502, as the video")
    write_masks(masks, [np.roll(mask, 200, axis=1) for mask in scene.masks])
    attempt(masks, "beside the 2D joints in 11 of 11 frames")
    (world / "Walking 1.cdf").write_bytes(b"none")
    attempt(world / "Walking 1.cdf", "no CDF file", views=2)  # one file, two cameras
    (d2 / f"{NAME}.cdf").unlink()
    attempt(d2 / f"{NAME}.cdf", "found no such file; expected the Poses/D2_Positions of S1")
    assert run(raw_copy, dataset)[0].left_out == ()


def test_a_disk_that_fails_under_a_raw_file_costs_that_view(
    original: tuple[Path, Scenes, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> str:
        if path.name == f"{NAME}.mp4":
            raise OSError(5, "Input/output error", str(path))
        return "0" * 64

    monkeypatch.setattr(sources, "sha256_of", read)
    (left_out,) = run(original[0], tmp_path / "dataset")[0].left_out
    assert f"{NAME}.mp4: found a file that cannot be read (Input/output error)" in left_out.told


def test_known_faults_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    make_capture(tmp_path / "raw", [("S11", "Directions"), ("S11", "Walking")], frames=4)
    both = ("Directions", "Walking")
    built, _ = run(tmp_path / "raw", tmp_path / "dataset", choices=Choices(actions=both))
    (left_out,) = built.left_out
    assert (left_out.name, left_out.expected) == (f"S11 Directions.{CAMERAS[0]}", True)
    assert built.manifest["left_out"][0]["reason"].startswith("known fault of the release, broken video: ")
    assert [view.name for view in open_dataset(tmp_path / "dataset").views] == [
        f"S11 Directions.{CAMERAS[1]}", f"S11 Walking.{CAMERAS[0]}", f"S11 Walking.{CAMERAS[1]}",
    ]  # fmt: skip
    built, _ = run(tmp_path / "raw", tmp_path / "dataset", choices=Choices(both, with_faults=True))
    assert (built.made, built.left_out) == ((f"S11 Directions.{CAMERAS[0]}",), ())
    view = open_dataset(tmp_path / "dataset").views[0]
    assert view.record["notes"][0].startswith("known fault of the release: ")
    for path in (tmp_path / "raw").rglob(f"*.{CAMERAS[1]}.*"):
        path.unlink()
    with pytest.raises(InputError, match=r"only views with known faults of the release: S11 Directions.54138969"):
        run(tmp_path / "raw", tmp_path / "dataset", choices=Choices(("Directions",)))
