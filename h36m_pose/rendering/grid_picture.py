"""What the pretrained network answers: the probability of each grid cell, laid over its input."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from h36m_pose import skeleton
from h36m_pose.rendering import canvas


def draw_grid(
    crop: UInt8[ndarray, "side side"],
    probabilities: Float[ndarray, "cells_squared"],
    labels: Bool[ndarray, "cells_squared"] | None = None,
    colour: canvas.Colour = canvas.RIGHT,
    side_px: int = 384,
) -> UInt8[ndarray, "side_px side_px 3"]:
    """One joint's cells over the crop: the surer the network, the fuller the colour; true cells are outlined.

    Args:
        crop: the network's input.
        probabilities: of the joint's cells, row by row.
        labels: the true cells, or None.
        colour: of the cells.
        side_px: of the picture.
    """
    cells = round(len(probabilities) ** 0.5)
    image = cv2.cvtColor(cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)
    probability = np.asarray(probabilities, np.float32).reshape(cells, cells)
    column = np.minimum((np.arange(side_px) * cells) // side_px, cells - 1)
    share = (0.85 * probability[column][:, column])[..., None]
    image = np.round(image + share * (np.array(colour, np.float32) - image)).astype(np.uint8)
    edges = np.arange(cells + 1) * side_px / cells - 0.5
    for edge in edges[1:-1]:
        canvas.draw_line(image, (edge, 0), (edge, side_px), (62, 66, 74))
        canvas.draw_line(image, (0, edge), (side_px, edge), (62, 66, 74))
    if labels is not None:
        for row, col in np.argwhere(np.asarray(labels).reshape(cells, cells)):
            corners = np.array([(col, row), (col + 1, row), (col + 1, row + 1), (col, row + 1)])
            canvas.draw_path(image, edges[corners], canvas.PANEL, 2, closed=True)
    return image


def draw_all_grids(
    crop: UInt8[ndarray, "side side"],
    probabilities: Float[ndarray, "17 cells_squared"],
    labels: Bool[ndarray, "17 cells_squared"] | None = None,
) -> UInt8[ndarray, "height width 3"]:
    """The crop and the 17 joints' grids, in three rows of six, each under its name."""
    side, gap, top = 280, 24, 40
    image = canvas.blank(6 * (side + gap) + gap, 3 * (side + top) + gap)
    for number in range(1 + skeleton.JOINTS):
        left, y = gap + number % 6 * (side + gap), top + number // 6 * (side + top)
        if number == 0:
            name, drawn = "input", draw_grid(crop, np.zeros(100), side_px=side)
        else:
            joint = number - 1
            truth = None if labels is None else labels[joint]
            colour = canvas.SIDE_COLOURS[skeleton.side_of(joint)]
            colour = (0, 158, 115) if colour == canvas.CENTRE else colour  # dark on black would not be seen
            name, drawn = skeleton.NAMES[joint], draw_grid(crop, probabilities[joint], truth, colour, side)
        image[y : y + side, left : left + side] = drawn
        canvas.write(image, name, (left, y - 10), 18, bold=True)
    return image
