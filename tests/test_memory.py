"""How much memory preprocessing takes for one view of the release's size, short and long."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import raw_fixture
from numpy import ndarray
from raw_fixture import CAMERAS, Scene, camera_of, walk, write_scene

from h36m_pose.camera import camera_to_pixel, world_to_camera

WIDTH, HEIGHT, TAIL = 1000, 1002, 3
CAMERA = dataclasses.replace(
    camera_of(0), focal_px=2 * camera_of(0).focal_px, principal_px=2 * camera_of(0).principal_px + 0.5,
    width_px=WIDTH, height_px=HEIGHT,
)  # fmt: skip

PEAK = """
import json, re, sys
from pathlib import Path
from h36m_pose.cli.main import main

assert main(["preprocess", sys.argv[1], sys.argv[2], "--workers", "1"]) == 0
kilobytes = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
record = json.loads(next(Path(sys.argv[2]).glob("S1/*/view.json")).read_text())
print(json.dumps([int(kilobytes) / 1024, record["frames"], record["frames_by_source"]]))
"""


class Drawn(Sequence):
    """Pictures or masks that are drawn when they are asked for: all of them would take gigabytes."""

    def __init__(self, frames: int, draw: Callable[[int], ndarray]):
        self._frames, self._draw = frames, draw

    def __len__(self) -> int:
        return self._frames

    def __getitem__(self, frame):
        if frame >= self._frames:
            raise IndexError(frame)
        return self._draw(frame)


def write_view_of(root: Path, frames: int) -> None:
    """Writes a view of the release's size with so many poses."""
    world = walk(frames + TAIL)
    cam = world_to_camera(world, CAMERA)
    pixels = camera_to_pixel(cam, CAMERA)
    room = np.random.default_rng(0).integers(90, 110, (HEIGHT, WIDTH, 3)).astype(np.uint8)

    def figure(frame: int) -> tuple[ndarray, ndarray]:
        return raw_fixture._figure(CAMERA, cam[frame], pixels[frame])

    def picture(frame: int) -> ndarray:
        mask, paint = figure(frame)
        image = room.copy()
        np.copyto(image, paint, where=mask[..., None] > 0)
        return image

    images, masks = Drawn(frames + TAIL, picture), Drawn(frames + TAIL, lambda frame: figure(frame)[0])
    scene = Scene(CAMERA, world[:frames], cam[:frames], pixels[:frames], images, masks)  # type: ignore[arg-type]
    write_scene(root, "S1", "Walking 1", CAMERAS[0], scene)


def peak_of(root: Path, dataset: Path) -> tuple[float, int, dict[str, int]]:
    """MiB that a run of its own took at most, frames of the view, and where its silhouettes came from."""
    command = [sys.executable, "-c", PEAK, str(root), str(dataset)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_memory_in_use_is_small_and_does_not_grow_with_the_view(tmp_path: Path) -> None:
    peaks = []
    for frames in (500, 4000):
        root = tmp_path / str(frames)
        write_view_of(root, frames)
        peak, made, by_source = peak_of(root, tmp_path / f"{frames} made")
        assert (made, by_source["release"]) == (frames, frames)
        print(f"{frames} frames with masks: {peak:.0f} MiB")
        peaks.append(peak)
        for path in root.rglob("*.mat"):
            path.unlink()
        peak, made, by_source = peak_of(root, tmp_path / f"{frames} made without masks")
        assert (made, by_source["release"]) == (frames, 0)
        print(f"{frames} frames without masks: {peak:.0f} MiB")
        peaks.append(peak)
    assert max(peaks) < 1024
    with_masks, without_masks, long_with_masks, long_without_masks = peaks
    assert long_with_masks < with_masks + 64  # the poses themselves are 12 MB more
    assert long_without_masks < without_masks + 64
