"""The grid task: which of the 10x10 cells of a crop hold a joint, or a good part of a bone that ends at it.

The definition is the original report's (Jha, EPFL 2015): a cell is positive for a joint when the joint lies in it, or
when more than 30 % of the length of one of the joint's bones (its edges to immediate neighbours) lies in it. The labels
are computed inside the jitted step, from the joints that the augmentation has moved.

Pixels: the centre of the top left pixel is (0, 0), so a 128x128 crop spans -0.5 to 127.5 on both axes. The cells are
numbered `row * cells + column` from the top left. A flat vector of 1700 logits is joint-major: reshape to (17, 100).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from h36m_pose import skeleton

CELLS = 10
CROP_PX = 128
BONE_SHARE = 0.3
"""A bone must have more than this share of its length in a cell."""
RULES = ("point", "bone", "point_or_bone")
REPORT_WINDOW_PX = 13.0
"""The original report's windows, wider than the spacing of 10 on 128 px, so that neighbours overlap a little."""

_ENDS_AT = np.array([[joint in bone for bone in skeleton.BONES] for joint in range(skeleton.JOINTS)])
_SHORTEST_PX = 1e-6  # Below this a bone is taken as standing still along an axis; a division would lose all digits.


def window_edges(cells: int = CELLS, crop_px: int = CROP_PX, window_px: float | None = None) -> np.ndarray:
    """Where the cells of one axis begin and end, in crop pixels.

    Args:
        cells: cells along the axis.
        crop_px: side of the crop.
        window_px: width of a cell. None: `crop_px / cells` (12.8 px), which tiles the crop exactly. Otherwise the
            windows are spread evenly, the first from the crop's first edge and the last to its last edge, as the
            report's 13 px windows (`REPORT_WINDOW_PX`): they begin every 12.78 px and overlap by 0.22 px.

    Returns:
        (cells, 2): first and last edge. A window holds its first edge and not its last.
    """
    window = crop_px / cells if window_px is None else window_px
    first = np.linspace(0.0, crop_px - window, cells) - 0.5
    return np.stack([first, first + window], axis=-1)


def point_cells(
    joints_px: Float[Array, "batch joints 2"],
    cells: int = CELLS,
    crop_px: int = CROP_PX,
    window_px: float | None = None,
) -> Bool[Array, "batch joints cells_squared"]:
    """The cells that each joint lies in; none for a joint outside the crop."""
    joints_px = jnp.asarray(joints_px)
    first, last = jnp.asarray(window_edges(cells, crop_px, window_px).T, joints_px.dtype)
    place = joints_px[..., None]
    inside = (place >= first[None, None, None]) & (place < last[None, None, None])
    both = inside[..., 1, :, None] & inside[..., 0, None, :]
    return both.reshape(*both.shape[:-2], cells * cells)


def bone_shares(
    joints_px: Float[Array, "batch joints 2"],
    cells: int = CELLS,
    crop_px: int = CROP_PX,
    window_px: float | None = None,
) -> Float[Array, "batch bones cells_squared"]:
    """The share of each bone's length that lies in each cell, by clipping the bone to the cell (Liang and Barsky).

    A bone is `start + t * (end - start)`. Each column of cells keeps one interval of t and each row another; a cell
    keeps their common part, whose length is the share. Bones are in the order of `skeleton.BONES`. A bone without
    length has its whole share in the cell it lies in.
    """
    joints_px = jnp.asarray(joints_px)
    first, last = jnp.asarray(window_edges(cells, crop_px, window_px).T, joints_px.dtype)
    parents, children = np.array(skeleton.BONES).T
    start = joints_px[:, parents, :, None]
    step = joints_px[:, children, :, None] - start
    stands = jnp.abs(step) < _SHORTEST_PX
    divisor = jnp.where(stands, 1.0, step)
    at_first = (first[None, None, None] - start) / divisor
    at_last = (last[None, None, None] - start) / divisor
    inside = (start >= first[None, None, None]) & (start < last[None, None, None])
    enters = jnp.where(stands, jnp.where(inside, 0.0, 1.0), jnp.minimum(at_first, at_last).clip(0.0, 1.0))
    leaves = jnp.where(stands, jnp.where(inside, 1.0, 0.0), jnp.maximum(at_first, at_last).clip(0.0, 1.0))
    enters = jnp.maximum(enters[..., 1, :, None], enters[..., 0, None, :])
    leaves = jnp.minimum(leaves[..., 1, :, None], leaves[..., 0, None, :])
    shares = jnp.maximum(leaves - enters, 0.0)
    return shares.reshape(*shares.shape[:-2], cells * cells)


def cell_labels(
    joints_px: Float[Array, "batch joints 2"],
    cells: int = CELLS,
    rule: str = "point_or_bone",
    crop_px: int = CROP_PX,
    window_px: float | None = None,
    bone_share: float = BONE_SHARE,
) -> Bool[Array, "batch joints cells_squared"]:
    """The labels of the grid task.

    Args:
        joints_px: the 17 joints in crop pixels; they may lie outside the crop.
        cells: cells along each side.
        rule: 'point_or_bone', the report's definition; or 'point', the cell of the joint alone; or 'bone', the cells of
            its bones alone.
        crop_px: side of the crop.
        window_px: None for cells that tile the crop (12.8 px), or the width of overlapping windows: see `window_edges`.
        bone_share: how much of a bone's length must be exceeded.

    Returns:
        True where a cell is positive. A joint outside the crop has no cell of its own, but the parts of its bones
        inside the crop still count.
    """
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule!r}; one of {', '.join(RULES)}")
    joints_px = jnp.asarray(joints_px)
    by_point = point_cells(joints_px, cells, crop_px, window_px)
    if rule == "point":
        return by_point
    long_enough = bone_shares(joints_px, cells, crop_px, window_px) > bone_share
    by_bone = jnp.einsum("jb,nbc->njc", _ENDS_AT.astype(joints_px.dtype), long_enough.astype(joints_px.dtype)) > 0
    return by_bone if rule == "bone" else by_point | by_bone
