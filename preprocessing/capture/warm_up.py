"""Compiles the studio's inner loops ahead of their first use, in shares that processes can take on side by side.

What is compiled is kept in `__pycache__`, so this takes some seconds once per machine and nothing ever after; `make
setup` does it by running this module. Left to the first frame, every process would compile everything.
"""

import multiprocessing
from collections.abc import Callable

import numpy as np

from h36m_pose.camera import Camera
from preprocessing.capture import lighting, rasterizer, skinning
from preprocessing.capture.room import draw_room, photograph
from preprocessing.capture.solids import Shape


def compile_room() -> None:
    """The kernels that light and photograph a room."""
    photograph(draw_room(0), _small_camera())


def compile_figure() -> None:
    """The kernels that model, move, light and draw a body."""
    Shape().cone([0, 0, 0], [0, 0, 9], 5, 5).distance(np.zeros((1, 3)))
    points, numbers = np.ones((3, 3), np.float32), np.zeros((3, 4), np.float32)
    up = np.tile(np.array([0, 0, 1], np.float32), (3, 1))
    out = np.empty((2, 3, 3), np.float32)
    skinning.move(points, up, np.zeros((3, 4), np.int32), numbers, np.zeros((18, 12), np.float32), *out)
    lights = lighting.Lights(np.full((4, 3), 2000, np.float32), np.ones((4, 3), np.float32), up[0], up[0])
    lighting.BodyLight(lights).shade(points, up, np.ones(3, np.float32), out[0])
    lit, corner = lighting.FloorShadow(lights).cast(points)
    cell = np.float32(lighting.FLOOR_CELL_MM)
    lighting.look_up_floor(np.zeros((1, 1, 2), np.float32), lit, corner, cell, np.empty((1, 1), np.uint8))
    rasterizer.project(points, rasterizer.lens_numbers(_small_camera()), np.float32(1), out[0])
    rasterizer.draw_triangles(
        points, np.float32(0), np.float32(0), np.zeros((1, 3), np.int32), points, points, np.zeros(4, np.uint32),
        np.zeros((2, 3), np.int32), np.ones((2, 2), np.float32), np.zeros((2, 2), np.uint32),
    )  # fmt: skip


SHARES: tuple[Callable[[], None], ...] = (compile_figure, compile_room)
"""Two halves of about the same length."""


def _small_camera() -> Camera:
    return Camera(
        rotation=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
        centre_mm=np.array([0.0, -4000, 1500]),
        focal_px=np.full(2, 40.0),
        principal_px=np.full(2, 16.0),
        radial=np.zeros(3),
        tangential=np.zeros(2),
        width_px=32,
        height_px=32,
    )


def main() -> None:
    """Compiles all shares at once, a process each."""
    processes = [multiprocessing.get_context("spawn").Process(target=share) for share in SHARES]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    raise SystemExit(max(abs(process.exitcode or 0) for process in processes))


if __name__ == "__main__":
    main()
