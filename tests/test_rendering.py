import json
import types
from pathlib import Path

import av
import cv2
import matplotlib.colors
import numpy as np
import pytest
from PIL import Image
from raw_fixture import camera_of, walk

from h36m_pose import skeleton
from h36m_pose.camera import camera_to_pixel, world_to_camera
from h36m_pose.cli.main import main
from h36m_pose.data.dataset import View, frame_to_crop, open_dataset
from h36m_pose.data.dataset_writer import write_manifest, write_view
from h36m_pose.errors import InputError
from h36m_pose.predictions_file import Predictions, ViewSpan, write_predictions
from h36m_pose.rendering import canvas, grid_picture, sample_picture, walking_video
from h36m_pose.rendering.media_files import comment_of, new_video, read_frames, write_picture
from h36m_pose.rendering.run_pictures import render_run
from h36m_pose.rendering.skeleton_drawing import Stage, Viewpoint, draw_figure
from h36m_pose.rendering.walking_clip import make_clip
from h36m_pose.summary import summarise

FRAMES, SIDE = 9, 300


@pytest.fixture(scope="module")
def scene():
    """A walk before camera 3, with crops of a fixed size."""
    world = walk(FRAMES)[:, skeleton.EVALUATED]
    camera = camera_of(3)
    cam = world_to_camera(world, camera)
    pixels = camera_to_pixel(cam, camera)
    box = np.concatenate([pixels.mean(1) - SIDE / 2, np.full((FRAMES, 1), SIDE)], axis=1)
    return types.SimpleNamespace(world=world, camera=camera, cam=cam, pixels=pixels, box=box, root=cam - cam[:, :1])


def view_of(scene, **changed):
    fields = {
        "subject": "S11", "trial": "Walking 1", "camera_id": "60457274", "fps": 50.0,
        "images": np.full((FRAMES, 128, 128), 90, np.uint8), "joints_root_mm": scene.root,
        "root_cam_mm": scene.cam[:, 0], "box_px": scene.box, "joints_px": frame_to_crop(scene.pixels, scene.box),
        "camera": scene.camera, "camera_in_world": True, "folder": Path("nowhere"), "record": {},
    }  # fmt: skip
    return View(**{**fields, **changed})


def test_a_clip_stands_upright_on_the_floor(scene):
    stretched = scene.root * np.array([1.1, 1.0, 0.9])
    clip = make_clip(view_of(scene), stretched, scene.root, first=2, count=5)
    assert len(clip) == 5
    pelvis = clip.target_mm[:, :1]
    np.testing.assert_allclose(clip.predicted_mm, stretched[2:7] @ scene.camera.rotation + pelvis, atol=1e-6)
    expected = scene.world[2:7] - scene.world[2:7, :1] * np.array([1, 1, 0])
    np.testing.assert_allclose(clip.target_mm, expected, atol=1e-6)
    np.testing.assert_allclose(clip.person_mm, scene.world[2:7, 0, :2], atol=1e-6)
    exact = make_clip(view_of(scene), scene.root, scene.root, first=2, count=5)
    np.testing.assert_allclose(exact.overlay_px, scene.pixels[2:7], atol=1e-6)
    np.testing.assert_array_equal(exact.errors_mm, 0)


def test_errors_are_relative_to_the_pelvis_over_17_joints(scene):
    wrong = scene.root.copy()
    wrong[:, 4, 1] += 34.0
    clip = make_clip(view_of(scene), wrong, scene.root, first=0, count=FRAMES)
    np.testing.assert_allclose(clip.errors_mm, 2.0)


def test_without_a_camera_the_picture_decides_what_is_up(scene):
    view = view_of(scene, camera=None, camera_in_world=False)
    clip = make_clip(view, scene.root, scene.root, first=0, count=FRAMES)
    assert not clip.level_known
    head, ankles = clip.target_mm[:, 10, 2], clip.target_mm[:, [3, 6], 2]
    assert (head > 1400).all()
    assert (ankles > 0).all()
    np.testing.assert_allclose(clip.overlay_px, scene.pixels, atol=1e-4)
    wrong = scene.root + np.array([40.0, 0, 0])
    moved = make_clip(view, wrong, scene.root, first=0, count=FRAMES).overlay_px - scene.pixels
    by_camera = make_clip(view_of(scene), wrong, scene.root, first=0, count=FRAMES).overlay_px - scene.pixels
    np.testing.assert_allclose(moved, by_camera, atol=0.12 * by_camera.max())
    np.testing.assert_allclose(np.linalg.norm(np.diff(clip.target_mm, axis=1), axis=-1),
                               np.linalg.norm(np.diff(scene.world, axis=1), axis=-1))  # fmt: skip


@pytest.mark.parametrize("azimuth", [0.0, 0.7, 4.0])
@pytest.mark.parametrize("elevation", [0.0, 0.3])
def test_a_viewpoint_keeps_lengths_and_hands(azimuth, elevation):
    axes = Viewpoint(azimuth, elevation).project(np.eye(3)).T
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    right, up, away = axes
    np.testing.assert_allclose(np.cross(right, up), -away, atol=1e-12)
    assert up[2] == pytest.approx(np.cos(elevation))
    assert right[2] == 0
    np.testing.assert_allclose(away[:2], np.cos(elevation) * np.array([np.cos(azimuth), np.sin(azimuth)]), atol=1e-12)


def test_the_fixed_view_shows_the_person_as_the_camera_does(scene):
    clip = make_clip(view_of(scene), scene.root, scene.root, first=0, count=FRAMES)
    seen = clip.sight.project(clip.target_mm[4])
    picture = scene.pixels[4] - scene.pixels[4, 0]
    assert np.corrcoef(seen[:, 0] - seen[0, 0], picture[:, 0])[0, 1] > 0.97
    assert np.corrcoef(seen[:, 1] - seen[0, 1], -picture[:, 1])[0, 1] > 0.97


def test_left_is_blue_and_right_is_vermilion(scene):
    assert tuple(round(255 * part) for part in matplotlib.colors.to_rgb("#0072B2")) == canvas.LEFT
    assert tuple(round(255 * part) for part in matplotlib.colors.to_rgb("#D55E00")) == canvas.RIGHT
    stage = Stage(0, 0, 300, 400, px_per_mm=0.18, middle_mm=850.0, floor_radius_mm=600.0)
    image = canvas.blank(300, 400, canvas.PANEL)
    joints = walk(2)[0, skeleton.EVALUATED]
    joints = joints - joints[0] * np.array([1, 1, 0])
    from_ahead = Viewpoint(np.pi, 0.0)  # the first frame walks along x
    draw_figure(image, stage, from_ahead, joints)
    blue = np.argwhere(image[..., 2].astype(int) - image[..., 0] > 80)[:, 1]
    vermilion = np.argwhere(image[..., 0].astype(int) - image[..., 2] > 80)[:, 1]
    assert blue.min() > 140, "the left side is on the viewer's right"
    assert vermilion.max() < 160


def test_equal_axes(scene):
    stage = Stage(40, 30, 300, 400, px_per_mm=0.2, middle_mm=900.0, floor_radius_mm=600.0)
    level = Viewpoint(0.4, 0.0)
    ends = stage.place(level.project(np.array([[0, 0, 900.0], [0, 0, 1400.0]])), level)
    np.testing.assert_allclose(ends, [[190, 230], [190, 130]])
    across = np.array([np.sin(0.4), -np.cos(0.4), 0]) * 500
    np.testing.assert_allclose(stage.place(level.project(across + np.array([0, 0, 900])), level), [290, 230])


def test_text_is_measured_wrapped_and_cut_at_the_edge():
    image = canvas.blank(200, 40)
    width = canvas.write(image, "Frame 118", (190, 25), 20, align="right")
    assert abs(width - canvas.text_width("Frame 118", 20)) <= 1
    inked = np.argwhere((image != canvas.PAPER).any(axis=(0, 2)))[:, 0]
    assert 190 - width - 2 <= inked[0] < inked[-1] <= 190
    canvas.write(image, "far outside", (500, 25), 20)
    canvas.write(image, "half outside", (-60, 5), 20)
    words = "one two three four five six seven eight"
    lines = canvas.wrapped(words, 18, 120)
    assert " ".join(lines) == words
    assert len(lines) > 2
    assert all(canvas.text_width(line, 18) <= 120 for line in lines)


def test_the_video_plays_in_browsers_and_keeps_its_colours(tmp_path):
    path = tmp_path / "walk.mp4"
    colours = [(200, 30, 40), (30, 160, 60), (20, 60, 210), (240, 240, 240), (9, 12, 20)]
    with new_video(path, 320, 240, 25, "a title", json.dumps({"run": "r"})) as video:
        for colour in colours:
            video.add(canvas.blank(320, 240, colour))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.frames, stream.average_rate) == (5, 25)
        assert container.metadata["title"] == "a title"
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "browsers begin to play before they have the whole file"
    assert comment_of(path) == {"run": "r"}
    capture = cv2.VideoCapture(str(path))
    for colour in colours:
        given, frame = capture.read()
        assert given
        np.testing.assert_allclose(frame.mean((0, 1))[::-1], colour, atol=6)
    assert not capture.read()[0]


def test_a_video_that_fails_leaves_nothing(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        new_video(tmp_path / "walk.mp4", 320, 240, 25, "", "") as video,
    ):
        video.add(canvas.blank(320, 240))
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_pictures_say_where_they_come_from(tmp_path):
    write_picture(tmp_path / "a.png", canvas.blank(30, 20), "a title", json.dumps({"run": "r", "code": "c"}))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["Title"] == "a title"
        assert picture.size == (30, 20)
    assert comment_of(tmp_path / "a.png") == {"run": "r", "code": "c"}
    assert comment_of(tmp_path / "b.png") is None
    (tmp_path / "c.png").write_bytes(b"no picture")
    (tmp_path / "c.mp4").write_bytes(b"no video")
    assert comment_of(tmp_path / "c.png") is None
    assert comment_of(tmp_path / "c.mp4") is None


def write_numbered_video(path, frames: int = FRAMES + 2):
    """A video as OpenCV writes it, whose grey tells the frame's number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 50, (500, 502))
    for number in range(frames):
        writer.write(np.full((502, 500, 3), 40 + 15 * number, np.uint8))
    writer.release()


def test_frames_are_counted_from_the_first(tmp_path):
    write_numbered_video(tmp_path / "raw.mp4")
    shown = [frame.mean() for frame in read_frames(tmp_path / "raw.mp4", 3, 4)]
    np.testing.assert_allclose(shown, [40 + 15 * number for number in range(3, 7)], atol=7)
    shown = [frame.mean() for frame in read_frames(tmp_path / "raw.mp4", 1, 2, every=3)]
    np.testing.assert_allclose(shown, [40 + 15 * number for number in (3, 6)], atol=7)


def test_videos_that_cannot_be_used_are_told(tmp_path):
    write_numbered_video(tmp_path / "raw.mp4", 6)
    with pytest.raises(InputError, match="only 6 frames"):
        list(read_frames(tmp_path / "raw.mp4", 3, 4))
    with pytest.raises(InputError, match="no file"):
        list(read_frames(tmp_path / "nothing.mp4", 0, 1))
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(InputError, match="cannot be decoded"):
        list(read_frames(tmp_path / "text.mp4", 0, 1))


@pytest.fixture
def tested_run(scene, tmp_path):
    """A dataset of two views, a raw video, and a run that was evaluated on them."""
    draw = np.random.default_rng(0)
    spans = tuple(ViewSpan("S11", "Walking 1", camera, FRAMES) for camera in ("54138969", "60457274"))
    for span in spans:
        write_view(
            tmp_path / "data", span.subject, span.trial, span.camera_id,
            images=draw.integers(0, 255, (FRAMES, 128, 128)).astype(np.uint8),
            joints_px=frame_to_crop(scene.pixels, scene.box), joints_root_mm=scene.root,
            root_cam_mm=scene.cam[:, 0], box_px=scene.box, camera=scene.camera, mask_source="release",
        )  # fmt: skip
        write_numbered_video(tmp_path / "raw" / f"{span.camera_id}.mp4")
    write_manifest(tmp_path / "data", {})
    target = np.concatenate([scene.root, scene.root])
    predicted = target + draw.normal(size=target.shape) * 30
    predicted -= predicted[:, :1]
    run = tmp_path / "runs" / "small"
    write_predictions(run / "predictions.npz", Predictions(predicted, target, spans))
    results = summarise(predicted, target, spans, target.mean(0), "root-relative, 17 joints; test S11")
    identity = {"checkpoint": "abc", "dataset_fingerprint": open_dataset(tmp_path / "data").fingerprint}
    (run / "results.json").write_text(json.dumps({"identity": identity, "dataset": str(tmp_path / "data"), **results}))
    return types.SimpleNamespace(
        run=run, data=tmp_path / "data", video_of=lambda view: tmp_path / "raw" / f"{view.camera_id}.mp4"
    )


def test_a_run_is_drawn_once(tested_run):
    made = render_run(tested_run.run, tested_run.data, tested_run.video_of, first=1, frames=4, code="c1")
    assert [path.name for path in made] == ["walking.mp4", "four_samples.png"]
    capture = cv2.VideoCapture(str(made[0]))
    shown = []
    while (answer := capture.read())[0]:
        shown.append(answer[1])
    assert len(shown) == 4
    assert shown[0].shape == (walking_video.HEIGHT, walking_video.WIDTH, 3)
    # A corner of the photograph is the grey of the raw frame, so picture and pose go together.
    corners = [frame[185:195, 60:70].mean() for frame in shown]
    np.testing.assert_allclose(corners, [40 + 15 * number for number in range(1, 5)], atol=7)
    for path in made:
        comment = comment_of(path)
        assert comment["run"] == "small"
        assert comment["code"] == "c1"
        assert comment["checkpoint"] == "abc"
        assert len(comment["dataset_fingerprint"]) == 64
    assert comment_of(made[0])["view"] == "S11 Walking 1.60457274"
    with Image.open(made[1]) as picture:
        assert picture.size == (sample_picture.WIDTH, sample_picture.HEIGHT)

    assert render_run(tested_run.run, tested_run.data, tested_run.video_of, first=1, frames=4, code="c2") == []
    other = render_run(tested_run.run, tested_run.data, tested_run.video_of, "S11 Walking 1.54138969", frames=2)
    assert [path.name for path in other] == ["walking.mp4"]


def test_what_cannot_be_drawn_is_told(tested_run):
    with pytest.raises(InputError, match="one of: S11 Walking 1"):
        render_run(tested_run.run, tested_run.data, tested_run.video_of, view_name="S11 Walking 7.1")
    with pytest.raises(InputError, match="of the 9 frames"):
        render_run(tested_run.run, tested_run.data, tested_run.video_of, first=9)
    with pytest.raises(InputError, match="no file"):
        render_run(tested_run.run, tested_run.data, lambda view: tested_run.data / "no.mp4")
    results = json.loads((tested_run.run / "results.json").read_text())
    results["identity"]["dataset_fingerprint"] = "0" * 64
    (tested_run.run / "results.json").write_text(json.dumps(results))
    with pytest.raises(InputError, match="h36m-pose evaluate"):
        render_run(tested_run.run, tested_run.data, tested_run.video_of)


def test_the_verb_finds_the_raw_video_and_the_dataset(tested_run, tmp_path, capsys):
    write_numbered_video(tmp_path / "release" / "S11" / "Videos" / "Walking 1.60457274.mp4")
    command = ["render", str(tested_run.run), "--root", str(tmp_path / "release"), "--frames", "2"]
    assert main(command) == 0
    assert capsys.readouterr().out.count("drawn") == 2
    assert main(command) == 0
    assert capsys.readouterr().out.count("left as it is") == 2
    assert main([*command, "--view", "S11 Walking 1.54138969"]) == 2
    assert "found no files of S11 Walking 1.54138969; expected" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["render", str(tmp_path / "empty"), "--root", str(tmp_path)]) == 2
    assert "h36m-pose evaluate" in capsys.readouterr().err


def test_samples_are_chosen_by_the_rule(scene):
    spans = tuple(ViewSpan("S9", "Walking", camera, 11) for camera in ("a", "b", "c", "d"))
    target = np.zeros((44, 17, 3))
    predicted = target.copy()
    errors = np.random.default_rng(3).permutation(11)
    predicted[:, 3, 0] = np.tile(errors, 4)
    samples = sample_picture.choose_samples(Predictions(predicted, target, spans))
    assert [sample.view_name for sample in samples] == [span.name for span in spans]
    assert [errors[sample.frame] for sample in samples] == [2, 4, 6, 8]


def test_grid_cells_lie_where_they_are():
    probabilities, labels = np.zeros(100), np.zeros(100, bool)
    probabilities[3 * 10 + 7] = 1.0
    labels[5 * 10 + 2] = True
    image = grid_picture.draw_grid(np.zeros((128, 128), np.uint8), probabilities, labels, canvas.RIGHT, 400)
    assert image.shape == (400, 400, 3)
    np.testing.assert_allclose(image[145, 305], np.array(canvas.RIGHT) * 0.85, atol=2)
    assert image[145, 345].sum() == 0
    assert (image[200, 90] > 200).all(), "the upper edge of the true cell"
    whole = grid_picture.draw_all_grids(np.zeros((128, 128), np.uint8), np.tile(probabilities, (17, 1)))
    assert whole.shape[2] == 3
