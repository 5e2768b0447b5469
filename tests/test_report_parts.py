"""Parts of the report: directions, intervals, charts, escaping, nearest poses, and what networks look at."""

import base64
import dataclasses
import xml.etree.ElementTree as ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from stick_dataset import write_stick_dataset

from h36m_pose import skeleton
from h36m_pose.data.frames import Examples
from h36m_pose.models.parameters import take_apart
from h36m_pose.models.registry import build_model
from h36m_pose.rendering.walking_clip import make_clip
from h36m_pose.report import charts, network_insides
from h36m_pose.report.directions import DIRECTIONS, compare_with_sight, walking_directions
from h36m_pose.report.intervals import interval, of_metric
from h36m_pose.report.nearest import nearest_poses
from h36m_pose.report.page import assemble
from h36m_pose.report.pictures import SHEET_COLUMNS, sheets
from h36m_pose.report.provenance import nearest_experiment
from h36m_pose.report.section import Section, packed, table
from h36m_pose.report.trust_section import flags_for_player
from h36m_pose.trust import TrustResult


def test_directions_are_those_the_camera_sees():
    """Someone straight ahead (y) of the camera; x is to the right of the picture."""
    heading = np.array([[0.1, -1], [0.1, 1], [-1, 0.1], [1, -0.1]])
    numbers = compare_with_sight(heading, np.broadcast_to([0.0, 4000.0], heading.shape))
    assert [DIRECTIONS[number] for number in numbers] == ["towards", "away", "to the left", "to the right"]


def test_motion_tells_the_direction_and_hips_where_there_is_none(tmp_path):
    (view,) = write_stick_dataset(tmp_path, {"S1": 30}).views
    moving = np.array(view.root_cam_mm)
    moving[:, 0] = 1000 - 20.0 * np.arange(30)  # a metre a second to the left, x of the camera
    moving[:, 1:] = 0, 5000
    assert set(walking_directions(dataclasses.replace(view, root_cam_mm=moving))) == {DIRECTIONS.index("to the left")}
    facing = np.array(view.joints_root_mm)
    facing[:, 1], facing[:, 4] = (-130, 0, 0), (130, 0, 0)  # the left hip at the picture's right: facing the camera
    still = np.broadcast_to(np.float32([0, 0, 5000]), (30, 3))
    numbers = walking_directions(dataclasses.replace(view, root_cam_mm=still, joints_root_mm=facing))
    assert set(numbers) == {DIRECTIONS.index("towards")}


def test_an_interval_covers_the_mean_and_draws_whole_sequences():
    values, weights = np.array([30.0, 34, 38, 42, 46, 50]), np.array([10.0, 10, 10, 10, 10, 10])
    low, high = interval(values, weights)
    error = values.std() / np.sqrt(len(values))  # of the mean, as the bootstrap sees it
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=1.0)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=1.0)
    assert interval(values, weights) == (low, high)
    heavy = interval(values, np.array([1e6, 1, 1, 1, 1, 1]))
    assert heavy[0] == pytest.approx(30, abs=0.1)
    assert interval(values[:3], weights[:3]) is None
    views = {str(number): {"frames": 5, "mpjve": {"network": value}} for number, value in enumerate(values)}
    assert of_metric(views, "mpjve") == (low, high)


def test_charts_are_well_formed_and_tell_their_numbers():
    bars = [charts.Bar("<left> & right", 12.34, 50.0, "left"), charts.Bar("none", 0.0)]
    lines = [charts.Line("a<b", [0, 1, 2], [1.0, np.nan, 0.01]), charts.Line("", [0, 2], [0.5, 0.5], "muted")]
    drawn = [charts.bar_chart("By <joint>", bars, "mm")]
    drawn += [charts.line_chart("t", lines, "epoch", "mm", log=log) for log in (False, True)]
    for figure in drawn:
        tree = ElementTree.fromstring(figure)
        assert tree.find("svg").get("role") == "img" and tree.find("svg").get("aria-label")
        assert "nan" not in figure.replace("nan ", "")
    widths = [float(rect.get("width")) for rect in ElementTree.fromstring(drawn[0]).iter("rect")]
    assert widths[1] / widths[0] == pytest.approx(12.34 / 50, rel=0.01)
    assert "12.3 mm; mean pose 50.0 mm" in drawn[0]
    runs = [line.get("points") for line in ElementTree.fromstring(drawn[1]).iter("polyline")]
    assert len(runs) == 3  # the missing value cuts the first line in two


def test_what_comes_from_a_run_cannot_become_code():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    section = Section("one", evil, table(evil, ("", ""), []), {"title": evil})
    page = assemble(evil, [Section("headline", "h", ""), section], "")
    assert "<img" not in page and "<script>alert" not in page
    assert page.count("<script") == 2  # the data and our own


def test_numbers_are_packed_rounded_and_clipped():
    assert (
        base64.b64decode(packed(np.array([1.6, -1e9, 40000]), "<i2")) == np.array([2, -32768, 32767], "<i2").tobytes()
    )


def test_sheets_hold_every_frame_in_its_place():
    import cv2

    frames = [np.full((16, 16), 5 * number, np.uint8) for number in range(50)]
    uris = sheets(frames, 95)
    assert len(uris) == 2
    encoded = base64.b64decode(uris[1].partition(",")[2])
    last = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert last.shape == (16, 16 * SHEET_COLUMNS)
    assert last[8, 8] == pytest.approx(5 * 48, abs=2) and last[8, 24] == pytest.approx(5 * 49, abs=2)
    with pytest.raises(ValueError, match="multiples of 16"):
        sheets([np.zeros((10, 16), np.uint8)], 95)


def test_the_nearest_training_pose_is_found(tmp_path):
    asked, known = write_stick_dataset(tmp_path, {"S1": 9, "S5": 8}).views
    poses = np.array(known.joints_root_mm)
    poses[5] = asked.joints_root_mm[2] + 3
    clip = make_clip(asked, asked.joints_root_mm, asked.joints_root_mm, 1, 4)
    (found,) = nearest_poses([asked], [clip], [dataclasses.replace(known, joints_root_mm=poses)], in_crop_frame=False)
    assert found.names[1] == "S5 Walking 1.54138969, frame 5"
    apart = np.linalg.norm(found.poses_mm[1] - clip.target_mm[1], axis=-1)
    np.testing.assert_allclose(apart, np.sqrt(27), atol=1e-3)
    assert nearest_poses([asked], [clip], [], in_crop_frame=False) == [None]


def test_the_command_to_make_a_run_again_names_what_was_changed():
    from h36m_pose.configuration import apply_overrides, load_experiment, stage_settings

    config = apply_overrides(load_experiment("demo"), ["optim.peak_lr=0.5", "model.widths=6,7"], "finetune")
    assert nearest_experiment(stage_settings(config, "finetune"), "finetune") == (
        "demo",
        ["finetune.optim.peak_lr=0.5", "model.widths=6,7"],
    )


def test_saliency_is_the_derivative():
    """The input's map against the derivative of the network itself, not opened; a map for every convolution."""
    model = build_model("jha_2015", 51, nnx.Rngs(3), kernels=(2, 3, 4))
    assemble, params, constants = take_apart(model)
    unit = {"mean_mm": jnp.zeros((17, 3)), "deviation_mm": jnp.full((17, 3), 100.0)}
    settings = {"finetune": {"target": "mean_pose"}}
    arrays = {"params": params, "constants": constants, "statistics": unit}
    network = network_insides.TrainedNetwork(settings, arrays, assemble, model.input_px)
    rng = np.random.default_rng(0)
    images = rng.integers(60, 190, (2, 128, 128), dtype=np.uint8)
    found = network_insides.saliency(network, Examples(images, np.zeros((2, 17, 2)), np.zeros((2, 17, 3), np.float32)))
    assert found.layers[:2] == ("input", "convolution 1 (0): 124 by 124, 2 channels")
    assert [maps.shape[2] for maps in found.maps] == [128, 124, 58, 24]
    assert all(np.isfinite(maps).all() and maps.max() > 0 for maps in found.maps)
    assert all(maps.shape[:2] == (2, 18) for maps in found.maps)

    def poses(pictures: jax.Array) -> jax.Array:
        raw = model(pictures).reshape(-1, 17, 3) * 100
        return raw - raw[:, :1]

    pictures = jnp.asarray(images[..., None] / 255, jnp.float32)
    joint = skeleton.NAMES.index("left ankle")
    slope = jax.jit(jax.grad(lambda pictures, axis: poses(pictures)[:, joint, axis].sum()))
    expected = np.linalg.norm([slope(pictures, axis)[..., 0] for axis in range(3)], axis=0)
    np.testing.assert_allclose(found.maps[0][:, 1 + joint], expected, rtol=1e-3, atol=1e-3 * expected.max())
    assert (found.maps[0][:, 1 + skeleton.ROOT] == 0).all()  # the pelvis never moves


def test_each_check_has_its_own_bit():
    flags = {"knee": np.array([True, False, True, False]), "jump": np.array([False, False, True, True])}
    result = TrustResult({}, flags, frames=4, poses=4)
    words, bits = flags_for_player(result, slice(1, 4))
    assert bits.tolist() == [0, 3, 2]
    assert words == ["a knee bends forward, or further than a knee can", "the pose changes faster than a person moves"]
