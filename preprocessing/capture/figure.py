"""The bare body as smooth solids: where its joints are at rest, how wide it is there, and lofts through those widths.

All sizes follow a person's own bone lengths; girths follow stature, sex and build. The tables are half widths in mm of
an adult of 1.75 m and average build, rounded from anthropometric surveys' breadths, depths and girths. Garments are the
same tables with some ease added.
"""

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import SIDES, Person
from preprocessing.capture.motion import BONE_INDEX, SIDE_SIGN, rest_pose
from preprocessing.capture.solids import Shape

FORWARD = np.array([1.0, 0.0, 0.0])

# Trunk, by share of the way from the pelvis (0) to the base of the neck (1): half width, front depth, back depth.
_TRUNK_AT = np.array([-0.17, -0.08, 0.0, 0.10, 0.22, 0.34, 0.46, 0.60, 0.74, 0.86, 0.94, 1.0])
_TRUNK = {
    "male": np.array(
        [
            [150, 168, 171, 165, 154, 147, 149, 157, 163, 156, 122, 70],
            [70, 88, 94, 97, 98, 101, 106, 114, 114, 98, 74, 50],
            [88, 114, 122, 114, 96, 87, 91, 101, 110, 108, 92, 66],
        ]
    ),
    "female": np.array(
        [
            [150, 177, 184, 172, 147, 134, 134, 142, 149, 143, 108, 60],
            [66, 84, 89, 92, 91, 89, 93, 102, 102, 86, 66, 44],
            [94, 124, 131, 119, 95, 82, 83, 92, 100, 98, 82, 58],
        ]
    ),
}
# Limbs, by share of the bone: offset inward, front, back, outer, inner radius.
_THIGH = [
    (0.00, 38, 84, 98, 82, 80),
    (0.12, 31, 87, 98, 84, 82),
    (0.30, 19, 85, 86, 79, 78),
    (0.50, 9, 77, 75, 70, 70),
    (0.75, 3, 65, 62, 60, 60),
    (0.92, 1, 59, 55, 55, 55),
    (1.00, 0, 58, 52, 54, 54),
]
_SHANK = [
    (0.00, 0, 57, 52, 54, 54),
    (0.10, 0, 52, 54, 53, 54),
    (0.28, 0, 46, 70, 57, 58),
    (0.45, 0, 42, 66, 52, 53),
    (0.65, 0, 38, 48, 43, 43),
    (0.85, 0, 36, 40, 36, 36),
    (1.00, 0, 40, 44, 36, 37),
]
_UPPER_ARM = [
    (-0.15, 6, 10, 11, 9, 9),
    (-0.13, 4, 26, 28, 22, 22),
    (-0.07, -1, 42, 45, 37, 36),
    (0.00, -5, 49, 52, 46, 44),
    (0.15, -5, 53, 54, 52, 46),
    (0.35, -2, 50, 50, 46, 44),
    (0.60, 0, 47, 46, 42, 41),
    (0.85, 0, 41, 41, 40, 40),
    (1.00, 0, 38, 42, 42, 42),
]
_FOREARM = [
    (0.00, 0, 39, 42, 42, 42),
    (0.15, 0, 43, 42, 43, 42),
    (0.30, 0, 43, 40, 42, 40),
    (0.60, 0, 36, 34, 34, 33),
    (0.85, 0, 29, 28, 24, 24),
    (1.00, 0, 29, 28, 22, 22),
]


class Figure:
    """A person in the rest pose: joints (3,) in mm by name, such as "left knee", and factors on the tables' sizes.

    `coarse` is a factor on the size of the triangles and texels that are made of it.
    """

    def __init__(self, person: Person, coarse: float = 1.0):
        rest = rest_pose(person)
        recorded = rest.joints_world_mm[0]
        self.person, self.coarse = person, coarse
        self.female = person.sex == "female"
        self.scale = person.height_mm / 1750
        self.build = person.build
        self.rest_rotation = rest.bone_rotation[0]
        self.rest_origin_mm = rest.bone_origin_mm[0]
        self.pelvis, self.middle, self.neck, self.head, self.crown = recorded[[0, 12, 13, 14, 15]]
        self.joint: dict[str, ndarray] = {}
        for side, leg, arm in (("left", 6, 17), ("right", 1, 25)):
            for offset, name in enumerate(("hip", "knee", "ankle", "ball", "toe")):
                self.joint[f"{side} {name}"] = recorded[leg + offset]
            for offset, name in enumerate(("shoulder", "elbow", "wrist")):
                self.joint[f"{side} {name}"] = recorded[arm + offset]
            self.joint[f"{side} knuckles"] = recorded[arm + 5]
            self.joint[f"{side} thumb"] = recorded[arm + 4]
        self.trunk_mm = float(self.neck[2] - self.pelvis[2])
        self.limb_scale = self.scale * (0.9 if self.female else 1.0)

    def trunk_height(self, share: float) -> float:
        """Height above the floor in mm at a share of the way from the pelvis to the base of the neck."""
        return float(self.pelvis[2] + share * self.trunk_mm)

    def bone_axes(self, bone: str) -> ndarray:
        """Rest axes (3, 3) of a bone, one per row."""
        return self.rest_rotation[BONE_INDEX[bone]].T

    def trunk_table(self, shares: ndarray) -> ndarray:
        """Half width, front and back depth (shares, 3) in mm of the bare trunk."""
        table = np.stack([np.interp(shares, _TRUNK_AT, row) for row in _TRUNK[self.person.sex]], axis=1)
        belly = np.exp(-(((shares - 0.26) / 0.22) ** 2))
        width = self.build ** (0.85 + 0.25 * belly)
        front = self.build ** (0.8 + 1.1 * belly)
        back = self.build ** (0.7 + 0.3 * np.exp(-(((shares - 0.0) / 0.15) ** 2)))
        # A person broad across the hip joints is broad across the hips.
        lengths = self.person.lengths_mm
        hips = np.exp(-((np.minimum(shares - 0.0, 0.0) / 0.2) ** 2)) * np.clip(1 - shares / 0.3, 0, 1)
        width *= 1 + hips * (lengths.hip_offset / (0.0735 * self.person.height_mm) - 1) * 0.6
        return table * self.scale * np.stack([width, front, back], axis=1)

    def limb_table(self, limb: str, ease: float | ndarray = 0.0) -> ndarray:
        """Stations (rows, 6) of "thigh", "shank", "upper arm" or "forearm": share, inward offset and four radii, mm."""
        table = np.array({"thigh": _THIGH, "shank": _SHANK, "upper arm": _UPPER_ARM, "forearm": _FOREARM}[limb], float)
        if limb in ("thigh", "shank"):
            stout = np.interp(table[:, 0], [0.4, 1.0], [0.75, 0.5]) if limb == "thigh" else np.full(len(table), 0.5)
            size = self.scale * self.build ** stout[:, None]
            if self.female:
                plump = {
                    "thigh": [1.05, 1.05, 1.06, 1.03, 0.99, 0.95, 0.94],
                    "shank": [0.94, 0.94, 0.96, 0.95, 0.9, 0.88, 0.88],
                }
                table[:, 2:] *= np.array(plump[limb])[:, None]
        else:
            size = self.limb_scale * self.build**0.55
        table[:, 2:] *= size
        table[:, 1] *= self.scale
        table[:, 2:] += np.broadcast_to(ease, (len(table),))[:, None]
        return table


def add_limb(shape: Shape, start: ndarray, end: ndarray, table: ndarray, side: str, *, blend: float) -> Shape:
    """Adds a limb to a shape; `table` is `Figure.limb_table`, its inner side turned towards the body's middle."""
    share, inward, front, back, outer, inner = table.T
    start = start + share[0] * (end - start)
    share = (share - share[0]) / (share[-1] - share[0])
    sign = SIDE_SIGN[side]
    left, right = (outer, inner) if side == "left" else (inner, outer)
    stations = np.stack([share, 0 * share, -sign * inward, front, back, left, right], axis=1)
    return shape.loft(start, end, FORWARD, stations, blend=blend)


def add_arm(shape: Shape, figure: Figure, side: str, *, ease: float = 0.0) -> Shape:
    """Adds a bare arm down to the wrist."""
    shoulder, elbow, wrist = (figure.joint[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
    add_limb(shape, shoulder, elbow, figure.limb_table("upper arm", ease), side, blend=30)
    return add_limb(shape, elbow, wrist, figure.limb_table("forearm", ease), side, blend=1)


def add_leg(shape: Shape, figure: Figure, side: str, *, ease: float = 0.0) -> Shape:
    """Adds a bare leg down to the ankle."""
    hip, knee, ankle = (figure.joint[f"{side} {name}"] for name in ("hip", "knee", "ankle"))
    add_limb(shape, hip, knee, figure.limb_table("thigh", ease), side, blend=4)
    return add_limb(shape, knee, ankle, figure.limb_table("shank", ease), side, blend=1)


def add_trunk(shape: Shape, figure: Figure, shares: ndarray, table: ndarray, *, blend: float = 40.0) -> Shape:
    """Adds a trunk along the spine, `table` (shares, 3) being half width, front and back depth."""
    width, front, back = table.T
    zero = np.zeros_like(width)
    places = (shares - shares[0]) / (shares[-1] - shares[0])
    start = [0, 0, figure.trunk_height(shares[0])]
    end = [0, 0, figure.trunk_height(shares[-1])]
    stations = np.stack([places, zero, zero, front, back, width, width], axis=1)
    return shape.loft(start, end, FORWARD, stations, square=0.35, blend=blend)


def add_shoulders(shape: Shape, figure: Figure, *, ease: float = 0.0) -> Shape:
    """Adds the slopes from the neck to the shoulder joints, and a woman's bust."""
    size = figure.limb_scale * figure.build**0.3
    for side in SIDES:
        sign = SIDE_SIGN[side]
        top = figure.neck + figure.scale * np.array([-10, sign * 30, 2])
        end = figure.joint[f"{side} shoulder"] + figure.scale * np.array([-4, sign * -6, -12])
        shape.cone(top, end, 40 * size + ease, 38 * size + ease, blend=45)
    if figure.female:
        for sign in (1, -1):
            height = figure.trunk_height(0.66)
            depth = figure.trunk_table(np.array([0.66]))[0, 1]
            centre = np.array([depth - 22 * figure.scale, sign * 66 * figure.scale, height])
            size = figure.scale * figure.build**0.6
            shape.ellipsoid(centre, np.array([50, 60, 58]) * size + ease, blend=45)
    return shape


def add_neck(shape: Shape, figure: Figure) -> Shape:
    """Adds the neck, from inside the chest to inside the skull."""
    size = figure.scale * figure.build**0.35
    low, high = (50, 47) if figure.female else (59, 56)
    bottom = figure.neck + figure.scale * np.array([-10, 0, -45])
    top = figure.head + figure.scale * np.array([-44, 0, -30])
    return shape.cone(bottom, top, low * size, high * size, blend=30)


def add_hand(shape: Shape, figure: Figure, side: str) -> Shape:
    """Adds a half-closed hand with four fingers and a thumb."""
    wrist, thumb_end = figure.joint[f"{side} wrist"], figure.joint[f"{side} thumb"]
    forward, left, up = figure.bone_axes(f"{side} hand")
    palm = -SIDE_SIGN[side] * left
    length = figure.person.lengths_mm.hand
    size = length / 100 * (0.93 if figure.female else 1.0)

    def place(ahead: float, palmwards: float, down: float) -> ndarray:
        return wrist + size * (ahead * forward + palmwards * palm) - down * length / 100 * up

    girth = [
        (0, 0, 0, 26, 25, 18, 18),
        (0.3, 1, 0, 35, 32, 17, 18),
        (0.75, 1, 0, 41, 40, 14, 15),
        (1, 1, 0, 39, 38, 11, 12),
    ]
    stations = np.array(girth, float)
    stations[:, 1:] *= size
    stations[0, 3:] = figure.limb_table("forearm")[-1, 2:]
    shape.loft(wrist, place(0, 0, 93), forward, stations, square=0.2, blend=1)
    for ahead, finger, start in ((29, 74, 90), (10, 82, 94), (-9, 76, 91), (-27, 60, 84)):
        at = place(ahead, 0, start)
        for share, bend, thick in ((0.42, 22, 9.6), (0.32, 58, 8.6), (0.26, 82, 7.8)):
            angle = np.radians(bend + 0.12 * (29 - ahead))
            step = finger * size * share * (np.sin(angle) * palm - np.cos(angle) * up - 0.0016 * ahead * forward)
            shape.cone(at, at + step, thick * size, (thick - 0.8) * size, blend=4)
            at = at + step
    base, middle = place(24, 4, 22), 0.5 * (place(38, 10, 52) + 0.5 * (wrist + thumb_end) + 14 * size * forward)
    shape.cone(base, middle, 15 * size, 12.5 * size, blend=14)
    return shape.cone(middle, thumb_end, 11.5 * size, 8.5 * size, blend=5)
