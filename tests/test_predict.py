"""Footage that no dataset was made of: the person is found, followed and predicted, or one line says why not."""

import struct
from pathlib import Path

import av
import cv2
import numpy as np
import predict_runs
import pytest
import raw_fixture
import stick_dataset
from film_fixture import FRAMES, SIDE, film, write_film
from numpy import ndarray
from PIL import Image

import h36m_pose
from h36m_pose.camera import camera_to_pixel
from h36m_pose.data.crop_frame import turn_back
from h36m_pose.errors import InputError
from h36m_pose.predict.finding import Search, find, shots_with_boxes
from h36m_pose.predict.footage import open_footage
from h36m_pose.predict.overlay import write_overlay
from h36m_pose.predict.survey import survey
from h36m_pose.predict.viewing import place_on_picture, rotations_of, viewing
from h36m_pose.predict.workflow import VideoPredictor
from preprocessing.background import Subtraction, intersection_over_union
from preprocessing.crop import crop_person, grey_levels, square_around
from preprocessing.masks import largest_component


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> VideoPredictor:
    return h36m_pose.load(predict_runs.write_run(tmp_path_factory.mktemp("run"), crops=predict_runs.CROPS))


@pytest.fixture(scope="module")
def empties() -> ndarray:
    """The room without anybody, and the sensor's noise."""
    noise = np.random.default_rng(0).normal(0, 2, (8, SIDE, SIDE, 3))
    return np.clip(film().empty + noise, 0, 255).astype(np.uint8)


def found_in(frames: ndarray | Path, **options: object) -> tuple[object, list]:
    """How the person was found, and the silhouette in every frame."""
    footage = open_footage(frames, None if isinstance(frames, Path) else 8.0)
    found = find(footage, survey(footage, True), Search(**options), Subtraction(), True)
    with found.opened() as silhouettes:
        people = [box and silhouettes.silhouette(shot, box) for shot, box in shots_with_boxes(footage, found)]
    return found, people


def agreement(people: list, masks: ndarray) -> float:
    """Mean intersection over union with the true silhouettes."""
    return float(
        np.mean(
            [intersection_over_union(one, largest_component(mask)) for one, mask in zip(people, masks, strict=True)]
        )
    )


def panned(images: ndarray) -> ndarray:
    """As a camera sees it that turns after the person."""
    wide = [np.hstack([film().empty[:, ::-1], image]) for image in images]
    lefts = [(SIDE - 60 - 120 * frame // len(images)) // 2 * 2 for frame in range(len(images))]
    return np.stack([image[:, left : left + SIDE] for image, left in zip(wide, lefts, strict=True)])


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("b.avi", "mpeg4")])
def test_a_fixed_camera_is_noticed_and_the_room_subtracted(name: str, codec: str, tmp_path: Path) -> None:
    shown, masks = film().images, film().masks
    if codec == "mpeg4":  # smaller, and higher than wide
        shown = np.stack([cv2.resize(image[:, 30:390], (324, 360)) for image in shown[::2]])
        masks = np.stack([cv2.resize(mask[:, 30:390], (324, 360)) for mask in masks[::2]])
    found, people = found_in(write_film(tmp_path / name, shown, codec, 12))
    assert found.way == "plate"
    assert found.why.startswith("fixed camera")
    assert found.others == ""
    assert agreement(people, masks) > 0.85


def test_a_moving_camera_is_noticed_and_the_person_detected() -> None:
    found, people = found_in(panned(film().images))
    assert found.way == "detector"
    assert found.why.startswith("moving camera")
    there = [one is not None for one in people]
    assert np.mean(there) > 0.8
    lefts = [(SIDE - 60 - 120 * frame // FRAMES) // 2 * 2 for frame in range(FRAMES)]
    wide = np.pad(film().masks, ((0, 0), (0, 0), (SIDE, 0)))
    masks = np.stack([mask[:, left : left + SIDE] for mask, left in zip(wide, lefts, strict=True)])
    assert agreement([one for one in people if one], masks[there]) > 0.75


def test_a_plate_of_the_users_is_used(tmp_path: Path) -> None:
    Image.fromarray(film().empty).save(tmp_path / "plate.png")
    found, people = found_in(film().images[:3], background=tmp_path / "plate.png")
    assert (found.way, found.why) == ("plate", "--background")
    assert agreement(people, film().masks[:3]) > 0.85
    with pytest.raises(InputError, match="400x400"):
        found_in(film().images[:3, :300], background=tmp_path / "plate.png")


def test_nobody_is_one_line(empties: ndarray, predictor: VideoPredictor) -> None:
    with pytest.raises(InputError, match="nobody in 8 frames") as caught:
        predictor(empties, fps=8)
    assert "\n" not in str(caught.value)


def test_of_two_people_one_is_followed_throughout(tmp_path: Path) -> None:
    first, second = film().images[:10], film().images[-10:, :, ::-1]
    together = np.concatenate([first, second], axis=2)
    plate = tmp_path / "plate.png"
    Image.fromarray(np.hstack([film().empty, film().empty[:, ::-1]])).save(plate)
    footage, sides = open_footage(together, 8), {}
    seen = survey(footage, True)
    for pick in ("left", "right", "1", "2"):
        found = find(footage, seen, Search(background=plate, pick=pick), Subtraction(), True)
        assert "2 people" in found.others
        middles = found.boxes[:, 0] + found.boxes[:, 2] / 2
        assert (middles < SIDE).all() or (middles > SIDE).all()
        sides[pick] = bool(middles[0] < SIDE)
    assert sides["left"]
    assert not sides["right"]
    assert sides["1"] != sides["2"]
    with pytest.raises(InputError, match="found 2 people"):
        find(footage, seen, Search(background=plate, pick="3"), Subtraction(), True)


def test_frames_without_a_person_are_gaps(empties: ndarray, predictor: VideoPredictor, tmp_path: Path) -> None:
    shown = np.concatenate([film().images[:4], empties[:3], film().images[4:7]])
    Image.fromarray(film().empty).save(tmp_path / "plate.png")
    poses = predictor(shown, fps=8, smooth="one_euro", background=tmp_path / "plate.png")
    assert poses.gaps == [(4, 6)]
    for name in ("joints_root_mm", "smoothed_root_mm", "joints_px", "box_px", "mirrored_root_mm"):
        array = getattr(poses, name)
        assert np.isnan(array[4:7]).all(), name
        assert np.isfinite(array[poses.valid]).all(), name
    write_overlay(tmp_path / "overlay.mp4", poses, open_footage(shown, 8), np.zeros(len(poses), bool), True)
    with av.open(str(tmp_path / "overlay.mp4")) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert float(video.streams.video[0].average_rate) == 8
    assert len(pictures) == len(poses)
    blue = [int((np.abs(picture.astype(int) - (0, 114, 178)).sum(axis=-1) < 40).sum()) for picture in pictures]
    assert min(np.array(blue)[poses.valid]) > 2 * max(np.array(blue)[4:7])  # no skeleton but for the legend's line


def masks_as(kind: str, folder: Path) -> Path:
    """The true silhouettes as users have them."""
    folder.mkdir()
    if kind == "mat":
        raw_fixture.write_masks(folder / "masks.mat", list(film().masks))
        return folder / "masks.mat"
    if kind == "video":
        return write_film(folder / "masks.mkv", np.repeat(film().masks[..., None] * 255, 3, axis=3), "ffv1")
    for number, mask in enumerate(film().masks):  # 2 comes before 10
        Image.fromarray(mask * (255 if kind == "white" else 1)).save(folder / f"mask {number}.png")
    return folder


@pytest.mark.parametrize("kind", ["white", "labels", "video", "mat"])
def test_masks_make_the_crops_that_preprocessing_makes(kind: str, tmp_path: Path, predictor: VideoPredictor) -> None:
    poses = predictor(film().images, fps=8, masks=masks_as(kind, tmp_path / kind))
    assert poses.about["person"]["way"] == "masks"
    assert poses.about["whence"]["weights"] == poses.about["checkpoint_digest"]
    footage = open_footage(film().images)
    crops = []
    for shot, mask in zip(footage.shots(), film().masks, strict=True):
        person = largest_component(mask)
        square = square_around(person[1], 1.1)
        crops.append(crop_person(shot.picture.luma, grey_levels(False), *person, square))
        assert tuple(poses.box_px[shot.index]) == square
    camera = viewing(SIDE, SIDE, None, None).camera
    expected = turn_back(predictor.network.predict(np.stack(crops))[0], rotations_of(poses.box_px, camera))
    assert np.abs(poses.joints_root_mm - expected).max() < 0.01


def test_masks_of_other_pictures_are_refused(tmp_path: Path, predictor: VideoPredictor) -> None:
    folder = masks_as("white", tmp_path / "masks")
    with pytest.raises(InputError, match="a mask of 400x400"):
        predictor(film().images[:, :200], masks=folder)
    with pytest.raises(InputError, match="as a photograph"):
        predictor(film().images, masks=write_film(tmp_path / "film.mkv", film().images))
    with pytest.raises(InputError, match="15 masks"):
        predictor(np.concatenate([film().images] * 3), masks=folder)


def test_a_cut_video_gives_what_can_be_decoded_and_says_so(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "whole.mp4", film().images).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    seen = survey(open_footage(cut), True)
    assert 4 <= seen.frames < FRAMES
    assert f"{seen.frames} of {FRAMES} frames" in seen.problem
    assert survey(open_footage(tmp_path / "whole.mp4"), True).problem == ""


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.mp4", b"", "an empty file"),
        ("b.mp4", b"\x00\x00\x00\x18ftypmp42 and no more", "no video"),
        ("c.txt", b"dear diary", "no video"),
        ("d.png", b"\x89PNG\r\n\x1a\n...", "no whole picture"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nother.mp4\n", "no video"),
    ],
)
def test_what_is_no_footage_is_one_line(name: str, content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=found) as caught:
        survey(open_footage(tmp_path / name), True)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_video_is_turned_as_its_file_says(tmp_path: Path) -> None:
    upright = film().images[:2, :, 50:350]
    path = write_film(tmp_path / "a.mp4", np.rot90(upright, 1, (1, 2)))
    content = bytearray(path.read_bytes())
    head = content.index(b"tkhd") + 4
    matrix = head + 40  # version and flags, times, id, duration, layer, volume
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    for shot, true in zip(open_footage(path).shots(), upright, strict=True):
        assert shot.rgb().shape == true.shape
        assert np.abs(shot.rgb().astype(int) - true).mean() < 6
        assert shot.picture.luma.shape == true.shape[:2]
        grey = cv2.cvtColor(true, cv2.COLOR_RGB2GRAY)
        assert np.corrcoef(shot.picture.luma.ravel(), grey.ravel())[0, 1] > 0.99


def test_pictures_come_in_the_order_people_count(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        Image.fromarray(np.full((40, 51, 3), number * 20, np.uint8)).save(tmp_path / f"frame{number}.png")
    footage = open_footage(tmp_path, 5)
    assert [int(shot.rgb()[0, 0, 0]) for shot in footage.shots()] == [20, 40, 200]
    assert [shot.time_s for shot in footage.shots()] == [0, 0.2, 0.4]
    Image.fromarray(np.zeros((41, 51, 3), np.uint8)).save(tmp_path / "frame11.png")
    with pytest.raises(InputError, match="51x41"):
        list(open_footage(tmp_path).shots())


def test_few_pictures_of_a_long_video_are_held() -> None:
    many = np.broadcast_to(film().empty[:64, :64], (311, 64, 64, 3))
    seen = survey(open_footage(many), True)
    assert seen.frames == 311
    assert 8 <= len(seen.samples) <= 16
    assert np.ptp(np.diff([number for number, _ in seen.samples])) == 0


def test_the_overlay_lies_on_the_person() -> None:
    """Poses of known cameras fall back where they came from, wherever the pelvis was."""
    rng = np.random.default_rng(1)
    joints = stick_dataset.poses(7, 1.0, rng).astype(np.float64)
    camera = viewing(1000, 800, 1100.0, None).camera
    pelvis = np.column_stack([rng.uniform(-900, 900, 7), rng.uniform(-300, 300, 7), rng.uniform(3500, 6000, 7)])
    true = camera_to_pixel(joints + pelvis[:, None], camera)
    flesh = 1100 / pelvis[:, 2:]
    low, high = true.min(axis=1) - flesh * (60, 25), true.max(axis=1) + flesh * (60, 85)
    boxes = np.concatenate([low + 0.5, high - low], axis=1)
    squares = np.column_stack([low - 10, (high - low).max(axis=1) + 20])
    placed = place_on_picture(joints.astype(np.float32), boxes, squares, camera)
    assert np.abs(placed - true).max() < 3  # pixels, of people 150 to 300 high


@pytest.mark.parametrize(
    ("text", "found"),
    [("{", "no JSON"), ("[]", "no focal_px"), ('{"focal_px": "far"}', "focal_px"), ('{"focal_px": -2}', "focal_px"),
     ('{"focal_px": 900, "width_px": 7}', "width_px 7"), ('{"focal_px": 900, "radial": [1]}', "radial")],
)  # fmt: skip
def test_a_wrong_camera_is_one_line(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "camera.json").write_text(text)
    with pytest.raises(InputError, match=found):
        viewing(640, 480, None, tmp_path / "camera.json")


def test_a_camera_is_taken_as_it_is_if_it_is_that_of_the_pictures() -> None:
    camera = viewing(640, 480, 700.0, None).camera
    assert viewing(640, 480, None, camera).camera is camera
    with pytest.raises(InputError, match="pictures of 640x480; expected 480x640"):
        viewing(480, 640, None, camera)


def test_an_unknown_camera_is_assumed_and_called_so() -> None:
    assert viewing(640, 480, None, None).assumed
    assert "ASSUMED" in viewing(640, 480, None, None).words
    assert not viewing(640, 480, 700.0, None).assumed
