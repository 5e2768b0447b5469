"""Cameras out of a metadata.xml, and files that only look like one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from metadata_fixture import SUBJECTS, fixture_camera, metadata_text, write_metadata
from raw_fixture import CAMERAS, walk

from h36m_pose.camera import camera_to_pixel, world_to_camera
from h36m_pose.errors import InputError
from preprocessing import metadata
from preprocessing.catalog import picture_height_px
from preprocessing.metadata import find_metadata, read_cameras

TEXT = metadata_text()


def test_the_cameras_are_those_that_were_written(tmp_path: Path) -> None:
    write_metadata(tmp_path / "metadata.xml")
    cameras = read_cameras(tmp_path / "metadata.xml")
    assert set(cameras) == {(subject, camera_id) for subject in SUBJECTS for camera_id in CAMERAS}
    joints = walk(5)
    for (subject, camera_id), camera in cameras.items():
        truth = fixture_camera(subject, camera_id)
        seen = world_to_camera(joints, camera)
        np.testing.assert_allclose(seen, world_to_camera(joints, truth), atol=1e-6)
        np.testing.assert_allclose(camera_to_pixel(seen, camera), camera_to_pixel(seen, truth), atol=1e-9)
        assert camera.height_px == picture_height_px(subject, camera_id)


def test_cameras_are_told_by_their_names_not_by_their_order(tmp_path: Path) -> None:
    path = tmp_path / "metadata.xml"
    path.write_text(metadata_text(camera_ids=CAMERAS[::-1]))
    camera = read_cameras(path)["S5", CAMERAS[0]]
    np.testing.assert_allclose(camera.centre_mm, fixture_camera("S5", CAMERAS[0]).centre_mm)
    np.testing.assert_allclose(camera.principal_px, fixture_camera("S5", CAMERAS[0]).principal_px)


def _bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE metadata [<!ENTITY e0 "lol">{entities}]><metadata>&e9;</metadata>'


def _without_last_number(text: str) -> str:
    return text.replace(f" {float(fixture_camera('S1', CAMERAS[3]).tangential[1])!r}]", "]")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda text: "", "an empty file"),
        (lambda text: " \n", "an empty file"),
        (lambda text: "rows and columns", "no XML, or a cut file"),
        (lambda text: text[:3000], "no XML, or a cut file"),
        (lambda text: text.replace("utf-8", "klingon"), "no XML, or a cut file"),
        (lambda text: text.replace("<metadata>", "<!DOCTYPE metadata><metadata>"), "a document type"),
        (lambda text: _bomb(), "a document type"),
        (lambda text: '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m>&x;</m>', "a document type"),
        (lambda text: "<a>" * 40 + "</a>" * 40, "elements nested too deeply"),
        (lambda text: text + " " * metadata.MOST_BYTES, "more than 4 MiB"),
        (lambda text: text.replace("w0>", "w1>"), "0 finite numbers in `w0`"),
        (_without_last_number, "299 finite numbers"),
        (lambda text: text.replace("<w0>[", "<w0>[nan "), "300 finite numbers"),
        (lambda text: text.replace("<w0>[", "<w0>[one "), "words among the numbers"),
        (lambda text: text.replace(CAMERAS[1], "55011272"), "cameras 54138969, 55011272"),
        (lambda text: text.replace(CAMERAS[1], CAMERAS[0]), "cameras 54138969, 54138969"),
        (lambda text: text.replace("index2id", "id2index"), "no names of cameras"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, spoil: Callable[[str], str], found: str) -> None:
    path = tmp_path / "metadata.xml"
    path.write_text(spoil(TEXT))
    with pytest.raises(InputError, match=found) as error:
        read_cameras(path)
    assert error.value.path == path
    assert "\n" not in str(error.value)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), max_size=4),
    length=st.integers(0, len(TEXT)),
)
@example(changes=[], length=len(TEXT))
def test_a_spoiled_file_is_read_or_refused_with_our_own_error(
    tmp_path: Path, changes: list[tuple[int, int]], length: int
) -> None:
    content = bytearray(TEXT.encode())
    for place, value in changes:
        content[place] = value
    path = tmp_path / "metadata.xml"
    path.write_bytes(content[:length] if length % 2 else content)
    try:
        cameras = read_cameras(path)
    except InputError:
        return
    assert len(cameras) == 44
    assert all(np.isfinite(camera.centre_mm).all() for camera in cameras.values())


def test_it_is_found_below_the_root_or_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "data" / "h36m"
    (root / "S1").mkdir(parents=True)
    assert find_metadata(root) is None
    write_metadata(root / "S1" / "metadata.xml")  # nobody unpacks it there
    assert find_metadata(root) is None
    for place in ("data/code/metadata.xml", "data/metadata.xml", "data/h36m/code/Release-v1.2/metadata.xml"):
        write_metadata(tmp_path / place)
        assert find_metadata(root) == tmp_path / place
    (root / "metadata.xml").mkdir()
    assert find_metadata(root) == tmp_path / "data/h36m/code/Release-v1.2/metadata.xml"
