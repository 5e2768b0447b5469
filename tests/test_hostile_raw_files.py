"""Raw files made to harm: bombs, sizes of gigabytes, links to other files. Each is refused, and nothing is fetched."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from bounded_readers import READERS, bounded, only_our_error, read_masks, read_poses, read_video, whole_files
from raw_fixture import walk

from h36m_pose.errors import InputError
from preprocessing import cdf_structure
from preprocessing.poses import read_positions


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of one file of each kind and way of storing."""
    return whole_files(tmp_path_factory.mktemp("whole"))


def refused(path: Path, pattern: str) -> None:
    with pytest.raises(InputError, match=pattern), bounded():
        READERS[path.suffix[1:]](path)


def test_a_bomb_of_poses_is_refused(whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that inflate to a thousand times as many: the whole file, one block, and a second stream behind it."""
    monkeypatch.setattr(cdf_structure, "MOST_BYTES", 2**20)
    path = tmp_path / "Walking 1.54138969.cdf"
    path.write_bytes(whole["all.cdf"])
    read_poses(path)
    bomb = gzip.compress(bytes(2**24), 9)
    content = whole["all.cdf"]
    packed = content[:8] + (32 + len(bomb)).to_bytes(8, "big") + content[16:40] + bomb
    parameters = (24).to_bytes(8, "big") + (11).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes(8)
    path.write_bytes(packed[:20] + len(packed).to_bytes(8, "big") + packed[28:] + parameters)
    refused(path, r"a damaged CDF file \(more values than a file of the release holds\)")
    content = whole["values.cdf"]
    block = content.index(b"\x1f\x8b") - 24
    elsewhere = content.replace(
        block.to_bytes(8, "big"), len(content).to_bytes(8, "big")
    )  # where its index looks for it
    for stream, words in ((bomb, "more values than"), (gzip.compress(b"") + bomb, "or with more behind it")):
        path.write_bytes(elsewhere + struct.pack(">q2iq", 24 + len(stream), 13, 0, len(stream)) + stream)
        refused(path, words)


def test_a_file_of_another_size_altogether_is_not_read_as_poses(tmp_path: Path) -> None:
    path = tmp_path / "Walking 1.54138969.cdf"
    with path.open("wb") as stream:
        stream.truncate(2**33)
    refused(path, "found a file of 8,589,934,592 bytes; expected a CDF file")


def test_poses_of_an_older_version_are_read(tmp_path: Path) -> None:
    """Version 2.6, with offsets of 4 bytes: the writer that is used elsewhere in these tests knows version 3 only."""
    joints = walk(5).astype(np.float32)
    path = tmp_path / "Walking 1.54138969.cdf"
    values = joints.tobytes()
    # Where each record begins: descriptor, directory, variable, index, values.
    cdr, gdr, vdr, vxr = 8, 312, 376, 528
    vvr = vxr + 32
    end = vvr + 8 + len(values)
    content = b"".join([
        b"\xcd\xf2\x60\x02\x00\x00\xff\xff",
        struct.pack(">12i", gdr - cdr, 1, gdr, 2, 6, 6, 3, 0, 0, 0, 0, 0).ljust(gdr - cdr, b"\0"),
        struct.pack(">14i", vdr - gdr, 2, 0, vdr, 0, end, 0, 0, 0, 0, 1, 0, 0, 0).ljust(vdr - gdr, b"\0"),
        struct.pack(">16i", vxr - vdr, 8, 0, 44, 0, vxr, vxr, 1, 0, 0, 0, 0, 1, 0, 0, 0),
        b"Pose".ljust(64, b"\0"), struct.pack(">6i", 2, 5, 96, -1, -1, 0),
        struct.pack(">7i", vvr - vxr, 6, 0, 1, 1, 0, 0), struct.pack(">i", vvr),
        struct.pack(">2i", 8 + len(values), 7), values,
    ])  # fmt: skip
    path.write_bytes(content)
    np.testing.assert_array_equal(read_positions(path, 3), joints)


def mask_file(path: Path, make: Callable[[h5py.File], h5py.Dataset]) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("Masks", data=np.array([[make(file).ref]], h5py.ref_dtype))


def test_masks_that_lie_in_other_files_are_refused(tmp_path: Path) -> None:
    """Or else a mask file could show any file of this machine."""
    path, secret = tmp_path / "Walking 1.54138969.mat", tmp_path / "secret"
    secret.write_bytes(bytes(100))
    with h5py.File(tmp_path / "other", "w") as other:
        other["Masks"] = np.zeros((10, 10), np.uint8)
    external = [(str(secret), 0, h5py.h5f.UNLIMITED)]
    mask_file(path, lambda file: file.create_dataset("a", (10, 10), np.uint8, external=external))
    refused(path, "a damaged mask of frame 0")
    layout = h5py.VirtualLayout((10, 10), np.uint8)
    layout[:] = h5py.VirtualSource(tmp_path / "other", "Masks", (10, 10))
    mask_file(path, lambda file: file.create_virtual_dataset("a", layout))
    refused(path, "a damaged mask of frame 0")
    with h5py.File(path, "w", userblock_size=512) as file:
        file["Masks"] = h5py.ExternalLink(str(tmp_path / "other"), "Masks")
    refused(path, "no cell array `Masks`, only Masks")


def test_masks_larger_than_any_picture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "Walking 1.54138969.mat"
    huge = {"shape": (2**17, 2**17), "dtype": np.uint8, "compression": "gzip"}
    mask_file(path, lambda file: file.create_dataset("a", chunks=(2**10, 2**10), **huge))
    refused(path, r"a first mask of uint8 \(131072, 131072\)")
    mask_file(
        path, lambda file: file.create_dataset("a", (9, 9), np.uint8, chunks=(2**13, 2**13), maxshape=(None, None))
    )
    refused(path, "a damaged mask of frame 0")
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("Masks", (2**40, 1), h5py.ref_dtype, chunks=(1024, 1))
    refused(path, r"found 1099511627776 masks")


def test_a_bomb_of_masks_is_refused(tmp_path: Path) -> None:
    """A chunk that inflates to more than it may hold: HDF5 itself would go on for as long as there is memory."""
    path = tmp_path / "Walking 1.54138969.mat"

    def make(file: h5py.File) -> h5py.Dataset:
        mask = file.create_dataset("a", (100, 100), np.uint8, chunks=(100, 100), compression="gzip")
        mask.id.write_direct_chunk((0, 0), zlib.compress(bytes(2**24), 9))
        return mask

    mask_file(path, make)
    with pytest.raises(InputError, match="a damaged mask of frame 0") as caught:
        read_masks(path)
    assert "no compressed mask" in str(caught.value.__cause__)


def test_a_list_of_other_files_is_no_video(whole: dict[str, bytes], tmp_path: Path) -> None:
    """A decoder that looks at the content alone would fetch what a playlist names, from the network as well."""
    path = tmp_path / "Walking 1.54138969.mp4"
    (tmp_path / "real.mp4").write_bytes(whole["mpeg4.mp4"])
    for content in (
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nreal.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile real.mp4\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    ):
        path.write_text(content)
        refused(path, "found a file that is no video")


def test_a_video_below_a_folder_with_the_name_of_a_protocol_is_read(
    whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("concat:a|b").mkdir()
    path = Path("concat:a|b/Walking.54138969.mp4")
    path.write_bytes(whole["mpeg4.mp4"])
    read_video(path)


def test_pictures_of_gigabytes_are_refused(whole: dict[str, bytes], tmp_path: Path) -> None:
    """The size in the index is changed to 65,535 times 65,535; the decoder asks for it before it sees the pictures."""
    path = tmp_path / "Walking 1.54138969.mp4"
    content = bytearray(whole["mpeg4-first.mp4"])
    place = content.index(b"mp4v") + 4 + 24
    content[place : place + 4] = b"\xff" * 4
    path.write_bytes(content)
    only_our_error(path, lambda: read_video(path))
