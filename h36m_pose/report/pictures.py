"""Pictures as data URIs: single ones, and sheets that hold many frames for the player."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

SHEET_COLUMNS = 8
SHEET_FRAMES = 48
"""Frames on one sheet: few enough that a phone decodes it in a moment."""


def png_uri(image: ndarray) -> str:
    """A grey or RGB picture as PNG."""
    return _uri("png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def jpeg_uri(image: ndarray, quality: int) -> str:
    """A grey or RGB picture as JPEG."""
    return _uri("jpeg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])


def _uri(kind: str, image: ndarray, options: list[int]) -> str:
    swapped = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(f".{kind}", swapped, options)
    if not done:
        raise ValueError(f"OpenCV cannot write a {image.shape} picture as {kind}")
    return f"data:image/{kind};base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def sheets(frames: Sequence[UInt8[ndarray, "height width *colours"]], quality: int) -> list[str]:
    """Frames laid out on sheets of `SHEET_COLUMNS` columns, row by row, as JPEG.

    Sides must be multiples of 16, so that JPEG's blocks do not smear one frame into the next.
    """
    height, width = frames[0].shape[:2]
    if height % 16 or width % 16:
        raise ValueError(f"frames of {width}x{height} px, expected multiples of 16")
    uris = []
    for start in range(0, len(frames), SHEET_FRAMES):
        some = frames[start : start + SHEET_FRAMES]
        rows = -(-len(some) // SHEET_COLUMNS)
        sheet = np.zeros((rows * height, SHEET_COLUMNS * width, *frames[0].shape[2:]), np.uint8)
        for place, frame in enumerate(some):
            row, column = divmod(place, SHEET_COLUMNS)
            sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = frame
        uris.append(jpeg_uri(sheet, quality))
    return uris
