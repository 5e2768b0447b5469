"""From a raw capture on disk to the dataset, and what happens when it is run again, or when files are bad."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from raw_fixture import CAMERAS, Scene, make_capture, make_scene, write_cdf, write_masks, write_scene, write_video

from h36m_pose.cli.main import main
from h36m_pose.data.dataset import crop_to_frame, open_dataset
from h36m_pose.errors import InputError
from h36m_pose.skeleton import EVALUATED
from preprocessing.build import Built, Choices, build
from preprocessing.rate import measure_rate
from preprocessing.view import Parameters

Scenes = dict[tuple[str, str, str], Scene]
FRAMES = 11
NAME = "Walking 1.54138969"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scenes, Path]:
    """A capture of four views, its scenes, and the dataset made of it; not to be changed."""
    folder = tmp_path_factory.mktemp("original")
    scenes = make_capture(folder / "raw", frames=FRAMES)
    build(folder / "raw", folder / "dataset", say=lambda line: None)
    return folder / "raw", scenes, folder / "dataset"


@pytest.fixture
def raw(original: tuple[Path, Scenes, Path], tmp_path: Path) -> Path:
    """A copy of the capture, to be spoiled."""
    return Path(shutil.copytree(original[0], tmp_path / "raw"))


@pytest.fixture
def dataset(original: tuple[Path, Scenes, Path], tmp_path: Path) -> Path:
    """A copy of the dataset made of the capture."""
    return Path(shutil.copytree(original[2], tmp_path / "dataset"))


def run(raw: Path, dataset: Path, **options: object) -> tuple[Built, list[str]]:
    lines: list[str] = []
    return build(raw, dataset, say=lines.append, **options), lines  # type: ignore[arg-type]


def refused(raw: Path, dataset: Path, pattern: str) -> None:
    with pytest.raises(InputError, match=pattern):
        run(raw, dataset)


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


def test_the_layout_of_h36m_fetch_gives_the_same(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    _, scenes, folder = original
    for (subject, trial, camera_id), scene in scenes.items():
        write_scene(tmp_path / "other", subject, trial, camera_id, scene, layout="h36m-fetch")
    run(tmp_path / "other", tmp_path / "dataset")
    assert open_dataset(tmp_path / "dataset").fingerprint == open_dataset(folder).fingerprint


def test_workers_and_places_do_not_matter(original: tuple[Path, Scenes, Path], raw: Path, tmp_path: Path) -> None:
    built, _ = run(raw, tmp_path / "by two", workers=2)
    assert len(built.made) == 4
    assert built.manifest["fingerprint"] == open_dataset(original[2]).fingerprint
    assert sorted(path.name for path in (tmp_path / "by two").glob("[!.]*")) == ["S1", "manifest.json"]


def test_a_second_run_changes_nothing(original: tuple[Path, Scenes, Path], dataset: Path) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in dataset.rglob("*.*") if path.name != ".lock"}

    before = times()
    started = time.process_time()
    built, lines = run(original[0], dataset)
    assert time.process_time() - started < 1
    assert (built.made, built.kept, lines) == ((), 4, [])
    assert times() == before


def test_only_the_view_that_was_deleted_is_made_again(original: tuple[Path, Scenes, Path], dataset: Path) -> None:
    before = open_dataset(dataset).fingerprint
    shutil.rmtree(dataset / "S1" / "Walking_1.55011271")
    built, lines = run(original[0], dataset)
    assert (built.made, built.kept) == (("S1 Walking 1.55011271",), 3)
    assert lines[0] == "4 views: 3 complete, 1 to make (1 missing)"
    assert open_dataset(dataset, verify=True).fingerprint == before


def test_raw_files_with_the_same_bytes_and_other_times_are_the_same(raw: Path, dataset: Path) -> None:
    for path in raw.rglob("*.*"):
        if path.is_file():
            os.utime(path, (10**9, 10**9))
    assert run(raw, dataset)[0].made == ()
    assert run(raw, dataset, choices=Choices(verify=True))[0].made == ()


def test_only_the_view_whose_raw_file_changed_is_made_again(raw: Path, dataset: Path) -> None:
    path = raw / f"S1/MyPoseFeatures/D2_Positions/{NAME}.cdf"
    scene = make_scene(0, FRAMES)
    write_cdf(path, scene.joints_px + 1e-3)
    built, lines = run(raw, dataset)
    assert built.made == (f"S1 {NAME}",)
    assert "1 with changed raw files" in lines[0]


def test_a_change_that_keeps_the_size_is_noticed_by_its_time(raw: Path, dataset: Path) -> None:
    path = raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat"
    content = bytearray(path.read_bytes())
    content[20] ^= 1  # in the free text at the beginning
    path.write_bytes(content)
    assert run(raw, dataset)[0].made == (f"S1 {NAME}",)


def test_a_dataset_is_closed_as_soon_as_it_begins_to_change(raw: Path, dataset: Path) -> None:
    (raw / f"S1/Videos/{NAME}.mp4").write_bytes(b"cut")
    refused(raw, dataset, "no video, or a cut one")
    with pytest.raises(InputError, match="an unfinished dataset"):
        open_dataset(dataset)
    shutil.rmtree(dataset / "S1" / "Walking_1.54138969")
    for path in raw.rglob(f"{NAME}.*"):
        path.unlink()
    assert run(raw, dataset)[0].made == ()
    assert len(open_dataset(dataset).views) == 3


def test_damage_in_the_dataset_is_mended(original: tuple[Path, Scenes, Path], dataset: Path) -> None:
    before = open_dataset(dataset).fingerprint
    images = dataset / "S1" / "Walking.54138969" / "images.npy"
    content = bytearray(images.read_bytes())
    images.write_bytes(content[:-99])
    assert run(original[0], dataset)[0].made == ("S1 Walking.54138969",)
    content[-5] ^= 1
    images.write_bytes(content)
    assert run(original[0], dataset)[0].made == ()  # a quick look does not find it
    assert run(original[0], dataset, choices=Choices(verify=True))[0].made == ("S1 Walking.54138969",)
    (images.parent / "view.json").write_text("{")
    assert run(original[0], dataset)[0].made == ("S1 Walking.54138969",)
    assert open_dataset(dataset, verify=True).fingerprint == before


def test_other_parameters_make_everything_again(original: tuple[Path, Scenes, Path], dataset: Path) -> None:
    built, lines = run(original[0], dataset, parameters=Parameters(margin=1.3))
    assert len(built.made) == 4
    assert "4 made with other parameters" in lines[0]
    assert open_dataset(dataset).fingerprint != open_dataset(original[2]).fingerprint
    assert open_dataset(dataset).manifest["parameters"]["margin"] == 1.3


def test_views_that_are_no_longer_there_are_left_out(raw: Path, dataset: Path) -> None:
    for path in list(raw.rglob("Walking.55011271.*")):
        path.unlink()
    built, lines = run(raw, dataset)
    assert built.made == ()
    assert lines[-1].startswith("1 views are no longer among the raw files")
    assert len(open_dataset(dataset).views) == 3
    assert (dataset / "S1" / "Walking.55011271").is_dir()


def test_without_masks_the_person_is_cut_out_by_subtraction(raw: Path, original: tuple[Path, Scenes, Path]) -> None:
    (raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat").unlink()
    run(raw, raw.parent / "dataset")
    view = next(v for v in open_dataset(raw.parent / "dataset").views if v.name == f"S1 {NAME}")
    truth = next(v for v in open_dataset(original[2]).views if v.name == f"S1 {NAME}")
    assert view.record["mask_source"] == "background plate"
    assert view.record["frames_by_source"]["background plate"] == FRAMES
    assert view.record["plate_agreement_iou"] is None
    assert "no release masks" in view.record["notes"][0]
    assert np.abs(view.box_px - truth.box_px).max() < 25
    common = (view.images > 0) & (truth.images > 0)
    assert common.sum() / ((view.images > 0) | (truth.images > 0)).sum() > 0.5


def test_empty_and_missing_masks_are_made_up_for(raw: Path, original: tuple[Path, Scenes, Path]) -> None:
    """The fourth mask is empty, and the file ends two masks before the poses do."""
    masks = [mask.copy() for mask in original[1]["S1", "Walking 1", CAMERAS[0]].masks[: FRAMES - 2]]
    masks[3][:] = 0
    write_masks(raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", masks)
    run(raw, raw.parent / "dataset")
    record = next(v for v in open_dataset(raw.parent / "dataset").views if v.name == f"S1 {NAME}").record
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


def test_poses_for_half_of_the_video_are_normal(tmp_path: Path) -> None:
    make_capture(tmp_path / "raw", [("S9", "Walking")], [3], frames=9, tail=9)
    run(tmp_path / "raw", tmp_path / "dataset")
    view = open_dataset(tmp_path / "dataset").views[0]
    assert (view.frames, view.record["video_frames"]) == (9, 18)
    assert view.record["notes"] == ["poses for the first 9 of 18 frames only"]


def test_without_world_poses_there_is_a_camera_all_the_same(raw: Path) -> None:
    for path in (raw / "S1/MyPoseFeatures/D3_Positions").iterdir():
        path.unlink()
    run(raw, raw.parent / "dataset")
    view = open_dataset(raw.parent / "dataset").views[0]
    assert view.camera is not None
    assert not view.camera_in_world
    assert view.record["notes"][0].startswith("no D3_Positions")


def test_one_bad_view_does_not_stop_the_others(raw: Path) -> None:
    dataset = raw.parent / "dataset"
    video = raw / f"S1/Videos/{NAME}.mp4"
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    refused(raw, dataset, rf"{NAME}.mp4: found a file that is no video, or a cut one")
    assert len(list(dataset.glob("S1/*/view.json"))) == 3
    with pytest.raises(InputError, match="an unfinished dataset"):
        open_dataset(dataset)
    video.write_bytes(content)
    assert run(raw, dataset)[0].made == (f"S1 {NAME}",)
    open_dataset(dataset)


def test_a_cut_faststart_video_is_told(raw: Path, original: tuple[Path, Scenes, Path]) -> None:
    video = raw / f"S1/Videos/{NAME}.mp4"
    images = original[1]["S1", "Walking 1", CAMERAS[0]].images_bgr
    write_video(video, images, options={"movflags": "+faststart"})
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    refused(raw, raw.parent / "dataset", rf"{NAME}.mp4: found \d+ of its 14 frames: a cut file")


def test_files_that_do_not_belong_together_are_refused(raw: Path, original: tuple[Path, Scenes, Path]) -> None:
    dataset, features = raw.parent / "dataset", raw / "S1/MyPoseFeatures"
    scene, other = (original[1]["S1", "Walking 1", camera] for camera in CAMERAS[:2])

    def attempt(path: Path, pattern: str) -> None:
        refused(raw, dataset, pattern)
        shutil.copy(original[0] / path.relative_to(raw), path)

    d2, mono, world = features / "D2_Positions", features / "D3_Positions_mono", features / "D3_Positions"
    write_video(raw / f"S1/Videos/{NAME}.mp4", scene.images_bgr[:8])
    attempt(raw / f"S1/Videos/{NAME}.mp4", r"found 8 frames; expected 11 or more, as there are poses")
    write_cdf(mono / f"{NAME}.cdf", scene.joints_cam_mm[:-2])
    attempt(mono / f"{NAME}.cdf", r"found 9 frames; expected 11, as in .*D2_Positions")
    write_cdf(d2 / f"{NAME}.cdf", other.joints_px)
    attempt(d2 / f"{NAME}.cdf", r"px off any projection of the 3D joints")
    write_cdf(mono / f"{NAME}.cdf", scene.joints_world_mm - (0, 0, 900))
    attempt(mono / f"{NAME}.cdf", "joints behind the camera")
    write_masks(raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", [mask[:-2] for mask in scene.masks])
    attempt(raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", "masks of 500x500; expected 500x502, as the video")
    moved = [np.roll(mask, 200, axis=1) for mask in scene.masks]
    write_masks(raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", moved)
    attempt(raw / f"S1/MySegmentsMat/ground_truth_bs/{NAME}.mat", "beside the 2D joints in 11 of 11 frames")
    (world / "Walking 1.cdf").write_bytes(b"none")
    attempt(world / "Walking 1.cdf", "2 of 4 views that cannot be used")  # one file, two cameras
    (d2 / f"{NAME}.cdf").unlink()
    attempt(d2 / f"{NAME}.cdf", rf"D2_Positions/{NAME}.cdf: found no such file; expected the Poses/D2_Positions of S1")
    run(raw, dataset)


def test_two_runs_do_not_share_a_folder(original: tuple[Path, Scenes, Path], dataset: Path) -> None:
    with (dataset / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(original[0], dataset, "another run at work on it")
    run(original[0], dataset)


def test_the_command_tells_and_leaves_with_two(raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["preprocess", str(raw), str(tmp_path / "made"), "--workers", "1"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "4 views, 44 frames; 4 views made" in told
    assert "mean IoU 0." in told
    assert main(command) == 0
    assert "was complete: 4 views, 44 frames" in capsys.readouterr().out
    assert main(["preprocess", str(raw / "nothing"), str(tmp_path / "made")]) == 2
    assert main(["preprocess", str(raw), str(raw)]) == 2
    assert main([*command, "--margin", "0.5"]) == 2
    assert main([*command[:3], "--workers", "0"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("h36m-pose: error:") == 4
    assert "Traceback" not in errors


def test_a_killed_run_is_taken_up_again(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    """Its workers die with it, and what they left half done is cleared away."""
    dataset = tmp_path / "dataset"
    command = [
        sys.executable,
        "-m",
        "h36m_pose.cli.main",
        "preprocess",
        str(original[0]),
        str(dataset),
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(dataset.glob("S1/.Walking*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    assert len(alive_in_session(process.pid)) >= 3
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while alive_in_session(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive_in_session(process.pid)
    run(original[0], dataset)
    assert open_dataset(dataset, verify=True).fingerprint == open_dataset(original[2]).fingerprint
    assert not list(dataset.rglob(".*.part-*"))


def alive_in_session(session: int) -> list[int]:
    """Processes that belong to a session and are not just waiting to be buried."""
    alive = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                alive.append(int(path.parent.name))
    return alive


def test_a_full_disk_leaves_what_was_whole(original: tuple[Path, Scenes, Path], tmp_path: Path) -> None:
    """The file size limit of a process stands in for the disk: writing fails half way in the same manner."""
    dataset = tmp_path / "dataset"
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, 90_000))\n"
        "from pathlib import Path; from preprocessing.build import build\n"
        "try: build(sys.argv[1], sys.argv[2])\n"
        "except OSError as error: print('errno', error.errno)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(original[0]), str(dataset)], capture_output=True, text=True)
    assert "errno 27" in done.stdout, done.stderr  # EFBIG, where a full disk gives ENOSPC
    assert not list(dataset.rglob("*.npy"))
    run(original[0], dataset)
    open_dataset(dataset)


def test_the_rate_is_a_good_share_of_decoding_and_reading(original: tuple[Path, Scenes, Path]) -> None:
    """These views are tiny, and most of the time goes into each view's other work; on real ones it is above 0.7."""
    rate = measure_rate(original[0], most_views=2, rounds=3)
    assert rate.frames == 22
    assert rate.share > 0.2


def test_the_record_is_plain_json(original: tuple[Path, Scenes, Path]) -> None:
    record = json.loads((original[2] / "S1" / "Walking.54138969" / "view.json").read_text())
    assert set(record["sources"]["video"]) == {"name", "size", "sha256"}
    assert record["sources"]["video"]["name"] == "Walking.54138969.mp4"
    assert set(record["sources"]) == {"video", "poses_2d", "poses_mono", "poses_world", "masks"}
    assert record["parameters"] == Parameters().as_json()
