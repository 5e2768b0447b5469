"""Tops as surfaces: shirts, hoodies and jackets cut to a figure, with their collars, hoods and undershirts."""

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import SIDES
from preprocessing.capture.clothing import Colour, Wardrobe
from preprocessing.capture.fabric import Part
from preprocessing.capture.figure import Figure, add_arm, add_limb, add_shoulders, add_trunk
from preprocessing.capture.motion import SIDE_SIGN
from preprocessing.capture.paint import paint_plain, paint_top
from preprocessing.capture.solids import Shape
from preprocessing.capture.surface import clip, mesh_of, tuck

CLOTH_MM, LIMB_MM, FINE_MM = 19.0, 14.0, 8.5
"""Mesh sizes of clothes, of bare limbs, and of hands, collars and shoes."""


def top_parts(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """Shirt, hoodie or jacket: the garment itself, its ribbed or folded edges, and a collar."""
    shape = top_shape(figure, wardrobe)
    low = figure.pelvis[2] - (wardrobe.hem + 25) * figure.scale
    mesh = mesh_of(shape, figure.coarse * CLOTH_MM, low=[-1e4, -1e4, low])
    edges = _top_edges(figure, wardrobe, mesh.vertices_mm)
    if wardrobe.top == "jacket":
        opening = np.abs(mesh.vertices_mm[:, 1]) - _jacket_gap(figure, mesh.vertices_mm[:, 2])
        edges["front"] = np.where(mesh.vertices_mm[:, 0] > 0, opening, 1e3)
    rim = np.min(list(edges.values()), axis=0)
    parts = [Part(clip(mesh, rim), "trunk", paint_top(figure, wardrobe), lining_mm=60.0)]
    if wardrobe.top in ("polo", "shirt", "jacket"):
        parts.append(_collar(figure, wardrobe))
    if wardrobe.top == "hoodie":
        parts.append(_hood(figure, wardrobe))
    if wardrobe.top == "jacket":
        parts.append(_undershirt(figure, wardrobe))
    return parts


def top_shape(figure: Figure, wardrobe: Wardrobe, thicker_mm: float = 0.0) -> Shape:
    """A top before anything is cut off: sleeves to the wrists or elbows, no hole for the neck."""
    ease = wardrobe.ease * figure.scale + thicker_mm
    lowest = -(wardrobe.hem + 60) * figure.scale / figure.trunk_mm
    shares = np.linspace(lowest, 1.0, 28)
    table = figure.trunk_table(np.maximum(shares, 0.0))
    loose = np.clip(ease / (12 * figure.scale), 0.4, 1.4)
    # Cloth hangs from the chest and the shoulder blades, and does not follow a hollow back or waist all the way in.
    for column, slack in ((0, 0.55), (1, 0.5), (2, 0.45)):
        hanging = table[:, column].copy()
        for row in range(len(hanging) - 2, -1, -1):
            if shares[row] < 0.75:
                hanging[row] = max(hanging[row], hanging[row + 1] * (1 - 0.012 / slack / loose))
        table[:, column] += (hanging - table[:, column]) * min(1.0, loose * 0.8)
    neck = shares > 0.97
    table[neck] = (np.array([62, 52, 66]) if not figure.female else np.array([54, 46, 58])) * figure.scale
    clearance = np.where(shares < 0.25, max(ease, 11 * figure.scale), ease)  # over trousers
    table += (clearance * np.where(neck, 0.35, 1.0))[:, None]
    shape = add_trunk(Shape(), figure, shares, table, blend=30)
    add_shoulders(shape, figure, ease=ease * 0.45)
    if not wardrobe.tucked:  # over the trousers
        for side in SIDES:
            thigh = figure.limb_table("thigh", 0.6 * wardrobe.bottom_ease * figure.scale + 7)
            add_limb(shape, figure.joint[f"{side} hip"], figure.joint[f"{side} knee"], thigh, side, blend=26)
    end = min(wardrobe.sleeve, 2.0)
    for side in SIDES:
        shoulder, elbow, wrist = (figure.joint[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
        upper = figure.limb_table("upper arm")
        upper[:, 2:] += (ease * np.interp(upper[:, 0], [0, 0.3, 1], [0.4, 0.8, 1.0]) + 2)[:, None]
        add_limb(shape, shoulder, elbow, upper, side, blend=34)
        if end > 1:
            lower = figure.limb_table("forearm")
            lower[:, 2:] += (ease * np.interp(lower[:, 0], [0, 0.8, 1], [1.0, 0.8, 0.35]) + 3)[:, None]
            add_limb(shape, elbow, wrist, lower, side, blend=1)
    heavy = wardrobe.top in ("hoodie", "jacket")
    shape.ripple(1.6 if heavy else 1.2, (150, 110, 170), wardrobe.seed)
    shape.ripple(1.0 if heavy else 0.7, (60, 48, 75), wardrobe.seed + 1)
    return shape


def _top_edges(figure: Figure, wardrobe: Wardrobe, points: ndarray) -> dict[str, ndarray]:
    """Signed distances (n,) in mm to each edge of a top, positive on the cloth."""
    scale = figure.scale
    hem = figure.pelvis[2] - wardrobe.hem * scale
    if wardrobe.tucked:
        hem = figure.trunk_height(0.13)
    wave = 5 * scale * np.cos(2 * np.arctan2(points[:, 1], points[:, 0])) if not wardrobe.tucked else 0.0
    edges = {"hem": points[:, 2] - hem - wave}
    front = 16.0 if wardrobe.top in ("t-shirt", "long sleeves") else 6.0
    shares = np.linspace(-0.17, 1, 24)
    trunk = add_trunk(Shape(), figure, shares, figure.trunk_table(shares))
    from_trunk = add_shoulders(trunk, figure).distance(points)
    ease = wardrobe.ease * scale
    edges["neck"] = outside_neckline(figure, points, front)
    for side in SIDES:
        shoulder, elbow, wrist = (figure.joint[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
        end = along_arm(shoulder, elbow, wrist, wardrobe.sleeve)
        axis = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
        from_arm = add_arm(Shape(), figure, side).distance(points)
        arm = (from_arm < 0.9 * ease + 13) & (from_trunk > ease + 8)
        edges[f"{side} sleeve"] = np.where(arm & (points[:, 1] * SIDE_SIGN[side] > 0), (end - points) @ axis, 1e3)
    return edges


def along_arm(first: ndarray, second: ndarray, third: ndarray, share: float) -> ndarray:
    """A point on two bones: share 1 is the joint between them, 2 the end."""
    return first + share * (second - first) if share <= 1 else second + (share - 1) * (third - second)


def _round_neck(figure: Figure, points: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """Where points are about the neck: ahead and aside of its axis, and up from the base of the neck, mm."""
    up = points[:, 2] - figure.neck[2]
    return points[:, 0] - figure.neck[0] - 6 * figure.scale - 0.3 * up, points[:, 1], up


def outside_neckline(figure: Figure, points: ndarray, front_drop: float) -> ndarray:
    """How far points lie outside of the hole for the neck, mm; `front_drop` widens it to the front."""
    size = figure.scale * figure.build**0.35 * (0.88 if figure.female else 1.0)
    ahead, aside, up = _round_neck(figure, points)
    reach = np.where(ahead > 0, 64 + front_drop, 68) * size
    level = np.hypot(ahead / reach, aside / (70 * size))
    return np.where(up > -0.28 * figure.trunk_mm, (level - 1) * 70 * size, 1e3)


def _jacket_gap(figure: Figure, height: ndarray) -> ndarray:
    """Half the width in mm of the opening of a jacket, growing upwards."""
    share = (height - figure.trunk_height(0.1)) / figure.trunk_mm
    return figure.scale * (16 + 30 * np.clip(share, 0, 1) ** 1.5)


def _collar(figure: Figure, wardrobe: Wardrobe) -> Part:
    """A collar: it stands up along the neck, falls over on to the shirt, and is open in front."""
    scale, size = figure.scale, figure.scale * figure.build**0.35 * (0.88 if figure.female else 1.0)
    shape = top_shape(figure, wardrobe, 5 * scale)
    low, high = figure.neck + np.array([-8, 0, -60]) * scale, figure.neck + np.array([26, 0, 70]) * scale
    shape.cone(low, high, 69 * size, 64 * size, blend=26)
    around = 150 * scale
    mesh = mesh_of(shape, figure.coarse * FINE_MM, low=figure.neck - around, high=figure.neck + around)
    ahead, aside, up = _round_neck(figure, mesh.vertices_mm)
    angle = np.abs(np.arctan2(aside, ahead))
    fall = (30 if wardrobe.top != "jacket" else 40) * scale
    point = 20 * scale * np.exp(-(((angle - 0.45) / 0.3) ** 2))
    gap = 60 * scale * (angle - 0.1 - 0.0045 * np.maximum(-up, 0) / scale)
    top = (30 - 16 * np.cos(angle)) * scale - up
    radius = np.hypot(ahead, aside)
    rim = np.min(
        [fall + point + 70 * size + 8 * scale * np.cos(angle) - radius, top, gap, radius - 50 * size, up + 95 * size],
        axis=0,
    )
    return Part(clip(mesh, rim), "trunk", paint_plain(wardrobe, _collar_colour(wardrobe)), lining_mm=60.0)


def _collar_colour(wardrobe: Wardrobe) -> Colour:
    red, green, blue = wardrobe.top_colour
    if wardrobe.top == "polo" and wardrobe.seed % 2:
        return wardrobe.second_colour
    return red * 0.9, green * 0.9, blue * 0.9


def _hood(figure: Figure, wardrobe: Wardrobe) -> Part:
    """A hood lying on the shoulders behind the neck."""
    scale = figure.scale
    shape = Shape().ellipsoid(figure.neck + scale * np.array([-62, 0, 12]), scale * np.array([46, 98, 52]))
    for side in SIDES:
        sign = SIDE_SIGN[side]
        shape.cone(
            figure.neck + scale * np.array([-40, sign * 70, 22]), figure.neck + scale * np.array([50, sign * 36, -14]),
            27 * scale, 18 * scale, blend=30,
        )  # fmt: skip
    shape.ripple(2.0, (60, 60, 60), wardrobe.seed + 5)
    return Part(mesh_of(shape, figure.coarse * 9.0), "trunk", paint_plain(wardrobe, wardrobe.top_colour))


def _undershirt(figure: Figure, wardrobe: Wardrobe) -> Part:
    """The shirt seen in the opening of a jacket."""
    shares = np.linspace(-0.16, 1.1, 24)
    table = figure.trunk_table(np.maximum(shares, 0.0))
    table[shares > 0.97] = np.array([56, 50, 60]) * figure.scale
    shape = add_shoulders(add_trunk(Shape(), figure, shares, table + 4 * figure.scale, blend=30), figure, ease=2)
    mesh = mesh_of(
        shape, figure.coarse * CLOTH_MM, low=[-20, -1e4, figure.pelvis[2] - 95 * figure.scale], high=[1e4, 1e4, 1e4]
    )
    near = 120 * figure.scale - np.abs(mesh.vertices_mm[:, 1])
    hem = mesh.vertices_mm[:, 2] - figure.pelvis[2] + 8 * figure.scale
    rim = np.min([outside_neckline(figure, mesh.vertices_mm, 14.0), near, hem], axis=0)
    mesh = clip(mesh, rim)
    hidden = np.full(len(mesh.vertices_mm), 5.0 * figure.scale)
    mesh = tuck(mesh, top_shape(figure, wardrobe), hidden)
    return Part(mesh, "trunk", paint_plain(wardrobe, wardrobe.second_colour))
