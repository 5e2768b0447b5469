"""What can be wrong with masks: too few, empty, cut, of another format, another view's.

Each function is the fault of its name in `faults.FAULTS`: it is given the views and returns what was done, by file.
"""

from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import scipy.io

from h36m_pose.atomic_files import replacing
from preprocessing.capture import raw_files
from preprocessing.masks import VARIABLE, open_masks
from preprocessing.rehearsal.places import Place
from preprocessing.rehearsal.rewriting import Changes, cut, exchange, remove

_HEADER_BYTES = 116
_SAVED_IN_MATLAB_5 = 20
"""Masks that are kept in that format: it is refused by its first words."""


def missing_masks(place: Place) -> Changes:
    return {view.masks: remove(view.masks) for view in place}


def few_masks(place: Place) -> Changes:
    changes = {}
    for view in place:
        count = _count(view.masks)
        _write(view.masks, count // 2)
        changes[view.masks] = f"only the first {count // 2} of {count} masks"
    return changes


def empty_masks(place: Place) -> Changes:
    changes = {}
    for view in place:
        count = _count(view.masks)
        empty = range(1, count, 3)
        _write(view.masks, count, empty)
        changes[view.masks] = f"{len(empty)} of {count} masks emptied"
    return changes


def truncated_masks(place: Place) -> Changes:
    return {view.masks: cut(view.masks, 0.5) for view in place}


def matlab5_masks(place: Place) -> Changes:
    for view in place:
        with open_masks(view.masks) as masks:
            cells = np.empty((min(len(masks), _SAVED_IN_MATLAB_5), 1), object)
            for frame in range(len(cells)):
                cells[frame, 0] = masks.read(frame)
        with replacing(view.masks) as temporary:
            scipy.io.savemat(temporary, {VARIABLE: cells}, do_compression=True)
            with temporary.open("r+b") as stream:  # its free text holds the time of day
                stream.write(b"MATLAB 5.0 MAT-file".ljust(_HEADER_BYTES))
    return {view.masks: "saved again in the format of MATLAB 5" for view in place}


def swapped_masks(place: Place) -> Changes:
    one, other = place
    return exchange(one.masks, other.masks)


def _count(path: Path) -> int:
    with open_masks(path) as masks:
        return len(masks)


def _write(path: Path, count: int, empty: Collection[int] = ()) -> None:
    """Writes the first masks again, some of them empty."""
    with open_masks(path) as masks, raw_files.open_masks(path, masks.width_px, masks.height_px) as writer:
        for frame in range(count):
            mask = masks.read(frame)
            left, top, width, height = (0, 0, 0, 0) if frame in empty else cv2.boundingRect(mask)
            writer.append_silhouette(mask, (left, top, left + width, top + height))


DAMAGE = {
    damage.__name__: damage
    for damage in (missing_masks, few_masks, empty_masks, truncated_masks, matlab5_masks, swapped_masks)
}
