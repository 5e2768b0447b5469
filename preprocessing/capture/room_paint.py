"""What stands in a room and what is painted on its walls and floor, before any light falls on it."""

from typing import Any

import numpy as np
from numpy import ndarray

from preprocessing.capture.fabric import edge, noise, over

FACE_TEXEL_MM = 11.0

_WALLS = (
    (214, 208, 196),
    (206, 210, 212),
    (222, 216, 204),
    (200, 204, 192),
    (212, 200, 186),
    (226, 226, 222),
    (196, 206, 216),
)
_CARPETS = (
    (142, 52, 44),
    (128, 44, 46),
    (152, 66, 50),
    (112, 50, 50),
    (58, 74, 108),
    (84, 92, 88),
    (136, 58, 60),
    (150, 74, 56),
)
_FLOORS = ("planks", "concrete", "tiles", "linoleum")


def draw_palette(random: np.random.Generator) -> dict[str, Any]:
    """Colours (3,) RGB and kinds of surfaces of one room."""

    def near(colour: tuple[int, int, int], spread: float = 6) -> ndarray:
        return np.clip(np.array(colour, float) + random.normal(0, spread) + random.normal(0, 3, 3), 8, 245)

    wall = near(_WALLS[int(random.integers(len(_WALLS)))])
    red = random.random() < 0.72
    reds = [0, 1, 2, 3, 6, 7]
    carpet = _CARPETS[int(random.choice(reds))] if red else _CARPETS[int(random.choice([4, 5]))]
    return {
        "wall": wall,
        "low wall": wall * random.uniform(0.72, 0.95) if random.random() < 0.5 else None,
        "ceiling": near((222, 222, 218), 5),
        "skirting": wall * random.uniform(0.45, 0.75),
        "carpet": near(carpet),
        "mat": bool(random.random() < 0.4),
        "floor kind": str(random.choice(_FLOORS)),
        "wood": near(((168, 134, 98), (142, 108, 76), (186, 156, 120))[int(random.integers(3))]),
        "plain floor": near(((150, 146, 140), (128, 132, 134), (164, 156, 142))[int(random.integers(3))]),
        "door": near(((156, 116, 78), (196, 192, 184), (110, 124, 136), (128, 84, 60))[int(random.integers(4))]),
        "curtain": near(((70, 66, 72), (120, 112, 100), (58, 66, 88), (98, 60, 58))[int(random.integers(4))]),
        "metal": near((96, 98, 102)),
        "furniture": near(((176, 140, 100), (214, 212, 206), (120, 92, 66), (150, 154, 160))[int(random.integers(4))]),
    }


def draw_furniture(random: np.random.Generator, box: ndarray, palette: dict[str, Any]) -> tuple[ndarray, ndarray]:
    """Tables, cabinets, chairs and lamp stands along the walls: solids (s, 9) and their colours (s, 3) BGR."""
    solids: list[list[float]] = []
    colours: list[ndarray] = []

    def block(x: float, y: float, z: float, wide: float, deep: float, high: float, colour: ndarray) -> None:
        """A box standing at height z with its middle at (x, y)."""
        solids.append([x - wide / 2, y - deep / 2, z, x + wide / 2, y + deep / 2, z + high, 0, 0, 0])
        colours.append(np.clip(colour, 8, 245)[::-1])

    def rod(start: tuple[float, float, float], end: tuple[float, float, float], radius: float, colour: ndarray) -> None:
        solids.append([*start, *end, radius, 0, 1])
        colours.append(colour[::-1])

    metal, top = palette["metal"], palette["furniture"]
    for side in (-1, 1):
        wall = box[3] if side > 0 else box[0]
        places = random.permutation([-3300, -1900, 0, 1900, 3300])[: random.integers(2, 5)]
        for y in places + random.uniform(-250, 250, len(places)):
            kind = random.choice(["table", "cabinet", "chair", "lamp", "crate"])
            if kind == "table":
                x, wide, deep, high = wall - side * 430, 700, random.uniform(1000, 1500), random.uniform(700, 760)
                block(x, y, high - 34, wide, deep, 34, top)
                for across in (-1, 1):
                    for along in (-1, 1):
                        block(x + across * (wide / 2 - 40), y + along * (deep / 2 - 40), 0, 38, 38, high - 34, metal)
                if random.random() < 0.7:  # a screen and its foot
                    block(
                        x + side * 60, y + random.uniform(-200, 200), high + 90, 45, 520, 320, np.array([34.0, 35, 38])
                    )
                    block(x + side * 60, y, high, 160, 200, 92, np.array([40.0, 41, 44]))
            elif kind == "cabinet":
                high = random.uniform(800, 1900)
                block(wall - side * 250, y, 0, 460, random.uniform(600, 1100), high, top * random.uniform(0.7, 1.05))
                if high < 1200 and random.random() < 0.6:
                    block(wall - side * 250, y, high, 260, 300, random.uniform(120, 300), random.uniform(60, 200, 3))
            elif kind == "chair":
                x, cloth = wall - side * 560, random.uniform(40, 130) * np.array([1, 0.96, 0.94])
                block(x, y, 430, 440, 440, 50, cloth)
                block(x + side * 200, y, 480, 45, 420, 430, cloth)
                for across in (-1, 1):
                    for along in (-1, 1):
                        rod((x + across * 190, y + along * 190, 0), (x + across * 180, y + along * 180, 430), 13, metal)
            elif kind == "lamp":
                x = wall - side * 620
                rod((x, y, 420), (x, y, 2150), 15, metal * 0.6)
                for angle in (0.3, 2.4, 4.5):
                    rod((x + 380 * np.cos(angle), y + 380 * np.sin(angle), 10), (x, y, 640), 11, metal * 0.6)
                block(x - side * 60, y, 2050, 200, 420, 300, np.array([44.0, 44, 46]))
            else:
                size = random.uniform(350, 600)
                block(
                    wall - side * (size / 2 + 120),
                    y,
                    0,
                    size,
                    size * 1.2,
                    size * 0.8,
                    random.uniform(90, 190) * np.array([1.0, 0.86, 0.7]),
                )
    return np.array(solids, np.float32).reshape(-1, 9), np.array(colours, np.float32).reshape(-1, 3)


def paint_faces(random: np.random.Generator, box: ndarray, palette: dict[str, Any], lamps_mm: ndarray) -> list[ndarray]:
    """The colours (rows, columns, 3) RGB of floor, ceiling, low x, high x, low y and high y wall."""
    size = box[3:] - box[:3]
    faces = [_paint_floor(random, size, box, palette), _paint_ceiling(random, size, box, palette, lamps_mm)]
    for wide in (size[1], size[1], size[0], size[0]):
        faces.append(_paint_wall(random, float(wide), float(size[2]), palette))
    return faces


def _grid(wide: float, high: float) -> tuple[ndarray, ndarray]:
    across = (np.arange(round(wide / FACE_TEXEL_MM)) * FACE_TEXEL_MM).astype(np.float32)
    up = (np.arange(round(high / FACE_TEXEL_MM)) * FACE_TEXEL_MM).astype(np.float32)
    return across[None, :], up[:, None]


def _plain(colour: ndarray, shape: tuple[int, int], random: np.random.Generator, grain: float, wear: float) -> ndarray:
    """A painted or woven face (rows, columns, 3) float32 with fine grain and uneven wear."""
    fine = random.standard_normal((192, 256), dtype=np.float32)
    repeats = -(-shape[0] // 192), -(-shape[1] // 256)
    brightness = 1 + np.float32(grain) * np.tile(fine, repeats)[: shape[0], : shape[1]]
    brightness += np.float32(wear) * noise(shape, (40, 40), random)
    brightness += np.float32(0.6 * wear) * noise(shape, (11, 11), random)
    return np.asarray(colour, np.float32) * brightness[..., None]


def _paint_floor(random: np.random.Generator, size: ndarray, box: ndarray, palette: dict[str, Any]) -> ndarray:
    x, y = _grid(size[0], size[1])
    shape = y.shape[0], x.shape[1]
    kind = palette["floor kind"]
    if kind == "planks":
        row = np.floor(x / 150).astype(int)
        joint = (y + (row * 517) % 1300) % 1300
        tone = 1 + 0.07 * np.sin(row * 12.9 + np.floor((y + (row * 517) % 1300) / 1300) * 7.1)
        grainy = 0.05 * noise(shape, (30, 3), random)
        floor = np.asarray(palette["wood"], np.float32) * (tone + grainy)[..., None].astype(np.float32)
        floor *= (1 - 0.3 * ((x % 150 < 8) | (joint < 8)))[..., None].astype(np.float32)
    else:
        floor = _plain(palette["plain floor"], shape, random, 0.02, 0.025 if kind != "concrete" else 0.05)
        if kind == "tiles":
            floor *= (1 - 0.2 * ((x % 500 < 9) | (y % 500 < 9)))[..., None].astype(np.float32)
    # The capture area: a carpet, or mats laid side by side, with tape marks.
    cx, cy = x + np.float32(box[0]), y + np.float32(box[1])
    half_x, half_y, off_y = random.uniform(1950, 2350), random.uniform(2400, 3000), random.uniform(0, 250)
    inside = np.minimum(half_x - np.abs(cx), half_y - np.abs(cy - off_y))
    pile = _plain(palette["carpet"], shape, random, 0.035, 0.03)
    if palette["mat"]:
        pile *= (1 - 0.22 * (((cx + 5000) % 1000 < 10) | ((cy + 5000) % 1000 < 10)))[..., None].astype(np.float32)
    else:
        pile *= (1 - 0.05 * ((cx + 5000) % 1330 < 9))[..., None].astype(np.float32)
    rim = np.clip(inside / 60, 0, 1)
    pile *= (0.72 + 0.28 * (rim > 0.95))[..., None].astype(np.float32)
    floor *= (1 - 0.25 * _dark_rim(inside, 45))[..., None]
    floor = np.where((inside > 0)[..., None], pile, floor)
    if random.random() < 0.6:
        tape = np.abs(np.maximum(np.abs(cx) - half_x * 0.8, np.abs(cy - off_y) - half_y * 0.8)) < 22
        floor = over(floor, (216, 212, 202), 0.85 * tape)
    middle = np.ix_(np.abs(cy[:, 0]) < 150, np.abs(cx[0]) < 150)
    aside, along = np.abs(cx[:, middle[1][0]]), np.abs(cy[middle[0][:, 0]])
    cross = ((aside < 14) & (along < 120)) | ((along < 14) & (aside < 120))
    floor[middle] = over(floor[middle], (222, 218, 206), 0.8 * cross)
    return floor


def _dark_rim(inside: ndarray, reach_mm: float) -> ndarray:
    """A soft shadow just outside of an edge."""
    return np.exp(-np.clip(-inside, 0, None) / np.float32(reach_mm)) * (inside <= 0)


def _paint_ceiling(
    random: np.random.Generator, size: ndarray, box: ndarray, palette: dict[str, Any], lamps_mm: ndarray
) -> ndarray:
    x, y = _grid(size[0], size[1])
    shape = y.shape[0], x.shape[1]
    ceiling = _plain(palette["ceiling"], shape, random, 0.006, 0.01)
    if random.random() < 0.6:
        ceiling *= (1 - 0.16 * ((x % 600 < 14) | (y % 600 < 14)))[..., None].astype(np.float32)
    else:
        ceiling = over(ceiling, palette["metal"] * 0.55, (np.abs((y % 1500) - 700) < 55) * np.ones(shape))
    for place in lamps_mm:
        columns, rows = np.abs(x[0] + box[0] - place[0]) < 400, np.abs(y[:, 0] + box[1] - place[1]) < 400
        around = np.ix_(rows, columns)
        aside = np.maximum(np.abs(x[:, columns] + box[0] - place[0]), np.abs(y[rows] + box[1] - place[1])) / 300
        part = over(ceiling[around], (120, 120, 120), edge(1.14 - aside, 0.05))
        ceiling[around] = over(part, (330, 328, 320), edge(1 - aside, 0.06))
    return ceiling


def _paint_wall(random: np.random.Generator, wide: float, high: float, palette: dict[str, Any]) -> ndarray:
    across, up = _grid(wide, high)
    shape = up.shape[0], across.shape[1]
    wall = _plain(palette["wall"], shape, random, 0.006, 0.007)
    if palette["low wall"] is not None:
        wall = over(wall, palette["low wall"], (up < 1050) * np.ones(shape))
        wall = over(wall, palette["skirting"], (np.abs(up - 1060) < 22) * np.ones(shape))
    wall = over(wall, palette["skirting"], (up < 100) * np.ones(shape))
    free = list(np.arange(700, wide - 700, 1500) + random.uniform(-200, 200))
    random.shuffle(free)
    painters = [_door, _poster, _poster, _curtain, _board, _window, _pipe]
    for place in free[: int(random.integers(2, 5 if wide < 8000 else 7))]:
        painter = painters[int(random.choice(len(painters), p=[0.2, 0.16, 0.16, 0.14, 0.14, 0.12, 0.08]))]
        columns = np.abs(across[0] - place) < 1200
        part = painter(wall[:, columns], across[:, columns] - np.float32(place), up, palette, random)
        wall[:, columns] = part
        if painter is _door:
            painters = [_poster if item is _door else item for item in painters]
    return wall


def _rectangle(x: ndarray, up: ndarray, left: float, right: float, low: float, top: float) -> ndarray:
    return np.minimum(np.minimum(x - left, right - x), np.minimum(up - low, top - up))


def _door(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    inside = _rectangle(x, up, -480, 480, -50, 2110)
    wall = over(wall, palette["door"] * 0.7, inside > 0)
    wall = over(wall, palette["door"], inside > 55)
    wall = over(wall, palette["door"] * 0.85, np.abs(_rectangle(x, up, -300, 300, 1150, 1900)) < 9)
    return over(wall, (190, 186, 172), _rectangle(x, up, 320, 400, 1010, 1040) > 0)


def _poster(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    half, low = random.uniform(220, 420), random.uniform(1150, 1350)
    top = low + random.uniform(500, 850)
    inside = _rectangle(x, up, -half, half, low, top)
    wall = over(wall, wall.mean(axis=(0, 1)) * 0.7, 0.5 * (_rectangle(x - 12, up + 14, -half, half, low, top) > 0))
    wall = over(wall, random.uniform(40, 235, 3) if random.random() < 0.4 else (236, 234, 228), inside > 0)
    first, second = random.uniform(40, 200, 3), random.uniform(60, 220, 3)
    blot = np.sin(x / random.uniform(70, 160) + random.uniform(0, 6)) + np.sin(up / random.uniform(70, 160) + x / 300)
    wall = over(wall, first, 0.85 * (inside > 45) * (blot > 0.1) * (up > (low + top) / 2 - 60))
    lines = (inside > 60) * (up < (low + top) / 2 - 90) * ((up % 42) < 16) * (x < half * random.uniform(0.2, 0.7))
    return over(wall, second * 0.5, 0.8 * lines)


def _curtain(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    half = random.uniform(600, 1100)
    inside = _rectangle(x, up, -half, half, 60, 2750) > 0
    fold = 0.72 + 0.3 * np.sin(x / 52 + 1.1 * np.sin(x / 190)) * np.ones_like(up)
    return np.where(inside[..., None], np.asarray(palette["curtain"], np.float32) * fold[..., None], wall)


def _board(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    inside = _rectangle(x, up, -700, 700, 950, 1950)
    wall = over(wall, (150, 152, 156), inside > 0)
    wall = over(wall, (236, 238, 238), inside > 32)
    wave = np.abs(up - 1550 - 90 * np.sin(x / 120) * np.cos(x / 330)) < 9
    return over(wall, (60, 80, 140), 0.8 * wave * (inside > 130))


def _window(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    inside = _rectangle(x, up, -620, 620, 950, 2350)
    wall = over(wall, (226, 226, 222), inside > 0)
    slats = 0.86 + 0.14 * np.sin(up / 9.5) * np.ones_like(x)
    pane = np.array([212, 218, 222]) * slats[..., None]
    pane = np.where((inside > 60)[..., None], pane, wall)
    return over(pane, (222, 222, 218), (np.abs(x) < 24) * (inside > 0))


def _pipe(wall: ndarray, x: ndarray, up: ndarray, palette: dict[str, Any], random: np.random.Generator) -> ndarray:
    shade = np.clip(1 - (x / 62) ** 2, 0, 1) * np.ones_like(up)
    tone = np.asarray(palette["wall"], np.float32) * (0.68 + 0.34 * np.sqrt(shade))[..., None]
    return np.where((np.abs(x) < 60)[..., None] * (up > 0)[..., None], tone, wall)
