"""The studio's room: walls, floor, carpet, furniture and lamps drawn from a seed, and photographs of it when empty."""

import dataclasses
import functools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy import ndarray

from h36m_pose.camera import Camera, camera_to_pixel, pixel_to_ray, world_to_camera
from preprocessing.capture.anatomy import seeded
from preprocessing.capture.lighting import Lights
from preprocessing.capture.room_paint import FACE_TEXEL_MM, draw_furniture, draw_palette, paint_faces
from preprocessing.capture.room_rays import bake, photograph_rays

_RAY_STEP = 8
_BAKED_MM = 130.0
_BLUR_PX = 0.62


@dataclasses.dataclass(frozen=True, eq=False)
class Room:
    """A lit and furnished room.

    Attributes:
        box_mm: (6,) float32, low x, y, z and high x, y, z.
        lights: its lamps.
        solids: (s, 9) float32, see `room_rays.bake`.
        colours: (s, 3) float32 blue, green, red of the solids.
        paint: (k, 3) uint8, the six lit faces' texels one after the other, blue, green, red.
        faces: (6, 3) int32 first texel, columns and rows: floor, ceiling, low x, high x, low y and high y wall.
        seed: what it was drawn from.
    """

    box_mm: ndarray
    lights: Lights
    solids: ndarray
    colours: ndarray
    paint: ndarray
    faces: ndarray
    seed: int


def draw_room(seed: int) -> Room:
    """A room of its own for every seed; walls stand at least 0.6 m behind cameras at |x| < 2.5 m, |y| < 5.4 m."""
    random = seeded("room", seed)
    x, y = (
        [-random.uniform(3150, 3700), random.uniform(3150, 3700)],
        [-random.uniform(6050, 6700), random.uniform(6050, 6700)],
    )
    box = np.array([x[0], y[0], 0, x[1], y[1], random.uniform(3150, 3600)])
    palette = draw_palette(random)
    lights = _draw_lights(random, box, palette["carpet"])
    solids, colours = draw_furniture(random, box, palette)
    painted = paint_faces(random, box, palette, lights.places_mm)
    lit = [_light_face(face, picture, box, lights, solids, random) for face, picture in enumerate(painted)]
    starts = np.cumsum([0, *(picture.shape[0] * picture.shape[1] for picture in lit[:-1])])
    faces = np.array(
        [[start, picture.shape[1], picture.shape[0]] for start, picture in zip(starts, lit, strict=True)], np.int32
    )
    paint = np.concatenate([picture.reshape(-1, 3) for picture in lit])
    return Room(box.astype(np.float32), lights, solids, colours, paint, faces, seed)


def _draw_lights(random: np.random.Generator, box: ndarray, carpet: ndarray) -> Lights:
    height = box[5] - 60
    side = random.choice([-1.0, 1.0])
    places = np.array(
        [
            [side * random.uniform(700, 1400), random.uniform(900, 1900), height],
            [-side * random.uniform(700, 1500), -random.uniform(900, 2000), height],
            [random.uniform(-500, 500), random.uniform(3600, 4400), height],
            [random.uniform(-500, 500), -random.uniform(3600, 4400), height],
        ]
    )
    warmth = random.uniform(-0.05, 0.07)
    tint = np.array([1 - warmth, 1.0, 1 + warmth])
    power = np.array([0.72, 0.55, 0.28, 0.28]) * random.uniform(0.9, 1.12, 4)
    sky = random.uniform(0.34, 0.44) * np.array([1.03, 1.0, 0.98]) * tint
    ground = 0.10 * tint + 0.16 * (carpet[::-1] / 255) ** 2
    return Lights(
        places.astype(np.float32),
        (power[:, None] * tint).astype(np.float32),
        sky.astype(np.float32),
        ground.astype(np.float32),
    )


_FACE_AXES = ((0, 1, 2, 0), (0, 1, 2, 1), (1, 2, 0, 0), (1, 2, 0, 1), (0, 2, 1, 0), (0, 2, 1, 1))
"""Of floor, ceiling, low x, high x, low y and high y wall: axis across, axis up, axis of the normal, and which end."""


def _light_face(
    face: int, picture: ndarray, box: ndarray, lights: Lights, solids: ndarray, random: np.random.Generator
) -> ndarray:
    """Multiplies a face's paint (rows, columns, 3) RGB by the light that reaches it: (rows, columns, 3) uint8 BGR."""
    across, up, normal_axis, end = _FACE_AXES[face]
    rows, columns = (max(4, round(picture.shape[k] * FACE_TEXEL_MM / _BAKED_MM)) for k in (0, 1))
    points = np.zeros((rows, columns, 3))
    points[..., across] = box[across] + (np.arange(columns) + 0.5) / columns * (box[across + 3] - box[across])
    points[..., up] = (box[up] + (np.arange(rows) + 0.5) / rows * (box[up + 3] - box[up]))[:, None]
    points[..., normal_axis] = box[normal_axis + 3 * end]
    normals = np.zeros_like(points)
    normals[..., normal_axis] = 1 - 2 * end
    light = np.empty((rows * columns, 3), np.float32)
    jitter = random.standard_normal((7, 3)).astype(np.float32)
    solids = solids if face != 1 else solids[:0]
    bake(
        points.reshape(-1, 3).astype(np.float32), normals.reshape(-1, 3).astype(np.float32), lights.places_mm,
        lights.strengths, lights.sky, solids, jitter, light,
    )  # fmt: skip
    light = cv2.GaussianBlur(light.reshape(rows, columns, 3), (0, 0), 0.8)
    # Corners of a room are darker.
    edges = [np.minimum(points[..., k] - box[k], box[k + 3] - points[..., k]) for k in range(3) if k != normal_axis]
    for distance in edges:
        light *= (1 - 0.28 * np.exp(-distance / 260))[..., None]
    if face == 1:
        light = light + np.float32(0.45)
    bright = cv2.resize(np.sqrt(light), (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture[..., ::-1] * bright + 0.5, 0, 255).astype(np.uint8)


def photograph(room: Room, camera: Camera, cameras: Sequence[Camera] = (), step: int = 1) -> ndarray:
    """The empty room as a camera sees it, without sensor noise: (H, W, 3) uint8 blue, green, red.

    The other `cameras` stand on their tripods in the picture. With a `step` of 2 only every other pixel of every other
    row is traced, which costs a quarter and looks slightly out of focus.
    """
    solids, colours = _with_tripods(room, camera, cameras)
    lens = _coarser(camera, step)
    shape = lens.height_px, lens.width_px
    rows, columns = (-(-size // _RAY_STEP) + 1 for size in shape)
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) * float(_RAY_STEP)
    rays = pixel_to_ray(places, lens).astype(np.float32)
    hits, image = np.empty(shape, np.int16), np.empty((*shape, 3), np.float32)
    photograph_rays(
        rays, np.float32(_RAY_STEP), np.ascontiguousarray(camera.rotation, np.float32),
        camera.centre_mm.astype(np.float32),
        room.box_mm, room.faces, room.paint, np.float32(FACE_TEXEL_MM), solids, colours, _bounds(solids, lens),
        room.lights.places_mm, room.lights.strengths, room.lights.sky, hits, image,
    )  # fmt: skip
    if step == 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), _BLUR_PX), np.float32)
    falloff = cv2.merge([vignette(lens.width_px, lens.height_px)] * 3)
    picture = np.asarray(cv2.multiply(image, falloff, dtype=cv2.CV_8U))
    return picture if step == 1 else cv2.resize(picture, (camera.width_px, camera.height_px))


def _coarser(camera: Camera, step: int) -> Camera:
    """The same camera with pixels of `step` x `step` of its own."""
    return dataclasses.replace(
        camera,
        focal_px=camera.focal_px / step,
        principal_px=(camera.principal_px + 0.5) / step - 0.5,
        width_px=-(-camera.width_px // step),
        height_px=-(-camera.height_px // step),
    )


@functools.lru_cache(maxsize=8)
def vignette(width_px: int, height_px: int) -> ndarray:
    """How much darker the lens makes each pixel (height, width) float32, towards the corners of its picture."""
    across = (np.arange(width_px) - width_px / 2) / (0.7 * width_px)
    down = (np.arange(height_px) - height_px / 2) / (0.7 * height_px)
    falloff = (1 - 0.13 * (across[None] ** 2 + down[:, None] ** 2)).astype(np.float32)
    falloff.flags.writeable = False
    return falloff


def floor_places(camera: Camera, step: int) -> ndarray:
    """Where on the floor the centres of `step` x `step` pixels look: (rows, columns, 2) float32 mm; 1e9 is nowhere."""
    rows, columns = camera.height_px // step, camera.width_px // step
    coarse = 8 * step
    # Rays are smooth: compute them on a coarse grid and interpolate, then intersect with the floor.
    across, down = (
        np.arange(-coarse, camera.width_px + coarse, coarse),
        np.arange(-coarse, camera.height_px + coarse, coarse),
    )
    rays = pixel_to_ray(np.stack(np.meshgrid(across, down), axis=-1).astype(float), camera).astype(np.float32)
    x = (np.arange(columns) * step + (step - 1) / 2 + coarse) / coarse
    y = (np.arange(rows) * step + (step - 1) / 2 + coarse) / coarse
    at = [part.astype(np.float32) for part in np.meshgrid(x, y)]
    ray = cv2.remap(rays, at[0], at[1], cv2.INTER_LINEAR)
    direction = np.concatenate([ray, np.ones_like(ray[..., :1])], axis=-1) @ camera.rotation.astype(np.float32)
    far = -camera.centre_mm[2] / np.minimum(direction[..., 2], -1e-4)
    place = camera.centre_mm[:2] + far[..., None] * direction[..., :2]
    place[direction[..., 2] > -0.02] = 1e9
    return place.astype(np.float32)


def _with_tripods(room: Room, camera: Camera, cameras: Sequence[Camera]) -> tuple[ndarray, ndarray]:
    solids, colours = [*room.solids], [*room.colours]
    for other in cameras:
        centre = other.centre_mm
        if np.linalg.norm(centre - camera.centre_mm) < 600:
            continue
        head = centre - np.array([0, 0, 90])
        solids.append(np.array([*(centre - np.array([55, 80, 60])), *(centre + np.array([55, 80, 55])), 0, 0, 0]))
        colours.append(np.array([44, 40, 40]))
        for angle in (0.4, 2.5, 4.6):
            foot = np.array([head[0] + 420 * np.cos(angle), head[1] + 420 * np.sin(angle), 0])
            solids.append(np.array([*foot, head[0], head[1], head[2] * 0.62, 13, 0, 1]))
            colours.append(np.array([62, 60, 58]))
        solids.append(np.array([head[0], head[1], head[2] * 0.5, *head, 17, 0, 1]))
        colours.append(np.array([70, 68, 66]))
    near = [np.linalg.norm((np.array(solid[:2]) + solid[3:5]) / 2 - camera.centre_mm[:2]) > 700 for solid in solids]
    keep = np.flatnonzero(near)
    return np.array(solids, np.float32)[keep], np.array(colours, np.float32)[keep]


def _bounds(solids: ndarray, camera: Camera) -> ndarray:
    """Pixel boxes (s, 4) int32 left, top, right, bottom outside of which a solid cannot be seen."""
    bounds = np.empty((len(solids), 4), np.int32)
    for row, solid in enumerate(solids):
        margin = solid[6] if solid[8] else 0.0
        low, high = np.minimum(solid[:3], solid[3:6]) - margin, np.maximum(solid[:3], solid[3:6]) + margin
        corners = np.array([[(low, high)[k >> axis & 1][axis] for axis in range(3)] for k in range(8)], float)
        seen = world_to_camera(corners, camera)
        if seen[:, 2].min() < 150:
            bounds[row] = (0, 0, 0, 0) if seen[:, 2].max() < 150 else (0, 0, camera.width_px, camera.height_px)
            continue
        ray = seen[:, :2] / seen[:, 2:]
        if np.abs(ray).max() > 0.9:  # outside the lens formula's reach
            ray = np.clip(ray, -0.9, 0.9)
            seen = np.concatenate([ray, np.ones((8, 1))], axis=1)
        pixels = camera_to_pixel(seen, camera)
        bounds[row] = (*(np.floor(pixels.min(axis=0)) - 12), *(np.ceil(pixels.max(axis=0)) + 12))
    return bounds
