"""The studio's captures: names, counts and geometry of the files, resuming, refusals, and one real drawing."""

import dataclasses
import fcntl
import json
import re
from pathlib import Path

import cdflib
import cv2
import h5py
import numpy as np
import pytest
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, world_to_camera
from h36m_pose.errors import InputError
from preprocessing import catalog
from preprocessing.capture import filming, studio
from preprocessing.capture.anatomy import Person, draw_person
from preprocessing.capture.cast import Role, cast
from preprocessing.capture.filming import Order, Report, film, tight_box
from preprocessing.capture.gait import walk
from preprocessing.capture.motion import Motion
from preprocessing.capture.picture import Shot
from preprocessing.capture.planes import Planes
from preprocessing.capture.record import RECORD_NAME, STUDIO_VERSION, Missing
from preprocessing.capture.rig import draw_rig


class QuickPhotographer:
    """Draws the outline around the joints on a noisy grey wall: the studio's interface without its pictures."""

    def __init__(self, cameras: list[Camera], seed: int):
        self.cameras, self.seed = cameras, seed

    def matrices(self, motion: Motion) -> ndarray:
        return motion.joints_world_mm

    def draw(self, joints_world_mm: ndarray, *, views: list[int], moment: tuple[int, ...]) -> list[Shot]:
        shots = []
        for view in views:
            camera = self.cameras[view]
            pixels = np.rint(camera_to_pixel(world_to_camera(joints_world_mm, camera), camera)).astype(np.int32)
            mask = np.zeros((camera.height_px, camera.width_px), np.uint8)
            cv2.fillConvexPoly(mask, cv2.convexHull(pixels), 1)
            noise = np.random.default_rng([self.seed, view, *moment]).integers(90, 100, (8, 8), dtype=np.uint8)
            grey = np.tile(noise, (126, 125))[: camera.height_px]
            image = np.stack([grey, grey, np.where(mask > 0, np.uint8(210), grey)], axis=-1)
            shots.append(Shot(Planes.of(image), mask, (0, 0, camera.width_px, camera.height_px)))
        return shots


def hire_quickly(order: Order, person: Person, rig: dict[str, Camera]) -> QuickPhotographer:
    return QuickPhotographer(list(rig.values()), order.role.trials[0].seed)


TINY: dict[str, object] = {"studio": STUDIO_VERSION, "preset": "tiny", "seed": 0, "crowd": 1}


def film_quickly(root: Path, workers: int = 1, crowd: int = 1, roles: tuple[Role, ...] | None = None) -> None:
    roles = cast("tiny", 0, crowd) if roles is None else roles
    studio.film_cast(root, roles, TINY, 0, workers, hire=hire_quickly)  # type: ignore[arg-type]


def contents(root: Path) -> dict[str, bytes]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def poses(path: Path, dimensions: int) -> ndarray:
    values = cdflib.CDF(path).varget("Pose")
    assert values.shape[0] == 1 and values.dtype == np.float32
    return values.reshape(-1, 32, dimensions).astype(np.float64)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("capture")
    film_quickly(root)
    return root


def test_names_are_the_release_s_and_the_decoy_stays_out(filmed: Path) -> None:
    views = catalog.find_views(filmed)
    assert all(view.missing == () for view in views)
    assert [(view.subject, view.trial) for view in views[::4]] == [
        ("S1", "Walking 1"), ("S1", "Walking"), ("S9", "Walking 1"), ("S9", "Walking"), ("S11", "Walking 1"),
        ("S11", "Walking"), ("S101", "Walking 1"),
    ]  # fmt: skip
    assert (filmed / "S1/Videos/WalkingDog.54138969.mp4").is_file()
    assert (filmed / "S1/MyPoseFeatures/D3_Positions/WalkingDog.cdf").is_file()
    assert (filmed / "S9/MySegmentsMat/ground_truth_bb/Walking.60457274.mat").is_file()


def test_counts_sizes_and_rates(filmed: Path) -> None:
    frames = {"S1": 7, "S9": 5, "S11": 6, "S101": 3}
    for view in catalog.find_views(filmed):
        number = frames[view.subject]
        assert (
            len(poses(view.poses_2d, 2)) == len(poses(view.poses_mono, 3)) == len(poses(view.poses_world, 3)) == number
        )
        video = cv2.VideoCapture(str(view.video))
        length = video.get(cv2.CAP_PROP_FRAME_COUNT)
        longer = view.camera_id in ("55011271", "58860488") and not catalog.is_crowd(view.subject)
        assert 1 <= length - number <= 4 and (length - number > 1) == longer
        height = catalog.picture_height_px(view.subject, view.camera_id)
        assert video.get(cv2.CAP_PROP_FRAME_HEIGHT) == height and video.get(cv2.CAP_PROP_FRAME_WIDTH) == 1000
        assert video.get(cv2.CAP_PROP_FPS) == (10 if catalog.is_crowd(view.subject) else 50)
        for path in (view.masks, view.box_masks):
            with h5py.File(path) as file:
                assert file["Masks"].shape == (number, 1)
                assert file[file["Masks"][0, 0]].shape == (1000, height)


def test_geometry_of_the_three_kinds_of_poses(filmed: Path) -> None:
    for view in catalog.find_views(filmed):
        world, mono, pixels = poses(view.poses_world, 3), poses(view.poses_mono, 3), poses(view.poses_2d, 2)
        camera = draw_rig(0, view.subject, world)[view.camera_id]
        if not catalog.is_crowd(view.subject):  # float32 joints might tip another draw of the crowd's cameras
            np.testing.assert_allclose(world_to_camera(world, camera), mono, atol=2e-3)
            np.testing.assert_allclose(camera_to_pixel(mono, camera), pixels, atol=1e-3)
        assert mono[..., 2].min() > 1000 and pixels.min() > 0 and pixels[..., 0].max() < 999
        assert 0 < world[..., 2].min() < 120 and 1400 < world[..., 2].max() < 2100


def test_boxes_enclose_silhouettes_tightly(filmed: Path) -> None:
    for view in catalog.find_views(filmed)[::5]:
        with h5py.File(view.masks) as silhouettes, h5py.File(view.box_masks) as boxes:
            for frame in range(len(silhouettes["Masks"])):
                silhouette = silhouettes[silhouettes["Masks"][frame, 0]][()].T
                box = boxes[boxes["Masks"][frame, 0]][()].T
                assert cv2.boundingRect(silhouette) == cv2.boundingRect(box)
                assert box.sum() == np.prod(cv2.boundingRect(box)[2:]) > silhouette.sum() > 0


def test_tight_box() -> None:
    mask = np.zeros((9, 11), np.uint8)
    assert tight_box(mask, (1, 2, 8, 7)) == (0, 0, 0, 0)
    mask[3, 5] = mask[6, 4] = 1
    assert tight_box(mask, (0, 0, 11, 9)) == tight_box(mask, (4, 3, 6, 7)) == (4, 3, 6, 7)


def test_complete_is_told_and_nothing_is_touched(filmed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in filmed.rglob("*") if path.is_file()}
    film_quickly(filmed)
    assert "complete, nothing to do: 156 frames, 24 + 4 views" in capsys.readouterr().out
    after = {path: path.stat().st_mtime_ns for path in filmed.rglob("*") if path.is_file()}
    assert {path: time for path, time in after.items() if path.name != studio.LOCK_NAME} == {
        path: time for path, time in before.items() if path.name != studio.LOCK_NAME
    }


def test_deleted_and_damaged_files_are_filmed_again_to_the_same_bytes(filmed: Path) -> None:
    before = contents(filmed)
    stamps = {path: path.stat().st_mtime_ns for path in filmed.rglob("*") if path.is_file()}
    views = catalog.find_views(filmed)
    one, two, three = views[1], views[10], views[-1]
    one.video.unlink()
    damaged = bytearray(two.poses_mono.read_bytes())
    damaged[-1] ^= 1
    two.poses_mono.write_bytes(damaged)
    three.poses_world.unlink()
    (one.video.parent / f".{one.video.stem}.part-1.mp4").write_bytes(b"left by a killed run")
    film_quickly(filmed)
    assert contents(filmed) == before
    changed = {path for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp}
    redone = {getattr(view, kind) for view in (one, two) for kind in catalog.KINDS if kind != "poses_world"}
    assert changed - {filmed / RECORD_NAME, filmed / studio.LOCK_NAME} == redone | {three.poses_world}


def test_bytes_depend_neither_on_workers_nor_on_company(filmed: Path, tmp_path: Path) -> None:
    film_quickly(tmp_path, workers=2, roles=cast("tiny", 0, 2)[2:])
    ours, theirs = contents(filmed), contents(tmp_path)
    shared = [name for name in theirs if name in ours and re.match(r"S\d+/", name)]
    assert len(shared) == 3 * 21 and len({name.split("/")[0] for name in shared}) == 2
    assert {name: theirs[name] for name in shared} == {name: ours[name] for name in shared}
    assert (tmp_path / "S102/Videos/Walking 1.60457274.mp4").is_file()


@pytest.mark.parametrize("workers", [2, 3, 16])
def test_every_order_is_in_one_shift_and_rooms_stay_together(tmp_path: Path, workers: int) -> None:
    everything = Missing(catalog.CAMERAS, world=True)
    orders = [Order(tmp_path, 0, role, {t.name: everything for t in role.trials}) for role in cast("demo", 0)]
    shifts = studio._shifts(orders, workers)
    subjects = [order.role.subject for shift in shifts for order in shift]
    assert sorted(subjects) == sorted(order.role.subject for order in orders)
    assert all(len({order.variation.room(order.role.subject) for order in shift}) == 1 for shift in shifts)
    frames = [sum(order.frames for order in shift) for shift in shifts]
    assert frames == sorted(frames, reverse=True) and frames[0] == 1000 and len(shifts) > workers


def test_a_worker_s_error_arrives_and_leaves_no_half_written_files(tmp_path: Path) -> None:
    (tmp_path / "S11").write_bytes(b"")  # a file where a folder should be
    (tmp_path / RECORD_NAME).write_text(json.dumps({"parameters": TINY, "files": {}}), encoding="utf-8")
    with pytest.raises((FileExistsError, NotADirectoryError)):
        film_quickly(tmp_path, workers=2, roles=cast("tiny", 0, 0)[1:])
    assert not list(tmp_path.rglob("*.part-*"))
    finished = json.loads((tmp_path / RECORD_NAME).read_text(encoding="utf-8"))["files"]
    assert all(name.startswith("S9/") and (tmp_path / name).is_file() for name in finished)


def test_other_parameters_a_second_studio_and_foreign_folders_are_refused(filmed: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made with crowd 1, preset tiny; expected crowd 40, preset demo"):
        studio.capture(filmed, "demo")
    with (
        (filmed / studio.LOCK_NAME).open("a") as stream,
        pytest.raises(InputError, match="another capture at work"),
    ):
        fcntl.flock(stream, fcntl.LOCK_EX)
        film_quickly(filmed)
    (tmp_path / "release" / "S1").mkdir(parents=True)
    with pytest.raises(InputError, match=r"S1, but no capture.json"):
        studio.capture(tmp_path / "release", "tiny")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / RECORD_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged record"):
        studio.capture(tmp_path / "broken", "tiny")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="found a file"):
        studio.capture(tmp_path / "file", "tiny")


def test_an_outside_motion_drives_one_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "hire_photographer", hire_quickly)
    joints = walk(draw_person("S6", 0), 9, seed=2, path="wander").joints_world_mm
    np.savez(tmp_path / "walk.npz", joints_world_mm=joints, fps=50.0)
    for _ in range(2):
        studio.capture_motion(tmp_path / "out", tmp_path / "walk.npz", subject="S5")
    views = catalog.find_views(tmp_path / "out")
    assert [(view.subject, view.trial) for view in views] == [("S5", "Walking 1")] * 4
    for view in views:
        np.testing.assert_allclose(poses(view.poses_world, 3), joints, atol=1e-3)
        assert cv2.VideoCapture(str(view.video)).get(cv2.CAP_PROP_FRAME_COUNT) > 9
    with pytest.raises(InputError, match="made with crowd 1, preset tiny"):
        (tmp_path / "out" / RECORD_NAME).write_text(json.dumps({"parameters": TINY, "files": {}}), encoding="utf-8")
        studio.capture_motion(tmp_path / "out", tmp_path / "walk.npz", subject="S5")


def test_a_real_picture_shows_the_person_where_the_labels_say(tmp_path: Path) -> None:
    role = cast("tiny", 0, 0)[1]
    trial = dataclasses.replace(role.trials[0], frames=2, tails=(0, 0, 0, 0))
    missing = {trial.name: Missing(("54138969", "60457274"), world=True)}
    film(Order(tmp_path, 0, Role("S9", (trial,)), missing), Report(lambda frames: None, lambda entries: None))
    assert draw_person("S9", 0).name == "S9"
    for view in catalog.find_views(tmp_path):
        assert view.missing == ()
        pixels = poses(view.poses_2d, 2)
        video = cv2.VideoCapture(str(view.video))
        with h5py.File(view.masks) as file:
            for frame in range(2):
                there, image = video.read()
                mask = file[file["Masks"][frame, 0]][()].T
                assert there and image.std() > 10
                columns, rows = np.rint(pixels[frame]).astype(int).T
                assert mask[rows, columns].mean() > 0.9, "joints lie in the silhouette"
                left, top, width, height = cv2.boundingRect(mask)
                tall = np.ptp(pixels[frame, :, 1])
                assert (
                    0.98 * tall < height < 1.25 * tall and mask[top : top + height, left : left + width].mean() > 0.15
                )
