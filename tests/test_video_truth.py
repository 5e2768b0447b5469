"""Whether a video is told to be spoiled: cut at random bytes, or with one wrong bit.

A cut is always told. A wrong bit is told if the decoder stumbles over it; if it does not, nothing in the file could
tell, and only a recorded digest does. The numbers of OpenCV, which says nothing at all, stand beside ours.
"""

import hashlib
import itertools
import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy import ndarray
from raw_fixture import frames_of, make_capture, make_scene, write_video

from h36m_pose.atomic_files import write_json
from h36m_pose.errors import InputError
from preprocessing.catalog import find_views
from preprocessing.recorded_digests import require_recorded
from preprocessing.sources import describe
from preprocessing.video import BrokenVideo, pictures, probe

FRAMES = 24
KINDS = tuple(itertools.product(("mpeg4", "libx264"), (False, True)))
"""Codec, and whether the index comes before the pictures ("faststart")."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Path]:
    """A clip of each kind; not to be changed."""
    folder = tmp_path_factory.mktemp("clips")
    images = [cv2.resize(image, (240, 240)) for image in make_scene(0, FRAMES, 0).images_bgr]
    paths = {kind: folder / f"{kind[0]} {kind[1]}.mp4" for kind in KINDS}
    for (codec, faststart), path in paths.items():
        write_video(path, images, codec, {"movflags": "+faststart"} if faststart else None)
    return paths


def luma(path: Path, frames: int | None = None) -> list[ndarray]:
    return [picture.luma.copy() for picture in pictures(path, frames)] if frames != 0 else []


def ends_of_frames(path: Path) -> list[int]:
    """Where in a file the bytes of each picture end."""
    with av.open(str(path)) as container:
        return [int(packet.pos or 0) + packet.size for packet in container.demux(video=0) if packet.size]


def test_every_cut_is_told_with_what_is_there_and_what_should_be(
    clips: dict[tuple[str, bool], Path], tmp_path: Path
) -> None:
    """Forty cuts anywhere, ten of each kind."""
    chance = np.random.default_rng(8)
    path = tmp_path / "Walking.54138969.mp4"
    told_by_opencv = 0
    for kind in KINDS * 10:
        content, ends = clips[kind].read_bytes(), ends_of_frames(clips[kind])
        place = int(chance.integers(64, len(content)))
        path.write_bytes(content[:place])
        with pytest.raises(InputError) as caught:
            probe(path)
        line = str(caught.value)
        assert line.startswith(f"{path}: found ") and "\n" not in line
        there, announced = (int(n.replace(",", "")) for n in re.findall(r"([\d,]+) of ([\d,]+) bytes", line)[0])
        assert there == place < announced <= len(content)
        if kind[1] and place > content.index(b"mdat"):
            present = sum(end <= place for end in ends)
            assert f"found {present} of its {FRAMES} frames: a cut file (" in line
            told_by_opencv += len(list(frames_of(path))) == FRAMES
            with pytest.raises(BrokenVideo) as broken:
                luma(path, FRAMES)
            assert present - 3 <= broken.value.good <= present  # the decoder holds some back for their order
        else:
            assert "none of its frames can be found (" in line
    assert told_by_opencv < 20


@pytest.mark.parametrize("kind", KINDS)
def test_cuts_at_the_ends_of_the_boxes_are_told(
    clips: dict[tuple[str, bool], Path], tmp_path: Path, kind: tuple[str, bool]
) -> None:
    content = clips[kind].read_bytes()
    path = tmp_path / "Walking.54138969.mp4"
    starts = [content.index(name) - 4 for name in (b"moov", b"mdat")]
    for place in {max(0, start + more) for start in starts for more in (-1, 0, 1, 7, 8, 9)} | {len(content) - 1}:
        path.write_bytes(content[:place])
        with pytest.raises(InputError):
            probe(path)
    path.write_bytes(content + b"\r\n")  # while what follows the last box does no harm
    assert probe(path).present == FRAMES
    path.write_bytes(content + b"mdat and more")
    assert probe(path).present == FRAMES


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_the_frames_before_a_cut_are_those_of_the_whole_video(
    clips: dict[tuple[str, bool], Path], tmp_path: Path, codec: str
) -> None:
    whole = luma(clips[codec, True])
    content, ends = clips[codec, True].read_bytes(), ends_of_frames(clips[codec, True])
    path = tmp_path / "Walking.54138969.mp4"
    for present in range(1, FRAMES):  # the pictures do not come in the order in which they are shown
        path.write_bytes(content[: ends[present] - 2])
        with pytest.raises(BrokenVideo) as broken:
            luma(path, FRAMES)
        assert max(0, present - 3) <= broken.value.good <= present
        for picture, expected in zip(luma(path, broken.value.good), whole, strict=False):
            np.testing.assert_array_equal(picture, expected)


@pytest.mark.parametrize(
    ("codec", "options", "container"),
    [
        ("mpeg4", {"bf": "2", "g": "12"}, {}),
        ("mpeg4", {"bf": "4", "g": "250", "flags": "+qpel"}, {}),
        ("libx264", {"x264-params": "bframes=16:open-gop=1:keyint=9"}, {}),
        ("libx264", {}, {"movflags": "+frag_keyframe+empty_moov"}),
        ("mjpeg", {}, {}),
    ],
)
def test_whole_videos_of_other_encoders_raise_no_alarm(
    tmp_path: Path, codec: str, options: dict[str, str], container: dict[str, str]
) -> None:
    path = tmp_path / "Walking.54138969.mp4"
    with av.open(str(path), "w", options=container) as file:
        stream = file.add_stream(codec, rate=50, options=options)
        stream.width = stream.height = 240
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for image in make_scene(0, FRAMES, 0).images_bgr:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(cv2.resize(image, (240, 240)), format="bgr24")))
        file.mux(stream.encode())
    assert probe(path).present == FRAMES == len(luma(path))
    assert len(luma(path, FRAMES - 5)) == FRAMES - 5


def with_a_wrong_bit(content: bytes, chance: np.random.Generator) -> bytes:
    """Changes one bit of the pictures."""
    start = content.index(b"mdat") + 4
    end = start - 8 + int.from_bytes(content[start - 8 : start - 4], "big")
    spoiled = bytearray(content)
    spoiled[int(chance.integers(start, end))] ^= 1 << int(chance.integers(8))
    return bytes(spoiled)


def test_a_wrong_bit_is_told_if_the_decoder_stumbles_over_it(
    clips: dict[tuple[str, bool], Path], tmp_path: Path
) -> None:
    """Of forty wrong bits the decoder notices two or three in four; most of the others change pixels and nothing else.

    What it could decode before is what was filmed.
    """
    chance = np.random.default_rng(9)
    whole = {kind: luma(clips[kind]) for kind in KINDS}
    path = tmp_path / "Walking.54138969.mp4"
    told = silent = 0
    for kind in KINDS * 10:
        path.write_bytes(with_a_wrong_bit(clips[kind].read_bytes(), chance))
        try:
            assert probe(path).present == FRAMES
            changed = luma(path, FRAMES)
        except BrokenVideo as error:
            told += 1
            assert re.search(rf"only {error.good} frames that can be decoded.*; expected {FRAMES} frames", str(error))
            for picture, expected in zip(luma(path, error.good), whole[kind], strict=False):
                np.testing.assert_array_equal(picture, expected)
        else:
            silent += any((one != other).any() for one, other in zip(changed, whole[kind], strict=True))
    assert told >= 12
    assert silent >= 1  # or else this could be promised, and need no digests


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One view with the studio's record; spoiled files are put back."""
    root = tmp_path_factory.mktemp("capture")
    make_capture(root, [("S1", "Walking 1")], [0], frames=8)
    files = {
        path.relative_to(root).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in root.rglob("*.*")
        if path.is_file()
    }
    write_json(root / "capture.json", {"parameters": {}, "files": files})
    return root


def test_every_wrong_bit_is_told_where_digests_are_recorded(capture: Path) -> None:
    """Forty wrong bits in the video, and one in each of the other files."""
    (view,) = find_views(capture)
    require_recorded(view, describe(view))
    chance = np.random.default_rng(10)
    for kind in ("video",) * 40 + ("poses_2d", "poses_mono", "poses_world", "masks"):
        path: Path = getattr(view, kind)
        content = path.read_bytes()
        spoiled = bytearray(content)
        spoiled[int(chance.integers(len(content)))] ^= 1 << int(chance.integers(8))
        path.write_bytes(spoiled)
        with pytest.raises(
            InputError, match=rf"{path}: found other bytes than the studio wrote .*capture.json records"
        ):
            require_recorded(view, describe(view))
        path.write_bytes(content)


def test_a_damaged_record_is_told_and_a_missing_one_is_not(capture: Path) -> None:
    (view,) = find_views(capture)
    record = capture / "capture.json"
    content = record.read_bytes()
    for spoiled in (content[:-9], b"[]", b'{"files": [1]}', b'{"files": {"a": 3}}', b"\xff", b"[" * 100_000):
        record.write_bytes(spoiled)
        with pytest.raises(InputError, match=r"capture.json: found a damaged record"):
            require_recorded(view, describe(view))
    record.unlink()
    require_recorded(view, describe(view))
    record.write_bytes(content)
