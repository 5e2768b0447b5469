"""Text, lines and colours on an RGB array, smooth at their edges.

Positions are (x, y) in pixels, the centre of the top left pixel at (0, 0). The two sides of the body are blue and
vermilion of the Okabe-Ito palette, which people with any common colour blindness can tell apart.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy import ndarray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Place = Sequence[float | int] | ndarray

PAPER: Colour = (246, 247, 249)
PANEL: Colour = (255, 255, 255)
INK: Colour = (28, 32, 40)
MUTED: Colour = (96, 102, 114)
FAINT: Colour = (214, 218, 225)
LEFT: Colour = (0, 114, 178)
RIGHT: Colour = (213, 94, 0)
CENTRE: Colour = (58, 64, 76)
SIDE_COLOURS = {"left": LEFT, "right": RIGHT, "centre": CENTRE}

_SHIFT = 4  # OpenCV takes positions in 1/16 px.


def blank(width: int, height: int, colour: Colour = PAPER) -> ndarray:
    """A new picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour, the rest of the first."""
    red, green, blue = (round(one + share * (two - one)) for one, two in zip(colour, other, strict=True))
    return red, green, blue


def draw_line(image: ndarray, start: Place, end: Place, colour: Colour, width: int = 1) -> None:
    """A line with round ends."""
    cv2.line(image, _fixed(start), _fixed(end), colour, width, cv2.LINE_AA, _SHIFT)


def draw_path(image: ndarray, points: ndarray, colour: Colour, width: int = 1, closed: bool = False) -> None:
    """Lines from point to point; `points` is (n, 2)."""
    fixed = np.round(np.asarray(points) * 2**_SHIFT).astype(np.int32)
    cv2.polylines(image, [fixed[:, None]], closed, colour, width, cv2.LINE_AA, _SHIFT)


def fill_polygon(image: ndarray, points: ndarray, colour: Colour) -> None:
    """The inside of a convex polygon; `points` is (n, 2)."""
    fixed = np.round(np.asarray(points) * 2**_SHIFT).astype(np.int32)
    cv2.fillConvexPoly(image, fixed[:, None], colour, cv2.LINE_AA, _SHIFT)


def fill_circle(image: ndarray, centre: Place, radius: float, colour: Colour) -> None:
    """A disc."""
    cv2.circle(image, _fixed(centre), round(radius * 2**_SHIFT), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def fill_box(image: ndarray, left: int, top: int, width: int, height: int, colour: Colour) -> None:
    """A rectangle of whole pixels."""
    image[top : top + height, left : left + width] = colour


def write(
    image: ndarray,
    text: str,
    place: Place,
    size: int,
    colour: Colour = INK,
    bold: bool = False,
    align: str = "left",
) -> int:
    """Writes one line of text; returns its width in pixels.

    Args:
        image: written on. What falls outside is cut off.
        text: without line breaks.
        place: where the base line begins ('left'), has its middle ('centre') or ends ('right').
        size: of the font in pixels.
        colour: of the text.
        bold: the heavier cut.
        align: 'left', 'centre' or 'right'.
    """
    if not text:
        return 0
    mask, ascent, advance = _text_mask(text, size, bold)
    left = round(place[0] - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * advance)
    top = round(place[1]) - ascent
    first_row, first_column = max(0, -top), max(0, -left)
    target = image[max(0, top) : max(0, top + mask.shape[0]), max(0, left) : max(0, left + mask.shape[1])]
    share = mask[first_row : first_row + target.shape[0], first_column : first_column + target.shape[1], None]
    target[:] = np.round(target + share * (np.array(colour, np.float32) - target)).astype(np.uint8)
    return advance


def text_width(text: str, size: int, bold: bool = False) -> int:
    """How many pixels `write` would take."""
    return round(_font(size, bold).getlength(text))


def wrapped(text: str, size: int, width: int) -> list[str]:
    """The text on lines of at most `width` pixels, broken at spaces."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@functools.cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which Matplotlib brings along: the pictures look the same on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


@functools.lru_cache(maxsize=512)
def _text_mask(text: str, size: int, bold: bool) -> tuple[ndarray, int, int]:
    """How much each pixel is covered (0 to 1), rows above the base line, and the width for alignment."""
    font = _font(size, bold)
    ascent, descent = font.getmetrics()
    advance = text_width(text, size, bold)
    picture = Image.new("L", (advance + size // 2, ascent + descent))
    ImageDraw.Draw(picture).text((0, 0), text, fill=255, font=font)
    return np.asarray(picture, np.float32) / 255.0, ascent, advance


def _fixed(place: Place) -> tuple[int, int]:
    return round(float(place[0]) * 2**_SHIFT), round(float(place[1]) * 2**_SHIFT)
