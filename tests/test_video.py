"""The video reader on files of two encoders, compared with OpenCV, whole and cut."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from raw_fixture import frames_of, make_scene, write_video

from h36m_pose.errors import InputError
from preprocessing.crop import grey_levels
from preprocessing.video import color_frames, pictures, probe, sample_pictures

FRAMES = 31
CODECS = ("mpeg4", "libx264")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Per codec, and with "+" when the index comes first, a video of 31 frames."""
    folder = tmp_path_factory.mktemp("films")
    images = make_scene(0, FRAMES, 0).images_bgr
    paths = {}
    for codec in CODECS:
        for first in ("", "+"):
            paths[codec + first] = folder / f"{codec}{first}.mp4"
            write_video(paths[codec + first], images, codec, {"movflags": "+faststart"} if first else None)
    return paths


@pytest.mark.parametrize("codec", CODECS)
def test_facts_and_pictures_agree_with_opencv(films: dict[str, Path], codec: str) -> None:
    facts = probe(films[codec])
    assert (facts.width_px, facts.height_px, facts.fps) == (500, 502, 50)
    assert facts.frames == facts.present == FRAMES
    expected = list(frames_of(films[codec]))
    for image, picture, color in zip(expected, pictures(films[codec]), color_frames(films[codec]), strict=True):
        grey = grey_levels(picture.full_range)[picture.luma].astype(int)
        assert np.abs(grey - cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)).mean() < 2  # OpenCV rounds down, twice
        assert np.abs(color.astype(int) - image).mean() < 1
        assert picture.blue.shape == picture.red.shape == (251, 250)


def test_the_tail_is_dropped(films: dict[str, Path]) -> None:
    assert sum(1 for _ in pictures(films["mpeg4"], 11)) == 11


def test_full_range_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "full.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        planes = np.full((72, 64), 128, np.uint8)
        planes[:48, :32], planes[:48, 32:] = 0, 255
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuvj420p")))
        container.mux(stream.encode())
    picture = next(pictures(path))
    assert picture.full_range
    assert np.ptp(picture.luma) > 250


@pytest.mark.parametrize("share", [0.15, 0.5, 0.85, 0.99])
@pytest.mark.parametrize("codec", CODECS)
def test_a_cut_video_is_told_though_opencv_takes_it(
    films: dict[str, Path], tmp_path: Path, codec: str, share: float
) -> None:
    content = films[codec + "+"].read_bytes()
    path = tmp_path / "Walking 1.54138969.mp4"
    path.write_bytes(content[: int(share * len(content))])
    assert sum(1 for _ in frames_of(path)) <= FRAMES  # and OpenCV has nothing to say about it
    with pytest.raises(InputError, match=rf"Walking 1.54138969.mp4: found \d+ of its {FRAMES} frames: a cut file"):
        probe(path)
    if share < 0.9:
        with pytest.raises(InputError, match=rf"only \d+ frames that can be decoded; expected {FRAMES} frames"):
            list(pictures(path, FRAMES))


def test_what_is_no_video_is_told(films: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "Walking.mp4"
    content = films["mpeg4"].read_bytes()
    for spoiled, pattern in (
        (content[: len(content) // 2], "no video, or a cut one"),  # the index at the end is gone
        (b"", "an empty file"),
        (b"<html>" * 99, "no video, or a cut one"),
    ):
        path.write_bytes(spoiled)
        with pytest.raises(InputError, match=pattern):
            probe(path)
    with pytest.raises(InputError, match=r"nothing.mp4: found no such file; expected an mp4 video"):
        probe(tmp_path / "nothing.mp4")


def test_overwritten_bytes_give_pictures_or_our_own_error(films: dict[str, Path], tmp_path: Path) -> None:
    content = films["libx264+"].read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "Walking.mp4"
    for _ in range(12):
        spoiled = bytearray(content)
        start = int(random.integers(100, len(spoiled) - 400))
        spoiled[start : start + 300] = random.bytes(300)
        path.write_bytes(spoiled)
        try:
            facts = probe(path)
            assert sum(1 for _ in pictures(path, facts.present)) == facts.present
        except InputError as error:
            assert "Walking.mp4" in str(error)


@pytest.mark.parametrize("codec", CODECS)
def test_samples_are_the_pictures_of_their_numbers(films: dict[str, Path], codec: str) -> None:
    """MPEG-4 has a key frame in twelve, x264 one in all: the first are decoded alone, the others in passing."""
    samples = sample_pictures(films[codec], 29, 5)
    assert len({number for number, _ in samples}) == len(samples)
    assert 3 <= len(samples) <= 5
    assert max(number for number, _ in samples) < 29
    everything = [picture.copy() for picture in pictures(films[codec])]
    for number, picture in samples:
        np.testing.assert_array_equal(picture.luma, everything[number].luma)
        np.testing.assert_array_equal(picture.red, everything[number].red)
