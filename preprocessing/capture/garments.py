"""Clothes as surfaces: trousers, shorts and shoes cut to a figure, and the bare skin that all clothes leave."""

import dataclasses

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import SIDES
from preprocessing.capture.clothing import Wardrobe
from preprocessing.capture.fabric import Part
from preprocessing.capture.figure import Figure, add_arm, add_hand, add_leg, add_limb, add_trunk
from preprocessing.capture.motion import SIDE_SIGN
from preprocessing.capture.paint import paint_bottom, paint_plain, paint_shoe, paint_skin
from preprocessing.capture.solids import Shape
from preprocessing.capture.surface import Mesh, clip, join, mesh_of, tuck
from preprocessing.capture.tops import CLOTH_MM, FINE_MM, LIMB_MM, along_arm, top_parts, top_shape


def dress(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """All parts below the chin."""
    parts = [*top_parts(figure, wardrobe), *bottom_parts(figure, wardrobe), *shoe_parts(figure, wardrobe)]
    return parts + skin_parts(figure, wardrobe)


def bottom_shape(figure: Figure, wardrobe: Wardrobe) -> Shape:
    """Trousers or shorts before anything is cut off: legs to below the ankles, up to above the waist."""
    scale, ease = figure.scale, wardrobe.bottom_ease * figure.scale
    shape = Shape()
    for side in SIDES:
        hip, knee, ankle = (figure.joint[f"{side} {name}"] for name in ("hip", "knee", "ankle"))
        thigh, shank = figure.limb_table("thigh"), figure.limb_table("shank")
        thigh[:, 2:] += (ease * np.interp(thigh[:, 0], [0, 0.2, 1], [0.5, 0.8, 1.0]))[:, None]
        if wardrobe.bottom == "shorts":
            thigh[:, 2:] += (8 * scale * np.clip(thigh[:, 0], 0, 1) ** 2)[:, None]
        hanging = np.maximum(shank[:, 2:], np.array([46, 50, 46, 46]) * scale * (0.92 if ease < 7 * scale else 1.08))
        cuff = 0.55 if wardrobe.bottom == "joggers" else 1.0
        shank[:, 2:] = hanging + (ease * np.interp(shank[:, 0], [0, 0.85, 1], [1.0, 1.0, cuff]))[:, None]
        add_limb(shape, hip, knee, thigh, side, blend=16 if side == "right" else 10)
        beyond = ankle + 0.12 * (ankle - knee)
        shank[:, 0] /= 1.12
        add_limb(shape, knee, beyond, np.vstack([shank, [1.0, *shank[-1, 1:]]]), side, blend=1)
    shares = np.linspace(-0.10, 0.34, 10)
    add_trunk(shape, figure, shares, figure.trunk_table(shares) + 3 * scale, blend=46)
    return shape.ripple(1.6, (130, 110, 150), wardrobe.seed + 2).ripple(0.9, (56, 60, 60), wardrobe.seed + 3)


def bottom_parts(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """Trousers or shorts, and the belt of a tucked shirt."""
    scale = figure.scale
    top = figure.trunk_height(0.17) if wardrobe.tucked else figure.pelvis[2] - (wardrobe.hem - 85) * scale
    mesh = mesh_of(bottom_shape(figure, wardrobe), figure.coarse * CLOTH_MM, high=[1e4, 1e4, top + 40])
    points = mesh.vertices_mm
    hem = _leg_end(figure, wardrobe)
    cloth = clip(mesh, np.minimum(top - points[:, 2], points[:, 2] - hem - 0.16 * points[:, 0]))
    if not wardrobe.tucked:
        above_hem = cloth.vertices_mm[:, 2] - figure.pelvis[2] + wardrobe.hem * scale
        depth = 8 * scale * np.clip(1 + above_hem / (70 * scale), 0, 1)
        cloth = tuck(cloth, top_shape(figure, wardrobe), depth)
    parts = [Part(cloth, "leg", paint_bottom(figure, wardrobe), lining_mm=60.0)]
    if wardrobe.tucked:
        belt = clip(mesh, np.minimum(top - 4 * scale - points[:, 2], points[:, 2] - top + 38 * scale))
        belt = dataclasses.replace(belt, vertices_mm=belt.vertices_mm + np.float32(2.5) * belt.normals)
        parts.append(Part(belt, "leg", paint_plain(wardrobe, wardrobe.belt_colour), lining_mm=60.0))
    return parts


def _leg_end(figure: Figure, wardrobe: Wardrobe) -> float:
    """Height in mm at which trouser legs end."""
    knee, ankle = figure.joint["left knee"][2], figure.joint["left ankle"][2]
    if wardrobe.bottom == "shorts":
        return float(figure.pelvis[2] + wardrobe.leg * (knee - figure.pelvis[2]))
    return float(ankle - (4 if wardrobe.bottom == "joggers" else 26) * figure.scale)


def shoe_parts(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """Both shoes: uppers and soles."""
    uppers, soles = [], []
    for side in SIDES:
        upper, sole = _shoe(figure, wardrobe, side)
        uppers.append(upper)
        soles.append(sole)
    return [
        Part(join(uppers), "foot", paint_shoe(figure, wardrobe), "foot", 2.5, lining_mm=60.0),
        Part(join(soles), "foot", paint_plain(wardrobe, wardrobe.sole_colour), "foot", 4.0),
    ]


def _shoe(figure: Figure, wardrobe: Wardrobe, side: str) -> tuple[Mesh, Mesh]:
    ankle, toe = figure.joint[f"{side} ankle"], figure.joint[f"{side} toe"]
    heel = figure.person.lengths_mm.heel
    sign, size = SIDE_SIGN[side], figure.scale * (0.93 if figure.female else 1.0)
    start = np.array([ankle[0] - heel - 9 * size, ankle[1], 30 * size])
    end = np.array([toe[0] + 9 * size, ankle[1], 30 * size])
    # share, up, inward, radius up, down, outer, inner
    last = np.array(
        [
            (0.00, 0, 0, 22, 22, 12, 12), (0.04, 0, 0, 46, 30, 28, 27), (0.12, 0, 0, 58, 32, 35, 33),
            (0.26, 0, 1, 58, 32, 37, 34), (0.40, 0, 3, 50, 32, 40, 36), (0.55, 0, 5, 38, 32, 45, 40),
            (0.72, 0, 6, 28, 32, 46, 41), (0.86, 0, 7, 22, 30, 40, 36), (0.95, 0, 8, 17, 27, 27, 26),
            (1.00, 0, 9, 8, 16, 11, 11),
        ], float,
    )  # fmt: skip
    last[:, 1:] *= size

    def stations(wider: float) -> ndarray:
        share, up, inward, above, below, outer, inner = last.T
        left, right = (outer, inner) if sign > 0 else (inner, outer)
        return np.stack([share, up, -sign * inward, above, below + wider, left + wider, right + wider], axis=1)

    collar = ankle[2] + (62 if wardrobe.boots else 4) * figure.scale
    upper = Shape().loft(start, end, [0, 0, 1], stations(0.0), square=0.25)
    upper.cone(
        ankle + size * np.array([-6, 0, -36]),
        [ankle[0] - 6 * size, ankle[1], collar + 40],
        40 * size,
        41 * size,
        blend=34,
    )
    mesh = mesh_of(upper, figure.coarse * FINE_MM, high=[1e4, 1e4, collar + 25])
    points = mesh.vertices_mm
    sole_line = (20 + 4 * np.clip((ankle[0] + 10 - points[:, 0]) / 40, 0, 1)) * size
    rim = np.minimum(points[:, 2] - sole_line + 3, collar - points[:, 2] + 0.12 * (points[:, 0] - ankle[0]))
    sole = Shape().loft(start, end, [0, 0, 1], stations(2.5 * size), square=0.3)
    sole.keep_below([0, 0, 23 * size], [0, 0, 1], blend=3).keep_below([0, 0, 1], [0, 0, -1], blend=6)
    return clip(mesh, rim), mesh_of(sole, figure.coarse * 11.0)


def skin_parts(figure: Figure, wardrobe: Wardrobe) -> list[Part]:
    """Hands, and as much of arms and legs as the clothes leave bare."""
    paint = paint_skin(figure, wardrobe)
    arms = [mesh for side in SIDES for mesh in _bare_arm(figure, wardrobe, side)]
    parts = [Part(join(arms), "arm", paint)]
    low, high = _bare_legs(figure, wardrobe)
    if high > low:
        shape = add_leg(add_leg(Shape(), figure, "left"), figure, "right")
        legs = mesh_of(shape, figure.coarse * LIMB_MM, low=[-1e4, -1e4, low - 30], high=[1e4, 1e4, high + 30])
        legs = clip(legs, np.minimum(legs.vertices_mm[:, 2] - low, high - legs.vertices_mm[:, 2]))
        covered = np.where(legs.vertices_mm[:, 2] > _leg_end(figure, wardrobe), 4.0, 0.0)
        parts.append(Part(tuck(legs, bottom_shape(figure, wardrobe), covered), "leg", paint))
    return parts


def _bare_arm(figure: Figure, wardrobe: Wardrobe, side: str) -> tuple[Mesh, Mesh]:
    """The arm from inside the sleeve to the wrist, and the hand in finer triangles."""
    shoulder, elbow, wrist = (figure.joint[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    axis = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
    shape = add_hand(add_arm(Shape(), figure, side), figure, side)
    border, tip, around = wrist - 22 * axis, wrist + 190 * axis, np.array([95, 80, 60])
    low, high = np.minimum(border, tip) - around, np.maximum(border, tip) + around
    hand = mesh_of(shape, figure.coarse * FINE_MM, low=low, high=high)
    hand = clip(hand, (hand.vertices_mm - border) @ axis)
    begin = along_arm(shoulder, elbow, wrist, max(wardrobe.sleeve - 0.14, 0.05))
    arm = mesh_of(shape, figure.coarse * LIMB_MM, high=[1e4, 1e4, begin[2] + 70])
    arm = clip(arm, np.minimum((arm.vertices_mm - begin) @ axis, (border - arm.vertices_mm) @ axis))
    end = along_arm(shoulder, elbow, wrist, wardrobe.sleeve)
    covered = np.where((end - arm.vertices_mm) @ axis > 4, 4.0, 0.0)
    return tuck(arm, top_shape(figure, wardrobe), covered), hand


def _bare_legs(figure: Figure, wardrobe: Wardrobe) -> tuple[float, float]:
    """Heights in mm between which the legs need skin (or socks)."""
    ankle = figure.joint["left ankle"][2]
    end = _leg_end(figure, wardrobe)
    return float(ankle - 45 * figure.scale), float(
        end + 110 * figure.scale if wardrobe.bottom == "shorts" else end + 40
    )
