"""Planes: OpenCV and FFmpeg agree with them, parts are views, and noise is grey-levels wide."""

import av
import cv2
import numpy as np

from preprocessing.capture.planes import Planes, SensorNoise


def picture() -> np.ndarray:
    grey = np.add.outer(np.arange(60, 160), np.arange(10, 90)).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_BONE))


def test_planes_come_back_as_the_picture_and_as_ffmpeg_reads_them():
    image = picture()
    planes = Planes.of(image)
    assert [plane.shape for plane in planes.planes] == [(100, 80), (50, 40), (50, 40)]
    assert np.abs(planes.image().astype(int) - image).max() <= 4
    frame = av.VideoFrame.from_ndarray(planes.data, format="yuv420p")
    assert np.abs(frame.to_ndarray(format="bgr24").astype(int) - image).max() <= 6


def test_a_part_of_the_planes_is_the_same_part_of_the_picture():
    planes = Planes.of(picture())
    black = Planes.of(np.zeros((50, 40, 3), np.uint8))
    for plane, new in zip(planes.part(20, 40, 60, 90), black.planes, strict=True):
        plane[:] = new
    image = planes.image()
    assert image[42:88, 22:58].max() == 0
    assert image[:38].min() > 20 and image[:, 64:].min() > 20


def test_noise_has_the_deviation_asked_for_and_no_offset():
    still = Planes.of(np.full((400, 300, 3), 120, np.uint8))
    sheet = SensorNoise(400, 300, 1.6, seed=5)
    for plane, grain in zip(still.planes, sheet.draw(np.random.default_rng(1), 400, 300), strict=True):
        assert grain.shape == plane.shape
        plane += grain
        plane -= SensorNoise.BIAS
    seen = still.image().astype(float) - 120
    assert np.abs(seen.mean(axis=(0, 1))).max() < 0.6
    assert 1.1 < seen.std() < 2.0
    other = sheet.draw(np.random.default_rng(2), 400, 300)[0]
    assert not np.array_equal(other, sheet.draw(np.random.default_rng(1), 400, 300)[0])
