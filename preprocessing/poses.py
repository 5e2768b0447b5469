"""Reads the release's poses: CDF files with one variable, `Pose`, of (1, frames, 96) or (1, frames, 64) numbers."""

import struct
import zlib
from pathlib import Path

import cdflib
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.skeleton import NAMES_32
from preprocessing.cdf_structure import MOST_BYTES, is_cdf, variable_names
from preprocessing.raw_file import require_file

VARIABLE = "Pose"
_AGAIN = "Unpack this file from its archive again"

_LARGEST = 1_000_000
"""In mm, which is a kilometre, or px: beyond any room and picture."""

_LEAST_MM, _MOST_MM = 500, 5000
"""From joint to joint of a body along an axis, in the frame where it is at its widest."""

_MALFORMED = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, ArithmeticError, RuntimeError,
    MemoryError, UnboundLocalError, struct.error, zlib.error,
)  # fmt: skip
"""What cdflib raises, according to where in a file the damage is. The file is known to be readable by then."""


def read_positions(path: Path, axes: int) -> Float[ndarray, "frames 32 axes"]:
    """Reads the joints of every frame of one CDF file, whichever way round it is stored.

    Args:
        path: of `D2_Positions` (px), `D3_Positions` (world mm) or `D3_Positions_mono` (camera mm).
        axes: 2 for `D2_Positions`, else 3.

    Raises:
        InputError: if it is no CDF file, has no `Pose`, another size, no frames, or numbers that are no joints: not
            finite, of the order of a kilometre, the same for all joints of a frame, or not in millimetres.
    """
    values = _read_variable(path)
    numbers = len(NAMES_32) * axes
    if values.ndim not in (2, 3) or values.shape[-1] != numbers or (values.ndim == 3 and values.shape[0] != 1):
        expected = f"(1, frames, {numbers}): {len(NAMES_32)} joints of {axes} numbers"
        mend = "Check that the file is of the kind that its folder names, and unpack it again"
        raise InputError(path, f"`{VARIABLE}` of shape {values.shape}", expected, mend)
    joints = values.reshape(-1, len(NAMES_32), axes).astype(np.float64)
    if len(joints) == 0:
        raise InputError(path, "no frames", "at least one", _AGAIN)
    with np.errstate(invalid="ignore"):
        for what, spoiled, expected in (
            ("numbers that are not finite", ~np.isfinite(joints).all(axis=(1, 2)), "finite numbers"),
            ("numbers too large", (np.abs(joints) > _LARGEST).any(axis=(1, 2)), f"numbers below {_LARGEST:,}"),
            ("all joints in one place", (joints == joints[:, :1]).all(axis=(1, 2)), "the joints of a body"),
        ):
            if spoiled.any():
                found = f"{what} in {spoiled.sum()} of {len(joints)} frames, the first is {spoiled.argmax()}"
                raise InputError(path, found, expected, _AGAIN)
    across = float(np.ptp(joints, axis=1).max())
    if axes == 3 and not _LEAST_MM <= across <= _MOST_MM:
        found = f"joints that lie {across:.4g} apart at most"
        expected = f"{_LEAST_MM} to {_MOST_MM}: the release is in millimetres"
        raise InputError(path, found, expected, "Convert the file to millimetres, or unpack it again")
    return joints


def _read_variable(path: Path) -> ndarray:
    expected = "a CDF file of the release"
    require_file(path, expected)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(path, f"a file of {size:,} bytes", f"{expected}, which has a hundredth of that", _AGAIN)
    try:
        content = path.read_bytes()
        if not is_cdf(content):
            raise InputError(path, "no CDF file" if content else "an empty file", expected, _AGAIN)
        names = variable_names(content)
        if VARIABLE in names:
            values = np.asarray(cdflib.CDF(path).varget(VARIABLE))
    except _MALFORMED as error:
        raise InputError(path, f"a damaged CDF file ({_brief(error)})", "a whole one", _AGAIN) from error
    if VARIABLE not in names:
        found = f"no variable `{VARIABLE}`, only {', '.join(names) or 'none'}"
        raise InputError(path, found, f"the variable `{VARIABLE}`", "Give the files of the release's Poses archives")
    if values.dtype.kind != "f":
        raise InputError(path, f"`{VARIABLE}` of type {values.dtype}", "float32 numbers", _AGAIN)
    return values


def _brief(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:80]
