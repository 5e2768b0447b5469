"""Smooth solid shapes as signed distances.

A `Shape` is a list of primitives (round cones, ellipsoids, lofts, half-spaces, ripples), joined one after the other by
smooth union, difference or intersection, and evaluated by one compiled kernel: mm to the surface, negative inside.
"""

import functools
import math

import numpy as np
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from preprocessing.capture.compiled import compiled

CONE, ELLIPSOID, LOFT, HALF_SPACE, RIPPLE = range(5)
UNION, DIFFERENCE, INTERSECTION = range(3)
STATIONS = 32
"""Cross-sections of a loft, evenly spaced along its axis."""
_ROW = 25
"""Numbers per primitive: kind, operation, blend, 4 of a bounding sphere, 18 of its own."""
FAR_MM = 1.0e4


class Shape:
    """Primitives joined in the order in which they were added; every method returns the shape itself.

    `blend` is the width in mm over which a primitive melts into what is there already.
    """

    def __init__(self) -> None:
        self._rows: list[ndarray] = []
        self._tables: list[ndarray] = []

    def cone(self, start, end, start_radius: float, end_radius: float, *, blend=10.0, operation=UNION) -> "Shape":
        """A round cone: a sphere swept from start to end, its radius growing or shrinking on the way."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        reach = float(np.linalg.norm(end - start)) / 2 + max(start_radius, end_radius)
        return self._add(CONE, operation, blend, (start + end) / 2, reach, [*start, *end, start_radius, end_radius])

    def ellipsoid(self, centre, radii, axes=None, *, blend=10.0, operation=UNION) -> "Shape":
        """An ellipsoid; the rows of `axes` (3, 3) are the directions of its radii, the world's own if left out."""
        axes = np.eye(3) if axes is None else np.asarray(axes, float)
        return self._add(ELLIPSOID, operation, blend, centre, max(radii), [*centre, *radii, *axes.ravel()])

    def loft(self, start, end, forward, stations, *, square=0.0, blend=10.0, operation=UNION) -> "Shape":
        """A tube of changing cross-section around the line from start to end.

        Args:
            start: (3,) mm.
            end: (3,) mm.
            forward: (3,), the direction that the cross-section calls front.
            stations: rows of (place along the axis from 0 to 1, offset to the front, offset to the left,
                front radius, back radius, left radius, right radius), mm. Smoothly interpolated.
            square: 0 for an ellipse, towards 1 for a rounded rectangle.
        """
        start, end, stations = np.asarray(start, float), np.asarray(end, float), np.asarray(stations, float)
        length = float(np.linalg.norm(end - start))
        along = (end - start) / length
        front = np.asarray(forward, float) - along * np.dot(forward, along)
        front /= np.linalg.norm(front)
        left = np.cross(along, front)
        left *= 1.0 if left[1] >= 0 else -1.0
        table = _cross_sections(stations.tobytes(), stations.shape[1])
        reach = length / 2 + np.abs(table[:, :2]).max() + table[:, 2:].max()
        self._tables.append(table)
        numbers = [*start, *front, *left, *along, length, len(self._tables) - 1, square]
        return self._add(LOFT, operation, blend, (start + end) / 2, reach, numbers)

    def keep_below(self, point, normal, *, blend=4.0) -> "Shape":
        """Cuts away everything on the side of the plane to which `normal` points."""
        normal = np.asarray(normal, float) / np.linalg.norm(normal)
        return self._add(HALF_SPACE, INTERSECTION, blend, point, FAR_MM, [*point, *normal])

    def ripple(self, height: float, wavelengths, seed: int) -> "Shape":
        """Displaces what is there by irregular waves: `height` mm, mean wavelength (3,) mm along x, y and z."""
        random = np.random.default_rng(seed)
        frequencies = 2 * np.pi / np.asarray(wavelengths, float)
        waves = random.normal(0, 0.7, (3, 3)) + np.sign(random.normal(size=(3, 3)))
        numbers = [height, *(waves * frequencies).ravel(), *random.uniform(0, 2 * np.pi, 3)]
        return self._add(RIPPLE, UNION, 0.0, np.zeros(3), FAR_MM, numbers)

    def _add(self, kind: int, operation: int, blend: float, centre, reach: float, numbers) -> "Shape":
        row = np.zeros(_ROW, np.float32)
        row[:7] = [kind, operation, blend, *centre, reach]
        row[7 : 7 + len(numbers)] = numbers
        self._rows.append(row)
        return self

    def distance(self, points_mm: ndarray) -> ndarray:
        """Signed distance (n,) in mm of points (n, 3): negative inside. Far away it is a lower bound."""
        points = np.ascontiguousarray(points_mm, np.float32)
        out = np.empty(len(points), np.float32)
        tables = np.array(self._tables, np.float32) if self._tables else np.zeros((1, STATIONS, 6), np.float32)
        _distance(points, np.array(self._rows, np.float32), tables.reshape(-1, STATIONS, 6), out)
        return out

    def gradient(self, points_mm: ndarray, step_mm: float = 1.5) -> ndarray:
        """Unit directions (n, 3) in which the distance grows fastest."""
        corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
        samples = points_mm[None] + step_mm * corners[:, None]
        distances = self.distance(samples.reshape(-1, 3)).reshape(4, -1)
        direction = np.einsum("kn,kd->nd", distances, corners)
        return direction / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)

    def bounds(self) -> tuple[ndarray, ndarray]:
        """A box (low, high) that holds all unions."""
        rows = [row for row in self._rows if row[1] == UNION and row[0] in (CONE, ELLIPSOID, LOFT)]
        low = np.min([row[3:6] - row[6] for row in rows], axis=0)
        high = np.max([row[3:6] + row[6] for row in rows], axis=0)
        return low, high


@functools.lru_cache(maxsize=128)
def _cross_sections(stations: bytes, numbers: int) -> ndarray:
    """A loft's rows at `STATIONS` even places. A body's parts are made of the same lofts again and again."""
    places, *columns = np.frombuffer(stations).reshape(-1, numbers).T
    table = PchipInterpolator(places, np.stack(columns, axis=1))(np.linspace(0, 1, STATIONS))
    table.flags.writeable = False
    return table


@compiled
def _loft(x, y, z, row, tables):  # pragma: no cover - compiled
    x, y, z = x - row[7], y - row[8], z - row[9]
    front = x * row[10] + y * row[11] + z * row[12]
    left = x * row[13] + y * row[14] + z * row[15]
    along = x * row[16] + y * row[17] + z * row[18]
    length, table = row[19], tables[int(row[20])]
    place = min(max(along / length, np.float32(0)), np.float32(0.99999)) * np.float32(table.shape[0] - 1)
    first = int(place)
    share = place - np.float32(first)
    a, b = table[first], table[first + 1]
    front -= a[0] + share * (b[0] - a[0])
    left -= a[1] + share * (b[1] - a[1])
    k = 2 if front > 0 else 3
    across = a[k] + share * (b[k] - a[k])
    k = 4 if left > 0 else 5
    beside = a[k] + share * (b[k] - a[k])
    p, q = front / across, left / beside
    p2, q2 = p * p, q * q
    round_ = math.sqrt(p2 + q2) + np.float32(1e-6)
    boxy = math.sqrt(math.sqrt(p2 * p2 + q2 * q2)) + np.float32(1e-6)
    level = round_ + row[21] * (boxy - round_)
    # The level set divided by the steepness of the ellipse: a distance near the surface, a bound farther away.
    steep = math.sqrt((p / across) ** 2 + (q / beside) ** 2) / round_ + np.float32(1e-6)
    lateral = max((level - np.float32(1)) / steep, -min(across, beside))
    beyond = max(-along, along - length)
    if beyond <= 0:
        return lateral
    outside = max(lateral, np.float32(0))
    return math.sqrt(outside * outside + beyond * beyond) + min(max(lateral, beyond), np.float32(0))


@compiled
def _primitive(x, y, z, row, tables):  # pragma: no cover - compiled
    kind = int(row[0])
    if kind == 2:
        return _loft(x, y, z, row, tables)
    if kind == 0:
        dx, dy, dz = row[10] - row[7], row[11] - row[8], row[12] - row[9]
        px, py, pz = x - row[7], y - row[8], z - row[9]
        t = (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz)
        t = min(max(t, np.float32(0)), np.float32(1))
        px, py, pz = px - t * dx, py - t * dy, pz - t * dz
        return math.sqrt(px * px + py * py + pz * pz) - (row[13] + t * (row[14] - row[13]))
    if kind == 1:
        px, py, pz = x - row[7], y - row[8], z - row[9]
        qx = (px * row[13] + py * row[14] + pz * row[15]) / row[10]
        qy = (px * row[16] + py * row[17] + pz * row[18]) / row[11]
        qz = (px * row[19] + py * row[20] + pz * row[21]) / row[12]
        level = math.sqrt(qx * qx + qy * qy + qz * qz)
        steep = math.sqrt((qx / row[10]) ** 2 + (qy / row[11]) ** 2 + (qz / row[12]) ** 2) + np.float32(1e-9)
        return max(level * (level - np.float32(1)) / steep, -min(row[10], min(row[11], row[12])))
    return (x - row[7]) * row[10] + (y - row[8]) * row[11] + (z - row[9]) * row[12]


@compiled
def _distance(points, rows, tables, out):  # pragma: no cover - compiled
    quarter = np.float32(0.25)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        d = np.float32(1.0e4)
        for j in range(rows.shape[0]):
            row = rows[j]
            operation, blend = int(row[1]), max(row[2], np.float32(1e-3))
            if row[0] == 4:
                wave = np.float32(0)
                for k in range(3):
                    m = 8 + 3 * k
                    wave += math.sin(x * row[m] + y * row[m + 1] + z * row[m + 2] + row[17 + k])
                d += row[7] * wave * np.float32(0.57)
                continue
            if row[0] != 3:  # too far away to matter?
                ax, ay, az = x - row[3], y - row[4], z - row[5]
                reach = row[6] + blend
                if operation == 0:
                    reach += max(d, np.float32(0))
                else:
                    reach += max(-d, np.float32(0))
                square = ax * ax + ay * ay + az * az
                if square > reach * reach and (operation == 1 or d < np.float32(0.9e4)):
                    continue
                if square > reach * reach * np.float32(4):
                    d = min(d, math.sqrt(square) - row[6])
                    continue
            e = _primitive(x, y, z, row, tables)
            if operation == 0:
                h = max(blend - abs(d - e), np.float32(0))
                d = min(d, e) - h * h * quarter / blend
            else:
                if operation == 1:
                    e = -e
                h = max(blend - abs(d - e), np.float32(0))
                d = max(d, e) + h * h * quarter / blend
        out[i] = d
