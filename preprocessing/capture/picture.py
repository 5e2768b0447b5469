"""The photographer: a moved body in a room, as several cameras see it at once, with its silhouettes."""

import dataclasses
import functools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera
from preprocessing.capture.body import BodyMesh
from preprocessing.capture.lighting import FLOOR_CELL_MM, BodyLight, FloorShadow, look_up_floor
from preprocessing.capture.motion import Motion
from preprocessing.capture.planes import Planes, SensorNoise
from preprocessing.capture.rasterizer import SUPERSAMPLING, draw_triangles, lens_numbers, project
from preprocessing.capture.room import Room, floor_places, photograph, vignette
from preprocessing.capture.skinning import bone_matrices, move

_FLOOR_STEP_PX = 4
_FAR_MM = np.float32(1e9)


@dataclasses.dataclass(eq=False)
class Shot:
    """One camera's picture of one moment. Its arrays are overwritten by the next `Photographer.draw`.

    Attributes:
        picture: what the camera records.
        mask: (H, W) uint8, 1 where the person (with clothes, hair and shoes) covers at least half of the pixel.
        box_px: left, top, right, bottom of a box that holds the mask; right and bottom are past the end.
    """

    picture: Planes
    mask: ndarray
    box_px: tuple[int, int, int, int]


@dataclasses.dataclass(eq=False)
class _View:
    camera: Camera
    lens: ndarray
    room: ndarray
    plate: Planes
    floor_mm: ndarray
    falloff: float
    shot: Shot


class Photographer:
    """Draws one body in one room for several cameras; skinning, shading and shadows are shared by the cameras.

    Holds buffers: use one photographer per thread.

    Args:
        body: of `build_body`.
        room: of `draw_room`.
        cameras: one or more; each picture has its camera's width and height.
        seed: of the sensor's noise.
        noise: standard deviation of the sensor's noise in grey levels.
        room_step: 2 for rooms that cost a quarter and are a little out of focus; see `room.photograph`.
    """

    def __init__(
        self,
        body: BodyMesh,
        room: Room,
        cameras: Sequence[Camera],
        seed: int,
        noise: float = 1.6,
        room_step: int = 1,
    ):
        self.body = body
        self.cameras = tuple(cameras)
        self._seed = seed
        self._light, self._shadow = BodyLight(room.lights), FloorShadow(room.lights)
        count = len(body.vertices_mm)
        self._vertices, self._normals = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        self._brightness, self._screen = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        self._shadow_vertices = np.empty_like(body.shadow_vertices_mm)
        self._shadow_normals = np.empty_like(body.shadow_vertices_mm)
        highest, widest = (max(getattr(camera, side) for camera in cameras) for side in ("height_px", "width_px"))
        self._noise = _sensor_noise(highest, widest, noise, seed)
        self._depth, self._colour = np.empty(0, np.float32), np.empty(0, np.uint32)
        self._views = [_open_view(room, camera, cameras, room_step) for camera in cameras]

    def matrices(self, motion: Motion) -> ndarray:
        """The moves (frames, 18, 3, 4) float32 of this body for a motion; `draw` takes one frame of them."""
        return bone_matrices(self.body.rest_rotation, self.body.rest_origin_mm, motion)

    def empty(self, moment: Sequence[int] = (0,)) -> list[Planes]:
        """The room without the person, one picture per camera; overwritten by the next call."""
        for number in range(len(self._views)):
            self._expose(number, moment)
        return [view.shot.picture for view in self._views]

    def draw(
        self, matrices: ndarray, *, views: Sequence[int] | None = None, moment: Sequence[int] = (0,)
    ) -> list[Shot]:
        """One moment as the cameras see it.

        Args:
            matrices: (18, 3, 4) float32, one frame of `matrices`.
            views: which of the cameras are to draw, by their place in `cameras`; all if left out.
            moment: whole numbers that, with the seed and the camera's place, fix the noise: a picture does not depend
                on which others were drawn.

        Returns:
            One shot per view, in the order of `views`.
        """
        body, matrices = self.body, np.ascontiguousarray(matrices, np.float32).reshape(-1, 12)
        move(body.vertices_mm, body.normals, body.bones, body.weights, matrices, self._vertices, self._normals)
        self._light.shade(self._vertices, self._normals, body.open_sky, self._brightness)
        move(
            body.shadow_vertices_mm, body.shadow_vertices_mm, body.shadow_bones, body.shadow_weights, matrices,
            self._shadow_vertices, self._shadow_normals,
        )  # fmt: skip
        lit, corner = self._shadow.cast(self._shadow_vertices)
        chosen = range(len(self._views)) if views is None else views
        return [self._draw_view(number, moment, lit, corner) for number in chosen]

    def _expose(self, number: int, moment: Sequence[int]) -> tuple[ndarray, ndarray, ndarray]:
        """Fills a view's picture with the noisy empty room; returns the noise used, plane by plane."""
        view = self._views[number]
        random = np.random.default_rng([self._seed, number, *moment])
        noise = self._noise.draw(random, *view.shot.mask.shape)
        for plate, grain, plane in zip(view.plate.planes, noise, view.shot.picture.planes, strict=True):
            cv2.add(plate, grain, dst=plane)
        return noise

    def _draw_view(self, number: int, moment: Sequence[int], lit: ndarray, corner: ndarray) -> Shot:
        view = self._views[number]
        noise = self._expose(number, moment)
        shot = view.shot
        left, top, right, bottom = shot.box_px
        shot.mask[top:bottom, left:right] = 0
        project(self._vertices, view.lens, np.float32(SUPERSAMPLING), self._screen)
        high, wide = shot.mask.shape
        # One axis at a time: NumPy is ten times slower along both at once.
        lows, highs = zip(*((places.min(), places.max()) for places in self._screen.T[:2]), strict=True)
        low = np.floor((np.array(lows) + 0.5) / SUPERSAMPLING).astype(int) - 2
        past = np.ceil((np.array(highs) + 0.5) / SUPERSAMPLING).astype(int) + 3
        left, top = np.clip(low, 0, (wide - 1, high - 1))
        right, bottom = np.clip(past, (left + 1, top + 1), (wide, high))
        figure = self._draw_figure(view, left, top, right - left, bottom - top)
        shade_box = _shadow_box(view, lit, corner)
        box = np.array(
            [min(left, shade_box[0]), min(top, shade_box[1]), max(right, shade_box[2]), max(bottom, shade_box[3])]
        )
        box += box % 2 * (-1, -1, 1, 1)  # to whole pixels of the colour planes; pictures have even sides
        columns, rows = slice(left, right), slice(top, bottom)
        around = slice(box[1], box[3]), slice(box[0], box[2])
        scene = cv2.multiply(view.room[around], _in_three(_shade_in(view, box, lit, corner)), scale=1 / 255)
        within = scene[top - box[1] : bottom - box[1], left - box[0] : right - box[0]]
        cover = figure[..., 3]
        behind = cv2.multiply(within, _in_three(cv2.bitwise_not(cover)), scale=1 / 255)
        cv2.add(behind, figure[..., :3], dst=within)
        for plane, grain, target in zip(Planes.of(scene).planes, noise, shot.picture.part(*box), strict=True):
            step = len(shot.mask) // len(grain)
            part = grain[box[1] // step : box[3] // step, box[0] // step : box[2] // step]
            cv2.add(cv2.subtract(plane, SensorNoise.LOWER), part, dst=target)
        shot.mask[rows, columns] = cover >> 7
        shot.box_px = int(left), int(top), int(right), int(bottom)
        return shot

    def _draw_figure(self, view: _View, left: int, top: int, wide: int, high: int) -> ndarray:
        """The body alone, premultiplied (high, wide, 4) uint8, a little blurred by the lens."""
        body = self.body
        depth, picture = self._clean_samples(high * SUPERSAMPLING, wide * SUPERSAMPLING)
        draw_triangles(
            self._screen, np.float32(left * SUPERSAMPLING), np.float32(top * SUPERSAMPLING), body.triangles,
            body.texels,
            self._brightness * np.float32(view.falloff), body.texture, body.tiles, depth, picture,
        )  # fmt: skip
        small = cv2.resize(picture.view(np.uint8).reshape(*depth.shape, 4), (wide, high), interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(small, (3, 3), 0.45)

    def _clean_samples(self, high: int, wide: int) -> tuple[ndarray, ndarray]:
        """Depth and colour (high, wide) of nothing yet, in memory that has been used before: fresh memory is slow."""
        if self._depth.size < high * wide:
            self._depth = np.empty(high * wide * 5 // 4, np.float32)
            self._colour = np.empty(self._depth.size, np.uint32)
        depth, colour = (samples[: high * wide].reshape(high, wide) for samples in (self._depth, self._colour))
        depth.fill(_FAR_MM)
        colour.fill(0)
        return depth, colour


def _open_view(room: Room, camera: Camera, cameras: Sequence[Camera], room_step: int) -> _View:
    shape = camera.height_px, camera.width_px
    photo = photograph(room, camera, cameras, room_step)
    plate = Planes.over(np.asarray(cv2.subtract(Planes.of(photo).data, SensorNoise.LOWER), np.uint8))
    shot = Shot(Planes.empty(*shape), np.zeros(shape, np.uint8), (0, 0, 1, 1))
    return _View(
        camera,
        lens_numbers(camera),
        photo,
        plate,
        floor_places(camera, _FLOOR_STEP_PX),
        float(vignette(camera.width_px, camera.height_px).mean()),
        shot,
    )


@functools.lru_cache(maxsize=2)
def _sensor_noise(height_px: int, width_px: int, deviation: float, seed: int) -> SensorNoise:
    return SensorNoise(height_px, width_px, deviation, seed)


def _in_three(grey: ndarray) -> ndarray:
    """The same picture (h, w) in three channels."""
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def _shadow_box(view: _View, lit: ndarray, corner: ndarray) -> tuple[int, int, int, int]:
    """The pixel box (left, top, right, bottom) in which the floor shadow may be seen."""
    camera = view.camera
    dark = cv2.boundingRect(cv2.threshold(lit, 253, 1, cv2.THRESH_BINARY_INV)[1])
    (y0, x0), (y1, x1) = (
        corner[::-1] + FLOOR_CELL_MM * np.array(cells) for cells in (dark[:2], np.add(dark[:2], dark[2:]))
    )
    rim = np.linspace(0, 1, 5)
    places = [(x0 + (x1 - x0) * a, y0 + (y1 - y0) * b, 0.0) for a in rim for b in rim if a in (0, 1) or b in (0, 1)]
    pixels = np.empty((len(places), 3), np.float32)
    project(np.array(places, np.float32), view.lens, np.float32(1), pixels)
    pixels = pixels[pixels[:, 2] > 900]
    if len(pixels) == 0:
        return camera.width_px, camera.height_px, 0, 0
    low, high = pixels[:, :2].min(axis=0), pixels[:, :2].max(axis=0)
    left, top = np.clip(np.floor(low), 0, (camera.width_px, camera.height_px)).astype(int)
    right, bottom = np.clip(np.ceil(high), 0, (camera.width_px, camera.height_px)).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _shade_in(view: _View, box: ndarray, lit: ndarray, corner: ndarray) -> ndarray:
    """The floor's light (rows, columns) uint8 at the pixels of a box."""
    step = _FLOOR_STEP_PX
    left, top = box[0] // step, box[1] // step
    right, bottom = -(-box[2] // step) + 1, -(-box[3] // step) + 1
    places = np.ascontiguousarray(view.floor_mm[top:bottom, left:right])
    coarse = np.empty(places.shape[:2], np.uint8)
    look_up_floor(places, lit, corner, np.float32(FLOOR_CELL_MM), coarse)
    fine = cv2.resize(coarse, (places.shape[1] * step, places.shape[0] * step), interpolation=cv2.INTER_LINEAR)
    down, across = box[1] - top * step, box[0] - left * step
    fine = fine[down : down + box[3] - box[1], across : across + box[2] - box[0]]
    missing = (box[3] - box[1] - fine.shape[0], box[2] - box[0] - fine.shape[1])
    return fine if missing == (0, 0) else cv2.copyMakeBorder(fine, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
