"""What is drawn on clothes and skin: patterns, seams, pockets, laces and the shading of fine folds."""

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import SIDES
from preprocessing.capture.clothing import Colour, Wardrobe
from preprocessing.capture.fabric import TEXEL_MM, Painter, bump, crease, edge, folds, noise, over, weave
from preprocessing.capture.figure import Figure
from preprocessing.capture.motion import SIDE_SIGN


def paint_plain(wardrobe: Wardrobe, colour: Colour) -> Painter:
    """One colour with a little life in it."""

    def paint(across: ndarray, upward: ndarray, tile: int) -> ndarray:
        return weave(colour, across.shape, np.random.default_rng([wardrobe.seed, 11, tile]))

    return paint


def paint_top(figure: Figure, wardrobe: Wardrobe) -> Painter:
    """The cloth of a top: pattern, edges, seams, buttons, and creases at waist, armpits and elbows."""

    def paint(across: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 1, tile])
        sleeve, down_arm = _on_sleeve(figure, across, upward)
        picture = weave(wardrobe.top_colour, across.shape, random)
        picture = _pattern(figure, wardrobe, picture, across, upward, sleeve, down_arm, tile)
        picture = _top_details(figure, wardrobe, picture, across, upward, tile)
        relief = _top_folds(figure, across, upward, sleeve, down_arm, random)
        strength = 0.8
        return picture * crease(relief, figure.coarse * TEXEL_MM, strength)[..., None]

    return paint


def _on_sleeve(figure: Figure, across: ndarray, upward: ndarray) -> tuple[ndarray, ndarray]:
    """How much a place belongs to a sleeve (0 to 1), and how far down the arm it lies from the shoulder joint, mm."""
    shoulder, wrist = figure.joint["left shoulder"], figure.joint["left wrist"]
    axis = (wrist - shoulder)[1:] / np.linalg.norm(wrist - shoulder)
    aside = np.abs(across) - shoulder[1]
    along = aside * axis[0] + (upward - shoulder[2]) * axis[1]
    off = -aside * axis[1] + (upward - shoulder[2]) * axis[0]  # outward and up from the arm's axis
    return edge(off + 56 * figure.scale, 30) * edge(along + 5, 60), along


def _pattern(
    figure: Figure, wardrobe: Wardrobe, picture: ndarray, across: ndarray, upward: ndarray, sleeve: ndarray,
    down_arm: ndarray, tile: int,
) -> ndarray:  # fmt: skip
    random = np.random.default_rng([wardrobe.seed, 2])
    second = np.asarray(wardrobe.second_colour)
    level = np.where(sleeve > 0.5, figure.joint["left shoulder"][2] + 20 - down_arm, upward)
    chest = figure.trunk_height(0.72)
    if wardrobe.pattern == "stripes":
        period = random.uniform(34, 90) * figure.scale
        band = random.uniform(0.3, 0.5) * period
        if wardrobe.top == "shirt":  # pinstripes run down
            period, band, level = 26.0, 5.0, np.where(sleeve > 0.5, across * 0.5 + upward * 0.87, across)
        return over(picture, second, edge(band / 2 - np.abs((level % period) - period / 2), 3.5))
    if wardrobe.pattern == "checks":
        period = random.uniform(42, 70)
        for coordinate in (level, np.where(sleeve > 0.5, 0.5 * upward + 0.87 * np.abs(across), across)):
            picture = over(picture, second, 0.55 * edge(period * 0.2 - np.abs((coordinate % period) - period / 2), 3.5))
        return picture
    if wardrobe.pattern == "blocks":
        kind = random.integers(4)
        if kind == 0:
            return over(picture, second, edge(upward - chest + 60, 3.5) * (1 - sleeve) + (sleeve > 0.5))
        if kind == 1:
            return over(picture, second, edge(55 * figure.scale - np.abs(level - chest), 3.5))
        if kind == 2:
            return over(picture, second, (sleeve > 0.5).astype(float))
        return over(picture, second, edge(chest - 150 * figure.scale - upward, 3.5) * (sleeve <= 0.5))
    if wardrobe.pattern == "print" and (tile == 0 or random.random() < 0.4):
        return _print(figure, picture, second, across, upward - chest, random)
    return picture


def _print(
    figure: Figure, picture: ndarray, colour: ndarray, across: ndarray, height: ndarray, random: np.random.Generator
) -> ndarray:
    """A motif on the chest: a disc, lines of letters, a mountain or a big number."""
    kind, size = random.integers(4), figure.scale * random.uniform(0.8, 1.15)
    x, y = across / size, height / size
    if kind == 0:
        radius = np.hypot(x, y)
        return over(picture, colour, edge(70 - radius, 4) - edge(52 - radius, 4) + edge(24 - radius, 4))
    if kind == 1:
        cover = np.zeros_like(x)
        for line, half in ((28, 88), (0, 66), (-28, 40)):
            blots = np.sin(x * 0.31 + line) + np.sin(x * 0.53 + 2 * line) > -0.5
            cover += edge(8 - np.abs(y - line), 3) * (np.abs(x) < half) * blots
        return over(picture, colour, cover)
    if kind == 2:
        peak = np.maximum(50 - np.abs(x + 18) * 1.1, 36 - np.abs(x - 40) * 1.0) - 28
        return over(picture, colour, edge(peak - y, 4) * edge(y + 58, 4) * edge(95 - np.abs(x), 4))
    one = edge(12 - np.abs(x + 34), 3) * edge(66 - np.abs(y), 3)
    ring = edge(66 - np.hypot((x - 26) * 1.9, y), 4) - edge(40 - np.hypot((x - 26) * 2.3, y), 4)
    return over(picture, colour, one + ring)


def _top_details(
    figure: Figure, wardrobe: Wardrobe, picture: ndarray, across: ndarray, upward: ndarray, tile: int
) -> ndarray:
    """Hem stitching, collar rib, button bands, zips and pockets."""
    scale = figure.scale
    hem = figure.pelvis[2] - wardrobe.hem * scale
    dark = np.asarray(wardrobe.top_colour) * 0.6
    ribbed = wardrobe.top in ("hoodie", "jacket", "long sleeves")
    height = (55 if wardrobe.top in ("hoodie", "jacket") else 20) * scale
    picture = over(picture, dark, 0.45 * bump(upward, hem + height, 3.0) * (np.abs(across) < 240 * scale))
    if ribbed and wardrobe.top != "long sleeves":
        rib = (upward < hem + height) & (np.abs(across) < 240 * scale)
        picture = picture * (1 - 0.1 * rib * (np.sin(across * 0.75) > 0))[..., None]
    if tile == 0 and wardrobe.top in ("shirt", "polo"):
        bottom = figure.trunk_height(0.7) if wardrobe.top == "polo" else -1e3
        on_band = (upward > bottom) * (upward < figure.neck[2])
        picture = over(picture, dark, 0.35 * bump(np.abs(across), 15 * scale, 2.5) * on_band)
        period = (78 if wardrobe.top == "shirt" else 48) * scale
        button = np.hypot(across, (upward - figure.neck[2] + 62 * scale) % period - period / 2)
        picture = over(picture, (225, 220, 210), 0.8 * edge(5.5 * scale - button, 3) * on_band)
    if tile == 0 and wardrobe.top == "shirt":
        x, y = across - 82 * scale, upward - figure.trunk_height(0.7)
        pocket = np.maximum(np.abs(x) - 46 * scale, np.abs(y) - 52 * scale)
        picture = over(picture, dark, 0.35 * bump(pocket, 0.0, 2.5))
    if tile == 0 and wardrobe.top == "hoodie":
        y = upward - hem - 70 * scale
        pouch = np.maximum(np.abs(across) - (150 - 0.35 * y) * scale, np.abs(y - 75 * scale) - 75 * scale)
        picture = over(picture, dark, 0.5 * bump(pouch, 0.0, 4.0))
        for sign in (1, -1):
            cord = np.abs(across - sign * 24 * scale - 0.06 * (figure.neck[2] - upward))
            on_cord = (upward < figure.neck[2] - 60 * scale) * (upward > figure.neck[2] - 190 * scale)
            picture = over(picture, (228, 226, 220), 0.8 * edge(3.2 - cord, 2.5) * on_cord)
    if tile == 0 and wardrobe.top == "jacket":
        gap = (
            np.abs(across)
            - 16 * scale
            - 30 * scale * np.clip((upward - figure.trunk_height(0.1)) / figure.trunk_mm, 0, 1) ** 1.5
        )
        picture = over(picture, dark * 0.6, 0.7 * edge(9 - gap, 3))
        x, y = np.abs(across) - 92 * scale, upward - figure.trunk_height(0.22)
        picture = over(picture, dark * 0.7, 0.6 * edge(3.5 - np.abs(x + 0.35 * y), 3) * (np.abs(y) < 62 * scale))
    return picture


def _top_folds(
    figure: Figure, across: ndarray, upward: ndarray, sleeve: ndarray, down_arm: ndarray, random: np.random.Generator
) -> ndarray:
    scale, shape = figure.scale, across.shape
    waist = bump(upward, figure.trunk_height(0.24), 115 * scale) * (1 - sleeve)
    slack = 2.6 * waist * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=82, length_mm=170, width_mm=34)
    relief = slack * (0.35 + 0.65 * np.clip(np.abs(across) / (150 * scale), 0, 1))
    shoulder = figure.joint["left shoulder"]
    for side in SIDES:
        aside = across * SIDE_SIGN[side]
        pit = np.exp(
            -(((aside - shoulder[1] * 0.93) / (75 * scale)) ** 2)
            - ((upward - shoulder[2] + 115 * scale) / (95 * scale)) ** 2
        )
        relief += (
            3.0
            * pit
            * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=-42 * SIDE_SIGN[side], length_mm=130, width_mm=26)
        )
        upper = np.linalg.norm(figure.joint["left elbow"] - shoulder)
        elbow = bump(down_arm, float(upper), 85 * scale) * sleeve * (aside > 0)
        relief += (
            3.4
            * elbow
            * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=60 * SIDE_SIGN[side], length_mm=90, width_mm=22)
        )
        cuff = bump(down_arm, float(upper) + 200 * scale, 75 * scale) * sleeve * (aside > 0)
        relief += (
            2.4
            * cuff
            * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=62 * SIDE_SIGN[side], length_mm=80, width_mm=18)
        )
    return relief + 0.6 * noise(shape, (24, 20), random)


def paint_bottom(figure: Figure, wardrobe: Wardrobe) -> Painter:
    """Jeans, trousers, joggers or shorts: wear, seams, pockets, creases at groin, knees and ankles."""

    def paint(across: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 3, tile])
        scale, shape = figure.scale, across.shape
        jeans = wardrobe.bottom == "jeans"
        picture = weave(wardrobe.bottom_colour, shape, random, grain=0.045 if jeans else 0.02, wear=0.04)
        knee, hip = figure.joint["left knee"], figure.pelvis[2]
        if jeans:
            faded = np.exp(-(((np.abs(across) - knee[1] * 0.9) / (48 * scale)) ** 2)) * bump(
                upward, (hip + knee[2]) / 2 - 30, 210 * scale
            )
            picture = over(
                picture,
                np.minimum(np.asarray(wardrobe.bottom_colour) * 1.5 + 22, 225),
                (0.42 if tile == 0 else 0.25) * faded,
            )
        dark = np.asarray(wardrobe.bottom_colour) * 0.55
        picture = over(picture, dark, 0.5 * edge(2.6 - np.abs(across), 3) * (upward > hip - 90 * scale))
        x = np.abs(across) - 118 * scale
        if tile == 0:
            line = np.abs(x + 0.55 * (upward - hip - 18 * scale))
            picture = over(picture, dark, 0.55 * edge(3.0 - line, 3) * (upward > hip - 58 * scale))
        elif jeans:
            pocket = np.maximum(
                np.abs(np.abs(across) - 84 * scale) - 56 * scale, np.abs(upward - hip - 6 * scale) - 66 * scale
            )
            picture = over(picture, dark, 0.55 * bump(pocket, 0.0, 3.0))
        relief = _leg_folds(figure, wardrobe, across, upward, tile, random)
        return picture * crease(relief, figure.coarse * TEXEL_MM, 1.0)[..., None]

    return paint


def _leg_folds(
    figure: Figure, wardrobe: Wardrobe, across: ndarray, upward: ndarray, tile: int, random: np.random.Generator
) -> ndarray:
    scale, shape = figure.scale, across.shape
    knee, ankle, hip = figure.joint["left knee"][2], figure.joint["left ankle"][2], figure.pelvis[2]
    loose = 0.7 + wardrobe.bottom_ease / 14
    relief = 1.0 * noise(shape, (30, 20), random)
    for side in SIDES:
        mine = across * SIDE_SIGN[side] > 0
        groin = bump(upward, hip - 75 * scale, 70 * scale) * mine
        relief += (
            3.2
            * loose
            * groin
            * folds(
                shape,
                figure.coarse * TEXEL_MM,
                random,
                tilt_deg=(-62 if tile == 0 else 74) * SIDE_SIGN[side],
                length_mm=150,
                width_mm=28,
            )
        )
        bent = bump(upward, knee + (30 if tile == 0 else 0) * scale, 85 * scale) * mine
        relief += (
            (2.2 if tile == 0 else 4.0)
            * loose
            * bent
            * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=80, length_mm=95, width_mm=24)
        )
        if wardrobe.bottom != "shorts":
            stacked = bump(upward, ankle + 35 * scale, 80 * scale) * mine
            relief += (
                2.6
                * loose
                * stacked
                * folds(shape, figure.coarse * TEXEL_MM, random, tilt_deg=84, length_mm=90, width_mm=24)
            )
    return relief


def paint_shoe(figure: Figure, wardrobe: Wardrobe) -> Painter:
    """The upper of a shoe: laces on top, a heel patch and a stripe at the sides."""

    def paint(across: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 4, tile])
        picture = weave(wardrobe.shoe_colour, across.shape, random, grain=0.02, wear=0.05)
        ankle, ball = figure.joint["left ankle"], figure.joint["left ball"]
        share = (across - ankle[0]) / (ball[0] - ankle[0])
        other = np.asarray(wardrobe.sole_colour)
        if tile == 0:
            aside = np.abs(np.abs(upward) - ankle[1] + 4)
            tongue = edge(15 * figure.scale - aside, 3) * edge(share - 0.28, 0.03) * edge(0.9 - share, 0.03)
            picture = over(picture, np.asarray(wardrobe.shoe_colour) * 0.72, tongue)
            lace = edge(2.6 - np.abs((across % (15 * figure.scale)) - 7), 2.5)
            return over(picture, other * 0.92, tongue * lace)
        picture = over(
            picture,
            other,
            0.85
            * edge(9 - np.abs(upward - 58 + 34 * (share - 0.2)), 4)
            * edge(0.32 - np.abs(share - 0.42), 0.04)
            * (wardrobe.seed % 5 < 3),
        )
        return over(picture, np.asarray(wardrobe.shoe_colour) * 0.7, 0.8 * edge(-share - 0.2, 0.06))

    return paint


def paint_skin(figure: Figure, wardrobe: Wardrobe) -> Painter:
    """Bare arms, hands and legs: redder knuckles, knees and elbows; socks at the ankles."""

    def paint(across: ndarray, upward: ndarray, tile: int) -> ndarray:
        random = np.random.default_rng([wardrobe.seed, 5, tile])
        skin = np.asarray(wardrobe.skin_colour, float)
        picture = weave(skin, across.shape, random, grain=0.008, wear=0.025)
        ruddy = skin * np.array([0.97, 0.84, 0.82])
        knuckles, knee = figure.joint["left knuckles"], figure.joint["left knee"]
        far = np.hypot(np.abs(across) - knuckles[1], upward - knuckles[2] - 12)
        picture = over(picture, ruddy, 0.6 * np.exp(-((far / 45) ** 2)))
        near_knee = np.exp(-(((np.abs(across) - knee[1]) / 40) ** 2)) * bump(upward, knee[2], 38)
        picture = over(picture, ruddy, (0.45 if tile == 0 else 0.2) * near_knee)
        leg = np.abs(across) < knee[1] + 110 * figure.scale
        ankle = figure.joint["left ankle"][2]
        top = ankle + (24 + 90 * (wardrobe.seed % 7 == 0)) * figure.scale
        low = leg & (upward < figure.joint["left wrist"][2] - 260 * figure.scale)
        return over(picture, np.asarray(wardrobe.sole_colour) * 0.95, low * edge(top - upward, 4))

    return paint
