"""Draws the contact sheet of a view: a row per frame, from the camera's picture to the crop and its labels."""

import dataclasses
from collections.abc import Sequence

import cv2
import jax
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from h36m_pose import grid, skeleton
from h36m_pose.rendering import canvas

HEADINGS = (
    "Picture",
    "Square of the crop, 2D joints",
    "Silhouette",
    "Crop, positive cells of all joints",
    "Numbers",
)

_PANEL = 384
_NUMBERS = 416
_GAP, _MARGIN, _BETWEEN = 20, 48, 28
WIDTH = 2 * _MARGIN + 4 * (_PANEL + _GAP) + _NUMBERS
_BOX: canvas.Colour = (240, 190, 40)
_WARNING: canvas.Colour = (180, 0, 40)
_SPECK: canvas.Colour = (204, 121, 167)
_PERSON: canvas.Colour = (226, 229, 234)
_NOBODY: canvas.Colour = (38, 42, 50)
_BEYOND: canvas.Colour = (120, 126, 138)
_MIDDLE: canvas.Colour = (0, 158, 115)
_SIDES = {"left": canvas.LEFT, "right": canvas.RIGHT, "centre": _MIDDLE}
"""The spine's usual grey would not be seen on the dark ground of crops."""


@dataclasses.dataclass(frozen=True, eq=False)
class SheetRow:
    """One frame.

    Attributes:
        frame: its number.
        photo: the picture, red first.
        mask: the silhouette that was used, 1 on the person.
        release_mask: what the raw file has, where it differs; None without.
        box: of the silhouette: left, top, width, height, in pixels of the picture.
        square: of the crop: left, top, side.
        crop: the network's input.
        joints_px: the 17 joints in the picture.
        crop_joints_px: the same in the crop.
        numbers: what it is, value with unit, whether to warn.
        bones_mm: per pair of bones its name, left and right length.
    """

    frame: int
    photo: UInt8[ndarray, "height width 3"]
    mask: UInt8[ndarray, "height width"]
    release_mask: UInt8[ndarray, "height width"] | None
    box: tuple[int, int, int, int]
    square: tuple[int, int, int]
    crop: UInt8[ndarray, "128 128"]
    joints_px: Float[ndarray, "17 2"]
    crop_joints_px: Float[ndarray, "17 2"]
    numbers: Sequence[tuple[str, str, bool]]
    bones_mm: Sequence[tuple[str, float, float]]


def draw_sheet(
    title: str, facts: Sequence[tuple[str, bool]], rows: Sequence[SheetRow], most_unlike_mm: float
) -> UInt8[ndarray, "height width 3"]:
    """The whole sheet.

    Args:
        title: of the view.
        facts: about all of it, each with whether to warn.
        rows: the frames.
        most_unlike_mm: left and right bones that differ by more are pointed out.
    """
    lines = _fact_lines(facts)
    top = 126 + 28 * len(lines) + 22
    height = top + len(rows) * (_PANEL + _BETWEEN) + _MARGIN - _BETWEEN
    image = canvas.blank(WIDTH, height)
    canvas.write(image, title, (_MARGIN, 76), 36, bold=True)
    _draw_legend(image)
    for number, line in enumerate(lines):
        x = float(_MARGIN)
        for words, warn in line:
            x += canvas.write(image, words, (x, 124 + 28 * number), 18, _colour(warn), bold=warn) + _FACT_GAP
    for number, words in enumerate(HEADINGS):
        canvas.write(image, words, (_left(number), top - 12), 18, bold=True)
    labels = np.asarray(jax.jit(grid.cell_labels)(np.stack([row.crop_joints_px for row in rows]).astype(np.float32)))
    for number, row in enumerate(rows):
        y = top + number * (_PANEL + _BETWEEN)
        for place, panel in enumerate((_whole(row), _square(row), _silhouette(row), _crop(row, labels[number]))):
            image[y : y + _PANEL, _left(place) : _left(place) + _PANEL] = panel
        _write_numbers(image, _left(4), y, row, most_unlike_mm)
    return image


_FACT_GAP = 36


def _left(place: int) -> int:
    return _MARGIN + place * (_PANEL + _GAP)


def _colour(warn: bool) -> canvas.Colour:
    return _WARNING if warn else canvas.MUTED


def _fact_lines(facts: Sequence[tuple[str, bool]]) -> list[list[tuple[str, bool]]]:
    """The facts, as many on a line as fit."""
    lines: list[list[tuple[str, bool]]] = []
    room = 0
    for words, warn in facts:
        for part in canvas.wrapped(words, 18, (WIDTH - 2 * _MARGIN) * 9 // 10):
            needed = canvas.text_width(part, 18, warn) + _FACT_GAP
            if needed > room:
                lines.append([])
                room = WIDTH - 2 * _MARGIN
            lines[-1].append((part, warn))
            room -= needed
    return lines


def _draw_legend(image: ndarray) -> None:
    """What the colours stand for, at the right of the title, from right to left."""
    x = float(WIDTH - _MARGIN)
    for word, colour in (
        ("square of the crop", canvas.PANEL),
        ("silhouette's box", _BOX),
        ("in the mask file, not used", _SPECK),
        ("middle", _MIDDLE),
        ("right side", canvas.RIGHT),
        ("left side", canvas.LEFT),
    ):
        canvas.write(image, word, (x, 74), 18, align="right")
        x -= canvas.text_width(word, 18) + 12
        if colour == canvas.PANEL:
            canvas.draw_line(image, (x - 28, 68), (x, 68), canvas.INK, 9)
        canvas.draw_line(image, (x - 28, 68), (x, 68), colour, 7 if colour != canvas.PANEL else 5)
        x -= 28 + 26


def _whole(row: SheetRow) -> ndarray:
    """The camera's picture with box, square and skeleton."""
    height, width = row.photo.shape[:2]
    scale = _PANEL / max(height, width)
    size = round(width * scale), round(height * scale)
    panel = canvas.blank(_PANEL, _PANEL)
    panel[: size[1], : size[0]] = cv2.resize(row.photo, size, interpolation=cv2.INTER_AREA)
    inside = panel[: size[1], : size[0]]

    def there(points: ndarray) -> ndarray:
        return (points + 0.5) * scale - 0.5

    left, top, side = row.square
    _draw_box(inside, there(np.array([left - 0.5, top - 0.5])), there(np.array([left, top]) + side - 0.5), canvas.PANEL)
    left, top, width, height = row.box
    _draw_box(
        inside, there(np.array([left - 0.5, top - 0.5])), there(np.array([left + width, top + height]) - 0.5), _BOX
    )
    _draw_skeleton(inside, there(row.joints_px), 2)
    return panel


def _square(row: SheetRow) -> ndarray:
    """The part of the picture that the crop shows, with the joints large."""
    panel = _zoomed(row.photo, row.square, _BEYOND)
    left, top, width, height = row.box
    corner, scale = np.array(row.square[:2]), _PANEL / row.square[2]
    _draw_box(
        panel, (np.array([left, top]) - corner) * scale - 0.5,
        (np.array([left + width, top + height]) - corner) * scale - 0.5, _BOX,
    )  # fmt: skip
    _draw_skeleton(panel, _enlarged(row.crop_joints_px), 3, rim=2)
    return panel


def _silhouette(row: SheetRow) -> ndarray:
    """The silhouette that was used; what the raw file has besides is marked."""
    colours = np.full((*row.mask.shape, 3), _NOBODY, np.uint8)
    if row.release_mask is not None:
        colours[row.release_mask > 0] = _SPECK
    colours[row.mask > 0] = _PERSON
    panel = _zoomed(colours, row.square, _BEYOND)
    _draw_skeleton(panel, _enlarged(row.crop_joints_px), 2)
    return panel


def _crop(row: SheetRow, labels: Bool[ndarray, "17 cells_squared"]) -> ndarray:
    """The network's input, pixel for pixel, with the cells that the grid task wants to be found."""
    panel = cv2.cvtColor(cv2.resize(row.crop, (_PANEL, _PANEL), interpolation=cv2.INTER_NEAREST), cv2.COLOR_GRAY2RGB)
    panel = np.asarray(panel, np.uint8)
    edges = (np.arange(grid.CELLS + 1) * (_PANEL / grid.CELLS)).round().astype(int)
    for edge in edges[1:-1]:
        canvas.draw_line(panel, (edge - 0.5, 0), (edge - 0.5, _PANEL), (82, 88, 98))
        canvas.draw_line(panel, (0, edge - 0.5), (_PANEL, edge - 0.5), (82, 88, 98))
    for cell in np.flatnonzero(labels.any(axis=0)):
        line, column = divmod(int(cell), grid.CELLS)
        sides = {skeleton.side_of(int(joint)) for joint in np.flatnonzero(labels[:, cell])}
        _tint_cell(panel, edges[line : line + 2], edges[column : column + 2], [_SIDES[side] for side in sorted(sides)])
    _draw_joints(panel, _enlarged(row.crop_joints_px), 3.5, rim=1.5)
    return panel


def _tint_cell(panel: ndarray, rows: ndarray, columns: ndarray, colours: list[canvas.Colour]) -> None:
    """Lays colours over a cell, side by side, with a brighter frame; a mixture of blue and vermilion would be grey."""
    bands = np.linspace(columns[0], columns[1], len(colours) + 1).round().astype(int)
    for colour, first, last in zip(colours, bands, bands[1:], strict=False):
        outer, inner = panel[rows[0] : rows[1], first:last], panel[rows[0] + 2 : rows[1] - 2, first + 2 : last - 2]
        tinted = np.round(inner * 0.62 + np.array(colour) * 0.38).astype(np.uint8)
        outer[:] = np.round(outer * 0.2 + np.array(colour) * 0.8).astype(np.uint8)
        inner[:] = tinted


def _enlarged(crop_joints_px: Float[ndarray, "17 2"]) -> Float[ndarray, "17 2"]:
    return (crop_joints_px + 0.5) * (_PANEL / grid.CROP_PX) - 0.5


def _zoomed(picture: UInt8[ndarray, "height width 3"], square: tuple[int, int, int], beyond: canvas.Colour) -> ndarray:
    """A square of a picture, which may reach beyond it, at the size of a panel."""
    left, top, side = square
    height, width = picture.shape[:2]
    part = canvas.blank(side, side, beyond)
    first_row, first_column = max(0, top), max(0, left)
    last_row, last_column = min(height, top + side), min(width, left + side)
    part[first_row - top : last_row - top, first_column - left : last_column - left] = picture[
        first_row:last_row, first_column:last_column
    ]
    way = cv2.INTER_AREA if side > _PANEL else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (_PANEL, _PANEL), interpolation=way), np.uint8)


def _draw_box(image: ndarray, first: ndarray, last: ndarray, colour: canvas.Colour) -> None:
    corners = np.array([first, (last[0], first[1]), last, (first[0], last[1])])
    canvas.draw_path(image, corners, canvas.INK, 4, closed=True)
    canvas.draw_path(image, corners, colour, 2, closed=True)


def _draw_skeleton(image: ndarray, joints_px: Float[ndarray, "17 2"], width: int, rim: int = 0) -> None:
    """Bones and joints; with a pale rim of so many pixels, which keeps them apart from any clothes."""
    for parent, joint in skeleton.BONES if rim else ():
        canvas.draw_line(image, joints_px[parent], joints_px[joint], canvas.PANEL, width + 2 * rim)
    for parent, joint in skeleton.BONES:
        canvas.draw_line(image, joints_px[parent], joints_px[joint], _SIDES[skeleton.side_of(joint)], width)
    if rim:
        _draw_joints(image, joints_px, 1.2 * width, rim)


def _draw_joints(image: ndarray, joints_px: Float[ndarray, "17 2"], radius: float, rim: float) -> None:
    for joint, place in enumerate(joints_px):
        canvas.fill_circle(image, place, radius + rim, canvas.PANEL)
        canvas.fill_circle(image, place, radius, _SIDES[skeleton.side_of(joint)])


def _write_numbers(image: ndarray, left: int, top: int, row: SheetRow, most_unlike_mm: float) -> None:
    canvas.write(image, f"frame {row.frame:,}", (left, top + 17), 22, bold=True)
    y = top + 47
    for name, value, warn in row.numbers:
        canvas.write(image, name, (left, y), 15, canvas.MUTED)
        canvas.write(image, value, (left + _NUMBERS, y), 15, _WARNING if warn else canvas.INK, bold=warn, align="right")
        y += 21
    y += 8
    columns = left + _NUMBERS - 90, left + _NUMBERS
    canvas.write(image, "bones, mm", (left, y), 15, canvas.MUTED)
    for x, side in zip(columns, ("left", "right"), strict=True):
        canvas.write(image, side, (x, y), 15, canvas.SIDE_COLOURS[side], bold=True, align="right")
    for name, *lengths in row.bones_mm:
        y += 20
        warn = abs(lengths[0] - lengths[1]) > most_unlike_mm
        canvas.write(image, name, (left, y), 15, canvas.MUTED)
        for x, length in zip(columns, lengths, strict=True):
            canvas.write(image, f"{length:.0f}", (x, y), 15, _WARNING if warn else canvas.INK, warn, align="right")
