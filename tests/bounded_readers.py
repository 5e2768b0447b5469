"""Reads raw files for tests as the build does, with a bound on time and memory; and writes one of each kind."""

import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from cdflib.cdfwrite import CDF
from raw_fixture import make_scene, walk, write_cdf, write_masks, write_video

from h36m_pose.errors import InputError
from preprocessing.masks import largest_component, open_masks
from preprocessing.poses import read_positions
from preprocessing.video import color_frames, pictures, probe, sample_pictures

SECONDS, BYTES = 5, 2**30
"""Of processor time and of address space that a reader may take for one small file."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Fails if the block takes more processor time or address space than a reader may."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before, highest = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, highest))
    started = time.process_time()
    try:
        yield
    except InputError as error:
        if isinstance(error.__cause__, MemoryError):
            raise AssertionError("the reader wanted more memory than it may") from error
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, highest))
        taken = time.process_time() - started
        assert taken < SECONDS, f"{taken:.1f} s"


def only_our_error(path: Path, read: Callable[[], object]) -> None:
    """Reads, and makes sure that an error is one line that names the file."""
    try:
        with bounded():
            read()
    except InputError as error:
        assert path.name in str(error) and "\n" not in str(error)


def compressed(path: Path, whole: bool) -> None:
    """A pose file of which the values, or all, are compressed."""
    values = walk(7).reshape(7, 96).astype(np.float32)
    file = CDF(path, cdf_spec={"Majority": "Row_major", "Compressed": 6 if whole else 0})
    file.write_var({"Variable": "Pose", "Data_Type": 44, "Num_Elements": 1, "Rec_Vary": True, "Compress": 6,
                    "Dim_Sizes": [7, 96]}, var_data=values[None])  # fmt: skip
    file.close()


def whole_files(folder: Path) -> dict[str, bytes]:
    """The bytes of one file of each kind and way of storing."""
    write_cdf(folder / "rows.cdf", walk(7))
    write_cdf(folder / "columns.cdf", walk(7), by_columns=True)
    compressed(folder / "values.cdf", whole=False)
    compressed(folder / "all.cdf", whole=True)
    scene = make_scene(0, 12, 0)
    write_masks(folder / "cells.mat", scene.masks[:4])
    write_masks(folder / "planes.mat", scene.masks[:4], third_axis=True)
    images = [cv2.resize(image, (160, 120)) for image in scene.images_bgr]
    write_video(folder / "mpeg4.mp4", images)
    write_video(folder / "mpeg4-first.mp4", images, options={"movflags": "+faststart"})
    write_video(folder / "h264-first.mp4", images, "libx264", {"movflags": "+faststart"})
    write_video(folder / "fragments.mp4", images, "libx264", {"movflags": "+frag_keyframe+empty_moov"})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read_poses(path: Path) -> None:
    joints = read_positions(path, 3)
    assert joints.shape[1:] == (32, 3) and np.isfinite(joints).all()


def read_masks(path: Path) -> None:
    with open_masks(path) as masks:
        for frame in range(min(len(masks), 8)):
            largest_component(masks.read_part(frame)[0])
            assert masks.read(frame).shape == (masks.height_px, masks.width_px)


def read_video(path: Path) -> None:
    facts = probe(path)
    sample_pictures(path, min(facts.present, 12), 4)
    for picture in pictures(path, min(facts.present, 12)):
        assert picture.luma.shape == (facts.height_px, facts.width_px)
    for image in color_frames(path, 2):
        assert image.shape == (facts.height_px, facts.width_px, 3)


READERS: dict[str, Callable[[Path], None]] = {"cdf": read_poses, "mat": read_masks, "mp4": read_video}
