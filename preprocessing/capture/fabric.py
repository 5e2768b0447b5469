"""Pictures painted on surfaces: cloth with its weave, folds and patterns, as tiles that the rasteriser looks up.

A `Part` is a piece of surface with one way of laying a picture on it. "sheet" projects front and back separately along
x, like a pattern cut in two (coordinates y and z); "round" wraps round a vertical line (arc length and z); "foot" looks
at the top and at the outside (x and y, x and z). Coordinates are mm of the rest pose.
"""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
from numpy import ndarray

from preprocessing.capture.surface import Mesh

TEXEL_MM = 3.0

_UNSEEN = 1 / 512
"""Cover that would not change a byte of the picture."""

Painter = Callable[[ndarray, ndarray, int], ndarray]
"""(first coordinate (h, w), second coordinate (h, w), which tile: 0 front or top, 1 back or side) -> (h, w, 3) RGB."""


@dataclasses.dataclass(eq=False)
class Part:
    """A piece of a dressed body.

    Attributes:
        mesh: in the rest pose.
        region: of `skinning.REGIONS`.
        paint: fills the part's tiles.
        projection: "sheet", "round" or "foot".
        texel_mm: how fine the tiles are.
        pivot_mm: (x, y) of the line round which "round" wraps.
        lining_mm: how far from its cut edges the dark inside of an open shell may be seen; 0 for a closed surface.
    """

    mesh: Mesh
    region: str
    paint: Painter
    projection: str = "sheet"
    texel_mm: float = TEXEL_MM
    pivot_mm: tuple[float, float] = (0.0, 0.0)
    lining_mm: float = 0.0


def noise(shape: tuple[int, int], cell: tuple[float, float], random: np.random.Generator) -> ndarray:
    """Smooth noise (h, w) of unit variance whose blots measure about `cell` (rows, columns) pixels."""
    rows, columns = (max(3, round(size / step) + 3) for size, step in zip(shape, cell, strict=True))
    coarse = random.standard_normal((rows, columns)).astype(np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return fine / max(float(fine.std()), 1e-6)


def weave(colour, shape: tuple[int, int], random: np.random.Generator, *, grain=0.02, wear=0.03) -> ndarray:
    """Plain cloth (h, w, 3): a colour with fine grain and broad uneven wear."""
    brightness = 1 + grain * random.standard_normal(shape) + wear * noise(shape, (26, 26), random)
    return np.asarray(colour, np.float32) * brightness[..., None].astype(np.float32)


def crease(height_mm: ndarray, texel_mm: float, strength: float = 1.0) -> ndarray:
    """Brightness (h, w) of cloth with the given relief, lit from above and a little from the side."""
    # Rows run upwards: a slope that faces up grows lower with the height.
    down = np.gradient(height_mm, texel_mm, axis=0)
    side = np.gradient(height_mm, texel_mm, axis=1)
    return np.clip(1 - strength * (0.7 * down + 0.25 * side), 0.68, 1.25).astype(np.float32)


def folds(
    shape: tuple[int, int],
    texel_mm: float,
    random: np.random.Generator,
    *,
    tilt_deg=0.0,
    length_mm=140.0,
    width_mm=26.0,
) -> ndarray:
    """Relief (h, w) in mm of ridges of about the given length and width, running along the columns turned by `tilt`."""
    side = int(1.5 * max(shape)) + 8
    ridges = noise((side, side), (length_mm / texel_mm, width_mm / texel_mm), random)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), tilt_deg, 1.0)
    turn[:, 2] -= (side - shape[1]) // 2, (side - shape[0]) // 2
    turned = cv2.warpAffine(ridges, turn, (shape[1], shape[0]), borderMode=cv2.BORDER_REFLECT)
    return np.copysign(cv2.pow(np.abs(turned), 1.3), turned)


def bump(value: ndarray, centre: float, width: float) -> ndarray:
    """A smooth hill of height one, float32."""
    away = np.asarray(value, np.float32) - np.float32(centre)
    return np.exp(away * away * np.float32(-1 / width**2))


def over(below: ndarray, colour, cover: ndarray) -> ndarray:
    """Lays a colour over a picture where `cover` (h, w) says so, 0 to 1: (h, w, 3) float32."""
    share, colour = np.clip(np.asarray(cover, np.float32), 0, 1), np.asarray(colour, np.float32)
    picture = np.array(below, np.float32)
    seen = share > _UNSEEN
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if len(rows):  # a seam or a button covers little of a tile
        around = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part = picture[around]
        part += (np.broadcast_to(colour, picture.shape)[around] - part) * share[around][..., None]
    return picture


def edge(value: ndarray, softness: float) -> ndarray:
    """1 where value is well above zero, 0 well below, a ramp of the given width between."""
    return np.clip(np.asarray(value, np.float32) / np.float32(softness) + np.float32(0.5), 0, 1)


def lay_tiles(part: Part, coarse: float = 1.0) -> tuple[ndarray, ndarray, ndarray, list[ndarray]]:
    """Spreads a part's surface on tiles, of texels `coarse` times as large as the part's own, and paints them.

    Returns:
        corner vertices (n,) as indices into the part's vertices (a vertex may occur once per tile), triangles (m, 3)
        into these, texel coordinates and tile number (n, 3), and the tiles, each (h, w, 3) float RGB.
    """
    mesh, texel_mm = part.mesh, coarse * part.texel_mm
    middle = mesh.normals[mesh.triangles].mean(axis=1)
    which = np.zeros(len(mesh.triangles), np.int64)
    if part.projection == "sheet":
        which = (middle[:, 0] < 0).astype(np.int64)
    elif part.projection == "foot":
        which = (np.abs(middle[:, 1]) > np.abs(middle[:, 2])).astype(np.int64)
    corners = mesh.triangles.reshape(-1)
    place = _coordinates(part, corners, np.repeat(which, 3))
    keys = corners * 2 + np.repeat(which, 3)
    if part.projection == "round":  # triangles across the seam at the back: move their left corners once round
        arcs = place[:, 0].reshape(-1, 3)
        turn = 2 * np.pi * _RADIUS_MM
        wrapped = (arcs < 0) & (np.ptp(arcs, axis=1, keepdims=True) > turn / 2)
        place[:, 0] += turn * wrapped.reshape(-1)
        keys = keys * 2 + wrapped.reshape(-1)
    _, first, renumbered = np.unique(keys, return_index=True, return_inverse=True)
    texels = np.zeros((len(first), 3), np.float32)
    tiles: list[ndarray] = []
    for tile in np.unique(which):
        mine = np.repeat(which, 3)[first] == tile
        low, high = place[first][mine].min(axis=0) - texel_mm, place[first][mine].max(axis=0) + texel_mm
        size = np.ceil((high - low) / texel_mm).astype(int) + 1
        across = low[0] + texel_mm * np.arange(size[0])
        upward = low[1] + texel_mm * np.arange(size[1])
        grid = np.meshgrid(across.astype(np.float32), upward.astype(np.float32))
        texels[mine, :2] = (place[first][mine] - low) / texel_mm
        texels[mine, 2] = len(tiles)
        tiles.append(part.paint(grid[0], grid[1], int(tile)))
    return corners[first], renumbered.reshape(-1, 3), texels, tiles


_RADIUS_MM = 85.0


def _coordinates(part: Part, corners: ndarray, which: ndarray) -> ndarray:
    x, y, z = part.mesh.vertices_mm[corners].astype(np.float64).T
    if part.projection == "sheet":
        return np.stack([y, z], axis=1)
    if part.projection == "round":
        return np.stack([_RADIUS_MM * np.arctan2(y - part.pivot_mm[1], x - part.pivot_mm[0]), z], axis=1)
    return np.stack([x, np.where(which == 1, z, y)], axis=1)


def arc_mm(degrees: float) -> float:
    """Arc length on a "round" tile of an angle from straight ahead, positive to the left."""
    return float(np.radians(degrees) * _RADIUS_MM)
