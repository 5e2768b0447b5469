"""The studio's cameras and cast: plausible, in view, and each independent of the others."""

import numpy as np
import pytest
from numpy import ndarray

from h36m_pose.camera import camera_to_pixel, world_to_camera
from h36m_pose.errors import InputError
from preprocessing import catalog
from preprocessing.capture.anatomy import seeded
from preprocessing.capture.cast import PRESETS, cast, one_walk
from preprocessing.capture.paths import PATHS, draw_path
from preprocessing.capture.rig import draw_rig, look_at, sees_whole_person


def walker(path: str, frames: int, stride_mm: float, seed: int = 0) -> ndarray:
    """Joints (frames, 32, 3) of somebody 1.85 m tall with spread arms who slides along one of the studio's paths."""
    route = draw_path(path, seeded("test", seed))
    floor = route.position_mm(np.arange(frames) * stride_mm)
    generator = seeded("joints")
    angle, height = generator.uniform(0, 2 * np.pi, 32), np.linspace(30, 1850, 32)
    around = np.stack([260 * np.cos(angle), 260 * np.sin(angle), height], axis=-1)
    return around + np.concatenate([floor, np.zeros((frames, 1))], axis=-1)[:, None]


@pytest.mark.parametrize("subject", ["S1", "S7", "S11"])
def test_mounted_cameras_are_plausible_and_see_everyone_everywhere(subject: str) -> None:
    for path in PATHS:
        joints = walker(path, 150, 60.0)
        rig = draw_rig(0, subject, joints)
        assert tuple(rig) == catalog.CAMERAS
        for camera_id, camera in rig.items():
            assert sees_whole_person(camera, joints), (path, camera_id)
            x, y, z = camera.centre_mm
            assert 4000 < np.hypot(x, y) < 5550 and 1450 < z < 1660
            assert 10.5 < np.degrees(np.arcsin(-camera.rotation[2, 2])) < 16
            assert abs(camera.focal_px - 1147).max() < 6 and abs(camera.principal_px - (512, 508)).max() < 12
            assert (camera.width_px, camera.height_px) == (1000, catalog.picture_height_px(subject, camera_id))


def test_sessions_differ_by_centimetres() -> None:
    joints = walker(PATHS[0], 5, 60.0)
    centres = np.array([[c.centre_mm for c in draw_rig(0, s, joints).values()] for s in catalog.RELEASE_SUBJECTS])
    spread = np.ptp(centres, axis=0)
    assert (spread > 5).all() and (spread < 250).all()


def test_the_crowd_is_seen_whole_from_all_around() -> None:
    distances, heights, tall, azimuths = [], [], [], []
    for body in range(24):
        joints = walker(PATHS[body % 5], 15, 110.0, seed=body)
        for camera_id, camera in draw_rig(3, f"S{101 + body}", joints).items():
            assert sees_whole_person(camera, joints)
            assert camera.height_px == catalog.picture_height_px(f"S{101 + body}", camera_id)
            np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
            assert np.linalg.det(camera.rotation) > 0
            assert (np.abs(camera.centre_mm[:2]) < (2500, 5400)).all()
            away = camera.centre_mm - joints.mean(axis=(0, 1))
            distances.append(np.hypot(*away[:2]))
            heights.append(camera.centre_mm[2])
            azimuths.append(np.degrees(np.arctan2(away[1], away[0])))
            tall.append(np.ptp(camera_to_pixel(world_to_camera(joints, camera), camera)[..., 1], axis=1).mean())
    assert min(distances) < 3600 and max(distances) > 5500
    assert 1100 <= min(heights) < 1200 and 2100 < max(heights) <= 2200
    assert 24 < np.sum(np.array(azimuths) > 0) < 72 and np.ptp(np.abs(azimuths)) > 100  # both ends of the long room
    assert 180 < min(tall) < 320 and 520 < max(tall) < 900


def test_a_camera_looks_where_it_is_pointed_and_stands_upright() -> None:
    centre, aim = np.array([3000.0, -2000.0, 1500.0]), np.array([100.0, 300.0, 700.0])
    rotation = look_at(centre, aim)
    ahead = rotation @ (aim - centre)
    np.testing.assert_allclose(ahead[:2], 0, atol=1e-9)
    assert ahead[2] > 0
    above = rotation @ (aim + np.array([0, 0, 100.0]) - centre)
    assert abs(above[0]) < 1e-9 and above[1] < 0  # y runs down
    assert np.linalg.det(rotation) == pytest.approx(1)
    tilted = look_at(centre, aim, 5.0)
    assert np.degrees(np.arccos((np.trace(rotation.T @ tilted) - 1) / 2)) == pytest.approx(5)


def test_presets_have_the_promised_sizes_and_names() -> None:
    def frames(roles, crowd: bool) -> int:
        chosen = [role for role in roles if catalog.is_crowd(role.subject) == crowd]
        return sum(4 * trial.frames for role in chosen for trial in role.trials if not trial.decoy)

    demo, full = cast("demo", 0), cast("full", 0)
    assert frames(demo, False) + frames(demo, True) == 4952 and frames(full, False) + frames(full, True) == 28_000
    assert [role.subject for role in demo][:8] == [*catalog.RELEASE_SUBJECTS, "S101"] and len(demo) == 7 + 40
    assert [t.name for t in demo[3].trials] == ["Walking 1", "Walking 2"]
    assert [t.name for t in demo[0].trials if t.decoy] == ["WalkingDog"]
    for role in demo:
        walks = [trial for trial in role.trials if not trial.decoy]
        assert len({trial.path for trial in walks}) == len(walks)
        assert all(1 <= tail <= 4 for trial in role.trials for tail in trial.tails)
        if not catalog.is_crowd(role.subject):
            assert all(trial.tails[1] > trial.tails[0] and trial.tails[2] > trial.tails[3] for trial in role.trials)
    assert len(cast("demo", 0, crowd=0)) == 7
    assert len(one_walk("S5", 31, 0).trials) == 1


def test_everyone_s_draw_is_their_own() -> None:
    assert cast("demo", 4, crowd=9)[:12] == cast("demo", 4, crowd=5)
    assert cast("demo", 4)[0] != cast("demo", 5)[0]
    seeds = [trial.seed for role in cast("full", 0) for trial in role.trials]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize(("preset", "crowd"), [("dmeo", None), ("demo", -1), ("demo", 5000)])
def test_impossible_casts_are_refused(preset: str, crowd: int | None) -> None:
    with pytest.raises(InputError):
        cast(preset, 0, crowd)


def test_the_command_offers_just_the_presets_that_exist() -> None:
    from h36m_pose.cli import capture

    assert set(capture.PRESETS) == set(PRESETS)
