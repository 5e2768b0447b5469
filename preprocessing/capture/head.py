"""Heads: skull, jaw, nose, ears and lips as one solid, hair and caps over it, and the face drawn on it."""

import numpy as np
from numpy import ndarray

from preprocessing.capture.clothing import Wardrobe
from preprocessing.capture.fabric import Painter, Part, arc_mm, bump, edge, noise, over, weave
from preprocessing.capture.figure import Figure, add_neck, add_shoulders, add_trunk
from preprocessing.capture.solids import DIFFERENCE, Shape
from preprocessing.capture.surface import clip, mesh_of, tuck
from preprocessing.capture.tops import outside_neckline, top_shape

HEAD_MM, HAIR_MM = 7.0, 9.0

# From the chin (0) to the crown (1): offset to the front, front, back and side radius, mm of a head 231 mm high.
_SKULL = [
    (0.00, 52, 14, 20, 12, 12),
    (0.04, 44, 32, 46, 30, 30),
    (0.12, 30, 54, 62, 46, 46),
    (0.24, 14, 74, 72, 57, 57),
    (0.36, 4, 85, 84, 64, 64),
    (0.50, 0, 89, 95, 71, 71),
    (0.62, -2, 93, 98, 75, 75),
    (0.74, -4, 90, 97, 76, 76),
    (0.85, -8, 78, 86, 68, 68),
    (0.93, -12, 58, 66, 52, 52),
    (0.98, -14, 32, 38, 29, 29),
    (1.00, -14, 15, 18, 14, 14),
]


class HeadFrame:
    """Where a head is: its middle line, and its size against a head of 231 mm."""

    def __init__(self, figure: Figure):
        self.size = float(figure.crown[2] - figure.head[2]) / 131
        self.width = self.size * (0.96 if figure.female else 1.0)
        self.middle = figure.head + self.size * np.array([-32.0, 0, 0])
        self.figure = figure

    def at(self, ahead: float, left: float, up: float) -> ndarray:
        """A place in mm from the head's middle line at the height of the nose."""
        return self.middle + np.array([self.size * ahead, self.width * left, self.size * up])


def head_parts(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """The head with the neck, the hair or a cap, and glasses."""
    frame = HeadFrame(figure)
    shape = _head_shape(figure, frame)
    reach = 105 * figure.scale
    low = figure.neck[2] - 90 * figure.scale
    mesh = mesh_of(shape, figure.coarse * HEAD_MM, low=[-1e4, -reach, low], high=[1e4, reach, 1e4])
    below_neckline = 24 * figure.scale - outside_neckline(figure, mesh.vertices_mm, 16.0)
    inside = np.maximum(below_neckline, mesh.vertices_mm[:, 2] - figure.neck[2] - 34 * figure.scale)
    pivot = (float(frame.middle[0]), 0.0)
    mesh = clip(mesh, inside)
    depth = 7 * np.clip((outside_neckline(figure, mesh.vertices_mm, 16.0) + 16) / 20, 0, 1)
    depth = np.where(mesh.vertices_mm[:, 2] < figure.neck[2] + 20 * figure.scale, depth, 0)
    mesh = tuck(mesh, top_shape(figure, wardrobe), depth)
    face = Part(mesh, "head", paint_face(frame, wardrobe), "round", 1.6, pivot)
    return [face, *_hair_parts(figure, frame, wardrobe, pivot)]


def _neck_shape(figure: Figure) -> Shape:
    """The neck and the top of the chest, for the head to grow from."""
    shares = np.linspace(0.7, 1.0, 8)
    shape = add_trunk(Shape(), figure, shares, figure.trunk_table(shares))
    return add_neck(add_shoulders(shape, figure), figure)


def _head_shape(figure: Figure, frame: HeadFrame) -> Shape:
    female = figure.female
    table = np.array(_SKULL, float)
    stations = np.stack([table[:, 0], table[:, 1], 0 * table[:, 0], *table[:, 2:].T], axis=1)
    stations[:, 1:5] *= frame.size
    stations[:, 5:] *= frame.width
    if female:
        stations[:4, 5:] *= 0.93
    shape = _neck_shape(figure)
    shape.loft(frame.at(0, 0, -100), frame.at(0, 0, 131), [1, 0, 0], stations, square=0.12, blend=16)
    k = frame.size
    shape.ellipsoid(frame.at(66, 0, -88), k * np.array([17, 19 if female else 23, 15]), blend=16)  # chin
    for sign in (1, -1):
        shape.ellipsoid(frame.at(56, sign * 42, -14), k * np.array([26, 22, 20]), blend=20)  # cheekbones
        shape.ellipsoid(frame.at(96, sign * 31, 17), k * np.array([15, 17, 11]), blend=13, operation=DIFFERENCE)
        shape.ellipsoid(frame.at(76, sign * 31, 15), k * np.array([13, 14, 10]), blend=5)  # eyeballs
        shape.cone(frame.at(88, sign * 17, 31), frame.at(76, sign * 46, 31), 6 * k, 5 * k, blend=12)  # brows
        ear = np.array([[0.96, sign * 0.28, 0], [sign * -0.28, 0.96, 0], [0, 0, 1]])
        shape.ellipsoid(frame.at(-8, sign * 78, 4), k * np.array([17, 6, 31]), ear, blend=5)
        shape.ellipsoid(frame.at(-5, sign * 84, 3), k * np.array([8, 5, 15]), ear, blend=5, operation=DIFFERENCE)
        shape.ellipsoid(frame.at(92, sign * 10.5, -21), k * np.array([9, 7, 6.5]), blend=5)  # wings of the nose
    shape.cone(frame.at(87, 0, 22), frame.at(104, 0, -13), 6.5 * k, 10 * k, blend=9)
    shape.ellipsoid(frame.at(106, 0, -16), k * np.array([9, 9.5, 8]), blend=6)
    shape.ellipsoid(frame.at(84, 0, -49), k * np.array([9.5, 23, 5]), blend=6)  # lips
    return shape.ellipsoid(frame.at(82, 0, -59), k * np.array([10, 20, 6]), blend=5)


def paint_face(frame: HeadFrame, wardrobe: Wardrobe) -> Painter:
    """Skin, eyes, brows, lips, nostrils, ears' shade, beard and glasses, on an unrolled head."""

    def paint(arc: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 6])
        skin = np.asarray(wardrobe.skin_colour, float)
        # Sizes across: the face is about as far from the axis as the unrolled tile's radius.
        x, y = np.abs(arc) / frame.width, (upward - frame.middle[2]) / frame.size
        picture = weave(skin, arc.shape, random, grain=0.008, wear=0.02)
        ruddy = skin * np.array([1.0, 0.80, 0.78])
        shade = skin * np.array([0.72, 0.64, 0.62])
        picture = over(picture, ruddy, 0.5 * bump(x, 38, 22) * bump(y, -22, 20))
        picture = over(picture, ruddy, 0.45 * bump(x, 0, 13) * bump(y, -18, 12))
        picture = over(picture, shade, 0.45 * bump(x, 31, 17) * bump(y, 17, 10))
        picture = over(picture, shade, 0.35 * bump(x, 0, 22) * bump(y, -66, 4))
        picture = over(picture, shade, 0.5 * bump(x, arc_mm(92), 8) * bump(y, 3, 16))
        picture = _beard(picture, x, y, wardrobe, random)
        picture = _eyes(picture, x, y, arc, wardrobe)
        lips = skin * np.array([0.84, 0.58, 0.58]) if frame.figure.female else skin * np.array([0.86, 0.66, 0.64])
        width = 24 - 0.012 * x**2
        picture = over(
            picture, lips, 0.9 * edge(8.5 * np.clip(1 - (x / width) ** 2, 0, 1) - np.abs(y + 53.5), 3) * (x < width)
        )
        picture = over(picture, lips * 0.45, 0.8 * edge(1.4 - np.abs(y + 53.5 - 0.002 * x**2), 1.6) * edge(25 - x, 4))
        picture = over(picture, shade * 0.55, 0.75 * bump(x, 8.5, 4.2) * bump(y, -26, 3.0))
        if wardrobe.hair == "bald":
            return picture
        roots = edge(y - _hairline(wardrobe, np.abs(arc) / arc_mm(1.0)), 7)
        strands = (1 + 0.2 * noise(arc.shape, (6, 1.6), random))[..., None]
        hair = 0.86 * np.asarray(wardrobe.hair_colour) * strands
        return over(picture, hair, (0.8 if wardrobe.hair == "buzz" else 1.0) * roots)

    return paint


def _eyes(picture: ndarray, x: ndarray, y: ndarray, arc: ndarray, wardrobe: Wardrobe) -> ndarray:
    skin, hair = np.asarray(wardrobe.skin_colour), np.asarray(wardrobe.hair_colour)
    opening = 6.4 * np.clip(1 - ((x - 31) / 16.5) ** 2, 0, 1)
    inside = edge(opening - np.abs(y - 14), 2.0) * (np.abs(x - 31) < 17)
    picture = over(picture, (232, 226, 220), inside)
    iris = np.hypot(x - 31, y - 14.5)
    picture = over(picture, wardrobe.eye_colour, inside * edge(6.6 - iris, 2))
    picture = over(picture, (18, 14, 14), inside * edge(3.0 - iris, 1.6))
    lid = np.abs(y - 14 - opening)
    picture = over(picture, skin * 0.28, 0.9 * edge(1.9 - lid, 2) * (np.abs(x - 31) < 18) * (y > 12))
    picture = over(
        picture, skin * 0.6, 0.5 * edge(1.2 - np.abs(y - 14 + opening), 2) * (np.abs(x - 31) < 16) * (y < 14)
    )
    arch = 32 + 3.5 - 0.012 * (x - 36) ** 2
    thick = (
        2.6 if wardrobe.beard == "none" and wardrobe.hair in ("bob", "long", "bun", "ponytail") else 4.0
    ) * np.clip(1.25 - np.abs(x - 33) / 26, 0.3, 1)
    picture = over(
        picture, 0.75 * hair + 0.1 * skin, 0.85 * edge(thick - np.abs(y - arch), 2.5) * edge(20 - np.abs(x - 33), 4)
    )
    if not wardrobe.glasses:
        return picture
    frame = np.maximum(np.abs(x - 33) - 24, np.abs(y - 13) - 17)
    rim = edge(2.2 - np.abs(frame), 1.5) + edge(2.2 - np.abs(y - 20), 1.5) * ((x < 10) | ((x > 56) & (x < 128)))
    return over(picture, (34, 30, 30), 0.95 * rim)


def _beard(picture: ndarray, x: ndarray, y: ndarray, wardrobe: Wardrobe, random: np.random.Generator) -> ndarray:
    shaved = (
        edge(-18 - 0.25 * np.maximum(60 - x, 0) + 0.45 * np.maximum(x - 60, 0) - y, 14)
        * edge(y + 128, 16)
        * edge(118 - x, 16)
    )
    moustache = edge(9 - np.abs(y + 38 + 0.08 * x), 4) * edge(30 - x, 6)
    jaw = (
        edge(-36 - y - 0.0009 * (x - 20) ** 2 * (x < 20) + 0.42 * np.maximum(x - 34, 0), 8)
        * edge(y + 118, 14)
        * edge(116 - x, 10)
    )
    cover = {"none": 0.0, "stubble": 0.3 * np.maximum(shaved, moustache), "full": 0.86 * np.maximum(jaw, moustache)}[
        wardrobe.beard
    ]
    if wardrobe.beard == "none":
        return picture
    hair = np.asarray(wardrobe.hair_colour)[None, None] * (1 + 0.22 * noise(x.shape, (3, 1.6), random))[..., None]
    cover = np.asarray(cover)[..., None]
    return picture * (1 - cover) + hair * cover


def _paint_hair(wardrobe: Wardrobe) -> Painter:
    """Strands that run down, lighter at the crown."""

    def paint(arc: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 7])
        strands = 0.6 * noise(arc.shape, (34, 2.2), random) + 0.4 * noise(arc.shape, (60, 6), random)
        sheen = 0.16 * bump(upward, upward.max() - 52, 22)
        return 0.86 * np.asarray(wardrobe.hair_colour, float) * (1 + 0.2 * strands + sheen)[..., None]

    return paint


def _hairline(wardrobe: Wardrobe, angle_deg: ndarray) -> ndarray:
    """Height in mm (of a head of 231 mm, from the nose) above which hair grows, by the angle from straight ahead."""
    if wardrobe.hair in ("bob", "long"):
        bottom = -62.0 if wardrobe.hair == "bob" else -150.0
        return np.interp(angle_deg, [0, 18, 40, 56, 72, 180], [88, 78, 58, 30, bottom, bottom])
    if wardrobe.hair in ("bun", "ponytail"):
        return np.interp(angle_deg, [0, 30, 52, 76, 100, 125, 180], [88, 78, 42, 12, 28, -24, -40])
    places = [0, 22, 40, 50, 60, 74, 82, 100, 112, 130, 150, 180]
    heights = [84, 82, 70, 46, 34, 8, 4, 34, 4, -22, -34, -36]
    return np.interp(angle_deg, places, heights) + 2.0 * np.sin(angle_deg * 0.3 + wardrobe.seed % 7)


def _hair_parts(figure: Figure, frame: HeadFrame, wardrobe: Wardrobe, pivot: tuple[float, float]) -> list[Part]:
    if wardrobe.hair in ("bald", "buzz"):
        return []
    k, thick = frame.size, wardrobe.hair_volume * frame.size
    if wardrobe.hair == "cap":
        thick = 6 * k
    table = np.array(_SKULL, float)
    stations = np.stack([table[:, 0], table[:, 1], 0 * table[:, 0], *table[:, 2:].T], axis=1)
    stations[:, 1:5] *= frame.size
    stations[:, 5:] *= frame.width
    full = [0.2, 0.3, 0.75, 1.0] if wardrobe.hair not in ("bob", "long") else [0.9, 1.0, 1.0, 1.0]
    stations[:, 3:] += thick * np.interp(stations[:, 0], [0.2, 0.5, 0.68, 0.85], full)[:, None]
    if wardrobe.hair in ("bob", "long"):  # falls straight from the widest place
        stations[:6, 3:] = np.maximum(stations[:6, 3:], stations[6, 3:] * np.array([0.7, 0.9, 0.95, 0.95]))
    shape = Shape().loft(frame.at(0, 0, -100), frame.at(0, 0, 131 + 0.75 * thick / k), [1, 0, 0], stations, square=0.1)
    if wardrobe.hair in ("bob", "long"):
        shape.ellipsoid(frame.at(-34, 0, -8), k * np.array([70, 79, 84]), blend=20)
    if wardrobe.hair == "long":
        shape.cone(frame.at(-62, 30, -20), frame.at(-76, 34, -128), 38 * k, 24 * k, blend=30)
        shape.cone(frame.at(-62, -30, -20), frame.at(-76, -34, -128), 38 * k, 24 * k, blend=30)
    shape.ripple(1.6, (40, 40, 90), wardrobe.seed + 8)
    mesh = mesh_of(shape, figure.coarse * HAIR_MM, low=frame.at(-200, -200, -165), high=frame.at(200, 200, 190))
    x, y, z = (mesh.vertices_mm - frame.middle).T
    field = z - k * _hairline(wardrobe, np.degrees(np.abs(np.arctan2(y / frame.width, x / frame.size))))
    if wardrobe.hair == "cap":
        field = np.minimum(field, k * 62 - z)
    if wardrobe.hair in ("bob", "long"):
        field = np.where(
            (mesh.vertices_mm[:, 0] > frame.middle[0] + 62 * k) & (mesh.vertices_mm[:, 2] < frame.middle[2] + 20 * k),
            -10,
            field,
        )
    parts = [Part(clip(mesh, field), "head", _paint_hair(wardrobe), "round", 2.0, pivot, lining_mm=500.0)]
    if wardrobe.hair == "bun":
        knot = (
            Shape()
            .ellipsoid(frame.at(-112, 0, 52), k * np.array([34, 38, 34]))
            .ripple(1.8, (24, 24, 30), wardrobe.seed)
        )
        parts.append(Part(mesh_of(knot, figure.coarse * HEAD_MM), "head", _paint_hair(wardrobe), "round", 2.0, pivot))
    if wardrobe.hair == "ponytail":
        tail = Shape().cone(frame.at(-108, 0, 44), frame.at(-132, 0, 20), 17 * k, 26 * k)
        tail.cone(frame.at(-132, 0, 20), frame.at(-126, 0, -70), 27 * k, 24 * k, blend=14)
        tail.cone(frame.at(-126, 0, -70), frame.at(-112, 0, -128), 24 * k, 9 * k, blend=14).ripple(
            2, (26, 26, 80), wardrobe.seed
        )
        parts.append(Part(mesh_of(tail, figure.coarse * HEAD_MM), "head", _paint_hair(wardrobe), "round", 2.0, pivot))
    if wardrobe.hair == "cap":
        parts.append(_cap(frame, wardrobe, pivot))
    return parts


def _cap(frame: HeadFrame, wardrobe: Wardrobe, pivot: tuple[float, float]) -> Part:
    """A baseball cap with its peak."""
    k = frame.size
    dome = Shape().ellipsoid(frame.at(-4, 0, 62), k * np.array([111, 92, 86]))
    dome.keep_below(frame.at(0, 0, 52), [0.12, 0, -1], blend=3)
    dome.ellipsoid(
        frame.at(92, 0, 50),
        k * np.array([88, 70, 9]),
        np.array([[0.97, 0, -0.22], [0, 1, 0], [0.22, 0, 0.97]]),
        blend=4,
    )
    dome.ellipsoid(frame.at(0, 0, 146), k * np.array([7, 7, 5]), blend=3)

    def paint(arc: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 9])
        picture = weave(wardrobe.second_colour, arc.shape, random)
        seam = np.abs((arc / arc_mm(60) + 0.5) % 1.0 - 0.5)
        picture = over(picture, np.asarray(wardrobe.second_colour) * 0.6, 0.5 * edge(0.03 - seam, 0.03))
        badge = np.hypot(arc, upward - frame.middle[2] - 92 * k)
        return over(picture, wardrobe.top_colour, edge(19 * k - badge, 3))

    return Part(mesh_of(dome, frame.figure.coarse * HEAD_MM), "head", paint, "round", 2.0, pivot)
