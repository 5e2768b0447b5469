"""Light on the body and the body's shadow on the floor, once per frame for all cameras."""

import dataclasses
import math

import cv2
import numpy as np
from numpy import ndarray

from preprocessing.capture.compiled import compiled


@dataclasses.dataclass(frozen=True, eq=False)
class Lights:
    """The lamps of a room.

    Attributes:
        places_mm: (lamps, 3) float32 in the world; the first two are the strongest and cast shadows.
        strengths: (lamps, 3) float32 blue, green, red, at `REACH_MM`.
        sky: (3,) float32, light from above that comes from everywhere.
        ground: (3,) float32, the same from below: the floor's colour shines back.
    """

    places_mm: ndarray
    strengths: ndarray
    sky: ndarray
    ground: ndarray


REACH_MM = 2600.0
SHADOW_LAMPS = 2
_SHADOW_CELLS = 112
_SHADOW_CELL_MM = 22.0
FLOOR_CELLS = 176
FLOOR_CELL_MM = 30.0
# How soft a shadow is, by the height of what casts it: up to this height (mm), blurred over so many cells.
_LAYERS = ((160.0, 3), (420.0, 5), (950.0, 9), (1e9, 15))
_FAINTEST = 10.0
"""Grey levels of darkening that a shadow must have to be drawn at all."""
# Shadow of the light from all round: by the same heights, blurred over so many cells, and its share.
_CONTACT = ((3, 0.5), (11, 0.28), (21, 0.22))


class BodyLight:
    """Shades the vertices of a moved body. Holds buffers: not for use by several threads at once."""

    def __init__(self, lights: Lights):
        self.lights = lights
        self._maps = np.empty((SHADOW_LAMPS, _SHADOW_CELLS, _SHADOW_CELLS), np.float32)

    def shade(self, vertices_mm: ndarray, normals: ndarray, open_sky: ndarray, out: ndarray) -> None:
        """Writes the factors (n, 3) float32 by which each vertex brightens blue, green and red of its texture."""
        lights = self.lights
        middle = vertices_mm[:: max(1, len(vertices_mm) // 64)].mean(axis=0)
        frames = np.stack([_towards(lights.places_mm[lamp] - middle) for lamp in range(SHADOW_LAMPS)])
        _shade(
            vertices_mm, normals, open_sky, middle.astype(np.float32), frames, self._maps,
            np.float32(_SHADOW_CELL_MM), lights.places_mm, lights.strengths, lights.sky, lights.ground, out,
        )  # fmt: skip


def _towards(direction: ndarray) -> ndarray:
    """Axes (3, 3) float32, the last row along the direction."""
    along = direction / np.linalg.norm(direction)
    across = np.cross(along, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(along, across), along]).astype(np.float32)


@compiled
def _shade(
    vertices, normals, open_sky, middle, frames, maps, cell, places, strengths, sky, ground, out
):  # pragma: no cover - compiled
    cells = maps.shape[1]
    centre = np.float32(cells) * np.float32(0.5)
    lamps = places.shape[0]
    for lamp in range(maps.shape[0]):
        frame = frames[lamp]
        maps[lamp, :, :] = np.float32(-1e9)
        for i in range(vertices.shape[0]):
            x, y, z = vertices[i, 0] - middle[0], vertices[i, 1] - middle[1], vertices[i, 2] - middle[2]
            a = int((x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2]) / cell + centre)
            b = int((x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2]) / cell + centre)
            if 0 <= a < cells and 0 <= b < cells:
                near = x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2]
                if near > maps[lamp, a, b]:
                    maps[lamp, a, b] = near
    one, zero, half = np.float32(1), np.float32(0), np.float32(0.5)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        p, q, r = normals[i, 0], normals[i, 1], normals[i, 2]
        free = open_sky[i]
        up = half + half * r
        blue = free * (sky[0] * up + ground[0] * (one - up))
        green = free * (sky[1] * up + ground[1] * (one - up))
        red = free * (sky[2] * up + ground[2] * (one - up))
        near_free = np.float32(0.4) + np.float32(0.6) * free
        for lamp in range(lamps):
            lx, ly, lz = places[lamp, 0] - x, places[lamp, 1] - y, places[lamp, 2] - z
            square = lx * lx + ly * ly + lz * lz
            inverse = one / math.sqrt(square)
            facing = (p * lx + q * ly + r * lz) * inverse
            facing = (facing + np.float32(0.12)) * np.float32(1 / 1.12)
            if facing <= zero:
                continue
            facing *= near_free * np.float32(2600.0) * inverse
            if lamp < maps.shape[0]:
                frame = frames[lamp]
                dx, dy, dz = x - middle[0] + 6 * p, y - middle[1] + 6 * q, z - middle[2] + 6 * r
                a = (dx * frame[0, 0] + dy * frame[0, 1] + dz * frame[0, 2]) / cell + centre - half
                b = (dx * frame[1, 0] + dy * frame[1, 1] + dz * frame[1, 2]) / cell + centre - half
                near = dx * frame[2, 0] + dy * frame[2, 1] + dz * frame[2, 2]
                m, n = int(a), int(b)
                if 0 <= m < cells - 1 and 0 <= n < cells - 1:
                    a -= np.float32(m)
                    b -= np.float32(n)
                    near += np.float32(20)
                    hidden = zero
                    for u in range(2):
                        for v in range(2):
                            behind = (maps[lamp, m + u, n + v] - near) * np.float32(1 / 28.0)
                            share = (a if u == 1 else one - a) * (b if v == 1 else one - b)
                            hidden += share * min(max(behind, zero), one)
                    facing *= one - np.float32(0.85) * hidden
            blue += facing * strengths[lamp, 0]
            green += facing * strengths[lamp, 1]
            red += facing * strengths[lamp, 2]
        # The textures are colours as displayed: light acts on its square root there.
        out[i, 0], out[i, 1], out[i, 2] = math.sqrt(blue), math.sqrt(green), math.sqrt(red)


class FloorShadow:
    """The body's shadows on the floor as a small map around it. Holds buffers: not for several threads at once."""

    def __init__(self, lights: Lights):
        self.lights = lights
        self._layers = np.empty((SHADOW_LAMPS + 1, len(_LAYERS), FLOOR_CELLS, FLOOR_CELLS), np.uint8)
        self._lamps = np.concatenate([lights.places_mm[:SHADOW_LAMPS], [[0, 0, 1e7]]]).astype(np.float32)
        near = np.append(np.ones(SHADOW_LAMPS), np.full(len(lights.strengths) - SHADOW_LAMPS, 0.3))
        total = 0.6 * lights.sky.mean() + np.sum(near * lights.strengths.mean(axis=1))
        self._depths = lights.strengths[:SHADOW_LAMPS].mean(axis=1) / total

    def cast(self, vertices_mm: ndarray) -> tuple[ndarray, ndarray]:
        """What reaches the floor, (cells, cells) uint8 along x and y, 255 for all; and the map's corner (2,) mm."""
        middle = vertices_mm.mean(axis=0)
        corner = (np.round(middle[:2] / FLOOR_CELL_MM) - FLOOR_CELLS // 2).astype(np.float32) * np.float32(
            FLOOR_CELL_MM
        )
        heights = np.array([height for height, _ in _LAYERS], np.float32)
        _splat(vertices_mm, self._lamps, heights, corner, np.float32(FLOOR_CELL_MM), self._layers)
        lit = np.ones((FLOOR_CELLS, FLOOR_CELLS), np.float32)
        for lamp in range(SHADOW_LAMPS):
            cover = _soft(self._layers[lamp, 0], _LAYERS[0][1])
            for layer in range(1, len(_LAYERS)):
                cv2.max(cover, _soft(self._layers[lamp, layer], _LAYERS[layer][1]), dst=cover)
            lit -= np.float32(self._depths[lamp] / 255) * cover
        for layer, (width, share) in enumerate(_CONTACT):
            lit *= 1 - np.float32(share / 255) * _soft(self._layers[SHADOW_LAMPS, layer], width)
        # The faintest outskirts are left out: nobody sees them, and they would make the pictures' boxes twice as large.
        dark = np.maximum(255 * (1 - np.sqrt(np.maximum(lit, 0.05))) - _FAINTEST, 0)
        return np.rint(255 - 1.1 * dark).astype(np.uint8), corner


def _soft(cover: ndarray, width: int) -> ndarray:
    """Blurs twice over `width` cells."""
    return cv2.blur(cv2.blur(cover, (width, width)), (width, width))


@compiled
def _splat(vertices, lamps, heights, corner, cell, layers):  # pragma: no cover - compiled
    layers[:] = np.uint8(0)
    cells = layers.shape[2]
    for lamp in range(lamps.shape[0]):
        for i in range(vertices.shape[0]):
            height = max(vertices[i, 2], np.float32(0))
            stretch = height / (lamps[lamp, 2] - height)
            x = vertices[i, 0] + (vertices[i, 0] - lamps[lamp, 0]) * stretch
            y = vertices[i, 1] + (vertices[i, 1] - lamps[lamp, 1]) * stretch
            a = math.floor((x - corner[0]) / cell - np.float32(0.5))
            b = math.floor((y - corner[1]) / cell - np.float32(0.5))
            layer = 0
            while height > heights[layer]:
                layer += 1
            reach = 1 + int(stretch > np.float32(0.35)) + int(stretch > np.float32(0.8))
            for u in range(a - reach + 1, a + reach + 1):
                for v in range(b - reach + 1, b + reach + 1):
                    if 0 <= u < cells and 0 <= v < cells:
                        layers[lamp, layer, u, v] = np.uint8(255)


@compiled
def look_up_floor(floor_mm, lit, corner, cell, out):  # pragma: no cover - compiled
    """Reads the floor's light (uint8 map) at floor places (h, w, 2) float32 into `out` (h, w) uint8; 255 beyond."""
    cells = lit.shape[0]
    for row in range(floor_mm.shape[0]):
        for column in range(floor_mm.shape[1]):
            a = (floor_mm[row, column, 0] - corner[0]) / cell - np.float32(0.5)
            b = (floor_mm[row, column, 1] - corner[1]) / cell - np.float32(0.5)
            if not (a >= 0 and b >= 0 and a < cells - 1 and b < cells - 1):
                out[row, column] = np.uint8(255)
                continue
            m, n = int(a), int(b)
            p, q = a - np.float32(m), b - np.float32(n)
            low = lit[m, n] * (np.float32(1) - q) + lit[m, n + 1] * q
            high = lit[m + 1, n] * (np.float32(1) - q) + lit[m + 1, n + 1] * q
            out[row, column] = np.uint8(low + p * (high - low) + np.float32(0.5))
