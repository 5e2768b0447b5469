"""The dataset on disk: what is written is read, and whatever is wrong with it is said."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray
from raw_fixture import camera_of

from h36m_pose.data import dataset
from h36m_pose.data.dataset_writer import new_view, write_manifest, write_view
from h36m_pose.errors import InputError

VIEWS = (("S11", "Walking", "54138969", 5), ("S5", "Walking 1", "58860488", 7), ("S101", "Walking", "60457274", 3))
PARAMETERS = {"margin": 1.1}


def arrays_of(frames: int, seed: int = 0) -> dict[str, ndarray]:
    random = np.random.default_rng(seed)
    return {
        "images": random.integers(0, 255, (frames, 128, 128)).astype(np.uint8),
        "joints_px": random.normal(size=(frames, 17, 2)).astype(np.float32),
        "joints_root_mm": random.normal(size=(frames, 17, 3)).astype(np.float32),
        "root_cam_mm": random.normal(size=(frames, 3)).astype(np.float32),
        "box_px": random.uniform(1, 300, (frames, 3)).astype(np.float32),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, (subject, trial, camera_id, frames) in enumerate(VIEWS):
        write_view(tmp_path / "data", subject, trial, camera_id, camera=camera_of(seed), **arrays_of(frames, seed))
    write_manifest(tmp_path / "data", PARAMETERS)
    return tmp_path / "data"


def test_what_is_written_is_read(folder: Path) -> None:
    opened = dataset.open_dataset(folder, verify=True)
    assert [view.name for view in opened.views] == [
        "S5 Walking 1.58860488", "S11 Walking.54138969", "S101 Walking.60457274"]  # fmt: skip
    assert opened.subjects == ("S5", "S11", "S101")
    assert [view.subject for view in opened.select(["S101", "S11"])] == ["S11", "S101"]
    view = opened.views[1]
    assert (view.frames, view.fps, view.camera_in_world) == (5, 50.0, True)
    for name, expected in arrays_of(5, 0).items():
        read = getattr(view, name)
        assert isinstance(read, np.memmap)
        np.testing.assert_array_equal(read, expected)
    assert view.camera is not None
    np.testing.assert_array_equal(view.camera.rotation, camera_of(0).rotation)
    assert opened.manifest["subjects"]["S11"] == {"views": 1, "frames": 5}
    assert opened.manifest["frames"] == 15


def test_the_fingerprint_follows_contents_alone(folder: Path, tmp_path: Path) -> None:
    first = dataset.open_dataset(folder).fingerprint
    elsewhere = tmp_path / "moved" / "there"
    for seed, (subject, trial, camera_id, frames) in reversed(list(enumerate(VIEWS))):
        write_view(elsewhere, subject, trial, camera_id, notes=["later"], **arrays_of(frames, seed))
    assert write_manifest(elsewhere, PARAMETERS, mean_iou=0.9)["fingerprint"] == first
    assert write_manifest(elsewhere, {"margin": 1.2})["fingerprint"] != first
    changed = arrays_of(5, 0)
    changed["joints_root_mm"][3, 4, 1] += 1e-3
    write_view(elsewhere, *VIEWS[0][:3], **changed)
    assert write_manifest(elsewhere, PARAMETERS)["fingerprint"] != first


def test_a_dataset_without_manifest_is_unfinished(folder: Path, tmp_path: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="unfinished dataset"):
        dataset.open_dataset(folder)
    with pytest.raises(InputError, match="no such folder"):
        dataset.open_dataset(tmp_path / "nowhere")


def test_other_schemas_and_damaged_manifests_are_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"schema": 99}))
    with pytest.raises(InputError, match="schema 99; expected schema 2"):
        dataset.open_dataset(folder)
    path.write_text(path.read_text()[:50])
    with pytest.raises(InputError, match="damaged JSON"):
        dataset.open_dataset(folder)
    path.write_text("[]")
    with pytest.raises(InputError, match="JSON without names"):
        dataset.open_dataset(folder)


def test_missing_and_damaged_views_are_named(folder: Path) -> None:
    view = dataset.view_folder(folder, *VIEWS[0][:3])
    images = (view / "images.npy").read_bytes()
    (view / "images.npy").write_bytes(images[:-1])
    with pytest.raises(InputError, match=r"Walking.54138969: found a damaged images.npy"):
        dataset.open_dataset(folder)
    (view / "images.npy").write_bytes(images[:-1] + bytes([images[-1] ^ 1]))
    dataset.open_dataset(folder)
    with pytest.raises(InputError, match=r"images.npy with other bytes"):
        dataset.open_dataset(folder, verify=True)
    np.save(view / "images.npy", np.zeros((5, 128, 128), np.float32))
    with pytest.raises(InputError, match=r"images.npy of float32"):
        dataset.open_dataset(folder)
    (view / "images.npy").unlink()
    with pytest.raises(InputError, match=r"found no images.npy"):
        dataset.open_dataset(folder)
    shutil.rmtree(view)
    with pytest.raises(InputError, match=r"found no view.json"):
        dataset.open_dataset(folder)


def test_a_view_that_the_manifest_does_not_know_is_refused(folder: Path) -> None:
    write_view(folder, *VIEWS[0][:3], **arrays_of(5, 9))
    with pytest.raises(InputError, match="a view other than the manifest's"):
        dataset.open_dataset(folder)


def test_objects_in_arrays_are_not_unpickled(folder: Path) -> None:
    view = dataset.view_folder(folder, *VIEWS[0][:3])
    np.save(view / "joints_px.npy", np.array([{"a": 1}] * 5, dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"damaged joints_px.npy"):
        dataset.open_dataset(folder)


def test_an_unfinished_view_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_view(tmp_path, "S1", "Walking", "55011271", 5) as writer:
        writer.add_image(np.zeros((128, 128), np.uint8))
        raise KeyboardInterrupt
    assert list((tmp_path / "S1").iterdir()) == []


def test_too_few_images_are_a_defect(tmp_path: Path) -> None:
    arrays = arrays_of(5)
    arrays["images"] = arrays["images"][:4]
    with pytest.raises(ValueError, match="4 images were written, 5 were announced"):
        write_view(tmp_path, "S1", "Walking", "55011271", **arrays)


@given(st.tuples(st.floats(-200, 900), st.floats(-200, 900), st.floats(20, 900)), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_frame_and_crop_are_inverse(box: tuple[float, float, float], seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-100, 1100, (2, 17, 2))
    boxes = np.array([box, (5.0, 7.0, 128.0)])
    there = dataset.frame_to_crop(points, boxes)
    np.testing.assert_allclose(dataset.crop_to_frame(there, boxes), points, atol=1e-9)
    np.testing.assert_allclose(there[1], points[1] - (5, 7), atol=1e-9)


def test_the_corners_of_the_box_are_the_edges_of_the_crop() -> None:
    edges = np.array([[[39.5, 59.5], [239.5, 259.5]]])  # outer edges of columns 40 to 239 and rows 60 to 259
    np.testing.assert_allclose(
        dataset.frame_to_crop(edges, np.array([[40.0, 60.0, 200.0]])), [[[-0.5] * 2, [127.5] * 2]]
    )
