"""Reads the release's poses: CDF files with one variable, `Pose`, of (1, frames, 96) or (1, frames, 64) numbers."""

import math
import struct
import zlib
from pathlib import Path

import cdflib
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from h36m_pose.errors import InputError
from h36m_pose.skeleton import NAMES_32
from preprocessing.raw_file import require_file

VARIABLE = "Pose"
_AGAIN = "Unpack this file from its archive again"

_VERSION_3, _VERSION_2, _NOT_COMPRESSED = b"\xcd\xf3\x00\x01", b"\xcd\xf2\x60\x02", b"\x00\x00\xff\xff"
_COMPRESSED = b"\xcc\xcc\x00\x01"
_LARGEST = 1_000_000
"""In mm, which is a kilometre, or px: beyond any room and picture."""

_LEAST_MM, _MOST_MM = 500, 5000
"""From joint to joint of a body along an axis, in the frame where it is at its widest."""

_LEAST_RECORD_BYTES = 300
"""Of the records that describe a variable or an attribute."""
_MOST_DEFLATED = 1032
"""Numbers that a byte of a compressed file can stand for."""

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
    require_file(path, "a CDF file of the release")
    content = path.read_bytes()
    if content[:4] not in (_VERSION_3, _VERSION_2):
        found = "no CDF file" if content else "an empty file"
        raise InputError(path, found, "a CDF file of the release", _AGAIN)
    try:
        if content[:4] == _VERSION_3 and content[4:8] != _COMPRESSED:
            _check_directory(content)
        with cdflib.CDF(path) as file:
            names = file.cdf_info().zVariables + file.cdf_info().rVariables
            if VARIABLE in names:
                values = np.asarray(file.varget(VARIABLE))
    except _MALFORMED as error:
        raise InputError(path, f"a damaged CDF file ({_brief(error)})", "a whole one", _AGAIN) from error
    if VARIABLE not in names:
        found = f"no variable `{VARIABLE}`, only {', '.join(names) or 'none'}"
        raise InputError(path, found, f"the variable `{VARIABLE}`", "Give the files of the release's Poses archives")
    if values.dtype.kind != "f":
        raise InputError(path, f"`{VARIABLE}` of type {values.dtype}", "float32 numbers", _AGAIN)
    return values


def _check_directory(content: bytes) -> None:
    """Raises ValueError if the file is shorter than it says, or announces more than can be in it.

    cdflib believes these numbers: in a spoiled file it may look for four thousand million variables, one by one.
    """
    (directory,) = struct.unpack_from(">q", content, 20)
    r_first, z_first, _, end, in_r, attributes, _, dimensions, in_z = struct.unpack_from(
        ">4q5i", content, directory + 12
    )
    if end > len(content):
        raise ValueError(f"{len(content)} of {end} bytes")
    most = len(content) // _LEAST_RECORD_BYTES
    if content[4:8] != _NOT_COMPRESSED or not all(0 <= n <= most for n in (in_r, in_z, attributes, dimensions)):
        raise ValueError("a spoiled directory")
    for place, count, has_axes in ((r_first, in_r, False), (z_first, in_z, True)):
        for _ in range(count):
            following, _, last_record = struct.unpack_from(">q2i", content, place + 12)
            (axes,) = struct.unpack_from(">i", content, place + 340) if has_axes else (0,)
            if not 0 <= axes < 10:
                raise ValueError("a spoiled description of a variable")
            sizes = struct.unpack_from(f">{axes}i", content, place + 344)
            if min(sizes, default=1) < 1 or math.prod(sizes) * (last_record + 1) > _MOST_DEFLATED * len(content):
                raise ValueError("a spoiled description of a variable")
            place = following


def _brief(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text[:80]
