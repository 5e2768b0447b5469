"""The files that `h36m-pose predict` writes, each read back by another reader."""

import csv
import dataclasses
import json
from pathlib import Path

import ezc3d
import numpy as np
import pytest
import stick_dataset
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.errors import InputError
from h36m_pose.predict import bvh, mocap, output, poses, smoothing, tables
from h36m_pose.predict.poses import Poses

FRAMES, FPS = 41, 29.97
GAPS = [(0, 2), (17, 20), (40, 40)]
UP = np.array([1.0, -1.0, -1.0])


@pytest.fixture(scope="module")
def walked() -> Poses:
    """A walk whose bones change their lengths a little, with gaps at both ends and in the middle."""
    rng = np.random.default_rng(3)
    joints = stick_dataset.poses(FRAMES, 1.0, rng) * rng.normal(1, 0.02, (FRAMES, 1, 1)).astype(np.float32)
    valid = np.ones(FRAMES, bool)
    for first, last in GAPS:
        valid[first : last + 1] = False
    joints[~valid] = np.nan
    pixels = np.where(valid[:, None, None], joints[..., :2] / 10 + 200, np.nan).astype(np.float32)
    return Poses(
        joints_root_mm=joints,
        smoothed_root_mm=None,
        mirrored_root_mm=joints + np.float32(3),
        joints_px=pixels,
        box_px=np.where(valid[:, None], [100.0, 50, 220], np.nan).astype(np.float32),
        silhouette_px=np.where(valid[:, None], [150.0, 60, 80, 200], np.nan).astype(np.float32),
        valid=valid,
        time_s=np.arange(FRAMES) / FPS,
        domain_score=np.where(valid, 0.5, np.nan).astype(np.float32),
        fps=FPS,
        about={"source": "walk.mp4", "run": "runs/demo"},
    )


def test_npz_comes_back_as_it_was(walked: Poses, tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    poses.write_poses(path, walked)
    with np.load(path, allow_pickle=False) as stored:
        assert {"joints_root_mm", "box_px", "valid", "time_s", "fps", "joints_px", "domain_score"} <= set(stored)
        assert json.loads(str(stored["about"])) == walked.about
        assert np.isnan(stored["joints_root_mm"][17:21]).all()
    back = poses.read_poses(path)
    assert back.gaps == GAPS
    assert back.smoothed_root_mm is None
    for field in ("joints_root_mm", "joints_px", "valid", "domain_score", "time_s"):
        assert np.array_equal(getattr(back, field), getattr(walked, field), equal_nan=field != "valid")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", None])
def test_a_file_that_is_none_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "poses.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"poses\.npz: found"):
        poses.read_poses(tmp_path / "poses.npz")


def test_csv_has_a_row_per_frame_and_units_in_its_names(walked: Poses, tmp_path: Path) -> None:
    smooth, _ = smoothing.smoothed(walked.joints_root_mm, FPS, "savitzky_golay")
    tables.write_csv(tmp_path / "poses.csv", dataclasses.replace(walked, smoothed_root_mm=smooth))
    with (tmp_path / "poses.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == FRAMES
    assert [row["valid"] for row in rows] == [str(int(valid)) for valid in walked.valid]
    assert all(value == "" for name, value in rows[18].items() if name not in ("frame", "time_s", "valid"))
    assert float(rows[5]["time_s"]) == pytest.approx(5 / FPS, abs=1e-6)
    for axis, letter in enumerate("xyz"):
        assert float(rows[5][f"left_knee_{letter}_mm"]) == pytest.approx(walked.joints_root_mm[5, 5, axis], abs=1e-3)
        assert float(rows[5][f"head_smooth_{letter}_mm"]) == pytest.approx(smooth[5, 10, axis], abs=1e-3)
    assert float(rows[5]["right_wrist_y_px"]) == pytest.approx(walked.joints_px[5, 16, 1], abs=1e-3)


def test_the_long_csv_has_a_row_per_joint_and_the_numbers_of_the_wide_one(walked: Poses, tmp_path: Path) -> None:
    smooth, _ = smoothing.smoothed(walked.joints_root_mm, FPS, "savitzky_golay")
    both = dataclasses.replace(walked, smoothed_root_mm=smooth)
    tables.write_csv(tmp_path / "wide.csv", both)
    tables.write_long_csv(tmp_path / "long.csv", both)
    tables.write_long_csv(tmp_path / "raw.csv", walked)
    wide, long, raw = (
        list(csv.DictReader((tmp_path / f"{name}.csv").read_text().splitlines())) for name in ("wide", "long", "raw")
    )
    assert len(long) == len(raw) == FRAMES * skeleton.JOINTS
    assert list(raw[0]) == ["frame", "time_s", "valid", "joint", "x_mm", "y_mm", "z_mm", "x_px", "y_px"]
    for number, row in enumerate(long):
        frame = wide[number // skeleton.JOINTS]
        assert [row[name] for name in ("frame", "time_s", "valid")] == [frame[n] for n in ("frame", "time_s", "valid")]
        numbers = {name: value for name, value in row.items() if name.endswith(("_mm", "_px"))}
        assert numbers == {name: frame[f"{row['joint']}_{name}"] for name in numbers}
        assert len(numbers) == 8
    assert long[18 * skeleton.JOINTS]["x_mm"] == ""
    assert [row["joint"] for row in long[:3]] == ["pelvis", "right_hip", "right_knee"]


def test_json_holds_names_edges_and_an_annotation_per_pose(walked: Poses, tmp_path: Path) -> None:
    tables.write_pose_json(tmp_path / "poses.json", walked, {"trust": {"flagged_frames": [4]}})
    value = json.loads((tmp_path / "poses.json").read_text())
    (category,) = value["categories"]
    assert category["keypoints"] == list(skeleton.NAMES)
    assert [tuple(edge) for edge in category["skeleton"]] == list(skeleton.BONES)
    assert len(value["images"]) == FRAMES
    assert [one["image_id"] for one in value["annotations"]] == np.flatnonzero(walked.valid).tolist()
    one = value["annotations"][0]
    assert np.allclose(np.reshape(one["keypoints_3d_mm"], (17, 3)), walked.joints_root_mm[3], atol=0.006)
    assert np.allclose(np.reshape(one["keypoints"], (17, 3))[:, :2], walked.joints_px[3], atol=0.006)
    assert value["info"]["gaps"] == [list(gap) for gap in GAPS]
    assert value["trust"] == {"flagged_frames": [4]}


def test_c3d_is_what_ezc3d_reads(walked: Poses, tmp_path: Path) -> None:
    mocap.write_c3d(tmp_path / "poses.c3d", walked)
    file = ezc3d.c3d(str(tmp_path / "poses.c3d"))
    points, about = file["data"]["points"], file["parameters"]["POINT"]
    assert [name.strip() for name in about["LABELS"]["value"]] == mocap.marker_names()
    assert about["UNITS"]["value"][0].strip() == "mm"
    assert about["RATE"]["value"][0] == pytest.approx(FPS, rel=1e-4)
    assert points.shape[1:] == (17, FRAMES)
    found = np.moveaxis(points[:3], [0, 1, 2], [2, 1, 0])
    assert np.allclose(found[walked.valid], walked.joints_root_mm[walked.valid] * UP, atol=1e-3)
    residuals = file["data"]["meta_points"]["residuals"][0].T
    assert (residuals[~walked.valid] < 0).all()
    assert (residuals[walked.valid] >= 0).all()


def test_trc_has_the_numbers_and_empty_fields_in_gaps(walked: Poses, tmp_path: Path) -> None:
    mocap.write_trc(tmp_path / "poses.trc", walked)
    lines = (tmp_path / "poses.trc").read_text().split("\n")
    facts = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert (facts["Units"], int(facts["NumFrames"]), int(facts["NumMarkers"])) == ("mm", FRAMES, 17)
    assert float(facts["DataRate"]) == pytest.approx(FPS, rel=1e-4)
    assert [word for word in lines[3].split("\t") if word] == ["Frame#", "Time", *mocap.marker_names()]
    rows = [line.split("\t") for line in lines[6:] if line]
    assert {len(row) for row in rows} == {2 + 3 * 17}
    values = np.array([[float(word) if word else np.nan for word in row] for row in rows])
    assert np.array_equal(values[:, 0], np.arange(1, FRAMES + 1))
    expected = (walked.joints_root_mm * UP).reshape(FRAMES, -1)
    assert np.allclose(values[:, 2:], expected, atol=1e-3, equal_nan=True)


class BvhReader:
    """Reads a BVH file by the book and computes where its joints are."""

    def __init__(self, path: Path):
        self.words = path.read_text().split()
        self.at = 1
        self.names: list[str] = []
        self.parents: list[int] = []
        self.offsets: list[ndarray] = []
        self.channels: list[list[str]] = []
        self._joint(-1)
        assert self._next() == "MOTION"
        assert self._next() == "Frames:"
        frames = int(self._next())
        assert (self._next(), self._next()) == ("Frame", "Time:")
        self.frame_time = float(self._next())
        self.motion = np.array(self.words[self.at :], float).reshape(frames, -1)

    def _next(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def _joint(self, parent: int) -> None:
        kind = self._next()
        name, me = self._next(), len(self.names)
        self.names.append(f"end {me}" if kind == "End" else name)
        self.parents.append(parent)
        assert (self._next(), self._next()) == ("{", "OFFSET")
        self.offsets.append(np.array([float(self._next()) for _ in range(3)]))
        self.channels.append([])
        if self.words[self.at] == "CHANNELS":
            self._next()
            self.channels[-1] = [self._next() for _ in range(int(self._next()))]
        while self.words[self.at] != "}":
            self._joint(me)
        self._next()

    def places(self) -> dict[str, ndarray]:
        """Positions (frames, 3) of all joints, in the file's unit."""
        column, turns, places = 0, [], []
        for parent, offset, channels in zip(self.parents, self.offsets, self.channels, strict=True):
            turn = np.eye(3) if parent < 0 else turns[parent]
            place = offset if parent < 0 else places[parent] + turn @ offset
            turn = np.broadcast_to(turn, (len(self.motion), 3, 3))
            place = np.broadcast_to(place, (len(self.motion), 3)).copy()
            for channel in channels:
                values = self.motion[:, column]
                column += 1
                if channel.endswith("position"):
                    place[:, "XYZ".index(channel[0])] += values
                else:
                    turn = turn @ _about("XYZ".index(channel[0]), np.deg2rad(values))
            turns.append(turn)
            places.append(place)
        assert column == self.motion.shape[1]
        return dict(zip(self.names, places, strict=True))


def _about(axis: int, angles: ndarray) -> ndarray:
    one, two = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((len(angles), 3, 3))
    turn[:, axis, axis] = 1
    turn[:, one, one] = turn[:, two, two] = np.cos(angles)
    turn[:, two, one], turn[:, one, two] = np.sin(angles), -np.sin(angles)
    return turn


def test_bvh_puts_the_joints_where_they_were_but_for_the_lengths_of_bones(walked: Poses, tmp_path: Path) -> None:
    bvh.write_bvh(tmp_path / "poses.bvh", walked)
    reader = BvhReader(tmp_path / "poses.bvh")
    assert reader.frame_time == pytest.approx(1 / FPS, abs=1e-7)
    assert set(mocap.marker_names()) <= set(reader.names)
    places = reader.places()
    found = np.stack([places[name] for name in mocap.marker_names()], axis=1)
    expected = walked.joints_root_mm * UP / 10
    valid, parents = walked.valid, np.maximum(skeleton.PARENTS, 0)
    bones = expected - expected[:, parents]
    lengths = np.linalg.norm(bones, axis=-1)
    medians = np.median(lengths[valid], axis=0)
    found_bones = found - found[:, parents]
    assert np.allclose(np.linalg.norm(found_bones, axis=-1), medians, atol=1e-4)
    aims = (found_bones / np.maximum(medians, 1e-9)[:, None])[valid][:, 1:]
    wanted = (bones / np.maximum(lengths, 1e-9)[..., None])[valid][:, 1:]
    assert np.abs(aims - wanted).max() < 1e-5
    # No joint is further off than all bones on the way to it differ from their medians.
    allowed = np.zeros_like(lengths)
    for joint, parent in enumerate(skeleton.PARENTS[1:], 1):
        allowed[:, joint] = allowed[:, parent] + np.abs(lengths - medians)[:, joint]
    off = np.linalg.norm(found - expected, axis=-1)
    assert (off[valid] <= allowed[valid] + 1e-4).all()
    assert np.array_equal(reader.motion[17], reader.motion[16])  # a gap holds the last pose
    assert np.array_equal(reader.motion[0], reader.motion[3])
    assert np.abs(np.diff(reader.motion, axis=0)).max() < 120  # no jumps of whole turns


def test_the_same_poses_give_the_same_bytes(walked: Poses, tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        poses.write_poses(folder / "poses.npz", walked)
        tables.write_csv(folder / "poses.csv", walked)
        tables.write_pose_json(folder / "poses.json", walked, {})
        bvh.write_bvh(folder / "poses.bvh", walked)
        mocap.write_trc(folder / "poses.trc", walked)
        mocap.write_c3d(folder / "poses.c3d", walked)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(("how", "fps"), [("one_euro", FPS), ("savitzky_golay", FPS), ("savitzky_golay", 8.0)])
def test_smoothing_leaves_gaps_alone_and_says_what_it_costs(how: str, fps: float, walked: Poses) -> None:
    noisy = walked.joints_root_mm + np.random.default_rng(0).normal(0, 20, walked.joints_root_mm.shape).astype(
        np.float32
    )
    smooth, facts = smoothing.smoothed(noisy, fps, how)
    assert np.array_equal(np.isnan(smooth), np.isnan(noisy))
    shakes = [np.nanmean(np.abs(np.diff(joints, n=2, axis=0))) for joints in (smooth, noisy)]
    assert shakes[0] < 0.6 * shakes[1]
    alone, _ = smoothing.smoothed(noisy[21:40], fps, how)
    assert np.allclose(smooth[21:40], alone)  # nothing comes across a gap
    assert {"filter", "delay_frames", "lag_ms_at_most", "words"} <= set(facts)


def test_a_wrong_filter_is_refused(walked: Poses) -> None:
    with pytest.raises(InputError, match="one_euro"):
        smoothing.smoothed(walked.joints_root_mm, FPS, "kalman")


def test_a_folder_with_other_things_in_it_is_not_replaced(tmp_path: Path) -> None:
    output.require_own_folder(tmp_path / "none yet")
    (tmp_path / "poses.npz").write_bytes(b"")
    output.require_own_folder(tmp_path)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        output.require_own_folder(tmp_path)
    with pytest.raises(InputError, match="a file"):
        output.require_own_folder(tmp_path / "thesis.txt")
