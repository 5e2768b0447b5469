"""Draws the 17 joints: on a photograph, and as a figure standing on a floor, seen from any side."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.rendering import canvas

FLOOR_COLOUR: canvas.Colour = (236, 239, 243)
FLOOR_LINE_COLOUR: canvas.Colour = (208, 213, 221)
SHADOW_COLOUR: canvas.Colour = (186, 192, 202)
FLOOR_SPACING_MM = 250.0
_CIRCLE = np.linspace(0, 2 * np.pi, 97)[:-1]


@dataclasses.dataclass(frozen=True)
class Viewpoint:
    """From where a figure is seen, without perspective: every axis has the same scale.

    Attributes:
        azimuth: horizontal direction of sight in radians, 0 along the world's x, pi / 2 along y.
        elevation: how far the sight is tilted down, in radians.
    """

    azimuth: float
    elevation: float

    def project(self, points_mm: Float[ndarray, "*batch 3"]) -> Float[ndarray, "*batch 3"]:
        """To (right, up, away from the viewer), in mm."""
        cos, sin = np.cos(self.azimuth), np.sin(self.azimuth)
        tilt_cos, tilt_sin = np.cos(self.elevation), np.sin(self.elevation)
        axes = np.array(
            [[sin, -cos, 0], [cos * tilt_sin, sin * tilt_sin, tilt_cos], [cos * tilt_cos, sin * tilt_cos, -tilt_sin]]
        )
        return points_mm @ axes.T


@dataclasses.dataclass(frozen=True)
class Stage:
    """Where on the picture figures stand, and how large.

    Attributes:
        left: of its rectangle, in pixels, as the following three.
        top: of its rectangle.
        width: of its rectangle.
        height: of its rectangle.
        px_per_mm: the scale, the same along all axes.
        middle_mm: height above the floor that is drawn at half the height of the rectangle.
        floor_radius_mm: of the round piece of floor.
    """

    left: int
    top: int
    width: int
    height: int
    px_per_mm: float
    middle_mm: float
    floor_radius_mm: float

    def place(self, seen_mm: Float[ndarray, "*batch 3"], viewpoint: Viewpoint) -> Float[ndarray, "*batch 2"]:
        """Pixels of points that `viewpoint` projected."""
        middle_up = self.middle_mm * np.cos(viewpoint.elevation)
        x = self.left + self.width / 2 + seen_mm[..., 0] * self.px_per_mm
        y = self.top + self.height / 2 - (seen_mm[..., 1] - middle_up) * self.px_per_mm
        return np.stack([x, y], axis=-1)


def draw_floor(
    image: ndarray,
    stage: Stage,
    viewpoint: Viewpoint,
    person_mm: Float[ndarray, "2"],
    shadows: Sequence[Float[ndarray, "17 3"]] = (),
    width: int = 8,
) -> None:
    """A round piece of floor around the person, with lines that lie still in the world, and shadows from above.

    Args:
        image: drawn on.
        stage: where.
        viewpoint: from where it is seen.
        person_mm: where in the world the person stands; this point is drawn in the middle.
        shadows: figures relative to that point, z above the floor.
        width: of the shadows' lines.
    """
    radius = stage.floor_radius_mm
    rim = radius * np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE), 0 * _CIRCLE], axis=-1)
    canvas.fill_polygon(image, stage.place(viewpoint.project(rim), viewpoint), FLOOR_COLOUR)
    for start, end in _floor_lines(person_mm, radius):
        ends = stage.place(viewpoint.project(np.stack([start, end])), viewpoint)
        canvas.draw_line(image, ends[0], ends[1], FLOOR_LINE_COLOUR)
    for shadow in shadows:
        flat = stage.place(viewpoint.project(shadow * np.array([1.0, 1.0, 0.0])), viewpoint)
        for parent, joint in skeleton.BONES:
            canvas.draw_line(image, flat[parent], flat[joint], SHADOW_COLOUR, width)


def draw_figure(
    image: ndarray, stage: Stage, viewpoint: Viewpoint, joints_mm: Float[ndarray, "17 3"], width: int = 8
) -> None:
    """One figure; nearer bones hide farther ones, and farther ones are paler.

    Args:
        image: drawn on.
        stage: where.
        viewpoint: from where it is seen.
        joints_mm: relative to the point of the floor in the middle of the stage, z above the floor.
        width: of the bones, in pixels.
    """
    seen = viewpoint.project(joints_mm)
    joints_px = stage.place(seen, viewpoint)
    away = seen[:, 2]
    pale = np.clip((away - away.min()) / max(900.0, np.ptp(away)), 0, 1) * 0.35
    bones = sorted(skeleton.BONES, key=lambda bone: -(away[bone[0]] + away[bone[1]]))
    for parent, joint in bones:
        canvas.draw_line(image, joints_px[parent], joints_px[joint], canvas.PANEL, width + 4)
        colour = canvas.mixed(bone_colour(joint), canvas.PANEL, float(pale[joint] + pale[parent]) / 2)
        canvas.draw_line(image, joints_px[parent], joints_px[joint], colour, width)
        for end in (parent, joint):
            dot = canvas.mixed(canvas.SIDE_COLOURS[skeleton.side_of(end)], canvas.PANEL, float(pale[end]))
            canvas.fill_circle(image, joints_px[end], width * 0.72, dot)


def draw_on_photograph(image: ndarray, joints_px: Float[ndarray, "17 2"], width: int = 5) -> None:
    """A skeleton over a photograph, with a pale rim that keeps it readable on dark and on light clothes."""
    for parent, joint in skeleton.BONES:
        canvas.draw_line(image, joints_px[parent], joints_px[joint], canvas.PANEL, width + 4)
    for parent, joint in skeleton.BONES:
        canvas.draw_line(image, joints_px[parent], joints_px[joint], bone_colour(joint), width)
    for joint, place in enumerate(joints_px):
        canvas.fill_circle(image, place, width * 0.9 + 1.5, canvas.PANEL)
        canvas.fill_circle(image, place, width * 0.9, canvas.SIDE_COLOURS[skeleton.side_of(joint)])


def bone_colour(joint: int) -> canvas.Colour:
    """The colour of the bone that ends at `joint`, away from the root."""
    return canvas.SIDE_COLOURS[skeleton.side_of(joint)]


def _floor_lines(person_mm: ndarray, radius: float) -> list[tuple[ndarray, ndarray]]:
    """The chords that the world's square grid cuts from the disc around a person, relative to the person."""
    lines = []
    for axis in (0, 1):
        first = np.ceil((person_mm[axis] - radius) / FLOOR_SPACING_MM) * FLOOR_SPACING_MM
        for coordinate in np.arange(first, person_mm[axis] + radius, FLOOR_SPACING_MM):
            offset = coordinate - person_mm[axis]
            half = np.sqrt(max(radius**2 - offset**2, 0.0))
            ends = np.zeros((2, 3))
            ends[:, axis] = offset
            ends[:, 1 - axis] = [-half, half]
            lines.append((ends[0], ends[1]))
    return lines
