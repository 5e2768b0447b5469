"""The studio's files, read back with libraries other than those that wrote them, or by their documented layout."""

import errno
import hashlib
from pathlib import Path

import av
import cdflib
import cv2
import h5py
import numpy as np
import pytest
from file_limit import files_up_to
from numpy import ndarray

from preprocessing.capture import raw_files
from preprocessing.capture.planes import Planes

FRAMES, WIDTH, HEIGHT = 7, 1000, 1002


def picture(frame: int) -> ndarray:
    """A soft colour gradient with one saturated block per frame, all of which survives compression."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([rows / 5, columns / 5, (rows + columns) / 10], axis=-1).astype(np.uint8)
    image[100 : 180 + frame, 40 * frame : 40 * frame + 64] = (20, 30, 220)
    return image


def silhouette(frame: int) -> tuple[ndarray, tuple[int, int, int, int]]:
    """A mask with ragged edges and its box."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (430 + 60 * frame, 520), (57, 180 + 10 * frame), 13 * frame, 0, 360, 1, -1)
    left, top, width, height = cv2.boundingRect(mask)
    return mask, (left, top, left + width, top + height)


def write_video(path: Path) -> None:
    with raw_files.open_video(path, WIDTH, HEIGHT, 50) as video:
        for frame in range(FRAMES):
            video.append(Planes.of(picture(frame)))


def write_masks(path: Path, boxes: bool) -> None:
    with raw_files.open_masks(path, WIDTH, HEIGHT) as masks:
        for frame in range(FRAMES):
            mask, box = silhouette(frame)
            if boxes:
                masks.append_box(box)
            else:
                masks.append_silhouette(mask, box)


def test_video_reads_back_with_opencv(tmp_path: Path) -> None:
    path = tmp_path / "Walking 1.54138969.mp4"
    write_video(path)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == 50
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    for frame in range(FRAMES):
        there, image = video.read()
        assert there and image.shape == (HEIGHT, WIDTH, 3)
        difference = np.abs(image.astype(int) - picture(frame))
        assert difference.mean() < 2, frame
        assert np.abs(image[120:160, 40 * frame + 10 : 40 * frame + 50].mean((0, 1)) - (20, 30, 220)).max() < 4
    assert not video.read()[0]
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"


@pytest.mark.parametrize("numbers", [96, 64])
def test_poses_read_back_with_the_release_s_shape(tmp_path: Path, numbers: int) -> None:
    values = np.random.default_rng(5).normal(0, 1e3, (FRAMES, numbers))
    path = tmp_path / "Walking 1.54138969.cdf"
    raw_files.write_poses(path, values)
    file = cdflib.CDF(path)
    read = file.varget("Pose")
    assert file.cdf_info().zVariables == ["Pose"] and file.cdf_info().Majority == "Column_major"
    assert file.varinq("Pose").Data_Type_Description == "CDF_FLOAT"
    assert read.shape == (1, FRAMES, numbers) and read.dtype == np.float32
    np.testing.assert_array_equal(read[0], values.astype(np.float32))


@pytest.mark.parametrize("boxes", [False, True])
def test_masks_read_as_the_field_reads_them(tmp_path: Path, boxes: bool) -> None:
    path = tmp_path / "Walking 1.54138969.mat"
    write_masks(path, boxes)
    head = path.read_bytes()[:520]
    assert head.startswith(b"MATLAB 7.3 MAT-file") and head[124:128] == b"\x00\x02IM" and head[512:516] == b"\x89HDF"
    with h5py.File(path) as file:
        assert set(file) == {"Masks", "#refs#"}
        assert file["Masks"].shape == (FRAMES, 1) and file["Masks"].attrs["MATLAB_class"] == b"cell"
        for frame in range(FRAMES):
            element = file[file["Masks"][frame, 0]]
            assert element.shape == (WIDTH, HEIGHT) and element.dtype == np.uint8
            assert element.attrs["MATLAB_class"] == b"uint8"
            expected, (left, top, right, bottom) = silhouette(frame)
            if boxes:
                expected = np.zeros((HEIGHT, WIDTH), np.uint8)
                expected[top:bottom, left:right] = 1
            np.testing.assert_array_equal(element[()].T, expected)


def test_a_box_up_to_every_border(tmp_path: Path) -> None:
    path = tmp_path / "Walking.54138969.mat"
    with raw_files.open_masks(path, WIDTH, HEIGHT) as masks:
        masks.append_box((0, 0, WIDTH, HEIGHT))
        masks.append_silhouette(np.ones((HEIGHT, WIDTH), np.uint8), (0, 0, WIDTH, HEIGHT))
        masks.append_box((0, 0, 0, 0))
    with h5py.File(path) as file:
        means = [file[reference][()].mean() for reference in file["Masks"][:, 0]]
    assert means == [1, 1, 0]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for turn in ("first", "second"):
        write_video(tmp_path / turn / "a.mp4")
        write_masks(tmp_path / turn / "a.mat", boxes=False)
        raw_files.write_poses(tmp_path / turn / "a.cdf", np.arange(12.0).reshape(4, 3))
        files = sorted((tmp_path / turn).iterdir())
        assert [file.name for file in files] == ["a.cdf", "a.mat", "a.mp4"]
        digests.add(tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in files))
    assert len(digests) == 1


@pytest.mark.parametrize("open_file", [raw_files.open_video, raw_files.open_masks])
def test_an_interrupted_writer_leaves_nothing(tmp_path: Path, open_file) -> None:
    options = (50,) if open_file is raw_files.open_video else ()
    with pytest.raises(KeyboardInterrupt), open_file(tmp_path / "a.mp4", WIDTH, HEIGHT, *options) as writer:
        if open_file is raw_files.open_video:
            writer.append(Planes.of(picture(0)))
        else:
            writer.append_silhouette(*silhouette(0))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def write_long_poses(path: Path) -> None:
    raw_files.write_poses(path, np.zeros((1000, 96)))


def write_noise(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    with raw_files.open_video(path, WIDTH, HEIGHT, 50) as video:
        video.append(Planes.of(noise))


def write_large_masks(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 2, (HEIGHT, WIDTH), dtype=np.uint8)
    with raw_files.open_masks(path, WIDTH, HEIGHT) as masks:
        masks.append_silhouette(noise, (0, 0, WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("write", "name"), [(write_noise, "a.mp4"), (write_long_poses, "a.cdf"), (write_large_masks, "a.mat")]
)
def test_a_file_that_does_not_fit_is_an_os_error_with_its_name(tmp_path: Path, write, name: str) -> None:
    with files_up_to(20_000), pytest.raises(OSError) as caught:
        write(tmp_path / name)
    assert caught.value.errno == errno.EFBIG and caught.value.filename == str(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
