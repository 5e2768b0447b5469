"""How a body's surface follows its bones: four weights per vertex, and the kernel that moves the vertices."""

import math
from typing import Any

import numpy as np
from numpy import ndarray

from preprocessing.capture.anatomy import BONES, SIDES
from preprocessing.capture.compiled import compiled
from preprocessing.capture.figure import Figure, add_arm, add_shoulders, add_trunk
from preprocessing.capture.motion import BONE_INDEX, SIDE_SIGN, Motion
from preprocessing.capture.solids import Shape

REGIONS = ("trunk", "leg", "foot", "arm", "head")
"""Which chain of bones a part of the body may follow: a shirt "trunk" and arms, trousers "leg", and so on."""


def _ramp(value: ndarray, low: Any, high: Any) -> ndarray:
    """0 below `low`, 1 above `high` (or the other way round), smooth between."""
    share = np.clip((value - low) / (np.asarray(high) - low), 0, 1)
    return share * share * (3 - 2 * share)


def bone_weights(figure: Figure, points_mm: ndarray, region: str) -> tuple[ndarray, ndarray]:
    """Four bones (n, 4) int32 and their weights (n, 4) float32, which sum to one, for points of one region."""
    weights = np.zeros((len(points_mm), len(BONES)))
    if region == "foot":
        for side in SIDES:
            mine = points_mm[:, 1] * SIDE_SIGN[side] > 0
            toes = _ramp(points_mm[:, 0], figure.joint[f"{side} ball"][0] - 22, figure.joint[f"{side} ball"][0] + 16)
            weights[:, BONE_INDEX[f"{side} foot"]] = mine * (1 - toes)
            weights[:, BONE_INDEX[f"{side} toes"]] = mine * toes
    elif region == "head":
        _share_out(weights, [1.0], _trunk_chain(figure, points_mm), ("pelvis", "spine", "chest", "head"))
    elif region == "leg":
        _add_legs(figure, points_mm, weights)
    else:
        _add_arms(figure, points_mm, weights, trunk=region == "trunk")
    order = np.argsort(-weights, axis=1)[:, :4]
    kept = np.take_along_axis(weights, order, axis=1)
    return order.astype(np.int32), (kept / kept.sum(axis=1, keepdims=True)).astype(np.float32)


def _share_out(weights: ndarray, total, shares: ndarray, bones: tuple[str, ...]) -> None:
    for column, bone in enumerate(bones):
        weights[:, BONE_INDEX[bone]] += total * shares[:, column]


def _trunk_chain(figure: Figure, points_mm: ndarray) -> ndarray:
    """Shares (n, 4) of pelvis, spine, chest and head, by height."""
    height = points_mm[:, 2]
    spine = _ramp(height, figure.trunk_height(0.04), figure.trunk_height(0.34))
    chest = _ramp(height, figure.trunk_height(0.34), figure.trunk_height(0.64))
    head = _ramp(height - 0.35 * points_mm[:, 0], figure.neck[2] - 8, figure.neck[2] + 62 * figure.scale)
    steps = np.stack([np.ones_like(spine), spine, chest, head, np.zeros_like(spine)], axis=1)
    return steps[:, :-1] - steps[:, 1:]


def _add_legs(figure: Figure, points_mm: ndarray, weights: ndarray, total: Any = 1.0, *, hem: bool = False) -> None:
    """Shares `total` out to the trunk above the hips and both legs below them; a `hem` hangs across both legs."""
    height, hip = points_mm[:, 2], figure.pelvis[2]
    thigh = _ramp(height, hip + 60 * figure.scale, hip - 95 * figure.scale)
    chain = _trunk_chain(figure, points_mm)
    _share_out(weights, total * (1 - thigh), chain, ("pelvis", "spine", "chest", "head"))
    width = 4 + 34 * _ramp(height, hip - 190 * figure.scale, hip - 40 * figure.scale)
    if hem:
        width = np.full_like(height, 95 * figure.scale)
    left = _ramp(points_mm[:, 1], -width, width)
    for side, share in (("left", left), ("right", 1 - left)):
        knee = figure.joint[f"{side} knee"][2]
        shank = _ramp(height, knee + 58 * figure.scale, knee - 52 * figure.scale)
        weights[:, BONE_INDEX[f"{side} thigh"]] += total * thigh * share * (1 - shank)
        weights[:, BONE_INDEX[f"{side} shank"]] += total * thigh * share * shank


def _add_arms(figure: Figure, points_mm: ndarray, weights: ndarray, *, trunk: bool) -> None:
    """Arms take what is nearer to them than to the trunk; the rest follows spine and legs."""
    shares = np.linspace(-0.17, 1, 24)
    core = add_trunk(Shape(), figure, shares, figure.trunk_table(shares))
    from_trunk = add_shoulders(core, figure).distance(points_mm)
    rest = np.ones(len(points_mm))
    for side in SIDES:
        shoulder, elbow, wrist = (figure.joint[f"{side} {name}"] for name in ("shoulder", "elbow", "wrist"))
        upper, whole = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - shoulder)
        along = (points_mm - shoulder) @ (wrist - shoulder) / whole
        nearer = from_trunk - add_arm(Shape(), figure, side).distance(points_mm)
        arm = _ramp(along, -34 * figure.scale, 52 * figure.scale) * (points_mm[:, 1] * SIDE_SIGN[side] > 0)
        if trunk:
            arm = arm * np.maximum(_ramp(nearer, -24.0, 26.0), _ramp(along, 0.62 * upper, 0.8 * upper) * (nearer > 0))
        forearm = _ramp(along, upper - 42 * figure.scale, upper + 42 * figure.scale)
        hand = _ramp(along, whole - 16, whole + 14)
        weights[:, BONE_INDEX[f"{side} upper arm"]] = arm * (1 - forearm)
        weights[:, BONE_INDEX[f"{side} forearm"]] = arm * forearm * (1 - hand)
        weights[:, BONE_INDEX[f"{side} hand"]] = arm * forearm * hand
        rest -= arm
    _add_legs(figure, points_mm, weights, np.maximum(rest, 0), hem=trunk)


def bone_matrices(figure_rotation: ndarray, figure_origin_mm: ndarray, motion: Motion) -> ndarray:
    """The moves (frames, 18, 3, 4) float32 that take rest positions (in the bones' rest frames) to a motion's frames.

    Args:
        figure_rotation: (18, 3, 3), rest axes as columns.
        figure_origin_mm: (18, 3), rest origins.
    """
    turn = motion.bone_rotation @ np.swapaxes(figure_rotation, -1, -2)
    shift = motion.bone_origin_mm - np.einsum("fbij,bj->fbi", turn, figure_origin_mm)
    return np.concatenate([turn, shift[..., None]], axis=-1).astype(np.float32)


@compiled
def move(vertices, normals, bones, weights, matrices, out_vertices, out_normals):  # pragma: no cover - compiled
    """Linear blend skinning: writes moved vertices (n, 3) and unit normals (n, 3).

    Everything is float32, except `bones` (n, 4) int32; `matrices` (18, 12) are 3 x 4, row by row, bones in descending
    order of their weights.
    """
    m = np.empty(12, np.float32)
    for i in range(vertices.shape[0]):
        for c in range(12):
            m[c] = weights[i, 0] * matrices[bones[i, 0], c]
        for k in range(1, 4):
            weight = weights[i, k]
            if weight > np.float32(0):
                bone = bones[i, k]
                for c in range(12):
                    m[c] += weight * matrices[bone, c]
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        out_vertices[i, 0] = m[0] * x + m[1] * y + m[2] * z + m[3]
        out_vertices[i, 1] = m[4] * x + m[5] * y + m[6] * z + m[7]
        out_vertices[i, 2] = m[8] * x + m[9] * y + m[10] * z + m[11]
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        p, q, r = m[0] * x + m[1] * y + m[2] * z, m[4] * x + m[5] * y + m[6] * z, m[8] * x + m[9] * y + m[10] * z
        size = np.float32(1) / math.sqrt(p * p + q * q + r * r + np.float32(1e-12))
        out_normals[i, 0], out_normals[i, 1], out_normals[i, 2] = p * size, q * size, r * size
