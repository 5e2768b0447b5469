"""A picture of all conditions: one crop under each, with the error over all frames."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from h36m_pose import provenance
from h36m_pose.rendering import canvas
from h36m_pose.rendering.media_files import write_picture

_COLUMNS = 6
_SIDE, _GAP, _MARGIN, _WORDS = 192, 24, 40, 62
_TOP = 104
WIDTH = 2 * _MARGIN + _COLUMNS * (_SIDE + _GAP) - _GAP
_WORSE: canvas.Colour = (180, 0, 40)
_MUCH = 1.5
"""Ratios to the clean error from which on numbers are pointed out."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """The frame that is shown.

    Attributes:
        name: of the view, and the frame.
        spoilt: its crop by the condition's name.
    """

    name: str
    spoilt: Mapping[str, UInt8[ndarray, "side side"]]


def write_sheet(path: Path, sample: Sample, results: dict[str, Any]) -> None:
    """Writes the picture of the conditions that were measured."""
    title = "What spoilt crops cost"
    comment = provenance.one_line(results[provenance.KEY], identity=results["identity"])
    write_picture(path, draw_sheet(title, sample, results), title, comment)


def draw_sheet(title: str, sample: Sample, results: dict[str, Any]) -> UInt8[ndarray, "height width 3"]:
    """Draws it: a tile per condition, in the order of the results."""
    conditions = results["conditions"]
    protocol = canvas.wrapped(
        f"MPJPE over {results['frames']:,} frames: {results['protocol']}.", 14, WIDTH - 2 * _MARGIN
    )
    rows = -(-len(conditions) // _COLUMNS)
    height = _TOP + rows * (_SIDE + _WORDS) + 20 * len(protocol) + _MARGIN
    image = canvas.blank(WIDTH, height)
    canvas.write(image, title, (_MARGIN, 54), 30, bold=True)
    canvas.write(
        image,
        f"{sample.name}; the numbers are mean errors over {results['frames']:,} test frames",
        (_MARGIN, 82),
        16,
        canvas.MUTED,
    )
    for number, (name, values) in enumerate(conditions.items()):
        left = _MARGIN + number % _COLUMNS * (_SIDE + _GAP)
        top = _TOP + number // _COLUMNS * (_SIDE + _WORDS)
        crop = cv2.resize(sample.spoilt[name], (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST)
        image[top : top + _SIDE, left : left + _SIDE] = np.asarray(crop)[..., None]
        much = values["ratio"] >= _MUCH
        canvas.write(image, name, (left, top + _SIDE + 22), 16)
        words = f"{values['mpjpe']:.1f} mm"
        colour = _WORSE if much else canvas.INK
        canvas.write(image, words, (left + _SIDE, top + _SIDE + 22), 16, colour, bold=True, align="right")
    for number, line in enumerate(protocol):
        canvas.write(image, line, (_MARGIN, height - _MARGIN + 8 - 20 * (len(protocol) - 1 - number)), 14, canvas.MUTED)
    return image
